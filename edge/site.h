/**
 * What the port answers over HTTP beside operations: that the process lives, and the key that
 * tokens are signed with. All functions: the shard's thread.
 */
#ifndef EDGE_SITE_H
#define EDGE_SITE_H

#include "edge/http.h"

struct site;

/** `jwks`: the JSON Web Key Set; copied. */
struct site *site_create(struct bytes jwks);
/** NULL is fine. */
void site_destroy(struct site *site);

/** For http_create; the site must outlive what is created. */
struct http_handler site_handler(struct site *site);

#endif
