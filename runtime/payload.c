#include "runtime/payload.h"

#include <stdatomic.h>

#include "base/pool.h"

struct payload {
    atomic_uint references;
    size_t len;
    uint8_t data[];
};

struct payload *payload_create(struct bytes bytes)
{
    struct payload *payload = pool_alloc(sizeof *payload + bytes.len);
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
    if (payload == NULL) {
        return;
    }
    /* acquire: as below. The last holder need not write: nobody else can take a reference. */
    if (atomic_load_explicit(&payload->references, memory_order_acquire) == 1 ||
        /* acq_rel: all uses by other holders happen before the free below. */
        atomic_fetch_sub_explicit(&payload->references, 1, memory_order_acq_rel) == 1) {
        pool_free(payload, sizeof *payload + payload->len);
    }
}

struct bytes payload_bytes(const struct payload *payload)
{
    return bytes_of(payload->data, payload->len);
}
