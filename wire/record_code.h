/**
 * Code that RECORD_DEFINE makes of a declaration, beside its table: a record whose fields are all
 * numbers, ids, text and bytes, and none NULLABLE, is written and read without looking at the table
 * again.
 *
 * Copying: copy_<record> takes what text and bytes point to along into an arena.
 * Writing: room_<record> bounds the bytes, put_array_<record> and put_map_<record> write them, as
 * the interpreter in codec_encode.c would. Reading: get_array_<record> takes the form in which
 * arrays are written, and nothing else; get_map_<record> takes maps of its fields in the order of
 * the declaration, from anyone, so it looks at text too. Whatever they do not take is left to the
 * interpreter, which knows the other valid forms and says what is wrong with the invalid ones.
 */
#ifndef WIRE_RECORD_CODE_H
#define WIRE_RECORD_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "wire/pack.h"

/* Kinds for which there is code. The others get stand-ins, which are never called. */
#define FIELD_CODED_BOOL 1
#define FIELD_CODED_INT 1
#define FIELD_CODED_FLOAT 0
#define FIELD_CODED_TEXT 1
#define FIELD_CODED_BYTES 1
#define FIELD_CODED_ID 1
#define FIELD_CODED_INSTANT 1
#define FIELD_CODED_DAY 0
#define FIELD_CODED_ENUM 0
#define FIELD_CODED_RECORD 0
#define FIELD_CODED_LIST 0

/* --- writing --- */

#define FIELD_RUN_BOOL(member) 0
#define FIELD_RUN_INT(member) 0
#define FIELD_RUN_FLOAT(member) 0
#define FIELD_RUN_TEXT(member) (member).len
#define FIELD_RUN_BYTES(member) (member).len
#define FIELD_RUN_ID(member) ID_BYTES
#define FIELD_RUN_INSTANT(member) 0
#define FIELD_RUN_DAY(member) 0
#define FIELD_RUN_ENUM(member) 0
#define FIELD_RUN_RECORD(member) 0
#define FIELD_RUN_LIST(member) 0

static inline uint8_t *put_text_run(uint8_t *at, struct bytes run)
{
    return put_raw(put_text_head(at, run.len), run.data, run.len);
}

static inline uint8_t *put_bin_run(uint8_t *at, struct bytes run)
{
    return put_raw(put_bin_head(at, run.len), run.data, run.len);
}

static inline uint8_t *put_id(uint8_t *at, const struct id *id)
{
    memcpy(put_8(at, 0xc4, ID_BYTES), id->bytes, ID_BYTES);
    return at + 2 + ID_BYTES;
}

#define FIELD_PUT_BOOL(at, member) put_byte(at, (member) ? 0xc3 : 0xc2)
#define FIELD_PUT_INT(at, member) put_int(at, member)
#define FIELD_PUT_FLOAT(at, member) (at)
#define FIELD_PUT_TEXT(at, member) put_text_run(at, member)
#define FIELD_PUT_BYTES(at, member) put_bin_run(at, member)
#define FIELD_PUT_ID(at, member) put_id(at, &(member))
#define FIELD_PUT_INSTANT(at, member) put_int(at, member)
#define FIELD_PUT_DAY(at, member) (at)
#define FIELD_PUT_ENUM(at, member) (at)
#define FIELD_PUT_RECORD(at, member) (at)
#define FIELD_PUT_LIST(at, member) (at)

/* --- reading --- */

/** Where reading has come, and whether all that was read was as it is written. */
struct taker {
    const uint8_t *at, *end;
    bool ok;
};

static inline bool take_room(struct taker *taker, size_t len)
{
    taker->ok = taker->ok && (size_t)(taker->end - taker->at) >= len;
    return taker->ok;
}

/** True, and past it, if nil comes next. */
static inline bool take_nil(struct taker *taker)
{
    bool nil = taker->ok && taker->at < taker->end && *taker->at == 0xc0;
    taker->at += nil ? 1 : 0;
    return nil;
}

static inline void take_bool(struct taker *taker, bool *out)
{
    if (take_room(taker, 1)) {
        taker->ok = (*taker->at & 0xfe) == 0xc2;
        *out = *taker->at++ == 0xc3;
    }
}

