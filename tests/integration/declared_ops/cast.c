#include "tests/integration/declared_ops/cast.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/error.h"
#include "base/ids.h"
#include "tests/integration/declared_ops/samples.h"
#include "tools/catalog.h"

#define PASSWORD "corgi-by-the-sea"
#define ACCESS_LIFE_MS 1000 /* of the first tokens: as short as the option allows */
#define BUSY_TRIES 50
#define SETTLE_TRIES 5000

struct world world = {.cast = {[ANNA] = {.name = "Anna", .opens = true},
                               [BERT] = {.name = "Bert", .opens = true},
                               [CARL] = {.name = "Carl", .opens = true},
                               [FINN] = {.name = "Finn", .opens = true},
                               [DORA] = {.name = "Dora", .opens = true},
                               [EMIL] = {.name = "Emil", .opens = true},
                               [GINA] = {.name = "Gina"}}};

static void sleep_ms(int64_t ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

const struct op *op_named(const char *name)
{
    const struct op *op = registry_find(world.registry, text_of(name));
    assert_non_null(op);
    return op;
}

/* --- what each op needs beyond its examples -------------------------------------------------- */

static json_t *fact(const struct caller *caller, const char *name)
{
    return json_object_get(caller->facts, name);
}

static json_t *result_of(enum way way, struct caller *caller, const char *name, json_t *args)
{
    struct answer answer;
    ask_op(way, caller, op_named(name), args, &answer);
    if (answer.error != 0 || answer.ended) {
        fail_msg("%s of %s: %s", name, caller->name, answer_text(&answer));
    }
    return answer.result;
}

static void set_random(json_t *object, const char *name, const char *format)
{
    json_object_set_new(object, name,
                        json_sprintf(format, randombytes_random(), randombytes_random()));
}

static void prepare_signup(struct caller *caller, json_t *args)
{
    (void)caller;
    set_random(args, "email", "p%08x%08x@example.org");
}

/** Who belongs to the caller. */
static struct caller *partner_of(const struct caller *caller)
{
    static const enum who partners[CAST_COUNT] = {
        [ANNA] = BERT, [BERT] = ANNA, [CARL] = FINN, [FINN] = CARL,
        [DORA] = EMIL, [EMIL] = DORA, [GINA] = GINA};
    return &world.cast[partners[caller - world.cast]];
}

static void prepare_match(struct caller *caller, json_t *args)
{
    struct answer answer;
    ask_op(WAY_JSON, partner_of(caller), op_named("couple.invite"), json_object(), &answer);
    if (answer.error == 0) {
        json_object_set(args, "code", json_object_get(answer.result, "code"));
    }
    answer_fini(&answer);
}

/** Puts the number of a new message there, if this one may send any. */
static void put_new_message(struct caller *from, json_t *args, const char *name)
{
    struct answer answer;
    ask_op(WAY_JSON, from, op_named("chat.send"), args_for(op_named("chat.send"), from), &answer);
    if (answer.error == 0) {
        json_object_set(args, name, json_object_get(answer.result, "msg"));
    }
    answer_fini(&answer);
}

/** So that the mark moves. */
static void prepare_read(struct caller *caller, json_t *args)
{
    put_new_message(partner_of(caller), args, "up_to");
}

static void prepare_unsend(struct caller *caller, json_t *args)
{
    put_new_message(caller, args, "msg");
}

static void pair(struct caller *a, struct caller *b);
static void part(struct caller *caller);

/** Something that has just happened to a single, so that the mark moves. */
static void prepare_notification_read(struct caller *caller, json_t *args)
{
    if (caller != &world.cast[CARL]) {
        return;
    }
    pair(caller, partner_of(caller));
    part(caller);
    part(partner_of(caller));
    json_t *unread = result_of(WAY_JSON, caller, "notification.unread", json_object());
    json_object_set(args, "up_to", json_object_get(unread, "head"));
    json_decref(unread);
}

/**
 * Only what cannot be seen from the declaration. An op without a line is asked by Anna, or by Gina
 * if it needs nothing, with its examples and the facts of the caller.
 */
static const struct play {
    const char *op;
    enum who who;
    void (*prepare)(struct caller *caller, json_t *args);
} plays[] = {
    {"auth.login", GINA, NULL},
    {"auth.me", CARL, NULL},
    {"auth.refresh", GINA, NULL},
    {"auth.signout", CARL, NULL},
    {"auth.signup", GINA, prepare_signup},
    {"chat.history", ANNA, NULL},
    {"chat.read", ANNA, prepare_read},
    {"chat.send", ANNA, NULL},
    {"chat.typing", ANNA, NULL},
    {"chat.unsend", ANNA, prepare_unsend},
    {"couple.info", ANNA, NULL},
    {"couple.invite", CARL, NULL},
    {"couple.leave", ANNA, NULL},
    {"couple.match", CARL, prepare_match},
    {"notification.list", ANNA, NULL},
    {"notification.read", CARL, prepare_notification_read},
    {"notification.unread", ANNA, NULL},
    {"ping", GINA, NULL},
    {"session.open", GINA, NULL},
    {"session.renew", ANNA, NULL},
    {"user.profile", CARL, NULL},
    {"user.update", CARL, NULL},
};

static const struct play *play_of(const struct op *op)
{
    for (size_t i = 0; i < sizeof plays / sizeof plays[0]; i++) {
        if (strcmp(plays[i].op, op->command.name) == 0) {
            return &plays[i];
        }
    }
    return NULL;
}

struct caller *caller_for(const struct op *op)
{
    const struct play *play = play_of(op);
    if (play != NULL) {
        return &world.cast[play->who];
    }
    return &world.cast[op->needs == OP_NEEDS_NOTHING ? GINA : ANNA];
}

bool must_succeed(const struct op *op)
{
    return play_of(op) != NULL;
}

json_t *args_for(const struct op *op, struct caller *caller)
{
    const struct play *play = play_of(op);
    json_int_t no = json_integer_value(fact(caller, "no"));
    json_object_set_new(caller->facts, "no", json_integer(no + 1));
    set_random(caller->facts, "nickname", "n%08x%08x");
    json_t *args = sample_of(op->command.args, caller->facts, false);
    if (play != NULL && play->prepare != NULL) {
        play->prepare(caller, args);
    }
    return args;
}

/* --- asking ---------------------------------------------------------------------------------- */

/** Whether the args have this field, and it is not the caller's own. */
static bool is_other(const struct caller *caller, const json_t *args, const char *name)
{
    const json_t *given = json_object_get(args, name);
    return given != NULL && !json_equal(given, fact(caller, name));
}

/** Who signs in keeps the tokens; a sign-up gives somebody else's. */
static void take_tokens(struct caller *caller, const struct request *request,
                        const struct answer *answer)
{
    if (answer->error == 0 && json_object_get(answer->result, "refresh_token") != NULL &&
        !is_other(caller, request->args, "email") && !is_other(caller, request->args, "device")) {
        json_object_update(caller->facts, answer->result);
    }
}

/** Over a connection of its own, which is no session. */
static void ask_alone(struct caller *caller, const char *name, bool required_only,
                      struct answer *out)
{
    const struct op *op = op_named(name);
    struct link link = {.way = WAY_JSON};
    json_t *args = sample_of(op->command.args, caller->facts, required_only);
    struct request request = {.op = op, .args = args};
    (void)link_ensure(&link, world.daemon.port);
    link_take(&link, op, link_send(&link, &request), out);
    take_tokens(caller, &request, out);
    link_close(&link);
    json_decref(args);
}

/** Makes the connection a session. */
static void open_session(struct caller *caller, struct link *link)
{
    struct answer answer;
    const struct op *open = op_named("session.open");
    json_t *args = sample_of(open->command.args, caller->facts, true);
    struct request request = {.op = open, .args = args};
    link_take(link, open, link_send(link, &request), &answer);
    if (answer.error != 0 || answer.ended) {
        complain("the session of %s is lost: %s", caller->name, answer_text(&answer));
    }
    answer_fini(&answer);
    json_decref(args);
}

static struct link *link_of(struct caller *caller, enum way way)
{
    struct link *link = &caller->links[way];
    link->way = way;
    if (link_ensure(link, world.daemon.port) && caller->opens) {
        open_session(caller, link);
    }
    return link;
}

static void ask_once(enum way way, struct caller *caller, const struct request *request,
                     struct answer *out)
{
    if (way == WAY_REST) {
        const char *own = caller->opens ? json_string_value(fact(caller, "access_token")) : NULL;
        rest_ask(&caller->rest, world.daemon.port, request->token != NULL ? request->token : own,
                 request, out);
    } else {
        struct link *link = link_of(caller, way);
        link_take(link, request->op, link_send(link, request), out);
    }
    take_tokens(caller, request, out);
}

void ask(enum way way, struct caller *caller, const struct request *request, struct answer *out)
{
    struct request whole = *request;
    json_t *none = json_object();
    whole.args = request->args != NULL ? request->args : none;
    for (int tries = 0; tries < BUSY_TRIES; tries++) {
        ask_once(way, caller, &whole, out);
        if (out->error != ERR_BUSY) {
            break;
        }
        sleep_ms(out->retry_ms);
    }
    /* Ops of the connection itself: some failures end it, and some successes change it. */
    if (way != WAY_REST && whole.op->route == NULL && (out->error != 0 || !caller->opens)) {
        link_close(&caller->links[way]);
    }
    json_decref(none);
}

void ask_op(enum way way, struct caller *caller, const struct op *op, json_t *args,
            struct answer *out)
{
    ask(way, caller, &(struct request){.op = op, .args = args}, out);
    json_decref(args);
}

/* --- couples --------------------------------------------------------------------------------- */

json_t *couple_of(enum way way, struct caller *caller)
{
    struct answer answer;
    ask_op(way, caller, op_named("couple.info"), json_object(), &answer);
    if (answer.ended || (answer.error != 0 && answer.error != ERR_NOT_PAIRED)) {
        complain("couple.info of %s in %s: %s", caller->name, way_names[way], answer_text(&answer));
    }
    if (answer.error == 0) {
        json_object_set(caller->facts, "couple", json_object_get(answer.result, "couple"));
        json_object_set(caller->facts, "epoch", json_object_get(answer.result, "epoch"));
    }
    json_t *couple = json_incref(json_object_get(answer.result, "couple"));
    answer_fini(&answer);
    return couple;
}

/** What a change is told to other connections with takes a moment. */
static void settle(struct caller *caller, const json_t *couple)
{
    const struct op *info = op_named("couple.info");
    for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(info, way)) {
        bool settled = false;
        for (int tries = 0; tries < SETTLE_TRIES && !settled; tries++) {
            json_t *seen = couple_of(way, caller);
            settled = couple == NULL ? seen == NULL : json_equal(seen, couple);
            json_decref(seen);
            if (!settled) {
                sleep_ms(1);
            }
        }
        assert_true(settled);
    }
    if (couple == NULL) {
        json_object_del(caller->facts, "couple");
        json_object_del(caller->facts, "epoch");
    }
}

