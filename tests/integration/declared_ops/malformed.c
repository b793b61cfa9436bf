/*
 * Bytes that are no args: they are refused as a whole, and change nothing.
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

#define MARK "--the-mark--"
#define TOO_DEEP (RECORD_DEPTH_MAX + 1)
/* inside the args, inside a message, inside an array */
#define DEEP_ENOUGH (RECORD_DEPTH_MAX - 3)
#define TOO_LARGE_BYTES (64 * 1024)
#define CLOSE_BAD_BYTES 1007
#define CLOSE_TOO_LARGE 1009

/** On a connection it ends the connection; REST answers. */
static void expect_refused(enum way way, const struct trial *trial, const struct request *request,
                           int error)
{
    int close_code = error == ERR_TOO_LARGE ? CLOSE_TOO_LARGE : CLOSE_BAD_BYTES;
    struct answer answer;
    ask(way, trial->caller, request, &answer);
    if (way == WAY_REST) {
        expect_error(&answer, error);
    } else if (!answer.ended || answer.close_code != close_code) {
        complain("not ended with %d, but %s", close_code, answer_text(&answer));
    }
    answer_fini(&answer);
}

/** In a query or a path only the field is wrong. */
static void expect_refused_in_target(const struct trial *trial, const struct request *request,
                                     const char *name)
{
    struct answer answer;
    ask(WAY_REST, trial->caller, request, &answer);
    bool named = answer.error == ERR_INVALID_ARGUMENT && strcmp(answer.field, name) == 0;
    if (!named && answer.error != ERR_MALFORMED) {
        complain("not INVALID_ARGUMENT of %s, but %s", name, answer_text(&answer));
    }
    answer_fini(&answer);
}

/* --- texts --- */

struct form {
    const char *bytes;
    size_t len;
};
#define FORM(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
static const struct {
    const char *name;
    struct form json, msgpack, target; /* in MessagePack as long as the mark */
} malformed_texts[] = {
    {"a text that is not UTF-8", FORM("ab\xff\xfe"),
     FORM("ab\xff\xfe"
          "efghijkl"),
     FORM("ab%FF%FE")},
    {"an overlong form", FORM("ab\xc0\xaf"),
     FORM("ab\xc0\xaf"
          "efghijkl"),
     FORM("ab%C0%AF")},
    {"a surrogate", FORM("ab\\ud800"),
     FORM("ab\xed\xa0\x80"
          "fghijkl"),
     FORM("ab%ED%A0%80")},
    {"a text with a NUL", FORM("ab\\u0000"), FORM("ab\0defghijkl"), FORM("ab%00")},
};

static void try_text(void *context, const struct site *site)
{
    const struct trial *trial = context;
    enum field_kind kind = site->field->kind;
    if (kind != FIELD_TEXT && kind != FIELD_DAY && kind != FIELD_ENUM) {
        return;
    }
    json_t *args = sample_with(trial->op->command.args, trial->args, trial->caller->facts,
                               site->path, json_string(MARK));
    struct request request = {.op = trial->op, .args = args, .mark = text_of(MARK)};
    for (size_t i = 0; i < sizeof malformed_texts / sizeof malformed_texts[0]; i++) {
        for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(trial->op, way)) {
            bool in_target = way == WAY_REST && site->field->place != FIELD_BODY;
            struct form form = in_target            ? malformed_texts[i].target
                               : way == WAY_MSGPACK ? malformed_texts[i].msgpack
                                                    : malformed_texts[i].json;
            request.instead = bytes_of(form.bytes, form.len);
            trying("%s with %s: %s in %s", trial->op->command.name, site->path,
                   malformed_texts[i].name, way_names[way]);
            if (in_target) {
                expect_refused_in_target(trial, &request, site->path);
            } else {
                expect_refused(way, trial, &request, ERR_MALFORMED);
            }
        }
    }
    json_decref(args);
}

