#include "edge/sse_cursor.h"

#include <inttypes.h>
#include <stdio.h>

#include "edge/rest_headers.h"
#include "wire/base64.h"

#define SEQ_CHARS_MAX 16 /* of 2^53 - 1 */

enum stream_name sse_stream_named(struct bytes name)
{
    uint32_t at = 0;
    while (at < STREAM_COUNT && !bytes_equal(name, text_of(stream_name_enum.names[at]))) {
        at++;
    }
    return at;
}

void sse_cursors_append(const struct session_cursor cursors[STREAM_COUNT], struct buffer *out)
{
    bool first = true;
    for (uint32_t i = 0; i < STREAM_COUNT; i++) {
        if (!cursors[i].given) {
            continue;
        }
        char epoch[ID_TEXT_CHARS + 1], text[96];
        base64_encode(cursors[i].epoch.bytes, ID_BYTES, epoch, sizeof epoch);
        int len = snprintf(text, sizeof text, "%s%s:%s:%" PRId64, first ? "" : ",",
                           stream_name_enum.names[i], epoch, cursors[i].after);
        buffer_append(out, text, (size_t)len);
        first = false;
    }
}

/** Digits without sign or leading zeros; -1: something else. */
static int64_t parse_seq(struct bytes text)
{
    int64_t seq = 0;
    if (text.len == 0 || text.len > SEQ_CHARS_MAX || (text.data[0] == '0' && text.len > 1)) {
        return -1;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return -1;
        }
        seq = seq * 10 + (text.data[i] - '0');
    }
    return seq <= INT_BOUND ? seq : -1;
}

static bool parse_one(struct bytes item, struct session_cursor out[STREAM_COUNT])
{
    const uint8_t *colon = memchr(item.data, ':', item.len);
    size_t name_len = colon == NULL ? 0 : (size_t)(colon - item.data);
    enum stream_name name = sse_stream_named(bytes_of(item.data, name_len));
    size_t seq_at = name_len + 1 + ID_TEXT_CHARS + 1;
    if (name == STREAM_COUNT || out[name].given || item.len <= seq_at ||
        item.data[seq_at - 1] != ':') {
        return false;
    }
    out[name].given = true;
    out[name].after = parse_seq(bytes_of(item.data + seq_at, item.len - seq_at));
    return out[name].after >= 0 &&
           base64_decode_id(bytes_of(colon + 1, ID_TEXT_CHARS), &out[name].epoch);
}

bool sse_cursors_parse(struct bytes text, struct session_cursor out[STREAM_COUNT])
{
    struct session_cursor parsed[STREAM_COUNT] = {0};
    struct bytes item;
    while (rest_next_item(&text, &item)) {
        if (!parse_one(item, parsed)) {
            return false;
        }
    }
    memcpy(out, parsed, sizeof parsed);
    return true;
}
