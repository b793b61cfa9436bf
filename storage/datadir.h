/**
 * The data directory: lock, format version, keys, node identity.
 *
 *   <data>/LOCK     flock'ed by the one process that uses it, holds its pid
 *   <data>/FORMAT   "duet 2\n"
 *   <data>/log/  <data>/state/  <data>/keys/ (0700; signing.ed25519: 64 bytes, 0600)
 */
#ifndef STORAGE_DATADIR_H
#define STORAGE_DATADIR_H

#include <stdint.h>

#include "base/ids.h"

struct datadir;

/**
 * Makes what is missing (0700), takes the lock. 0, ERR_LOCKED, ERR_FORMAT_VERSION, ERR_IO.
 * On ERR_LOCKED `*pid` is the holder's, or 0.
 */
int datadir_open(const char *path, struct datadir **out, int *pid);
void datadir_close(struct datadir *datadir);

/** "<data>/log" and so on; lives as long as the handle. */
const char *datadir_log(const struct datadir *datadir);
const char *datadir_state(const struct datadir *datadir);

/** The token-signing secret (libsodium Ed25519 secret key, 64 bytes), made at first use. */
int datadir_signing_key(struct datadir *datadir, uint8_t out[64]);
/** Random id of this node, made at first use. */
struct id datadir_node(const struct datadir *datadir);

#endif