/* --- a field once more --- */

static void try_twice(const struct trial *trial, const struct field *field)
{
    char mark[96] = "";
    struct answer answer;
    memset(mark, '~', strlen(field->name));
    json_t *args = json_copy(trial->args);
    json_object_set(args, mark, json_object_get(trial->args, field->name));
    struct request request = {
        .op = trial->op, .args = args, .mark = text_of(mark), .instead = text_of(field->name)};
    trying("%s with %s twice in JSON", trial->op->command.name, field->name);
    expect_refused(WAY_JSON, trial, &request, ERR_MALFORMED);
    trying("%s with %s twice in MessagePack", trial->op->command.name, field->name);
    ask(WAY_MSGPACK, trial->caller, &request, &answer);
    expect_error(&answer, ERR_MALFORMED);
    answer_fini(&answer);
    trying("%s with %s twice in REST", trial->op->command.name, field->name);
    if (!way_leads_to(WAY_REST, trial->op) || field->place == FIELD_PATH) {
        json_decref(args);
        return;
    }
    if (field->place == FIELD_BODY) {
        expect_refused(WAY_REST, trial, &request, ERR_MALFORMED);
    } else if (!rest_takes_body(trial->op)) {
        expect_refused_in_target(trial, &request, field->name);
    }
    json_decref(args);
}

/* --- the whole --- */

/** In a field that nobody knows: it is read past, and all the same not at any price. */
static void try_whole(const struct trial *trial)
{
    char *text = memory_alloc(TOO_LARGE_BYTES + 1);
    memset(text, 'a', TOO_LARGE_BYTES);
    json_t *large = json_copy(trial->args);
    json_t *deep = json_copy(trial->args);
    json_object_set_new(large, "never_a_field", json_string(text));
    json_object_set_new(deep, "never_a_field", sample_nested(TOO_DEEP));
    for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(trial->op, way)) {
        if (way != WAY_REST || rest_takes_body(trial->op)) {
            trying("%s with something nested too deep in %s", trial->op->command.name,
                   way_names[way]);
            expect_refused(way, trial, &(struct request){.op = trial->op, .args = deep},
                           ERR_MALFORMED);
            trying("%s with something too large in %s", trial->op->command.name, way_names[way]);
            expect_refused(way, trial, &(struct request){.op = trial->op, .args = large},
                           ERR_TOO_LARGE);
        }
    }
    json_decref(large);
    json_decref(deep);
    free(text);
}

static void try_malformed(const struct op *op)
{
    struct trial trial = trial_begin(op);
    const struct record_type *type = op->command.args;
    json_t *before = snapshot(ANNA, BERT);
    sites_of(type, try_text, &trial);
    for (uint32_t i = 0; i < type->count; i++) {
        if (json_object_get(trial.args, type->fields[i].name) != NULL) {
            try_twice(&trial, &type->fields[i]);
        }
    }
    try_whole(&trial);
    expect_same_snapshot(before, ANNA, BERT);
    trial_end(&trial);
}

void malformed_bytes_change_nothing(void **state)
{
    (void)state;
    every_op(try_malformed);
}

static void try_deep_enough(const struct op *op)
{
    for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(op, way)) {
        struct trial trial = trial_begin(op);
        struct answer answer;
        json_object_set_new(trial.args, "never_a_field", sample_nested(DEEP_ENOUGH));
        trying("%s with something nested deep in %s", op->command.name, way_names[way]);
        ask(way, trial.caller, &(struct request){.op = op, .args = trial.args}, &answer);
        if (answer.ended || answer.error == ERR_MALFORMED) {
            complain("is refused: %s", answer_text(&answer));
        }
        answer_fini(&answer);
        trial_end(&trial);
        if (op->writes) {
            mend();
        }
    }
}

void nesting_within_bounds_is_read_past(void **state)
{
    (void)state;
    every_op(try_deep_enough);
}
