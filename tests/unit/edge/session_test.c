/*
 * The session protocol against a shard and a transport made of notes: what was asked of the one,
 * what was sent over the other. Answers are given by the test, in any order.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <sodium.h>

#include "edge/session.h"
#include "edge/session_ops.h"
#include "runtime/shard.h"
#include "wire/frame.h"
#include "wire/session_records.h"

#define NOW 1767225600000

/* --- the shard ------------------------------------------------------------------------------- */

struct shard {
    struct shard_edge edge;
    struct session_ref session; /* of the last call */
    char calls[1024];           /* "attach user;submit;read couple 5;" */
    uint32_t request;           /* of the last command */
};

static const struct command_type attach_command = {.code = SESSION_ATTACH_CODE,
                                                   .name = "session_attach",
                                                   .args = &session_attach_args_type,
                                                   .result = &session_attach_result_type};
static const struct kind user_kind = {.code = 1,
                                      .name = "user",
                                      .commands = &attach_command,
                                      .command_count = 1,
                                      .stream = {.topic = "user"}};
static const struct kind couple_kind = {.code = 2, .name = "couple", .stream = {.topic = "couple"}};
static const struct kind *const kinds[] = {&user_kind, &couple_kind};

static void note(struct shard *shard, const char *what, uint8_t kind, int64_t number)
{
    size_t len = strlen(shard->calls);
    const char *name = kind == 0 ? "" : kind == 1 ? " user" : " couple";
    int written = number < 0
                      ? snprintf(shard->calls + len, sizeof shard->calls - len, "%s%s;", what, name)
                      : snprintf(shard->calls + len, sizeof shard->calls - len, "%s%s %lld;", what,
                                 name, (long long)number);
    assert_true(written > 0);
}

void shard_set_edge(struct shard *shard, const struct shard_edge *edge)
{
    shard->edge = *edge;
}

void shard_submit(struct shard *shard, struct command *command)
{
    shard->session = command->caller.session;
    shard->request = command->caller.request;
    note(shard, "submit", 0, -1);
    message_destroy(&command->message);
}

void shard_attach(struct shard *shard, struct session_ref session, struct address address,
                  const struct principal *who, bool live)
{
    (void)who;
    assert_false(live);
    shard->session = session;
    note(shard, "attach", address.kind, -1);
}

void shard_detach(struct shard *shard, struct session_ref session, struct address address)
{
    (void)session;
    note(shard, "detach", address.kind, -1);
}

void shard_read_stream(struct shard *shard, struct session_ref session, struct address address,
                       int64_t after, uint32_t entries_max, uint32_t bytes_max)
{
    (void)session;
    (void)entries_max;
    (void)bytes_max;
    note(shard, "read", address.kind, after);
}

/* --- the stage
 * ------------------------------------------------------------------------------------ */

struct stage {
    struct shard shard;
    struct registry *registry;
    struct session_table *table;
    struct session *session;
    struct token_key key;
    struct id user, sid, device, couple, epoch;
    int64_t now_ms;
    size_t pending;
    char sent[4096]; /* "hello;1;typing;" ids of responses, "!CODE" after those with an error */
    int close_code;
    char close_reason[64];
};

static int64_t stage_now(void *self)
{
    return ((struct stage *)self)->now_ms;
}

static void stage_send(void *self, struct bytes head, struct bytes rest)
{
    struct stage *stage = self;
    struct frame_reader reader;
    struct rpc_incoming in;
    uint8_t message[4096];
    assert_true(head.len + rest.len <= sizeof message);
    memcpy(message, head.data, head.len);
    if (rest.len != 0) {
        memcpy(message + head.len, rest.data, rest.len);
    }
    frame_reader_init(&reader, bytes_of(message, head.len + rest.len));
    assert_int_equal(frame_reader_next_incoming(&reader, &in), 0);
    size_t len = strlen(stage->sent);
    if (in.type == RPC_PUSH) {
        struct cursor body = cursor_of(in.body);
        int64_t number = cursor_peek(&body) == CURSOR_INT ? cursor_int(&body) : -1;
        snprintf(stage->sent + len, sizeof stage->sent - len, number < 0 ? "%.*s;" : "%.*s=%lld;",
                 (int)in.topic.len, (const char *)in.topic.data, (long long)number);
    } else {
        snprintf(stage->sent + len, sizeof stage->sent - len, "%u%s%s;", in.id,
                 in.error == 0 ? "" : "!", in.error == 0 ? "" : error_name(in.error));
    }
}

