#include "tests/integration/support_http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/tcp.h"

#define PIECE 65536

/* --- the connection -------------------------------------------------------------------------- */

void http_peer_open_small(struct http_peer *peer, uint16_t port, int receive_bytes)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int on = 1;
    *peer = (struct http_peer){.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_true(peer->fd >= 0);
    buffer_extend(&peer->in, 0); /* it has memory from now on */
    if (receive_bytes != 0) {
        setsockopt(peer->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    }
    setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(peer->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        fail_msg("cannot connect to port %u: %s", port, strerror(errno));
    }
}

void http_peer_open(struct http_peer *peer, uint16_t port)
{
    http_peer_open_small(peer, port, 0);
}

void http_peer_close(struct http_peer *peer)
{
    if (peer->fd >= 0) {
        close(peer->fd);
    }
    buffer_fini(&peer->in);
    *peer = (struct http_peer){.fd = -1};
}

void http_peer_abort(struct http_peer *peer)
{
    struct linger linger = {.l_onoff = 1};
    setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    http_peer_close(peer);
}

bool http_peer_send(struct http_peer *peer, struct bytes bytes, int wait_ms)
{
    int64_t deadline_ms = tcp_now_ms() + wait_ms;
    while (bytes.len > 0) {
        ssize_t sent = send(peer->fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) {
            bytes = bytes_of(bytes.data + sent, bytes.len - (size_t)sent);
        } else if ((errno != EAGAIN && errno != EINTR) ||
                   tcp_wait(peer->fd, POLLOUT, deadline_ms) != 0) {
            return false;
        }
    }
    return true;
}

void http_peer_half_close(struct http_peer *peer)
{
    shutdown(peer->fd, SHUT_WR);
}

/** What answers were made of is not kept: a peer may live long. */
static void forget_taken(struct http_peer *peer)
{
    if (peer->taken > 0) {
        peer->in.len -= peer->taken;
        memmove(peer->in.data, peer->in.data + peer->taken, peer->in.len);
        peer->taken = 0;
    }
}

/** Reads once; false: nothing came in time. The end counts as something. */
static bool read_more(struct http_peer *peer, int64_t deadline_ms)
{
    if (peer->ended) {
        return true;
    }
    if (tcp_wait(peer->fd, POLLIN, deadline_ms) != 0) {
        return false;
    }
    forget_taken(peer);
    uint8_t *room = buffer_extend(&peer->in, PIECE);
    ssize_t got = recv(peer->fd, room, PIECE, MSG_DONTWAIT);
    peer->in.len -= PIECE - (got > 0 ? (size_t)got : 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        peer->ended = true;
        peer->reset = got < 0;
    }
    return true;
}

bool http_peer_drain(struct http_peer *peer, int wait_ms)
{
    int64_t deadline_ms = tcp_now_ms() + wait_ms;
    while (!peer->ended && read_more(peer, deadline_ms)) {
    }
    return peer->ended;
}

/* --- headers --------------------------------------------------------------------------------- */

static struct bytes rest_of(const struct http_peer *peer)
{
    return bytes_of(peer->in.data + peer->taken, peer->in.len - peer->taken);
}

static bool is_named(struct bytes name, const char *lower)
{
    return name.len == strlen(lower) && strncasecmp((const char *)name.data, lower, name.len) == 0;
}

/** Cuts a line with its CRLF off; false: there is none. */
static bool take_line(struct bytes *rest, struct bytes *line)
{
    const uint8_t *end = memmem(rest->data, rest->len, "\r\n", 2);
    if (end == NULL) {
        return false;
    }
    *line = bytes_of(rest->data, (size_t)(end - rest->data));
    *rest = bytes_of(end + 2, rest->len - line->len - 2);
    return true;
}

static struct bytes trim(struct bytes text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text = bytes_of(text.data + 1, text.len - 1);
    }
    while (text.len > 0 && (text.data[text.len - 1] == ' ' || text.data[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

/** Finds one; returns how many have the name. */
static int find_header(struct bytes head, const char *name, struct bytes *value)
{
    struct bytes line;
    int count = 0;
    take_line(&head, &line);
    while (take_line(&head, &line) && line.len > 0) {
        const uint8_t *colon = memchr(line.data, ':', line.len);
        size_t len = colon == NULL ? 0 : (size_t)(colon - line.data);
        if (colon != NULL && is_named(bytes_of(line.data, len), name) && count++ == 0) {
            *value = trim(bytes_of(colon + 1, line.len - len - 1));
        }
    }
    return count;
}

bool http_reply_header(const struct http_reply *reply, const char *name, struct bytes *value)
{
    return find_header(reply->head, name, value) > 0;
}

bool http_reply_has(const struct http_reply *reply, const char *name, const char *value)
{
    struct bytes found;
    return http_reply_header(reply, name, &found) && is_named(found, value);
}

static const char *fault_of_line(struct bytes line)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    if (colon == NULL || colon == line.data) {
        return "a header line without a name";
    }
    for (const uint8_t *at = line.data; at < line.data + line.len; at++) {
        bool in_name = at < colon;
        if (*at < (in_name ? '!' : ' ') || *at == 0x7f || (in_name && *at > '~')) {
            return "a control character in a header";
        }
    }
    return NULL;
}

static const char *fault_of_head(const struct http_reply *reply)
{
    struct bytes rest = reply->head, line, value;
    take_line(&rest, &line);
    while (take_line(&rest, &line) && line.len > 0) {
        const char *fault = fault_of_line(line);
        if (fault != NULL) {
            return fault;
        }
    }
    int lengths = find_header(reply->head, "content-length", &value);
    int codings = find_header(reply->head, "transfer-encoding", &value);
    if (lengths > 1 || codings > 1 || lengths + codings > 1) {
        return "framed in two ways";
    }
    bool bare = reply->status == 204 || reply->status == 304 || reply->status < 200;
    if (bare && reply->status != 304 && lengths + codings != 0) {
        return "a length where no body may be";
    }
    if (!bare && lengths + codings == 0 && !reply->close) {
        return "no length on a connection that stays";
    }
    if (reply->status >= 200 && find_header(reply->head, "date", &value) != 1) {
        return "no date"; /* RFC 9110, 6.6.1: MUST of a server with a clock */
    }
    return NULL;
}

/* --- bodies ---------------------------------------------------------------------------------- */

enum part { PART_DONE, PART_MORE, PART_BAD };

/** How long the chunks are that `rest` begins with, to the end of the trailers; none are allowed.
 */
static enum part measure_chunks(struct bytes rest, size_t *taken)
{
    struct bytes line, at = rest;
    while (take_line(&at, &line)) {
        char *end = NULL;
        char text[17] = "";
        if (line.len == 0 || line.len > 16) {
            return PART_BAD;
        }
        memcpy(text, line.data, line.len);
        unsigned long size = strtoul(text, &end, 16);
        if (*end != '\0' || text[0] == '-' || text[0] == '+') {
            return PART_BAD;
        }
        if (at.len < size + 2) {
            return PART_MORE;
        }
        if (memcmp(at.data + size, "\r\n", 2) != 0) {
            return PART_BAD;
        }
        at = bytes_of(at.data + size + 2, at.len - size - 2);
        if (size == 0) {
            *taken = (size_t)(at.data - rest.data);
            return PART_DONE;
        }
    }
    return PART_MORE;
}

/** The data of chunks that are known to be whole, moved together. */
static struct bytes join_chunks(struct bytes rest)
{
    uint8_t *out = (uint8_t *)(uintptr_t)rest.data, *begin = out;
    struct bytes line;
    while (take_line(&rest, &line)) {
        unsigned long size = strtoul((const char *)line.data, NULL, 16);
        if (size == 0) {
            break;
        }
        memmove(out, rest.data, size);
        out += size;
        rest = bytes_of(rest.data + size + 2, rest.len - size - 2);
    }
    return bytes_of(begin, (size_t)(out - begin));
}

static enum part take_body(struct http_peer *peer, bool to_head, struct http_reply *reply,
                           size_t *taken)
{
    struct bytes value, rest = rest_of(peer);
    rest = bytes_of(rest.data + reply->head.len, rest.len - reply->head.len);
    reply->body = bytes_of(rest.data, 0);
    *taken = 0;
    if (to_head || reply->status == 204 || reply->status == 304 || reply->status < 200) {
        return PART_DONE;
    }
    if (http_reply_has(reply, "transfer-encoding", "chunked")) {
        enum part part = measure_chunks(rest, taken);
        if (part == PART_DONE) {
            reply->body = join_chunks(rest);
        }
        return part;
    }
    if (!http_reply_header(reply, "content-length", &value)) {
        reply->body = rest;
        *taken = rest.len;
        return peer->ended ? PART_DONE : PART_MORE;
    }
    size_t len = strtoul((const char *)value.data, NULL, 10);
    reply->body = bytes_of(rest.data, len);
    *taken = len;
    return rest.len < len ? PART_MORE : PART_DONE;
}

/* --- answers --------------------------------------------------------------------------------- */

static bool says_close(const struct http_reply *reply)
{
    return http_reply_has(reply, "connection", "close") ||
           (reply->http_1_0 && !http_reply_has(reply, "connection", "keep-alive"));
}

/** The head of the next answer, if it has come whole. */
static bool parse_head(const struct http_peer *peer, struct http_reply *reply)
{
    struct bytes rest = rest_of(peer);
    const uint8_t *end = rest.len == 0 ? NULL : memmem(rest.data, rest.len, "\r\n\r\n", 4);
    *reply = (struct http_reply){0};
    if (end == NULL) {
        return false;
    }
    reply->head = bytes_of(rest.data, (size_t)(end - rest.data) + 4);
    const char *line = (const char *)rest.data;
    if (reply->head.len < 15 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ' ||
        line[12] != ' ') {
        reply->fault = "no status line";
        return true;
    }
    reply->http_1_0 = line[7] == '0';
    reply->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + line[11] - '0';
    reply->close = says_close(reply);
    reply->fault = fault_of_head(reply);
    return true;
}

static enum http_got got_at_end(const struct http_peer *peer)
{
    if (peer->reset) {
        return HTTP_GOT_RESET;
    }
    return rest_of(peer).len == 0 ? HTTP_GOT_END : HTTP_GOT_CUT;
}

enum http_got http_peer_receive_head(struct http_peer *peer, int wait_ms, struct http_reply *reply)
{
    int64_t deadline_ms = tcp_now_ms() + wait_ms;
    while (!parse_head(peer, reply)) {
        if (peer->ended) {
            return got_at_end(peer);
        }
        if (!read_more(peer, deadline_ms)) {
            return HTTP_GOT_NOTHING;
        }
    }
    return HTTP_GOT_REPLY;
}

enum http_got http_peer_receive(struct http_peer *peer, bool to_head, int wait_ms,
                                struct http_reply *reply)
{
    int64_t deadline_ms = tcp_now_ms() + wait_ms;
    for (;;) {
        size_t taken;
        int left = (int)(deadline_ms - tcp_now_ms());
        enum http_got got = http_peer_receive_head(peer, left > 0 ? left : 0, reply);
        if (got != HTTP_GOT_REPLY) {
            return got;
        }
        enum part part = take_body(peer, to_head, reply, &taken);
        if (part == PART_BAD) {
            reply->fault = "chunks that are none";
        }
        if (part != PART_MORE) {
            peer->taken += reply->head.len + taken;
            return HTTP_GOT_REPLY;
        }
        if (peer->ended) {
            return peer->reset ? HTTP_GOT_RESET : HTTP_GOT_CUT;
        }
        if (!read_more(peer, deadline_ms)) {
            return HTTP_GOT_NOTHING;
        }
    }
}

/* --- texts with words in them ---------------------------------------------------------------- */

static void expand_word(struct bytes word, const struct http_word *words, struct buffer *out)
{
    char *star = NULL;
    unsigned long count = strtoul((const char *)word.data, &star, 10);
    if (star > (const char *)word.data && *star == '*') {
        size_t before = (size_t)(star + 1 - (const char *)word.data);
        for (unsigned long i = 0; i < count; i++) {
            buffer_append(out, star + 1, word.len - before);
        }
        return;
    }
    for (; words->name != NULL; words++) {
        if (bytes_equal(word, bytes_of(words->name, strlen(words->name)))) {
            buffer_append(out, words->text, strlen(words->text));
            return;
        }
    }
    fail_msg("no word <<%.*s>>", (int)word.len, (const char *)word.data);
}

void http_expand(struct bytes text, const struct http_word *words, struct buffer *out)
{
    while (text.len > 0) {
        const uint8_t *open = memmem(text.data, text.len, "<<", 2);
        const uint8_t *shut =
            open == NULL ? NULL : memmem(open, (size_t)(text.data + text.len - open), ">>", 2);
        if (shut == NULL) {
            buffer_append(out, text.data, text.len);
            return;
        }
        buffer_append(out, text.data, (size_t)(open - text.data));
        expand_word(bytes_of(open + 2, (size_t)(shut - open) - 2), words, out);
        text = bytes_of(shut + 2, (size_t)(text.data + text.len - shut) - 2);
    }
}
