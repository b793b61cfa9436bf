/**
 * Everything an identity actor declares.
 */
#ifndef ACTORS_IDENTITY_RECORDS_H
#define ACTORS_IDENTITY_RECORDS_H

#include "actors/user_records.h"
#include "wire/record.h"

/** Commands; the codes stand in the log. */
enum identity_command {
    IDENTITY_SIGNUP_HASHED = 1,
    IDENTITY_LOGIN_VERIFIED = 2,
    IDENTITY_NICKNAME_CLAIM = 3,
    IDENTITY_NICKNAME_RELEASE = 4,
    IDENTITY_AUTH_SIGNUP = 100,
    IDENTITY_AUTH_LOGIN = 101
};

/* --- ops --- */

#define AUTH_SIGNUP_ARGS(F, R)                                                                     \
    F(R, TEXT, email, REQUIRED, 3, 254, NULL, BODY, "for signing in", "\"minji@example.com\"")     \
    F(R, TEXT, password, REQUIRED, 8, 128, NULL, BODY, "not a common one", "\"corgi-by-the-sea\"") \
    F(R, DAY, birth_date, REQUIRED, 0, 0, NULL, BODY, "from 1900 on", "\"1998-03-14\"")            \
    F(R, TEXT, nickname, OPTIONAL, 2, 20, NULL, BODY, "unique; case does not count", "\"민지\"")   \
    F(R, ID, device, REQUIRED, 0, 0, NULL, BODY, "random, made once per installation", ID_EXAMPLE)
RECORD_DECLARE(auth_signup_args, AUTH_SIGNUP_ARGS)

#define AUTH_LOGIN_ARGS(F, R)                                                                      \
    F(R, TEXT, email, REQUIRED, 3, 254, NULL, BODY, "of the account", "\"minji@example.com\"")     \
    F(R, TEXT, password, REQUIRED, 1, 128, NULL, BODY, "of the account", "\"corgi-by-the-sea\"")   \
    F(R, ID, device, REQUIRED, 0, 0, NULL, BODY, "random, made once per installation", ID_EXAMPLE)
RECORD_DECLARE(auth_login_args, AUTH_LOGIN_ARGS)

/* --- from jobs and other identities --- */

/** What a sign-up is about, without the password: a job's args and part of the account's row. */
#define SIGNUP_FIELDS(F, R)                                                                        \
    F(R, TEXT, email, REQUIRED, 3, 254, NULL, BODY, "as it was given", "\"minji@example.com\"")    \
    F(R, DAY, birth_date, REQUIRED, 0, 0, NULL, BODY, "day of birth", "\"1998-03-14\"")            \
    F(R, TEXT, nickname, OPTIONAL, 1, 20, NULL, BODY, "as it was given", "\"민지\"")               \
    F(R, ID, device, REQUIRED, 0, 0, NULL, BODY, "the installation", ID_EXAMPLE)
RECORD_DECLARE(signup_hashed_args, SIGNUP_FIELDS)

#define LOGIN_VERIFIED_ARGS(F, R)                                                                  \
    F(R, ID, device, REQUIRED, 0, 0, NULL, BODY, "the installation", ID_EXAMPLE)                   \
    F(R, BOOL, again, OPTIONAL, 0, 0, NULL, BODY, "it is a sign-up with a key that was seen",      \
      "true")
RECORD_DECLARE(login_verified_args, LOGIN_VERIFIED_ARGS)

#define NICKNAME_FIELDS(F, R)                                                                      \
    F(R, ID, user, REQUIRED, 0, 0, NULL, BODY, "whose it is", ID_EXAMPLE)                          \
    F(R, TEXT, value, REQUIRED, 1, 2048, NULL, BODY, "normal form", "\"민지\"")
RECORD_DECLARE(nickname_claim_args, NICKNAME_FIELDS)

#define NICKNAME_RELEASE_ARGS(F, R)                                                                \
    F(R, ID, user, REQUIRED, 0, 0, NULL, BODY, "whose it was", ID_EXAMPLE)
