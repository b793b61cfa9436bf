/*
 * What is wrong with a field is said with its name, and changes nothing.
 *
 * Refused values are tried on the same args again and again: nothing comes of them, so nothing has
 * to be mended, and at the end the couple is what it was.
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
#include "tests/integration/declared_ops/cast.h"
#include "tests/integration/declared_ops/samples.h"

#define MARK "@@the-mark@@"
#define TOO_DEEP (RECORD_DEPTH_MAX + 1)
#define DEEP_ENOUGH                                                                                \
    (RECORD_DEPTH_MAX - 3) /* inside the args, inside a message, inside an array                   \
                            */
#define TOO_LARGE_BYTES (64 * 1024)
#define CLOSE_BAD_BYTES 1007
#define CLOSE_TOO_LARGE 1009

/** One op, and args that would do. */
struct trial {
    const struct op *op;
    struct caller *caller;
    json_t *args;
};

static struct trial begin(const struct op *op)
{
    struct caller *caller = caller_for(op);
    return (struct trial){.op = op, .caller = caller, .args = args_for(op, caller)};
}

/** Args with this value (taken over; NULL: none) at this place. */
static json_t *args_with(const struct trial *trial, const struct site *site, json_t *value)
{
    return sample_with(trial->op->command.args, trial->args, trial->caller->facts, site->path,
                       value);
}

static void visit_sites(const struct op *op, site_visitor *visit)
{
    struct trial trial = begin(op);
    sites_of(op->command.args, visit, &trial);
    json_decref(trial.args);
}

/** … with what is refused: at the end, nothing is to be seen of it. */
static void refuse_sites(const struct op *op, site_visitor *visit)
{
    struct trial trial = begin(op);
    json_t *before = snapshot(ANNA, BERT);
    sites_of(op->command.args, visit, &trial);
    json_t *after = snapshot(ANNA, BERT);
    if (!json_equal(before, after)) {
        complain("the couple is not what it was, or this was before");
    }
    json_decref(before);
    json_decref(after);
    json_decref(trial.args);
}

/** The field itself, or something in it. */
static bool names(const char *field, const struct site *site)
{
    size_t len = strlen(site->path);
    return strncmp(field, site->path, len) == 0 && (field[len] == 0 || field[len] == '.');
}

static void expect_named(const struct trial *trial, const struct site *site, json_t *args,
                         const char *what)
{
    for (enum way way = 0; way < WAY_COUNT; way++) {
        struct answer answer;
        trying("%s with %s: %s in %s", trial->op->command.name, site->path, what, way_names[way]);
        ask(way, trial->caller, &(struct request){.op = trial->op, .args = args}, &answer);
        if (answer.ended || answer.error != ERR_INVALID_ARGUMENT || !names(answer.field, site)) {
            complain("not INVALID_ARGUMENT of this field, but %s", answer_text(&answer));
        }
        answer_fini(&answer);
    }
    json_decref(args);
}

/* --- missing and null --- */

static void try_missing(void *context, const struct site *site)
{
    const struct trial *trial = context;
    if (site->field->required == FIELD_REQUIRED) {
        expect_named(trial, site, args_with(trial, site, NULL), "missing");
        expect_named(trial, site, args_with(trial, site, json_null()), "null");
    }
}

static void try_missing_fields(const struct op *op)
{
    refuse_sites(op, try_missing);
}

void missing_fields_are_named(void **state)
{
    (void)state;
    every_op(try_missing_fields);
}

/** Optional: both are taken alike, whatever the op says to it. */
static void try_null(void *context, const struct site *site)
{
    const struct trial *trial = context;
    if (site->field->required == FIELD_REQUIRED) {
        return;
    }
    for (enum way way = 0; way < WAY_COUNT; way++) {
        struct answer answers[2];
        trying("%s with %s: null in %s", trial->op->command.name, site->path, way_names[way]);
        for (int i = 0; i < 2; i++) {
            struct trial again = begin(trial->op);
            ask_op(way, again.caller, again.op,
                   args_with(&again, site, i == 0 ? NULL : json_null()), &answers[i]);
            json_decref(again.args);
            strip_volatile(answers[i].result);
            if (trial->op->writes) {
                mend();
            }
        }
        if (answers[1].ended || answers[0].error != answers[1].error ||
            (!trial->op->writes && answers[0].result != answers[1].result &&
             !json_equal(answers[0].result, answers[1].result))) {
            complain("is not as without it: %s", answer_text(&answers[1]));
        }
        answer_fini(&answers[0]);
        answer_fini(&answers[1]);
    }
}

static void try_null_fields(const struct op *op)
{
    visit_sites(op, try_null);
}

