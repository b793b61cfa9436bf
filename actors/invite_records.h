/**
 * Everything an invite actor declares.
 */
#ifndef ACTORS_INVITE_RECORDS_H
#define ACTORS_INVITE_RECORDS_H

#include "actors/user_records.h"
#include "wire/record.h"

/** Commands; the codes stand in the log. */
enum invite_command {
    INVITE_CREATE = 1,
    INVITE_REVOKE = 2,
    INVITE_REDEEM = 3, /* 100 was couple.match, which is the user's now */
    INVITE_AWAIT = 4
};

/* --- ops --- */

#define COUPLE_MATCH_ARGS(F, R)                                                                    \
    F(R, TEXT, code, REQUIRED, 8, 16, NULL, BODY,                                                  \
      "the partner's code; dashes, blanks and lower case are fine", "\"7k3m-9qxw\"")
RECORD_DECLARE(couple_match_args, COUPLE_MATCH_ARGS)
RECORD_DECLARE(couple_match_result, USER_PAIRING_FIELDS)

/* --- from user actors --- */

/** The sender becomes the owner. */
#define INVITE_CREATE_ARGS(F, R)                                                                   \
    F(R, INSTANT, expires_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "good until then", AT_EXAMPLE)
RECORD_DECLARE(invite_create_args, INVITE_CREATE_ARGS)

/** Of redeem: without a couple it has begun, and is to be awaited. Of await: with one. */
#define INVITE_REDEEM_RESULT(F, R)                                                                 \
    F(R, ID, couple, OPTIONAL, 0, 0, NULL, BODY, "the couple that was made", ID_EXAMPLE)           \
    F(R, ID, partner, OPTIONAL, 0, 0, NULL, BODY, "the other user", ID_EXAMPLE)
RECORD_DECLARE(invite_redeem_result, INVITE_REDEEM_RESULT)

/* --- events --- */

#define INVITE_CREATED(F, R)                                                                       \
    F(R, ID, owner, REQUIRED, 0, 0, NULL, BODY, "who invites", ID_EXAMPLE)                         \
    F(R, INSTANT, expires_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "good until then", AT_EXAMPLE)
RECORD_DECLARE(invite_created, INVITE_CREATED)

#define REDEEM_STARTED(F, R)                                                                       \
    F(R, ID, redeemer, REQUIRED, 0, 0, NULL, BODY, "who entered the code", ID_EXAMPLE)             \
    F(R, ID, couple, REQUIRED, 0, 0, NULL, BODY, "the couple to be", ID_EXAMPLE)
RECORD_DECLARE(redeem_started, REDEEM_STARTED)

/** Why one of the two could not be reserved; names are stable. */
enum invite_refusal {
    INVITE_REFUSED_NOT, /* nobody was refused */
    INVITE_REFUSED_PAIRED,
    INVITE_REFUSED_PAIRING,
    INVITE_REFUSED_OTHERWISE,
    INVITE_REFUSAL_COUNT
};
extern const struct enum_type invite_refusal_type;

#define REDEEM_REFUSED(F, R)                                                                       \
    F(R, ENUM, refusal, REQUIRED, 0, 0, &invite_refusal_type, BODY, "why", "\"paired\"")
RECORD_DECLARE(redeem_refused, REDEEM_REFUSED)

/* --- root --- */

enum invite_state {
    INVITE_NONE,
    INVITE_LIVE,
    INVITE_RESERVING_FIRST,
    INVITE_RESERVING_SECOND,
    INVITE_MAKING_COUPLE, /* decided: from here on there is no way back */
    INVITE_TELLING_OWNER,
    INVITE_TELLING_REDEEMER,
    INVITE_USED,
    INVITE_REVOKED,
    INVITE_STATE_COUNT
};
extern const struct enum_type invite_state_type;
#define INVITE_ROOT(F, R)                                                                          \
    F(R, ENUM, state, REQUIRED, 0, 0, &invite_state_type, BODY, "where it stands", "\"live\"")     \
    F(R, ID, owner, REQUIRED, 0, 0, NULL, BODY, "who invites", ID_EXAMPLE)                         \
    F(R, INSTANT, expires_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "good until then", AT_EXAMPLE)   \
    F(R, ID, redeemer, REQUIRED, 0, 0, NULL, BODY, "who entered the code, or zero", ID_EXAMPLE)    \
    F(R, ID, couple, REQUIRED, 0, 0, NULL, BODY, "the couple to be, or that is", ID_EXAMPLE)       \
    F(R, BOOL, revoked, REQUIRED, 0, 0, NULL, BODY, "revoked while being redeemed", "false")       \
    F(R, ID, refused_redeemer, REQUIRED, 0, 0, NULL, BODY, "who was refused last", ID_EXAMPLE)     \
    F(R, ENUM, refusal, REQUIRED, 0, 0, &invite_refusal_type, BODY, "and why", "\"not\"")
RECORD_DECLARE(invite_root, INVITE_ROOT)

#endif
