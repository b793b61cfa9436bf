#include "tests/unit/actors/test.h"

#include "actors/couple_records.h"
#include "actors/identity_records.h"
#include "actors/invite_records.h"
#include "actors/kinds.h"
#include "actors/registry.h"
#include "base/error.h"
#include "wire/codec.h"
#include "wire/registry.h"

static struct registry *registry;

static int set_up(void **state)
{
    (void)state;
    struct op_table tables[16];
    char message[256] = "";
    assert_true(actor_kind_count <= 16);
    for (size_t i = 0; i < actor_kind_count; i++) {
        tables[i] = (struct op_table){.kind = actor_kinds[i]->code,
                                      .ops = actor_kinds[i]->ops,
                                      .count = actor_kinds[i]->op_count};
    }
    if (registry_create(tables, actor_kind_count, message, sizeof message, &registry) != 0) {
        fail_msg("%s", message);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    registry_destroy(registry);
    return 0;
}

static const struct op *op_named(const char *name)
{
    const struct op *op = registry_find(registry, text_of(name));
    if (op == NULL) {
        fail_msg("no op %s", name);
    }
    return op;
}

static void is_sound(const struct record_type *type)
{
    struct field_fault fault = {0};
    if (record_check(type, &fault) != 0) {
        fail_msg("%s.%s %s", type->name, fault.field, fault.reason);
    }
}

static void kinds_have_their_stable_codes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        uint8_t code;
    } expected[] = {{"user", 1}, {"couple", 2}, {"identity", 3}, {"invite", 4}};
    assert_int_equal(actor_kind_count, 4);
    for (size_t i = 0; i < actor_kind_count; i++) {
        assert_string_equal(actor_kinds[i]->name, expected[i].name);
        assert_int_equal(actor_kinds[i]->code, expected[i].code);
        assert_non_null(actor_kinds[i]->apply);
        assert_non_null(actor_kinds[i]->outcome);
    }
}

/** A name once given stays; there may be more of them. */
static void every_op_that_was_promised_is_there(void **state)
{
    (void)state;
    static const char *const names[] = {
        "auth.login",   "auth.me",           "auth.refresh",      "auth.signout",
        "auth.signup",  "chat.history",      "chat.read",         "chat.send",
        "chat.typing",  "couple.info",       "couple.invite",     "couple.leave",
        "couple.match", "notification.list", "notification.read", "notification.unread",
        "user.profile", "user.update"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_string_equal(op_named(names[i])->command.name, names[i]);
    }
    for (size_t i = 0; i < registry_count(registry); i++) {
        assert_non_null(registry_at(registry, i)->route);
    }
}

/** The paths of REST are a promise, as the names are. */
static void every_op_keeps_its_path(void **state)
{
    (void)state;
    static const struct {
        const char *name, *method, *path;
        int status;
    } routes[] = {
        {"auth.signup", "POST", "/auth/signup", 201},
        {"auth.login", "POST", "/auth/login", 200},
        {"auth.refresh", "POST", "/auth/refresh", 200},
        {"auth.signout", "POST", "/auth/signout", 200},
        {"auth.me", "GET", "/auth/me", 200},
        {"user.profile", "GET", "/user/profile", 200},
        {"user.update", "PATCH", "/user/profile", 200},
        {"notification.list", "GET", "/notifications", 200},
        {"notification.unread", "GET", "/notifications/unread", 200},
        {"notification.read", "POST", "/notifications/read", 200},
        {"couple.invite", "POST", "/couple/invite", 200},
        {"couple.match", "POST", "/couple/match", 201},
        {"couple.info", "GET", "/couple/info", 200},
        {"couple.leave", "DELETE", "/couple", 200},
        {"chat.history", "GET", "/chat/messages", 200},
        {"chat.send", "POST", "/chat/messages", 201},
        {"chat.read", "POST", "/chat/read", 200},
        {"chat.typing", "POST", "/chat/typing", 200},
    };
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        const struct op_rest *rest = &op_named(routes[i].name)->rest;
        assert_string_equal(rest->method, routes[i].method);
        assert_string_equal(rest->path, routes[i].path);
        assert_int_equal(rest->status, routes[i].status);
    }
}

