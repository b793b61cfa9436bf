#include "runtime/shard.h"

#include <stdlib.h>

#include "runtime/shard_internal.h"

#define TURN_MESSAGES_MAX 4096 /* then the loop looks at its sockets */
#define TICK_IDLE_MS 1000

void shard_config_defaults(struct shard_config *config)
{
    if (config->mailbox_max == 0) {
        config->mailbox_max = 1024;
    }
    if (config->inbox_max == 0) {
        config->inbox_max = 65536;
    }
    if (config->undurable_bytes_max == 0) {
        config->undurable_bytes_max = 32u << 20;
    }
    if (config->awake_max == 0) {
        config->awake_max = 16384;
    }
    if (config->idle_ms == 0) {
        config->idle_ms = 60000;
    }
    if (config->flush_age_ms == 0) {
        config->flush_age_ms = 20000;
    }
    if (config->overlay_bytes_max == 0) {
        config->overlay_bytes_max = 128u << 20;
    }
    if (config->replay_max == 0) {
        config->replay_max = 1000000;
    }
}

static void turn_begin(struct shard *shard)
{
    int64_t now = shard->world->now_ms(shard->world->self);
    if (now > shard->now_ms) {
        shard->now_ms = now;
    }
    shard->turn_open = true;
}

static void commands_init(struct command_index *index, const struct kind *kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < kind->command_count; i++) {
        count = kind->commands[i].code >= count ? kind->commands[i].code + 1u : count;
    }
    for (uint32_t i = 0; i < kind->op_count; i++) {
        count = kind->ops[i]->command.code >= count ? kind->ops[i]->command.code + 1u : count;
    }
    index->types = memory_alloc(count * sizeof *index->types);
    index->count = count;
    for (uint32_t code = 0; code < count; code++) {
        index->types[code] = kind_command(kind, (uint16_t)code);
    }
}

struct shard *shard_create(const struct shard_config *config, const struct world *world)
{
    struct shard *shard = memory_alloc(sizeof *shard);
    shard->config = *config;
    shard_config_defaults(&shard->config);
    shard->world = world;
    shard->remote = memory_alloc(config->count * sizeof *shard->remote);
    shard->partitions = memory_alloc(sizeof *shard->partitions);
    for (uint32_t i = 0; i < config->kind_count; i++) {
        const struct kind *kind = config->kinds[i];
        shard->kinds[kind->code] = kind;
        commands_init(&shard->commands[kind->code], kind);
    }
    world->random(world->self, &shard->actors.key, sizeof shard->actors.key);
    shard->presence.key = shard->partitions->key = shard->actors.key;
    TAILQ_INIT(&shard->lru);
    TAILQ_INIT(&shard->dirty);
    shard->next_number = 1;
    turn_begin(shard);
    return shard;
}

static void list_fini(struct message_list *list)
{
    struct message *message;
    while ((message = message_list_pop(list)) != NULL) {
        message_destroy(message);
    }
}

static void ring_fini(struct shard *shard)
{
    for (uint64_t n = shard->durable_number + 1; n < shard->next_number; n++) {
        list_fini(&shard->ring[n % shard->ring_cap].effects);
    }
    free(shard->ring);
}

void shard_destroy(struct shard *shard)
{
    if (shard == NULL) {
        return;
    }
    message_queue_fini(&shard->local);
    for (uint16_t i = 0; i < shard->config.count; i++) {
        list_fini(&shard->remote[i].list);
    }
    ring_fini(shard);
    outbox_fini(shard);
    presence_fini(shard);
    while (!TAILQ_EMPTY(&shard->lru)) {
        actor_destroy(shard, TAILQ_FIRST(&shard->lru));
    }
    address_table_fini(&shard->actors);
    for (uint32_t i = 0; i < 256; i++) {
        free(shard->commands[i].types);
    }
    if (shard->flush != NULL && !shard->flush_submitted) {
        message_destroy(&shard->flush->message);
    }
    arena_fini(&shard->scratch);
    buffer_fini(&shard->payload);
    buffer_fini(&shard->encoded);
    free(shard->partitions);
    buffer_fini(&shard->batch);
    free(shard->timers);
    free(shard->remote);
    free(shard);
}

