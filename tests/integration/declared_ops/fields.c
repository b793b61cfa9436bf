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
#include "tests/integration/declared_ops/samples.h"

/** Args with this value (NULL: none) at this place. */
static json_t *args_with(const struct trial *trial, const struct site *site, const json_t *value)
{
    return sample_with(trial->op->command.args, trial->args, trial->caller->facts, site->path,
                       value != NULL ? json_deep_copy(value) : NULL);
}

static void visit_sites(const struct op *op, site_visitor *visit)
{
    struct trial trial = trial_begin(op);
    sites_of(op->command.args, visit, &trial);
    trial_end(&trial);
}

/** … with what is refused: at the end, nothing is to be seen of it. */
static void refuse_sites(const struct op *op, site_visitor *visit)
{
    struct trial trial = trial_begin(op);
    json_t *before = snapshot(ANNA, BERT);
    sites_of(op->command.args, visit, &trial);
    expect_same_snapshot(before, ANNA, BERT);
    trial_end(&trial);
}

/** In a query or a path all is text, and null cannot be said. */
static bool can_be_said(enum way way, const struct field *field, const json_t *value)
{
    if (way != WAY_REST || field->place == FIELD_BODY) {
        return true;
    }
    if (value == NULL) {
        return field->place != FIELD_PATH;
    }
    bool takes_any_text = field->kind == FIELD_TEXT || field->kind == FIELD_BYTES;
    return !json_is_null(value) && (json_is_string(value) || !takes_any_text);
}

/** The field itself, or something in it. */
static bool names(const char *field, const struct site *site)
{
    size_t len = strlen(site->path);
    return strncmp(field, site->path, len) == 0 && (field[len] == 0 || field[len] == '.');
}

static void expect_named(const struct trial *trial, const struct site *site, const json_t *value,
                         const char *what)
{
    json_t *args = args_with(trial, site, value);
    for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(trial->op, way)) {
        struct answer answer;
        if (!can_be_said(way, site->field, value)) {
            continue;
        }
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
        expect_named(trial, site, NULL, "missing");
        expect_named(trial, site, json_null(), "null");
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

/** Null clears: it is a value, and taken as one. */
static void try_clearing(const struct trial *trial, const struct site *site)
{
    for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(trial->op, way)) {
        struct answer answer;
        struct trial again = trial_begin(trial->op);
        trying("%s with %s: null in %s", trial->op->command.name, site->path, way_names[way]);
        ask_op(way, again.caller, again.op, args_with(&again, site, json_null()), &answer);
        if (answer.ended || (answer.error != 0 && must_succeed(trial->op))) {
            complain("is refused: %s", answer_text(&answer));
        }
        answer_fini(&answer);
        trial_end(&again);
        mend();
    }
}

/** Optional: both are taken alike, whatever the op says to it. */
static void try_null(void *context, const struct site *site)
{
    const struct trial *trial = context;
    if (site->field->required == FIELD_NULLABLE) {
        try_clearing(trial, site);
    }
    if (site->field->required != FIELD_OPTIONAL) {
        return;
    }
    for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(trial->op, way)) {
        struct answer answers[2];
        if (!can_be_said(way, site->field, json_null())) {
            continue;
        }
        trying("%s with %s: null in %s", trial->op->command.name, site->path, way_names[way]);
        for (int i = 0; i < 2; i++) {
            struct trial again = trial_begin(trial->op);
            ask_op(way, again.caller, again.op,
                   args_with(&again, site, i == 0 ? NULL : json_null()), &answers[i]);
            trial_end(&again);
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
        expect_named(trial, site, variants.items[i].value, variants.items[i].name);
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
        for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(trial->op, way)) {
            struct answer answer;
            if (!can_be_said(way, site->field, variants.items[i].value)) {
                continue;
            }
            struct trial again = trial_begin(trial->op);
            json_t *args = args_with(&again, site, variants.items[i].value);
            trying("%s with %s: %s in %s", trial->op->command.name, site->path,
                   variants.items[i].name, way_names[way]);
            ask_op(way, again.caller, again.op, args, &answer);
            if (answer.ended ||
                (answer.error == ERR_INVALID_ARGUMENT && is_about_bounds(answer.reason))) {
                complain("is refused: %s", answer_text(&answer));
            }
            answer_fini(&answer);
            trial_end(&again);
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