/** Unsigned forms only: others are rare, and the interpreter takes them. */
static inline uint64_t take_unsigned(struct taker *taker)
{
    uint8_t first = take_room(taker, 1) ? *taker->at++ : 0;
    if (first < 0x80) {
        return first;
    }
    size_t len = first >= 0xcc && first <= 0xcf ? (size_t)1 << (first - 0xcc) : 0;
    taker->ok = taker->ok && len != 0;
    if (!take_room(taker, len)) {
        return 0;
    }
    const uint8_t *at = taker->at;
    taker->at += len;
    return len == 1 ? at[0] : len == 2 ? get_u16(at) : len == 4 ? get_u32(at) : get_u64(at);
}

/** Between `min` and `max`; both 0: within `bound`. */
static inline void take_int(struct taker *taker, int64_t min, int64_t max, int64_t bound,
                            int64_t *out)
{
    uint64_t value = take_unsigned(taker);
    bool declared = min != 0 || max != 0;
    int64_t greatest = declared && max < bound ? max : bound;
    int64_t least = declared ? min : -bound;
    taker->ok = taker->ok && value <= (uint64_t)bound && (int64_t)value >= least &&
                (int64_t)value <= greatest;
    *out = (int64_t)value;
}

/** What follows a head of `fix` (a short length in its low bits, 0: none), or `wide` and wider. */
static inline void take_run(struct taker *taker, uint8_t fix, uint8_t wide, struct bytes *out)
{
    uint8_t first = take_room(taker, 1) ? *taker->at++ : 0;
    size_t len = first & 0x1fu;
    if (fix == 0 || (first & 0xe0) != fix) {
        size_t bytes = first == wide ? 1 : first == wide + 1 ? 2 : 0;
        taker->ok = taker->ok && bytes != 0;
        if (!take_room(taker, bytes)) {
            return;
        }
        len = bytes == 1 ? taker->at[0] : get_u16(taker->at);
        taker->at += bytes;
    }
    if (take_room(taker, len)) {
        *out = bytes_of(taker->at, len);
        taker->at += len;
    }
}

/** Of at least `min` and at most `max` bytes. */
static inline void take_bytes(struct taker *taker, int64_t min, int64_t max, struct bytes *out)
{
    take_run(taker, 0, 0xc4, out);
    taker->ok = taker->ok && (int64_t)out->len >= min && (int64_t)out->len <= max;
}

/** Whether `text` is valid and of `min` to `max` code points; `out` gets its NFC. */
bool record_take_text(struct bytes text, int64_t min, int64_t max, struct arena *arena,
                      struct bytes *out);

static inline void take_text(struct taker *taker, int64_t min, int64_t max, struct arena *arena,
                             struct bytes *out)
{
    struct bytes text = {0};
    take_run(taker, 0xa0, 0xd9, &text);
    taker->ok = taker->ok && record_take_text(text, min, max, arena, out);
}

/** The number of pairs, below 16. */
static inline uint32_t take_map(struct taker *taker)
{
    uint32_t first = take_room(taker, 1) ? *taker->at++ : 0;
    taker->ok = taker->ok && (first & 0xf0) == 0x80;
    return first & 0x0f;
}

/** Whether this name comes next; then past it. */
static inline bool take_name(struct taker *taker, const char *name, size_t len)
{
    bool named = taker->ok && len < 32 && (size_t)(taker->end - taker->at) > len &&
                 *taker->at == (0xa0 | len) && memcmp(taker->at + 1, name, len) == 0;
    taker->at += named ? 1 + len : 0;
    return named;
}

static inline void take_id(struct taker *taker, struct id *out)
{
    if (take_room(taker, 2 + ID_BYTES)) {
        taker->ok = taker->at[0] == 0xc4 && taker->at[1] == ID_BYTES;
        memcpy(out->bytes, taker->at + 2, ID_BYTES);
        taker->at += 2 + ID_BYTES;
    }
}