static void part(struct caller *caller)
{
    json_t *couple = couple_of(WAY_JSON, caller);
    if (couple != NULL) {
        json_decref(result_of(WAY_JSON, caller, "couple.leave", json_object()));
        json_decref(couple);
    }
    settle(caller, NULL);
}

static void say_something(struct caller *caller)
{
    json_t *args = args_for(op_named("chat.send"), caller);
    json_object_del(args, "reply_to");
    json_decref(result_of(WAY_JSON, caller, "chat.send", args));
}

static void pair(struct caller *a, struct caller *b)
{
    part(a);
    part(b);
    json_t *invite = result_of(WAY_JSON, a, "couple.invite", json_object());
    json_t *match = result_of(WAY_JSON, b, "couple.match",
                              json_pack("{s:O}", "code", json_object_get(invite, "code")));
    json_t *couple = json_object_get(match, "couple");
    settle(a, couple);
    settle(b, couple);
    say_something(a);
    say_something(b);
    json_decref(invite);
    json_decref(match);
}

static void mend_couple(struct caller *a, struct caller *b)
{
    json_t *left = couple_of(WAY_JSON, a);
    json_t *right = couple_of(WAY_JSON, b);
    if (left == NULL || right == NULL || !json_equal(left, right)) {
        pair(a, b);
    }
    json_decref(left);
    json_decref(right);
}

