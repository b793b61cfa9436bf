#include "edge/http_check.h"

#include <strings.h>

#define LENGTH_DIGITS_MAX 18

static const bool token_characters[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['!'] = true,  ['#'] = true,
    ['$'] = true,         ['%'] = true,         ['&'] = true,         ['\''] = true, ['*'] = true,
    ['+'] = true,         ['-'] = true,         ['.'] = true,         ['^'] = true,  ['_'] = true,
    ['`'] = true,         ['|'] = true,         ['~'] = true};

/* Unreserved characters and delimiters of RFC 3986, without the comma, which makes lists. */
static const bool name_characters[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true,
    ['_'] = true,         ['~'] = true,         ['!'] = true,         ['$'] = true, ['&'] = true,
    ['\''] = true,        ['('] = true,         [')'] = true,         ['*'] = true, ['+'] = true,
    [';'] = true,         ['='] = true};

static const bool address_characters[256] = {
    ['a' ... 'f'] = true, ['A' ... 'F'] = true, ['0' ... '9'] = true, [':'] = true, ['.'] = true};

bool http_check_is_token(uint8_t c)
{
    return token_characters[c];
}

static bool is_hex(uint8_t c)
{
    return address_characters[c] && c != ':' && c != '.';
}

/** How long the host at the beginning is: an address in brackets, or a name. 0: neither. */
static size_t host_len(struct bytes text)
{
    size_t len = 0;
    if (text.len != 0 && text.data[0] == '[') {
        for (len = 1; len < text.len && address_characters[text.data[len]];) {
            len++;
        }
        return len > 2 && len < text.len && text.data[len] == ']' ? len + 1 : 0;
    }
    while (len < text.len) {
        bool coded = text.data[len] == '%' && text.len - len > 2 && is_hex(text.data[len + 1]) &&
                     is_hex(text.data[len + 2]);
        if (!coded && !name_characters[text.data[len]]) {
            break;
        }
        len += coded ? 3 : 1;
    }
    return len;
}

bool http_check_is_host(struct bytes text)
{
    size_t len = host_len(text);
    if (len == text.len) {
        return true;
    }
    if (len == 0 || text.data[len] != ':') {
        return false;
    }
    for (len++; len < text.len; len++) {
        if (text.data[len] < '0' || text.data[len] > '9') {
            return false;
        }
    }
    return true;
}

bool http_check_is_named(struct bytes name, const char *lower)
{
    return name.len == strlen(lower) && strncasecmp((const char *)name.data, lower, name.len) == 0;
}

static const char *check_name(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!token_characters[name.data[i]]) {
            return "A header name has a character that is not allowed.";
        }
    }
    return name.len == 0 ? "A header has no name." : NULL;
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/** Whether one of eight bytes is below the blank, or is DEL. No carry reaches a byte that decides.
 */
static bool has_control(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t from_del = word ^ EACH_BYTE(0x7f);
    uint64_t below_blank = (word - EACH_BYTE(' ')) & ~word;
    uint64_t is_del = (from_del - EACH_BYTE(1)) & ~from_del;
    return ((below_blank | is_del) & EACH_BYTE(0x80)) != 0;
}

/** Values are long, tokens and cookies above all, and nearly always without fault. */
static const char *check_value(struct bytes value)
{
    size_t i = 0;
    while (value.len - i >= sizeof(uint64_t) && !has_control(value.data + i)) {
        i += sizeof(uint64_t);
    }
    for (; i < value.len; i++) {
        uint8_t c = value.data[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return "A header value has a control character.";
        }
    }
    return NULL;
}

static const char *check_length(struct http_check *check, struct bytes value)
{
    if (check->lengths++ > 0) {
        return "Content-Length is given twice.";
    }
    if (value.len == 0 || value.len > LENGTH_DIGITS_MAX) {
        return "Content-Length is not a number.";
    }
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return "Content-Length is not a number.";
        }
        check->content_length = check->content_length * 10 + (uint64_t)(value.data[i] - '0');
    }
    return NULL;
}

