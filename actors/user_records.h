/**
 * Everything a user actor declares: what clients and other actors send it, its pushes, its events,
 * rows and root.
 */
#ifndef ACTORS_USER_RECORDS_H
#define ACTORS_USER_RECORDS_H

#include "wire/op.h"
#include "wire/record.h"
#include "wire/session_records.h"
#include "wire/token.h"

#define ID_EXAMPLE "\"AAAAAAAAAAAAAAAAAAAAAA\""
#define AT_EXAMPLE "1767225600000"
#define HASH_EXAMPLE "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""

/** Commands; the codes stand in the log. */
enum user_command {
    USER_SESSION_ATTACH = SESSION_ATTACH_CODE,
    USER_CREATE = 2,
    USER_OPEN_DEVICE = 3,
    USER_PAIR_RESERVE = 4,
    USER_PAIR_RELEASE = 5,
    USER_PAIR_COMMIT = 6,
    USER_COUPLE_ENDED = 7,
    USER_MESSAGE_WAITING = 8,
    USER_AUTH_REFRESH = 100,
    USER_AUTH_SIGNOUT = 101,
    USER_COUPLE_INVITE = 102,
    USER_COUPLE_LEAVE = 103,
    USER_AUTH_ME = 104,
    USER_PROFILE_READ = 105,
    USER_PROFILE_UPDATE = 106,
    USER_NOTIFICATION_LIST = 107,
    USER_NOTIFICATION_UNREAD = 108,
    USER_NOTIFICATION_READ = 109,
    USER_COUPLE_MATCH = 110
};

/** Collections; the codes stand in the state. */
enum user_collection { USER_PROFILE = 1, USER_SESSIONS = 2, USER_ENTRIES = 3 };

/* --- ops --- */

#define AUTH_TOKENS(F, R)                                                                          \
    F(R, ID, user, REQUIRED, 0, 0, NULL, BODY, "who signed in", ID_EXAMPLE)                        \
    F(R, ID, sid, REQUIRED, 0, 0, NULL, BODY, "the session", ID_EXAMPLE)                           \
    F(R, TEXT, access_token, REQUIRED, 1, 1023, NULL, BODY, "for session.open and as bearer",      \
      "\"eyJhbGciOiJFZERTQSJ9.e30.c2ln\"")                                                         \
    F(R, INSTANT, access_expires_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "refresh before then",    \
      AT_EXAMPLE)                                                                                  \
    F(R, TEXT, refresh_token, REQUIRED, 1, REFRESH_TOKEN_CHARS, NULL, BODY,                        \
      "good for one successor; keep it safe", "\"AAAA\"")                                          \
    F(R, INSTANT, refresh_expires_at, REQUIRED, 0, INT_BOUND, NULL, BODY,                          \
      "the session ends then unless it is refreshed", AT_EXAMPLE)
RECORD_DECLARE(auth_tokens, AUTH_TOKENS)

#define AUTH_REFRESH_ARGS(F, R)                                                                    \
    F(R, TEXT, refresh_token, REQUIRED, 1, 256, NULL, BODY, "the newest one", "\"AAAA\"")
RECORD_DECLARE(auth_refresh_args, AUTH_REFRESH_ARGS)

#define AUTH_SIGNOUT_ARGS(F, R)                                                                    \
    F(R, BOOL, all, OPTIONAL, 0, 0, NULL, BODY, "every session, not only this one", "false")
RECORD_DECLARE(auth_signout_args, AUTH_SIGNOUT_ARGS)

#define COUPLE_INVITE_RESULT(F, R)                                                                 \
    F(R, TEXT, code, REQUIRED, 8, 8, NULL, BODY, "for the partner to enter", "\"7K3M9QXW\"")       \
    F(R, INSTANT, expires_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "the code is good until then",   \
      AT_EXAMPLE)
RECORD_DECLARE(couple_invite_result, COUPLE_INVITE_RESULT)

#define COUPLE_LEAVE_ARGS(F, R)                                                                    \
    F(R, ID, couple, OPTIONAL, 0, 0, NULL, QUERY,                                                  \
      "the couple meant: refused with NOT_PAIRED if it is another one", ID_EXAMPLE)
RECORD_DECLARE(couple_leave_args, COUPLE_LEAVE_ARGS)

/* --- from other actors --- */

#define USER_PROFILE_FIELDS(F, R)                                                                  \
    F(R, TEXT, email, REQUIRED, 3, 254, NULL, BODY, "as it was given", "\"minji@example.com\"")    \
    F(R, DAY, birth_date, REQUIRED, 0, 0, NULL, BODY, "day of birth", "\"1998-03-14\"")            \
    F(R, TEXT, nickname, OPTIONAL, 1, 20, NULL, BODY, "as it was given", "\"민지\"")

