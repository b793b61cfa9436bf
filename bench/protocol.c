#include "bench/protocol.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "bench/report.h"

#define COUPLE_AT 5
#define SIDE_AT 14
#define NUMBER_AT 16
#define TIME_AT 33
#define PREFIX_BYTES 5

static const struct chat_protocol *const protocols[] = {
    &duet_protocol,       &socketio_protocol, &mqtt_protocol,           &nats_protocol,
    &nats_core_protocol,  &redis_protocol,    &redis_function_protocol, &xmpp_protocol,
    &centrifugo_protocol, &tinode_protocol,
};
#define PROTOCOL_COUNT (sizeof protocols / sizeof protocols[0])

const struct chat_protocol *protocol_find(const char *name)
{
    for (size_t i = 0; i < PROTOCOL_COUNT; i++) {
        if (strcmp(protocols[i]->name, name) == 0) {
            return protocols[i];
        }
    }
    complain("no such protocol: %s; there are", name);
    for (size_t i = 0; i < PROTOCOL_COUNT; i++) {
        fprintf(stderr, "  %-12s %s\n", protocols[i]->name, protocols[i]->summary);
    }
    return NULL;
}

void chat_template_fini(struct chat_template *template)
{
    buffer_fini(&template->frame);
}

void chat_template_shift(struct chat_template *template, size_t bytes)
{
    size_t *const places[] = {&template->id_at,     &template->no_at,   &template->text_at,
                              &template->couple_at, &template->side_at, &template->again_at};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        *places[i] += bytes;
    }
}

void chat_text_append_blank(struct buffer *out, size_t text_bytes)
{
    uint8_t *text = buffer_extend(out, text_bytes);
    memset(text, '.', text_bytes);
    memcpy(text, CHAT_TEXT_BLANK, CHAT_TEXT_BYTES_MIN);
}

void put_hex(uint8_t *out, uint64_t value, int digits)
{
    static const char alphabet[] = "0123456789abcdef";
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (uint8_t)alphabet[value & 15];
        value >>= 4;
    }
}

void put_decimal(uint8_t *out, uint64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        out[i] = (uint8_t)('0' + value % 10);
        value /= 10;
    }
}

void chat_text_patch(uint8_t *at, const struct chat_text *text)
{
    put_hex(at + COUPLE_AT, text->couple, CHAT_COUPLE_DIGITS);
    put_hex(at + SIDE_AT, text->side, 1);
    put_hex(at + NUMBER_AT, text->number, 16);
    put_hex(at + TIME_AT, (uint64_t)text->at_us, 16);
}

/* Sets `*bad` if one of the digits is none. */
static uint64_t get_hex(const uint8_t *in, int digits, bool *bad)
{
    uint64_t value = 0;
    for (int i = 0; i < digits; i++) {
        uint8_t c = in[i];
        bool decimal = c >= '0' && c <= '9';
        *bad = *bad || !(decimal || (c >= 'a' && c <= 'f'));
        value = value << 4 | (uint64_t)(decimal ? c - '0' : (c - 'a' + 10) & 15);
    }
    return value;
}

int read_hex(const uint8_t *in, int digits, uint64_t *out)
{
    bool bad = false;
    uint64_t value = get_hex(in, digits, &bad);
    if (bad) {
        return ERR_MALFORMED;
    }
    *out = value;
    return 0;
}

int chat_text_parse(struct bytes text, size_t text_bytes, struct chat_text *out)
{
    if (text.len != text_bytes || memcmp(text.data, CHAT_TEXT_BLANK, PREFIX_BYTES) != 0) {
        return ERR_MALFORMED;
    }
    bool bad = false;
    struct chat_text found = {
        .couple = (uint32_t)get_hex(text.data + COUPLE_AT, CHAT_COUPLE_DIGITS, &bad),
        .side = (uint32_t)get_hex(text.data + SIDE_AT, 1, &bad),
        .number = get_hex(text.data + NUMBER_AT, 16, &bad),
        .at_us = (int64_t)get_hex(text.data + TIME_AT, 16, &bad)};
    if (bad) {
        return ERR_MALFORMED;
    }
    *out = found;
    return 0;
}

int join_complain(const struct chat_place *place, const char *what, const char *detail)
{
    complain("connection %zu: %s: %s", place->index, what, detail);
    return ERR_IO;
}