void null_is_the_same_as_missing(void **state)
{
    (void)state;
    every_op(try_null_fields);
}

/* --- wrong types, and beyond bounds --- */

static void try_variants(const struct trial *trial, const struct site *site,
                         void (*make)(const struct field *field, struct variants *out))
{
    struct variants variants = {0};
    make(site->field, &variants);
    for (unsigned i = 0; i < variants.count; i++) {
        expect_named(trial, site, args_with(trial, site, json_incref(variants.items[i].value)),
                     variants.items[i].name);
    }
    variants_fini(&variants);
}

static void try_wrong_type(void *context, const struct site *site)
{
    const struct trial *trial = context;
    try_variants(trial, site, variants_of_wrong_type);
}

static void try_wrong_types(const struct op *op)
{
    refuse_sites(op, try_wrong_type);
}

void wrong_types_are_named(void **state)
{
    (void)state;
    every_op(try_wrong_types);
}

static void try_beyond(void *context, const struct site *site)
{
    const struct trial *trial = context;
    try_variants(trial, site, variants_beyond);
}

static void try_beyond_bounds(const struct op *op)
{
    refuse_sites(op, try_beyond);
}

void values_beyond_bounds_are_named(void **state)
{
    (void)state;
    every_op(try_beyond_bounds);
}

/* --- at bounds --- */

/** As field checks say it; an op's own rules have other words. */
static bool is_about_bounds(const char *reason)
{
    static const char *const reasons[] = {"is empty",           "is too short",
                                          "is too long",        "is too small",
                                          "is too large",       "has too few items",
                                          "has too many items", "is not one of the known values"};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (strcmp(reasons[i], reason) == 0) {
            return true;
        }
    }
    return false;
}

static void restore(const struct op *op, int error)
{
    struct answer answer;
    struct caller *caller = caller_for(op);
    if (op->writes) {
        mend();
    }
    if (error == ERR_INVALID_CREDENTIALS) { /* they are counted; the right ones clear the count */
        ask_op(WAY_JSON, caller, op, args_for(op, caller), &answer);
        answer_fini(&answer);
    }
}

static void try_at(void *context, const struct site *site)
{
    const struct trial *trial = context;
    struct variants variants = {0};
    variants_at(site->field, trial->caller->facts, &variants);
    for (unsigned i = 0; i < variants.count; i++) {
        for (enum way way = 0; way < WAY_COUNT; way++) {
            struct answer answer;
            struct trial again = begin(trial->op);
            json_t *args = args_with(&again, site, json_incref(variants.items[i].value));
            trying("%s with %s: %s in %s", trial->op->command.name, site->path,
                   variants.items[i].name, way_names[way]);
            ask_op(way, again.caller, again.op, args, &answer);
            if (answer.ended ||
                (answer.error == ERR_INVALID_ARGUMENT && is_about_bounds(answer.reason))) {
                complain("is refused: %s", answer_text(&answer));
            }
            answer_fini(&answer);
            json_decref(again.args);
            restore(trial->op, answer.error);
        }
    }
    variants_fini(&variants);
}

static void try_at_bounds(const struct op *op)
{
    visit_sites(op, try_at);
}

void values_at_bounds_are_taken(void **state)
{
    (void)state;
    every_op(try_at_bounds);
}

/* --- malformed bytes --- */

enum malformed { BAD_UTF8, SURROGATE, NUL, MALFORMED_COUNT };
static const struct {
    const char *name;
    struct bytes bytes[WAY_COUNT]; /* as long as the mark, but in JSON */
} malformed[MALFORMED_COUNT] = {
    [BAD_UTF8] = {"a text that is not UTF-8",
                  {[WAY_JSON] = {(const uint8_t *)"ab\xff\xfe", 4},
                   [WAY_MSGPACK] = {(const uint8_t *)"ab\xff\xfe"
                                                     "efghijkl",
                                    12}}},
    [SURROGATE] = {"a surrogate",
                   {[WAY_JSON] = {(const uint8_t *)"ab\\ud800", 8},
                    [WAY_MSGPACK] = {(const uint8_t *)"ab\xed\xa0\x80"
                                                      "fghijkl",
                                     12}}},
    [NUL] = {"a text with a NUL",
             {[WAY_JSON] = {(const uint8_t *)"ab\\u0000", 8},
              [WAY_MSGPACK] = {(const uint8_t *)"ab\0defghijkl", 12}}},
};

/** The frame is not what it should be: the connection ends, and nothing was begun. */
static void expect_malformed(enum way way, const struct trial *trial, const struct request *request,
                             int close_code)
{
    struct answer answer;
    ask(way, trial->caller, request, &answer);
    if (!answer.ended || answer.close_code != close_code) {
        complain("not ended with %d, but %s", close_code, answer_text(&answer));
    }
    answer_fini(&answer);
}

