#include "wire/paging.h"

#include "base/check.h"
#include "base/error.h"
#include "wire/base64.h"
#include "wire/field.h"

#define POSITION_BYTES 8

/** u64 position ∥ the first 8 bytes of BLAKE2b-128 over list ∥ position. */
static struct id cursor_of_position(struct bytes list, uint64_t position)
{
    struct buffer body = {0};
    struct id cursor;
    put_u64(cursor.bytes, position);
    buffer_append(&body, list.data, list.len);
    buffer_append(&body, cursor.bytes, POSITION_BYTES);
    struct id check = id_from_hash(body.data, body.len);
    memcpy(cursor.bytes + POSITION_BYTES, check.bytes, ID_BYTES - POSITION_BYTES);
    buffer_fini(&body);
    return cursor;
}

static int refuse(struct field_fault *fault, const char *field, const char *reason)
{
    (void)field_refuse(fault, reason);
    field_fault_prefix(fault, field);
    return ERR_INVALID_ARGUMENT;
}

static int take_cursor(struct bytes text, struct bytes list, struct paging *out,
                       struct field_fault *fault)
{
    struct id cursor;
    if (text.len != PAGING_CURSOR_CHARS || !base64_decode_id(text, &cursor) ||
        !id_equal(cursor, cursor_of_position(list, get_u64(cursor.bytes)))) {
        return refuse(fault, "cursor", "is not a cursor of this list");
    }
    out->position = get_u64(cursor.bytes);
    out->has_position = true;
    return 0;
}

int paging_resolve(const struct paging_given *given, struct bytes list, struct paging *out,
                   struct field_fault *fault)
{
    struct paging paging = {.by_page = given->has_page || given->has_size,
                            .count = PAGING_COUNT_DEFAULT};
    if (paging.by_page && (given->has_cursor || given->has_limit)) {
        return refuse(fault, given->has_cursor ? "cursor" : "limit", "not with page or size");
    }
    if (paging.by_page) {
        paging.count = given->has_size ? (uint32_t)given->size : PAGING_COUNT_DEFAULT;
        paging.page = given->has_page ? given->page : 1;
        paging.skip = (paging.page - 1) * (int64_t)paging.count; /* below 2^60 */
    } else if (given->has_limit) {
        paging.count = (uint32_t)given->limit;
    }
    int status = given->has_cursor ? take_cursor(given->cursor, list, &paging, fault) : 0;
    if (status == 0) {
        *out = paging;
    }
    return status;
}

void paging_cursor(struct bytes list, uint64_t position, char out[PAGING_CURSOR_CHARS + 1])
{
    id_to_text(cursor_of_position(list, position), out);
}

int64_t paging_pages(const struct paging *paging, int64_t total)
{
    int64_t count = paging->count;
    CHECK_DEBUG(count > 0);
    return (total + count - 1) / count;
}
