/*
 * Fuzzes what makes an op's args of a REST request: "METHOD path?query", a line end, the body; the
 * path is one below /api/v1, and the routes are those of all declared ops. One thing has one name;
 * what is decoded, encoded and decoded again is the same.
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/check.h"
#include "tools/catalog.h"
#include "wire/rest_args.h"
#include "wire/rest_route.h"
#include "wire/url.h"

#define ARGS_BYTES_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rest_routes *all_routes(void)
{
    static struct registry *registry;
    static struct rest_routes *routes;
    char message[256];
    if (routes == NULL) {
        CHECK_ALWAYS(catalog_create(message, sizeof message, &registry) == 0);
        CHECK_ALWAYS(rest_routes_create(registry, message, sizeof message, &routes) == 0);
    }
    return routes;
}

/** Cuts up to a mark, which is skipped; all when there is none. */
static struct bytes take_until(struct bytes *rest, char mark)
{
    const uint8_t *at = rest->len == 0 ? NULL : memchr(rest->data, mark, rest->len);
    struct bytes taken = at == NULL ? *rest : bytes_of(rest->data, (size_t)(at - rest->data));
    size_t skipped = taken.len + (at != NULL);
    *rest = bytes_of(rest->data + skipped, rest->len - skipped);
    return taken;
}

static void append_encoded(struct buffer *out, struct bytes text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < text.len; i++) {
        buffer_append_u8(out, '%');
        buffer_append_u8(out, (uint8_t)digits[text.data[i] >> 4]);
        buffer_append_u8(out, (uint8_t)digits[text.data[i] & 15]);
    }
}

static void check_decoding(struct bytes text, bool plus)
{
    struct arena arena = {0};
    struct buffer encoded = {0};
    struct bytes once, twice;
    if (url_decode(text, plus, &arena, &once)) {
        CHECK_ALWAYS(once.len <= text.len);
        append_encoded(&encoded, once);
        CHECK_ALWAYS(url_decode(buffer_bytes(&encoded), plus, &arena, &twice));
        CHECK_ALWAYS(bytes_equal(once, twice));
    }
    buffer_fini(&encoded);
    arena_fini(&arena);
}

static void check_query(struct bytes query)
{
    struct url_pair pair;
    size_t pairs = 0, most = query.len + 1;
    while (url_next_pair(&query, &pair)) {
        check_decoding(pair.name, true);
        check_decoding(pair.value, true);
        CHECK_ALWAYS(++pairs <= most);
    }
}

static void check_match(const struct rest_match *match, struct bytes path)
{
    size_t len = strlen(match->route->path);
    CHECK_ALWAYS(match->param_count <= REST_PARAMS_MAX);
    for (uint32_t i = 0; i < match->param_count; i++) {
        struct bytes param = match->params[i];
        CHECK_ALWAYS(param.data >= path.data && param.data + param.len <= path.data + path.len);
        CHECK_ALWAYS(param.len == 0 || memchr(param.data, '/', param.len) == NULL);
        check_decoding(param, false);
    }
    CHECK_ALWAYS(match->param_count > 0 || bytes_equal(path, bytes_of(match->route->path, len)));
}

/** Of args that are taken: written and read again they are the same. */
static void check_args(const struct op *op, const json_t *in)
{
    static _Alignas(16) uint8_t first[ARGS_BYTES_MAX], second[ARGS_BYTES_MAX];
    const struct record_type *type = op->command.args;
    struct arena arena = {0};
    struct field_fault fault;
    CHECK_ALWAYS(json_is_object(in) && type->size <= sizeof first);
    if (record_decode_json(type, in, &arena, first, &fault) == 0) {
        json_t *once = record_encode_json(type, first);
        CHECK_ALWAYS(record_decode_json(type, once, &arena, second, &fault) == 0);
        json_t *twice = record_encode_json(type, second);
        CHECK_ALWAYS(json_equal(once, twice));
        json_decref(once);
        json_decref(twice);
    }
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes body = bytes_of(data, size), line = take_until(&body, '\n');
    struct bytes method = take_until(&line, ' '), path = take_until(&line, '?');
    struct rest_match match = rest_routes_find(all_routes(), path);
    struct field_fault fault;
    json_t *args = NULL;
    check_query(line);
    check_decoding(path, false);
    if (match.route == NULL) {
        return 0;
    }
    check_match(&match, path);
    const struct rest_route_op *route_op = rest_route_op(match.route, method);
    if (route_op != NULL && rest_args_read(&(struct rest_request){.route_op = route_op,
                                                                  .match = &match,
                                                                  .query = line,
                                                                  .body = body},
                                           &args, &fault) == 0) {
        check_args(route_op->op, args);
        json_decref(args);
    }
    return 0;
}
