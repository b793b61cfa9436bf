/*
 * duet's own protocol: chat.send is a template in which four numbers are patched, and what the
 * server sends is scanned in place. What the scan does not know goes through the general decoder of
 * wire/, so any valid encoding is understood.
 */
#include <stdbool.h>
#include <string.h>

#include "base/error.h"
#include "bench/protocols/websocket.h"
#include "bench/session.h"
#include "wire/frame.h"

#define UINT32_MARK 0xce
#define UINT64_MARK 0xcf

static void template_init(struct chat_template *template, size_t text_bytes, uint64_t run)
{
    (void)run; /* the couple of a session is known to the server */
    struct buffer *frame = &template->frame;
    pack_array(frame, 4);
    pack_int(frame, RPC_REQUEST);
    buffer_append_u8(frame, UINT32_MARK);
    template->id_at = frame->len;
    buffer_append_u32(frame, 0);
    pack_text(frame, text_of("chat.send"));
    pack_map(frame, 2);
    pack_text(frame, text_of("no"));
    buffer_append_u8(frame, UINT64_MARK);
    template->no_at = frame->len;
    buffer_append_u64(frame, 0);
    pack_text(frame, text_of("text"));
    struct buffer text = {0};
    chat_text_append_blank(&text, text_bytes);
    pack_text(frame, buffer_bytes(&text));
    template->text_at = frame->len - text_bytes;
    buffer_fini(&text);
    websocket_wrap(template, WS_BINARY);
}

static void append(const struct chat_template *template, uint32_t id, uint64_t no,
                   const struct chat_text *text, struct buffer *out)
{
    uint8_t *frame = chat_template_copy(template, out);
    put_u32(frame + template->id_at, id);
    put_u64(frame + template->no_at, no);
    chat_text_patch(frame + template->text_at, text);
}

/* Scanning: the encodings that the server uses inline, all others through wire's cursor. */

static bool scan_is(struct cursor *cursor, uint8_t first)
{
    return cursor->at < cursor->end && *cursor->at == first;
}

static uint64_t scan_uint(struct cursor *cursor)
{
    const uint8_t *at = cursor->at;
    size_t left = (size_t)(cursor->end - at);
    if (left >= 1 && *at < 0x80) {
        cursor->at += 1;
        return *at;
    }
    if (left >= 5 && *at == UINT32_MARK) {
        cursor->at += 5;
        return get_u32(at + 1);
    }
    if (left >= 3 && *at == 0xcd) {
        cursor->at += 3;
        return get_u16(at + 1);
    }
    return (uint64_t)cursor_int(cursor);
}

static struct bytes scan_text(struct cursor *cursor)
{
    const uint8_t *at = cursor->at;
    size_t left = (size_t)(cursor->end - at);
    size_t head = 1;
    size_t len;
    if (left >= 1 && (*at & 0xe0) == 0xa0) {
        len = *at & 0x1fu;
    } else if (left >= 2 && *at == 0xd9) {
        head = 2;
        len = at[1];
    } else {
        return cursor_text(cursor);
    }
    if (left < head + len) {
        cursor->failed = true;
        return bytes_of(at, 0);
    }
    cursor->at += head + len;
    return bytes_of(at + head, len);
}

static void scan_skip(struct cursor *cursor)
{
    const uint8_t *at = cursor->at;
    size_t left = (size_t)(cursor->end - at);
    if (left >= 18 && at[0] == 0xc4 && at[1] == 16) {
        cursor->at += 18; /* an id */
    } else if (left >= 9 && at[0] == UINT64_MARK) {
        cursor->at += 9; /* an instant */
    } else {
        cursor_skip(cursor);
    }
}

static uint32_t scan_map(struct cursor *cursor)
{
    if (cursor->at < cursor->end && (*cursor->at & 0xf0) == 0x80) {
        return *cursor->at++ & 15u;
    }
    return cursor_map(cursor);
}

static bool named(struct bytes name, const char *expected, size_t len)
{
    return name.len == len && memcmp(name.data, expected, len) == 0;
}
#define NAMED(name, literal) named(name, literal, sizeof(literal) - 1)

