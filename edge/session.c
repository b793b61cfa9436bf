#include "edge/session_internal.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

#define SCAN_SLICES 20 /* a tick looks at this part of the slots */
#define SCAN_MIN 64
#define NO_SLOT UINT32_MAX

void session_limits_defaults(struct session_limits *limits)
{
    *limits = (struct session_limits){
        .requests_max = 1024,
        .sessions_max = 262144,
        .open_within_ms = 5000,
        .heartbeat_ms = 60000,
        .pending_bytes_max = 1 << 20,
        .page_entries_max = 128,
        .page_bytes_max = 32768,
        .costly_per_minute = 60,
        .costly_per_minute_address = 600,
    };
}

int64_t session_now_ms(const struct session_table *table)
{
    return table->config.now_ms(table->config.clock);
}

/* --- the table ------------------------------------------------------------------------------- */

static const struct kind *find_kind(const struct session_config *config, const char *topic)
{
    for (uint32_t i = 0; i < config->kind_count; i++) {
        const char *its = config->kinds[i]->stream.topic;
        if (its != NULL && strcmp(its, topic) == 0) {
            return config->kinds[i];
        }
    }
    return NULL;
}

static const struct command_type *find_command(const struct kind *kind, uint16_t code)
{
    for (uint32_t i = 0; kind != NULL && i < kind->command_count; i++) {
        if (kind->commands[i].code == code) {
            return &kind->commands[i];
        }
    }
    return NULL;
}

static void wait_anew(struct session *session);

static void answer(struct session *session, const struct reply *reply)
{
    uint32_t id = reply->caller.request;
    struct request request;
    requests_take(&session->requests, id, &request);
    if (reply->error == 0) {
        session_send_result(session, id, reply->result);
    } else {
        session_send_error(session, id,
                           &(struct rpc_error){.code = reply->error,
                                               .fault = &reply->fault,
                                               .retry_ms = reply->retry_ms,
                                               .lang = request.lang,
                                               .trace = request_trace(&request)});
    }
    free(request.trace);
    if (session->state == SESSION_CONNECTED && session->subprotocol != SUBPROTOCOL_VALUES) {
        wait_anew(session); /* a sign-in that had to queue leaves time to open */
    }
}

static void handle_reply(void *self, const struct reply *reply)
{
    struct session *session = session_find(self, reply->caller.session);
    const struct request *request =
        session == NULL ? NULL : requests_get(&session->requests, reply->caller.request);
    if (request == NULL) {
        return;
    }
    switch ((enum request_for)request->answer_for) {
    case REQUEST_FOR_CLIENT:
        answer(session, reply);
        break;
    case REQUEST_FOR_OPEN:
        session_open_attach_done(session, reply);
        break;
    case REQUEST_FOR_RECHECK:
        session_recheck_done(session, reply);
        break;
    }
}

static void handle_attached(void *self, const struct attached *attached)
{
    session_attached(self, attached);
}

static void handle_page(void *self, const struct page_result *page)
{
    session_page(self, page);
}

static void handle_push(void *self, const struct push *push)
{
    session_push(self, push);
}

static void handle_control(void *self, const struct control *control)
{
    session_control(self, control);
}

struct session_table *session_table_create(const struct session_config *config)
{
    struct session_table *table = memory_alloc(sizeof *table);
    table->config = *config;
    table->free_head = NO_SLOT;
    for (uint32_t i = 0; i < STREAM_COUNT; i++) {
        table->stream_kinds[i] = find_kind(config, stream_name_enum.names[i]);
    }
    table->attach_command = find_command(table->stream_kinds[STREAM_USER], SESSION_ATTACH_CODE);
    bucket_table_init(&table->addresses);
    atomic_init(&table->count, 0);
    shard_set_edge(config->shard, &(struct shard_edge){.self = table,
                                                       .reply = handle_reply,
                                                       .attached = handle_attached,
                                                       .page = handle_page,
                                                       .push = handle_push,
                                                       .control = handle_control});
    return table;
}

static uint32_t slot_take(struct session_table *table)
{
    if (table->free_head == NO_SLOT) {
        uint32_t count = table->slot_count == 0 ? 64 : table->slot_count * 2;
        table->slots = memory_resize(table->slots, count * sizeof *table->slots);
        for (uint32_t i = count; i-- > table->slot_count;) {
            table->slots[i] = (struct session_slot){.generation = 1, .next_free = table->free_head};
            table->free_head = i;
        }
        table->slot_count = count;
    }
    uint32_t slot = table->free_head;
    table->free_head = table->slots[slot].next_free;
    return slot;
}

static void slot_give(struct session_table *table, uint32_t index)
{
    struct session_slot *slot = &table->slots[index];
    slot->session = NULL;
    slot->generation = slot->generation == UINT32_MAX ? 1 : slot->generation + 1; /* 0 is none */
    slot->next_free = table->free_head;
    table->free_head = index;
}

struct session *session_find(struct session_table *table, struct session_ref ref)
{
    if (ref.slot >= table->slot_count) {
        return NULL;
    }
    struct session *session = table->slots[ref.slot].session;
    bool same = session != NULL && session->ref.generation == ref.generation;
    return same && session->state != SESSION_CLOSING ? session : NULL;
}

