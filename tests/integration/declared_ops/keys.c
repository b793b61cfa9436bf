/*
 * Idempotency keys, with every op that takes one.
 *
 * After the first time, everybody is brought back to where they were; so whatever the second time
 * did would show: a sign-out would end the new session, a leave the new couple.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/error.h"
#include "tests/integration/declared_ops/cases.h"
#include "tests/integration/declared_ops/samples.h"

/** A request with a key, and what was answered the first time. */
struct keyed {
    const struct op *op;
    struct caller *caller;
    json_t *args, *result;
    char key[32];
};

static void request_of(const struct keyed *keyed, struct request *out)
{
    *out = (struct request){.op = keyed->op, .args = keyed->args, .key = keyed->key};
}

static void keyed_fini(struct keyed *keyed)
{
    json_decref(keyed->args);
    json_decref(keyed->result);
}

static void keyed_init(struct keyed *keyed, const struct op *op)
{
    *keyed = (struct keyed){.op = op, .caller = caller_for(op)};
    keyed->args = args_for(op, keyed->caller);
    (void)!snprintf(keyed->key, sizeof keyed->key, "key-%08x%08x", randombytes_random(),
                    randombytes_random());
}

/** The first time. False: it did not succeed, so there is nothing to repeat. */
static bool first_time(struct keyed *keyed, enum way way, const struct op *op)
{
    struct answer answer;
    struct request request;
    keyed_init(keyed, op);
    request_of(keyed, &request);
    ask(way, keyed->caller, &request, &answer);
    if (answer.error != 0 && must_succeed(op)) {
        complain("is refused: %s", answer_text(&answer));
    }
    keyed->result = json_incref(answer.result);
    answer_fini(&answer);
    mend();
    return keyed->result != NULL;
}

static void expect_first_answer(const struct keyed *keyed, const struct answer *answer)
{
    if (answer->result == NULL || !json_equal(answer->result, keyed->result)) {
        complain("another answer than the first: %s", answer_text(answer));
    }
}

static void again(const struct keyed *keyed, enum way way)
{
    struct answer answer;
    struct request request;
    json_t *with_unknown = json_copy(keyed->args);
    request_of(keyed, &request);
    ask(way, keyed->caller, &request, &answer);
    expect_first_answer(keyed, &answer);
    answer_fini(&answer);
    json_object_set_new(with_unknown, "never_a_field", json_integer(1)); /* is no content */
    request.args = with_unknown;
    ask(way, keyed->caller, &request, &answer);
    expect_first_answer(keyed, &answer);
    answer_fini(&answer);
    json_decref(with_unknown);
}

static json_t *snapshot_around(const struct caller *caller)
{
    return caller == &world.cast[CARL] ? snapshot(CARL, FINN) : snapshot(ANNA, BERT);
}

static void expect_unchanged(const struct caller *caller, json_t *before)
{
    bool single = caller == &world.cast[CARL];
    expect_same_snapshot(before, single ? CARL : ANNA, single ? FINN : BERT);
}

/* --- the same once more --- */

static void try_same(const struct op *op)
{
    for (enum way way = WAY_JSON; way < WAY_COUNT && op->keyed; way = way_next(op, way)) {
        struct keyed keyed;
        trying("%s twice with one key in %s", op->command.name, way_names[way]);
        if (first_time(&keyed, way, op)) {
            json_t *before = snapshot_around(keyed.caller);
            for (enum way then = WAY_JSON; then < WAY_COUNT; then = way_next(op, then)) {
                trying("%s in %s and again in %s with one key", op->command.name, way_names[way],
                       way_names[then]);
                again(&keyed, then);
            }
            expect_unchanged(keyed.caller, before);
        }
        keyed_fini(&keyed);
    }
}

void same_key_gives_the_same_answer_once(void **state)
{
    (void)state;
    every_op(try_same);
}

/* --- the same key with other content --- */

/** Another value that the declaration allows, with which the request stays at the same address. */
static json_t *other_value(const struct field *field, const json_t *value)
{
    const char *text = json_string_value(value);
    json_t *other = NULL;
    switch (field->kind) {
    case FIELD_BOOL:
        return json_boolean(!json_is_true(value));
    case FIELD_INT:
    case FIELD_INSTANT:
        return json_integer(json_integer_value(value) +
                            (json_integer_value(value) > field->min ? -1 : 1));
    case FIELD_TEXT: {
        char *lower = strdup(text);
        for (char *at = lower; *at != 0; at++) {
            *at = (char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at);
        }
        other = strcmp(lower, text) == 0 ? json_sprintf("%sx", text) : json_string(lower);
        free(lower);
        return other;
    }
    case FIELD_ID:
        return json_string("BBBBBBBBBBBBBBBBBBBBBA");
    default:
        return NULL;
    }
}

static void expect_conflict(const struct keyed *keyed, json_t *args, const char *name)
{
    for (enum way way = WAY_JSON; way < WAY_COUNT && args != NULL; way = way_next(keyed->op, way)) {
        struct answer answer;
        trying("%s with the same key and another %s in %s", keyed->op->command.name, name,
               way_names[way]);
        ask(way, keyed->caller, &(struct request){.op = keyed->op, .args = args, .key = keyed->key},
            &answer);
        if (answer.error != ERR_IDEMPOTENCY_CONFLICT) {
            complain("not IDEMPOTENCY_CONFLICT, but %s", answer_text(&answer));
        }
        answer_fini(&answer);
    }
    json_decref(args);
}