static void try_malformed_text(void *context, const struct site *site)
{
    const struct trial *trial = context;
    enum field_kind kind = site->field->kind;
    if (kind != FIELD_TEXT && kind != FIELD_DAY && kind != FIELD_ENUM) {
        return;
    }
    for (enum way way = 0; way < WAY_COUNT; way++) {
        for (enum malformed which = 0; which < MALFORMED_COUNT; which++) {
            json_t *args = args_with(trial, site, json_string(MARK));
            trying("%s with %s: %s in %s", trial->op->command.name, site->path,
                   malformed[which].name, way_names[way]);
            expect_malformed(way, trial,
                             &(struct request){.op = trial->op,
                                               .args = args,
                                               .mark = text_of(MARK),
                                               .instead = malformed[which].bytes[way]},
                             CLOSE_BAD_BYTES);
            json_decref(args);
        }
    }
}

/** A field once more. */
static void try_twice(const struct trial *trial, const char *name)
{
    char mark[96] = "";
    memset(mark, '~', strlen(name));
    json_t *args = json_copy(trial->args);
    json_object_set(args, mark, json_object_get(trial->args, name));
    struct request request = {
        .op = trial->op, .args = args, .mark = text_of(mark), .instead = text_of(name)};
    struct answer answer;
    trying("%s with %s twice in JSON", trial->op->command.name, name);
    expect_malformed(WAY_JSON, trial, &request, CLOSE_BAD_BYTES);
    trying("%s with %s twice in MessagePack", trial->op->command.name, name);
    ask(WAY_MSGPACK, trial->caller, &request, &answer);
    if (answer.ended || answer.error != ERR_MALFORMED) {
        complain("not MALFORMED, but %s", answer_text(&answer));
    }
    answer_fini(&answer);
    json_decref(args);
}

/** In a field that nobody knows: it is read past, and all the same not at any price. */
static void try_deep(const struct trial *trial)
{
    for (enum way way = 0; way < WAY_COUNT; way++) {
        json_t *args = json_copy(trial->args);
        json_object_set_new(args, "never_a_field", sample_nested(TOO_DEEP));
        trying("%s with something nested too deep in %s", trial->op->command.name, way_names[way]);
        expect_malformed(way, trial, &(struct request){.op = trial->op, .args = args},
                         CLOSE_BAD_BYTES);
        json_decref(args);
    }
}

static void try_large(const struct trial *trial)
{
    for (enum way way = 0; way < WAY_COUNT; way++) {
        char *text = memory_alloc(TOO_LARGE_BYTES + 1);
        memset(text, 'a', TOO_LARGE_BYTES);
        json_t *args = json_copy(trial->args);
        json_object_set_new(args, "never_a_field", json_string(text));
        trying("%s with a message too large in %s", trial->op->command.name, way_names[way]);
        expect_malformed(way, trial, &(struct request){.op = trial->op, .args = args},
                         CLOSE_TOO_LARGE);
        json_decref(args);
        free(text);
    }
}

static void try_malformed(const struct op *op)
{
    struct trial trial = begin(op);
    const struct record_type *type = op->command.args;
    json_t *before = snapshot(ANNA, BERT);
    sites_of(type, try_malformed_text, &trial);
    for (uint32_t i = 0; i < type->count; i++) {
        if (json_object_get(trial.args, type->fields[i].name) != NULL) {
            try_twice(&trial, type->fields[i].name);
        }
    }
    try_deep(&trial);
    try_large(&trial);
    json_t *after = snapshot(ANNA, BERT);
    if (!json_equal(before, after)) {
        complain("the couple is not what it was, or this was before");
    }
    json_decref(before);
    json_decref(after);
    json_decref(trial.args);
}

/** What is nested as deep as may be is read past. */
static void try_deep_enough(const struct op *op)
{
    for (enum way way = 0; way < WAY_COUNT; way++) {
        struct trial trial = begin(op);
        struct answer answer;
        json_object_set_new(trial.args, "never_a_field", sample_nested(DEEP_ENOUGH));
        trying("%s with something nested deep in %s", op->command.name, way_names[way]);
        ask(way, trial.caller, &(struct request){.op = op, .args = trial.args}, &answer);
        if (answer.ended || answer.error == ERR_MALFORMED) {
            complain("is refused: %s", answer_text(&answer));
        }
        answer_fini(&answer);
        json_decref(trial.args);
        if (op->writes) {
            mend();
        }
    }
}

void malformed_bytes_change_nothing(void **state)
{
    (void)state;
    every_op(try_malformed);
    every_op(try_deep_enough);
}
