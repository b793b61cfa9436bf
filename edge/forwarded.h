/**
 * Whose request it is when proxies stand in front: X-Forwarded-For, believed only as far as those
 * who wrote it are trusted. Pure after forwarded_create; any thread.
 */
#ifndef EDGE_FORWARDED_H
#define EDGE_FORWARDED_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define FORWARDED_ADDRESS_BYTES 16
#define FORWARDED_LINES_MAX 8 /* of X-Forwarded-For; the last ones count */

/** The values of a request's X-Forwarded-For lines, in their order. */
struct forwarded_lines {
    struct bytes items[FORWARDED_LINES_MAX];
    uint32_t count;
};
/** Adds a line; when there are too many the first is forgotten. */
void forwarded_lines_add(struct forwarded_lines *lines, struct bytes value);

struct forwarded;

/**
 * `networks`: "10.0.0.0/8", "::1", "192.168.1.7" of the proxies that are trusted. 0, or
 * ERR_INVALID_ARGUMENT with the one that is no network in `message`.
 */
int forwarded_create(const char *const *networks, uint32_t count, char *message,
                     size_t message_size, struct forwarded **out);
void forwarded_destroy(struct forwarded *forwarded); /* NULL is fine */

/** Whether an address, 4 or 16 bytes, is in one of the networks; NULL: there are none. */
bool forwarded_includes(const struct forwarded *networks, struct bytes address);

/**
 * `forwarded` NULL trusts nobody.
 * The address, 4 or 16 bytes, of whom the nearest untrusted hop was: `peer` itself unless it is
 * trusted, else the last of the lines' items ("client, proxy, proxy") that is not. What cannot be
 * read ends the search at the hop before. The view is of `peer` or of `room`.
 */
struct bytes forwarded_remote(const struct forwarded *forwarded, struct bytes peer,
                              const struct forwarded_lines *lines,
                              uint8_t room[FORWARDED_ADDRESS_BYTES]);

/** What tells customers apart: an IPv4 address, or the /64 of an IPv6 one. A view of `address`. */
struct bytes forwarded_customer(struct bytes address);

#endif