RECORD_DECLARE(user_create_args, USER_PROFILE_FIELDS)

#define USER_OPEN_DEVICE_ARGS(F, R)                                                                \
    F(R, ID, device, REQUIRED, 0, 0, NULL, BODY, "the installation", ID_EXAMPLE)
RECORD_DECLARE(user_open_device_args, USER_OPEN_DEVICE_ARGS)

#define USER_PAIRING_FIELDS(F, R)                                                                  \
    F(R, ID, couple, REQUIRED, 0, 0, NULL, BODY, "the couple to be", ID_EXAMPLE)                   \
    F(R, ID, partner, REQUIRED, 0, 0, NULL, BODY, "the other user", ID_EXAMPLE)
RECORD_DECLARE(user_pair_reserve_args, USER_PAIRING_FIELDS)
RECORD_DECLARE(user_pair_commit_args, USER_PAIRING_FIELDS)

#define USER_PAIR_RELEASE_ARGS(F, R)                                                               \
    F(R, ID, couple, REQUIRED, 0, 0, NULL, BODY, "the couple that is not to be", ID_EXAMPLE)
RECORD_DECLARE(user_pair_release_args, USER_PAIR_RELEASE_ARGS)

#define USER_COUPLE_ENDED_FIELDS(F, R)                                                             \
    F(R, ID, couple, REQUIRED, 0, 0, NULL, BODY, "the couple that ended", ID_EXAMPLE)              \
    F(R, ID, by, REQUIRED, 0, 0, NULL, BODY, "who left", ID_EXAMPLE)
RECORD_DECLARE(user_couple_ended_args, USER_COUPLE_ENDED_FIELDS)

/* --- pushes --- */

RECORD_DECLARE(couple_matched_push, USER_PAIRING_FIELDS)
RECORD_DECLARE(user_couple_ended_push, USER_COUPLE_ENDED_FIELDS)
extern const struct push_type push_couple_matched;
extern const struct push_type push_user_couple_ended;

/* --- events --- */

#define USER_CREATED(F, R)                                                                         \
    USER_PROFILE_FIELDS(F, R)                                                                      \
    F(R, ID, epoch, REQUIRED, 0, 0, NULL, BODY, "of the user's stream", ID_EXAMPLE)
RECORD_DECLARE(user_created, USER_CREATED)

#define SESSION_OPENED(F, R)                                                                       \
    F(R, ID, sid, REQUIRED, 0, 0, NULL, BODY, "the session", ID_EXAMPLE)                           \
    F(R, ID, device, REQUIRED, 0, 0, NULL, BODY, "the installation", ID_EXAMPLE)                   \
    F(R, BYTES, hash, REQUIRED, 32, 32, NULL, BODY, "of the refresh secret", HASH_EXAMPLE)         \
    F(R, INSTANT, expires_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "of the family", AT_EXAMPLE)
RECORD_DECLARE(session_opened, SESSION_OPENED)

#define SESSION_REFRESHED(F, R)                                                                    \
    F(R, ID, sid, REQUIRED, 0, 0, NULL, BODY, "the session", ID_EXAMPLE)                           \
    F(R, BYTES, hash, REQUIRED, 32, 32, NULL, BODY, "of the successor's secret", HASH_EXAMPLE)     \
    F(R, BYTES, previous, REQUIRED, 32, 32, NULL, BODY, "of the one presented", HASH_EXAMPLE)      \
    F(R, INSTANT, expires_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "of the family", AT_EXAMPLE)
RECORD_DECLARE(session_refreshed, SESSION_REFRESHED)

#define SESSION_CLOSED(F, R) F(R, ID, sid, REQUIRED, 0, 0, NULL, BODY, "the session", ID_EXAMPLE)
RECORD_DECLARE(session_closed, SESSION_CLOSED)

#define INVITE_REQUESTED(F, R)                                                                     \
    F(R, INT, code, REQUIRED, 0, INT_BOUND, NULL, BODY, "40 bits", "1099511627775")                \
    F(R, INSTANT, expires_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "of the code", AT_EXAMPLE)
RECORD_DECLARE(invite_requested, INVITE_REQUESTED)

#define INVITE_CODE_EVENT(F, R)                                                                    \
    F(R, INT, code, REQUIRED, 0, INT_BOUND, NULL, BODY, "40 bits", "1099511627775")
RECORD_DECLARE(invite_live, INVITE_CODE_EVENT)
RECORD_DECLARE(invite_dropped, INVITE_CODE_EVENT)

RECORD_DECLARE(pairing_reserved, USER_PAIRING_FIELDS)
RECORD_DECLARE(pairing_released, USER_PAIR_RELEASE_ARGS)
RECORD_DECLARE(pairing_abandoned, USER_COUPLE_ENDED_FIELDS)
RECORD_DECLARE(couple_joined, USER_PAIRING_FIELDS)
RECORD_DECLARE(couple_left, USER_COUPLE_ENDED_FIELDS)

