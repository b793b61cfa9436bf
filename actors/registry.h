/**
 * Every kind of actor. A new feature is a file and a line here.
 */
#ifndef ACTORS_REGISTRY_H
#define ACTORS_REGISTRY_H

#include <stddef.h>

#include "runtime/actor.h"

extern const struct kind *const actor_kinds[];
extern const size_t actor_kind_count;

#endif