static struct bytes without_blanks(struct bytes value)
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

/** The next item of a list with commas, without blanks; false: there are no more. */
static bool next_item(struct bytes *list, struct bytes *item)
{
    if (list->data == NULL) {
        return false;
    }
    const uint8_t *comma = memchr(list->data, ',', list->len);
    size_t len = comma == NULL ? list->len : (size_t)(comma - list->data);
    *item = bytes_of(list->data, len);
    *list = comma == NULL ? (struct bytes){0} : bytes_of(comma + 1, list->len - len - 1);
    *item = without_blanks(*item);
    return true;
}

/** Only chunked, once, is understood; whatever stands behind it leaves the length unknown. */
static const char *check_coding(struct http_check *check, struct bytes value)
{
    struct bytes coding;
    while (next_item(&value, &coding)) {
        if (check->chunked) {
            return "Transfer-Encoding has something behind chunked.";
        }
        check->chunked = http_check_is_named(coding, "chunked");
        check->coding_unknown = check->coding_unknown || !check->chunked;
    }
    return NULL;
}

static const char *check_connection(struct http_check *check, struct bytes value)
{
    struct bytes option;
    while (next_item(&value, &option)) {
        check->close = check->close || http_check_is_named(option, "close");
        check->keep_alive = check->keep_alive || http_check_is_named(option, "keep-alive");
    }
    return NULL;
}

static const char *check_host(struct http_check *check, struct bytes value)
{
    if (check->hosts++ > 0) {
        return "Host is given twice.";
    }
    check->host = value;
    return http_check_is_host(value) ? NULL : "Host is not the name of a host.";
}

static const char *check_expect(struct http_check *check, struct bytes value)
{
    if (http_check_is_named(value, "100-continue")) {
        check->expects_continue = true;
    } else {
        check->expects_other = true;
    }
    return NULL;
}

/** Those that say how long the request is, or whose. The length tells most others apart. */
static const char *check_meaning(struct http_check *check, struct bytes name, struct bytes raw,
                                 struct bytes value)
{
    static const struct {
        const char *name;
        size_t len;
        const char *(*check)(struct http_check *check, struct bytes value);
    } rows[] = {
        {"host", 4, check_host},
        {"expect", 6, check_expect},
        {"connection", 10, check_connection},
        {"content-length", 14, check_length},
        {"transfer-encoding", 17, check_coding},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].len == name.len && http_check_is_named(name, rows[i].name)) {
            return memchr(raw.data, '\t', raw.len) != NULL
                       ? "There is a tab where a blank would do."
                       : rows[i].check(check, value);
        }
    }
    return NULL;
}

struct bytes http_check_header(struct http_check *check, struct bytes name, struct bytes raw)
{
    struct bytes value = without_blanks(raw);
    const char *fault = check_name(name);
    if (fault == NULL) {
        fault = check_value(value);
    }
    if (fault == NULL) {
        fault = check_meaning(check, name, raw, value);
    }
    if (check->fault == NULL && fault != NULL) {
        check->fault = fault;
        check->status = 400;
    }
    return value;
}

const char *http_check_end(struct http_check *check, bool http_1_0)
{
    bool coded = check->chunked || check->coding_unknown;
    if (check->fault != NULL) {
        return check->fault;
    }
    check->status = 400;
    if (coded && check->lengths != 0) {
        return check->fault = "Content-Length and Transfer-Encoding exclude each other.";
    }
    if (coded && http_1_0) {
        return check->fault = "Transfer-Encoding needs HTTP/1.1.";
    }
    if (check->hosts == 0 && !http_1_0) {
        return check->fault = "Host is missing.";
    }
    if (check->coding_unknown) {
        check->status = 501;
        return check->fault = "The only Transfer-Encoding here is chunked.";
    }
    if (check->expects_other && !http_1_0) {
        check->status = 417;
        return check->fault = "The only expectation here is 100-continue.";
    }
    return NULL;
}
