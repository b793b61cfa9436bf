/**
 * The tables that close an actor's file: its events and what handles each outcome.
 *
 *     #define USER_EVENTS(X) X(1, user_created) X(2, session_opened)
 *     USER_EVENTS(EVENT_DEFINE)                       // user_created_event, …
 *     … = {USER_EVENTS(EVENT_LIST)};                  // kind.events
 *     … = {USER_EVENTS(EVENT_APPLY)};                 // apply_user_created, … by tag
 */
#ifndef ACTORS_TABLES_H
#define ACTORS_TABLES_H

#include <stddef.h>

#include "base/check.h"
#include "base/error.h"
#include "runtime/actor.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Version 1 of an event; its body is the record of the same name. */
#define EVENT_DEFINE(tag_, name_)                                                                  \
    static const struct event_type name_##_event = {                                               \
        .tag = (tag_), .version = 1, .name = #name_, .body = &name_##_type};
/* For an actor of several files: declared in a header, defined in one of them. */
#define EVENT_DECLARE(tag_, name_) extern const struct event_type name_##_event;
#define EVENT_DEFINE_SHARED(tag_, name_)                                                           \
    const struct event_type name_##_event = {                                                      \
        .tag = (tag_), .version = 1, .name = #name_, .body = &name_##_type};
#define EVENT_LIST(tag_, name_) &name_##_event,
#define EVENT_APPLY(tag_, name_) [tag_] = apply_##name_,

typedef int outcome_handler(struct ctx *ctx, const void *state, const struct outcome *outcome);

struct outcome_row {
    uint8_t kind;  /* of the receiver */
    uint16_t code; /* of the command */
    outcome_handler *handle;
};

/** For sends that need no answer. */
static inline int outcome_ignore(struct ctx *ctx, const void *state, const struct outcome *outcome)
{
    (void)ctx;
    (void)state;
    (void)outcome;
    return 0;
}

static inline int outcome_dispatch(const struct outcome_row *rows, size_t count, struct ctx *ctx,
                                   const void *state, const struct outcome *outcome)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].kind == outcome->to.kind && rows[i].code == outcome->code) {
            return rows[i].handle(ctx, state, outcome);
        }
    }
    return CHECK_RECOVER(false && "outcome of a send that is not in the table") ? 0 : ERR_INTERNAL;
}

#endif
