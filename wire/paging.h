/**
 * Reading a list in parts: a declared trait of an op, by cursor or by page and size.
 *
 *     #define THINGS_ARGS(F, R) PAGING_ARGS(F, R)                        // all QUERY fields
 *     #define THINGS_RESULT(F, R) F(R, LIST, things, …) PAGING_RESULT(F, R)
 *     .rest = {…, .paging = OP_PAGING_BOTH}
 *
 * By cursor nothing is missed and nothing comes twice, whatever is added meanwhile; by page a
 * reader may jump, and what is added shifts what follows. The two exclude each other.
 *
 * A cursor is opaque: a place in the list and a checksum over it and the list's name, so that one
 * of another list, another actor's or a mistyped one is refused. It is no secret and grants
 * nothing: the op still shows only what its caller may see.
 */
#ifndef WIRE_PAGING_H
#define WIRE_PAGING_H

#include "base/ids.h"
#include "wire/codec.h"

#define PAGING_COUNT_MAX 100
#define PAGING_COUNT_DEFAULT 20
#define PAGING_CURSOR_CHARS ID_TEXT_CHARS
#define PAGING_CURSOR_EXAMPLE "\"AAAAAAAAACqHXjr5ZXB8Zg\""

#define PAGING_ARGS(F, R)                                                                          \
    F(R, TEXT, cursor, OPTIONAL, 1, 64, NULL, QUERY,                                               \
      "goes on where a part ended: its next_cursor", NULL)                                         \
    F(R, INT, limit, OPTIONAL, 1, PAGING_COUNT_MAX, NULL, QUERY, "at most so many; 20", "20")      \
    F(R, INT, page, OPTIONAL, 1, INT_BOUND, NULL, QUERY,                                           \
      "which page, from 1 on; not with cursor or limit", NULL)                                     \
    F(R, INT, size, OPTIONAL, 1, PAGING_COUNT_MAX, NULL, QUERY,                                    \
      "of a page; 20; not with cursor or limit", NULL)

#define PAGING_RESULT(F, R)                                                                        \
    F(R, INT, total, REQUIRED, 0, INT_BOUND, NULL, BODY, "how many there are in all", "42")        \
    F(R, TEXT, next_cursor, OPTIONAL, 1, 64, NULL, BODY,                                           \
      "for the next part; absent: this was the last, or it was read by page",                      \
      PAGING_CURSOR_EXAMPLE)                                                                       \
    F(R, INT, page, OPTIONAL, 1, INT_BOUND, NULL, BODY, "when read by page: this one", NULL)       \
    F(R, INT, pages, OPTIONAL, 0, INT_BOUND, NULL, BODY, "when read by page: how many", NULL)

/** What a caller gave of PAGING_ARGS. */
struct paging_given {
    struct bytes cursor;
    int64_t limit, page, size;
    bool has_cursor, has_limit, has_page, has_size;
};
#define PAGING_GIVEN(args)                                                                         \
    (&(struct paging_given){.cursor = (args)->cursor,                                              \
                            .limit = (args)->limit,                                                \
                            .page = (args)->page,                                                  \
                            .size = (args)->size,                                                  \
                            .has_cursor = (args)->has_cursor,                                      \
                            .has_limit = (args)->has_limit,                                        \
                            .has_page = (args)->has_page,                                          \
                            .has_size = (args)->has_size})

/** Which part is meant. */
struct paging {
    uint32_t count;    /* at most so many items */
    bool by_page;      /* else by cursor */
    int64_t page;      /* by page: from 1 on … */
    int64_t skip;      /* … and so many items come before it */
    bool has_position; /* by cursor: behind the item at … */
    uint64_t position; /* … this place, which means what the op gave to paging_cursor */
};

/**
 * `given` has the bounds of PAGING_ARGS. `list` names the list: any bytes, such as the op's name
 * and the actor's id. 0, or ERR_INVALID_ARGUMENT with `fault` naming the field. Pure; any thread.
 */
int paging_resolve(const struct paging_given *given, struct bytes list, struct paging *out,
                   struct field_fault *fault);

/** The cursor that leads to what comes behind `position` in this list. */
void paging_cursor(struct bytes list, uint64_t position, char out[PAGING_CURSOR_CHARS + 1]);

/** How many pages of this size `total` items fill. */
int64_t paging_pages(const struct paging *paging, int64_t total);

#endif
