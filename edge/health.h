/**
 * What operators and their tools ask: /healthz (the process lives), /readyz (it takes requests) and
 * /metrics, which is only for networks that are listed. All functions: the shard's thread.
 */
#ifndef EDGE_HEALTH_H
#define EDGE_HEALTH_H

#include "edge/forwarded.h"
#include "edge/metrics.h"
#include "edge/rest.h"

struct health;

struct health_config {
    struct rest *rest;                 /* for headers and refusals; borrowed, as the next */
    const struct metrics *metrics;     /* NULL: there is no /metrics */
    const struct forwarded *readers;   /* networks that may read /metrics */
    const struct forwarded *forwarded; /* proxies that are trusted */
    struct node *node;                 /* NULL: always ready until it drains */
};

struct health *health_create(const struct health_config *config);
void health_destroy(struct health *health); /* NULL is fine */

/** Answers if the path is one of these; false: it is another's. */
bool health_head(struct health *health, struct http_exchange *exchange);

/** Not ready any more. */
void health_drain(struct health *health);

#endif
