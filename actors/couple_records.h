/**
 * Everything a couple actor declares. Members are numbered: 0 is `a`, 1 is `b`.
 */
#ifndef ACTORS_COUPLE_RECORDS_H
#define ACTORS_COUPLE_RECORDS_H

#include "actors/user_records.h"
#include "wire/op.h"
#include "wire/record.h"

/** Commands; the codes stand in the log. */
enum couple_command {
    COUPLE_CREATE = 1,
    COUPLE_END = 2,
    COUPLE_INFO = 100, /* 101 was couple.leave, which is the user's now */
    COUPLE_CHAT_SEND = 102,
    COUPLE_CHAT_READ = 103,
    COUPLE_CHAT_HISTORY = 104,
    COUPLE_CHAT_TYPING = 105
};

#define TEXT_POINTS_MAX 4000
#define HISTORY_LIMIT_MAX 100

/* --- ops --- */

#define COUPLE_MEMBER(F, R)                                                                        \
    F(R, ID, user, REQUIRED, 0, 0, NULL, BODY, "the member", ID_EXAMPLE)                           \
    F(R, INT, read_up_to, REQUIRED, 0, INT_BOUND, NULL, BODY, "last message read; 0: none", "17")  \
    F(R, BOOL, online, REQUIRED, 0, 0, NULL, BODY, "connected now", "true")                        \
    F(R, INSTANT, last_seen_at, OPTIONAL, 0, INT_BOUND, NULL, BODY, "when last connected",         \
      AT_EXAMPLE)
RECORD_DECLARE(couple_member, COUPLE_MEMBER)

#define COUPLE_INFO_RESULT(F, R)                                                                   \
    F(R, ID, couple, REQUIRED, 0, 0, NULL, BODY, "the couple", ID_EXAMPLE)                         \
    F(R, ID, epoch, REQUIRED, 0, 0, NULL, BODY, "of the couple's stream", ID_EXAMPLE)              \
    F(R, INT, head, REQUIRED, 0, INT_BOUND, NULL, BODY, "last seq of the stream", "42")            \
    F(R, INT, last_msg, REQUIRED, 0, INT_BOUND, NULL, BODY, "last message", "17")                  \
    F(R, INSTANT, created_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "when they were matched",        \
      AT_EXAMPLE)                                                                                  \
    F(R, LIST, members, REQUIRED, 2, 2, &couple_member_type, BODY, "both",                         \
      "[{\"user\":" ID_EXAMPLE ",\"read_up_to\":17,\"online\":true},"                              \
      "{\"user\":" ID_EXAMPLE ",\"read_up_to\":9,\"online\":false}]")
RECORD_DECLARE(couple_info_result, COUPLE_INFO_RESULT)

/** A message may be taken back: its place and number stay, what it said goes. */
#define TAKEN_BACK(F, R)                                                                           \
    F(R, INSTANT, unsent_at, OPTIONAL, 0, INT_BOUND, NULL, BODY,                                   \
      "when it was taken back; the text is empty then", AT_EXAMPLE)

#define COUPLE_MEANT(F, R)                                                                         \
    F(R, ID, couple, OPTIONAL, 0, 0, NULL, BODY,                                                   \
      "the couple meant: refused with NOT_PAIRED if it is another one", ID_EXAMPLE)

#define CHAT_SEND_ARGS(F, R)                                                                       \
    F(R, INT, no, REQUIRED, 1, INT_BOUND, NULL, BODY,                                              \
      "number of this device, one per message; gaps and any order are fine", "17")                 \
    F(R, TEXT, text, REQUIRED, 1, TEXT_POINTS_MAX, NULL, BODY, "what to say", "\"hi\"")            \
    F(R, INT, reply_to, OPTIONAL, 1, INT_BOUND, NULL, BODY, "msg of an earlier message", "16")     \
    COUPLE_MEANT(F, R)
RECORD_DECLARE(chat_send_args, CHAT_SEND_ARGS)

#define CHAT_SEND_RESULT(F, R)                                                                     \
    F(R, ID, epoch, REQUIRED, 0, 0, NULL, BODY, "of the couple's stream", ID_EXAMPLE)              \
    F(R, INT, seq, REQUIRED, 1, INT_BOUND, NULL, BODY, "its place in the stream", "42")            \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, BODY, "its number among messages", "17")          \
    F(R, INSTANT, at, REQUIRED, 0, INT_BOUND, NULL, BODY, "when it was accepted", AT_EXAMPLE)      \
    F(R, BOOL, dup, OPTIONAL, 0, 0, NULL, BODY, "it was sent before: the first answer", "true")
RECORD_DECLARE(chat_send_result, CHAT_SEND_RESULT)

