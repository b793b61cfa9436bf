/**
 * The requests of one session that are in flight. Few, usually answered in order, so an array that
 * is searched from its front; it takes memory only while something is in flight, or little.
 */
#ifndef EDGE_REQUESTS_H
#define EDGE_REQUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"

/** Who gets the answer. */
enum request_for {
    REQUEST_FOR_CLIENT,
    REQUEST_FOR_OPEN,   /* session_attach on behalf of session.open */
    REQUEST_FOR_RECHECK /* … of the edge itself: is the sign-in still alive? */
};

struct request {
    uint8_t answer_for; /* enum request_for */
    uint8_t lang;       /* enum language */
    char *trace;        /* owned; NULL: none */
};

static inline struct bytes request_trace(const struct request *request)
{
    size_t len = request->trace == NULL ? 0 : strlen(request->trace);
    return bytes_of(request->trace, len);
}

/** Zero-initialised is empty. */
struct requests {
    uint32_t *ids;
    struct request *entries;
    uint32_t count;
    uint32_t cap;
};

void requests_fini(struct requests *requests);
bool requests_contain(const struct requests *requests, uint32_t id);
/** `id` must not be in it. `trace` is copied; may be empty. */
void requests_add(struct requests *requests, uint32_t id, enum request_for answer_for,
                  enum language lang, struct bytes trace);
/** Valid until the next add or take; NULL: not in flight. */
const struct request *requests_get(const struct requests *requests, uint32_t id);
/** Removes it; the caller frees out->trace. False: not in flight. */
bool requests_take(struct requests *requests, uint32_t id, struct request *out);

#endif
