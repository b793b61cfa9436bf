#include "actors/invite_records.h"

static const char *const states[] = {[INVITE_NONE] = "none",
                                     [INVITE_LIVE] = "live",
                                     [INVITE_RESERVING_FIRST] = "reserving_first",
                                     [INVITE_RESERVING_SECOND] = "reserving_second",
                                     [INVITE_MAKING_COUPLE] = "making_couple",
                                     [INVITE_TELLING_OWNER] = "telling_owner",
                                     [INVITE_TELLING_REDEEMER] = "telling_redeemer",
                                     [INVITE_USED] = "used",
                                     [INVITE_REVOKED] = "revoked"};
const struct enum_type invite_state_type = {
    .name = "invite_state", .names = states, .count = INVITE_STATE_COUNT};

static const char *const refusals[] = {[INVITE_REFUSED_NOT] = "not",
                                       [INVITE_REFUSED_PAIRED] = "paired",
                                       [INVITE_REFUSED_PAIRING] = "pairing",
                                       [INVITE_REFUSED_OTHERWISE] = "otherwise"};
const struct enum_type invite_refusal_type = {
    .name = "invite_refusal", .names = refusals, .count = INVITE_REFUSAL_COUNT};

RECORD_DEFINE(couple_match_args, COUPLE_MATCH_ARGS, "redeems an invite code");
RECORD_DEFINE(couple_match_result, USER_PAIRING_FIELDS, "the new couple");
RECORD_DEFINE(invite_create_args, INVITE_CREATE_ARGS, "a new code of the sender");
RECORD_DEFINE(invite_created, INVITE_CREATED, "the code is good");
RECORD_DEFINE(redeem_started, REDEEM_STARTED, "someone entered the code");
RECORD_DEFINE(invite_redeem_result, INVITE_REDEEM_RESULT, "how far redeeming the code is");
RECORD_DEFINE(redeem_refused, REDEEM_REFUSED, "one of the two could not be reserved");
RECORD_DEFINE(invite_root, INVITE_ROOT, "an invite code");
