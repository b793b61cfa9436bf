#include "tests/simulation/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <uv/tree.h>

#include "base/check.h"
#include "base/error.h"

struct version {
    struct version *older;
    uint64_t at;
    bool removed;
    size_t len;
    uint8_t data[];
};
struct row {
    RB_ENTRY(row) link;
    struct bytes key;
    struct version *newest;
};
RB_HEAD(row_tree, row);

struct stored {
    uint8_t *data; /* NULL: a commit's own LSN */
    size_t len;
};

struct store {
    struct stored *log; /* LSN 1 at 0 */
    uint64_t log_count, log_cap;
    struct row_tree tables[STATE_TABLE_COUNT];
    uint64_t version;
};

static int row_compare(struct row *a, struct row *b)
{
    return bytes_compare(a->key, b->key);
}

RB_GENERATE_STATIC(row_tree, row, link, row_compare)

struct store *store_create(void)
{
    return memory_alloc(sizeof(struct store));
}

static void versions_free(struct version *version)
{
    while (version != NULL) {
        struct version *older = version->older;
        free(version);
        version = older;
    }
}

void store_lose_state(struct store *store)
{
    for (int table = 0; table < STATE_TABLE_COUNT; table++) {
        struct row *row;
        while ((row = RB_MIN(row_tree, &store->tables[table])) != NULL) {
            RB_REMOVE(row_tree, &store->tables[table], row);
            versions_free(row->newest);
            free(row);
        }
    }
}

void store_destroy(struct store *store)
{
    if (store == NULL) {
        return;
    }
    store_lose_state(store);
    for (uint64_t i = 0; i < store->log_count; i++) {
        free(store->log[i].data);
    }
    free(store->log);
    free(store);
}

/* --- log --- */

static void log_push(struct store *store, const uint8_t *data, size_t len)
{
    if (store->log_count == store->log_cap) {
        store->log_cap = store->log_cap == 0 ? 256 : store->log_cap * 2;
        store->log = memory_resize(store->log, store->log_cap * sizeof *store->log);
    }
    store->log[store->log_count++] =
        (struct stored){.data = data == NULL ? NULL : memory_copy(data, len), .len = len};
}

struct lsn store_append(struct store *store, const struct bytes *runs, uint32_t count,
                        struct lsn *tail)
{
    struct lsn first = {store->log_count + 1};
    for (uint32_t i = 0; i < count; i++) {
        struct bytes rest = runs[i];
        while (rest.len != 0) {
            size_t len = get_u32(rest.data);
            CHECK_ALWAYS(rest.len >= 4 && len <= rest.len - 4);
            log_push(store, rest.data + 4, len);
            rest = bytes_of(rest.data + 4 + len, rest.len - 4 - len);
        }
    }
    log_push(store, NULL, 0);
    *tail = (struct lsn){store->log_count};
    return first;
}

struct lsn store_tail(const struct store *store)
{
    return (struct lsn){store->log_count};
}

bool store_record(const struct store *store, struct lsn lsn, struct log_record *out)
{
    if (lsn.v == 0 || lsn.v > store->log_count || store->log[lsn.v - 1].data == NULL) {
        return false;
    }
    const struct stored *stored = &store->log[lsn.v - 1];
    int error = log_record_decode(bytes_of(stored->data, stored->len), out);
    CHECK_ALWAYS(error == 0);
    out->lsn = lsn;
    return true;
}

/* --- state --- */

static struct row *row_at(struct store *store, enum state_table table, struct bytes key)
{
    struct row probe = {.key = key};
    struct row *row = RB_FIND(row_tree, &store->tables[table], &probe);
    if (row == NULL) {
        row = memory_alloc(sizeof *row + key.len);
        memcpy(row + 1, key.data, key.len);
        row->key = bytes_of(row + 1, key.len);
        RB_INSERT(row_tree, &store->tables[table], row);
    }
    return row;
}

/** Versions that no reader at or after `oldest` can see any more. */
static void row_trim(struct row *row, uint64_t oldest)
{
    struct version *version = row->newest;
    while (version != NULL && version->at > oldest) {
        version = version->older;
    }
    if (version != NULL) {
        versions_free(version->older);
        version->older = NULL;
    }
}

static void row_change(struct row *row, uint64_t at, const struct bytes *value, uint64_t oldest)
{
    size_t len = value == NULL ? 0 : value->len;
    struct version *version = memory_alloc(sizeof *version + len);
    version->older = row->newest;
    version->at = at;
    version->removed = value == NULL;
    version->len = len;
    if (len != 0) {
        memcpy(version->data, value->data, len);
    }
    row->newest = version;
    row_trim(row, oldest);
}

