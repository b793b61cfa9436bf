/*
 * Who may not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "tests/integration/declared_ops/cases.h"
#include "tests/integration/declared_ops/samples.h"

/* --- no session --- */

/** Only what is needed to address the op. */
static json_t *args_of_path(const struct op *op, struct caller *caller)
{
    json_t *args = args_for(op, caller);
    for (uint32_t i = 0; i < op->command.args->count; i++) {
        if (op->command.args->fields[i].place != FIELD_PATH) {
            json_object_del(args, op->command.args->fields[i].name);
        }
    }
    return args;
}

/** With good args and with none: the session is asked for before any field is looked at. */
static void try_without_session(const struct op *op)
{
    if (op->needs == OP_NEEDS_NOTHING) {
        return;
    }
    for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(op, way)) {
        struct answer answer;
        struct caller *visitor = &world.cast[GINA];
        trying("%s without a session in %s", op->command.name, way_names[way]);
        ask_op(way, visitor, op, args_for(op, caller_for(op)), &answer);
        expect_error(&answer, ERR_UNAUTHENTICATED);
        answer_fini(&answer);
        ask_op(way, visitor, op, args_of_path(op, caller_for(op)), &answer);
        expect_error(&answer, ERR_UNAUTHENTICATED);
        answer_fini(&answer);
    }
}

void nobody_is_let_in_without_a_session(void **state)
{
    (void)state;
    every_op(try_without_session);
}

/* --- tokens --- */

/** Another header, no signature, a letter changed in the signature, … */
static json_t *forged(unsigned which)
{
    const char *token = json_string_value(json_object_get(world.cast[GINA].facts, "access_token"));
    const char *dot = strchr(token, '.');
    const char *last = strrchr(token, '.');
    char *changed = strdup(token);
    json_t *out = NULL;
    changed[last - token + 1] = last[1] == 'A' ? 'B' : 'A';
    switch (which) {
    case 0:
        out = json_string("garbage");
        break;
    case 1:
        out = json_string(changed);
        break;
    case 2: /* {"alg":"none","typ":"at+jwt"} */
        out = json_sprintf("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0%.*s.", (int)(last - dot), dot);
        break;
    case 3:
        out = json_stringn(token, (size_t)(last - token));
        break;
    }
    free(changed);
    return out;
}
#define FORGED_COUNT 4

static void try_token(const struct op *op, json_t *token, int error)
{
    for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(op, way)) {
        struct answer answer;
        struct caller *caller = caller_for(op);
        json_t *args = args_for(op, caller);
        json_object_set(args, "access_token", token);
        trying("%s in %s with a token that is %s", op->command.name, way_names[way],
               error_name(error));
        ask_op(way, caller, op, args, &answer);
        expect_error(&answer, error);
        answer_fini(&answer);
    }
}

static void try_tokens(const struct op *op)
{
    bool takes = false;
    for (uint32_t i = 0; i < op->command.args->count; i++) {
        takes = takes || strcmp(op->command.args->fields[i].name, "access_token") == 0;
    }
    for (unsigned i = 0; i < FORGED_COUNT && takes; i++) {
        json_t *token = forged(i);
        try_token(op, token, ERR_TOKEN_INVALID);
        json_decref(token);
    }
    if (takes) {
        try_token(op, world.expired, ERR_TOKEN_EXPIRED);
    }
}

/** The same as bearers of whatever needs a session. */
static void try_bearer(const struct op *op, const json_t *token, int error)
{
    struct answer answer;
    struct caller *caller = caller_for(op);
    json_t *args = args_for(op, caller);
    trying("%s in REST with a bearer token that is %s", op->command.name, error_name(error));
    ask(WAY_REST, caller,
        &(struct request){.op = op, .args = args, .token = json_string_value(token)}, &answer);
    expect_error(&answer, error);
    answer_fini(&answer);
    json_decref(args);
}

static void try_bearers(const struct op *op)
{
    if (op->needs == OP_NEEDS_NOTHING || !way_leads_to(WAY_REST, op)) {
        return;
    }
    for (unsigned i = 0; i < FORGED_COUNT; i++) {
        json_t *token = forged(i);
        try_bearer(op, token, ERR_TOKEN_INVALID);
        json_decref(token);
    }
    try_bearer(op, world.expired, ERR_TOKEN_EXPIRED);
    try_bearer(op, world.revoked, ERR_SESSION_REVOKED);
}

/** The token of a session that was signed out, on the device that it was made for. */
static void try_revoked(void)
{
    const struct op *open = op_named("session.open");
    for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(open, way)) {
        struct answer answer;
        trying("session.open after a sign-out in %s", way_names[way]);
        ask_op(way, &world.cast[GINA], open,
               json_pack("{s:O, s:O}", "access_token", world.revoked, "device",
                         json_object_get(world.cast[CARL].facts, "device")),
               &answer);
        expect_error(&answer, ERR_SESSION_REVOKED);
        answer_fini(&answer);
    }
}

void tokens_that_are_no_good_are_told_apart(void **state)
{
    (void)state;
    every_op(try_tokens);
    every_op(try_bearers);
    try_revoked();
    no_complaints();
}

/* --- no couple --- */

