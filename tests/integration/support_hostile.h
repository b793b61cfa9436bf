/**
 * Strangers against a real daemon: cases as tables of raw bytes, a bystander who must be served
 * after each, and the daemon's own calm after all of them.
 */
#ifndef TESTS_INTEGRATION_SUPPORT_HOSTILE_H
#define TESTS_INTEGRATION_SUPPORT_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/integration/support_http.h"

#define HOSTILE_WAIT_MS 20000 /* an answer or an end in this time, or it hangs */

enum hostile_after {
    STAYS,  /* the next request on the connection is answered, as what it is */
    CLOSES, /* the last answer says so, and the server ends without a reset */
    EITHER  /* one of the two: the RFC leaves it open, and so do we */
};

struct hostile_case {
    const char *name;
    const char *replies; /* statuses in order, "200 404|405"; with an H: to HEAD; "": none */
    enum hostile_after after;
    const char *text; /* with words in << >>, see hostile_words */
    size_t len;
};
#define CASE(name, replies, after, text)                                                           \
    {                                                                                              \
        name, replies, after, text, sizeof(text) - 1                                               \
    }

/**
 * The daemon of the tests with two people in it who are a couple; `options` as for daemon_init.
 * For a group's set-up and tear-down; the latter fails when the daemon does not end well.
 */
void hostile_start(const char *const *options);
void hostile_stop(void);
uint16_t hostile_port(void);
/** The two; neither is connected. */
struct two *hostile_people(void);

/**
 * The words of the cases:
 *     <<get>>    GET /healthz, with Host
 *     <<post>>   POST of a chat message, with Host, Authorization and Content-Type
 *     <<auth>>   the Authorization line
 *     <<body>>   a message of 20 bytes, 14 in hex
 */
const struct http_word *hostile_words(void);

struct hostile_table {
    const char *name;
    const struct hostile_case *cases;
    size_t count;
};

/** Runs every case, prints those that went otherwise, and fails if there are any. */
void hostile_run(const struct hostile_table *table);
/** Every case again for every place at which it can be cut in two, with the server seeing both. */
void hostile_run_cut(const struct hostile_case *cases, size_t count);
/** The bystander, on a connection of its own, is answered at once: so the daemon's loop has gone
 * round, and has seen what was sent before. */
void hostile_bystander_is_served(void);
/** Descriptors and memory are back, and a second goes by without work. */
void hostile_daemon_is_calm(void);
/** Sockets that the daemon has open. */
int hostile_sockets(void);
/** Memory that the daemon has resident. */
long hostile_memory_kib(void);
/** CPU time of the daemon so far. */
int64_t hostile_cpu_ms(void);

/** A GET that carries `mark` in X-Request-ID, and whether its answer is a 200 that carries it, too.
 */
bool hostile_marked_request(struct http_peer *peer, const char *mark, bool last);
/** A new mark: valid until the next but three. */
const char *hostile_mark(void);

/** Each N: under tools that make everything slow, fewer of what is many. */
size_t hostile_stride(void);

#endif