static bool has_prefix(struct bytes key, struct bytes prefix)
{
    return key.len >= prefix.len && memcmp(key.data, prefix.data, prefix.len) == 0;
}

static void delete_prefix(struct store *store, const struct state_change *change, uint64_t oldest)
{
    struct row probe = {.key = change->key};
    struct row *row = RB_NFIND(row_tree, &store->tables[change->table], &probe);
    for (; row != NULL && has_prefix(row->key, change->key);
         row = RB_NEXT(row_tree, &store->tables[change->table], row)) {
        row_change(row, store->version, NULL, oldest);
    }
}

uint64_t store_commit(struct store *store, const struct state_change *changes, size_t count,
                      uint64_t oldest)
{
    store->version++;
    for (size_t i = 0; i < count; i++) {
        const struct state_change *change = &changes[i];
        CHECK_ALWAYS(change->key.len != 0 && change->key.len <= STATE_KEY_MAX);
        if (change->action == STATE_DELETE_PREFIX) {
            delete_prefix(store, change, oldest);
            continue;
        }
        row_change(row_at(store, change->table, change->key), store->version,
                   change->action == STATE_PUT ? &change->value : NULL, oldest);
    }
    return store->version;
}

uint64_t store_version(const struct store *store)
{
    return store->version;
}

static const struct version *version_at(const struct row *row, uint64_t at)
{
    const struct version *version = row->newest;
    while (version != NULL && version->at > at) {
        version = version->older;
    }
    return version == NULL || version->removed ? NULL : version;
}

int store_get(struct store *store, uint64_t version, enum state_table table, struct bytes key,
              struct bytes *value)
{
    struct row probe = {.key = key};
    struct row *row = RB_FIND(row_tree, &store->tables[table], &probe);
    const struct version *found = row == NULL ? NULL : version_at(row, version);
    if (found == NULL) {
        return ERR_NOT_FOUND;
    }
    *value = bytes_of(found->data, found->len);
    return 0;
}

static struct row *scan_first(struct row_tree *tree, struct bytes from, struct bytes to,
                              bool reverse)
{
    struct row probe = {.key = reverse ? to : from};
    if (!reverse) {
        return RB_NFIND(row_tree, tree, &probe);
    }
    struct row *after = to.len == 0 ? NULL : RB_NFIND(row_tree, tree, &probe);
    return after == NULL ? RB_MAX(row_tree, tree) : RB_PREV(row_tree, tree, after);
}

int store_scan(struct store *store, uint64_t version, enum state_table table, struct bytes from,
               struct bytes to, bool reverse, state_visitor *visit, void *context)
{
    struct row_tree *tree = &store->tables[table];
    struct row *row = scan_first(tree, from, to, reverse);
    while (row != NULL && bytes_compare(row->key, from) >= 0 &&
           (to.len == 0 || bytes_compare(row->key, to) < 0)) {
        const struct version *found = version_at(row, version);
        if (found != NULL && !visit(context, row->key, bytes_of(found->data, found->len))) {
            break;
        }
        row = reverse ? RB_PREV(row_tree, tree, row) : RB_NEXT(row_tree, tree, row);
    }
    return 0;
}

/* --- comparing --- */

static struct row *next_alive(struct row *row)
{
    while (row != NULL && (row->newest == NULL || row->newest->removed)) {
        row = RB_NEXT(row_tree, tree, row);
    }
    return row;
}

static bool rows_equal(const struct row *a, const struct row *b)
{
    return a != NULL && b != NULL && bytes_equal(a->key, b->key) &&
           bytes_equal(bytes_of(a->newest->data, a->newest->len),
                       bytes_of(b->newest->data, b->newest->len));
}

bool store_same_state(struct store *a, struct store *b, char *difference, size_t size)
{
    for (int table = 0; table < STATE_META; table++) {
        struct row_tree *ta = &a->tables[table], *tb = &b->tables[table];
        struct row *ra = next_alive(RB_MIN(row_tree, ta));
        struct row *rb = next_alive(RB_MIN(row_tree, tb));
        while (ra != NULL || rb != NULL) {
            if (!rows_equal(ra, rb)) {
                const struct row *row = ra != NULL ? ra : rb;
                snprintf(difference, size, "table %d, kind %d, collection %d%s", table,
                         row->key.data[0], row->key.len > ADDRESS_BYTES ? row->key.data[17] : -1,
                         ra == NULL   ? ", missing in the first"
                         : rb == NULL ? ", missing in the second"
                                      : "");
                return false;
            }
            ra = next_alive(RB_NEXT(row_tree, ta, ra));
            rb = next_alive(RB_NEXT(row_tree, tb, rb));
        }
    }
    return true;
}