/** A browser is signed in by every answer with tokens, and out by auth.signout. */
static void answers_with_tokens_set_cookies(void **state)
{
    (void)state;
    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct op *op = registry_at(registry, i);
        bool gives = op->command.result == &auth_tokens_type;
        bool ends = strcmp(op->command.name, "auth.signout") == 0;
        assert_int_equal(op->rest.tokens, gives  ? OP_TOKENS_GIVEN
                                          : ends ? OP_TOKENS_ENDED
                                                 : OP_TOKENS_NONE);
    }
    assert_string_equal(op_named("auth.refresh")->rest.cookie_field, "refresh_token");
}

static void costly_ops_are_those_that_can_be_guessed_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct op *op = registry_at(registry, i);
        bool costly = (op->writes && strncmp(op->command.name, "auth.", 5) == 0) ||
                      strcmp(op->command.name, "couple.match") == 0;
        assert_int_equal(op->rate, costly ? OP_RATE_COSTLY : OP_RATE_NORMAL);
    }
}

static void answers_with_tokens_are_never_stored(void **state)
{
    (void)state;
    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct op *op = registry_at(registry, i);
        assert_false(op->keyed && op->command.result == &auth_tokens_type);
    }
}

/** No event, row, root or command between actors names a field that would hold a secret. */
static void holds_no_secret(const struct record_type *type)
{
    static const char *const secrets[] = {"password", "access_token", "refresh_token", "secret"};
    for (uint32_t i = 0; i < type->count; i++) {
        for (size_t j = 0; j < sizeof secrets / sizeof secrets[0]; j++) {
            if (strcmp(type->fields[i].name, secrets[j]) == 0) {
                fail_msg("%s holds %s", type->name, secrets[j]);
            }
        }
    }
}

static void the_log_holds_no_secrets(void **state)
{
    (void)state;
    for (size_t i = 0; i < actor_kind_count; i++) {
        const struct kind *kind = actor_kinds[i];
        holds_no_secret(kind->root);
        for (uint32_t j = 0; j < kind->event_count; j++) {
            holds_no_secret(kind->events[j]->body);
        }
        for (uint32_t j = 0; j < kind->command_count; j++) {
            holds_no_secret(kind->commands[j].args);
        }
    }
}

static void events_have_tags_of_their_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < actor_kind_count; i++) {
        const struct kind *kind = actor_kinds[i];
        assert_true(kind->event_count > 0);
        for (uint32_t j = 0; j < kind->event_count; j++) {
            /* Dispatch is by tag into a table without gaps. */
            assert_int_equal(kind->events[j]->tag, j + 1);
            assert_int_equal(kind->events[j]->version, 1);
            is_sound(kind->events[j]->body);
        }
    }
}

/** Events, rows and commands between actors stand in arrays, which do not tell null from absent. */
static void knows_no_null(const struct record_type *type)
{
    for (uint32_t i = 0; i < type->count; i++) {
        assert_int_not_equal(type->fields[i].required, FIELD_NULLABLE);
    }
}

static void the_log_knows_no_null(void **state)
{
    (void)state;
    for (size_t i = 0; i < actor_kind_count; i++) {
        for (uint32_t j = 0; j < actor_kinds[i]->event_count; j++) {
            knows_no_null(actor_kinds[i]->events[j]->body);
        }
        for (uint32_t j = 0; j < actor_kinds[i]->command_count; j++) {
            knows_no_null(actor_kinds[i]->commands[j].args);
        }
    }
}

