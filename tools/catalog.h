/**
 * Everything this server can do, as one registry: the ops of every actor kind and of the edge.
 */
#ifndef TOOLS_CATALOG_H
#define TOOLS_CATALOG_H

#include <stddef.h>

#include "base/bytes.h"
#include "wire/registry.h"

/** As registry_create, from actors/registry.h and edge/session_ops.h. */
int catalog_create(char *message, size_t message_size, struct registry **out);

/** Appends the protocol's reference in Markdown. */
void catalog_describe_markdown(const struct registry *registry, struct buffer *out);

#endif
