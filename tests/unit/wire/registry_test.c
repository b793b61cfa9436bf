#include "tests/unit/wire/test.h"

#include <sodium.h>

#include "tests/unit/wire/all_kinds.h"
#include "wire/describe.h"
#include "wire/paging.h"
#include "wire/registry.h"

#define SHOW_ARGS(F, R)                                                                            \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, PATH, "which message", "17")                      \
    F(R, TEXT, bar, OPTIONAL, 0, 9, NULL, QUERY, "this | or that", "\"a|b\"")
RECORD_DECLARE(show_args, SHOW_ARGS)
RECORD_DEFINE(show_args, SHOW_ARGS, "Which.")

#define BARE_ARGS(F, R) F(R, INT, msg, REQUIRED, 1, 5, NULL, BODY, "no example", NULL)
RECORD_DECLARE(bare_args, BARE_ARGS)
RECORD_DEFINE(bare_args, BARE_ARGS, "Without an example.")

RECORD_DECLARE(paged_args, PAGING_ARGS)
RECORD_DEFINE(paged_args, PAGING_ARGS, "Which part.")
RECORD_DECLARE(paged_result, PAGING_RESULT)
RECORD_DEFINE(paged_result, PAGING_RESULT, "A part.")

static const int send_errors[] = {ERR_NOT_PAIRED, ERR_BUSY, 0};

static const struct op send_op = {
    .command = {.code = 1, .name = "chat.send", .args = &all_kinds_type, .result = &leaf_type},
    .doc = "Says something.",
    .needs = OP_NEEDS_PAIRED,
    .writes = true,
    .keyed = true,
    .errors = send_errors,
    .rest = {.method = "POST", .path = "/chat/messages", .status = 201}};
static const struct op show_op = {
    .command = {.code = 2, .name = "chat.show", .args = &show_args_type, .result = &leaf_type},
    .doc = "Shows a message.",
    .needs = OP_NEEDS_SESSION,
    .rate = OP_RATE_COSTLY,
    .rest = {.method = "GET", .path = "/chat/messages/{msg}", .status = 200}};
static const struct op ping_op = {
    .command = {.code = 1, .name = "ping", .args = &empty_type, .result = &empty_type},
    .doc = "Answers."};

static const struct op *const chat_ops[] = {&show_op, &send_op};
static const struct op *const edge_ops[] = {&ping_op};
static const struct op_table tables[] = {{.kind = 4, .ops = chat_ops, .count = 2},
                                         {.kind = 0, .ops = edge_ops, .count = 1}};

static struct registry *create(void)
{
    char message[256] = "";
    struct registry *registry = NULL;
    if (registry_create(tables, 2, message, sizeof message, &registry) != 0) {
        fail_msg("%s", message);
    }
    return registry;
}

static void ops_are_found_by_name(void **state)
{
    (void)state;
    struct registry *registry = create();
    assert_ptr_equal(registry_find(registry, text_of("chat.send")), &send_op);
    assert_ptr_equal(registry_find(registry, text_of("chat.show")), &show_op);
    assert_ptr_equal(registry_find(registry, text_of("ping")), &ping_op);
    static const struct bytes unknown[] = {
        {NULL, 0},
        {(const uint8_t *)"chat.sen", 8},
        {(const uint8_t *)"chat.send ", 10},
        {(const uint8_t *)"chat.send\0", 10},
        {(const uint8_t *)"CHAT.SEND", 9},
        {(const uint8_t *)"\xff\xff", 2},
    };
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        assert_null(registry_find(registry, unknown[i]));
    }
    registry_destroy(registry);
    registry_destroy(NULL);
}

static void ops_are_walked_in_the_order_of_names(void **state)
{
    (void)state;
    struct registry *registry = create();
    assert_int_equal(registry_count(registry), 3);
    assert_ptr_equal(registry_at(registry, 0), &send_op);
    assert_ptr_equal(registry_at(registry, 1), &show_op);
    assert_ptr_equal(registry_at(registry, 2), &ping_op);
    assert_int_equal(registry_kind_at(registry, 0), 4);
    assert_int_equal(registry_kind_at(registry, 2), 0);
    registry_destroy(registry);
}

static void many_ops_are_all_found(void **state)
{
    (void)state;
    enum { MANY = 500 };
    static struct op ops[MANY];
    static const struct op *pointers[MANY];
    static char names[MANY][16];
    for (size_t i = 0; i < MANY; i++) {
        (void)!snprintf(names[i], sizeof names[i], "many.op_%zu", i);
        ops[i] = ping_op;
        ops[i].command.name = names[i];
        ops[i].command.code = (uint16_t)i;
        pointers[i] = &ops[i];
    }
    struct op_table table = {.kind = 1, .ops = pointers, .count = MANY};
    struct registry *registry = NULL;
    char message[64];
    assert_int_equal(registry_create(&table, 1, message, sizeof message, &registry), 0);
    for (size_t i = 0; i < MANY; i++) {
        assert_ptr_equal(registry_find(registry, text_of(names[i])), &ops[i]);
    }
    assert_null(registry_find(registry, text_of("many.op_500")));
    registry_destroy(registry);
}

