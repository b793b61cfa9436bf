/**
 * Every kind of actor, and everything that they push. A new feature is a file and a line here.
 */
#ifndef ACTORS_REGISTRY_H
#define ACTORS_REGISTRY_H

#include <stddef.h>

#include "runtime/actor.h"
#include "wire/op.h"

extern const struct kind *const actor_kinds[];
extern const size_t actor_kind_count;

/** For documents. */
extern const struct push_type *const actor_pushes[];
extern const size_t actor_push_count;

#endif
