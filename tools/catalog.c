#include "tools/catalog.h"

#include "actors/registry.h"
#include "base/check.h"
#include "edge/session_ops.h"

#define TABLES_MAX 64

int catalog_create(char *message, size_t message_size, struct registry **out)
{
    static struct op_table tables[TABLES_MAX]; /* the registry may look into them */
    size_t count = actor_kind_count + 1;
    CHECK_ALWAYS(count <= TABLES_MAX);
    tables[0] = session_op_table;
    for (size_t i = 0; i < actor_kind_count; i++) {
        const struct kind *kind = actor_kinds[i];
        tables[i + 1] =
            (struct op_table){.kind = kind->code, .ops = kind->ops, .count = kind->op_count};
    }
    return registry_create(tables, count, message, message_size, out);
}

void catalog_describe(const struct registry *registry, describe_format *format, struct buffer *out)
{
    struct push_table pushes[TABLES_MAX] = {
        {.pushes = session_pushes, .count = sizeof session_pushes / sizeof session_pushes[0]}};
    for (size_t i = 0; i < actor_kind_count; i++) {
        pushes[i + 1] = (struct push_table){.pushes = actor_kinds[i]->pushes,
                                            .count = actor_kinds[i]->push_count};
    }
    format(registry, pushes, actor_kind_count + 1, out);
}