/** Whether the session is gone: then the caller signs in again. */
static void mend_session(struct caller *caller)
{
    struct answer answer;
    ask_alone(caller, "session.open", true, &answer);
    bool lives = answer.error == 0;
    answer_fini(&answer);
    if (!lives) {
        ask_alone(caller, "auth.login", false, &answer);
        if (answer.error != 0) {
            fail_msg("%s cannot sign in again: %s", caller->name, answer_text(&answer));
        }
        answer_fini(&answer);
        for (enum way way = 0; way < LINK_WAY_COUNT; way++) {
            link_close(&caller->links[way]);
        }
    }
}

void mend(void)
{
    for (enum who who = 0; who < CAST_COUNT; who++) {
        mend_session(&world.cast[who]);
    }
    mend_couple(&world.cast[ANNA], &world.cast[BERT]);
    mend_couple(&world.cast[DORA], &world.cast[EMIL]);
    part(&world.cast[CARL]);
    part(&world.cast[FINN]);
}

/* --- snapshots ------------------------------------------------------------------------------- */

void strip_volatile(json_t *value)
{
    static const char *const names[] = {"online", "last_seen_at", "now_ms"};
    const char *name;
    json_t *member;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_object_del(value, names[i]);
    }
    json_object_foreach(value, name, member)
    {
        strip_volatile(member);
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        strip_volatile(json_array_get(value, i));
    }
}

