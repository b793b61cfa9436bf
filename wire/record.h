/**
 * Declared records: one line per field, two expansions, so that struct and table cannot drift.
 *
 *     #define CHAT_SEND_ARGS(F, R)                                                               \
 *         F(R, INT,  no,       REQUIRED, 1, INT_BOUND, NULL, BODY, "number of this device", "17") \
 *         F(R, TEXT, text,     REQUIRED, 1, 4000,      NULL, BODY, "what to say", "\"hi\"")       \
 *         F(R, INT,  reply_to, OPTIONAL, 1, INT_BOUND, NULL, BODY, "a message's msg", "16")
 *     RECORD_DECLARE(chat_send_args, CHAT_SEND_ARGS)     // header: struct and extern table
 *     RECORD_DEFINE(chat_send_args, CHAT_SEND_ARGS, "what the record is")       // one .c file
 *
 * F(R, kind, name, required, min, max, sub, place, doc, example)
 *   min, max   INT, INSTANT: value (0, 0: only ±INT_BOUND) · TEXT: code points · BYTES: bytes ·
 *              LIST: items · else 0, 0
 *   sub        RECORD, LIST: &type of the record inside · ENUM: its struct enum_type · else NULL
 *   place      BODY, QUERY or PATH: where the field stands in REST
 *   example    JSON text; checked at start against the declaration
 *
 * The struct has, per field, the member and `bool has_<name>`. Decoding sets has_ of what was given
 * (absent and null are the same); encoding writes REQUIRED fields always, OPTIONAL ones where has_
 * is set. Text, bytes and lists point into the decoded input or the arena given.
 * NULLABLE is for the args of PATCH: absent leaves has_ false, null sets it and leaves the member
 * zero, which is no value of the field (so of TEXT, BYTES, INT, INSTANT with min >= 1, DAY and ID
 * only). Arrays know absent alone, so it is not for events and rows.
 * The same tables serve args, results, pushes, events, rows and root state.
 */
#ifndef WIRE_RECORD_H
#define WIRE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "wire/record_code.h"

#define INT_BOUND 9007199254740991LL /* 2^53 - 1, exact in every JSON reader */
#define RECORD_FIELDS_MAX 63
#define RECORD_DEPTH_MAX 16

enum field_kind {
    FIELD_BOOL,
    FIELD_INT,     /* within ±INT_BOUND */
    FIELD_FLOAT,   /* finite */
    FIELD_TEXT,    /* UTF-8, made NFC when decoded, no NUL, bounds in code points */
    FIELD_BYTES,   /* bin in MessagePack, base64url in JSON */
    FIELD_ID,      /* 16 bytes: bin in MessagePack, 22 characters in JSON */
    FIELD_INSTANT, /* milliseconds UTC; names end in _at or _ms */
    FIELD_DAY,     /* a calendar day; text YYYY-MM-DD on the wire */
    FIELD_ENUM,    /* text on the wire */
    FIELD_RECORD,  /* struct pointer */
    FIELD_LIST,    /* of records */
    FIELD_KIND_COUNT
};

enum field_required { FIELD_OPTIONAL, FIELD_REQUIRED, FIELD_NULLABLE };
enum field_place { FIELD_BODY, FIELD_QUERY, FIELD_PATH };

struct day {
    int16_t year;
    uint8_t month, day;
};
struct list {
    const void *items; /* array of the sub-record's struct */
    uint32_t count;
};
struct enum_type {
    const char *name;
    const char *const *names; /* index is the value */
    uint32_t count;
};

