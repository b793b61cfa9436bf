#include "actors/identity_records.h"

static const char *const states[] = {[IDENTITY_FREE] = "free",
                                     [IDENTITY_CLAIMING] = "claiming",
                                     [IDENTITY_CREATING] = "creating",
                                     [IDENTITY_TAKEN] = "taken"};
const struct enum_type identity_state_type = {
    .name = "identity_state", .names = states, .count = IDENTITY_STATE_COUNT};

RECORD_DEFINE(auth_signup_args, AUTH_SIGNUP_ARGS, "a new account");
RECORD_DEFINE(auth_login_args, AUTH_LOGIN_ARGS, "e-mail and password");
RECORD_DEFINE(signup_hashed_args, SIGNUP_FIELDS, "a sign-up whose password was hashed");
RECORD_DEFINE(login_verified_args, LOGIN_VERIFIED_ARGS, "a login whose password was checked");
RECORD_DEFINE(nickname_claim_args, NICKNAME_FIELDS, "asks for a nickname");
RECORD_DEFINE(nickname_release_args, NICKNAME_RELEASE_ARGS, "gives a nickname back");
RECORD_DEFINE(identity_reserved, IDENTITY_RESERVED, "a sign-up began");
RECORD_DEFINE(identity_rehashed, IDENTITY_REHASHED, "the password was hashed anew");
RECORD_DEFINE(nickname_claimed, NICKNAME_FIELDS, "the nickname is taken");
RECORD_DEFINE(identity_account_row, IDENTITY_ACCOUNT_ROW, "the account");
RECORD_DEFINE(identity_root, IDENTITY_ROOT, "an e-mail or a nickname");
