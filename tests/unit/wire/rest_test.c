#include "tests/unit/wire/test.h"

#include <jansson.h>
#include <stdlib.h>

#include "wire/rest_args.h"
#include "wire/rest_envelope.h"
#include "wire/rest_route.h"

#define SHOW_ARGS(F, R)                                                                            \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, PATH, "which message", "17")                      \
    F(R, TEXT, q, OPTIONAL, 0, 9, NULL, QUERY, "a word", "\"a\"")                                  \
    F(R, BOOL, all, OPTIONAL, 0, 0, NULL, QUERY, "or all", "true")                                 \
    F(R, FLOAT, near, OPTIONAL, 0, 0, NULL, QUERY, "or near", "1.5")
RECORD_DECLARE(show_args, SHOW_ARGS)
RECORD_DEFINE(show_args, SHOW_ARGS, "Which.")

#define EDIT_ARGS(F, R)                                                                            \
    F(R, INT, msg, REQUIRED, 1, INT_BOUND, NULL, PATH, "which message", "17")                      \
    F(R, TEXT, text, REQUIRED, 1, 9, NULL, BODY, "what it says now", "\"a\"")
RECORD_DECLARE(edit_args, EDIT_ARGS)
RECORD_DEFINE(edit_args, EDIT_ARGS, "What.")

static const struct op show_op = {
    .command = {.code = 1, .name = "chat.show", .args = &show_args_type, .result = &empty_type},
    .doc = "Shows a message.",
    .rest = {.method = "GET", .path = "/chat/messages/{msg}", .status = 200}};
static const struct op edit_op = {
    .command = {.code = 2, .name = "chat.edit", .args = &edit_args_type, .result = &empty_type},
    .doc = "Changes a message.",
    .rest = {.method = "PATCH", .path = "/chat/messages/{msg}", .status = 200}};
static const struct op first_op = {
    .command = {.code = 3, .name = "chat.first", .args = &empty_type, .result = &empty_type},
    .doc = "Shows the first.",
    .rest = {.method = "GET", .path = "/chat/messages/first", .status = 200}};
static const struct op ping_op = {
    .command = {.code = 4, .name = "ping", .args = &empty_type, .result = &empty_type},
    .doc = "Is not on REST."};
static const struct op *const ops[] = {&show_op, &edit_op, &first_op, &ping_op};
static const struct op_table table = {.kind = 4, .ops = ops, .count = COUNT_OF(ops)};

struct fixture {
    struct registry *registry;
    struct rest_routes *routes;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    char message[256] = "";
    if (registry_create(&table, 1, message, sizeof message, &fixture.registry) != 0 ||
        rest_routes_create(fixture.registry, message, sizeof message, &fixture.routes) != 0) {
        fail_msg("%s", message);
    }
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    rest_routes_destroy(fixture->routes);
    registry_destroy(fixture->registry);
    return 0;
}

static void expect_route(void **state, const char *path, const char *expected)
{
    const struct fixture *fixture = *state;
    struct rest_match match = rest_routes_find(fixture->routes, text_of(path));
    const char *found = match.route == NULL ? NULL : match.route->path;
    if ((found == NULL) != (expected == NULL) || (found != NULL && strcmp(found, expected) != 0)) {
        fail_msg("%s led to %s", path, found == NULL ? "nothing" : found);
    }
}

static void a_path_leads_to_its_route_and_no_other_spelling_does(void **state)
{
    expect_route(state, "/chat/messages/17", "/chat/messages/{msg}");
    expect_route(state, "/chat/messages/first", "/chat/messages/first");
    static const char *const strange[] = {"",
                                          "/",
                                          "chat/messages/17",
                                          "/chat",
                                          "/chat/messages",
                                          "/chat/messages/",
                                          "/chat//messages/17",
                                          "/chat/messages/17/",
                                          "/chat/./messages/17",
                                          "/chat/messages/1/2",
                                          "/%63hat/messages/17",
                                          "/CHAT/messages/17",
                                          "/chat%2Fmessages/17",
                                          "/x/../chat/messages/17"};
    for (size_t i = 0; i < COUNT_OF(strange); i++) {
        expect_route(state, strange[i], NULL);
    }
}

static void methods_are_found_and_allow_names_them(void **state)
{
    const struct fixture *fixture = *state;
    struct rest_match match = rest_routes_find(fixture->routes, text_of("/chat/messages/17"));
    assert_ptr_equal(rest_route_op(match.route, text_of("GET"))->op, &show_op);
    assert_ptr_equal(rest_route_op(match.route, text_of("HEAD"))->op, &show_op);
    assert_ptr_equal(rest_route_op(match.route, text_of("PATCH"))->op, &edit_op);
    assert_null(rest_route_op(match.route, text_of("POST")));
    assert_null(rest_route_op(match.route, text_of("get")));
    assert_non_null(strstr(match.route->allow, "GET, HEAD"));
    assert_non_null(strstr(match.route->allow, "PATCH"));
    assert_non_null(strstr(match.route->allow, "OPTIONS"));
    assert_int_equal(rest_routes_count(fixture->routes), 2);
}