static void scan_result(struct cursor *cursor, struct chat_incoming *out)
{
    out->type = CHAT_ACKED;
    uint32_t fields = scan_map(cursor);
    for (uint32_t i = 0; i < fields && !cursor->failed; i++) {
        struct bytes name = scan_text(cursor);
        if (NAMED(name, "seq")) {
            out->seq = scan_uint(cursor);
        } else if (NAMED(name, "msg")) {
            out->msg = scan_uint(cursor);
        } else if (NAMED(name, "dup")) {
            out->dup = cursor_bool(cursor);
        } else {
            scan_skip(cursor);
        }
    }
}

static void scan_data(struct cursor *cursor, struct chat_incoming *out)
{
    uint32_t fields = scan_map(cursor);
    for (uint32_t i = 0; i < fields && !cursor->failed; i++) {
        struct bytes name = scan_text(cursor);
        if (NAMED(name, "msg")) {
            out->msg = scan_uint(cursor);
        } else if (NAMED(name, "text")) {
            out->text = scan_text(cursor);
        } else {
            scan_skip(cursor);
        }
    }
}

static void scan_body(struct cursor *cursor, struct chat_incoming *out)
{
    out->type = CHAT_ENTRY;
    uint32_t fields = scan_map(cursor);
    for (uint32_t i = 0; i < fields && !cursor->failed; i++) {
        struct bytes name = scan_text(cursor);
        if (NAMED(name, "seq")) {
            out->seq = scan_uint(cursor);
        } else if (NAMED(name, "type")) {
            out->type = NAMED(scan_text(cursor), "chat.message") ? CHAT_MESSAGE : CHAT_ENTRY;
        } else if (NAMED(name, "data")) {
            scan_data(cursor, out);
        } else {
            scan_skip(cursor);
        }
    }
}

/* Errors, and envelopes in another shape than the usual one. */
static int general_next(struct bytes *in, struct chat_incoming *out)
{
    struct frame_reader reader;
    struct rpc_incoming rpc;
    frame_reader_init(&reader, *in);
    int error = frame_reader_next_incoming(&reader, &rpc);
    if (error != 0) {
        return error;
    }
    *in = bytes_of(reader.cursor.at, (size_t)(reader.cursor.end - reader.cursor.at));
    *out = (struct chat_incoming){.type = CHAT_OTHER, .id = rpc.id, .error = rpc.error};
    struct cursor cursor = cursor_of(rpc.type == RPC_PUSH ? rpc.body : rpc.result);
    if (rpc.type == RPC_RESPONSE && rpc.error != 0) {
        out->type = CHAT_REFUSED;
    } else if (rpc.type == RPC_RESPONSE) {
        scan_result(&cursor, out);
    } else if (NAMED(rpc.topic, "couple")) {
        scan_body(&cursor, out);
    }
    return cursor.failed ? ERR_MALFORMED : 1;
}

static int next(struct chat_channel *channel, struct bytes *in, struct chat_incoming *out)
{
    (void)channel;
    static const char push[] = "\x93\x02\xa6"
                               "couple";
    if (in->len == 0) {
        return 0;
    }
    struct cursor cursor = cursor_of(*in);
    *out = (struct chat_incoming){0};
    if (in->len > 2 && in->data[0] == 0x94 && in->data[1] == RPC_RESPONSE) {
        cursor.at += 2;
        out->id = (uint32_t)scan_uint(&cursor);
        if (!scan_is(&cursor, 0xc0)) {
            return general_next(in, out);
        }
        cursor.at++;
        scan_result(&cursor, out);
    } else if (in->len >= sizeof push && memcmp(in->data, push, sizeof push - 1) == 0) {
        cursor.at += sizeof push - 1;
        scan_body(&cursor, out);
    } else {
        return general_next(in, out);
    }
    *in = bytes_of(cursor.at, (size_t)(cursor.end - cursor.at));
    return cursor.failed ? ERR_MALFORMED : 1;
}

const struct chat_protocol duet_protocol = {.name = "duet",
                                            .summary = "duetd: WebSocket, MessagePack",
                                            .needs_tokens = true,
                                            .has_places = true,
                                            .id_mask = UINT32_MAX,
                                            .join = session_open,
                                            .template_init = template_init,
                                            .append = append,
                                            .next = next};
