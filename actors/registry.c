#include "actors/registry.h"

#include "actors/couple_records.h"
#include "actors/kinds.h"
#include "actors/tables.h"
#include "actors/user_notifications.h"

const struct kind *const actor_kinds[] = {&user_kind, &couple_kind, &identity_kind, &invite_kind};
const size_t actor_kind_count = COUNT_OF(actor_kinds);

const struct push_type *const actor_pushes[] = {
    &push_chat_message, &push_chat_read,      &push_couple_ended,      &push_typing,
    &push_presence,     &push_couple_matched, &push_user_couple_ended, &push_chat_waiting,
    &push_notification,
};
const size_t actor_push_count = COUNT_OF(actor_pushes);