/** What the decoder is given, as text; or the field that was refused. */
static void expect_args(void **state, const char *method, const char *path, const char *query,
                        const char *body, const char *expected)
{
    const struct fixture *fixture = *state;
    struct rest_match match = rest_routes_find(fixture->routes, text_of(path));
    struct rest_request request = {.route_op = rest_route_op(match.route, text_of(method)),
                                   .match = &match,
                                   .query = text_of(query),
                                   .body = text_of(body)};
    struct field_fault fault = {0};
    json_t *args = NULL;
    int error = rest_args_read(&request, &args, &fault);
    char *text = error == 0 ? json_dumps(args, JSON_SORT_KEYS | JSON_COMPACT) : NULL;
    const char *got = error == 0 ? text : fault.field;
    if (strcmp(got, expected) != 0) {
        fail_msg("%s %s?%s %s: %s, expected %s", method, path, query, body, got, expected);
    }
    free(text);
    json_decref(args);
}

static void each_field_comes_from_its_place(void **state)
{
    const char *path = "/chat/messages/17";
    expect_args(state, "GET", path, "", "", "{\"msg\":17}");
    expect_args(state, "GET", path, "q=a%20b+c&x=1&all=true&near=1.5", "",
                "{\"all\":true,\"msg\":17,\"near\":1.5,\"q\":\"a b c\"}");
    expect_args(state, "GET", path, "msg=18", "", "{\"msg\":17}"); /* not in the query */
    expect_args(state, "GET", path, "", "{\"q\":\"a\"}", "{\"msg\":17}");
    expect_args(state, "PATCH", path, "text=no", "{\"text\":\"a\",\"msg\":18,\"more\":[1]}",
                "{\"more\":[1],\"msg\":17,\"text\":\"a\"}");
    expect_args(state, "GET", "/chat/messages/-5", "", "", "{\"msg\":-5}");
    expect_args(state, "GET", "/chat/messages/%31%37", "", "", "{\"msg\":17}");
}

static void what_is_not_of_its_kind_is_refused_by_name(void **state)
{
    static const struct {
        const char *path, *query, *field;
    } cases[] = {
        {"/chat/messages/x", "", "msg"},
        {"/chat/messages/1x", "", "msg"},
        {"/chat/messages/+1", "", "msg"},
        {"/chat/messages/0x1", "", "msg"},
        {"/chat/messages/1%00", "", "msg"},
        {"/chat/messages/%201", "", "msg"},
        {"/chat/messages/99999999999999999999", "", "msg"},
        {"/chat/messages/%zz", "", "msg"},
        {"/chat/messages/1", "all=yes", "all"},
        {"/chat/messages/1", "all", "all"},
        {"/chat/messages/1", "near=1.5.5", "near"},
        {"/chat/messages/1", "near=nan", "near"},
        {"/chat/messages/1", "near=0x1p3", "near"},
        {"/chat/messages/1", "q=%ff", "q"},
        {"/chat/messages/1", "q=%c0%80", "q"},
        {"/chat/messages/1", "q=%", "q"},
        {"/chat/messages/1", "q=a&q=a", "q"},
        {"/chat/messages/1", "q=a&%71=a", "q"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        expect_args(state, "GET", cases[i].path, cases[i].query, "", cases[i].field);
    }
}

static void a_body_is_one_object_and_nothing_else(void **state)
{
    static const char *const others[] = {"[]", "1", "\"a\"", "null"};
    static const char *const bodies[] = {"{", "{}{}", "{\"a\":1,\"a\":2}", "{\"text\":\"\xff\"}",
                                         "\xef\xbb\xbf{}"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        expect_args(state, "PATCH", "/chat/messages/1", "", others[i], "body");
    }
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        expect_args(state, "PATCH", "/chat/messages/1", "", bodies[i], ""); /* not JSON */
    }
    expect_args(state, "PATCH", "/chat/messages/1", "", "", "{\"msg\":1}");
}

static void answers_have_one_envelope(void **state)
{
    static const uint8_t map[] = {0x81, 0xa1, 'a', 0x01};
    struct buffer out = {0};
    (void)state;
    assert_int_equal(rest_append_ok(&out, bytes_of(map, sizeof map)), 0);
    buffer_append(&out, "\n", 1);
    assert_int_equal(rest_append_ok(&out, (struct bytes){0}), 0);
    assert_true(bytes_equal(buffer_bytes(&out), text_of("{\"status\":\"ok\",\"data\":{\"a\":1}}\n"
                                                        "{\"status\":\"ok\",\"data\":null}")));
    buffer_clear(&out);
    assert_int_equal(rest_append_ok(&out, bytes_of(map, 2)), ERR_MALFORMED);
    assert_int_equal(out.len, 0);
    struct field_fault fault = {.field = "text", .reason = "is \"long\""};
    rest_append_error(&out, &(struct rpc_error){.code = ERR_CODE_OWN,
                                                .fault = &fault,
                                                .retry_ms = 7,
                                                .lang = LANGUAGE_KO,
                                                .trace = text_of("t-1")});
    assert_true(bytes_equal(
        buffer_bytes(&out),
        text_of(
            "{\"status\":\"error\",\"error\":{\"code\":\"CODE_OWN\",\"message\":"
            "\"본인의 초대 코드입니다. 상대방이 입력해야 합니다.\",\"details\":{\"field\":\"text\","
            "\"reason\":\"is \\\"long\\\"\"},\"retry_ms\":7,\"trace_id\":\"t-1\"}}")));
    buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_path_leads_to_its_route_and_no_other_spelling_does,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(methods_are_found_and_allow_names_them, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_field_comes_from_its_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_of_its_kind_is_refused_by_name, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_body_is_one_object_and_nothing_else, set_up, tear_down),
        cmocka_unit_test(answers_have_one_envelope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