static void assert_complaint(struct op op, const char *expected)
{
    const struct op *const more[] = {&op};
    const struct op_table with[] = {tables[0], tables[1], {.kind = 4, .ops = more, .count = 1}};
    char message[256] = "";
    struct registry *registry = NULL;
    assert_int_equal(registry_create(with, 3, message, sizeof message, &registry),
                     ERR_INVALID_ARGUMENT);
    assert_null(registry);
    assert_string_equal(message, expected);
}

static void assert_complaint_free(struct op op)
{
    const struct op *const more[] = {&op};
    const struct op_table with[] = {tables[0], tables[1], {.kind = 4, .ops = more, .count = 1}};
    char message[256] = "";
    struct registry *registry = NULL;
    if (registry_create(with, 3, message, sizeof message, &registry) != 0) {
        fail_msg("%s", message);
    }
    registry_destroy(registry);
}

static struct op other(void)
{
    struct op op = show_op;
    op.command.name = "chat.other";
    op.command.code = 3;
    op.rest = (struct op_rest){0};
    op.command.args = &leaf_type;
    return op;
}

static void wrong_declarations_are_named(void **state)
{
    (void)state;
    static const int unknown_errors[] = {-1000, 0};
    struct op op = other();
    op.command.name = "ping";
    assert_complaint(op, "ping: is declared twice");
    op = other();
    op.command.code = 1;
    assert_complaint(op, "chat.other: has the same code as chat.send");
    op = other();
    op.command.name = "Chat send";
    assert_complaint(op, "Chat send: is not a name like \"chat.send\"");
    op = other();
    op.command.name = NULL;
    assert_complaint(op, "an op without a name: is not a name like \"chat.send\"");
    op = other();
    op.doc = NULL;
    assert_complaint(op, "chat.other: has no doc");
    op = other();
    op.errors = unknown_errors;
    assert_complaint(op, "chat.other: has an error that is not in the table");
    op = other();
    op.keyed = true;
    assert_complaint(op, "chat.other: takes a key but writes nothing");
    op = other();
    op.command.args = NULL;
    assert_complaint(op, "chat.other: args is missing; use empty_type");
    op = other();
    op.command.result = &bare_args_type;
    assert_complaint(op, "chat.other: result.msg has no example");
}

static struct op_rest rest(const char *method, const char *path, int status)
{
    return (struct op_rest){.method = method, .path = path, .status = status};
}

static void wrong_routes_are_named(void **state)
{
    (void)state;
    struct op op = other();
    op.rest = rest("FETCH", "/x", 200);
    assert_complaint(op, "chat.other: FETCH is no method");
    op.rest = rest("GET", "x", 200);
    assert_complaint(op, "chat.other: has no REST path that starts with /");
    op.rest = rest("GET", "/x", 404);
    assert_complaint(op, "chat.other: has no REST status of success");
    op.rest = rest("POST", "/x/{open", 200);
    assert_complaint(op, "chat.other: /x/{open has a {param} that is no PATH field");
    op.rest = rest("POST", "/x/{after}", 200); /* a field, but not a PATH one */
    assert_complaint(op, "chat.other: /x/{after} has a {param} that is no PATH field");
    op.rest = rest("POST", "/chat/messages", 200);
    assert_complaint(op, "chat.other: has the same REST route as chat.send");
    op.command.args = &show_args_type;
    op.rest = rest("GET", "/x", 200);
    assert_complaint(op, "chat.other: /x lacks a PATH field of args");
}

static void a_field_of_the_body_needs_a_method_with_one(void **state)
{
    (void)state;
    static const struct {
        const char *method;
        bool refused;
    } cases[] = {
        {"GET", true}, {"DELETE", true}, {"POST", false}, {"PUT", false}, {"PATCH", false}};
    struct op op = other();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        op.rest = rest(cases[i].method, "/x", 200);
        if (cases[i].refused) {
            assert_complaint(op,
                             "chat.other: args.after is a BODY field, but its method has no body");
        } else {
            assert_complaint_free(op);
        }
    }
}