static size_t stage_pending(void *self)
{
    return ((struct stage *)self)->pending;
}

static void stage_close(void *self, int code, const char *reason)
{
    struct stage *stage = self;
    stage->close_code = code;
    snprintf(stage->close_reason, sizeof stage->close_reason, "%s", reason);
}

static void connect_stage(struct stage *stage)
{
    const struct transport transport = {
        .self = stage, .send = stage_send, .pending = stage_pending, .close = stage_close};
    stage->session =
        session_connect(stage->table, SUBPROTOCOL_MSGPACK, text_of("remote"), &transport);
    assert_string_equal(stage->sent, "hello;");
    stage->sent[0] = '\0';
}

static int set_up(void **state)
{
    struct stage *stage = memory_alloc(sizeof *stage);
    uint8_t seed[TOKEN_SEED_BYTES] = {7};
    char message[128];
    token_key_init(&stage->key, seed);
    memset(&stage->user, 1, ID_BYTES);
    memset(&stage->sid, 2, ID_BYTES);
    memset(&stage->device, 3, ID_BYTES);
    memset(&stage->couple, 4, ID_BYTES);
    memset(&stage->epoch, 5, ID_BYTES);
    stage->now_ms = NOW;
    assert_int_equal(
        registry_create(&session_op_table, 1, message, sizeof message, &stage->registry), 0);
    struct session_config config = {.shard = &stage->shard,
                                    .registry = stage->registry,
                                    .kinds = kinds,
                                    .kind_count = 2,
                                    .key = &stage->key,
                                    .version = "test",
                                    .now_ms = stage_now,
                                    .clock = stage};
    session_limits_defaults(&config.limits);
    stage->table = session_table_create(&config);
    connect_stage(stage);
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *stage = *state;
    session_table_destroy(stage->table);
    registry_destroy(stage->registry);
    free(stage);
    return 0;
}

/* --- verbs
 * ---------------------------------------------------------------------------------------- */

static void ask_open(struct stage *stage, uint32_t id, const struct stream_cursor *cursor)
{
    char token[TOKEN_TEXT_MAX];
    struct buffer out = {0};
    const struct token_claims claims = {.user = stage->user,
                                        .sid = stage->sid,
                                        .device = stage->device,
                                        .iat_ms = stage->now_ms,
                                        .nbf_ms = stage->now_ms,
                                        .exp_ms = stage->now_ms + 60000};
    token_sign(&stage->key, &claims, token);
    const struct session_open_args args = {.access_token = text_of(token),
                                           .device = stage->device,
                                           .cursors = {.items = cursor, .count = 1},
                                           .has_cursors = cursor != NULL};
    frame_append_request(&out, id, "session.open", &session_open_args_type, &args,
                         (struct bytes){0});
    session_receive(stage->session, buffer_bytes(&out));
    buffer_fini(&out);
}

static struct address user_address(const struct stage *stage)
{
    return (struct address){.kind = 1, .id = stage->user};
}

static struct address couple_address(const struct stage *stage)
{
    return (struct address){.kind = 2, .id = stage->couple};
}

static void attached(struct stage *stage, struct address from, int error, int64_t head)
{
    struct attached message = {.session = stage->shard.session,
                               .from = from,
                               .error = error,
                               .epoch = stage->epoch,
                               .head = head};
    stage->shard.edge.attached(stage->shard.edge.self, &message);
}

