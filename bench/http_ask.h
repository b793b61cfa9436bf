/**
 * One request after the other over one connection, waiting for each answer: for what is asked
 * before and after a measurement. One thread.
 */
#ifndef BENCH_HTTP_ASK_H
#define BENCH_HTTP_ASK_H

#include <jansson.h>

#include "bench/http_answer.h"

struct http_ask {
    int fd;
    struct http_reader reader;
    struct buffer request;
    int status; /* of the last answer */
    json_t *answer;
    char host[64];
    uint16_t port;
};

/** Connects. 0, or ERR_IO after printing why not; http_ask_fini either way. */
int http_ask_init(struct http_ask *ask, const char *host, uint16_t port);
void http_ask_fini(struct http_ask *ask);

/**
 * Asks in the name of `token` for `path`, and waits for the answer, 10 s at most. `body` NULL: no
 * body. Returns `data` of an envelope that says ok, until the next question; NULL after printing
 * what was answered instead.
 */
const json_t *http_ask(struct http_ask *ask, const char *method, const char *path,
                       const char *token, const char *body);

/** Appends a request's head, up to and with the empty line. `body_len` < 0: it has no body. */
void http_request_append(struct buffer *out, const char *method, const char *path, const char *host,
                         uint16_t port, const char *token, int64_t body_len);

#endif
