#include "edge/rest_headers.h"

#include <strings.h>

#include "wire/record.h"

#define REQUEST_ID_MAX 64

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static struct bytes trim(struct bytes text)
{
    while (text.len != 0 && is_blank(text.data[0])) {
        text = bytes_of(text.data + 1, text.len - 1);
    }
    while (text.len != 0 && is_blank(text.data[text.len - 1])) {
        text.len--;
    }
    return text;
}

/** The text up to `mark`, which is taken off with it. */
static struct bytes take_until(struct bytes *text, char mark)
{
    const uint8_t *at = text->len == 0 ? NULL : memchr(text->data, mark, text->len);
    struct bytes taken = *text;
    if (at == NULL) {
        text->len = 0;
        return taken;
    }
    taken.len = (size_t)(at - text->data);
    *text = bytes_of(at + 1, text->len - taken.len - 1);
    return taken;
}

static bool starts_with(struct bytes text, const char *prefix)
{
    size_t len = strlen(prefix);
    return text.len >= len && strncasecmp((const char *)text.data, prefix, len) == 0;
}

bool rest_next_item(struct bytes *list, struct bytes *item)
{
    while (list->len != 0) {
        *item = trim(take_until(list, ','));
        if (item->len != 0) {
            return true;
        }
    }
    return false;
}

/* --- languages ------------------------------------------------------------------------------- */

/** The weight in thousandths of "q=0.8"; 1,000 where there is none. */
static int weight_of(struct bytes parameters)
{
    while (parameters.len != 0) {
        struct bytes parameter = trim(take_until(&parameters, ';'));
        if (!starts_with(parameter, "q=")) {
            continue;
        }
        int weight = 0, unit = 1000;
        for (size_t i = 2; i < parameter.len && unit > 0; i++) {
            uint8_t c = parameter.data[i];
            if (c >= '0' && c <= '9') {
                weight += (c - '0') * unit;
                unit /= 10;
            }
        }
        return weight;
    }
    return 1000;
}

static bool is_language(struct bytes range, const char *tag)
{
    return starts_with(range, tag) && (range.len == 2 || range.data[2] == '-');
}

enum language rest_language(struct bytes accept_language)
{
    int korean = 0, english = 0;
    struct bytes item;
    while (rest_next_item(&accept_language, &item)) {
        struct bytes range = trim(take_until(&item, ';'));
        int weight = weight_of(item);
        if (is_language(range, "ko") && weight > korean) {
            korean = weight;
        } else if (is_language(range, "en") && weight > english) {
            english = weight;
        }
    }
    return korean > english ? LANGUAGE_KO : LANGUAGE_EN;
}

/* --- who asks -------------------------------------------------------------------------------- */

bool rest_bearer(struct bytes authorization, struct bytes *token)
{
    if (!starts_with(authorization, "bearer ")) {
        return false;
    }
    *token = trim(bytes_of(authorization.data + 7, authorization.len - 7));
    return token->len != 0;
}

bool rest_cookie(struct bytes cookies, const char *name, struct bytes *value)
{
    while (cookies.len != 0) {
        struct bytes pair = trim(take_until(&cookies, ';'));
        struct bytes its = take_until(&pair, '=');
        if (bytes_equal(its, text_of(name))) {
            *value = pair;
            return true;
        }
    }
    return false;
}

/** Origins that are not http or https (null, extensions) are nobody's. */
bool rest_is_same_origin(struct bytes origin, struct bytes host)
{
    size_t scheme = starts_with(origin, "https://") ? 8 : starts_with(origin, "http://") ? 7 : 0;
    return scheme != 0 && host.len != 0 && origin.len - scheme == host.len &&
           strncasecmp((const char *)origin.data + scheme, (const char *)host.data, host.len) == 0;
}

/* --- what is asked --------------------------------------------------------------------------- */

bool rest_etag_matches(struct bytes if_none_match, struct bytes etag)
{
    struct bytes item;
    while (rest_next_item(&if_none_match, &item)) {
        if (starts_with(item, "W/")) {
            item = bytes_of(item.data + 2, item.len - 2);
        }
        if (bytes_equal(item, etag) || bytes_equal(item, text_of("*"))) {
            return true;
        }
    }
    return false;
}

bool rest_is_json(struct bytes content_type)
{
    struct bytes type = trim(take_until(&content_type, ';'));
    return type.len == strlen("application/json") && starts_with(type, "application/json");
}

struct bytes rest_key(struct bytes value)
{
    bool quoted = value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"';
    return quoted ? bytes_of(value.data + 1, value.len - 2) : value;
}

bool rest_is_request_id(struct bytes value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.data[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '-' || c == '_' || c == '.' || c == ':' || c == '/' || c == '+' ||
                     c == '=';
        if (!plain) {
            return false;
        }
    }
    return value.len >= 1 && value.len <= REQUEST_ID_MAX;
}
