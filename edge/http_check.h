/**
 * Whether a request's head is one that every server on the way reads alike (RFC 9112): what could
 * be read in two ways is how requests are smuggled. Pure: fed with the headers one by one.
 */
#ifndef EDGE_HTTP_CHECK_H
#define EDGE_HTTP_CHECK_H

#include <stdbool.h>

#include "base/bytes.h"

/** Zero-initialised is a head without headers. Keeps views of what it was fed. */
struct http_check {
    const char *fault; /* NULL: none so far; else what is wrong, static */
    int status;        /* of the fault: 400, 417 or 501 */
    struct bytes host;
    uint64_t content_length;
    unsigned hosts, lengths;
    bool chunked, coding_unknown;
    bool close, keep_alive; /* options of Connection */
    bool expects_continue, expects_other;
};

/** Whether it is one of the characters of which names are made. */
bool http_check_is_token(uint8_t c);

/** Whether it is a host, with a port or without (RFC 9110, 7.2); an empty one is. */
bool http_check_is_host(struct bytes text);

/** Compares without regard to case; `lower` is lower case. */
bool http_check_is_named(struct bytes name, const char *lower);

/** The next header, `raw`: all behind its colon. Returns the value without blanks around it. */
struct bytes http_check_header(struct http_check *check, struct bytes name, struct bytes raw);

/** After the last: NULL, or what is wrong, and the status that says so. */
const char *http_check_end(struct http_check *check, bool http_1_0);

#endif