#define FIELD_GET_BOOL(taker, out, min, max) take_bool(taker, out)
#define FIELD_GET_INT(taker, out, min, max) take_int(taker, min, max, INT_BOUND, out)
#define FIELD_GET_FLOAT(taker, out, min, max) (void)(out)
#define FIELD_GET_TEXT(taker, out, min, max) take_run(taker, 0xa0, 0xd9, out)
#define FIELD_GET_BYTES(taker, out, min, max) take_bytes(taker, min, max, out)
#define FIELD_GET_ID(taker, out, min, max) take_id(taker, out)
#define FIELD_GET_INSTANT(taker, out, min, max) take_int(taker, min, max, INT_BOUND, out)
#define FIELD_GET_DAY(taker, out, min, max) (void)(out)
#define FIELD_GET_ENUM(taker, out, min, max) (void)(out)
#define FIELD_GET_RECORD(taker, out, min, max) (void)(out)
#define FIELD_GET_LIST(taker, out, min, max) (void)(out)

/* In maps, which come from anyone. */
#define FIELD_GET_NEW_BOOL(taker, out, min, max, arena) take_bool(taker, out)
#define FIELD_GET_NEW_INT(taker, out, min, max, arena) take_int(taker, min, max, INT_BOUND, out)
#define FIELD_GET_NEW_FLOAT(taker, out, min, max, arena) (void)(out)
#define FIELD_GET_NEW_TEXT(taker, out, min, max, arena) take_text(taker, min, max, arena, out)
#define FIELD_GET_NEW_BYTES(taker, out, min, max, arena) take_bytes(taker, min, max, out)
#define FIELD_GET_NEW_ID(taker, out, min, max, arena) take_id(taker, out)
#define FIELD_GET_NEW_INSTANT(taker, out, min, max, arena) take_int(taker, min, max, INT_BOUND, out)
#define FIELD_GET_NEW_DAY(taker, out, min, max, arena) (void)(out)
#define FIELD_GET_NEW_ENUM(taker, out, min, max, arena) (void)(out)
#define FIELD_GET_NEW_RECORD(taker, out, min, max, arena) (void)(out)
#define FIELD_GET_NEW_LIST(taker, out, min, max, arena) (void)(out)

/* --- copying --- */

static inline void copy_run(struct bytes *run, struct arena *arena)
{
    run->data = arena_copy(arena, run->data, run->len);
}

#define FIELD_COPY_BOOL(member, arena) (void)(member)
#define FIELD_COPY_INT(member, arena) (void)(member)
#define FIELD_COPY_FLOAT(member, arena) (void)(member)
#define FIELD_COPY_TEXT(member, arena) copy_run(member, arena)
#define FIELD_COPY_BYTES(member, arena) copy_run(member, arena)
#define FIELD_COPY_ID(member, arena) (void)(member)
#define FIELD_COPY_INSTANT(member, arena) (void)(member)
#define FIELD_COPY_DAY(member, arena) (void)(member)
#define FIELD_COPY_ENUM(member, arena) (void)(member)
#define FIELD_COPY_RECORD(member, arena) (void)(member)
#define FIELD_COPY_LIST(member, arena) (void)(member)

/* --- per field: arguments as in a declaration, the record is `record_` --- */

#define RECORD_CODED_(R, kind, name, required, ...)                                                \
    &&FIELD_CODED_##kind &&FIELD_##required != FIELD_NULLABLE
