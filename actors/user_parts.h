/**
 * What the files of the user actor share: user.c, which closes the tables, user_profile.c,
 * user_notifications.c and user_match.c.
 */
#ifndef ACTORS_USER_PARTS_H
#define ACTORS_USER_PARTS_H

#include "actors/tables.h"
#include "actors/user_records.h"

static inline bool user_is_born(const struct user_root *user)
{
    return user->created_at != 0;
}

/** The route of ops about the caller: to its own user actor. */
int user_route_own(const struct principal *caller, const void *args, struct address *out);

/* As a kind's appliers: state is the user's root. */
#define USER_APPLY_DECLARE(tag_, name_)                                                            \
    void apply_##name_(struct ctx *ctx, struct user_root *user, const void *body);

/* --- user_profile.c --- */

#define USER_PROFILE_EVENTS(X)                                                                     \
    X(13, profile_changed)                                                                         \
    X(14, nickname_wanted)                                                                         \
    X(15, nickname_refused)
USER_PROFILE_EVENTS(EVENT_DECLARE)
USER_PROFILE_EVENTS(USER_APPLY_DECLARE)

extern const struct op user_auth_me;
extern const struct op user_profile_read;
extern const struct op user_profile_update;

/** Outcome of IDENTITY_NICKNAME_CLAIM. */
int user_nickname_claim_done(struct ctx *ctx, const void *state, const struct outcome *outcome);

/* --- user_notifications.c --- */

#define USER_NOTIFICATION_EVENTS(X)                                                                \
    X(16, notifications_read)                                                                      \
    X(17, message_waiting)
USER_NOTIFICATION_EVENTS(EVENT_DECLARE)
USER_NOTIFICATION_EVENTS(USER_APPLY_DECLARE)

extern const struct op user_notification_list;
extern const struct op user_notification_unread;
extern const struct op user_notification_read;

/** In apply: the next entry of the stream, now. */
void user_entry_append(struct ctx *ctx, struct user_root *user, struct user_entry_row row);
/** kind->stream.entry of a user. */
int user_stream_entry(struct ctx *ctx, const void *state, int64_t seq, struct buffer *body);
/** Handles USER_MESSAGE_WAITING. */
int user_handle_message_waiting(struct ctx *ctx, const void *state, const void *args);

/* --- user_match.c --- */

extern const struct op user_couple_match;

/** Outcomes of INVITE_REDEEM and INVITE_AWAIT. */
int user_redeem_done(struct ctx *ctx, const void *state, const struct outcome *outcome);
int user_await_done(struct ctx *ctx, const void *state, const struct outcome *outcome);

#endif
