/**
 * Makes couples in a data directory, offline, in exactly the way that clients would make them.
 *
 * A node is run with an edge that knows no sockets: it hands the same commands to the same actors,
 * behind the point where a password would have been hashed. So what is in the log afterwards is
 * what sign-up, invitation and pairing put there, whatever these become.
 */
#ifndef TOOLS_SEEDER_H
#define TOOLS_SEEDER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct seeder_config {
    const char *data;
    uint64_t couples;
    uint64_t first;       /* number of the first user's e-mail: seed<N>@example.invalid */
    const char *password; /* of all; NULL: nobody can ever log in with one */
    FILE *out;            /* two lines of JSON per couple */
    /** Called now and then, on the caller's thread. May be NULL. */
    void (*progress)(uint64_t done, uint64_t couples);
};

/**
 * Blocks until all is durable and flushed. 0, or what node_open says, ERR_EMAIL_TAKEN when the
 * numbers were used before, or any other refusal of an actor.
 */
int seeder_run(const struct seeder_config *config);

#endif