static void try_single(const struct op *op)
{
    if (op->needs != OP_NEEDS_PAIRED) {
        return;
    }
    for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(op, way)) {
        struct answer answer;
        trying("%s by a single in %s", op->command.name, way_names[way]);
        ask_op(way, &world.cast[CARL], op, args_for(op, caller_for(op)), &answer);
        expect_error(&answer, ERR_NOT_PAIRED);
        answer_fini(&answer);
        ask_op(way, &world.cast[CARL], op, args_of_path(op, caller_for(op)), &answer);
        expect_error(&answer, ERR_NOT_PAIRED);
        answer_fini(&answer);
    }
}

void singles_are_told_that_they_are_not_paired(void **state)
{
    (void)state;
    every_op(try_single);
}

/* --- another couple's --- */

struct theft {
    json_t *args;
    const json_t *id;    /* into every field that takes one */
    const json_t *facts; /* of the victim: into fields of the same name, where id is NULL */
    const struct op *op;
    bool first;      /* numbers become 1: of the victim's first message, and so on */
    unsigned fields; /* that were filled */
};

static void steal_into(void *context, const struct site *site)
{
    struct theft *theft = context;
    json_t *value = NULL;
    if (site->field->kind == FIELD_ID) {
        value = json_deep_copy(
            theft->id != NULL ? theft->id : json_object_get(theft->facts, site->field->name));
    } else if (site->field->kind == FIELD_INT && theft->first) {
        value = json_integer(1);
    }
    if (value == NULL) {
        return;
    }
    json_t *args =
        sample_with(theft->op->command.args, theft->args, theft->facts, site->path, value);
    json_decref(theft->args);
    theft->args = args;
    theft->fields++;
}

/** Nothing of what only the two may know stands in an answer. */
static void expect_no_leak(const struct answer *answer)
{
    static const char *const secrets[] = {"user",  "sid",          "couple",       "epoch",
                                          "email", "access_token", "refresh_token"};
    char *text = json_dumps(answer->result, JSON_COMPACT | JSON_ENCODE_ANY);
    for (enum who who = ANNA; who <= BERT && text != NULL; who++) {
        for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
            const char *secret =
                json_string_value(json_object_get(world.cast[who].facts, secrets[i]));
            if (secret != NULL && strstr(text, secret) != NULL) {
                complain("the answer holds the %s of %s: %s", secrets[i], world.cast[who].name,
                         text);
            }
        }
    }
    free(text);
}

static void drain(void)
{
    for (enum who who = ANNA; who <= BERT; who++) {
        for (enum way way = 0; way < LINK_WAY_COUNT; way++) {
            link_drain_pushes(&world.cast[who].links[way]);
        }
    }
}

/** After a question of theirs, whatever was pushed before it has arrived. */
static void expect_no_push(void)
{
    for (enum who who = ANNA; who <= BERT; who++) {
        for (enum way way = 0; way < LINK_WAY_COUNT; way++) {
            struct answer answer;
            ask_op(way, &world.cast[who], op_named("couple.info"), json_object(), &answer);
            answer_fini(&answer);
            const char *topic = link_next_push(&world.cast[who].links[way]);
            if (topic != NULL) {
                complain("%s got a push of %s", world.cast[who].name, topic);
            }
        }
    }
}

/** Returns whether there was anything to put the id into. */
static bool try_theft(const struct op *op, struct caller *thief, enum way way, const json_t *id,
                      bool first)
{
    struct answer answer;
    const json_t *facts = world.cast[ANNA].facts;
    struct theft theft = {
        .op = op, .args = args_for(op, thief), .id = id, .facts = facts, .first = first};
    sites_of(op->command.args, steal_into, &theft);
    ask(way, thief, &(struct request){.op = op, .args = theft.args}, &answer);
    expect_no_leak(&answer);
    answer_fini(&answer);
    json_decref(theft.args);
    if (op->writes) {
        mend();
    }
    return theft.fields > 0;
}

static void try_stranger(const struct op *op)
{
    static const enum who thieves[] = {DORA, CARL, GINA};
    const json_t *facts = world.cast[ANNA].facts;
    const struct {
        const json_t *id;
        bool first;
    } ways[] = {{NULL, true},
                {NULL, false},
                {json_object_get(facts, "couple"), true},
                {json_object_get(facts, "user"), true},
                {json_object_get(facts, "sid"), false}};
    json_t *before = snapshot(ANNA, BERT);
    drain();
    for (size_t i = 0; i < sizeof thieves / sizeof thieves[0]; i++) {
        struct caller *thief = &world.cast[thieves[i]];
        bool more = true;
        trying("%s by %s with ids of another couple", op->command.name, thief->name);
        for (size_t j = 0; j < sizeof ways / sizeof ways[0] && more; j++) {
            enum way way = (i + j) % WAY_COUNT;
            more = try_theft(op, thief, way_leads_to(way, op) ? way : WAY_JSON, ways[j].id,
                             ways[j].first);
        }
    }
    expect_no_push();
    expect_same_snapshot(before, ANNA, BERT);
}

void strangers_get_nothing(void **state)
{
    (void)state;
    every_op(try_stranger);
}
