#include "wire/slots.h"

#include "base/check.h"
#include "base/error.h"

static void read_value(struct cursor *cursor, const struct slot *slot, void *out)
{
    struct bytes value;
    int64_t integer;
    void *member = (uint8_t *)out + slot->offset;
    switch (slot->type) {
    case SLOT_TEXT:
        value = cursor_text(cursor);
        break;
    case SLOT_BIN:
        value = cursor_bin(cursor);
        break;
    case SLOT_INT:
        integer = cursor_int(cursor);
        memcpy(member, &integer, sizeof integer);
        return;
    case SLOT_ANY:
        value = cursor_skip(cursor);
        break;
    default:
        return;
    }
    memcpy(member, &value, sizeof value);
}

static bool fits(enum slot_type slot, enum cursor_type given)
{
    static const enum cursor_type wanted[] = {
        [SLOT_TEXT] = CURSOR_TEXT, [SLOT_BIN] = CURSOR_BIN, [SLOT_INT] = CURSOR_INT};
    return slot == SLOT_ANY || wanted[slot] == given;
}

static size_t find(const struct slot *slots, size_t count, struct bytes name)
{
    size_t index = 0;
    while (index < count && !bytes_equal(name, text_of(slots[index].name))) {
        index++;
    }
    return index;
}

int slots_read(struct cursor *cursor, const struct slot *slots, size_t count, void *out,
               const char **culprit)
{
    CHECK_DEBUG(count <= SLOTS_MAX);
    if (cursor_peek(cursor) != CURSOR_MAP) {
        (void)cursor_skip(cursor);
        *culprit = "";
        return cursor->failed ? ERR_MALFORMED : ERR_INVALID_ARGUMENT;
    }
    uint32_t entries = cursor_map(cursor);
    uint32_t seen = 0;
    const char *wrong = NULL;
    for (uint32_t i = 0; i < entries && !cursor->failed; i++) {
        size_t index = find(slots, count, cursor_text(cursor));
        enum cursor_type given = cursor_peek(cursor);
        uint32_t bit = index < count ? 1u << index : 0;
        if ((seen & bit) != 0) {
            return ERR_MALFORMED;
        }
        seen |= bit;
        if (bit != 0 && given != CURSOR_NIL && fits(slots[index].type, given)) {
            read_value(cursor, &slots[index], out);
            continue;
        }
        if (bit != 0 && given != CURSOR_NIL && wrong == NULL) {
            wrong = slots[index].name;
        }
        (void)cursor_skip(cursor);
    }
    if (cursor->failed) {
        return ERR_MALFORMED;
    }
    *culprit = wrong;
    return wrong != NULL ? ERR_INVALID_ARGUMENT : 0;
}
