/**
 * A figure of a node in this process.
 */
#ifndef BENCH_NODE_FIGURE_H
#define BENCH_NODE_FIGURE_H

#include <stdint.h>

struct node;

/** The figure with this name (runtime/node.h), -1 when there is none. Any thread. */
int64_t find_node_figure(struct node *node, const char *name);

#endif
