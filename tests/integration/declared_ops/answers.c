/*
 * What ops answer when nothing is wrong with the question.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "tests/integration/declared_ops/cases.h"
#include "tests/integration/declared_ops/samples.h"

void every_op(void (*try)(const struct op *op))
{
    size_t count = registry_count(world.registry);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        try(registry_at(world.registry, i));
    }
    no_complaints();
}

struct trial trial_begin(const struct op *op)
{
    struct caller *caller = caller_for(op);
    return (struct trial){.op = op, .caller = caller, .args = args_for(op, caller)};
}

void trial_end(struct trial *trial)
{
    json_decref(trial->args);
}

json_t *wrong_args(const struct op *op)
{
    json_t *wrong = json_object();
    for (uint32_t i = 0; i < op->command.args->count; i++) {
        json_object_set_new(wrong, op->command.args->fields[i].name, json_pack("[n]"));
    }
    return wrong;
}

void expect_same_snapshot(json_t *before, enum who first, enum who second)
{
    json_t *after = snapshot(first, second);
    if (!json_equal(before, after)) {
        complain("this, or what was before, had an effect on %s and %s", world.cast[first].name,
                 world.cast[second].name);
    }
    json_decref(before);
    json_decref(after);
}

void expect_error(const struct answer *answer, int error)
{
    if (answer->ended || answer->error != error) {
        complain("not %s, but %s", error_name(error), answer_text(answer));
    }
}

/* --- answers are declared --- */

static bool has_error(const struct op *op, int error)
{
    for (const int *own = op->errors; own != NULL && *own != 0; own++) {
        if (*own == error) {
            return true;
        }
    }
    return false;
}

/** An example that means nothing here may be refused by a field or by an error of the op's own. */
static bool may_refuse(const struct op *op, const struct answer *answer)
{
    return !must_succeed(op) &&
           (answer->error == ERR_INVALID_ARGUMENT || has_error(op, answer->error));
}

static void try_allowed(const struct op *op)
{
    for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(op, way)) {
        struct answer answer;
        struct caller *caller = caller_for(op);
        trying("%s in %s", op->command.name, way_names[way]);
        ask_op(way, caller, op, args_for(op, caller), &answer);
        if (answer.ended || (answer.error != 0 && !may_refuse(op, &answer))) {
            complain("%s is refused: %s", caller->name, answer_text(&answer));
        }
        answer_fini(&answer);
        if (op->writes) {
            mend();
        }
    }
}

/** Whoever else asks may be refused, but as declared, which is judged with every answer. */
static void try_anybody(const struct op *op)
{
    static const enum who all[] = {ANNA, CARL, GINA};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct answer answer;
        struct caller *caller = &world.cast[all[i]];
        trying("%s by %s", op->command.name, caller->name);
        ask_op(WAY_JSON, caller, op, args_for(op, caller_for(op)), &answer);
        answer_fini(&answer);
        mend();
    }
}

void answers_are_declared(void **state)
{
    (void)state;
    every_op(try_allowed);
    every_op(try_anybody);
}

/* --- every way says the same --- */

static void try_same(const struct op *op)
{
    json_t *first = NULL;
    struct caller *caller = caller_for(op);
    json_t *args = args_for(op, caller);
    for (enum way way = WAY_JSON; way < WAY_COUNT && !op->writes; way = way_next(op, way)) {
        struct answer answer;
        trying("%s in %s", op->command.name, way_names[way]);
        ask(way, caller, &(struct request){.op = op, .args = args}, &answer);
        strip_volatile(answer.result);
        if (first == NULL) {
            first = json_incref(answer.result);
        } else if (!json_equal(first, answer.result)) {
            complain("differs from %s: %s", way_names[0], answer_text(&answer));
        }
        answer_fini(&answer);
    }
    json_decref(first);
    json_decref(args);
}

void reads_are_the_same_on_every_way(void **state)
{
    (void)state;
    every_op(try_same);
}

/* --- unknown fields --- */

static void try_unknown_field(const struct op *op)
{
    for (enum way way = WAY_JSON; way < WAY_COUNT; way = way_next(op, way)) {
        struct answer with, without;
        struct caller *caller = caller_for(op);
        trying("%s with fields that nobody knows in %s", op->command.name, way_names[way]);
        ask_op(way, caller, op, args_for(op, caller), &without);
        if (op->writes) {
            mend();
        }
        json_t *args = args_for(op, caller);
        json_object_set_new(args, "never_a_field", json_pack("{s:[i, n]}", "a", 1));
        json_object_set_new(args, "never_a_field_either", json_string("가"));
        ask_op(way, caller, op, args, &with);
        if (with.ended || with.error != without.error) {
            complain("%s", answer_text(&with));
        }
        strip_volatile(with.result);
        strip_volatile(without.result);
        if (!op->writes && !json_equal(with.result, without.result) &&
            with.result != without.result) {
            complain("another answer: %s", answer_text(&with));
        }
        answer_fini(&with);
        answer_fini(&without);
        if (op->writes) {
            mend();
        }
    }
}

void unknown_fields_are_ignored(void **state)
{
    (void)state;
    every_op(try_unknown_field);
}

/* --- language and trace --- */

/** With args that are refused in any case: by the session that is missing, or by a field. */
static void try_language(const struct op *op)
{
    bool needs = op->needs != OP_NEEDS_NOTHING;
    struct caller *caller = needs ? &world.cast[GINA] : caller_for(op);
    json_t *wrong = wrong_args(op);
    for (enum way way = WAY_JSON; way < WAY_COUNT && (needs || json_object_size(wrong) > 0);
         way = way_next(op, way)) {
        static const char *const languages[] = {"en", "ko", "xx"};
        for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
            struct answer answer;
            trying("%s refused in language %s in %s", op->command.name, languages[i],
                   way_names[way]);
            ask(way, caller,
                &(struct request){
                    .op = op, .args = wrong, .lang = languages[i], .trace = "trace-of-the-test"},
                &answer);
            const char *text = error_text(
                answer.error, strcmp(languages[i], "ko") == 0 ? LANGUAGE_KO : LANGUAGE_EN);
            if (answer.ended || answer.error == 0 || strcmp(answer.message, text) != 0) {
                complain("%s, %s", answer_text(&answer), answer.message);
            }
            if (strcmp(answer.trace, "trace-of-the-test") != 0) {
                complain("trace_id is '%s'", answer.trace);
            }
            answer_fini(&answer);
        }
    }
    json_decref(wrong);
}

void errors_speak_the_language_asked_for(void **state)
{
    (void)state;
    every_op(try_language);
}
