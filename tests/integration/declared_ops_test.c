/*
 * Promises that every op keeps, made from its declaration: a new op is tried here the day it is
 * declared. What cannot be read from a declaration stands in one table, `plays` in
 * declared_ops/cast.c; an op without a line there is asked with its examples.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/integration/declared_ops/cases.h"
#include "tests/integration/declared_ops/cast.h"

/** With an argument, only the promises whose names match it: "*cookie*". */
int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_declared),
        cmocka_unit_test(reads_are_the_same_on_every_way),
        cmocka_unit_test(unknown_fields_are_ignored),
        cmocka_unit_test(errors_speak_the_language_asked_for),
        cmocka_unit_test(nobody_is_let_in_without_a_session),
        cmocka_unit_test(tokens_that_are_no_good_are_told_apart),
        cmocka_unit_test(singles_are_told_that_they_are_not_paired),
        cmocka_unit_test(strangers_get_nothing),
        cmocka_unit_test(missing_fields_are_named),
        cmocka_unit_test(null_is_the_same_as_missing),
        cmocka_unit_test(wrong_types_are_named),
        cmocka_unit_test(values_beyond_bounds_are_named),
        cmocka_unit_test(values_at_bounds_are_taken),
        cmocka_unit_test(malformed_bytes_change_nothing),
        cmocka_unit_test(nesting_within_bounds_is_read_past),
        cmocka_unit_test(same_key_gives_the_same_answer_once),
        cmocka_unit_test(same_key_with_other_content_is_refused),
        cmocka_unit_test(same_key_twice_at_once_has_one_effect),
        cmocka_unit_test(keys_survive_a_crash),
        cmocka_unit_test(other_methods_are_told_what_is_allowed),
        cmocka_unit_test(other_paths_are_not_found),
        cmocka_unit_test(both_prefixes_are_the_same),
        cmocka_unit_test(bodies_are_json_with_a_length),
        cmocka_unit_test(fields_count_only_where_they_stand),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(entity_tags_save_the_body),
        cmocka_unit_test(request_ids_come_back),
        cmocka_unit_test(languages_are_weighed),
        cmocka_unit_test(other_ways_to_sign_in_are_refused),
        cmocka_unit_test(cookies_need_a_page_that_is_trusted),
        cmocka_unit_test(costly_ops_say_when_to_come_back), /* the last */
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests_name("declared_ops", tests, world_set_up, world_tear_down);
}