#define CHAT_READ_ARGS(F, R)                                                                       \
    F(R, INT, up_to, REQUIRED, 0, INT_BOUND, NULL, BODY, "the last msg that was read", "17")       \
    COUPLE_MEANT(F, R)
RECORD_DECLARE(chat_read_args, CHAT_READ_ARGS)

#define CHAT_READ_RESULT(F, R)                                                                     \
    F(R, ID, epoch, REQUIRED, 0, 0, NULL, BODY, "of the couple's stream", ID_EXAMPLE)              \
    F(R, INT, seq, OPTIONAL, 1, INT_BOUND, NULL, BODY, "absent when the mark did not move", "43")  \
    F(R, INT, up_to, REQUIRED, 0, INT_BOUND, NULL, BODY, "where the mark is", "17")                \
    F(R, INT, unread, REQUIRED, 0, INT_BOUND, NULL, BODY, "the partner's messages after it", "0")
RECORD_DECLARE(chat_read_result, CHAT_READ_RESULT)

#define CHAT_HISTORY_ARGS(F, R)                                                                    \
    F(R, INT, before, OPTIONAL, 0, INT_BOUND, NULL, QUERY, "older than this msg", "17")            \
    F(R, INT, after, OPTIONAL, 0, INT_BOUND, NULL, QUERY, "newer than this msg; not with before",  \
      NULL)                                                                                        \
    F(R, INT, limit, OPTIONAL, 1, HISTORY_LIMIT_MAX, NULL, QUERY, "at most so many; 50", "20")
RECORD_DECLARE(chat_history_args, CHAT_HISTORY_ARGS)

#define CHAT_MESSAGE(F, R)                                                                         \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, BODY, "its number among messages", "17")          \
    F(R, INT, seq, REQUIRED, 1, INT_BOUND, NULL, BODY, "its place in the stream", "42")            \
    F(R, ID, from, REQUIRED, 0, 0, NULL, BODY, "who sent it", ID_EXAMPLE)                          \
    F(R, TEXT, text, REQUIRED, 0, TEXT_POINTS_MAX, NULL, BODY, "what was said", "\"hi\"")          \
    F(R, INT, reply_to, OPTIONAL, 1, INT_BOUND, NULL, BODY, "msg of an earlier message", "16")     \
    F(R, INSTANT, at, REQUIRED, 0, INT_BOUND, NULL, BODY, "when it was accepted", AT_EXAMPLE)      \
    TAKEN_BACK(F, R)
RECORD_DECLARE(chat_message, CHAT_MESSAGE)

#define CHAT_HISTORY_RESULT(F, R)                                                                  \
    F(R, LIST, messages, REQUIRED, 0, HISTORY_LIMIT_MAX, &chat_message_type, BODY, "ascending",    \
      "[]")                                                                                        \
    F(R, INT, last_msg, REQUIRED, 0, INT_BOUND, NULL, BODY, "last message of all", "17")
RECORD_DECLARE(chat_history_result, CHAT_HISTORY_RESULT)

/* --- from invite actors --- */

#define COUPLE_CREATE_ARGS(F, R)                                                                   \
    F(R, ID, a, REQUIRED, 0, 0, NULL, BODY, "member 0", ID_EXAMPLE)                                \
    F(R, ID, b, REQUIRED, 0, 0, NULL, BODY, "member 1", ID_EXAMPLE)
RECORD_DECLARE(couple_create_args, COUPLE_CREATE_ARGS)

/* --- pushes --- */

#define CHAT_MESSAGE_PUSH(F, R)                                                                    \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, BODY, "its number among messages", "17")          \
    F(R, ID, from, REQUIRED, 0, 0, NULL, BODY, "who sent it", ID_EXAMPLE)                          \
    F(R, TEXT, text, REQUIRED, 0, TEXT_POINTS_MAX, NULL, BODY, "what was said", "\"hi\"")          \
    F(R, INT, reply_to, OPTIONAL, 1, INT_BOUND, NULL, BODY, "msg of an earlier message", "16")     \
    TAKEN_BACK(F, R)
RECORD_DECLARE(chat_message_push, CHAT_MESSAGE_PUSH)

#define CHAT_READ_PUSH(F, R)                                                                       \
    F(R, ID, from, REQUIRED, 0, 0, NULL, BODY, "who read", ID_EXAMPLE)                             \
    F(R, INT, up_to, REQUIRED, 1, INT_BOUND, NULL, BODY, "the last msg that was read", "17")
RECORD_DECLARE(chat_read_push, CHAT_READ_PUSH)

