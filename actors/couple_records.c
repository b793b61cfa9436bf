#include "actors/couple_records.h"

static const char *const states[] = {[COUPLE_NONE] = "none",
                                     [COUPLE_LIVE] = "live",
                                     [COUPLE_ENDED] = "ended",
                                     [COUPLE_ERASED] = "erased"};
const struct enum_type couple_state_type = {
    .name = "couple_state", .names = states, .count = COUPLE_STATE_COUNT};

RECORD_DEFINE(couple_member, COUPLE_MEMBER, "one of the two");
RECORD_DEFINE(couple_info_result, COUPLE_INFO_RESULT, "the couple");
RECORD_DEFINE(chat_send_args, CHAT_SEND_ARGS, "a message");
RECORD_DEFINE(chat_send_result, CHAT_SEND_RESULT, "where the message stands");
RECORD_DEFINE(chat_read_args, CHAT_READ_ARGS, "what was read");
RECORD_DEFINE(chat_read_result, CHAT_READ_RESULT, "the read mark");
RECORD_DEFINE(chat_history_args, CHAT_HISTORY_ARGS, "which messages");
RECORD_DEFINE(chat_message, CHAT_MESSAGE, "a message");
RECORD_DEFINE(chat_history_result, CHAT_HISTORY_RESULT, "messages");
RECORD_DEFINE(couple_create_args, COUPLE_CREATE_ARGS, "a new couple");

RECORD_DEFINE(chat_message_push, CHAT_MESSAGE_PUSH, "a message");
RECORD_DEFINE(chat_read_push, CHAT_READ_PUSH, "a member read");
RECORD_DEFINE(couple_ended_push, COUPLE_ENDED_PUSH, "a member left");
RECORD_DEFINE(typing_push, TYPING_PUSH, "the partner types");
RECORD_DEFINE(presence_push, PRESENCE_PUSH, "the partner came or went");

const struct push_type push_chat_message = {.topic = "couple",
                                            .type = "chat.message",
                                            .doc = "A member sent a message.",
                                            .data = &chat_message_push_type};
const struct push_type push_chat_read = {.topic = "couple",
                                         .type = "chat.read",
                                         .doc = "A member has read up to a message.",
                                         .data = &chat_read_push_type};
const struct push_type push_couple_ended = {.topic = "couple",
                                            .type = "couple.ended",
                                            .doc = "A member left; the couple is no more.",
                                            .data = &couple_ended_push_type};
const struct push_type push_typing = {
    .topic = "typing", .doc = "The partner is typing.", .data = &typing_push_type};
const struct push_type push_presence = {.topic = "presence",
                                        .doc = "The partner came online or went offline.",
                                        .data = &presence_push_type};

RECORD_DEFINE(couple_created, COUPLE_CREATED, "two became a couple");
RECORD_DEFINE(message_sent, MESSAGE_SENT, "a member sent a message");
RECORD_DEFINE(read_moved, READ_MOVED, "a member read");
RECORD_DEFINE(couple_ended, COUPLE_ENDED_EVENT, "a member left");
RECORD_DEFINE(member_told, MEMBER_TOLD, "a member who is away is told of a message");
RECORD_DEFINE(member_back, MEMBER_BACK, "a member who was told is back");
RECORD_DEFINE(member_seen, MEMBER_SEEN, "a member's last session went");

RECORD_DEFINE(couple_message_row, COUPLE_MESSAGE_ROW, "a message, by msg");
RECORD_DEFINE(couple_entry_row, COUPLE_ENTRY_ROW, "an entry of the couple's stream, by seq");
RECORD_DEFINE(couple_root, COUPLE_ROOT, "a couple");
