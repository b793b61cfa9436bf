/**
 * The promises, each tried with every op of the registry. For cmocka.
 */
#ifndef TESTS_INTEGRATION_DECLARED_OPS_CASES_H
#define TESTS_INTEGRATION_DECLARED_OPS_CASES_H

#include "tests/integration/declared_ops/cast.h"

/** Walks the registry: one op after the other. */
void every_op(void (*try)(const struct op *op));

/** One op, and args that would do. */
struct trial {
    const struct op *op;
    struct caller *caller;
    json_t *args;
};
struct trial trial_begin(const struct op *op);
void trial_end(struct trial *trial);

/** Args of which every field is wrong. Owned. */
json_t *wrong_args(const struct op *op);
/** Complains unless these two see now what they saw before (taken over). */
void expect_same_snapshot(json_t *before, enum who first, enum who second);
/** Complains unless this is the error. */
void expect_error(const struct answer *answer, int error);

/* answers.c */
void answers_are_declared(void **state);
void reads_are_the_same_on_every_way(void **state);
void unknown_fields_are_ignored(void **state);
void errors_speak_the_language_asked_for(void **state);

/* access.c */
void nobody_is_let_in_without_a_session(void **state);
void tokens_that_are_no_good_are_told_apart(void **state);
void singles_are_told_that_they_are_not_paired(void **state);
void strangers_get_nothing(void **state);

/* fields.c */
void missing_fields_are_named(void **state);
void null_is_the_same_as_missing(void **state);
void wrong_types_are_named(void **state);
void values_beyond_bounds_are_named(void **state);
void values_at_bounds_are_taken(void **state);

/* malformed.c */
void malformed_bytes_change_nothing(void **state);
void nesting_within_bounds_is_read_past(void **state);

/* keys.c */
void same_key_gives_the_same_answer_once(void **state);
void same_key_with_other_content_is_refused(void **state);
void same_key_twice_at_once_has_one_effect(void **state);
void keys_survive_a_crash(void **state);

/* web.c: only on REST */
void other_methods_are_told_what_is_allowed(void **state);
void other_paths_are_not_found(void **state);
void both_prefixes_are_the_same(void **state);
void bodies_are_json_with_a_length(void **state);
void fields_count_only_where_they_stand(void **state);
void head_is_get_without_the_body(void **state);
void entity_tags_save_the_body(void **state);
void request_ids_come_back(void **state);
void languages_are_weighed(void **state);

/* web_access.c */
void other_ways_to_sign_in_are_refused(void **state);
void cookies_need_a_page_that_is_trusted(void **state);
void costly_ops_say_when_to_come_back(void **state);

#endif
