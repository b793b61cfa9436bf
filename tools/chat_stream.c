#include "tools/chat_stream.h"

#include <string.h>

void stream_place_set(struct stream_place *place, struct id epoch, int64_t after)
{
    place->known = true;
    place->epoch = epoch;
    place->after = after;
    place->ahead_count = 0;
}

void stream_place_clear(struct stream_place *place)
{
    *place = (struct stream_place){0};
}

static void drop_first(struct stream_place *place)
{
    place->after = place->ahead[0];
    place->ahead_count--;
    memmove(place->ahead, place->ahead + 1, place->ahead_count * sizeof place->ahead[0]);
}

/** Keeps the numbers ascending. When too many wait, the gap below the first is given up. */
static bool insert(struct stream_place *place, int64_t seq)
{
    size_t at = place->ahead_count;
    while (at > 0 && place->ahead[at - 1] >= seq) {
        at--;
    }
    if (at < place->ahead_count && place->ahead[at] == seq) {
        return false;
    }
    if (place->ahead_count == STREAM_AHEAD_MAX) {
        drop_first(place);
        at = at > 0 ? at - 1 : 0;
    }
    memmove(place->ahead + at + 1, place->ahead + at,
            (place->ahead_count - at) * sizeof place->ahead[0]);
    place->ahead[at] = seq;
    place->ahead_count++;
    return true;
}

bool stream_place_take(struct stream_place *place, struct id epoch, int64_t seq)
{
    if (!place->known || !id_equal(place->epoch, epoch)) {
        stream_place_set(place, epoch, seq);
        return true;
    }
    if (seq <= place->after || !insert(place, seq)) {
        return false;
    }
    while (place->ahead_count > 0 && place->ahead[0] <= place->after + 1) {
        drop_first(place);
    }
    return true;
}
