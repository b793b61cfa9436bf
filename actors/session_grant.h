/**
 * What a signed-in device is given. It goes to the caller only; the log sees hashes.
 */
#ifndef ACTORS_SESSION_GRANT_H
#define ACTORS_SESSION_GRANT_H

#include "runtime/actor.h"
#include "wire/token.h"

struct session_grant {
    struct id sid;
    struct id device;
    uint8_t hash[REFRESH_HASH_BYTES]; /* of refresh.secret */
    struct refresh_token refresh;
    int64_t expires_at; /* of the family, unless it is refreshed */
};

/** A fresh refresh secret for a session of this user actor, good for seven days. */
void session_grant_init(struct session_grant *grant, struct ctx *ctx, struct id sid,
                        struct id device);

/** Answers the caller with tokens, and wipes the grant. */
void session_grant_reply(struct ctx *ctx, struct session_grant *grant);

#endif
