/**
 * A shard's HTTP on a loop, and peers on socket pairs, in one thread: what a test sends is served
 * while it waits for the answer. The handler does what paths say:
 *
 *     /ok          200 "ok"                      /echo     200 with the request's body
 *     /later       answered by stage_answer      /status/N that status, with the body "ok"
 *     /no-body     answered with its head        /stream   a stream, fed by the test
 *     /big         200 with 4 MiB                /close    200, and the connection closes
 */
#ifndef TESTS_UNIT_SUPPORT_HTTP_STAGE_H
#define TESTS_UNIT_SUPPORT_HTTP_STAGE_H

#include "edge/http.h"

#define STAGE_BODY_MAX 1000
#define STAGE_BIG_BYTES (4 * 1024 * 1024)

struct stage {
    struct uv_loop_s *loop;
    struct http *http;
    struct http_exchange *later, *stream; /* the last of them; NULL: none, or gone */
    uint32_t requests, gone, writable, answered;
    int last_status;
    char path[256]; /* of the last request, as the next two */
    char query[256];
    size_t body_len;
};

/** Zeros in the config are short deadlines, for tests. */
void stage_open(struct stage *stage, const struct http_config *config);
/** Closes all; the loop must be empty then. */
void stage_close(struct stage *stage);

/** A peer: the client's end of a connection. */
int stage_connect(struct stage *stage);
void stage_say(int peer, const char *text);
void stage_say_bytes(int peer, const void *data, size_t len);
/** Runs the loop for a moment. */
void stage_run(struct stage *stage, int64_t ms);
/** Runs until `peer` has received `text` behind what it received before, or asserts. Returns all of
 * it, which lives until the next call. */
const char *stage_hear(struct stage *stage, int peer, const char *text);
/** Runs until the connection is closed; all that came, with its length where that is wanted. */
const char *stage_hear_end(struct stage *stage, int peer, size_t *len);
/** Runs a moment: nothing came and the connection stands. */
void stage_hear_nothing(struct stage *stage, int peer);
/** How often `needle` is in `text`. */
uint32_t stage_count(const char *text, const char *needle);
/** Answers /later. */
void stage_answer(struct stage *stage, const char *body);

#endif
