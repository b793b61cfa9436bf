/**
 * A client's place in a durable stream: what was seen without a gap, and what came ahead of it.
 *
 * Pushes and the responses to own requests take places in one stream, and may overtake each other.
 * `after` is the cursor to resume from: everything up to it was seen.
 */
#ifndef TOOLS_CHAT_STREAM_H
#define TOOLS_CHAT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ids.h"

#define STREAM_AHEAD_MAX 256

struct stream_place {
    bool known; /* else nothing below is set */
    struct id epoch;
    int64_t after;
    int64_t ahead[STREAM_AHEAD_MAX]; /* seen, above after + 1; ascending */
    size_t ahead_count;
};

/** Sets the place: everything up to `after` counts as seen. */
void stream_place_set(struct stream_place *place, struct id epoch, int64_t after);

/** Forgets it, as when a couple ended. */
void stream_place_clear(struct stream_place *place);

/**
 * Takes entry `seq`. False if it was seen before. Of an epoch that is new here, all before `seq`
 * counts as seen.
 */
bool stream_place_take(struct stream_place *place, struct id epoch, int64_t seq);

#endif
