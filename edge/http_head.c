#include "edge/http_head.h"

#include <stdbool.h>

#include "edge/http_check.h"

#define REFUSE(status_, fault_)                                                                    \
    (struct http_head)                                                                             \
    {                                                                                              \
        .verdict = HTTP_HEAD_REFUSED, .status = (status_), .fault = (fault_)                       \
    }

static const struct http_head fine = {.verdict = HTTP_HEAD_OTHER};
static const struct http_head more = {.verdict = HTTP_HEAD_MORE};

struct request_line {
    struct bytes method, target;
    const char *version;
};

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

static struct http_head judge_request_line(struct bytes line, struct request_line *out)
{
    out->method = take_word(&line);
    out->target = take_word(&line);
    if (!all_within(out->method, 'A', 'Z') || !all_within(out->target, '!', '~')) {
        return REFUSE(400, "This is not a request line.");
    }
    if (is_text(line, "HTTP/1.1")) {
        out->version = "HTTP/1.1";
    } else if (is_text(line, "HTTP/1.0")) {
        out->version = "HTTP/1.0";
    } else if (line.len > 5 && memcmp(line.data, "HTTP/", 5) == 0) {
        return REFUSE(505, "The only version here is HTTP/1.1.");
    } else {
        return REFUSE(400, "This is not a request line.");
    }
    return fine;
}

static struct bytes trim(struct bytes value)
{
    while (value.len != 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value.data++;
        value.len--;
    }
    while (value.len != 0 &&
           (value.data[value.len - 1] == ' ' || value.data[value.len - 1] == '\t')) {
        value.len--;
    }
    return value;
}

static struct http_head judge_field(struct bytes line, struct http_check *check)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    if (colon == NULL) {
        return REFUSE(400, "A header line has no colon.");
    }
    size_t name_len = (size_t)(colon - line.data);
    http_check_header(check, bytes_of(line.data, name_len),
                      trim(bytes_of(colon + 1, line.len - name_len - 1)));
    return check->fault == NULL ? fine : REFUSE(400, check->fault);
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

static bool is_ws(const struct request_line *request)
{
    struct bytes target = request->target;
    return is_text(request->method, "GET") && target.len >= 3 &&
           memcmp(target.data, "/ws", 3) == 0 && (target.len == 3 || target.data[3] == '?');
}

static struct http_head judge_end(const struct request_line *request, struct http_check *check,
                                  size_t head_len)
{
    const char *fault = http_check_end(check, request->version);
    if (fault != NULL) {
        return REFUSE(400, fault);
    }
    if (!is_ws(request)) {
        return fine;
    }
    if (head_len > HTTP_HEAD_WS_BYTES_MAX) {
        return REFUSE(431, "The head of the request is too large.");
    }
    return (struct http_head){.verdict = HTTP_HEAD_WS};
}

static struct http_head judge_lines(struct bytes first)
{
    struct bytes rest = first, line;
    struct request_line request = {0};
    struct http_check check = {0};
    for (int i = 0; i <= HTTP_HEAD_FIELDS_MAX + 1; i++) {
        int got = take_line(&rest, &line);
        if (got == 0) {
            return more;
        }
        if (got < 0) {
            return REFUSE(400, "Lines end with CRLF.");
        }
        if (i > 0 && line.len == 0) {
            return judge_end(&request, &check, first.len - rest.len);
        }
        struct http_head head =
            i == 0 ? judge_request_line(line, &request) : judge_field(line, &check);
        if (head.verdict == HTTP_HEAD_REFUSED) {
            return head;
        }
    }
    return REFUSE(431, "There are too many headers.");
}

/** So that what is no HTTP at all is told at once, and not after a deadline. */
static bool starts_like_http(struct bytes first)
{
    return first.len == 0 || (first.data[0] >= 'A' && first.data[0] <= 'Z');
}

struct http_head http_head_judge(struct bytes first)
{
    if (!starts_like_http(first)) {
        return REFUSE(400, "This is not HTTP.");
    }
    bool full = first.len >= HTTP_HEAD_BYTES_MAX;
    struct http_head head = first.len == 0 ? more : judge_lines(first);
    if (head.verdict == HTTP_HEAD_MORE && full) {
        return REFUSE(431, "The head of the request is too large.");
    }
    return head;
}