static void user_answers(struct stage *stage, int error, bool paired, int64_t family_ends_ms)
{
    struct session_attach_result result = {
        .couple = stage->couple, .has_couple = paired, .family_expires_at = family_ends_ms};
    struct reply reply = {
        .caller = {.session = stage->shard.session, .request = stage->shard.request},
        .error = error};
    struct buffer packed = {0};
    if (error == 0) {
        record_encode(&session_attach_result_type, RECORD_AS_MAP, &result, &packed);
        reply.result = buffer_bytes(&packed);
    }
    stage->shard.edge.reply(stage->shard.edge.self, &reply);
    buffer_fini(&packed);
}

/** A page whose bodies are numbers. */
static void page(struct stage *stage, struct address from, int64_t first, int64_t last, bool live)
{
    struct page_result result = {
        .session = stage->shard.session, .from = from, .last = last, .live = live};
    for (int64_t seq = first; seq <= last; seq++) {
        struct buffer body = {0};
        pack_int(&body, seq);
        buffer_append_u32(&result.bodies, (uint32_t)body.len);
        buffer_append(&result.bodies, body.data, body.len);
        buffer_fini(&body);
    }
    stage->shard.edge.page(stage->shard.edge.self, &result);
    buffer_fini(&result.bodies);
}

static const struct push_type message_push = {.topic = "couple", .type = "chat.message"};
static const struct push_type typing_push = {.topic = "typing"};

static void push(struct stage *stage, const struct push_type *type, int64_t seq, int64_t body)
{
    struct buffer packed = {0};
    pack_int(&packed, body);
    struct push message = {.from = couple_address(stage),
                           .type = type,
                           .seq = seq,
                           .body = payload_create(buffer_bytes(&packed)),
                           .session_count = 1,
                           .sessions = &stage->shard.session};
    stage->shard.edge.push(stage->shard.edge.self, &message);
    payload_unref(message.body);
    buffer_fini(&packed);
}

static void control(struct stage *stage, struct id couple)
{
    struct control message = {
        .session = stage->shard.session, .what = CONTROL_COUPLE, .couple = couple};
    stage->shard.edge.control(stage->shard.edge.self, &message);
}

static void expect_calls(struct stage *stage, const char *calls)
{
    assert_string_equal(stage->shard.calls, calls);
    stage->shard.calls[0] = '\0';
}

static void expect_sent(struct stage *stage, const char *sent)
{
    assert_string_equal(stage->sent, sent);
    stage->sent[0] = '\0';
}

/** An open session of a paired user, both streams live, couple's head at 9. */
static void open_paired(struct stage *stage)
{
    ask_open(stage, 1, NULL);
    attached(stage, user_address(stage), 0, 0);
    user_answers(stage, 0, true, NOW + 1000000);
    attached(stage, couple_address(stage), 0, 9);
    page(stage, user_address(stage), 1, 0, true);
    page(stage, couple_address(stage), 10, 9, true);
    expect_sent(stage, "1;");
    stage->shard.calls[0] = '\0';
}

/* --- promises
 * ------------------------------------------------------------------------------------- */

static void the_response_comes_before_any_page_is_asked_for(void **state)
{
    struct stage *stage = *state;
    ask_open(stage, 1, NULL);
    expect_calls(stage, "attach user;submit;");
    attached(stage, user_address(stage), 0, 3);
    expect_calls(stage, "");
    user_answers(stage, 0, true, NOW + 1000000);
    expect_calls(stage, "attach couple;");
    expect_sent(stage, "");
    attached(stage, couple_address(stage), 0, 9);
    expect_sent(stage, "1;");
    expect_calls(stage, "read user 3;read couple 9;");
}

static void a_cursor_is_replayed_page_by_page(void **state)
{
    struct stage *stage = *state;
    const struct stream_cursor cursor = {
        .stream = STREAM_COUPLE, .epoch = stage->epoch, .after = 5};
    ask_open(stage, 1, &cursor);
    attached(stage, user_address(stage), 0, 0);
    user_answers(stage, 0, true, NOW + 1000000);
    attached(stage, couple_address(stage), 0, 9);
    expect_calls(stage, "attach user;submit;attach couple;read user 0;read couple 5;");
    push(stage, &message_push, 10, 10); /* not live: it will come with a page */
    page(stage, couple_address(stage), 6, 7, false);
    expect_sent(stage, "1;couple=6;couple=7;");
    expect_calls(stage, "read couple 7;");
    page(stage, couple_address(stage), 8, 10, true);
    push(stage, &message_push, 11, 11);
    expect_sent(stage, "couple=8;couple=9;couple=10;couple=11;");
    expect_calls(stage, "");
}