void shard_set_edge(struct shard *shard, const struct shard_edge *edge)
{
    shard->edge = *edge;
}

#define FETCH_NEAR 3
#define FETCH_BYTES 320 /* of a command: its head, small args and a short text */

/** Asks memory for what will be run soon: the message first, then its actor. */
static void fetch_ahead(const struct message_queue *queue)
{
    const struct message *far = message_queue_peek(queue, FETCH_AHEAD);
    const struct message *near = message_queue_peek(queue, FETCH_NEAR);
    for (size_t at = 0; far != NULL && at < FETCH_BYTES; at += 64) {
        __builtin_prefetch((const uint8_t *)far + at, 1);
    }
    if (near != NULL && near->type == MESSAGE_COMMAND) {
        __builtin_prefetch(((const struct command *)near)->actor);
    }
}

/** Runs what is local, within bounds: actors that tell each other for ever take turns with all
 * else. Never within itself. */
static void drain(struct shard *shard)
{
    if (shard->running || !shard->started) {
        return;
    }
    shard->running = true;
    for (uint32_t left = TURN_MESSAGES_MAX; left != 0 && shard->local.count != 0; left--) {
        fetch_ahead(&shard->local);
        shard_dispatch(shard, message_queue_pop(&shard->local));
    }
    shard->running = false;
    if (shard->local.count != 0) {
        shard->world->tick_at(shard->world->self, shard->config.index, shard->now_ms);
    }
}

void shard_receive(struct shard *shard, struct message_list *messages)
{
    turn_begin(shard);
    struct message *message;
    while ((message = message_list_pop(messages)) != NULL) {
        __builtin_prefetch(message->ahead, 1);
        shard_enqueue(shard, message);
    }
    drain(shard);
}

void shard_submit(struct shard *shard, struct command *command)
{
    if (!shard->turn_open) {
        turn_begin(shard);
    }
    shard_send_message(shard, shard_of(shard, command->to), &command->message);
    drain(shard);
}

void shard_attach(struct shard *shard, struct session_ref session, struct address address,
                  const struct principal *who, bool live)
{
    struct attach *attach = memory_alloc(sizeof *attach);
    attach->message.type = MESSAGE_ATTACH;
    attach->to = address;
    attach->session = session;
    attach->who = *who;
    attach->live = live;
    shard_send_message(shard, shard_of(shard, address), &attach->message);
    drain(shard);
}

void shard_detach(struct shard *shard, struct session_ref session, struct address address)
{
    struct detach *detach = memory_alloc(sizeof *detach);
    detach->message.type = MESSAGE_DETACH;
    detach->to = address;
    detach->session = session;
    shard_send_message(shard, shard_of(shard, address), &detach->message);
    drain(shard);
}

void shard_read_stream(struct shard *shard, struct session_ref session, struct address address,
                       int64_t after, uint32_t entries_max, uint32_t bytes_max)
{
    struct page *page = memory_alloc(sizeof *page);
    page->message.type = MESSAGE_PAGE;
    page->to = address;
    page->session = session;
    page->after = after;
    page->entries_max = entries_max;
    page->bytes_max = bytes_max;
    shard_send_message(shard, shard_of(shard, address), &page->message);
    drain(shard);
}

