#include "runtime/overlay.h"

#include <stdlib.h>

#include "base/check.h"

static int row_compare(struct overlay_row *a, struct overlay_row *b)
{
    return bytes_compare(overlay_row_key(a), overlay_row_key(b));
}

RB_GENERATE_STATIC(overlay_tree, overlay_row, link, row_compare)

struct bytes overlay_row_key(const struct overlay_row *row)
{
    return bytes_of(row->data + ADDRESS_BYTES, row->key_len);
}

struct bytes overlay_row_stored_key(const struct overlay_row *row)
{
    return bytes_of(row->data, ADDRESS_BYTES + row->key_len);
}

struct bytes overlay_row_value(const struct overlay_row *row)
{
    return bytes_of(row->data + ADDRESS_BYTES + row->key_len, row->value_len);
}

struct overlay *overlay_create(void)
{
    return memory_alloc(sizeof(struct overlay));
}

static struct overlay_row **hint_of(struct overlay *overlay, const struct overlay_row *row)
{
    return &overlay->newest[row->data[ADDRESS_BYTES] % OVERLAY_HINTS];
}

static void row_drop(struct overlay *overlay, struct overlay_row *row)
{
    if (*hint_of(overlay, row) == row) {
        *hint_of(overlay, row) = NULL;
    }
    RB_REMOVE(overlay_tree, &overlay->rows, row);
    overlay->bytes -= sizeof *row + ADDRESS_BYTES + row->key_len + row->value_len;
    overlay->count--;
    free(row);
}

void overlay_destroy(struct overlay *overlay)
{
    if (overlay == NULL) {
        return;
    }
    struct overlay_row *row = RB_MIN(overlay_tree, &overlay->rows);
    while (row != NULL) {
        struct overlay_row *next = RB_NEXT(overlay_tree, &overlay->rows, row);
        row_drop(overlay, row);
        row = next;
    }
    free(overlay);
}

/** A search key that the comparison accepts; on the caller's stack. */
union probe {
    struct overlay_row row;
    uint8_t room[sizeof(struct overlay_row) + ADDRESS_BYTES + 512];
};

static void probe_fill(union probe *probe, uint8_t collection, struct bytes key)
{
    CHECK_ALWAYS(key.len < 500);
    probe->row.key_len = (uint32_t)key.len + 1;
    uint8_t *at = probe->room + offsetof(struct overlay_row, data) + ADDRESS_BYTES;
    at[0] = collection;
    if (key.len != 0) {
        memcpy(at + 1, key.data, key.len);
    }
}

static struct overlay_row *row_create(struct address address, uint8_t collection, struct bytes key,
                                      const struct bytes *value)
{
    size_t value_len = value == NULL ? 0 : value->len;
    struct overlay_row *row = malloc(sizeof *row + ADDRESS_BYTES + 1 + key.len + value_len);
    CHECK_ALWAYS(row != NULL);
    row->key_len = (uint32_t)key.len + 1;
    row->value_len = (uint32_t)value_len;
    row->removed = value == NULL;
    address_encode(address, row->data);
    row->data[ADDRESS_BYTES] = collection;
    if (key.len != 0) {
        memcpy(row->data + ADDRESS_BYTES + 1, key.data, key.len);
    }
    if (value_len != 0) {
        memcpy(row->data + ADDRESS_BYTES + 1 + key.len, value->data, value_len);
    }
    return row;
}

/**
 * Most rows are numbered, and come right after the last one of their collection: then there is
 * nothing to search. False when it does not belong there.
 */
static bool insert_after_newest(struct overlay *overlay, struct overlay_row *row)
{
    struct overlay_row *before = *hint_of(overlay, row);
    if (before == NULL || row_compare(before, row) >= 0) {
        return false;
    }
    struct overlay_row *after = RB_NEXT(overlay_tree, &overlay->rows, before);
    if (after != NULL && row_compare(row, after) >= 0) {
        return false;
    }
    /* Neighbours: either `before` has no right child, or `after` is the least below it. */
    struct overlay_row *parent = RB_RIGHT(before, link) == NULL ? before : after;
    RB_SET(row, parent, link);
    if (parent == before) {
        RB_RIGHT(parent, link) = row;
    } else {
        RB_LEFT(parent, link) = row;
    }
    overlay_tree_RB_INSERT_COLOR(&overlay->rows, row);
    return true;
}

static void insert(struct overlay *overlay, struct overlay_row *row)
{
    if (insert_after_newest(overlay, row)) {
        return;
    }
    struct overlay_row *old = RB_INSERT(overlay_tree, &overlay->rows, row);
    if (old != NULL) {
        row_drop(overlay, old);
        RB_INSERT(overlay_tree, &overlay->rows, row);
    }
}

void overlay_set(struct overlay *overlay, struct address address, uint8_t collection,
                 struct bytes key, const struct bytes *value)
{
    CHECK_ALWAYS(key.len < 500);
    struct overlay_row *row = row_create(address, collection, key, value);
    insert(overlay, row);
    *hint_of(overlay, row) = row;
    overlay->bytes += sizeof *row + ADDRESS_BYTES + row->key_len + row->value_len;
    overlay->count++;
}

void overlay_clear(struct overlay *overlay, uint8_t collection)
{
    uint8_t first[1] = {collection};
    struct overlay_row *row = overlay_seek(overlay, bytes_of(first, 1), false);
    while (row != NULL && overlay_row_key(row).data[0] == collection) {
        struct overlay_row *next = RB_NEXT(overlay_tree, &overlay->rows, row);
        row_drop(overlay, row);
        row = next;
    }
    overlay->cleared[collection / 8] |= (uint8_t)(1u << (collection % 8));
}

bool overlay_is_cleared(const struct overlay *overlay, uint8_t collection)
{
    return (overlay->cleared[collection / 8] >> (collection % 8) & 1) != 0;
}

enum overlay_found overlay_get(const struct overlay *overlay, uint8_t collection, struct bytes key,
                               struct bytes *value)
{
    struct overlay_row *row = NULL;
    if (overlay->count != 0) {
        union probe probe;
        probe_fill(&probe, collection, key);
        struct overlay_tree *tree = (struct overlay_tree *)&overlay->rows;
        row = RB_FIND(overlay_tree, tree, &probe.row);
    }
    if (row == NULL) {
        return overlay_is_cleared(overlay, collection) ? OVERLAY_REMOVED : OVERLAY_UNKNOWN;
    }
    if (row->removed) {
        return OVERLAY_REMOVED;
    }
    *value = overlay_row_value(row);
    return OVERLAY_VALUE;
}

struct overlay_row *overlay_seek(const struct overlay *overlay, struct bytes prefixed_key,
                                 bool reverse)
{
    union probe probe;
    probe_fill(&probe, prefixed_key.data[0], bytes_of(prefixed_key.data + 1, prefixed_key.len - 1));
    struct overlay_tree *tree = (struct overlay_tree *)&overlay->rows;
    struct overlay_row *at = RB_NFIND(overlay_tree, tree, &probe.row);
    if (!reverse) {
        return at;
    }
    return at == NULL ? RB_MAX(overlay_tree, tree) : RB_PREV(overlay_tree, tree, at);
}

struct overlay_row *overlay_next(struct overlay_row *row, bool reverse)
{
    return reverse ? RB_PREV(overlay_tree, NULL, row) : RB_NEXT(overlay_tree, NULL, row);
}