static void try_other_contents(const struct keyed *keyed)
{
    const struct record_type *type = keyed->op->command.args;
    for (uint32_t i = 0; i < type->count; i++) {
        const struct field *field = &type->fields[i];
        const json_t *value = json_object_get(keyed->args, field->name);
        json_t *other = value != NULL ? other_value(field, value) : NULL;
        if (other != NULL) {
            expect_conflict(keyed, sample_with(type, keyed->args, NULL, field->name, other),
                            field->name);
        }
        if (value != NULL && field->required != FIELD_REQUIRED) {
            expect_conflict(keyed, sample_with(type, keyed->args, NULL, field->name, NULL),
                            field->name);
        }
    }
}

static void try_other(const struct op *op)
{
    struct keyed keyed;
    if (!op->keyed) {
        return;
    }
    trying("%s with a key", op->command.name);
    if (first_time(&keyed, WAY_JSON, op)) {
        json_t *before = snapshot_around(keyed.caller);
        try_other_contents(&keyed);
        trying("%s with the same key and other content", op->command.name);
        expect_unchanged(keyed.caller, before);
    }
    keyed_fini(&keyed);
}

void same_key_with_other_content_is_refused(void **state)
{
    (void)state;
    every_op(try_other);
}

/* --- twice at once --- */

#define REVOKED_CLOSE 4504

/** How many entries came to the streams that were there before. */
static json_int_t grown(const json_t *before, const json_t *after)
{
    json_int_t sum = 0;
    const char *epoch;
    json_t *head;
    json_object_foreach((json_t *)(uintptr_t)before, epoch, head)
    {
        const json_t *now = json_object_get(after, epoch);
        sum += now != NULL ? json_integer_value(now) - json_integer_value(head) : 0;
    }
    return sum;
}

static json_t *heads_around(const struct caller *caller)
{
    return caller == &world.cast[CARL] ? stream_heads(CARL, FINN) : stream_heads(ANNA, BERT);
}

/** Entries that one time makes, mending included. */
static json_int_t growth_of_one(const struct op *op)
{
    struct keyed keyed;
    struct answer answer;
    struct request request;
    keyed_init(&keyed, op);
    request_of(&keyed, &request);
    json_t *before = heads_around(keyed.caller);
    ask(WAY_JSON, keyed.caller, &request, &answer);
    answer_fini(&answer);
    mend();
    json_t *after = heads_around(keyed.caller);
    json_int_t growth = grown(before, after);
    json_decref(before);
    json_decref(after);
    keyed_fini(&keyed);
    return growth;
}

/** A sign-out may end the other connection, or the session, before that has its answer. */
static bool is_cut_off(const struct answer *answer)
{
    return answer->ended ? answer->close_code == REVOKED_CLOSE
                         : answer->error == ERR_SESSION_REVOKED;
}

static void expect_same_answers(const struct answer *first, const struct answer *second)
{
    const struct answer *left = is_cut_off(first) ? second : first;
    const struct answer *right = is_cut_off(first) ? first : second;
    if (left->error != 0 || left->ended) {
        complain("is refused: %s", answer_text(left));
    } else if (!is_cut_off(right) && !json_equal(left->result, right->result)) {
        complain("the other says %s", answer_text(right));
    }
}

/** `other`: sent before the answer to the one in JSON is taken. */
static void ask_at_once(const struct keyed *keyed, enum way other)
{
    struct request request;
    struct answer first, second;
    struct link *link = &keyed->caller->links[WAY_JSON];
    struct link *next = &keyed->caller->links[other == WAY_REST ? WAY_MSGPACK : other];
    request_of(keyed, &request);
    json_decref(couple_of(WAY_JSON, keyed->caller)); /* both are connected */
    json_decref(couple_of(other, keyed->caller));
    uint32_t id = link_send(link, &request);
    if (other == WAY_REST) {
        ask(WAY_REST, keyed->caller, &request, &second);
    } else {
        link_take(next, keyed->op, link_send(next, &request), &second);
    }
    link_take(link, keyed->op, id, &first);
    expect_same_answers(&first, &second);
    answer_fini(&first);
    answer_fini(&second);
}

static void try_at_once(const struct op *op)
{
    if (!op->keyed || !must_succeed(op)) {
        return;
    }
    trying("%s once", op->command.name);
    json_int_t growth = growth_of_one(op);
    for (enum way way = WAY_MSGPACK; way < WAY_COUNT; way = way_next(op, way)) {
        struct keyed keyed;
        trying("%s twice at once with one key, in JSON and in %s", op->command.name,
               way_names[way]);
        keyed_init(&keyed, op);
        json_t *before = heads_around(keyed.caller);
        ask_at_once(&keyed, way);
        mend();
        json_t *after = heads_around(keyed.caller);
        if (grown(before, after) != growth) {
            complain("%lld entries instead of %lld", (long long)grown(before, after),
                     (long long)growth);
        }
        json_decref(before);
        json_decref(after);
        keyed_fini(&keyed);
    }
}

void same_key_twice_at_once_has_one_effect(void **state)
{
    (void)state;
    every_op(try_at_once);
}

/* --- after a crash --- */

static void try_crash(const struct op *op)
{
    struct keyed keyed;
    if (!op->keyed) {
        return;
    }
    trying("%s before a crash", op->command.name);
    if (first_time(&keyed, WAY_MSGPACK, op)) {
        trying("%s with the same key after a crash", op->command.name);
        crash();
        mend();
        json_t *before = snapshot_around(keyed.caller);
        for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(op, way)) {
            again(&keyed, way);
        }
        expect_unchanged(keyed.caller, before);
    }
    keyed_fini(&keyed);
}

void keys_survive_a_crash(void **state)
{
    (void)state;
    every_op(try_crash);
}
