/**
 * Random records with every kind of field, from a seed, for properties over many of them.
 */
#ifndef TESTS_UNIT_WIRE_RANDOM_H
#define TESTS_UNIT_WIRE_RANDOM_H

#include "tests/unit/wire/all_kinds.h"

/** splitmix64 (Steele, Lea, Flood 2014). */
static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint32_t random_below(uint64_t *state, uint32_t bound)
{
    return (uint32_t)(random_next(state) % bound);
}

static inline bool random_bool(uint64_t *state)
{
    return random_below(state, 2) == 1;
}

/** Anything within ±INT_BOUND, every magnitude as likely. */
static inline int64_t random_int(uint64_t *state)
{
    int64_t value = (int64_t)(random_next(state) & INT_BOUND) >> random_below(state, 53);
    return random_bool(state) ? value : -value;
}

static inline struct bytes random_text(uint64_t *state, struct arena *arena, uint32_t least,
                                       uint32_t most)
{
    static const char *const pieces[] = {"a", "Z",  " ",  "\"", "\\", "\n",
                                         "é", "한", "글", "漢", "😀"};
    uint32_t points = least + random_below(state, most - least + 1);
    char *text = arena_alloc(arena, points * 4 + 1);
    for (uint32_t i = 0; i < points; i++) {
        strcat(text, pieces[random_below(state, sizeof pieces / sizeof pieces[0])]);
    }
    return text_of(text);
}

static inline struct leaf random_leaf(uint64_t *state, struct arena *arena)
{
    int64_t after = random_int(state);
    struct leaf leaf = {.after = after < 0 ? -after : after, .has_after = true};
    if (random_bool(state)) {
        leaf.note = random_text(state, arena, 0, 8);
        leaf.has_note = true;
    }
    return leaf;
}

static inline void random_branch(uint64_t *state, struct arena *arena, struct branch *out)
{
    struct leaf *leaf = arena_alloc(arena, sizeof *leaf);
    *leaf = random_leaf(state, arena);
    out->leaf = leaf;
    out->has_leaf = true;
    uint32_t count = random_below(state, 4);
    struct leaf *leaves = arena_alloc(arena, 4 * sizeof *leaves);
    for (uint32_t i = 0; i < count; i++) {
        leaves[i] = random_leaf(state, arena);
    }
    out->has_leaves = random_bool(state);
    if (out->has_leaves) {
        out->leaves = (struct list){.items = leaves, .count = count};
    }
}

static inline void random_containers(uint64_t *state, struct arena *arena, struct all_kinds *out)
{
    out->has_branch = random_bool(state);
    if (out->has_branch) {
        struct branch *branch = arena_alloc(arena, sizeof *branch);
        random_branch(state, arena, branch);
        out->branch = branch;
    }
    out->has_list = random_bool(state);
    if (out->has_list) {
        uint32_t count = 1 + random_below(state, 4);
        struct branch *items = arena_alloc(arena, count * sizeof *items);
        for (uint32_t i = 0; i < count; i++) {
            random_branch(state, arena, &items[i]);
        }
        out->list = (struct list){.items = items, .count = count};
    }
}

/** Fills `out`, which is zero; what it points to lives in `arena`. */
static inline void random_record(uint64_t *state, struct arena *arena, struct all_kinds *out)
{
    *out = (struct all_kinds){.yes = random_bool(state),
                              .small = (int64_t)random_below(state, 21) - 10,
                              .text = random_text(state, arena, 1, 20),
                              .has_yes = true,
                              .has_small = true,
                              .has_text = true,
                              .has_id = true,
                              .has_big = random_bool(state),
                              .has_ratio = random_bool(state),
                              .has_blob = random_bool(state),
                              .has_sent_at = random_bool(state),
                              .has_day = random_bool(state),
                              .has_mood = random_bool(state)};
    for (size_t i = 0; i < ID_BYTES; i++) {
        out->id.bytes[i] = (uint8_t)random_next(state);
    }
    out->big = out->has_big ? random_int(state) : 0;
    out->ratio = out->has_ratio ? (double)random_int(state) / 1024.0 : 0;
    if (out->has_blob) {
        uint32_t len = 2 + random_below(state, 39);
        uint8_t *blob = arena_alloc(arena, len);
        for (uint32_t i = 0; i < len; i++) {
            blob[i] = (uint8_t)random_next(state);
        }
        out->blob = bytes_of(blob, len);
    }
    out->sent_at = out->has_sent_at ? random_int(state) : 0;
    if (out->has_day) {
        out->day = (struct day){.year = (int16_t)(1 + random_below(state, 9999)),
                                .month = (uint8_t)(1 + random_below(state, 12)),
                                .day = (uint8_t)(1 + random_below(state, 28))};
    }
    out->mood = out->has_mood ? random_below(state, 3) : 0;
    random_containers(state, arena, out);
}

#endif
