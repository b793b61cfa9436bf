#include "bench/log_node.h"

#include "actors/registry.h"
#include "bench/measure.h"
#include "bench/node_figure.h"
#include "runtime/node.h"

#define NO_BOUND ((uint64_t)1 << 40) /* more than any log here: nothing is flushed on the way */

int log_node_open(const char *data, uint16_t shards, bool settle, struct log_opening *out)
{
    static const struct node_edge nobody;
    struct node *node = NULL;
    const struct node_config config = {.data = data,
                                       .shards = shards,
                                       .kinds = actor_kinds,
                                       .kind_count = (uint32_t)actor_kind_count,
                                       .log_keep = true,
                                       .replay_max = settle ? 0 : NO_BOUND,
                                       .unflushed_max = settle ? 0 : NO_BOUND};
    int64_t began_us = monotonic_us();
    int error = node_open(&config, &node);
    if (error != 0) {
        return error;
    }
    out->records = find_node_figure(node, "recovered_records");
    out->recovery_ms = find_node_figure(node, "recovery_ms");
    error = settle ? node_start(node, &nobody) : 0;
    node_close(node);
    out->whole_us = monotonic_us() - began_us;
    return error;
}
