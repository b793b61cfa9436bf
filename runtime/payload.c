#include "runtime/payload.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/check.h"

struct payload {
    atomic_uint references;
    size_t len;
    uint8_t data[];
};

struct payload *payload_create(struct bytes bytes)
{
    struct payload *payload = malloc(sizeof *payload + bytes.len);
    CHECK_ALWAYS(payload != NULL);
    atomic_init(&payload->references, 1);
    payload->len = bytes.len;
    if (bytes.len != 0) {
        memcpy(payload->data, bytes.data, bytes.len);
    }
    return payload;
}

struct payload *payload_ref(struct payload *payload)
{
    /* Relaxed: the caller holds a reference, so the object cannot vanish meanwhile. */
    atomic_fetch_add_explicit(&payload->references, 1, memory_order_relaxed);
    return payload;
}

void payload_unref(struct payload *payload)
{
    /* acq_rel: all uses by other holders happen before the free below. */
    if (payload != NULL &&
        atomic_fetch_sub_explicit(&payload->references, 1, memory_order_acq_rel) == 1) {
        free(payload);
    }
}

struct bytes payload_bytes(const struct payload *payload)
{
    return bytes_of(payload->data, payload->len);
}