struct session_ref session_ref(const struct session *session)
{
    return session->ref;
}

uint64_t session_table_count(const struct session_table *table)
{
    return atomic_load_explicit(&table->count, memory_order_relaxed); /* only a figure */
}

/* --- those that have to open, oldest first --------------------------------------------------- */

static void start_waiting(struct session *session)
{
    struct session_table *table = session->table;
    session->previous_waiting = table->newest_waiting;
    if (table->newest_waiting != NULL) {
        table->newest_waiting->next_waiting = session;
    } else {
        table->oldest_waiting = session;
    }
    table->newest_waiting = session;
}

void session_stop_waiting(struct session *session)
{
    struct session_table *table = session->table;
    struct session *previous = session->previous_waiting, *next = session->next_waiting;
    if (previous == NULL && next == NULL && table->oldest_waiting != session) {
        return;
    }
    *(previous != NULL ? &previous->next_waiting : &table->oldest_waiting) = next;
    *(next != NULL ? &next->previous_waiting : &table->newest_waiting) = previous;
    session->previous_waiting = session->next_waiting = NULL;
}

/** Gives the whole time to open again. */
static void wait_anew(struct session *session)
{
    session_stop_waiting(session);
    session->deadline_ms =
        session_now_ms(session->table) + session->table->config.limits.open_within_ms;
    start_waiting(session);
}

/* --- sending --------------------------------------------------------------------------------- */

static void send_message(struct session *session, struct bytes head, struct bytes rest)
{
    struct transport *transport = &session->transport;
    if (session->state == SESSION_CLOSING) {
        return;
    }
    transport->send(transport->self, head, rest);
    if (transport->pending(transport->self) > session->table->config.limits.pending_bytes_max) {
        session_close(session, ERR_SLOW_READER);
    }
}

static void scratch_begin(struct session *session)
{
    buffer_clear(&session->table->scratch);
    if (session->subprotocol == SUBPROTOCOL_JSON) {
        buffer_append_u8(&session->table->scratch, '[');
    }
}

static void scratch_end(struct session *session, int error)
{
    if (!CHECK_RECOVER(error == 0)) {
        return;
    }
    if (session->subprotocol == SUBPROTOCOL_JSON) {
        buffer_append_u8(&session->table->scratch, ']');
    }
    send_message(session, buffer_bytes(&session->table->scratch), (struct bytes){0});
}

/** After something was handed to a carrier of values. */
static void bound_pending(struct session *session)
{
    struct transport *transport = &session->transport;
    if (session->state != SESSION_CLOSING &&
        transport->pending(transport->self) > session->table->config.limits.pending_bytes_max) {
        session_close(session, ERR_SLOW_READER);
    }
}

void session_send_result(struct session *session, uint32_t id, struct bytes result)
{
    static const uint8_t nil[] = {0xc0};
    if (session->subprotocol == SUBPROTOCOL_VALUES) {
        session->transport.result(session->transport.self, id, result);
        return;
    }
    if (session->subprotocol == SUBPROTOCOL_JSON) {
        scratch_begin(session);
        scratch_end(session, frame_append_result_json(&session->table->scratch, id, result));
        return;
    }
    uint8_t head[FRAME_RESULT_HEAD_MAX];
    size_t len = frame_put_result_head(head, id);
    send_message(session, bytes_of(head, len),
                 result.len != 0 ? result : bytes_of(nil, sizeof nil));
}

void session_send_record(struct session *session, uint32_t id, const struct record_type *type,
                         const void *result)
{
    struct buffer *body = &session->table->body;
    buffer_clear(body);
    record_encode(type, RECORD_AS_MAP, result, body);
    session_send_result(session, id, buffer_bytes(body));
}

void session_send_error(struct session *session, uint32_t id, const struct rpc_error *rpc_error)
{
    struct buffer *scratch = &session->table->scratch;
    int error = 0;
    if (session->subprotocol == SUBPROTOCOL_VALUES) {
        session->transport.error(session->transport.self, id, rpc_error);
        return;
    }
    scratch_begin(session);
    if (session->subprotocol == SUBPROTOCOL_JSON) {
        error = frame_append_error_json(scratch, id, rpc_error);
    } else {
        frame_append_error(scratch, id, rpc_error);
    }
    scratch_end(session, error);
}

void session_send_push(struct session *session, const char *topic, struct bytes body)
{
    if (session->subprotocol == SUBPROTOCOL_VALUES) {
        if (session->state != SESSION_CLOSING) {
            session->transport.push(session->transport.self, topic, body);
            bound_pending(session);
        }
        return;
    }
    if (session->subprotocol == SUBPROTOCOL_JSON) {
        scratch_begin(session);
        scratch_end(session, frame_append_push_json(&session->table->scratch, topic, body));
        return;
    }
    uint8_t head[FRAME_PUSH_HEAD_MAX];
    size_t len = frame_put_push_head(head, topic);
    send_message(session, bytes_of(head, len), body);
}

