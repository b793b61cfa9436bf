#include "edge/peek.h"

enum peek peek_classify(struct bytes first)
{
    static const char path[] = "GET /ws";
    const size_t path_len = sizeof path - 1;
    size_t common = first.len < path_len ? first.len : path_len;
    if (common != 0 && memcmp(first.data, path, common) != 0) {
        return PEEK_HTTP;
    }
    if (first.len < PEEK_BYTES) {
        return PEEK_MORE;
    }
    return first.data[path_len] == ' ' || first.data[path_len] == '?' ? PEEK_WS : PEEK_HTTP;
}