static void an_unknown_epoch_or_a_cursor_beyond_the_head_starts_at_the_head(void **state)
{
    struct stage *stage = *state;
    struct stream_cursor cursor = {.stream = STREAM_COUPLE, .epoch = stage->user, .after = 5};
    ask_open(stage, 1, &cursor);
    attached(stage, user_address(stage), 0, 0);
    user_answers(stage, 0, true, NOW + 1000000);
    attached(stage, couple_address(stage), 0, 9);
    expect_calls(stage, "attach user;submit;attach couple;read user 0;read couple 9;");
    session_disconnected(stage->session);
    stage->shard.calls[0] = stage->sent[0] = '\0';
    connect_stage(stage);
    cursor = (struct stream_cursor){.stream = STREAM_COUPLE, .epoch = stage->epoch, .after = 10};
    ask_open(stage, 1, &cursor);
    attached(stage, user_address(stage), 0, 0);
    user_answers(stage, 0, true, NOW + 1000000);
    attached(stage, couple_address(stage), 0, 9);
    expect_calls(stage, "attach user;submit;attach couple;read user 0;read couple 9;");
}

static void pages_wait_for_a_transport_that_is_full(void **state)
{
    struct stage *stage = *state;
    open_paired(stage);
    control(stage, stage->epoch); /* another couple: replayed from its beginning */
    stage->couple = stage->epoch;
    attached(stage, couple_address(stage), 0, 50);
    stage->pending = 1 << 17;
    page(stage, couple_address(stage), 1, 2, false);
    expect_calls(stage, "detach couple;attach couple;read couple 0;");
    session_writable(stage->session);
    expect_calls(stage, "");
    stage->pending = 0;
    session_writable(stage->session);
    expect_calls(stage, "read couple 2;");
}

static void only_the_newest_volatile_push_waits_for_a_full_transport(void **state)
{
    struct stage *stage = *state;
    open_paired(stage);
    stage->pending = 1 << 20;
    push(stage, &typing_push, 0, 1);
    push(stage, &typing_push, 0, 2);
    push(stage, &message_push, 10, 10);
    expect_sent(stage, "couple=10;");
    session_writable(stage->session);
    expect_sent(stage, "");
    stage->pending = 0;
    session_writable(stage->session);
    expect_sent(stage, "typing=2;");
    session_writable(stage->session);
    expect_sent(stage, "");
}

static void a_slow_reader_is_closed(void **state)
{
    struct stage *stage = *state;
    open_paired(stage);
    stage->pending = (1 << 20) + 1;
    push(stage, &message_push, 10, 10);
    assert_int_equal(stage->close_code, 4003);
    assert_string_equal(stage->close_reason, "SLOW_READER retry_ms=1000");
    expect_calls(stage, "detach user;detach couple;");
    push(stage, &message_push, 11, 11);
    expect_sent(stage, "couple=10;");
}

static void a_couple_that_ended_meanwhile_is_no_reason_to_stay_out(void **state)
{
    struct stage *stage = *state;
    ask_open(stage, 1, NULL);
    user_answers(stage, 0, true, NOW + 1000000);
    attached(stage, couple_address(stage), ERR_NOT_FOUND, 0);
    attached(stage, user_address(stage), 0, 4);
    expect_sent(stage, "1;");
    expect_calls(stage, "attach user;submit;attach couple;read user 4;");
}

