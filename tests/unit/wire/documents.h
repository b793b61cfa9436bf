/**
 * A small registry with pushes, and a way to look into the documents made of it.
 */
#ifndef TESTS_UNIT_WIRE_DOCUMENTS_H
#define TESTS_UNIT_WIRE_DOCUMENTS_H

#include "tests/unit/wire/test.h"

#include <jansson.h>

#include "tests/unit/wire/all_kinds.h"
#include "wire/describe.h"
#include "wire/paging.h"

#define SHOW_ARGS(F, R)                                                                            \
    F(R, INT, msg, REQUIRED, 1, 99, NULL, PATH, "which message", "17")                             \
    F(R, TEXT, bar, OPTIONAL, 0, 9, NULL, QUERY, "this or that", "\"a|b\"")                        \
    PAGING_ARGS(F, R)
#define SHOW_RESULT(F, R)                                                                          \
    LEAF(F, R)                                                                                     \
    PAGING_RESULT(F, R)
RECORD_DECLARE(show_args, SHOW_ARGS)
RECORD_DEFINE(show_args, SHOW_ARGS, "Which.")
RECORD_DECLARE(show_result, SHOW_RESULT)
RECORD_DEFINE(show_result, SHOW_RESULT, "Some of them.")

static const int send_errors[] = {ERR_CODE_USED, 0};

static const struct op send_op = {
    .command = {.code = 1, .name = "chat.send", .args = &all_kinds_type, .result = &leaf_type},
    .doc = "Says something. And more.",
    .needs = OP_NEEDS_PAIRED,
    .writes = true,
    .keyed = true,
    .errors = send_errors,
    .rest = {.method = "POST", .path = "/chat/messages", .status = 201}};
static const struct op show_op = {.command = {.code = 2,
                                              .name = "chat.show",
                                              .args = &show_args_type,
                                              .result = &show_result_type},
                                  .doc = "Shows a message.",
                                  .rate = OP_RATE_COSTLY,
                                  .rest = {.method = "GET",
                                           .path = "/chat/messages/{msg}",
                                           .status = 200,
                                           .paging = OP_PAGING_CURSOR}};
static const struct op ping_op = {
    .command = {.code = 1, .name = "ping", .args = &empty_type, .result = &empty_type},
    .doc = "Answers."};

static const struct push_type said = {
    .topic = "couple", .type = "chat.said", .doc = "Somebody said.", .data = &leaf_type};
static const struct push_type typing = {
    .topic = "typing", .doc = "Somebody types.", .data = &leaf_type};

/** The document of these; the caller's to free. */
static inline json_t *document_of(describe_format *format)
{
    static const struct op *const ops[] = {&send_op, &show_op}, *const edge_ops[] = {&ping_op};
    static const struct op_table tables[] = {{.kind = 4, .ops = ops, .count = 2},
                                             {.kind = 0, .ops = edge_ops, .count = 1}};
    static const struct push_type *const pushes[] = {&said, &typing};
    static const struct push_table push_table = {.pushes = pushes, .count = 2};
    char message[256] = "";
    struct registry *registry = NULL;
    struct buffer out = {0};
    if (registry_create(tables, 2, message, sizeof message, &registry) != 0) {
        fail_msg("%s", message);
    }
    format(registry, &push_table, 1, &out);
    json_t *document = json_loadb((const char *)out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(document);
    buffer_fini(&out);
    registry_destroy(registry);
    return document;
}

/** What stands at a path of keys and indexes, such as "paths,/healthz,get,tags,0"; or NULL. */
static inline const json_t *look(const json_t *value, const char *path)
{
    char key[256];
    while (*path != '\0' && value != NULL) {
        size_t len = strcspn(path, ",");
        assert_true(len < sizeof key);
        memcpy(key, path, len);
        key[len] = '\0';
        value = json_is_array(value) ? json_array_get(value, (size_t)strtoul(key, NULL, 10))
                                     : json_object_get(value, key);
        path += path[len] == ',' ? len + 1 : len;
    }
    return value;
}

static inline void assert_text(const json_t *document, const char *path, const char *text)
{
    const json_t *value = look(document, path);
    if (!json_is_string(value) || strcmp(json_string_value(value), text) != 0) {
        fail_msg("%s is not \"%s\"", path, text);
    }
}

static inline void assert_json(const json_t *document, const char *path, const char *text)
{
    json_t *expected = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(expected);
    const json_t *value = look(document, path);
    if (value == NULL || !json_equal(value, expected)) {
        char *given = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        print_error("%s is %s\n", path, given != NULL ? given : "not there");
        free(given);
        fail();
    }
    json_decref(expected);
}

#endif
