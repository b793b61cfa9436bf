#include "edge/rest_link.h"

#include <inttypes.h>
#include <stdio.h>

#include "wire/codec.h"
#include "wire/url.h"

/** What an answer says of its part of the list. */
struct part {
    struct bytes next_cursor;
    int64_t page, pages; /* 0: not by page */
};

static struct part read_part(struct bytes result)
{
    struct part part = {0};
    struct cursor cursor = cursor_of(result);
    uint32_t count = cursor_map(&cursor);
    for (uint32_t i = 0; i < count && !cursor.failed; i++) {
        struct bytes name = cursor_text(&cursor);
        enum cursor_type type = cursor_peek(&cursor);
        struct bytes value = cursor_skip(&cursor);
        struct cursor inner = cursor_of(value);
        if (type == CURSOR_TEXT && bytes_equal(name, text_of("next_cursor"))) {
            part.next_cursor = cursor_text(&inner);
        } else if (type == CURSOR_INT && bytes_equal(name, text_of("page"))) {
            part.page = cursor_int(&inner);
        } else if (type == CURSOR_INT && bytes_equal(name, text_of("pages"))) {
            part.pages = cursor_int(&inner);
        }
    }
    return part;
}

/** What would end the <reference> early is escaped; the rest is as the client wrote it. */
static void put_escaped(struct buffer *out, struct bytes text)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c > ' ' && c <= '~' && c != '<' && c != '>' && c != '"' && c != '\\') {
            buffer_append_u8(out, c);
        } else {
            const char escaped[] = {'%', digits[c >> 4], digits[c & 15]};
            buffer_append(out, escaped, sizeof escaped);
        }
    }
}

static void put(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

void rest_link_append(struct bytes path, struct bytes query, struct bytes result,
                      struct buffer *out)
{
    struct part part = read_part(result);
    bool by_page = part.page != 0;
    struct url_pair pair;
    char page[32];
    if (by_page ? part.page >= part.pages : part.next_cursor.len == 0) {
        return;
    }
    (void)!snprintf(page, sizeof page, "%" PRId64, part.page + 1);
    put(out, "link: <");
    put_escaped(out, path);
    put(out, "?");
    while (url_next_pair(&query, &pair)) {
        if (!bytes_equal(pair.name, text_of(by_page ? "page" : "cursor"))) {
            put_escaped(out, pair.name);
            put(out, "=");
            put_escaped(out, pair.value);
            put(out, "&");
        }
    }
    put(out, by_page ? "page=" : "cursor=");
    put_escaped(out, by_page ? text_of(page) : part.next_cursor);
    put(out, ">; rel=\"next\"\r\n");
}