#define COUPLE_ENDED_PUSH(F, R) F(R, ID, by, REQUIRED, 0, 0, NULL, BODY, "who left", ID_EXAMPLE)
RECORD_DECLARE(couple_ended_push, COUPLE_ENDED_PUSH)

#define TYPING_PUSH(F, R)                                                                          \
    F(R, ID, from, REQUIRED, 0, 0, NULL, BODY, "who types", ID_EXAMPLE)                            \
    F(R, INSTANT, at, REQUIRED, 0, INT_BOUND, NULL, BODY, "when", AT_EXAMPLE)
RECORD_DECLARE(typing_push, TYPING_PUSH)

#define PRESENCE_PUSH(F, R)                                                                        \
    F(R, ID, user, REQUIRED, 0, 0, NULL, BODY, "the partner", ID_EXAMPLE)                          \
    F(R, BOOL, online, REQUIRED, 0, 0, NULL, BODY, "connected now", "false")                       \
    F(R, INSTANT, last_seen_at, OPTIONAL, 0, INT_BOUND, NULL, BODY, "when last connected",         \
      AT_EXAMPLE)
RECORD_DECLARE(presence_push, PRESENCE_PUSH)

extern const struct push_type push_chat_message;
extern const struct push_type push_chat_read;
extern const struct push_type push_couple_ended;
extern const struct push_type push_typing;
extern const struct push_type push_presence;

/* --- events --- */

#define COUPLE_CREATED(F, R)                                                                       \
    F(R, ID, a, REQUIRED, 0, 0, NULL, BODY, "member 0", ID_EXAMPLE)                                \
    F(R, ID, b, REQUIRED, 0, 0, NULL, BODY, "member 1", ID_EXAMPLE)                                \
    F(R, ID, epoch, REQUIRED, 0, 0, NULL, BODY, "of the couple's stream", ID_EXAMPLE)
RECORD_DECLARE(couple_created, COUPLE_CREATED)

#define MESSAGE_SENT(F, R)                                                                         \
    F(R, INT, seq, REQUIRED, 1, INT_BOUND, NULL, BODY, "its place in the stream", "42")            \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, BODY, "its number among messages", "17")          \
    F(R, INT, member, REQUIRED, 0, 1, NULL, BODY, "who sent it", "0")                              \
    F(R, ID, device, REQUIRED, 0, 0, NULL, BODY, "from which installation", ID_EXAMPLE)            \
    F(R, INT, no, REQUIRED, 1, INT_BOUND, NULL, BODY, "its number there", "17")                    \
    F(R, TEXT, text, REQUIRED, 1, TEXT_POINTS_MAX, NULL, BODY, "what was said", "\"hi\"")          \
    F(R, INT, reply_to, OPTIONAL, 1, INT_BOUND, NULL, BODY, "msg of an earlier message", "16")
RECORD_DECLARE(message_sent, MESSAGE_SENT)

#define READ_MOVED(F, R)                                                                           \
    F(R, INT, seq, REQUIRED, 1, INT_BOUND, NULL, BODY, "its place in the stream", "43")            \
    F(R, INT, member, REQUIRED, 0, 1, NULL, BODY, "who read", "0")                                 \
    F(R, INT, up_to, REQUIRED, 1, INT_BOUND, NULL, BODY, "the last msg that was read", "17")
RECORD_DECLARE(read_moved, READ_MOVED)

#define COUPLE_ENDED_EVENT(F, R)                                                                   \
    F(R, INT, seq, REQUIRED, 1, INT_BOUND, NULL, BODY, "its place in the stream", "44")            \
    F(R, INT, member, REQUIRED, 0, 1, NULL, BODY, "who left", "0")
RECORD_DECLARE(couple_ended, COUPLE_ENDED_EVENT)

#define MEMBER_TOLD(F, R)                                                                          \
    F(R, INT, member, REQUIRED, 0, 1, NULL, BODY, "who is away", "0")                              \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, BODY, "of this message", "17")
RECORD_DECLARE(member_told, MEMBER_TOLD)

#define MEMBER_BACK(F, R) F(R, INT, member, REQUIRED, 0, 1, NULL, BODY, "who is back", "0")
RECORD_DECLARE(member_back, MEMBER_BACK)

#define MEMBER_SEEN(F, R) F(R, INT, member, REQUIRED, 0, 1, NULL, BODY, "who went", "0")
RECORD_DECLARE(member_seen, MEMBER_SEEN)

/* --- rows --- */

/** Collections; the codes stand in the state. See couple_stream.h, couple_sent.h. */
enum couple_collection { COUPLE_MESSAGES = 1, COUPLE_ENTRIES = 2, COUPLE_SENT = 3 };

