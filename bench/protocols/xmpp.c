/*
 * XMPP (RFC 6120, 6121) with stream management (XEP-0198): a text is a <message/> to the partner's
 * full address with an <r/> behind it in the same send, and the server's <a h='…'/> acknowledges.
 * The server asks for the same in return, and is answered.
 *
 * What comes is scanned, not parsed as a document: a stanza ends where its first tag is closed.
 * Texts consist of characters that need no escaping.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench/protocols/dial.h"
#include "bench/protocols/text.h"

#define DOMAIN "localhost"
#define RESOURCE "duet"
#define PASSWORD "secret"
#define MESSAGE "<message type='chat' to='u"
#define COUPLE "00000000"
#define ADDRESS_REST "-0@" DOMAIN "/" RESOURCE "'><body>"
#define MESSAGE_END "</body></message><r xmlns='urn:xmpp:sm:3'/>"
#define STREAM                                                                                     \
    "<stream:stream to='" DOMAIN "' version='1.0' xmlns='jabber:client'"                           \
    " xmlns:stream='http://etherx.jabber.org/streams'>"
#define PLAIN_BYTES_MAX 64
#define IN_FLIGHT_MAX 65536 /* more than any window */
#define COUNT_DIGITS_MAX 10 /* of 32 bits */

static void template_init(struct chat_template *template, size_t text_bytes, uint64_t run)
{
    (void)run; /* the partner's address is the same in every run */
    struct buffer *frame = &template->frame;
    text_append(frame, MESSAGE);
    template->couple_at = frame->len;
    template->side_at = frame->len + sizeof COUPLE;
    text_append(frame, COUPLE ADDRESS_REST);
    template->text_at = frame->len;
    chat_text_append_blank(frame, text_bytes);
    text_append(frame, MESSAGE_END);
}

static void append(const struct chat_template *template, uint32_t id, uint64_t no,
                   const struct chat_text *text, struct buffer *out)
{
    (void)id;
    (void)no;
    uint8_t *frame = chat_template_copy(template, out);
    put_hex(frame + template->couple_at, text->couple, CHAT_COUPLE_DIGITS);
    put_hex(frame + template->side_at, text->side ^ 1, 1);
    chat_text_patch(frame + template->text_at, text);
}

static void encode_base64(struct bytes in, char *out)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < in.len; i += 3) {
        size_t left = in.len - i;
        uint32_t three = (uint32_t)in.data[i] << 16;
        three |= left > 1 ? (uint32_t)in.data[i + 1] << 8 : 0;
        three |= left > 2 ? in.data[i + 2] : 0;
        *out++ = alphabet[three >> 18];
        *out++ = alphabet[three >> 12 & 63];
        *out++ = left > 1 ? alphabet[three >> 6 & 63] : '=';
        *out++ = left > 2 ? alphabet[three & 63] : '=';
    }
    *out = '\0';
}

static int join(const struct chat_place *place, struct opened *out)
{
    struct dial dial;
    char plain[PLAIN_BYTES_MAX];
    char encoded[PLAIN_BYTES_MAX * 4 / 3 + 5];
    int len = snprintf(plain, sizeof plain, "%cu%08x-%x%c%s", '\0', place->couple, place->side,
                       '\0', PASSWORD);
    encode_base64(bytes_of(plain, (size_t)len), encoded);

    dial_open(&dial, place);
    dial_say(&dial, STREAM);
    dial_await(&dial, "opening the stream", "</stream:features>", "<stream:error");
    dial_say(&dial, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>",
             encoded);
    dial_await(&dial, "signing in", "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
               "<failure");
    dial_say(&dial, STREAM "<iq id='b' type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                           "<resource>" RESOURCE "</resource></bind></iq>"
                           "<enable xmlns='urn:xmpp:sm:3'/>");
    dial_await(&dial, "binding a resource", "</bind></iq>", "type='error'");
    dial_await(&dial, "enabling stream management", "<enabled xmlns='urn:xmpp:sm:3'/>", "<failed");
    return dial_finish(&dial, out);
}

/* The '>' that ends the tag at `at`, past quoted values; NULL if it has not come. */
static const uint8_t *tag_end(const uint8_t *at, const uint8_t *end)
{
    for (; at < end && *at != '>'; at++) {
        if (*at == '\'' || *at == '"') {
            at = memchr(at + 1, *at, (size_t)(end - at - 1));
            if (at == NULL) {
                return NULL;
            }
        }
    }
    return at < end ? at : NULL;
}

