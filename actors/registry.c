#include "actors/registry.h"

#include "actors/kinds.h"
#include "actors/tables.h"

const struct kind *const actor_kinds[] = {&user_kind, &couple_kind, &identity_kind, &invite_kind};
const size_t actor_kind_count = COUNT_OF(actor_kinds);