/** `sent_a`: how many of the messages up to this one are member 0's. */
#define COUPLE_MESSAGE_ROW(F, R)                                                                   \
    F(R, INT, seq, REQUIRED, 1, INT_BOUND, NULL, BODY, "its place in the stream", "42")            \
    F(R, INT, member, REQUIRED, 0, 1, NULL, BODY, "who sent it", "0")                              \
    F(R, INT, sent_a, REQUIRED, 0, INT_BOUND, NULL, BODY, "messages of member 0 so far", "9")      \
    F(R, INSTANT, at, REQUIRED, 0, INT_BOUND, NULL, BODY, "when", AT_EXAMPLE)                      \
    F(R, TEXT, text, REQUIRED, 0, TEXT_POINTS_MAX, NULL, BODY, "what was said", "\"hi\"")          \
    F(R, INT, reply_to, OPTIONAL, 1, INT_BOUND, NULL, BODY, "msg of an earlier message", "16")     \
    TAKEN_BACK(F, R)
RECORD_DECLARE(couple_message_row, COUPLE_MESSAGE_ROW)

/** In rows: stable numbers, of the table in couple.c. */
#define COUPLE_ENTRY_WHAT_MAX 255
enum couple_entry_what { COUPLE_ENTRY_READ = 1, COUPLE_ENTRY_ENDED = 2 };

/** An entry of the stream that is no message. */
#define COUPLE_ENTRY_ROW(F, R)                                                                     \
    F(R, INT, what, REQUIRED, 1, COUPLE_ENTRY_WHAT_MAX, NULL, BODY, "couple_entry_what", "1")      \
    F(R, INT, member, REQUIRED, 0, 1, NULL, BODY, "who read or left", "0")                         \
    F(R, INSTANT, at, REQUIRED, 0, INT_BOUND, NULL, BODY, "when", AT_EXAMPLE)                      \
    F(R, INT, others, REQUIRED, 1, INT_BOUND, NULL, BODY, "entries like this one up to it", "5")   \
    F(R, INT, msg, OPTIONAL, 1, INT_BOUND, NULL, BODY, "the message it is about", "17")
RECORD_DECLARE(couple_entry_row, COUPLE_ENTRY_ROW)

/* --- root --- */

enum couple_state { COUPLE_NONE, COUPLE_LIVE, COUPLE_ENDED, COUPLE_ERASED, COUPLE_STATE_COUNT };
extern const struct enum_type couple_state_type;

/** What the root holds once for each member. */
#define COUPLE_SIDE(F, R, m)                                                                       \
    F(R, ID, m##_user, REQUIRED, 0, 0, NULL, BODY, "the member", ID_EXAMPLE)                       \
    F(R, INT, m##_sent, REQUIRED, 0, INT_BOUND, NULL, BODY, "messages of the member", "9")         \
    F(R, INT, m##_read, REQUIRED, 0, INT_BOUND, NULL, BODY, "last message read", "17")             \
    F(R, ID, m##_device, REQUIRED, 0, 0, NULL, BODY, "sent the last message", ID_EXAMPLE)          \
    F(R, INT, m##_no, REQUIRED, 0, INT_BOUND, NULL, BODY, "highest number of that device", "17")   \
    F(R, INSTANT, m##_seen_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "last connected", AT_EXAMPLE)   \
    F(R, INT, m##_told, REQUIRED, 0, INT_BOUND, NULL, BODY,                                        \
      "told of this message since last there; 0: of none", "17")

#define COUPLE_ROOT(F, R)                                                                          \
    F(R, ENUM, state, REQUIRED, 0, 0, &couple_state_type, BODY, "where it stands", "\"live\"")     \
    F(R, INSTANT, created_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "matched", AT_EXAMPLE)           \
    F(R, INSTANT, ended_at, REQUIRED, 0, INT_BOUND, NULL, BODY, "0: not ended", AT_EXAMPLE)        \
    F(R, INT, ended_by, REQUIRED, 0, 1, NULL, BODY, "the member who left", "0")                    \
    F(R, ID, epoch, REQUIRED, 0, 0, NULL, BODY, "of the stream", ID_EXAMPLE)                       \
    F(R, INT, seq, REQUIRED, 0, INT_BOUND, NULL, BODY, "last entry of the stream", "42")           \
    F(R, INT, msg, REQUIRED, 0, INT_BOUND, NULL, BODY, "last message", "17")                       \
    COUPLE_SIDE(F, R, a)                                                                           \
    COUPLE_SIDE(F, R, b)
RECORD_DECLARE(couple_root, COUPLE_ROOT)

/** Address of what the root holds once for each member. */
#define COUPLE_SIDE_OF(couple, member, field)                                                      \
    ((member) == 0 ? &(couple)->a_##field : &(couple)->b_##field)

#endif
