/**
 * Whose a path is: REST, the stream of notifications, fixed pages. The handler of a shard's HTTP.
 * All functions: the shard's thread.
 */
#ifndef EDGE_SITE_H
#define EDGE_SITE_H

#include "edge/http.h"
#include "edge/metrics.h"
#include "edge/session.h"
#include "wire/rest_route.h"

/**
 * Who works on an exchange after its head. What http_context holds begins with a pointer to one.
 */
struct exchange_owner {
    void (*request)(struct http_exchange *exchange);
    void (*gone)(struct http_exchange *exchange);
    void (*writable)(struct http_exchange *exchange); /* NULL: never a stream */
};

struct site;

struct site_config {
    struct metrics *metrics; /* borrowed; NULL: nothing is counted */
    uint16_t shard;          /* whose part of it */
    struct node *node;       /* whose room for writes /readyz tells; NULL: not asked */
    const struct forwarded *metrics_readers; /* networks that may read /metrics; borrowed */
    struct session_table *sessions;
    const struct rest_routes *routes; /* borrowed */
    const struct token_key *key;      /* borrowed */
    const struct pages *pages;        /* shared by the shards; borrowed */
    const char *const *origins;       /* exact; "*": any, without cookies */
    uint32_t origin_count;
    const struct forwarded *forwarded; /* proxies that are trusted; borrowed */
    int64_t sse_heartbeat_ms;          /* 0: default */
    int64_t (*now_ms)(void *clock);    /* milliseconds UTC */
    void *clock;
};

struct site *site_create(const struct site_config *config);
/** NULL is fine. */
void site_destroy(struct site *site);

/** For http_create; the site must outlive what is created. */
struct http_handler site_handler(struct site *site);

/** /readyz says so from now on. */
void site_drain(struct site *site);

/** Call about every 250 ms. */
void site_tick(struct site *site);
/** At the end of each turn, before http_turn_end. */
void site_turn_end(struct site *site);

#endif
