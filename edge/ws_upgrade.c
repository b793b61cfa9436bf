/*
 * Who may connect. The head was judged before: lines end with CRLF, nothing is folded, names are
 * tokens; here only what makes it a WebSocket is looked at, and what is refused learns why.
 */
#include "edge/ws_upgrade.h"

#include <stdio.h>
#include <strings.h>

#include "edge/http_error.h"
#include "wire/record.h"
#include "wire/ws_accept.h"

static const char *const subprotocols[] = {"duet.v1.msgpack", "duet.v1.json"};

struct refusal {
    int status;
    const char *header; /* with CRLF, or "" */
    const char *message;
};

/** Headers of the request; views into it, empty when absent. */
struct headers {
    struct bytes upgrade, connection, version, key, origin;
    bool doubled;    /* one that must not be */
    int subprotocol; /* the first offered that is ours; -1: none */
    struct forwarded_lines forwarded;
};

static bool is_same(struct bytes a, const char *b)
{
    return a.len == strlen(b) && strncasecmp((const char *)a.data, b, a.len) == 0;
}

/** Takes the next item of a comma-separated list. */
static bool next_item(struct bytes *list, struct bytes *item)
{
    const char *blanks = " \t,";
    while (list->len != 0 && strchr(blanks, list->data[0]) != NULL) {
        *list = bytes_of(list->data + 1, list->len - 1);
    }
    if (list->len == 0) {
        return false;
    }
    size_t len = 0;
    while (len < list->len && strchr(blanks, list->data[len]) == NULL) {
        len++;
    }
    *item = bytes_of(list->data, len);
    *list = bytes_of(list->data + len, list->len - len);
    return true;
}

static bool list_has(struct bytes list, const char *wanted)
{
    struct bytes item;
    while (next_item(&list, &item)) {
        if (is_same(item, wanted)) {
            return true;
        }
    }
    return false;
}

static void choose_subprotocol(struct headers *headers, struct bytes offered)
{
    struct bytes item;
    while (headers->subprotocol < 0 && next_item(&offered, &item)) {
        for (int i = 0; i < 2; i++) {
            if (bytes_equal(item, text_of(subprotocols[i]))) {
                headers->subprotocol = i;
            }
        }
    }
}

static void take_header(struct headers *headers, struct bytes name, struct bytes value)
{
    const struct {
        const char *name;
        struct bytes *to;
    } wanted[] = {
        {"upgrade", &headers->upgrade},       {"connection", &headers->connection},
        {"sec-websocket-key", &headers->key}, {"sec-websocket-version", &headers->version},
        {"origin", &headers->origin},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (is_same(name, wanted[i].name)) {
            headers->doubled = headers->doubled || wanted[i].to->data != NULL;
            *wanted[i].to = value;
        }
    }
    if (is_same(name, "sec-websocket-protocol")) {
        choose_subprotocol(headers, value);
    } else if (is_same(name, "x-forwarded-for")) {
        forwarded_lines_add(&headers->forwarded, value);
    }
}

/** Reads the lines after the request's; returns the bytes of the whole head. */
static size_t read_headers(struct bytes in, struct headers *out)
{
    const uint8_t *at = in.data, *end = in.data + in.len;
    for (bool first = true; at < end; first = false) {
        const uint8_t *lf = memchr(at, '\n', (size_t)(end - at));
        if (lf == NULL || lf - at < 2) {
            return lf == NULL ? in.len : (size_t)(lf + 1 - in.data);
        }
        const uint8_t *line_end = lf - 1;
        const uint8_t *colon = memchr(at, ':', (size_t)(line_end - at));
        if (!first && colon != NULL) {
            const uint8_t *value = colon + 1;
            while (value < line_end && (*value == ' ' || *value == '\t')) {
                value++;
            }
            while (line_end > value && (line_end[-1] == ' ' || line_end[-1] == '\t')) {
                line_end--;
            }
            take_header(out, bytes_of(at, (size_t)(colon - at)),
                        bytes_of(value, (size_t)(line_end - value)));
        }
        at = lf + 1;
    }
    return in.len;
}

/** 22 characters of base64 and two of padding. */
static bool is_key(struct bytes key)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; key.len == WS_KEY_CHARS && i < WS_KEY_CHARS - 2; i++) {
        if (key.data[i] == '\0' || strchr(alphabet, key.data[i]) == NULL) {
            return false;
        }
    }
    return key.len == WS_KEY_CHARS && memcmp(key.data + WS_KEY_CHARS - 2, "==", 2) == 0;
}

static bool origin_allowed(const struct ws_origins *origins, struct bytes origin)
{
    for (uint32_t i = 0; i < origins->count; i++) {
        const char *allowed = origins->items[i];
        if (strcmp(allowed, "*") == 0 || bytes_equal(text_of(allowed), origin)) {
            return true;
        }
    }
    return false;
}

/** Whether it is refused, and how. */
static bool refused(const struct headers *headers, const struct ws_origins *origins,
                    struct refusal *out)
{
    *out = (struct refusal){400, "", NULL};
    if (headers->upgrade.len == 0 || !list_has(headers->connection, "upgrade")) {
        *out = (struct refusal){426, "upgrade: websocket\r\n", "This is a WebSocket."};
    } else if (!is_same(headers->upgrade, "websocket")) {
        out->message = "The only upgrade here is to websocket.";
    } else if (headers->doubled) {
        out->message = "A header that is given once is given twice.";
    } else if (!bytes_equal(headers->version, text_of("13"))) {
        *out = (struct refusal){426, "sec-websocket-version: 13\r\n",
                                "Sec-WebSocket-Version must be 13."};
    } else if (!is_key(headers->key)) {
        out->message = "Sec-WebSocket-Key must be 16 bytes in base64.";
    } else if (headers->subprotocol < 0) {
        out->message = "Sec-WebSocket-Protocol must offer duet.v1.msgpack or duet.v1.json.";
    } else if (headers->origin.len != 0 && !origin_allowed(origins, headers->origin)) {
        *out = (struct refusal){403, "", "This Origin may not connect."};
    }
    return out->message != NULL;
}

static void append_refusal(struct buffer *answer, const struct refusal *refusal)
{
    char text[1024], body[512];
    int body_len = http_error_body(refusal->status, refusal->message, body, sizeof body);
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 %d %s\r\nconnection: close\r\ncontent-type: application/json\r\n"
                       "content-length: %d\r\n%s\r\n%s",
                       refusal->status, http_error_phrase(refusal->status), body_len,
                       refusal->header, body);
    buffer_append(answer, text, (size_t)len);
}

bool ws_upgrade_answer(struct bytes in, const struct ws_origins *origins, struct buffer *answer,
                       struct ws_upgrade *out)
{
    struct headers headers = {.subprotocol = -1};
    struct refusal refusal;
    char key[WS_KEY_CHARS + 1] = "", accept[WS_ACCEPT_CHARS + 1], text[512];
    size_t head_bytes = read_headers(in, &headers);
    if (refused(&headers, origins, &refusal)) {
        append_refusal(answer, &refusal);
        return false;
    }
    memcpy(key, headers.key.data, WS_KEY_CHARS);
    ws_accept_of(key, accept);
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                       "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
                       "Sec-WebSocket-Protocol: %s\r\n\r\n",
                       accept, subprotocols[headers.subprotocol]);
    buffer_append(answer, text, (size_t)len);
    *out = (struct ws_upgrade){
        .head_bytes = head_bytes, .json = headers.subprotocol == 1, .forwarded = headers.forwarded};
    return true;
}
