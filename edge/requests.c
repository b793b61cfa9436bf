#include "edge/requests.h"

#include <stdlib.h>

#define CAP_MIN 4
#define CAP_KEPT 16 /* arrays up to this size are kept while nothing is in flight */

static uint32_t requests_find(const struct requests *requests, uint32_t id)
{
    for (uint32_t i = 0; i < requests->count; i++) {
        if (requests->ids[i] == id) {
            return i;
        }
    }
    return requests->count;
}

void requests_fini(struct requests *requests)
{
    for (uint32_t i = 0; i < requests->count; i++) {
        free(requests->entries[i].trace);
    }
    free(requests->ids);
    free(requests->entries);
    *requests = (struct requests){0};
}

bool requests_contain(const struct requests *requests, uint32_t id)
{
    return requests_find(requests, id) < requests->count;
}

const struct request *requests_get(const struct requests *requests, uint32_t id)
{
    uint32_t at = requests_find(requests, id);
    return at < requests->count ? &requests->entries[at] : NULL;
}

static void requests_grow(struct requests *requests)
{
    uint32_t cap = requests->cap == 0 ? CAP_MIN : requests->cap * 2;
    requests->ids = memory_resize(requests->ids, cap * sizeof *requests->ids);
    requests->entries = memory_resize(requests->entries, cap * sizeof *requests->entries);
    requests->cap = cap;
}

void requests_add(struct requests *requests, uint32_t id, enum request_for answer_for,
                  enum language lang, struct bytes trace)
{
    if (requests->count == requests->cap) {
        requests_grow(requests);
    }
    char *copy = NULL;
    if (trace.len != 0) {
        copy = memory_alloc(trace.len + 1);
        memcpy(copy, trace.data, trace.len);
    }
    uint32_t at = requests->count++;
    requests->ids[at] = id;
    requests->entries[at] =
        (struct request){.answer_for = (uint8_t)answer_for, .lang = (uint8_t)lang, .trace = copy};
}

bool requests_take(struct requests *requests, uint32_t id, struct request *out)
{
    uint32_t at = requests_find(requests, id);
    if (at == requests->count) {
        return false;
    }
    *out = requests->entries[at];
    uint32_t after = requests->count - at - 1;
    memmove(&requests->ids[at], &requests->ids[at + 1], after * sizeof *requests->ids);
    memmove(&requests->entries[at], &requests->entries[at + 1], after * sizeof *requests->entries);
    requests->count--;
    if (requests->count == 0 && requests->cap > CAP_KEPT) {
        requests_fini(requests);
    }
    return true;
}
