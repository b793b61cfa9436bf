/**
 * HTTP/1.1 of one shard, for the open internet: connections, keep-alive, pipelining, deadlines.
 *
 * It knows no route. Every request's head is judged as raw bytes (http_head.h) and parsed by
 * llhttp; only what both read alike goes on. A connection has one request at a time in work; what
 * is pipelined behind it waits, unread beyond a bound. Answers of one loop turn leave together.
 * All functions: the shard's thread.
 *
 *     idle ──head──▶ (handler.head) ──body──▶ (handler.request) ──http_answer──▶ idle
 *                        └─http_answer: refused before its body      └─http_stream_start──▶
 * streaming
 */
#ifndef EDGE_HTTP_H
#define EDGE_HTTP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/bytes.h"
#include "edge/http_header.h"

struct uv_loop_s;
struct http;
struct http_exchange; /* one request and its answer */

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER,
    HTTP_METHOD_COUNT
};
const char *http_method_text(enum http_method method);

/** Views live until the exchange is answered, or has become a stream. */
struct http_request {
    enum http_method method;
    struct bytes method_text;
    struct bytes path;  /* of origin form, or of absolute form behind its authority; undecoded;
                           begins with '/', or is "*" (OPTIONS only) */
    struct bytes query; /* without '?'; may be empty */
    bool has_body;      /* Content-Length (0 too) or Transfer-Encoding was given */
    struct bytes body;  /* complete in handler.request, empty in handler.head */
    const struct http_header *headers;
    uint32_t header_count;
    struct bytes peer; /* the address of the socket: 4 or 16 bytes */
    bool http_1_0;
};

/** The value of a header by its lower-case name; false: not there. The first, when given twice. */
bool http_request_header(const struct http_request *request, const char *name, struct bytes *value);
/** How many headers have this lower-case name. */
uint32_t http_request_header_count(const struct http_request *request, const char *name);

struct http_response {
    int status;
    struct bytes headers; /* lines "name: value\r\n", ready to send: content-type and so on; date,
                             content-length, connection and transfer-encoding are added by us */
    struct bytes body;    /* left out for HEAD, 204 and 304 */
    bool body_stays;      /* it outlives every connection: a large one is sent from where it is */
    bool close;           /* the connection ends with this answer */
};

struct http_handler {
    void *self;
    /**
     * The head is complete. Returns how many bytes of body are taken (more is answered 413), or
     * answers at once with http_answer and returns 0: then the body is not waited for, and the
     * connection closes behind the answer if there is one. "100 Continue" is sent after a yes.
     */
    size_t (*head)(void *self, struct http_exchange *exchange);
    /** The request is complete. Must lead to http_answer or http_stream_start, now or later. */
    void (*request)(void *self, struct http_exchange *exchange);
    /** The peer went, or a deadline passed, before the answer or the end of the stream: the
     * exchange is no more. */
    void (*gone)(void *self, struct http_exchange *exchange);
    /** A stream's pending bytes have all left; not called when nothing was pending. */
    void (*writable)(void *self, struct http_exchange *exchange);
    /** Renders the refusals that http makes itself (400, 408, 413, 431, 501, 505): fills headers
     * and body into `out` (views that live until the next call). */
    void (*refusal)(void *self, int status, const char *fault, struct http_response *out);
    /** An answer of this status is on its way; for metrics. `exchange` NULL: nothing was parsed.
     * NULL: not wanted. See http_set_endpoint. */
    void (*answered)(void *self, struct http_exchange *exchange, int status, int64_t took_us);
};

struct http_config {
    struct uv_loop_s *loop;
    struct http_handler handler;
    uint32_t connections_max; /* more are closed unanswered */
    int64_t idle_ms;          /* between requests; default 75,000 */
    int64_t head_ms;          /* from a head's first byte to its last; default 10,000 */
    int64_t body_ms;          /* from the head to the body's last byte; default 20,000 */
    int64_t answer_ms; /* for the answer to be read by the peer, once complete; default 20,000 */
    int64_t work_ms;   /* for the handler to answer; default 60,000; then 503 and close */
    size_t
        stream_bytes_max; /* pending of a stream: beyond, it is cut off (gone); default 256 KiB */
    /** Of all bodies that are held, incomplete or in work; default 256 MiB. Beyond it, those that
     * have been coming for longest are answered 503. */
    size_t bodies_bytes_max;
};

/** 0 or ERR_NO_MEMORY. Zeros in the config are defaults. */
int http_create(const struct http_config *config, struct http **out);
/** Takes the socket, non-blocking; nothing was read from it yet. */
void http_adopt(struct http *http, int fd, const struct sockaddr *address, socklen_t len);
/** Deadlines. Call about every 250 ms; must not cost a walk over all idle connections each time. */
void http_tick(struct http *http);
/** Sends what was gathered. Call at the end of each loop turn. */
void http_turn_end(struct http *http);
/** Connections. */
uint32_t http_count(const struct http *http);
/** Draining: idle connections close now, others behind their answer ("connection: close"). Streams
 * end. */
void http_drain(struct http *http);
/** Closes all connections (gone is called). The loop has to run until it is empty before
 * http_destroy. */
void http_close(struct http *http);
void http_destroy(struct http *http);

const struct http_request *http_request(const struct http_exchange *exchange);
/** A place for the handler's own; NULL at first. */
void **http_context(struct http_exchange *exchange);
/** What the handler counts the exchange as; 0 at first. */
void http_set_endpoint(struct http_exchange *exchange, uint16_t endpoint);
uint16_t http_endpoint(const struct http_exchange *exchange);
/** Answers; copies. The exchange is no more (its context is not looked at again). */
void http_answer(struct http_exchange *exchange, const struct http_response *response);

/** Answers with a body that comes over time (chunked; to HTTP/1.0 until the connection closes). */
void http_stream_start(struct http_exchange *exchange, const struct http_response *response);
/** One chunk, given as two runs of which `rest` may be empty; copies. It leaves by the end of the
 * turn. Beyond stream_bytes_max the stream is cut off: gone is called by the end of the turn. */
void http_stream_send(struct http_exchange *exchange, struct bytes head, struct bytes rest);
/** Bytes taken and not yet handed to the kernel. */
size_t http_stream_pending(const struct http_exchange *exchange);
/** Sends what is pending and the last chunk, closes. The exchange is no more. */
void http_stream_end(struct http_exchange *exchange);

#endif
