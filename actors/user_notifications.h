/**
 * A user's durable queue of notifications: what clients ask about it, and what is pushed. The queue
 * is the user's stream: every entry is a notification, and its seq is its number.
 */
#ifndef ACTORS_USER_NOTIFICATIONS_H
#define ACTORS_USER_NOTIFICATIONS_H

#include "actors/user_records.h"
#include "wire/paging.h"

/** As the user_entry_what of the rows; names are the types of the pushes. */
extern const struct enum_type notification_type_type;

/** What the pushes hold, in one record: fields that a type has not are absent. */
#define NOTIFICATION_DATA(F, R)                                                                    \
    F(R, ID, couple, REQUIRED, 0, 0, NULL, BODY, "which couple", ID_EXAMPLE)                       \
    F(R, ID, partner, OPTIONAL, 0, 0, NULL, BODY, "couple.matched: the other user", ID_EXAMPLE)    \
    F(R, ID, by, OPTIONAL, 0, 0, NULL, BODY, "couple.ended: who left", NULL)                       \
    F(R, ID, from, OPTIONAL, 0, 0, NULL, BODY, "chat.waiting: who wrote", NULL)                    \
    F(R, INT, msg, OPTIONAL, 1, INT_BOUND, NULL, BODY, "chat.waiting: the first message", NULL)
RECORD_DECLARE(notification_data, NOTIFICATION_DATA)

#define NOTIFICATION(F, R)                                                                         \
    F(R, INT, seq, REQUIRED, 1, INT_BOUND, NULL, BODY, "its place in the user's stream", "2")      \
    F(R, ENUM, type, REQUIRED, 0, 0, &notification_type_type, BODY,                                \
      "as pushed; there may be others one day", "\"couple.matched\"")                              \
    F(R, INSTANT, at, REQUIRED, 0, INT_BOUND, NULL, BODY, "when", AT_EXAMPLE)                      \
    F(R, RECORD, data, REQUIRED, 0, 0, &notification_data_type, BODY, "as pushed",                 \
      "{\"couple\":" ID_EXAMPLE ",\"partner\":" ID_EXAMPLE "}")                                    \
    F(R, BOOL, read, REQUIRED, 0, 0, NULL, BODY, "up to the mark", "false")
RECORD_DECLARE(notification, NOTIFICATION)

RECORD_DECLARE(notification_list_args, PAGING_ARGS)

#define NOTIFICATION_LIST_RESULT(F, R)                                                             \
    F(R, ID, epoch, REQUIRED, 0, 0, NULL, BODY, "of the user's stream", ID_EXAMPLE)                \
    F(R, LIST, notifications, REQUIRED, 0, PAGING_COUNT_MAX, &notification_type, BODY,             \
      "newest first",                                                                              \
      "[{\"seq\":1,\"type\":\"couple.matched\",\"at\":" AT_EXAMPLE                                 \
      ",\"data\":{\"couple\":" ID_EXAMPLE ",\"partner\":" ID_EXAMPLE "},\"read\":false}]")         \
    PAGING_RESULT(F, R)
RECORD_DECLARE(notification_list_result, NOTIFICATION_LIST_RESULT)

#define NOTIFICATION_STATE(F, R)                                                                   \
    F(R, ID, epoch, REQUIRED, 0, 0, NULL, BODY, "of the user's stream", ID_EXAMPLE)                \
    F(R, INT, head, REQUIRED, 0, INT_BOUND, NULL, BODY, "the newest one", "3")                     \
    F(R, INT, read_up_to, REQUIRED, 0, INT_BOUND, NULL, BODY, "the mark; 0: none read", "1")       \
    F(R, INT, count, REQUIRED, 0, INT_BOUND, NULL, BODY, "how many are unread", "2")
RECORD_DECLARE(notification_unread_result, NOTIFICATION_STATE)
RECORD_DECLARE(notification_read_result, NOTIFICATION_STATE)
RECORD_DECLARE(notification_read_push, NOTIFICATION_STATE)

#define NOTIFICATION_READ_ARGS(F, R)                                                               \
    F(R, INT, up_to, REQUIRED, 0, INT_BOUND, NULL, BODY, "the last seq that was read", "2")
RECORD_DECLARE(notification_read_args, NOTIFICATION_READ_ARGS)

/* --- pushes --- */

#define CHAT_WAITING(F, R)                                                                         \
    F(R, ID, couple, REQUIRED, 0, 0, NULL, BODY, "which couple", ID_EXAMPLE)                       \
    F(R, ID, from, REQUIRED, 0, 0, NULL, BODY, "the partner", ID_EXAMPLE)                          \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, BODY, "the first message since then", "17")
RECORD_DECLARE(chat_waiting_push, CHAT_WAITING)

extern const struct push_type push_chat_waiting;
extern const struct push_type push_notification;

/* --- from couples --- */

RECORD_DECLARE(user_message_waiting_args, CHAT_WAITING)

#endif