/* White space between stanzas keeps a connection alive and is a message of its own. */
static size_t split(struct bytes input)
{
    const uint8_t *end = input.data + input.len;
    const uint8_t *at = input.data;
    int depth = 0;
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
        at++;
    }
    if (at != input.data || at == end) {
        return (size_t)(at - input.data);
    }
    if (*at != '<') {
        return LINK_MALFORMED;
    }
    do {
        at = memchr(at, '<', (size_t)(end - at));
        const uint8_t *close = at == NULL ? NULL : tag_end(at, end);
        if (close == NULL) {
            return 0;
        }
        bool closes = at[1] == '/';
        bool alone = close[-1] == '/';
        depth += closes ? -1 : !alone;
        at = close + 1;
    } while (depth > 0);
    return depth == 0 ? (size_t)(at - input.data) : LINK_MALFORMED; /* the end of the stream */
}

static int read_message(struct bytes stanza, struct chat_incoming *out)
{
    const uint8_t *end = stanza.data + stanza.len;
    const uint8_t *head_end = tag_end(stanza.data, end);
    if (head_end == NULL) {
        return ERR_MALFORMED;
    }
    struct bytes head = bytes_of(stanza.data, (size_t)(head_end - stanza.data));
    struct bytes rest = bytes_of(head_end, (size_t)(end - head_end));
    if (text_find(head, "type='error'") != NULL) {
        return ERR_MALFORMED; /* bounced */
    }
    int found = text_between(rest, "<body>", '<', &out->text);
    out->type = found > 0 ? CHAT_MESSAGE : CHAT_OTHER;
    return found < 0 ? found : 1;
}

static void append_decimal(struct buffer *out, uint32_t value)
{
    uint8_t digits[10];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    buffer_append(out, digits + at, sizeof digits - at);
}

static void answer(struct chat_channel *channel)
{
    text_append(channel->out, "<a xmlns='urn:xmpp:sm:3' h='");
    append_decimal(channel->out, channel->received);
    text_append(channel->out, "'/>");
}

/* How many stanzas the server has taken since <enabled/>; one may acknowledge several. */
static int read_answer(struct chat_channel *channel, struct bytes stanza, struct chat_incoming *out)
{
    struct bytes digits;
    uint64_t number;
    int found = text_between(stanza, " h='", '\'', &digits);
    bool is_number = found > 0 && digits.len != 0 &&
                     text_decimal(digits, COUNT_DIGITS_MAX, &number) == digits.len;
    if (!is_number || number > UINT32_MAX) {
        return ERR_MALFORMED;
    }
    uint32_t taken = (uint32_t)number;
    if (taken - channel->answered > IN_FLIGHT_MAX) {
        return ERR_MALFORMED;
    }
    if (taken != channel->answered) {
        out->type = CHAT_ACKED;
        out->id = channel->answered++;
    }
    return taken != channel->answered;
}

static int next(struct chat_channel *channel, struct bytes *message, struct chat_incoming *out)
{
    struct bytes stanza;
    if (!chat_take_whole(message, &stanza, out)) {
        return 0;
    }
    if (text_starts(stanza, "<a ")) {
        int more = read_answer(channel, stanza, out);
        if (more > 0) {
            *message = stanza; /* again, for the next of those it acknowledges */
        }
        return more < 0 ? more : 1;
    }
    if (text_starts(stanza, "<r ")) {
        answer(channel);
        return 1;
    }
    bool is_message = text_starts(stanza, "<message ");
    bool counts = is_message || text_starts(stanza, "<presence") || text_starts(stanza, "<iq ");
    channel->received += counts;
    if (text_starts(stanza, "<stream:error") || text_starts(stanza, "<failed")) {
        return ERR_MALFORMED;
    }
    return is_message ? read_message(stanza, out) : 1;
}

const struct chat_protocol xmpp_protocol = {
    .name = "xmpp",
    .summary = "XMPP with stream management (XEP-0198), SASL PLAIN",
    .id_mask = UINT32_MAX,
    .split = split,
    .join = join,
    .template_init = template_init,
    .append = append,
    .next = next,
};