void shard_job_done(struct shard *shard, struct job_request *request)
{
    struct command *then = request->then;
    turn_begin(shard);
    if (request->error != 0) {
        struct reply *reply = reply_create(then->caller, (struct bytes){0});
        reply->error = request->error;
        message_destroy(&then->message);
        shard_send_message(shard, reply->caller.session.shard, &reply->message);
    } else {
        struct bytes result = buffer_bytes(&request->result);
        then->job_result = bytes_of(arena_copy(&then->arena, result.data, result.len), result.len);
        shard_send_message(shard, shard_of(shard, then->to), &then->message);
    }
    buffer_fini(&request->input);
    buffer_fini(&request->result);
    free(request);
    drain(shard);
}

static int64_t next_tick_ms(const struct shard *shard)
{
    int64_t next = timers_next_ms(shard);
    bool busy = shard->dirty_count != 0 || shard->outbox_busy != 0 || actor_some_idle(shard);
    int64_t soon = shard->now_ms + (busy ? TICK_MS : TICK_IDLE_MS);
    return next < soon ? next : soon;
}

void shard_tick(struct shard *shard)
{
    turn_begin(shard);
    shard->behind = shard->world->log_to_replay(shard->world->self) > shard->config.replay_max;
    timers_fire(shard);
    outbox_retry(shard);
    drain(shard);
    flush_consider(shard);
    actor_put_away_idle(shard);
    int64_t next = shard->local.count != 0 ? shard->now_ms : next_tick_ms(shard);
    shard->world->tick_at(shard->world->self, shard->config.index, next);
}

void shard_turn_end(struct shard *shard)
{
    shard->turn_open = false;
    if (shard->batch.len != 0) {
        uint64_t first = shard->appended_number + 1;
        shard->appended_number = shard->next_number - 1;
        shard->world->append(shard->world->self, shard->config.index, &shard->batch, first,
                             shard->next_number - first);
    }
    for (uint16_t i = 0; i < shard->config.count; i++) {
        struct message_list *list = &shard->remote[i].list;
        if (list->count != 0) {
            shard->world->post(shard->world->self, shard->config.index, i, list);
        }
    }
    shard->world->state_refresh(shard->world->self, shard->config.index);
}

int shard_replay(struct shard *shard, const struct log_record *record)
{
    if (shard->kinds[record->address.kind] == NULL) {
        return ERR_CORRUPT;
    }
    shard->tail = record->lsn; /* a flush on the way must not take the checkpoint back */
    struct actor *actor = actor_get(shard, record->address);
    if (record->lsn.v <= actor->durable_lsn.v) {
        return 0; /* state has it */
    }
    if (record->key_id != 0) {
        return 0; /* its key is gone: defined as nothing */
    }
    struct ctx ctx;
    ctx_begin(&ctx, shard, actor, NULL);
    ctx.now_ms = record->at_ms;
    actor_mark_dirty(shard, actor, 0, record->lsn);
    apply_payload(&ctx, record->payload);
    ctx_end(&ctx);
    actor->durable_lsn = record->lsn;
    return 0;
}

void shard_start(struct shard *shard, struct lsn tail)
{
    turn_begin(shard);
    shard->tail = tail;
    shard->started_ms = shard->now_ms;
    outbox_load(shard);
    shard->started = true;
    timers_load(shard);
    drain(shard);
    shard->world->tick_at(shard->world->self, shard->config.index, shard->now_ms);
}

void shard_deliver(struct shard *shard, struct message_list *messages)
{
    struct message *message;
    while ((message = message_list_pop(messages)) != NULL) {
        shard_dispatch(shard, message);
    }
}

bool shard_flush_all(struct shard *shard)
{
    return flush_all(shard);
}

bool shard_quiet(const struct shard *shard)
{
    return shard->local.count == 0 && shard->durable_number + 1 == shard->next_number;
}

void shard_stats(const struct shard *shard, struct shard_stats *out)
{
    *out = shard->stats;
    out->actors_awake = shard->actor_count;
    out->actors_dirty = shard->dirty_count;
    out->records_undurable = shard->next_number - 1 - shard->durable_number;
    out->bytes_undurable = shard->undurable_bytes;
    out->commands_waiting = shard->local.count;
}
