/*
 * Actors coming and going: look-up, activation from state, putting away.
 *
 * Activation is a point read from LMDB's map on the shard's own thread: a page in the cache costs
 * a microsecond, one from disk a read. It is complete when actor_get returns.
 */
#include <stdlib.h>

#include "runtime/shard_internal.h"
#include "wire/codec.h"

#define ROOT_HEADER_BYTES (8 + 2 + ID_BYTES) /* lsn, state version, incarnation */
#define PUT_AWAY_PER_TURN 1024

const struct command_type *kind_command(const struct kind *kind, uint16_t code)
{
    for (uint32_t i = 0; i < kind->command_count; i++) {
        if (kind->commands[i].code == code) {
            return &kind->commands[i];
        }
    }
    for (uint32_t i = 0; i < kind->op_count; i++) {
        if (kind->ops[i]->command.code == code) {
            return &kind->ops[i]->command;
        }
    }
    return NULL;
}

void actor_read_root(struct actor *actor, struct bytes value)
{
    CHECK_ALWAYS(value.len > ROOT_HEADER_BYTES);
    actor->durable_lsn.v = get_u64(value.data);
    CHECK_ALWAYS(get_u16(value.data + 8) == actor->kind->state_version);
    memcpy(actor->incarnation.bytes, value.data + 10, ID_BYTES);
    struct field_fault fault;
    struct arena arena = {0};
    struct bytes root = bytes_of(value.data + ROOT_HEADER_BYTES, value.len - ROOT_HEADER_BYTES);
    int error =
        record_decode(actor->kind->root, RECORD_AS_ARRAY, root, &arena, actor->root, &fault);
    arena_fini(&arena);
    CHECK_ALWAYS(error == 0);
}

static void actor_load(struct shard *shard, struct actor *actor)
{
    struct bytes value;
    if (actor_row_get(shard, actor, COLLECTION_ROOT, bytes_of(NULL, 0), &value) == 0) {
        actor_read_root(actor, value);
    }
    shard->stats.activations++;
}

#define ROOT_OFFSET ((sizeof(struct actor) + 15) & ~(size_t)15)

static struct actor *actor_create(struct shard *shard, struct address address)
{
    const struct kind *kind = shard->kinds[address.kind];
    CHECK_ALWAYS(kind != NULL);
    struct actor *actor = memory_alloc(ROOT_OFFSET + kind->root->size);
    actor->address = address;
    actor->partition = partition_of(shard->partitions, address);
    actor->kind = kind;
    actor->root = (uint8_t *)actor + ROOT_OFFSET;
    return actor;
}

struct actor *actor_get(struct shard *shard, struct address address)
{
    struct actor *actor = (struct actor *)address_table_find(&shard->actors, address);
    if (actor == NULL) {
        actor = actor_create(shard, address);
        address_table_add(&shard->actors, &actor->address);
        TAILQ_INSERT_TAIL(&shard->lru, actor, lru);
        shard->actor_count++;
        actor_load(shard, actor);
    } else if (actor->used_ms != shard->now_ms) {
        TAILQ_REMOVE(&shard->lru, actor, lru);
        TAILQ_INSERT_TAIL(&shard->lru, actor, lru);
    }
    actor->used_ms = shard->now_ms;
    return actor;
}

void actor_destroy(struct shard *shard, struct actor *actor)
{
    address_table_remove(&shard->actors, &actor->address);
    TAILQ_REMOVE(&shard->lru, actor, lru);
    if (actor->in_dirty) {
        TAILQ_REMOVE(&shard->dirty, actor, dirty);
    }
    shard->actor_count--;
    struct message *message;
    while ((message = message_list_pop(&actor->stash)) != NULL) {
        message_destroy(message);
    }
    overlay_destroy(actor->current);
    overlay_destroy(actor->frozen);
    buffer_fini(&actor->frozen_root);
    free(actor);
}

static bool is_idle(const struct shard *shard, const struct actor *actor)
{
    return actor->current == NULL && actor->frozen == NULL && actor->stash.count == 0 &&
           actor->waiting == 0 && actor->last_number <= shard->durable_number;
}

bool actor_some_idle(const struct shard *shard)
{
    const struct actor *actor = TAILQ_FIRST(&shard->lru);
    return actor != NULL && (shard->actor_count > shard->config.awake_max ||
                             shard->now_ms - actor->used_ms >= shard->config.idle_ms);
}

void actor_put_away_idle(struct shard *shard)
{
    for (int i = 0; i < PUT_AWAY_PER_TURN && actor_some_idle(shard); i++) {
        struct actor *actor = TAILQ_FIRST(&shard->lru);
        if (is_idle(shard, actor)) {
            actor_destroy(shard, actor);
            shard->stats.evictions++;
        } else {
            TAILQ_REMOVE(&shard->lru, actor, lru);
            TAILQ_INSERT_TAIL(&shard->lru, actor, lru);
            actor->used_ms = shard->now_ms;
        }
    }
}

void actor_mark_dirty(struct shard *shard, struct actor *actor, uint64_t number, struct lsn lsn)
{
    if (actor->current == NULL) {
        actor->current = overlay_create();
    }
    if (!actor->in_dirty) {
        actor->in_dirty = true;
        actor->first_dirty_number = number;
        actor->first_dirty_lsn = lsn;
        actor->dirty_since_ms = shard->now_ms;
        TAILQ_INSERT_TAIL(&shard->dirty, actor, dirty);
        shard->dirty_count++;
    }
}