RECORD_DECLARE(nickname_release_args, NICKNAME_RELEASE_ARGS)

/** By which a sign-up that is asked again is known. The password is not in it: it is verified. */
#define SIGNUP_KEY(F, R)                                                                           \
    F(R, ID, key, OPTIONAL, 0, 0, NULL, BODY, "hash of the idempotency key", ID_EXAMPLE)           \
    F(R, ID, content, OPTIONAL, 0, 0, NULL, BODY, "hash of the sign-up's fields", ID_EXAMPLE)

/* --- events --- */

#define HASH_TEXT_MAX 256
#define ARGON2_EXAMPLE "\"$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA\""

#define IDENTITY_RESERVED(F, R)                                                                    \
    F(R, ID, user, REQUIRED, 0, 0, NULL, BODY, "the user to be", ID_EXAMPLE)                       \
    F(R, TEXT, value, REQUIRED, 1, 2048, NULL, BODY, "normal form", "\"minji@example.com\"")       \
    F(R, TEXT, hash, REQUIRED, 1, HASH_TEXT_MAX, NULL, BODY, "of the password", ARGON2_EXAMPLE)    \
    SIGNUP_FIELDS(F, R)                                                                            \
    SIGNUP_KEY(F, R)
RECORD_DECLARE(identity_reserved, IDENTITY_RESERVED)

#define IDENTITY_REHASHED(F, R)                                                                    \
    F(R, TEXT, hash, REQUIRED, 1, HASH_TEXT_MAX, NULL, BODY, "by newer parameters", ARGON2_EXAMPLE)
RECORD_DECLARE(identity_rehashed, IDENTITY_REHASHED)

RECORD_DECLARE(nickname_claimed, NICKNAME_FIELDS)

/* --- rows --- */

/** The one account row: the normal form, the hash, and the sign-up while it is under way. */
#define IDENTITY_ACCOUNT_ROW(F, R)                                                                 \
    F(R, TEXT, value, REQUIRED, 1, 2048, NULL, BODY, "normal form", "\"minji@example.com\"")       \
    F(R, TEXT, hash, OPTIONAL, 1, HASH_TEXT_MAX, NULL, BODY, "of the password", ARGON2_EXAMPLE)    \
    F(R, TEXT, email, OPTIONAL, 3, 254, NULL, BODY, "as it was given", "\"minji@example.com\"")    \
    F(R, DAY, birth_date, OPTIONAL, 0, 0, NULL, BODY, "day of birth", "\"1998-03-14\"")            \
    F(R, TEXT, nickname, OPTIONAL, 1, 20, NULL, BODY, "as it was given", "\"민지\"")               \
    F(R, ID, device, OPTIONAL, 0, 0, NULL, BODY, "the installation", ID_EXAMPLE)                   \
    SIGNUP_KEY(F, R)
RECORD_DECLARE(identity_account_row, IDENTITY_ACCOUNT_ROW)

/* --- root --- */

enum identity_state {
    IDENTITY_FREE,
    IDENTITY_CLAIMING, /* an e-mail, while its nickname is being claimed */
    IDENTITY_CREATING, /* an e-mail, while its user is being made */
    IDENTITY_TAKEN,
    IDENTITY_STATE_COUNT
};
extern const struct enum_type identity_state_type;
#define IDENTITY_ROOT(F, R)                                                                        \
    F(R, ENUM, state, REQUIRED, 0, 0, &identity_state_type, BODY, "where it stands", "\"taken\"")  \
    F(R, ID, user, REQUIRED, 0, 0, NULL, BODY, "whose it is, or zero", ID_EXAMPLE)                 \
    F(R, INT, failures, REQUIRED, 0, INT_BOUND, NULL, BODY, "wrong passwords in the window", "1")  \
    F(R, INSTANT, failures_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "when the window began",        \
      AT_EXAMPLE)
RECORD_DECLARE(identity_root, IDENTITY_ROOT)

#endif