/* --- rows --- */

#define BIO_POINTS_MAX 500

/** What a profile says, as far as it was given. */
#define USER_PROFILE_GIVEN(F, R)                                                                   \
    F(R, DAY, birth_date, OPTIONAL, 0, 0, NULL, BODY, "day of birth", "\"1998-03-14\"")            \
    F(R, TEXT, nickname, OPTIONAL, 1, 20, NULL, BODY, "unique; as it was given", "\"민지\"")       \
    F(R, TEXT, bio, OPTIONAL, 1, BIO_POINTS_MAX, NULL, BODY, "about oneself",                      \
      "\"walks by the sea\"")

#define USER_PROFILE_ROW(F, R)                                                                     \
    F(R, TEXT, email, REQUIRED, 3, 254, NULL, BODY, "as it was given", "\"minji@example.com\"")    \
    USER_PROFILE_GIVEN(F, R)
RECORD_DECLARE(user_profile_row, USER_PROFILE_ROW)

/** The profile to be, while its nickname is claimed. */
RECORD_DECLARE(user_wanted_row, USER_PROFILE_GIVEN)

#define USER_SESSION_ROW(F, R)                                                                     \
    F(R, ID, device, REQUIRED, 0, 0, NULL, BODY, "the installation", ID_EXAMPLE)                   \
    F(R, BYTES, current, REQUIRED, 32, 32, NULL, BODY, "hash of the newest secret", HASH_EXAMPLE)  \
    F(R, BYTES, previous, OPTIONAL, 32, 32, NULL, BODY, "hash of the secret it came from",         \
      HASH_EXAMPLE)                                                                                \
    F(R, INSTANT, opened_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "signed in", AT_EXAMPLE)          \
    F(R, INSTANT, expires_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "of the family", AT_EXAMPLE)
RECORD_DECLARE(user_session_row, USER_SESSION_ROW)

enum user_entry_what { USER_ENTRY_MATCHED, USER_ENTRY_ENDED, USER_ENTRY_WAITING };
extern const struct enum_type user_entry_what_type;
#define USER_ENTRY_ROW(F, R)                                                                       \
    F(R, ENUM, what, REQUIRED, 0, 0, &user_entry_what_type, BODY, "what happened", "\"matched\"")  \
    F(R, ID, couple, REQUIRED, 0, 0, NULL, BODY, "which couple", ID_EXAMPLE)                       \
    F(R, ID, other, REQUIRED, 0, 0, NULL, BODY, "the partner, or who left or wrote", ID_EXAMPLE)   \
    F(R, INSTANT, at, REQUIRED, 0, INT_BOUND, NULL, BODY, "when", AT_EXAMPLE)                      \
    F(R, INT, msg, OPTIONAL, 1, INT_BOUND, NULL, BODY, "the message that waits", "17")
RECORD_DECLARE(user_entry_row, USER_ENTRY_ROW)

/* --- root --- */

enum user_invite_state { USER_INVITE_NONE, USER_INVITE_CREATING, USER_INVITE_LIVE };
extern const struct enum_type user_invite_state_type;
#define USER_ROOT(F, R)                                                                            \
    F(R, INSTANT, created_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "0: not born", AT_EXAMPLE)       \
    F(R, ID, epoch, REQUIRED, 0, 0, NULL, BODY, "of the user's stream", ID_EXAMPLE)                \
    F(R, INT, seq, REQUIRED, 0, INT_BOUND, NULL, BODY, "last entry of the stream", "2")            \
    F(R, ID, couple, REQUIRED, 0, 0, NULL, BODY, "zero while not paired", ID_EXAMPLE)              \
    F(R, ID, reserved_couple, REQUIRED, 0, 0, NULL, BODY, "a pairing under way, or zero",          \
      ID_EXAMPLE)                                                                                  \
    F(R, ID, abandoned_by, REQUIRED, 0, 0, NULL, BODY,                                             \
      "who left the reserved couple before it was committed here, or zero", ID_EXAMPLE)            \
    F(R, ENUM, invite_state, REQUIRED, 0, 0, &user_invite_state_type, BODY, "of the code",         \
      "\"live\"")                                                                                  \
    F(R, INT, invite_code, REQUIRED, 0, INT_BOUND, NULL, BODY, "40 bits", "1099511627775")         \
    F(R, INSTANT, invite_expires_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "of the code",            \
      AT_EXAMPLE)                                                                                  \
    F(R, INT, read_up_to, REQUIRED, 0, INT_BOUND, NULL, BODY, "last entry that was read", "1")
RECORD_DECLARE(user_root, USER_ROOT)

#endif
