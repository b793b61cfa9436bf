#include "wire/rest_route.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

#define SEGMENTS_MAX 16

/** A tree of segments; children of a node are a list, literals before the parameter. */
struct node {
    struct bytes segment;
    bool is_param;
    struct rest_route *route; /* NULL: nothing ends here */
    struct node *child, *sibling;
};

struct rest_routes {
    struct node root;
    struct rest_route *routes; /* one per path */
    uint32_t count;
};

/** The segment at the front of "/a/b", which is taken off; false: none is left. */
static bool take_segment(struct bytes *path, struct bytes *segment)
{
    if (path->len == 0 || path->data[0] != '/') {
        return false;
    }
    const uint8_t *from = path->data + 1;
    const uint8_t *end = memchr(from, '/', path->len - 1);
    size_t len = end == NULL ? path->len - 1 : (size_t)(end - from);
    *segment = bytes_of(from, len);
    path->data += len + 1;
    path->len -= len + 1;
    return true;
}

static bool is_param(struct bytes segment)
{
    return segment.len > 2 && segment.data[0] == '{' && segment.data[segment.len - 1] == '}';
}

/* --- building -------------------------------------------------------------------------------- */

static struct node *child_of(struct node *node, struct bytes segment)
{
    bool param = is_param(segment);
    struct node **at = &node->child;
    for (; *at != NULL; at = &(*at)->sibling) {
        if ((*at)->is_param ? param : bytes_equal((*at)->segment, segment)) {
            return *at;
        }
        if ((*at)->is_param) {
            break; /* literals stand before it */
        }
    }
    struct node *made = memory_alloc(sizeof *made);
    made->segment = segment;
    made->is_param = param;
    made->sibling = *at;
    *at = made;
    return made;
}

static const struct field *field_named(const struct record_type *type, struct bytes name)
{
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        if (bytes_equal(bytes_of(field->name, field->name_len), name)) {
            return field;
        }
    }
    return NULL;
}

/** The node of a path, made where it is missing; the op's parameters on the way. */
static struct node *walk(struct rest_routes *routes, const struct op *op,
                         struct rest_route_op *entry)
{
    struct bytes path = text_of(op->rest.path), segment;
    struct node *node = &routes->root;
    uint32_t params = 0, segments = 0;
    while (take_segment(&path, &segment)) {
        if (segment.len == 0 || ++segments > SEGMENTS_MAX) {
            return NULL;
        }
        if (is_param(segment)) {
            if (params == REST_PARAMS_MAX) {
                return NULL;
            }
            entry->params[params++] =
                field_named(op->command.args, bytes_of(segment.data + 1, segment.len - 2));
        }
        node = child_of(node, segment);
    }
    return path.len == 0 && node != &routes->root ? node : NULL;
}

static bool add(struct rest_routes *routes, const struct op *op)
{
    struct rest_route_op entry = {.method = op->rest.method, .op = op};
    struct node *node = walk(routes, op, &entry);
    if (node == NULL) {
        return false;
    }
    if (node->route == NULL) {
        node->route = &routes->routes[routes->count];
        node->route->path = op->rest.path;
        node->route->index = routes->count++;
    }
    if (node->route->op_count == REST_METHODS_MAX) {
        return false;
    }
    node->route->ops[node->route->op_count++] = entry;
    return true;
}

static void write_allow(struct rest_route *route)
{
    size_t len = 0;
    for (uint32_t i = 0; i < route->op_count; i++) {
        bool get = strcmp(route->ops[i].method, "GET") == 0;
        len += (size_t)snprintf(route->allow + len, sizeof route->allow - len, "%s, %s",
                                route->ops[i].method, get ? "HEAD, " : "");
    }
    (void)!snprintf(route->allow + len, sizeof route->allow - len, "OPTIONS");
}

int rest_routes_create(const struct registry *registry, char *message, size_t message_size,
                       struct rest_routes **out)
{
    struct rest_routes *routes = memory_alloc(sizeof *routes);
    routes->routes = memory_alloc((registry_count(registry) + 1) * sizeof *routes->routes);
    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct op *op = registry_at(registry, i);
        if (op->rest.method != NULL && !add(routes, op)) {
            (void)!snprintf(message, message_size, "%s: the path %s cannot be routed",
                            op->command.name, op->rest.path);
            rest_routes_destroy(routes);
            return ERR_INVALID_ARGUMENT;
        }
    }
    for (uint32_t i = 0; i < routes->count; i++) {
        write_allow(&routes->routes[i]);
    }
    *out = routes;
    return 0;
}

static void free_children(struct node *node)
{
    while (node->child != NULL) {
        struct node *child = node->child;
        node->child = child->sibling;
        free_children(child); /* at most SEGMENTS_MAX deep */
        free(child);
    }
}

void rest_routes_destroy(struct rest_routes *routes)
{
    if (routes != NULL) {
        free_children(&routes->root);
        free(routes->routes);
        free(routes);
    }
}

/* --- finding --------------------------------------------------------------------------------- */

/** A literal that leads nowhere does not fall back to the parameter: names are not ambiguous. */
static const struct node *step(const struct node *node, struct bytes segment)
{
    for (const struct node *at = node->child; at != NULL; at = at->sibling) {
        if (at->is_param ? segment.len != 0 : bytes_equal(at->segment, segment)) {
            return at;
        }
    }
    return NULL;
}

struct rest_match rest_routes_find(const struct rest_routes *routes, struct bytes path)
{
    struct rest_match match = {0};
    const struct node *node = &routes->root;
    struct bytes segment;
    while (node != NULL && take_segment(&path, &segment)) {
        node = step(node, segment);
        if (node != NULL && node->is_param) {
            match.params[match.param_count++] = segment;
        }
    }
    if (node != NULL && path.len == 0) {
        match.route = node->route;
    }
    return match;
}

const struct rest_route_op *rest_route_op(const struct rest_route *route, struct bytes method)
{
    struct bytes wanted = bytes_equal(method, text_of("HEAD")) ? text_of("GET") : method;
    for (uint32_t i = 0; i < route->op_count; i++) {
        if (bytes_equal(text_of(route->ops[i].method), wanted)) {
            return &route->ops[i];
        }
    }
    return NULL;
}

uint32_t rest_routes_count(const struct rest_routes *routes)
{
    return routes->count;
}

const struct rest_route *rest_routes_at(const struct rest_routes *routes, uint32_t index)
{
    return &routes->routes[index];
}