/** Reads, as clients do again and again. */
static bool is_read(const struct op *op)
{
    return !op->writes && op->route != NULL &&
           (op->rest.method == NULL || strcmp(op->rest.method, "GET") == 0);
}

static json_t *streams_of(struct caller *caller)
{
    struct answer answer;
    ask_alone(caller, "session.open", true, &answer);
    json_t *streams = json_incref(json_object_get(answer.result, "streams"));
    answer_fini(&answer);
    return streams;
}

static json_t *read_all(struct caller *caller)
{
    json_t *all = json_object();
    json_object_set_new(all, "streams", streams_of(caller));
    for (size_t i = 0; i < registry_count(world.registry); i++) {
        const struct op *op = registry_at(world.registry, i);
        if (is_read(op)) {
            struct answer answer;
            json_t *args = sample_of(op->command.args, caller->facts, true);
            ask_op(WAY_JSON, caller, op, args, &answer);
            strip_volatile(answer.result);
            json_object_set_new(all, op->command.name,
                                answer.error != 0 ? json_string(error_name(answer.error))
                                                  : json_incref(answer.result));
            answer_fini(&answer);
        }
    }
    return all;
}

json_t *snapshot(enum who first, enum who second)
{
    return json_pack("{s:o, s:o}", "first", read_all(&world.cast[first]), "second",
                     read_all(&world.cast[second]));
}

json_t *stream_heads(enum who first, enum who second)
{
    json_t *heads = json_object();
    json_t *streams = streams_of(&world.cast[first]);
    json_t *others = streams_of(&world.cast[second]);
    json_array_extend(streams, others);
    for (size_t i = 0; i < json_array_size(streams); i++) {
        const json_t *stream = json_array_get(streams, i);
        json_object_set(heads, json_string_value(json_object_get(stream, "epoch")),
                        json_object_get(stream, "head"));
    }
    json_decref(streams);
    json_decref(others);
    return heads;
}

