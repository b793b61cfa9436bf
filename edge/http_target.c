#include "edge/http_target.h"

#include <strings.h>

#include "edge/http_check.h"

static bool is_text(struct bytes bytes, const char *text)
{
    return bytes.len == strlen(text) && memcmp(bytes.data, text, bytes.len) == 0;
}

/** Up to the first of `ends`, or all. */
static struct bytes take_until(struct bytes *rest, const char *ends)
{
    size_t len = 0;
    while (len < rest->len && strchr(ends, rest->data[len]) == NULL) {
        len++;
    }
    struct bytes taken = bytes_of(rest->data, len);
    *rest = bytes_of(rest->data + len, rest->len - len);
    return taken;
}

static void split_query(struct http_head_parts *parts, struct bytes rest)
{
    const uint8_t *mark = rest.len != 0 ? memchr(rest.data, '?', rest.len) : NULL;
    size_t len = mark != NULL ? (size_t)(mark - rest.data) : rest.len;
    parts->path = bytes_of(rest.data, len);
    parts->query = bytes_of(rest.data + len, rest.len - len);
    if (mark != NULL) {
        parts->query = bytes_of(mark + 1, rest.len - len - 1);
    }
}

/** The length of "http://" or "https://" in front; 0: neither. */
static size_t scheme_len(struct bytes target)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t len = strlen(schemes[i]);
        if (target.len > len && strncasecmp((const char *)target.data, schemes[i], len) == 0) {
            return len;
        }
    }
    return 0;
}

static const char *split_absolute(struct http_head_parts *parts, size_t scheme)
{
    struct bytes rest = bytes_of(parts->target.data + scheme, parts->target.len - scheme);
    parts->authority = take_until(&rest, "/?");
    if (!http_check_is_host(parts->authority)) {
        return "The host in the target is not the name of a host.";
    }
    if (parts->authority.len == 0) {
        return "The target has no host.";
    }
    split_query(parts, rest);
    if (parts->path.len == 0) {
        bool server = rest.len == 0 && is_text(parts->method, "OPTIONS");
        parts->path = bytes_of(server ? "*" : "/", 1);
    }
    return NULL;
}

const char *http_target_split(struct http_head_parts *parts, int *status)
{
    struct bytes target = parts->target;
    size_t scheme;
    *status = 400;
    if (memchr(target.data, '#', target.len) != NULL) {
        return "The target has a fragment.";
    }
    if (is_text(parts->method, "CONNECT")) {
        *status = 501;
        return "This server is no tunnel.";
    }
    if (target.data[0] == '/') {
        split_query(parts, target);
        return NULL;
    }
    if (is_text(target, "*") && is_text(parts->method, "OPTIONS")) {
        parts->path = target;
        return NULL;
    }
    if ((scheme = scheme_len(target)) != 0) {
        return split_absolute(parts, scheme);
    }
    return "The target is neither a path nor an address.";
}