struct record_type;
struct field {
    const char *name;
    uint32_t name_len;
    enum field_kind kind;
    enum field_required required;
    int64_t min, max;
    const void *sub; /* const struct record_type * or const struct enum_type * */
    enum field_place place;
    size_t offset;     /* of the member in the struct */
    size_t has_offset; /* of its bool has_<name> */
    const char *doc;
    const char *example;
};
struct record_type {
    const char *name;
    const char *doc;
    size_t size; /* of the struct */
    const struct field *fields;
    uint32_t count;
    /* See record_code.h; all NULL: the codec goes by the table. */
    size_t (*room)(const void *record);
    uint8_t *(*put_array)(uint8_t *at, const void *record);
    uint8_t *(*put_map)(uint8_t *at, const void *record);
    bool (*get_array)(struct bytes in, void *out);
    bool (*get_map)(struct bytes in, struct arena *arena, void *out);
    void (*copy)(const void *record, struct arena *arena, void *out);
};

#define FIELD_CTYPE_BOOL bool
#define FIELD_CTYPE_INT int64_t
#define FIELD_CTYPE_FLOAT double
#define FIELD_CTYPE_TEXT struct bytes
#define FIELD_CTYPE_BYTES struct bytes
#define FIELD_CTYPE_ID struct id
#define FIELD_CTYPE_INSTANT int64_t
#define FIELD_CTYPE_DAY struct day
#define FIELD_CTYPE_ENUM uint32_t
#define FIELD_CTYPE_RECORD const void *
#define FIELD_CTYPE_LIST struct list

#define RECORD_MEMBER_(R, kind, name, ...)                                                         \
    FIELD_CTYPE_##kind name;                                                                       \
    bool has_##name;
#define RECORD_ROW_(R, kind_, name_, required_, min_, max_, sub_, place_, doc_, example_)          \
    {.name = #name_,                                                                               \
     .name_len = sizeof #name_ - 1,                                                                \
     .kind = FIELD_##kind_,                                                                        \
     .required = FIELD_##required_,                                                                \
     .min = (min_),                                                                                \
     .max = (max_),                                                                                \
     .sub = (sub_),                                                                                \
     .place = FIELD_##place_,                                                                      \
     .offset = offsetof(struct R, name_),                                                          \
     .has_offset = offsetof(struct R, has_##name_),                                                \
     .doc = (doc_),                                                                                \
     .example = (example_)},

/** struct <record> { … } and `extern const struct record_type <record>_type`. */
#define RECORD_DECLARE(record, FIELDS)                                                             \
    struct record {                                                                                \
        FIELDS(RECORD_MEMBER_, record)                                                             \
    };                                                                                             \
    extern const struct record_type record##_type;

/** The table; in one .c file. A record without fields uses RECORD_DECLARE_EMPTY instead. */
#define RECORD_DEFINE(record, FIELDS, doc_)                                                        \
    static const struct field record##_fields[] = {FIELDS(RECORD_ROW_, record)};                   \
    RECORD_CODE_(record, FIELDS)                                                                   \
    const struct record_type record##_type = {                                                     \
        .name = #record,                                                                           \
        .doc = (doc_),                                                                             \
        .size = sizeof(struct record),                                                             \
        .fields = record##_fields,                                                                 \
        .count = sizeof record##_fields / sizeof record##_fields[0],                               \
        .room = RECORD_IS_CODED_(FIELDS) ? room_##record : NULL,                                   \
        .put_array = RECORD_IS_CODED_(FIELDS) ? put_array_##record : NULL,                         \
        .put_map = RECORD_IS_CODED_(FIELDS) ? put_map_##record : NULL,                             \
        .get_array = RECORD_IS_CODED_(FIELDS) ? get_array_##record : NULL,                         \
        .get_map = RECORD_IS_CODED_(FIELDS) ? get_map_##record : NULL,                             \
        .copy = RECORD_IS_CODED_(FIELDS) ? copy_##record : NULL};                                  \
    _Static_assert(sizeof record##_fields / sizeof record##_fields[0] <= RECORD_FIELDS_MAX,        \
                   "too many fields");

/** Args or result without fields; use as `empty_type` with a NULL or any struct pointer. */
struct empty {
    char unused;
};
extern const struct record_type empty_type;

/** Text view of a C string, for filling TEXT fields. Borrowed. */
static inline struct bytes text_of(const char *text)
{
    return bytes_of(text, strlen(text));
}

#endif