#define RECORD_PRESENT_(R, kind, name, required, ...)                                              \
    +(uint32_t)(FIELD_##required == FIELD_REQUIRED || record_->has_##name)
#define RECORD_ROOM_(R, kind, name, ...)                                                           \
    +2 * PACK_HEAD_MAX + sizeof #name + FIELD_RUN_##kind(record_->name)
#define RECORD_ITEM_(R, kind, name, required, ...)                                                 \
    at = FIELD_##required == FIELD_REQUIRED || record_->has_##name                                 \
             ? FIELD_PUT_##kind(at, record_->name)                                                 \
             : put_byte(at, 0xc0);
#define RECORD_PAIR_(R, kind, name, required, ...)                                                 \
    if (FIELD_##required == FIELD_REQUIRED || record_->has_##name) {                               \
        at = put_raw(put_text_head(at, sizeof #name - 1), #name, sizeof #name - 1);                \
        at = FIELD_PUT_##kind(at, record_->name);                                                  \
    }
#define RECORD_GET_(R, kind, name, required, min, max, ...)                                        \
    record_->has_##name = FIELD_##required == FIELD_REQUIRED || !take_nil(&taker);                 \
    if (record_->has_##name) {                                                                     \
        FIELD_GET_##kind(&taker, &record_->name, min, max);                                        \
    }
#define RECORD_GET_NEW_(R, kind, name, required, min, max, ...)                                    \
    if (take_name(&taker, #name, sizeof #name - 1)) {                                              \
        left--;                                                                                    \
        record_->has_##name = !take_nil(&taker);                                                   \
        if (record_->has_##name) {                                                                 \
            FIELD_GET_NEW_##kind(&taker, &record_->name, min, max, arena);                         \
        }                                                                                          \
    }                                                                                              \
    taker.ok = taker.ok && (FIELD_##required != FIELD_REQUIRED || record_->has_##name);

#define RECORD_COPY_(R, kind, name, required, ...)                                                 \
    record_->has_##name = FIELD_##required == FIELD_REQUIRED || record_->has_##name;               \
    if (record_->has_##name) {                                                                     \
        FIELD_COPY_##kind(&record_->name, arena);                                                  \
    } else {                                                                                       \
        memset(&record_->name, 0, sizeof record_->name);                                           \
    }

/** The functions; static, named after the record, which struct record_type points to. */
#define RECORD_CODE_(record, FIELDS)                                                               \
    static size_t room_##record(const void *value)                                                 \
    {                                                                                              \
        const struct record *record_ = value;                                                      \
        (void)record_;                                                                             \
        return PACK_HEAD_MAX FIELDS(RECORD_ROOM_, record);                                         \
    }                                                                                              \
    static uint8_t *put_array_##record(uint8_t *at, const void *value)                             \
    {                                                                                              \
        const struct record *record_ = value;                                                      \
        at = put_array_head(at, sizeof record##_fields / sizeof record##_fields[0]);               \
        FIELDS(RECORD_ITEM_, record)                                                               \
        return at;                                                                                 \
    }                                                                                              \
    static uint8_t *put_map_##record(uint8_t *at, const void *value)                               \
    {                                                                                              \
        const struct record *record_ = value;                                                      \
        at = put_map_head(at, 0 FIELDS(RECORD_PRESENT_, record));                                  \
        FIELDS(RECORD_PAIR_, record)                                                               \
        return at;                                                                                 \
    }                                                                                              \
    static bool get_array_##record(struct bytes in, void *out)                                     \
    {                                                                                              \
        struct record *record_ = out;                                                              \
        struct taker taker = {.at = in.data, .end = in.data + in.len, .ok = true};                 \
        size_t count = sizeof record##_fields / sizeof record##_fields[0];                         \
        if (count >= 16 || in.len == 0 || *taker.at++ != (0x90u | count)) {                        \
            return false;                                                                          \
        }                                                                                          \
        FIELDS(RECORD_GET_, record)                                                                \
        return taker.ok && taker.at == taker.end;                                                  \
    }                                                                                              \
    static bool get_map_##record(struct bytes in, struct arena *arena, void *out)                  \
    {                                                                                              \
        struct record *record_ = out;                                                              \
        struct taker taker = {.at = in.data, .end = in.data + in.len, .ok = true};                 \
        uint32_t left = take_map(&taker);                                                          \
        (void)arena;                                                                               \
        FIELDS(RECORD_GET_NEW_, record)                                                            \
        return taker.ok && left == 0 && taker.at == taker.end;                                     \
    }                                                                                              \
    static void copy_##record(const void *value, struct arena *arena, void *out)                   \
    {                                                                                              \
        struct record *record_ = out;                                                              \
        (void)arena;                                                                               \
        *record_ = *(const struct record *)value;                                                  \
        FIELDS(RECORD_COPY_, record)                                                               \
    }
#define RECORD_IS_CODED_(FIELDS) (1 FIELDS(RECORD_CODED_, ))

#endif