static void send_hello(struct session *session)
{
    const struct session_config *config = &session->table->config;
    struct hello hello = {
        .server = text_of("duet"),
        .version = text_of(config->version),
        .node = config->node,
        .now_ms = session_now_ms(session->table),
        .heartbeat_ms = config->limits.heartbeat_ms,
        .open_within_ms = config->limits.open_within_ms,
        .message_bytes_max = FRAME_BYTES_MAX,
        .messages_per_frame_max = FRAME_MESSAGES_MAX,
        .resume = text_of("complete"),
    };
    struct buffer *body = &session->table->body;
    buffer_clear(body);
    record_encode(&hello_type, RECORD_AS_MAP, &hello, body);
    session_send_push(session, hello_push.topic, buffer_bytes(body));
}

/* --- life ------------------------------------------------------------------------------------ */

struct session *session_connect(struct session_table *table, enum subprotocol subprotocol,
                                struct bytes remote, const struct transport *transport)
{
    if (session_table_count(table) >= table->config.limits.sessions_max) {
        return NULL;
    }
    struct session *session = memory_alloc(sizeof *session);
    uint32_t slot = slot_take(table);
    table->slots[slot].session = session;
    session->table = table;
    session->ref = (struct session_ref){.shard = table->config.shard_index,
                                        .slot = slot,
                                        .generation = table->slots[slot].generation};
    session->transport = *transport;
    session->subprotocol = subprotocol;
    session->costly_address = bucket_table_find(&table->addresses, remote);
    session->deadline_ms = session_now_ms(table) + table->config.limits.open_within_ms;
    session->follows = (1u << STREAM_COUNT) - 1;
    atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed); /* as in the count above */
    if (subprotocol != SUBPROTOCOL_VALUES) {
        start_waiting(session);
        send_hello(session);
    }
    return session;
}

/** Nothing of the shard refers to it afterwards. */
static void let_go(struct session *session)
{
    session_stop_waiting(session);
    session_opening_free(session);
    session_held_free(session);
    for (uint32_t i = 0; i < STREAM_COUNT; i++) {
        session_stream_detach(session, i);
    }
    requests_fini(&session->requests);
}

void session_close_code(struct session *session, int code, const char *reason)
{
    if (session->state == SESSION_CLOSING) {
        return;
    }
    session->state = SESSION_CLOSING;
    let_go(session);
    session->transport.close(session->transport.self, code, reason);
}

void session_close(struct session *session, int error)
{
    int code = error_close_code(error);
    char reason[64];
    if (code == 0) {
        code = error_close_code(ERR_INTERNAL);
    }
    bool comes_back = code >= 4000 && code < 4500;
    snprintf(reason, sizeof reason, comes_back ? "%s retry_ms=%d" : "%s", error_name(error),
             RETRY_CLOSE_MS);
    session_close_code(session, code, reason);
}

void session_disconnected(struct session *session)
{
    struct session_table *table = session->table;
    if (session->state != SESSION_CLOSING) {
        session->state = SESSION_CLOSING;
        let_go(session);
    }
    slot_give(table, session->ref.slot);
    atomic_fetch_sub_explicit(&table->count, 1, memory_order_relaxed); /* as in the count above */
    free(session);
}

static void check_deadline(struct session *session, int64_t now_ms)
{
    if (session->state == SESSION_OPEN && !session->rechecking && now_ms >= session->deadline_ms) {
        session_recheck(session);
    }
}

/**
 * Its time to open is over, unless it is we who let it wait: were it closed while its password is
 * in the queue, it would come back and queue again, and the queue would be full of work for nobody.
 */
static void check_opening(struct session *session)
{
    if (session->requests.count != 0) {
        wait_anew(session);
    } else {
        session_close(session, ERR_OPEN_TIMEOUT);
    }
}

void session_table_tick(struct session_table *table)
{
    int64_t now_ms = session_now_ms(table);
    while (table->oldest_waiting != NULL && now_ms >= table->oldest_waiting->deadline_ms) {
        check_opening(table->oldest_waiting);
    }
    uint32_t count = table->slot_count / SCAN_SLICES + SCAN_MIN;
    for (uint32_t i = 0; i < count && i < table->slot_count; i++) {
        table->scan_at = table->scan_at + 1 < table->slot_count ? table->scan_at + 1 : 0;
        if (table->slots[table->scan_at].session != NULL) {
            check_deadline(table->slots[table->scan_at].session, now_ms);
        }
    }
}

void session_table_close_all(struct session_table *table, int error)
{
    for (uint32_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i].session != NULL) {
            session_close(table->slots[i].session, error);
        }
    }
}

void session_table_destroy(struct session_table *table)
{
    if (table == NULL) {
        return;
    }
    for (uint32_t i = 0; i < table->slot_count; i++) {
        if (table->slots[i].session != NULL) {
            session_disconnected(table->slots[i].session);
        }
    }
    shard_set_edge(table->config.shard, &(struct shard_edge){0});
    free(table->slots);
    buffer_fini(&table->scratch);
    buffer_fini(&table->body);
    free(table);
}
