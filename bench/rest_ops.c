#include <stdio.h>
#include <string.h>

#include "bench/http_ask.h"
#include "bench/protocol.h"
#include "bench/report.h"
#include "bench/rest.h"

#define TEXT_OF_IT(number) #number
#define TEXT_OF(number) TEXT_OF_IT(number)
#define NO_DIGITS 16
#define PARSED_EVERY 1024 /* answers: one is read as JSON in full */

const char *const rest_op_names[REST_OPS] = {"profile", "history", "unread", "send"};

static bool check_read(struct rest_client *client, enum rest_op op, struct bytes body,
                       const struct rest_flight *flight);
static bool check_history(struct rest_client *client, enum rest_op op, struct bytes body,
                          const struct rest_flight *flight);
static bool check_send(struct rest_client *client, enum rest_op op, struct bytes body,
                       const struct rest_flight *flight);

static const struct {
    const char *method, *path;
    int status;
    bool (*check)(struct rest_client *client, enum rest_op op, struct bytes body,
                  const struct rest_flight *flight);
} ops[REST_OPS] = {
    [REST_PROFILE] = {"GET", "/api/v1/user/profile", 200, check_read},
    [REST_HISTORY] = {"GET", "/api/v1/chat/messages?limit=" TEXT_OF(REST_HISTORY_LIMIT), 200,
                      check_history},
    [REST_UNREAD] = {"GET", "/api/v1/notifications/unread", 200, check_read},
    [REST_SEND] = {"POST", "/api/v1/chat/messages", 201, check_send},
};

void rest_requests_init(struct rest_client *client, const char *token)
{
    const struct server *server = &client->run->server;
    struct buffer body = {0};
    buffer_append(&body, "{\"no\":", 6);
    size_t no_at = body.len;
    memset(buffer_extend(&body, NO_DIGITS), '0', NO_DIGITS);
    buffer_append(&body, ",\"text\":\"", 9);
    size_t text_at = body.len;
    chat_text_append_blank(&body, (size_t)client->run->options->bytes);
    buffer_append(&body, "\"}", 2);
    for (int op = 0; op < REST_OPS; op++) {
        bool send = op == REST_SEND;
        struct buffer *request = &client->requests[op];
        http_request_append(request, ops[op].method, ops[op].path, server->host, server->port,
                            token, send ? (int64_t)body.len : -1);
        if (send) {
            client->no_at = request->len + no_at;
            client->text_at = request->len + text_at;
            buffer_append(request, body.data, body.len);
        }
    }
    buffer_fini(&body);
}

enum rest_op rest_next_op(struct rest_client *client)
{
    const struct rest_run *run = client->run;
    if (run->only != REST_OPS) {
        return run->only;
    }
    /* Neighbours are at other places of the mix, so that writes do not come all at once. */
    uint64_t place = (client->asked + client->index) % (uint64_t)(run->reads + run->writes);
    bool write = place < (uint64_t)run->writes;
    return write ? REST_SEND : (enum rest_op)((client->reads++ + client->index) % REST_SEND);
}

/* Several clients may write for one user: their numbers interleave, so that none is used twice. */
static uint64_t no_of(const struct rest_client *client, uint64_t number)
{
    const struct rest_run *run = client->run;
    uint64_t users = run->tokens.count;
    uint64_t sharers = (run->count + users - 1) / users;
    return run->no_base + number * sharers + client->index / users;
}

void rest_ask(struct rest_client *client, enum rest_op op, int64_t at_us)
{
    const struct buffer *request = &client->requests[op];
    uint32_t place = (client->first + client->in_flight++) % REST_PIPELINE_MAX;
    struct rest_flight *flight = &client->flights[place];
    uint8_t *out = buffer_extend(&client->http.out, request->len);
    memcpy(out, request->data, request->len);
    *flight = (struct rest_flight){.op = op, .at_us = at_us};
    client->asked++;
    if (op == REST_SEND) {
        flight->number = ledger_sent(&client->ledger, at_us, &client->run->tally);
        struct chat_text text = {.couple = client->index, .number = flight->number, .at_us = at_us};
        put_decimal(out + client->no_at, no_of(client, flight->number), NO_DIGITS);
        chat_text_patch(out + client->text_at, &text);
    }
}

/* --- the answers ------------------------------------------------------------------------------ */

