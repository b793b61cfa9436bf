#include "edge/http_head.h"

#include <strings.h>

#include "edge/http_check.h"
#include "edge/http_target.h"

#define REFUSE(status_, fault_)                                                                    \
    (struct http_head)                                                                             \
    {                                                                                              \
        .verdict = HTTP_HEAD_REFUSED, .status = (status_), .fault = (fault_)                       \
    }

static const struct http_head fine = {.verdict = HTTP_HEAD_OTHER};
static const struct http_head more = {.verdict = HTTP_HEAD_MORE};

/** A part up to a blank, which is skipped; empty when there is none. */
static struct bytes take_word(struct bytes *line)
{
    const uint8_t *blank = memchr(line->data, ' ', line->len);
    if (blank == NULL) {
        return (struct bytes){0};
    }
    struct bytes word = bytes_of(line->data, (size_t)(blank - line->data));
    line->data += word.len + 1;
    line->len -= word.len + 1;
    return word;
}

static bool is_text(struct bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

/** Methods are upper case letters, targets visible ASCII. */
static bool all_within(struct bytes bytes, uint8_t from, uint8_t to)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] < from || bytes.data[i] > to) {
            return false;
        }
    }
    return bytes.len != 0;
}

static struct http_head judge_request_line(struct bytes line, struct http_head_parts *parts)
{
    parts->method = take_word(&line);
    parts->target = take_word(&line);
    if (!all_within(parts->method, 'A', 'Z') || !all_within(parts->target, '!', '~')) {
        return REFUSE(400, "This is not a request line.");
    }
    parts->http_1_0 = is_text(line, "HTTP/1.0");
    if (!parts->http_1_0 && !is_text(line, "HTTP/1.1")) {
        bool other = line.len > 5 && memcmp(line.data, "HTTP/", 5) == 0;
        return other ? REFUSE(505, "The only version here is HTTP/1.1.")
                     : REFUSE(400, "This is not a request line.");
    }
    int status;
    const char *fault = http_target_split(parts, &status);
    return fault == NULL ? fine : REFUSE(status, fault);
}

static struct http_head judge_field(struct bytes line, struct http_head_parts *parts,
                                    struct http_check *check)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    if (colon == NULL) {
        return REFUSE(400, "A header line has no colon.");
    }
    if (parts->header_count == HTTP_HEADERS_MAX) {
        return REFUSE(431, "There are too many headers.");
    }
    size_t name_len = (size_t)(colon - line.data);
    struct http_header *header = &parts->headers[parts->header_count++];
    header->name = bytes_of(line.data, name_len);
    header->value =
        http_check_header(check, header->name, bytes_of(colon + 1, line.len - name_len - 1));
    return check->fault == NULL ? fine : REFUSE(check->status, check->fault);
}

/** The next line without its CRLF: 1; 0: not complete; -1: it ends with a bare LF or has a bare CR.
 */
static int take_line(struct bytes *rest, struct bytes *line)
{
    const uint8_t *lf = memchr(rest->data, '\n', rest->len);
    size_t len = lf == NULL ? rest->len : (size_t)(lf - rest->data);
    const uint8_t *cr = len == 0 ? NULL : memchr(rest->data, '\r', len);
    if (lf == NULL) {
        return cr == NULL || cr == rest->data + len - 1 ? 0 : -1;
    }
    if (cr == NULL || cr != lf - 1) {
        return -1;
    }
    *line = bytes_of(rest->data, len - 1);
    rest->data += len + 1;
    rest->len -= len + 1;
    return 1;
}

static bool is_ws(const struct http_head_parts *parts)
{
    return is_text(parts->method, "GET") && parts->authority.data == NULL &&
           is_text(parts->path, "/ws");
}

static struct http_head judge_end(struct http_head_parts *parts, struct http_check *check)
{
    const char *fault = http_check_end(check, parts->http_1_0);
    if (fault != NULL) {
        return REFUSE(check->status, fault);
    }
    if (parts->authority.data != NULL && check->hosts != 0 &&
        (parts->authority.len != check->host.len ||
         strncasecmp((const char *)parts->authority.data, (const char *)check->host.data,
                     check->host.len) != 0)) {
        return REFUSE(400, "Host is not that of the target.");
    }
    parts->chunked = check->chunked;
    parts->has_length = check->lengths != 0;
    parts->content_length = check->content_length;
    parts->keep_alive = !check->close && (check->keep_alive || !parts->http_1_0);
    parts->expects_continue = check->expects_continue && !parts->http_1_0;
    if (!is_ws(parts)) {
        return fine;
    }
    if (parts->bytes > HTTP_HEAD_WS_BYTES_MAX) {
        return REFUSE(431, "The head of the request is too large.");
    }
    return (struct http_head){.verdict = HTTP_HEAD_WS};
}

static struct http_head judge_lines(struct bytes first, struct http_head_parts *parts)
{
    struct bytes rest = first, line;
    struct http_check check = {0};
    for (int i = 0;; i++) {
        int got = take_line(&rest, &line);
        if (got == 0) {
            return more;
        }
        if (got < 0) {
            return REFUSE(400, "Lines end with CRLF.");
        }
        if (i > 0 && line.len == 0) {
            parts->bytes = first.len - rest.len;
            return judge_end(parts, &check);
        }
        struct http_head head =
            i == 0 ? judge_request_line(line, parts) : judge_field(line, parts, &check);
        if (head.verdict == HTTP_HEAD_REFUSED) {
            return head;
        }
    }
}

/** So that what is no HTTP at all is told at once, and not after a deadline. */
static bool starts_like_http(struct bytes first)
{
    return first.len == 0 || (first.data[0] >= 'A' && first.data[0] <= 'Z');
}

struct http_head http_head_read(struct bytes first, struct http_head_parts *parts)
{
    if (!starts_like_http(first)) {
        return REFUSE(400, "This is not HTTP.");
    }
    bool full = first.len >= HTTP_HEAD_BYTES_MAX;
    first.len = full ? HTTP_HEAD_BYTES_MAX : first.len;
    memset(parts, 0, offsetof(struct http_head_parts, headers));
    struct http_head head = first.len == 0 ? more : judge_lines(first, parts);
    if (head.verdict == HTTP_HEAD_MORE && full) {
        return REFUSE(431, "The head of the request is too large.");
    }
    return head;
}

struct http_head http_head_judge(struct bytes first)
{
    struct http_head_parts parts;
    return http_head_read(first, &parts);
}

struct http_head http_head_first(struct bytes first)
{
    static const char ws[] = "GET /ws";
    size_t len = first.len < sizeof ws - 1 ? first.len : sizeof ws - 1;
    if (len != 0 && memcmp(first.data, ws, len) != 0) {
        return fine;
    }
    if (first.len > len && first.data[len] != ' ' && first.data[len] != '?') {
        return fine;
    }
    return first.len > len ? http_head_judge(first) : more;
}
