#include "actors/user_records.h"

static const char *const entry_whats[] = {[USER_ENTRY_MATCHED] = "matched",
                                          [USER_ENTRY_ENDED] = "ended",
                                          [USER_ENTRY_WAITING] = "waiting"};
const struct enum_type user_entry_what_type = {
    .name = "user_entry_what", .names = entry_whats, .count = 3};

static const char *const invite_states[] = {
    [USER_INVITE_NONE] = "none", [USER_INVITE_CREATING] = "creating", [USER_INVITE_LIVE] = "live"};
const struct enum_type user_invite_state_type = {
    .name = "user_invite_state", .names = invite_states, .count = 3};

RECORD_DEFINE(auth_tokens, AUTH_TOKENS, "a session and the tokens for it");
RECORD_DEFINE(auth_refresh_args, AUTH_REFRESH_ARGS, "asks for new tokens");
RECORD_DEFINE(auth_signout_args, AUTH_SIGNOUT_ARGS, "ends sessions");
RECORD_DEFINE(couple_invite_result, COUPLE_INVITE_RESULT, "the live invite code");
RECORD_DEFINE(couple_leave_args, COUPLE_LEAVE_ARGS, "ends the couple");

RECORD_DEFINE(user_create_args, USER_PROFILE_FIELDS, "a new user's profile");
RECORD_DEFINE(user_open_device_args, USER_OPEN_DEVICE_ARGS, "asks for a session");
RECORD_DEFINE(user_pair_reserve_args, USER_PAIRING_FIELDS, "holds a user for a pairing");
RECORD_DEFINE(user_pair_commit_args, USER_PAIRING_FIELDS, "the pairing was decided");
RECORD_DEFINE(user_pair_release_args, USER_PAIR_RELEASE_ARGS, "the pairing is off");
RECORD_DEFINE(user_couple_ended_args, USER_COUPLE_ENDED_FIELDS, "the couple is no more");

RECORD_DEFINE(couple_matched_push, USER_PAIRING_FIELDS, "the user is part of a couple now");
RECORD_DEFINE(user_couple_ended_push, USER_COUPLE_ENDED_FIELDS, "the user's couple ended");

const struct push_type push_couple_matched = {.topic = "user",
                                              .type = "couple.matched",
                                              .doc = "The user is part of a couple now.",
                                              .data = &couple_matched_push_type};
const struct push_type push_user_couple_ended = {.topic = "user",
                                                 .type = "couple.ended",
                                                 .doc = "The user's couple ended.",
                                                 .data = &user_couple_ended_push_type};

RECORD_DEFINE(user_created, USER_CREATED, "signed up");
RECORD_DEFINE(session_opened, SESSION_OPENED, "signed in on a device");
RECORD_DEFINE(session_refreshed, SESSION_REFRESHED, "got a new refresh token");
RECORD_DEFINE(session_closed, SESSION_CLOSED, "signed out, replaced, expired or revoked");
RECORD_DEFINE(invite_requested, INVITE_REQUESTED, "a code is being made");
RECORD_DEFINE(invite_live, INVITE_CODE_EVENT, "the code is good");
RECORD_DEFINE(invite_dropped, INVITE_CODE_EVENT, "the code was not needed any more");
RECORD_DEFINE(pairing_reserved, USER_PAIRING_FIELDS, "held for a pairing");
RECORD_DEFINE(pairing_released, USER_PAIR_RELEASE_ARGS, "not held any more");
RECORD_DEFINE(pairing_abandoned, USER_COUPLE_ENDED_FIELDS, "the partner left before the commit");
RECORD_DEFINE(couple_joined, USER_PAIRING_FIELDS, "part of a couple");
RECORD_DEFINE(couple_left, USER_COUPLE_ENDED_FIELDS, "not part of the couple any more");

RECORD_DEFINE(user_profile_row, USER_PROFILE_ROW, "the profile");
RECORD_DEFINE(user_wanted_row, USER_PROFILE_GIVEN, "the profile to be");
RECORD_DEFINE(user_session_row, USER_SESSION_ROW, "a signed-in session, by sid");
RECORD_DEFINE(user_entry_row, USER_ENTRY_ROW, "an entry of the user's stream, by seq");
RECORD_DEFINE(user_root, USER_ROOT, "a user");