/* The number behind the first `name` at or after `*at`, which goes behind it; 0: none. */
static uint64_t next_number(struct bytes body, size_t *at, const char *name)
{
    size_t name_len = strlen(name);
    const uint8_t *end = body.data + body.len;
    const uint8_t *found = memmem(body.data + *at, body.len - *at, name, name_len);
    uint64_t number = 0;
    if (found == NULL) {
        return 0;
    }
    for (found += name_len; found < end && *found >= '0' && *found <= '9'; found++) {
        number = number * 10 + (uint64_t)(*found - '0');
    }
    *at = (size_t)(found - body.data);
    return number;
}

/* As every answer begins that says ok; how it goes on is read in full now and then. */
static bool has_envelope(struct bytes body)
{
    static const char front[] = "{\"status\":\"ok\",\"data\":{";
    size_t len = sizeof front - 1;
    return body.len > len && memcmp(body.data, front, len) == 0 && body.data[body.len - 1] == '}';
}

/* The whole of it: JSON, an envelope that says ok, and data with something in it. */
static bool is_sound(struct bytes body)
{
    json_t *json = json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES, NULL);
    const char *status = json_string_value(json_object_get(json, "status"));
    bool sound = status != NULL && strcmp(status, "ok") == 0 &&
                 json_object_size(json_object_get(json, "data")) != 0;
    json_decref(json);
    return sound;
}

/* One that was sound before is sound again; a new one is read in full. */
static bool check_read(struct rest_client *client, enum rest_op op, struct bytes body,
                       const struct rest_flight *flight)
{
    struct buffer *known = &client->known[op];
    (void)flight;
    if (bytes_equal(buffer_bytes(known), body)) {
        return true;
    }
    buffer_clear(known);
    buffer_append(known, body.data, body.len);
    return is_sound(body);
}

/* The newest messages, ascending without a gap, its own acknowledged ones among them. */
static bool check_history(struct rest_client *client, enum rest_op op, struct bytes body,
                          const struct rest_flight *flight)
{
    uint64_t last = 0;
    uint64_t msg;
    size_t at = 0;
    size_t count = 0;
    (void)op;
    (void)flight;
    while ((msg = next_number(body, &at, "\"msg\":")) != 0) {
        if (count++ != 0 && msg != last + 1) {
            return false;
        }
        last = msg;
    }
    return has_envelope(body) && count == REST_HISTORY_LIMIT && last >= client->acked_msg;
}

static bool check_send(struct rest_client *client, enum rest_op op, struct bytes body,
                       const struct rest_flight *flight)
{
    struct rest_run *run = client->run;
    size_t seq_at = 0;
    size_t msg_at = 0;
    uint64_t seq = next_number(body, &seq_at, "\"seq\":");
    uint64_t msg = next_number(body, &msg_at, "\"msg\":");
    bool dup = memmem(body.data, body.len, "\"dup\":true", 10) != NULL;
    (void)op;
    if (!has_envelope(body) || seq == 0 || msg == 0 || dup) {
        return false;
    }
    ledger_acked(&client->ledger, flight->number, seq, msg, &run->tally);
    client->acked_msg = msg > client->acked_msg ? msg : client->acked_msg;
    return true;
}

static void note_wrong(struct rest_run *run, const struct rest_flight *flight,
                       const struct http_answer *answer)
{
    if (run->first_wrong == 0) {
        run->first_wrong = answer->status;
        complain("%s was answered %d: %.*s", rest_op_names[flight->op], answer->status,
                 (int)(answer->body.len < 200 ? answer->body.len : 200),
                 (const char *)answer->body.data);
    }
}

bool rest_take(struct rest_client *client, const struct http_answer *answer,
               const struct rest_flight *flight)
{
    struct rest_run *run = client->run;
    struct rest_counts *counts = &run->counts;
    if (answer->status != ops[flight->op].status) {
        bool refused = answer->status == 429 || answer->status == 503;
        counts->refused += refused;
        counts->wrong_status += !refused;
        if (flight->op == REST_SEND) {
            ledger_refused(&client->ledger, flight->number, &run->tally);
        }
        note_wrong(run, flight, answer);
        return false;
    }
    bool in_full = run->checked++ % PARSED_EVERY == 0;
    if (!ops[flight->op].check(client, flight->op, answer->body, flight) ||
        (in_full && !is_sound(answer->body))) {
        counts->malformed++;
        note_wrong(run, flight, answer);
        return false;
    }
    counts->answered[flight->op]++;
    return true;
}
