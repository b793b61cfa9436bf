#include "bench/node_figure.h"

#include <string.h>

#include "runtime/node.h"

#define FIGURES_MAX 128

int64_t find_node_figure(struct node *node, const char *name)
{
    struct node_figure figures[FIGURES_MAX];
    uint32_t count = node_figures(node, figures, FIGURES_MAX);
    for (uint32_t i = 0; i < count && i < FIGURES_MAX; i++) {
        if (strcmp(figures[i].name, name) == 0) {
            return figures[i].value;
        }
    }
    return -1;
}
