/**
 * A town of couples at one simulated node: light clients that speak to the sessions directly, in
 * step, so that every round brings the server the same batches.
 *
 * A frame that a client sends is received as one message; what the server sends is framed by the
 * edge's own code, gathered per connection and taken once per turn, as ws_connection.c does.
 */
#ifndef TESTS_GUARD_TOWN_H
#define TESTS_GUARD_TOWN_H

#include "base/bytes.h"
#include "tests/simulation/machine.h"
#include "wire/token.h"

struct town;

struct resident {
    struct town *town;
    uint32_t index;
    uint16_t lane;
    struct session *session;
    struct buffer out; /* frames on their way to the client */
    struct buffer request;
    uint32_t next_request;
    int64_t next_no;
    uint64_t answers, entries; /* taken so far; entries of the couple's stream */
    struct buffer result;      /* of the last answer */
    struct id device, user, couple, epoch;
    int64_t seen; /* last entry of the couple's stream, of its own ones too */
    char access_token[TOKEN_TEXT_MAX];
};

/** Partners stand side by side, on different shards. */
struct town {
    struct machine machine;
    struct resident *residents;
    uint32_t count;
};

/** So many couples: signed up, signed in, not paired. `shards` of the node: 1 or 2. */
void town_init(struct town *town, uint32_t couples, uint16_t shards);
void town_fini(struct town *town);

/** Connects, opens a session; with `resume`, goes on behind the last entry that was seen. */
void town_connect_all(struct town *town, bool resume);
void town_disconnect_all(struct town *town);
void town_pair_all(struct town *town);

/** Sends one request, whose answer comes with town_settle. Ends the process when it is refused. */
void resident_ask(struct resident *resident, const char *op, const struct record_type *type,
                  const void *args, bool keyed);
/** Every resident says `window` messages of 200 bytes; all are acknowledged and delivered. */
void town_chat(struct town *town, uint32_t window);

/** What was received has ended its turn; everything runs until nothing moves. */
void town_settle(struct town *town);

#endif
