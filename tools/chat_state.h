/**
 * What `duetctl chat` remembers of an account between runs: installation, tokens, the next number
 * to send, places in the streams, and messages that were written but not yet acknowledged.
 *
 *   $XDG_STATE_HOME/duet/<server>-<email>.json      (default ~/.local/state), 0600
 */
#ifndef TOOLS_CHAT_STATE_H
#define TOOLS_CHAT_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ids.h"
#include "tools/chat_stream.h"

/** A message that the server has not acknowledged. */
struct chat_unsent {
    int64_t no;
    char *text;
    bool tried; /* it may have arrived already */
    /* not remembered between runs: */
    bool in_flight;
    uint32_t request;
    int64_t retry_ms; /* monotonic: not before */
    uint64_t line;    /* where it stands on the screen */
};

struct chat_state {
    char *path;
    int lock; /* descriptor of <path>.lock */
    struct id device;
    struct id user;
    struct id couple;   /* zero while not paired */
    char *access_token; /* NULL: not signed in */
    char *refresh_token;
    int64_t access_expires_at;
    int64_t next_no;
    int64_t last_msg; /* highest message shown */
    struct stream_place user_stream;
    struct stream_place couple_stream;
    struct chat_unsent *unsent; /* in the order of their numbers */
    size_t unsent_count;
};

/**
 * Reads the file, or begins a new one with a random device. Locks it against a second process.
 * 0, ERR_LOCKED, ERR_CORRUPT (no such JSON), ERR_IO; `*out` is the caller's.
 */
int chat_state_open(const char *server, const char *email, struct chat_state **out);

/** Replaces the file: written aside, synced, renamed. ERR_IO. */
int chat_state_save(const struct chat_state *state);

void chat_state_close(struct chat_state *state); /* NULL is fine; does not save */

/** Sets or, with NULL, forgets the tokens. */
void chat_state_set_tokens(struct chat_state *state, const char *access, int64_t access_expires_at,
                           const char *refresh);

/** Adds a message under the next number. The pointer lives until the next change of the list. */
struct chat_unsent *chat_state_add(struct chat_state *state, const char *text);
/** The message with this number, or NULL. */
struct chat_unsent *chat_state_find(struct chat_state *state, int64_t no);
void chat_state_remove(struct chat_state *state, int64_t no);

#endif
