/*
 * NATS with JetStream, in its text protocol. A text is published into a stream (PUB with an inbox
 * for the answer), which acknowledges once it has stored it. The partner hears it in one of two
 * ways: by a consumer, which the stream pushes to after storing and which says where in the stream
 * a text stands, so that one can resume there; or by a plain subscription to the same subject,
 * which is faster, and hears a text before it is stored, at most once.
 *
 * Subjects: chat.<run>.<couple>.<side>; an answer comes to answer.<run>.<couple>.<side>.<id>, what
 * a consumer is sent to hear.<run>.<couple>.<side>.
 */
#include <stdbool.h>
#include <stdio.h>

#include "bench/protocols/dial.h"
#include "bench/protocols/text.h"
#include "wire/record.h"

#define STREAMS 16 /* their number is the last digit of a couple's */
#define ANSWER_SID '1'
#define PARTNER_SID '2'
#define ID_DIGITS 8
#define STREAM_AT (sizeof "PUB chat." - 1)
#define LENGTH_DIGITS_MAX 7

/* Bytes of the line at the front with its end, or 0. */
static size_t line_length(struct bytes input)
{
    const uint8_t *end = input.len != 0 ? memchr(input.data, '\n', input.len) : NULL;
    return end != NULL ? (size_t)(end - input.data) + 1 : 0;
}

/* The number that ends a line of `len` bytes, CRLF included; LINK_MALFORMED if there is none. */
static size_t last_number(const uint8_t *line, size_t len)
{
    size_t value = 0;
    size_t scale = 1;
    size_t at = len - 2;
    while (at > 0 && len - 2 - at < LENGTH_DIGITS_MAX && line[at - 1] >= '0' &&
           line[at - 1] <= '9') {
        value += (size_t)(line[--at] - '0') * scale;
        scale *= 10;
    }
    bool good = at > 0 && at < len - 2 && line[at - 1] == ' ';
    return good ? value : LINK_MALFORMED;
}

/* A message is a line; after MSG and HMSG comes a payload with another end of line. */
static size_t split(struct bytes input)
{
    size_t len = line_length(input);
    if (len == 0) {
        return 0;
    }
    if (len < 2 || input.data[len - 2] != '\r') {
        return LINK_MALFORMED;
    }
    if (input.data[0] != 'M' && input.data[0] != 'H') {
        return len;
    }
    size_t payload = last_number(input.data, len);
    return payload == LINK_MALFORMED ? LINK_MALFORMED : len + payload + 2;
}

/* Waits for a message that begins with `text`; an error ends it, all others are passed over. */
static void await(struct dial *dial, const char *step, const char *text)
{
    struct buffer message = {0};
    do {
        dial_take(dial, step, split, &message);
        struct bytes found = buffer_bytes(&message);
        bool refused = text_starts(found, "-ERR") || text_find(found, "\"error\"") != NULL;
        if (found.len != 0 && refused) {
            dial_fail(dial, step, "refused", &message);
        }
    } while (message.len != 0 && !text_starts(buffer_bytes(&message), text));
    buffer_fini(&message);
}

/* The streams, in files; made by the first connection, and found there in later runs. */
static void create_streams(struct dial *dial)
{
    char config[320];
    dial_say(dial, "SUB created 9\r\n");
    for (unsigned i = 0; i < STREAMS; i++) {
        int len = snprintf(config, sizeof config,
                           "{\"name\":\"CHAT%x\",\"subjects\":[\"chat.%x.>\"],\"storage\":\"file\","
                           "\"retention\":\"limits\",\"discard\":\"old\",\"num_replicas\":1,"
                           "\"max_consumers\":-1,\"max_msgs\":-1,\"max_bytes\":-1,\"max_age\":0}",
                           i, i);
        dial_say(dial, "PUB $JS.API.STREAM.CREATE.CHAT%x created %d\r\n%s\r\n", i, len, config);
        await(dial, "JetStream", "MSG created 9 ");
    }
    dial_say(dial, "UNSUB 9\r\n");
}

/* Connected, the streams there, and answers heard. */
static void open_client(struct dial *dial, const struct chat_place *place)
{
    dial_open(dial, place);
    await(dial, "NATS", "INFO ");
    dial_say(dial, "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"c\","
                   "\"version\":\"1\",\"protocol\":1}\r\n");
    if (place->index == 0) {
        create_streams(dial);
    }
    dial_say(dial, "SUB answer.%016llx.%08x.%u.* %c\r\n", (unsigned long long)place->run,
             place->couple, place->side, ANSWER_SID);
}

static int join_subscription(const struct chat_place *place, struct opened *out)
{
    struct dial dial;
    open_client(&dial, place);
    dial_say(&dial, "SUB chat.%x.%016llx.%08x.%u %c\r\nPING\r\n", place->couple % STREAMS,
             (unsigned long long)place->run, place->couple, place->side ^ 1, PARTNER_SID);
    await(&dial, "NATS", "PONG");
    return dial_finish(&dial, out);
}

