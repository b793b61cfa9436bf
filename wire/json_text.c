#include "wire/json_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "wire/base64.h"
#include "wire/codec.h"

void json_text_raw(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

static void append_escape(struct buffer *out, uint8_t c)
{
    static const char *const names[0x60] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\n'] = "\\n", ['\r'] = "\\r",
        ['\t'] = "\\t", ['\b'] = "\\b",  ['\f'] = "\\f",
    };
    if (names[c] != NULL) {
        json_text_raw(out, names[c]);
        return;
    }
    char text[8];
    (void)!snprintf(text, sizeof text, "\\u%04x", c);
    json_text_raw(out, text);
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/** Whether one of eight bytes needs an escape. No carry reaches a byte that decides. */
static bool needs_escape(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t from_quote = word ^ EACH_BYTE('"');
    uint64_t from_backslash = word ^ EACH_BYTE('\\');
    uint64_t found = ((word - EACH_BYTE(0x20)) & ~word) |
                     ((from_quote - EACH_BYTE(1)) & ~from_quote) |
                     ((from_backslash - EACH_BYTE(1)) & ~from_backslash);
    return (found & EACH_BYTE(0x80)) != 0;
}

size_t json_text_plain(struct bytes text)
{
    size_t len = 0;
    while (text.len - len >= sizeof(uint64_t) && !needs_escape(text.data + len)) {
        len += sizeof(uint64_t);
    }
    while (len < text.len && text.data[len] >= 0x20 && text.data[len] != '"' &&
           text.data[len] != '\\') {
        len++;
    }
    return len;
}

void json_text_string(struct buffer *out, struct bytes text)
{
    size_t plain = json_text_plain(text);
    uint8_t *to = buffer_extend(out, plain + 1);
    *to = '"';
    if (plain != 0) {
        memcpy(to + 1, text.data, plain);
    }
    while (plain < text.len) {
        append_escape(out, text.data[plain]);
        text = bytes_of(text.data + plain + 1, text.len - plain - 1);
        plain = json_text_plain(text);
        buffer_append(out, text.data, plain);
    }
    buffer_append_u8(out, '"');
}

void json_text_int(struct buffer *out, int64_t value)
{
    buffer_append_decimal(out, value);
}

/** The shortest of two precisions that reads back as the same number. */
static void append_float(struct buffer *out, double value)
{
    char text[40];
    (void)!snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) != value) {
        (void)!snprintf(text, sizeof text, "%.17g", value);
    }
    json_text_raw(out, text);
}

static void append_bin(struct buffer *out, struct bytes bin)
{
    size_t room = BASE64_CHARS(bin.len) + 1;
    buffer_append_u8(out, '"');
    char *text = (char *)buffer_extend(out, room);
    (void)base64_encode(bin.data, bin.len, text, room);
    out->data[out->len - 1] = '"'; /* in the place of the NUL */
}

static void transcribe(struct cursor *cursor, uint32_t depth, struct buffer *out);

static void transcribe_array(struct cursor *cursor, uint32_t depth, struct buffer *out)
{
    uint32_t count = cursor_array(cursor);
    buffer_append_u8(out, '[');
    for (uint32_t i = 0; i < count && !cursor->failed; i++) {
        json_text_raw(out, i > 0 ? "," : "");
        transcribe(cursor, depth + 1, out);
    }
    buffer_append_u8(out, ']');
}

static void transcribe_map(struct cursor *cursor, uint32_t depth, struct buffer *out)
{
    uint32_t count = cursor_map(cursor);
    buffer_append_u8(out, '{');
    for (uint32_t i = 0; i < count && !cursor->failed; i++) {
        json_text_raw(out, i > 0 ? "," : "");
        json_text_string(out, cursor_text(cursor));
        buffer_append_u8(out, ':');
        transcribe(cursor, depth + 1, out);
    }
    buffer_append_u8(out, '}');
}

static void transcribe(struct cursor *cursor, uint32_t depth, struct buffer *out)
{
    enum cursor_type type = cursor_peek(cursor);
    if (depth > RECORD_DEPTH_MAX) {
        type = CURSOR_BAD;
    }
    switch (type) {
    case CURSOR_NIL:
        cursor_nil(cursor);
        json_text_raw(out, "null");
        break;
    case CURSOR_BOOL:
        json_text_raw(out, cursor_bool(cursor) ? "true" : "false");
        break;
    case CURSOR_INT:
        json_text_int(out, cursor_int(cursor));
        break;
    case CURSOR_FLOAT:
        append_float(out, cursor_float(cursor));
        break;
    case CURSOR_TEXT:
        json_text_string(out, cursor_text(cursor));
        break;
    case CURSOR_BIN:
        append_bin(out, cursor_bin(cursor));
        break;
    case CURSOR_ARRAY:
        transcribe_array(cursor, depth, out);
        break;
    case CURSOR_MAP:
        transcribe_map(cursor, depth, out);
        break;
    case CURSOR_EXT:
    case CURSOR_BAD:
        cursor->failed = true;
        break;
    }
}

int json_text_transcribe(struct buffer *out, struct bytes value)
{
    size_t before = out->len;
    struct cursor cursor = cursor_of(value);
    transcribe(&cursor, 0, out);
    if (cursor.failed || cursor.at != cursor.end) {
        out->len = before;
        return ERR_MALFORMED;
    }
    return 0;
}
