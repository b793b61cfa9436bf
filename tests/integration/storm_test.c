/*
 * duet-bench's storms, small: hundreds are cut off at once and come back. What they saw must be
 * complete; how long it took is for measurements on a quiet machine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/integration/support_bench.h"

static int64_t figure(const json_t *found, const char *name)
{
    const json_t *value = json_object_get(found, name);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static void a_storm_loses_nothing(void **state)
{
    (void)state;
    static const char *const words[] = {"storm", "--clients", "300", "--halves", "60", "--others",
                                        "10",    "--rate",    "100", "--before", "1",  "--after",
                                        "1",     "--outage",  "1",   "--missed", "5",  NULL};
    static const char *const zero[] = {"lost",       "doubled",    "disordered", "gaps",
                                       "unanswered", "unexpected", "malformed",  "streams_reset"};
    json_t *found = bench_report(words, 0);
    assert_true(json_is_true(json_object_get(found, "good")));
    assert_int_equal(figure(found, "resumed"), 300);
    for (size_t i = 0; i < sizeof zero / sizeof zero[0]; i++) {
        assert_int_equal(figure(found, zero[i]), 0);
    }
    /* It was no empty storm: 60 missed 5 messages each, and 240 had one under way. */
    assert_true(figure(found, "entries_replayed") >= 60 * 5);
    assert_true(figure(found, "sent_again") > 0);
    assert_int_equal(figure(found, "sent"), figure(found, "delivered"));
    json_decref(found);
}

static void all_get_in(const char *what, const char *clients)
{
    const char *const words[] = {"login",    "--what",  what,     "--clients", clients,
                                 "--others", "5",       "--rate", "50",        "--before",
                                 "1",        "--after", "1",      NULL};
    json_t *found = bench_report(words, 0);
    assert_true(json_is_true(json_object_get(found, "good")));
    assert_int_equal(figure(found, "answered"), atoi(clients));
    assert_int_equal(figure(found, "others_lost"), 0);
    assert_int_equal(figure(found, "gave_up"), 0);
    json_decref(found);
}

static void who_signs_in_with_a_password_gets_in(void **state)
{
    (void)state;
    all_get_in("password", "10");
}

static void who_refreshes_gets_in(void **state)
{
    (void)state;
    all_get_in("refresh", "200");
}

static void who_opens_a_session_gets_in(void **state)
{
    (void)state;
    all_get_in("session", "200");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_storm_loses_nothing),
        cmocka_unit_test(who_signs_in_with_a_password_gets_in),
        cmocka_unit_test(who_refreshes_gets_in),
        cmocka_unit_test(who_opens_a_session_gets_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
