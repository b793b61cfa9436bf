/**
 * The promises, each tried with every op of the registry. For cmocka.
 */
#ifndef TESTS_INTEGRATION_DECLARED_OPS_CASES_H
#define TESTS_INTEGRATION_DECLARED_OPS_CASES_H

#include "wire/op.h"

/** Walks the registry: one op after the other. */
void every_op(void (*try)(const struct op *op));

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
void malformed_bytes_change_nothing(void **state);

/* keys.c */
void same_key_gives_the_same_answer_once(void **state);
void same_key_with_other_content_is_refused(void **state);
void same_key_twice_at_once_has_one_effect(void **state);
void keys_survive_a_crash(void **state);

#endif
