/*
 * Who is connected and follows what: volatile, in the shard that owns the followed actor.
 *
 * A session that follows is either reading pages (not live) or live. It becomes live when the
 * answer that carries the head is *released*: what was staged before is in that answer, what is
 * staged later is released later and pushed. So there is no hole and no double.
 */
#include <stdlib.h>

#include "runtime/shard_internal.h"

static struct presence_entry *entry_find(struct shard *shard, struct address address)
{
    return (struct presence_entry *)address_table_find(&shard->presence, address);
}

static struct presence_entry *entry_get(struct shard *shard, struct address address)
{
    struct presence_entry *entry = entry_find(shard, address);
    if (entry == NULL) {
        entry = memory_alloc(sizeof *entry);
        entry->address = address;
        address_table_add(&shard->presence, &entry->address);
    }
    return entry;
}

static struct presence_session *session_find(struct presence_entry *entry,
                                             struct session_ref session)
{
    for (uint32_t i = 0; entry != NULL && i < entry->session_count; i++) {
        if (session_ref_equal(entry->sessions[i].session, session)) {
            return &entry->sessions[i];
        }
    }
    return NULL;
}

static struct presence_user *user_find(const struct presence_entry *entry, struct id user)
{
    for (uint32_t i = 0; entry != NULL && i < entry->user_count; i++) {
        if (id_equal(entry->users[i].user, user)) {
            return &entry->users[i];
        }
    }
    return NULL;
}

static struct presence_user *user_get(struct presence_entry *entry, struct id user)
{
    struct presence_user *found = user_find(entry, user);
    if (found == NULL) {
        entry->users = memory_resize(entry->users, (entry->user_count + 1) * sizeof *found);
        found = &entry->users[entry->user_count++];
        *found = (struct presence_user){.user = user};
    }
    return found;
}

static void session_add(struct presence_entry *entry, const struct attach *attach)
{
    if (entry->session_count == entry->session_cap) {
        entry->session_cap = entry->session_cap == 0 ? 1 : entry->session_cap * 2;
        entry->sessions =
            memory_resize(entry->sessions, entry->session_cap * sizeof *entry->sessions);
    }
    entry->sessions[entry->session_count++] =
        (struct presence_session){.session = attach->session, .who = attach->who};
}

struct presence ctx_presence(struct ctx *ctx, struct id user)
{
    struct presence_user *found = user_find(entry_find(ctx->shard, ctx->actor->address), user);
    return found == NULL ? (struct presence){0}
                         : (struct presence){.sessions = found->sessions,
                                             .last_seen_ms = found->last_seen_ms};
}

struct change {
    const struct principal *who;
    bool came;
};

static int step_presence(struct ctx *ctx, const void *argument)
{
    const struct change *change = argument;
    return ctx->actor->kind->stream.presence(ctx, ctx->actor->root, change->who, change->came);
}

static void tell_actor(struct shard *shard, struct actor *actor, const struct principal *who,
                       bool came)
{
    if (actor->kind->stream.presence == NULL) {
        return;
    }
    struct ctx ctx;
    struct origin origin = {.who = *who};
    struct change change = {.who = who, .came = came};
    ctx_begin(&ctx, shard, actor, &origin);
    int error = run_actor(shard, &ctx, step_presence, &change);
    if (error != 0) {
        shard->stats.handler_failures++;
    }
    ctx_end(&ctx);
}

static int step_admit(struct ctx *ctx, const void *argument)
{
    const struct attach *attach = argument;
    return ctx->actor->kind->stream.admit(ctx, ctx->actor->root, &attach->who);
}

static int head_of(struct shard *shard, struct actor *actor, struct id *epoch, int64_t *head)
{
    struct ctx ctx;
    ctx_begin(&ctx, shard, actor, NULL);
    bool exists = actor->kind->stream.head(&ctx, actor->root, epoch, head);
    ctx_end(&ctx);
    return exists ? 0 : ERR_NOT_FOUND;
}

static int admit(struct shard *shard, struct actor *actor, const struct attach *attach)
{
    struct ctx ctx;
    if (actor->kind->stream.topic == NULL) {
        return ERR_NOT_FOUND;
    }
    ctx_begin(&ctx, shard, actor, NULL);
    int error = run_actor(shard, &ctx, step_admit, attach);
    ctx_end(&ctx);
    return error;
}

static void queue_after(struct shard *shard, struct actor *actor, struct message *message)
{
    struct message_list effects = {0};
    message_list_push(&effects, message);
    effects_after(shard, actor->last_number, &effects);
}

void presence_attach(struct shard *shard, struct attach *attach)
{
    struct actor *actor = actor_get(shard, attach->to);
    struct attached *attached = memory_alloc(sizeof *attached);
    attached->message.type = MESSAGE_ATTACHED;
    attached->message.to_shard = attach->session.shard;
    attached->session = attach->session;
    attached->from = attach->to;
    attached->error = admit(shard, actor, attach);
    if (attached->error == 0) {
        attached->error = head_of(shard, actor, &attached->epoch, &attached->head);
    }
    if (attached->error != 0) {
        queue_after(shard, actor, &attached->message);
        return;
    }
    struct presence_entry *entry = entry_get(shard, attach->to);
    bool came = false;
    if (session_find(entry, attach->session) == NULL) {
        session_add(entry, attach);
        came = user_get(entry, attach->who.user)->sessions++ == 0;
        shard->stats.attached_sessions++;
    }
    attached->live = attach->live;
    queue_after(shard, actor, &attached->message);
    if (came) {
        tell_actor(shard, actor, &attach->who, true);
    }
}