static void a_paged_list_has_the_fields_for_it(void **state)
{
    (void)state;
    struct op op = other();
    op.rest = rest("POST", "/x", 200);
    op.rest.paging = OP_PAGING_CURSOR;
    assert_complaint(op, "chat.other: is paged without the fields of wire/paging.h");
    op.command.args = &paged_args_type;
    assert_complaint(op, "chat.other: is paged without the fields of wire/paging.h");
    op.command.result = &paged_result_type;
    assert_complaint_free(op);
    op.rest.paging = OP_PAGING_BOTH;
    assert_complaint_free(op);
}

static void only_a_patch_is_told_null_from_absent(void **state)
{
    (void)state;
    struct op op = other();
    op.command.args = &patched_type;
    op.rest = rest("PATCH", "/x", 200);
    assert_complaint_free(op);
    op.rest = rest("POST", "/x", 200);
    assert_complaint(op, "chat.other: has a NULLABLE field, and is no PATCH of its args");
    op.rest = (struct op_rest){0};
    assert_complaint(op, "chat.other: has a NULLABLE field, and is no PATCH of its args");
    op.rest = rest("PATCH", "/x", 200);
    op.command.result = &patched_type;
    assert_complaint(op, "chat.other: has a NULLABLE field, and is no PATCH of its args");
}

static void cookies_are_of_declared_fields(void **state)
{
    (void)state;
    struct op op = other();
    op.rest = rest("POST", "/x", 200);
    op.rest.tokens = OP_TOKENS_GIVEN;
    assert_complaint(op, "chat.other: gives tokens that its result has not");
    op.rest.tokens = OP_TOKENS_ENDED;
    assert_complaint_free(op);
    op.rest.cookie_field = "refresh_token";
    assert_complaint(op, "chat.other: refresh_token is no text of args");
    op.rest.cookie_field = "after"; /* a number */
    assert_complaint(op, "chat.other: after is no text of args");
    op.rest.cookie_field = "note";
    assert_complaint_free(op);
}

static void assert_contains(const struct buffer *text, const char *part)
{
    if (memmem(text->data, text->len, part, strlen(part)) == NULL) {
        fail_msg("\"%s\" is not in:\n%.*s", part, (int)text->len, (const char *)text->data);
    }
}

static void the_description_tells_all(void **state)
{
    (void)state;
    static const struct push_type message = {.topic = "couple",
                                             .type = "chat.message",
                                             .doc = "A message was said.",
                                             .data = &leaf_type};
    static const struct push_type typing = {
        .topic = "typing", .doc = "Somebody types.", .data = &empty_type};
    static const struct push_type *const pushes[] = {&message, &typing};
    static const struct push_table push_tables[] = {{.pushes = pushes, .count = 2}};
    static const char *const parts[] = {
        "### chat.send\n\nSays something.\n",
        "- needs: a signed-in session of a couple\n- writes, takes `meta.key`",
        "- REST: `POST /api/v1/chat/messages` → 201",
        "| `small` | integer | yes | -10–10 | a small number | `-3` |",
        "| `mood` | text |  | `calm`, `glad`, `in_love` | a mood | `\"glad\"` |",
        "| `branch.leaf.after` | integer | yes | ≥ 0 | a number | `16` |",
        "| `list[].leaf.note` | text |  | 0–8 characters | a short text | `\"hi\"` |",
        "| `NOT_PAIRED` | 409 | You are not part of a couple. |",
        "| `bar` | text |  | 0–9 characters | this \\| or that | `\"a\\|b\"` |",
        "[[0, 1, \"chat.show\", {\"msg\": 17, \"bar\": \"a|b\"}]]\n[[1, 1, null, {\"after\": 16",
        "{\"key\": \"k-1\"}]]",
        "- costly",
        "Args: none (`{}`).",
        "### couple · chat.message\n\nA message was said.",
        "[[2, \"couple\", {\"epoch\": ",
        "### typing\n\nSomebody types.",
        "[[2, \"typing\", {}]]",
        "| `SLOW_READER` | 503 | 4003 | ",
    };
    struct registry *registry = create();
    struct buffer text = {0};
    describe_markdown(registry, push_tables, 1, &text);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        assert_contains(&text, parts[i]);
    }
    buffer_fini(&text);
    registry_destroy(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ops_are_found_by_name),
        cmocka_unit_test(ops_are_walked_in_the_order_of_names),
        cmocka_unit_test(many_ops_are_all_found),
        cmocka_unit_test(wrong_declarations_are_named),
        cmocka_unit_test(wrong_routes_are_named),
        cmocka_unit_test(a_field_of_the_body_needs_a_method_with_one),
        cmocka_unit_test(a_paged_list_has_the_fields_for_it),
        cmocka_unit_test(only_a_patch_is_told_null_from_absent),
        cmocka_unit_test(cookies_are_of_declared_fields),
        cmocka_unit_test(the_description_tells_all),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
