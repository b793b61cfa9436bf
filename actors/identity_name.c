#include "actors/identity_name.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "actors/kinds.h"
#include "base/check.h"
#include "base/error.h"
#include "wire/text.h"

#define NICKNAME_POINTS_MIN 2

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

struct bytes name_trim(struct bytes text)
{
    while (text.len > 0 && is_blank(text.data[0])) {
        text.data++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

/** C0 and DEL, and C1, which is C2 80 to C2 9F in UTF-8. */
static bool has_control(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (byte < 0x20 || byte == 0x7f) {
            return true;
        }
        if (byte == 0xc2 && i + 1 < text.len && text.data[i + 1] < 0xa0) {
            return true;
        }
    }
    return false;
}

int name_normalize(struct bytes text, struct arena *arena, struct bytes *out)
{
    static const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                                             UTF8PROC_CASEFOLD | UTF8PROC_IGNORE |
                                             UTF8PROC_REJECTNA;
    struct bytes trimmed = name_trim(text);
    if (trimmed.len == 0 || trimmed.len > IDENTITY_VALUE_BYTES_MAX) {
        return ERR_INVALID_ARGUMENT;
    }
    utf8proc_uint8_t *folded = NULL;
    utf8proc_ssize_t len =
        utf8proc_map(trimmed.data, (utf8proc_ssize_t)trimmed.len, &folded, options);
    if (len < 0) {
        return ERR_INVALID_ARGUMENT;
    }
    struct bytes normal = name_trim(bytes_of(folded, (size_t)len));
    int err = 0;
    if (normal.len == 0 || normal.len > IDENTITY_VALUE_BYTES_MAX || has_control(normal)) {
        err = ERR_INVALID_ARGUMENT;
    } else {
        *out = bytes_of(arena_copy(arena, normal.data, normal.len), normal.len);
    }
    free(folded);
    return err;
}

int nickname_normalize(struct bytes text, struct arena *arena, struct bytes *out)
{
    return text_count(name_trim(text)) < NICKNAME_POINTS_MIN ? ERR_INVALID_ARGUMENT
                                                             : name_normalize(text, arena, out);
}

/** `prefix_size` includes the NUL that ends it. */
static struct address identity_of(const char *prefix, size_t prefix_size, struct bytes normal)
{
    uint8_t text[16 + IDENTITY_VALUE_BYTES_MAX];
    CHECK_ALWAYS(prefix_size <= 16 && normal.len <= IDENTITY_VALUE_BYTES_MAX);
    memcpy(text, prefix, prefix_size);
    memcpy(text + prefix_size, normal.data, normal.len);
    return (struct address){.kind = ACTOR_IDENTITY,
                            .id = id_from_hash(text, prefix_size + normal.len)};
}

struct address identity_of_email(struct bytes normal)
{
    return identity_of("email", sizeof "email", normal);
}

struct address identity_of_nickname(struct bytes normal)
{
    return identity_of("nickname", sizeof "nickname", normal);
}