static void a_match_while_opening_is_followed_afterwards(void **state)
{
    struct stage *stage = *state;
    ask_open(stage, 1, NULL);
    attached(stage, user_address(stage), 0, 0);
    control(stage, stage->couple);
    user_answers(stage, 0, false, NOW + 1000000);
    expect_sent(stage, "1;");
    expect_calls(stage, "attach user;submit;read user 0;attach couple;");
    attached(stage, couple_address(stage), 0, 2);
    expect_calls(stage, "read couple 0;");
}

static void a_revoked_sign_in_is_refused_and_may_try_again(void **state)
{
    struct stage *stage = *state;
    ask_open(stage, 1, NULL);
    user_answers(stage, ERR_SESSION_REVOKED, false, 0);
    expect_sent(stage, ""); /* the stream's answer is outstanding */
    attached(stage, user_address(stage), 0, 0);
    expect_sent(stage, "1!SESSION_REVOKED;");
    expect_calls(stage, "attach user;submit;detach user;");
    open_paired(stage);
    ask_open(stage, 2, NULL);
    expect_sent(stage, "2!ALREADY_OPEN;");
}

static void who_does_not_open_in_time_is_closed(void **state)
{
    struct stage *stage = *state;
    stage->now_ms += 4999;
    session_table_tick(stage->table);
    assert_int_equal(stage->close_code, 0);
    stage->now_ms += 1;
    session_table_tick(stage->table);
    assert_int_equal(stage->close_code, 4500);
    assert_string_equal(stage->close_reason, "OPEN_TIMEOUT");
}

static void who_is_owed_an_answer_is_not_closed_for_being_late(void **state)
{
    struct stage *stage = *state;
    ask_open(stage, 1, NULL);
    for (int i = 0; i < 3; i++) {
        stage->now_ms += 5000;
        session_table_tick(stage->table);
        assert_int_equal(stage->close_code, 0);
    }
    attached(stage, user_address(stage), 0, 0);
    user_answers(stage, ERR_BUSY, false, 0);
    expect_sent(stage, "1!BUSY;");
    stage->now_ms += 5000;
    session_table_tick(stage->table);
    assert_int_equal(stage->close_code, 4500);
}

static void the_end_of_a_family_is_asked_about_before_it_closes(void **state)
{
    struct stage *stage = *state;
    open_paired(stage);
    stage->now_ms = NOW + 1000000;
    session_table_tick(stage->table);
    session_table_tick(stage->table);
    expect_calls(stage, "submit;");
    user_answers(stage, 0, true, NOW + 2000000); /* it was refreshed */
    assert_int_equal(stage->close_code, 0);
    stage->now_ms = NOW + 2000000;
    session_table_tick(stage->table);
    user_answers(stage, ERR_SESSION_REVOKED, false, 0);
    assert_int_equal(stage->close_code, 4504);
}

static void answers_for_those_who_are_gone_are_ignored(void **state)
{
    struct stage *stage = *state;
    ask_open(stage, 1, NULL);
    session_disconnected(stage->session);
    connect_stage(stage); /* takes the slot over */
    user_answers(stage, 0, true, NOW + 1000000);
    attached(stage, user_address(stage), 0, 0);
    page(stage, user_address(stage), 1, 2, true);
    push(stage, &message_push, 10, 10);
    expect_sent(stage, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_response_comes_before_any_page_is_asked_for),
        TEST(a_cursor_is_replayed_page_by_page),
        TEST(an_unknown_epoch_or_a_cursor_beyond_the_head_starts_at_the_head),
        TEST(pages_wait_for_a_transport_that_is_full),
        TEST(only_the_newest_volatile_push_waits_for_a_full_transport),
        TEST(a_slow_reader_is_closed),
        TEST(a_couple_that_ended_meanwhile_is_no_reason_to_stay_out),
        TEST(a_match_while_opening_is_followed_afterwards),
        TEST(a_revoked_sign_in_is_refused_and_may_try_again),
        TEST(who_does_not_open_in_time_is_closed),
        TEST(who_is_owed_an_answer_is_not_closed_for_being_late),
        TEST(the_end_of_a_family_is_asked_about_before_it_closes),
        TEST(answers_for_those_who_are_gone_are_ignored),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
