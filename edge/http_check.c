#include "edge/http_check.h"

#include <strings.h>

static bool is_token(uint8_t c)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(marks, c) != NULL);
}

static bool is_named(struct bytes name, const char *lower)
{
    return name.len == strlen(lower) && strncasecmp((const char *)name.data, lower, name.len) == 0;
}

static const char *check_name(struct bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        if (!is_token(name.data[i])) {
            return "A header name has a character that is not allowed.";
        }
    }
    return name.len == 0 ? "A header has no name." : NULL;
}

static const char *check_value(struct bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        if ((c < ' ' && c != '\t') || c == 0x7f) {
            return "A header value has a control character.";
        }
    }
    return NULL;
}

static const char *check_length(struct http_check *check, struct bytes value)
{
    if (check->lengths++ > 0 && !bytes_equal(value, check->content_length)) {
        return "Content-Length is given twice, with different values.";
    }
    check->content_length = value;
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return "Content-Length is not a number.";
        }
    }
    return value.len == 0 || value.len > 18 ? "Content-Length is not a number." : NULL;
}

void http_check_header(struct http_check *check, struct bytes name, struct bytes value)
{
    const char *fault = check_name(name);
    if (fault == NULL) {
        fault = check_value(value);
    }
    if (fault == NULL && is_named(name, "content-length")) {
        fault = check_length(check, value);
    }
    if (fault == NULL && is_named(name, "transfer-encoding")) {
        check->codings++;
        fault = is_named(value, "chunked") ? NULL : "The only Transfer-Encoding here is chunked.";
    }
    if (fault == NULL && is_named(name, "host") && check->hosts++ > 0) {
        fault = "Host is given twice.";
    }
    if (check->fault == NULL) {
        check->fault = fault;
    }
}

const char *http_check_end(struct http_check *check, const char *version)
{
    if (check->fault != NULL) {
        return check->fault;
    }
    if (check->codings > 1 || (check->codings != 0 && check->lengths != 0)) {
        return "Content-Length and Transfer-Encoding exclude each other.";
    }
    if (check->codings != 0 && strcmp(version, "HTTP/1.1") != 0) {
        return "Transfer-Encoding needs HTTP/1.1.";
    }
    if (check->hosts == 0 && strcmp(version, "HTTP/1.1") == 0) {
        return "Host is missing.";
    }
    return NULL;
}