/* An ephemeral consumer as ordered ones are: in memory, pushed to, without acknowledgements. */
static int join_consumer(const struct chat_place *place, struct opened *out)
{
    unsigned long long run = place->run;
    char config[512];
    struct dial dial;
    unsigned stream = place->couple % STREAMS;
    int len = snprintf(config, sizeof config,
                       "{\"stream_name\":\"CHAT%x\",\"config\":{"
                       "\"deliver_subject\":\"hear.%016llx.%08x.%u\","
                       "\"filter_subject\":\"chat.%x.%016llx.%08x.%u\",\"deliver_policy\":\"new\","
                       "\"ack_policy\":\"none\",\"max_deliver\":1,\"mem_storage\":true,"
                       "\"num_replicas\":1}}",
                       stream, run, place->couple, place->side, stream, run, place->couple,
                       place->side ^ 1);
    open_client(&dial, place);
    dial_say(&dial, "SUB hear.%016llx.%08x.%u %c\r\nSUB created 9\r\n", run, place->couple,
             place->side, PARTNER_SID);
    dial_say(&dial, "PUB $JS.API.CONSUMER.CREATE.CHAT%x created %d\r\n%s\r\n", stream, len, config);
    await(&dial, "JetStream consumer", "MSG created 9 ");
    dial_say(&dial, "UNSUB 9\r\n");
    return dial_finish(&dial, out);
}

static void template_init(struct chat_template *template, size_t text_bytes, uint64_t run)
{
    char line[160];
    int len = snprintf(line, sizeof line,
                       "PUB chat.0.%016llx.00000000.0 answer.%016llx.00000000.0.00000000 %zu\r\n",
                       (unsigned long long)run, (unsigned long long)run, text_bytes);
    buffer_append(&template->frame, line, (size_t)len);
    template->couple_at = STREAM_AT + strlen("0.") + CHAT_RUN_DIGITS + 1;
    template->side_at = template->couple_at + CHAT_COUPLE_DIGITS + 1;
    template->again_at = template->side_at + strlen("0 answer.") + CHAT_RUN_DIGITS + 1;
    template->id_at = template->again_at + CHAT_COUPLE_DIGITS + strlen(".0.");
    template->text_at = template->frame.len;
    chat_text_append_blank(&template->frame, text_bytes);
    text_append(&template->frame, "\r\n");
}

static void append(const struct chat_template *template, uint32_t id, uint64_t no,
                   const struct chat_text *text, struct buffer *out)
{
    (void)no;
    uint8_t *frame = chat_template_copy(template, out);
    put_hex(frame + STREAM_AT, text->couple % STREAMS, 1);
    put_hex(frame + template->couple_at, text->couple, CHAT_COUPLE_DIGITS);
    put_hex(frame + template->side_at, text->side, 1);
    memcpy(frame + template->again_at, frame + template->couple_at, CHAT_COUPLE_DIGITS + 2);
    put_hex(frame + template->id_at, id, ID_DIGITS);
    chat_text_patch(frame + template->text_at, text);
}

/* "MSG answer.….<id> 1 <bytes>": `sid` stands after the id and a blank. */
static int scan_answer(const uint8_t *line, const uint8_t *sid, struct bytes payload,
                       struct chat_incoming *out)
{
    uint64_t id = 0;
    if (sid - line < ID_DIGITS + 1 || read_hex(sid - 1 - ID_DIGITS, ID_DIGITS, &id) != 0) {
        return ERR_MALFORMED;
    }
    bool refused = text_find(payload, "\"error\"") != NULL;
    *out = (struct chat_incoming){.type = refused ? CHAT_REFUSED : CHAT_ACKED,
                                  .id = (uint32_t)id,
                                  .error = refused ? ERR_BUSY : 0};
    return 1;
}

static int scan_message(struct bytes message, struct chat_incoming *out)
{
    size_t len = line_length(message);
    size_t payload_len = len < 2 ? LINK_MALFORMED : last_number(message.data, len);
    if (payload_len == LINK_MALFORMED || message.len != len + payload_len + 2 ||
        message.data[message.len - 2] != '\r') {
        return ERR_MALFORMED;
    }
    struct bytes payload = bytes_of(message.data + len, payload_len);
    size_t subject = sizeof "MSG " - 1;
    const uint8_t *blank = memchr(message.data + subject, ' ', len - subject);
    const uint8_t *sid = blank != NULL ? blank + 1 : NULL;
    if (sid == NULL || sid[1] != ' ') {
        return ERR_MALFORMED;
    }
    if (*sid == ANSWER_SID) {
        return scan_answer(message.data, sid, payload, out);
    }
    *out = (struct chat_incoming){.type = *sid == PARTNER_SID ? CHAT_MESSAGE : CHAT_OTHER,
                                  .text = payload};
    return 1;
}

static int next(struct chat_channel *channel, struct bytes *message, struct chat_incoming *out)
{
    struct bytes found;
    if (!chat_take_whole(message, &found, out)) {
        return 0;
    }
    if (text_starts(found, "MSG ")) {
        return scan_message(found, out);
    }
    if (text_starts(found, "PING")) {
        text_append(channel->out, "PONG\r\n");
    }
    return text_starts(found, "-ERR") || text_starts(found, "HMSG") ? ERR_MALFORMED : 1;
}

const struct chat_protocol nats_protocol = {.name = "nats",
                                            .summary = "NATS JetStream, heard by consumers",
                                            .id_mask = UINT32_MAX,
                                            .split = split,
                                            .join = join_consumer,
                                            .template_init = template_init,
                                            .append = append,
                                            .next = next};

const struct chat_protocol nats_core_protocol = {.name = "nats-core",
                                                 .summary = "the same, heard by subscriptions",
                                                 .id_mask = UINT32_MAX,
                                                 .split = split,
                                                 .join = join_subscription,
                                                 .template_init = template_init,
                                                 .append = append,
                                                 .next = next};