static void entry_drop_if_empty(struct shard *shard, struct presence_entry *entry)
{
    if (entry->session_count == 0) {
        address_table_remove(&shard->presence, &entry->address);
        free(entry->sessions);
        free(entry->users);
        free(entry);
    }
}

void presence_detach(struct shard *shard, struct detach *detach)
{
    struct presence_entry *entry = entry_find(shard, detach->to);
    struct presence_session *session = session_find(entry, detach->session);
    if (session == NULL) {
        return;
    }
    struct principal who = session->who;
    *session = entry->sessions[--entry->session_count];
    shard->stats.attached_sessions--;
    struct presence_user *user = user_find(entry, who.user);
    bool left = --user->sessions == 0;
    if (left) {
        user->last_seen_ms = shard->now_ms;
        tell_actor(shard, actor_get(shard, detach->to), &who, false);
    }
    entry_drop_if_empty(shard, entry);
}

static int page_fill(struct shard *shard, struct actor *actor, const struct page *page,
                     struct page_result *result)
{
    struct id epoch;
    int64_t head = 0;
    int error = head_of(shard, actor, &epoch, &head);
    struct ctx ctx;
    struct buffer body = {0};
    ctx_begin(&ctx, shard, actor, NULL);
    while (error == 0 && result->last < head && result->count < page->entries_max &&
           result->bodies.len < page->bytes_max) {
        buffer_clear(&body);
        error = actor->kind->stream.entry(&ctx, actor->root, result->last + 1, &body);
        if (error == 0) {
            buffer_append_u32(&result->bodies, (uint32_t)body.len);
            buffer_append(&result->bodies, body.data, body.len);
            result->last++;
            result->count++;
        }
    }
    buffer_fini(&body);
    ctx_end(&ctx);
    result->live = error == 0 && result->last >= head;
    return error;
}

void presence_read(struct shard *shard, struct page *page)
{
    if (session_find(entry_find(shard, page->to), page->session) == NULL) {
        return; /* it left meanwhile */
    }
    struct actor *actor = actor_get(shard, page->to);
    struct page_result *result = memory_alloc(sizeof *result);
    result->message.type = MESSAGE_PAGE_RESULT;
    result->message.to_shard = page->session.shard;
    result->session = page->session;
    result->from = page->to;
    result->last = page->after;
    result->error = page_fill(shard, actor, page, result);
    queue_after(shard, actor, &result->message);
}

void presence_go_live(struct shard *shard, struct address address, struct session_ref session)
{
    struct presence_session *found = session_find(entry_find(shard, address), session);
    if (found != NULL) {
        found->live = true;
    }
}

static bool is_meant(const struct presence_session *session, const struct effect_push *push)
{
    bool in_time = session->live || push->seq == 0; /* volatile ones have no order to keep */
    return in_time && !session_ref_equal(session->session, push->except_session) &&
           (id_is_zero(push->except_user) || !id_equal(session->who.user, push->except_user));
}

/** The push for this shard's sessions, among those that are being made. */
static struct push *push_for(struct message_list *made, uint16_t to, struct effect_push *effect,
                             uint32_t room)
{
    for (struct message *message = made->head; message != NULL; message = message->next) {
        if (message->to_shard == to) {
            return (struct push *)message;
        }
    }
    struct push *push = message_create(MESSAGE_PUSH, sizeof *push, room * sizeof push->room[0]);
    push->message.to_shard = to;
    push->from = effect->from;
    push->type = effect->type;
    push->seq = effect->seq;
    push->body = made->head == NULL ? effect->body : payload_ref(effect->body);
    push->sessions = push->room;
    message_list_push(made, &push->message);
    return push;
}

void presence_push(struct shard *shard, struct effect_push *effect)
{
    struct presence_entry *entry = entry_find(shard, effect->from);
    struct message_list made = {0};
    for (uint32_t i = 0; entry != NULL && i < entry->session_count; i++) {
        const struct presence_session *session = &entry->sessions[i];
        if (is_meant(session, effect)) {
            struct push *push =
                push_for(&made, session->session.shard, effect, entry->session_count - i);
            push->sessions[push->session_count++] = session->session;
        }
    }
    if (made.head != NULL) {
        effect->body = NULL; /* it went with the first */
    }
    struct message *message;
    while ((message = message_list_pop(&made)) != NULL) {
        shard_send_message(shard, message->to_shard, message);
    }
}

void presence_control(struct shard *shard, const struct effect_control *effect)
{
    struct presence_entry *entry = entry_find(shard, effect->from);
    for (uint32_t i = 0; entry != NULL && i < entry->session_count; i++) {
        const struct presence_session *session = &entry->sessions[i];
        if (effect->what == CONTROL_CLOSE && !id_is_zero(effect->sid) &&
            !id_equal(effect->sid, session->who.sid)) {
            continue;
        }
        struct control *control = memory_alloc(sizeof *control);
        control->message.type = MESSAGE_CONTROL;
        control->session = session->session;
        control->what = effect->what;
        control->error = effect->error;
        control->couple = effect->couple;
        shard_send_message(shard, session->session.shard, &control->message);
    }
}

void presence_fini(struct shard *shard)
{
    for (uint32_t i = 0; i < shard->presence.capacity; i++) {
        struct presence_entry *entry = (struct presence_entry *)shard->presence.items[i];
        if (entry != NULL) {
            free(entry->sessions);
            free(entry->users);
            free(entry);
        }
    }
    address_table_fini(&shard->presence);
}
