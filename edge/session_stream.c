/*
 * Streams: attach, page up to the head, then pushes. Pages are asked for at the pace of the
 * transport, so a long gap never fills it. Volatile pushes have no place in a stream: while the
 * transport is backed up only the newest of each kind is kept.
 */
#include <stdlib.h>

#include "base/check.h"
#include "edge/session_internal.h"

static bool session_backed_up(const struct session *session)
{
    size_t pending = session->transport.pending(session->transport.self);
    return pending > session->table->config.limits.pending_bytes_max / 2;
}

/* --- following ------------------------------------------------------------------------------- */

void session_stream_attach(struct session *session, enum stream_name name, struct id id,
                           const struct principal *who)
{
    struct session_table *table = session->table;
    struct session_stream *stream = &session->streams[name];
    if (table->stream_kinds[name] == NULL) {
        return;
    }
    *stream = (struct session_stream){
        .state = STREAM_ATTACHING,
        .address = {.kind = table->stream_kinds[name]->code, .id = id},
    };
    shard_attach(table->config.shard, session->ref, stream->address, who, false);
}

void session_stream_detach(struct session *session, enum stream_name name)
{
    struct session_stream *stream = &session->streams[name];
    if (stream->state != STREAM_OFF) {
        shard_detach(session->table->config.shard, session->ref, stream->address);
        *stream = (struct session_stream){0};
    }
}

static struct session_stream *find_stream(struct session *session, struct address address)
{
    for (uint32_t i = 0; i < STREAM_COUNT; i++) {
        struct session_stream *stream = &session->streams[i];
        if (stream->state != STREAM_OFF && address_equal(stream->address, address)) {
            return stream;
        }
    }
    return NULL;
}

void session_stream_read(struct session *session, struct session_stream *stream)
{
    const struct session_config *config = &session->table->config;
    if (session->transport.pending(session->transport.self) > PAGE_PENDING_BYTES_MAX) {
        stream->state = STREAM_PAUSED;
        return;
    }
    stream->state = STREAM_PAGING;
    shard_read_stream(config->shard, session->ref, stream->address, stream->after,
                      config->limits.page_entries_max, config->limits.page_bytes_max);
}

void session_attached(struct session_table *table, const struct attached *attached)
{
    struct session *session = session_find(table, attached->session);
    struct session_stream *stream = session == NULL ? NULL : find_stream(session, attached->from);
    if (stream == NULL || stream->state != STREAM_ATTACHING) {
        return;
    }
    stream->state = attached->error == 0 ? STREAM_ATTACHED : STREAM_OFF;
    if (session->state == SESSION_OPENING) {
        enum stream_name name = (enum stream_name)(stream - session->streams);
        session->opening->positions[name] = (struct stream_position){
            .stream = name, .epoch = attached->epoch, .head = attached->head};
        if (name == STREAM_USER) { /* a couple that has just ended is no reason to stay out */
            session_open_note(session->opening, attached->error, 0);
        }
        session_open_continue(session);
    } else if (attached->error == 0) {
        stream->after = 0; /* a new couple: all that was said in it */
        session_stream_read(session, stream);
    }
}

/** Bodies are u32 length ∥ body, one after another. */
static void send_bodies(struct session *session, const char *topic, struct bytes bodies)
{
    while (bodies.len >= 4) {
        size_t len = get_u32(bodies.data);
        if (!CHECK_RECOVER(len <= bodies.len - 4)) {
            return;
        }
        session_send_push(session, topic, bytes_of(bodies.data + 4, len));
        bodies.data += 4 + len;
        bodies.len -= 4 + len;
    }
}

