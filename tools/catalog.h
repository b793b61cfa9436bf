/**
 * Everything this server can do, as one registry: the ops of every actor kind and of the edge.
 */
#ifndef TOOLS_CATALOG_H
#define TOOLS_CATALOG_H

#include <stddef.h>

#include "base/bytes.h"
#include "wire/describe.h"
#include "wire/registry.h"

/** As registry_create, from actors/registry.h and edge/session_ops.h. */
int catalog_create(char *message, size_t message_size, struct registry **out);

/** Appends a document of the registry's ops and of all pushes. */
void catalog_describe(const struct registry *registry, describe_format *format, struct buffer *out);

#endif
