/**
 * The kinds of actors: their stable codes and how each is addressed.
 *
 * A couple and a user have random ids. An identity and an invite are found by hashing their
 * canonical text: see identity_name.h and invite_code.h.
 */
#ifndef ACTORS_KINDS_H
#define ACTORS_KINDS_H

#include "base/ids.h"
#include "runtime/actor.h"

/** First byte of an address: stable for ever. */
enum actor_kind_code { ACTOR_USER = 1, ACTOR_COUPLE = 2, ACTOR_IDENTITY = 3, ACTOR_INVITE = 4 };

extern const struct kind user_kind;
extern const struct kind couple_kind;
extern const struct kind identity_kind;
extern const struct kind invite_kind;

static inline struct address user_address(struct id user)
{
    return (struct address){.kind = ACTOR_USER, .id = user};
}

static inline struct address couple_address(struct id couple)
{
    return (struct address){.kind = ACTOR_COUPLE, .id = couple};
}

#endif