void session_page(struct session_table *table, const struct page_result *page)
{
    struct session *session = session_find(table, page->session);
    struct session_stream *stream = session == NULL ? NULL : find_stream(session, page->from);
    if (stream == NULL || stream->state != STREAM_PAGING) {
        return;
    }
    if (page->error != 0) {
        session_close(session, page->error == ERR_BUSY ? ERR_BUSY : ERR_INTERNAL);
        return;
    }
    const struct kind *kind = table->stream_kinds[stream - session->streams];
    stream->after = page->last;
    stream->state = STREAM_LIVE;
    send_bodies(session, kind->stream.topic, buffer_bytes(&page->bodies));
    if (!page->live && session->state == SESSION_OPEN) {
        session_stream_read(session, stream);
    }
}

/* --- the couple ------------------------------------------------------------------------------ */

void session_set_couple(struct session *session, struct id couple)
{
    if (id_equal(session->principal.couple, couple)) {
        return;
    }
    session_stream_detach(session, STREAM_COUPLE);
    session->principal.couple = couple;
    if (!id_is_zero(couple) && session_follows(session, STREAM_COUPLE)) {
        session_stream_attach(session, STREAM_COUPLE, couple, &session->principal);
    }
}

void session_control(struct session_table *table, const struct control *control)
{
    struct session *session = session_find(table, control->session);
    if (session == NULL) {
        return;
    }
    if (control->what == CONTROL_CLOSE) {
        session_close(session, control->error);
    } else if (session->state == SESSION_OPENING) {
        session->couple_changed = true;
        session->next_couple = control->couple;
    } else if (session->state == SESSION_OPEN) {
        session_set_couple(session, control->couple);
    }
}

/* --- pushes ---------------------------------------------------------------------------------- */

void session_held_free(struct session *session)
{
    for (uint32_t i = 0; session->held != NULL && i < session->held->count; i++) {
        payload_unref(session->held->items[i].body);
    }
    free(session->held);
    session->held = NULL;
}

static struct held_push *held_place(struct held_pushes *held, const struct push *push)
{
    for (uint32_t i = 0; i < held->count; i++) {
        struct held_push *item = &held->items[i];
        if (item->type == push->type && address_equal(item->from, push->from)) {
            return item;
        }
    }
    return held->count < HELD_MAX ? &held->items[held->count++] : &held->items[0];
}

static void hold(struct session *session, const struct push *push)
{
    if (session->held == NULL) {
        session->held = memory_alloc(sizeof *session->held);
    }
    struct held_push *item = held_place(session->held, push);
    payload_unref(item->body);
    *item =
        (struct held_push){.type = push->type, .from = push->from, .body = payload_ref(push->body)};
}

static void send_held(struct session *session)
{
    struct held_pushes *held = session->held;
    session->held = NULL;
    for (uint32_t i = 0; i < held->count; i++) {
        session_send_push(session, held->items[i].type->topic, payload_bytes(held->items[i].body));
        payload_unref(held->items[i].body);
    }
    free(held);
}

static void push_to(struct session *session, const struct push *push)
{
    struct session_stream *stream = find_stream(session, push->from);
    if (stream == NULL || session->state != SESSION_OPEN ||
        !session_follows(session, (uint32_t)(stream - session->streams))) {
        return;
    }
    if (push->seq == 0 && session_backed_up(session)) {
        hold(session, push);
        return;
    }
    if (push->seq != 0) {
        if (stream->state != STREAM_LIVE) { /* it comes with a page */
            return;
        }
        stream->after = push->seq;
    }
    session_send_push(session, push->type->topic, payload_bytes(push->body));
}

void session_push(struct session_table *table, const struct push *push)
{
    for (uint32_t i = 0; i < push->session_count; i++) {
        struct session *session = session_find(table, push->sessions[i]);
        if (session != NULL) {
            push_to(session, push);
        }
    }
}

void session_writable(struct session *session)
{
    if (session->state != SESSION_OPEN) {
        return;
    }
    if (session->held != NULL && !session_backed_up(session)) {
        send_held(session);
    }
    for (uint32_t i = 0; i < STREAM_COUNT && session->state == SESSION_OPEN; i++) {
        if (session->streams[i].state == STREAM_PAUSED) {
            session_stream_read(session, &session->streams[i]);
        }
    }
}