/* --- the stage ------------------------------------------------------------------------------- */

/** A new account; the facts of the caller are its own from now on. */
static void sign_up(struct caller *caller)
{
    struct id device;
    char text[ID_TEXT_CHARS + 1];
    struct answer answer;
    randombytes_buf(&device, sizeof device);
    id_to_text(device, text);
    caller->facts = json_pack("{s:s, s:s, s:i, s:i, s:i}", "device", text, "password", PASSWORD,
                              "no", 0, "reply_to", 1, "up_to", 1);
    set_random(caller->facts, "email", "p%08x%08x@example.org");
    ask_alone(caller, "auth.signup", true, &answer);
    if (answer.error != 0) {
        fail_msg("auth.signup: %s", answer_text(&answer));
    }
    answer_fini(&answer);
}

/** Everybody has tokens of a second's life now. */
static void sign_everybody_up(void)
{
    for (enum who who = 0; who < CAST_COUNT; who++) {
        sign_up(&world.cast[who]);
    }
    world.expired = json_incref(fact(&world.cast[GINA], "access_token"));
    sleep_ms(ACCESS_LIFE_MS);
}

static void refresh_everybody(void)
{
    for (enum who who = 0; who < CAST_COUNT; who++) {
        struct answer answer;
        ask_alone(&world.cast[who], "auth.refresh", true, &answer);
        answer_fini(&answer);
    }
}

/** Of a session that REST and a connection have used before it was signed out. */
static void make_revoked_token(void)
{
    struct caller *carl = &world.cast[CARL];
    const struct op *info = op_named("couple.info");
    world.revoked = json_incref(fact(carl, "access_token"));
    for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(info, way)) {
        json_decref(couple_of(way, carl));
    }
    json_decref(result_of(WAY_MSGPACK, carl, "auth.signout", json_object()));
}

static void hang_up(void)
{
    for (enum who who = 0; who < CAST_COUNT; who++) {
        for (enum way way = 0; way < LINK_WAY_COUNT; way++) {
            link_close(&world.cast[who].links[way]);
        }
        rest_fini(&world.cast[who].rest);
    }
}

static void set_option(const char *name, const char *value)
{
    for (size_t i = 0; world.daemon.options[i] != NULL; i += 2) {
        if (strcmp(world.daemon.options[i], name) == 0) {
            world.daemon.options[i + 1] = value;
        }
    }
}

void restart(const char *option, const char *value)
{
    hang_up();
    daemon_stop(&world.daemon);
    set_option(option, value);
    daemon_start(&world.daemon);
}

int world_set_up(void **state)
{
    static const char *const options[] = {"--access-life",
                                          "1s",
                                          "--shards", /* what a user asks crosses threads */
                                          "2",
                                          "--open-within",
                                          "10m",
                                          "--costly-per-minute",
                                          "1000000",
                                          "--costly-per-minute-address",
                                          "10000000",
                                          NULL};
    char message[256] = "";
    (void)state;
    trying("to set up");
    assert_true(sodium_init() >= 0);
    if (catalog_create(message, sizeof message, &world.registry) != 0) {
        fail_msg("a declaration is wrong: %s", message);
    }
    daemon_init(&world.daemon, options);
    daemon_start(&world.daemon);
    sign_everybody_up();
    restart("--access-life", "30m");
    refresh_everybody();
    make_revoked_token();
    mend();
    no_complaints();
    return 0;
}

void crash(void)
{
    hang_up();
    daemon_kill(&world.daemon);
    daemon_start(&world.daemon);
}

int world_tear_down(void **state)
{
    (void)state;
    hang_up();
    for (enum who who = 0; who < CAST_COUNT; who++) {
        json_decref(world.cast[who].facts);
    }
    json_decref(world.expired);
    json_decref(world.revoked);
    daemon_stop(&world.daemon);
    daemon_destroy(&world.daemon);
    registry_destroy(world.registry);
    return 0;
}