static void commands_have_codes_of_their_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < actor_kind_count; i++) {
        const struct kind *kind = actor_kinds[i];
        bool seen[256] = {false};
        for (uint32_t j = 0; j < kind->command_count + kind->op_count; j++) {
            const struct command_type *command = j < kind->command_count
                                                     ? &kind->commands[j]
                                                     : &kind->ops[j - kind->command_count]->command;
            assert_in_range(command->code, 1, 255);
            assert_false(seen[command->code]);
            seen[command->code] = true;
            assert_non_null(command->handle);
            is_sound(command->args);
            is_sound(command->result);
        }
    }
}

static void the_edge_finds_session_attach(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < user_kind.command_count; i++) {
        if (user_kind.commands[i].code == SESSION_ATTACH_CODE) {
            assert_ptr_equal(user_kind.commands[i].args, &session_attach_args_type);
            assert_ptr_equal(user_kind.commands[i].result, &session_attach_result_type);
            return;
        }
    }
    fail_msg("no session_attach");
}

static bool is_fixed(enum field_kind kind)
{
    return kind != FIELD_TEXT && kind != FIELD_BYTES && kind != FIELD_LIST && kind != FIELD_RECORD;
}

/** A root that no event has touched is all zero, and has to survive a flush. */
static void roots_are_fixed_and_survive_from_birth(void **state)
{
    (void)state;
    for (size_t i = 0; i < actor_kind_count; i++) {
        const struct record_type *root = actor_kinds[i]->root;
        struct arena arena = {0};
        struct buffer once = {0}, twice = {0};
        struct field_fault fault;
        is_sound(root);
        for (uint32_t j = 0; j < root->count; j++) {
            assert_true(is_fixed(root->fields[j].kind));
            assert_int_equal(root->fields[j].required, FIELD_REQUIRED);
        }
        void *born = arena_alloc(&arena, root->size);
        void *loaded = arena_alloc(&arena, root->size);
        record_encode(root, RECORD_AS_ARRAY, born, &once);
        assert_int_equal(
            record_decode(root, RECORD_AS_ARRAY, buffer_bytes(&once), &arena, loaded, &fault), 0);
        record_encode(root, RECORD_AS_ARRAY, loaded, &twice);
        assert_true(bytes_equal(buffer_bytes(&once), buffer_bytes(&twice)));
        buffer_fini(&once);
        buffer_fini(&twice);
        arena_fini(&arena);
    }
}

static void rows_are_sound(void **state)
{
    (void)state;
    is_sound(&user_profile_row_type);
    is_sound(&user_wanted_row_type);
    is_sound(&user_session_row_type);
    is_sound(&user_entry_row_type);
    is_sound(&identity_account_row_type);
    is_sound(&couple_message_row_type);
    is_sound(&couple_entry_row_type);
}

static void pushes_are_sound_and_distinct(void **state)
{
    (void)state;
    const struct push_type *pushes[64];
    size_t count = 0;
    for (size_t i = 0; i < actor_kind_count; i++) {
        for (size_t j = 0; j < actor_kinds[i]->push_count; j++) {
            assert_true(count < sizeof pushes / sizeof pushes[0]);
            pushes[count++] = actor_kinds[i]->pushes[j];
        }
    }
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        const struct push_type *push = pushes[i];
        is_sound(push->data);
        assert_non_null(push->doc);
        bool durable = strcmp(push->topic, "couple") == 0 || strcmp(push->topic, "user") == 0;
        assert_int_equal(push->type != NULL, durable);
        for (size_t j = 0; j < i; j++) {
            assert_true(strcmp(push->topic, pushes[j]->topic) != 0 ||
                        (durable && strcmp(push->type, pushes[j]->type) != 0));
        }
    }
}

/* --- routes --- */

static const struct principal minji = {.user = {{1}}, .sid = {{2}}, .signed_in = true};

static void own_ops_go_to_the_caller(void **state)
{
    (void)state;
    static const char *const names[] = {"auth.signout", "auth.me",      "couple.invite",
                                        "couple.leave", "couple.match", "user.profile",
                                        "user.update"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct address to = {0};
        assert_int_equal(op_named(names[i])->route(&minji, NULL, &to), 0);
        assert_true(address_equal(to, user_address(minji.user)));
        assert_int_equal(op_named(names[i])->route(&(struct principal){0}, NULL, &to),
                         ERR_UNAUTHENTICATED);
    }
}

