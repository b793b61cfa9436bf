/**
 * What REST reads from a request's headers (RFC 9110, 6265, 6750). Pure; views into the values.
 */
#ifndef EDGE_REST_HEADERS_H
#define EDGE_REST_HEADERS_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"

/** The language of Accept-Language that weighs most among ours; English when none is named. */
enum language rest_language(struct bytes accept_language);

/** The token of "Bearer …"; false: another scheme, or none. */
bool rest_bearer(struct bytes authorization, struct bytes *token);

/** The value of a cookie by its name; the first, when there are several. False: not there. */
bool rest_cookie(struct bytes cookies, const char *name, struct bytes *value);

/** Whether If-None-Match names this entity tag (with its quotes), compared weakly, or is "*". */
bool rest_etag_matches(struct bytes if_none_match, struct bytes etag);

/** application/json, with any parameters. */
bool rest_is_json(struct bytes content_type);

/** An idempotency key: as it is, or a string in quotes, which are taken off. */
struct bytes rest_key(struct bytes value);

/** Whether a text may serve as request id: 1 to 64 visible characters that need no quoting. */
bool rest_is_request_id(struct bytes value);

/** Whether the origin "https://example.org:8443" is that of the host "example.org:8443". */
bool rest_is_same_origin(struct bytes origin, struct bytes host);

/** Takes the next item of a comma-separated list off its front, without blanks around it. */
bool rest_next_item(struct bytes *list, struct bytes *item);

#endif
