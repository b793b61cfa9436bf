/*
 * Reading rows of an actor through its layers: current over frozen over LMDB.
 *
 * A range is a merge of three ordered sources. LMDB pushes its rows through a visitor; before each
 * of them the layers' smaller rows go out, and the newest layer wins on equal keys.
 */
#include "runtime/shard_internal.h"

struct merge {
    const struct overlay_table *layers[2]; /* newest first; NULL: nothing of this collection */
    uint32_t next[2];                      /* forwards: index; backwards: index + 1 */
    struct overlay_row *at[2];
    struct bytes from, to; /* collection ∥ key; `to` exclusive */
    bool reverse, stopped;
    uint32_t left;
    ctx_visitor *visit;
    void *context;
};

static bool within(const struct merge *merge, const struct overlay_row *row)
{
    struct bytes key = overlay_row_key(row);
    return bytes_compare(key, merge->from) >= 0 && bytes_compare(key, merge->to) < 0;
}

static void step(struct merge *merge, int layer)
{
    const struct overlay_table *table = merge->layers[layer];
    uint32_t end = merge->reverse ? 0 : table->count;
    merge->at[layer] = NULL;
    if (merge->next[layer] != end) {
        struct overlay_row *row = table->rows[merge->next[layer] - (merge->reverse ? 1 : 0)];
        merge->next[layer] += merge->reverse ? UINT32_MAX : 1; /* one back, or one on */
        merge->at[layer] = within(merge, row) ? row : NULL;
    }
}

static void start(struct merge *merge, int layer)
{
    merge->at[layer] = NULL;
    if (merge->layers[layer] != NULL) {
        struct bytes edge = merge->reverse ? merge->to : merge->from;
        merge->next[layer] = overlay_table_seek(merge->layers[layer], edge);
        step(merge, layer);
    }
}

static void give(struct merge *merge, struct bytes prefixed_key, struct bytes value)
{
    if (merge->left == 0 ||
        !merge->visit(merge->context, bytes_of(prefixed_key.data + 1, prefixed_key.len - 1),
                      value)) {
        merge->stopped = true;
        return;
    }
    merge->left--;
    merge->stopped = merge->left == 0;
}

/** The layer whose row comes next, or -1; on equal keys the newer one, the older is passed over. */
static int front_layer(struct merge *merge)
{
    if (merge->at[0] == NULL || merge->at[1] == NULL) {
        return merge->at[0] != NULL ? 0 : merge->at[1] != NULL ? 1 : -1;
    }
    int order = bytes_compare(overlay_row_key(merge->at[0]), overlay_row_key(merge->at[1]));
    if (order == 0) {
        step(merge, 1);
        return 0;
    }
    return (order < 0) != merge->reverse ? 0 : 1;
}

/** Gives the layers' rows that come before `limit` (NULL: all). True when one equalled it. */
static bool drain_layers(struct merge *merge, const struct bytes *limit)
{
    for (int layer = front_layer(merge); layer >= 0 && !merge->stopped;
         layer = front_layer(merge)) {
        struct overlay_row *row = merge->at[layer];
        int order = limit == NULL ? -1 : bytes_compare(overlay_row_key(row), *limit);
        if (limit != NULL && order != 0 && (order > 0) != merge->reverse) {
            return false;
        }
        if (!row->removed) {
            give(merge, overlay_row_key(row), overlay_row_value(row));
        }
        step(merge, layer);
        if (limit != NULL && order == 0) {
            return true;
        }
    }
    return false;
}

static bool visit_stored(void *context, struct bytes key, struct bytes value)
{
    struct merge *merge = context;
    struct bytes prefixed = bytes_of(key.data + ADDRESS_BYTES, key.len - ADDRESS_BYTES);
    bool shadowed = drain_layers(merge, &prefixed);
    if (!shadowed && !merge->stopped) {
        give(merge, prefixed, value);
    }
    return !merge->stopped;
}

static struct bytes stored_key(uint8_t *room, struct actor *actor, struct bytes prefixed)
{
    address_encode(actor->address, room);
    memcpy(room + ADDRESS_BYTES, prefixed.data, prefixed.len);
    return bytes_of(room, ADDRESS_BYTES + prefixed.len);
}

static struct bytes prefixed_key(uint8_t *room, uint8_t table, struct bytes key)
{
    CHECK_ALWAYS(key.len <= COLLECTION_KEY_MAX);
    room[0] = table;
    if (key.len != 0) {
        memcpy(room + 1, key.data, key.len);
    }
    return bytes_of(room, key.len + 1);
}

void actor_range(struct shard *shard, struct actor *actor, uint8_t table, struct bytes from,
                 struct bytes to, uint32_t limit, bool reverse, ctx_visitor *visit, void *context)
{
    uint8_t from_room[STATE_KEY_MAX], to_room[STATE_KEY_MAX];
    uint8_t stored_from[STATE_KEY_MAX], stored_to[STATE_KEY_MAX];
    const struct overlay *layers[] = {actor->current, actor->frozen};
    struct merge merge = {.from = prefixed_key(from_room, table, from),
                          .to = to.len == 0 ? prefixed_key(to_room, (uint8_t)(table + 1), to)
                                            : prefixed_key(to_room, table, to),
                          .reverse = reverse,
                          .left = limit,
                          .stopped = limit == 0,
                          .visit = visit,
                          .context = context};
    bool below = true;
    for (int i = 0; i < 2; i++) {
        if (below && layers[i] != NULL) {
            merge.layers[i] = overlay_table(layers[i], table);
            below = merge.layers[i] == NULL || !merge.layers[i]->cleared;
        }
        start(&merge, i);
    }
    if (below && !merge.stopped) {
        int error = shard->world->state_scan(shard->world->self, shard->config.index, STATE_ROWS,
                                             stored_key(stored_from, actor, merge.from),
                                             stored_key(stored_to, actor, merge.to), reverse,
                                             visit_stored, &merge);
        CHECK_ALWAYS(error == 0);
    }
    if (!merge.stopped) {
        drain_layers(&merge, NULL);
    }
}

int actor_row_get(struct shard *shard, struct actor *actor, uint8_t table, struct bytes key,
                  struct bytes *value)
{
    struct overlay *layers[2] = {actor->current, actor->frozen};
    for (int i = 0; i < 2; i++) {
        if (layers[i] != NULL) {
            enum overlay_found found = overlay_get(layers[i], table, key, value);
            if (found != OVERLAY_UNKNOWN) {
                return found == OVERLAY_VALUE ? 0 : ERR_NOT_FOUND;
            }
        }
    }
    uint8_t prefixed[STATE_KEY_MAX], stored[STATE_KEY_MAX];
    struct bytes at = stored_key(stored, actor, prefixed_key(prefixed, table, key));
    return shard->world->state_get(shard->world->self, shard->config.index, STATE_ROWS, at, value);
}

void actor_row_set(struct shard *shard, struct actor *actor, uint8_t table, struct bytes key,
                   const struct bytes *value)
{
    size_t before = actor->current->bytes;
    overlay_set(actor->current, actor->address, table, key, value);
    shard->overlay_bytes += actor->current->bytes - before;
}