static void couple_ops_go_to_the_couple(void **state)
{
    (void)state;
    static const char *const names[] = {"couple.info", "chat.send", "chat.read", "chat.history",
                                        "chat.typing"};
    struct principal paired = minji;
    paired.couple = (struct id){{7}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct op *op = op_named(names[i]);
        struct address to = {0};
        assert_int_equal(op->needs, OP_NEEDS_PAIRED);
        assert_int_equal(op->route(&minji, NULL, &to), ERR_NOT_PAIRED);
        assert_int_equal(op->route(&paired, NULL, &to), 0);
        assert_true(address_equal(to, couple_address(paired.couple)));
    }
}

static void sign_up_and_login_meet_at_one_identity(void **state)
{
    (void)state;
    struct address up = {0}, in = {0}, other = {0};
    struct principal nobody = {0};
    assert_int_equal(op_named("auth.signup")
                         ->route(&nobody,
                                 &(struct auth_signup_args){.email = text_of(" Minji@Example.com")},
                                 &up),
                     0);
    assert_int_equal(op_named("auth.login")
                         ->route(&nobody,
                                 &(struct auth_login_args){.email = text_of("minji@EXAMPLE.com ")},
                                 &in),
                     0);
    assert_int_equal(op_named("auth.login")
                         ->route(&nobody,
                                 &(struct auth_login_args){.email = text_of("minj@example.com")},
                                 &other),
                     0);
    assert_int_equal(up.kind, ACTOR_IDENTITY);
    assert_true(address_equal(up, in));
    assert_false(address_equal(up, other));
    /* What is no name has an address too: the handler there says which field is wrong. */
    assert_int_equal(
        op_named("auth.login")
            ->route(&nobody, &(struct auth_login_args){.email = text_of("   ")}, &other),
        0);
    assert_int_equal(other.kind, ACTOR_IDENTITY);
}

static void a_refresh_token_leads_to_its_user(void **state)
{
    (void)state;
    struct refresh_token token = {.user = {{9}}, .sid = {{8}}, .secret = {7}};
    char text[REFRESH_TOKEN_CHARS + 1];
    struct address to = {0};
    struct principal nobody = {0};
    refresh_token_make(&token, text);
    assert_int_equal(
        op_named("auth.refresh")
            ->route(&nobody, &(struct auth_refresh_args){.refresh_token = text_of(text)}, &to),
        0);
    assert_true(address_equal(to, user_address(token.user)));
    assert_int_equal(
        op_named("auth.refresh")
            ->route(&nobody, &(struct auth_refresh_args){.refresh_token = text_of("AAAA")}, &to),
        ERR_TOKEN_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_have_their_stable_codes),
        cmocka_unit_test(every_op_that_was_promised_is_there),
        cmocka_unit_test(every_op_keeps_its_path),
        cmocka_unit_test(answers_with_tokens_set_cookies),
        cmocka_unit_test(costly_ops_are_those_that_can_be_guessed_at),
        cmocka_unit_test(answers_with_tokens_are_never_stored),
        cmocka_unit_test(the_log_holds_no_secrets),
        cmocka_unit_test(events_have_tags_of_their_own),
        cmocka_unit_test(the_log_knows_no_null),
        cmocka_unit_test(commands_have_codes_of_their_own),
        cmocka_unit_test(the_edge_finds_session_attach),
        cmocka_unit_test(roots_are_fixed_and_survive_from_birth),
        cmocka_unit_test(rows_are_sound),
        cmocka_unit_test(pushes_are_sound_and_distinct),
        cmocka_unit_test(own_ops_go_to_the_caller),
        cmocka_unit_test(couple_ops_go_to_the_couple),
        cmocka_unit_test(sign_up_and_login_meet_at_one_identity),
        cmocka_unit_test(a_refresh_token_leads_to_its_user),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
