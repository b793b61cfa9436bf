/* What a chat is in relation to the calibration, and the calibration itself, in short. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "bench/calibrate.h"
#include "bench/chat.h"

static json_t *related(const char *window, double per_s, double cpu_us)
{
    json_t *calibration =
        json_pack("{s:f, s:f, s:f, s:f}", "echo_window_1_per_s", 200000.0, "raw_server_cpu_us_w1",
                  2.5, "echo_window_16_per_s", 1000000.0, "raw_server_cpu_us_w16", 0.5);
    json_t *report = json_loads(window, 0, NULL);
    json_object_set_new(report, "acked_per_s", json_real(per_s));
    json_object_set_new(report, "server_cpu_us_per_msg",
                        cpu_us < 0 ? json_null() : json_real(cpu_us));
    chat_relate(report, calibration);
    json_decref(calibration);
    return report;
}

static double number(const json_t *report, const char *name)
{
    return json_number_value(json_object_get(report, name));
}

static void a_chat_is_compared_with_the_raw_server_at_its_window(void **state)
{
    (void)state;
    json_t *one = related("{\"window\": 1}", 50000, 10);
    json_t *sixteen = related("{\"window\": 16}", 400000, 2);
    assert_float_equal(number(one, "raw_ratio"), 4.0, 1e-9);
    assert_float_equal(number(one, "raw_cpu_ratio"), 4.0, 1e-9);
    assert_float_equal(number(sixteen, "raw_ratio"), 2.5, 1e-9);
    assert_float_equal(number(sixteen, "raw_cpu_ratio"), 4.0, 1e-9);
    json_decref(one);
    json_decref(sixteen);
}

static void what_was_not_calibrated_or_measured_is_not_made_up(void **state)
{
    (void)state;
    json_t *other = related("{\"window\": 4}", 50000, 10);
    json_t *rate = related("{\"window\": null}", 50000, 10);
    json_t *no_cpu = related("{\"window\": 1}", 50000, -1);
    json_t *nothing = related("{\"window\": 1}", 0, 10);
    assert_null(json_object_get(other, "raw_ratio"));
    assert_null(json_object_get(rate, "raw_ratio"));
    assert_true(json_is_null(json_object_get(no_cpu, "raw_cpu_ratio")));
    assert_true(json_is_null(json_object_get(nothing, "raw_ratio")));
    json_decref(other);
    json_decref(rate);
    json_decref(no_cpu);
    json_decref(nothing);
}

static void the_raw_server_serves_and_its_cpu_is_its_own(void **state)
{
    (void)state;
    struct echo_figures figures = {0};
    assert_int_equal(calibrate_echo(2, 4, 200000, &figures), 0);
    assert_true(figures.per_s > 0);
    assert_true(figures.server_cpu_us > 0);
    assert_true(figures.server_cpu_us <= 1.05e6 / figures.per_s); /* one thread, one core */
}

static void a_page_fault_takes_time(void **state)
{
    (void)state;
    double us = 0;
    assert_int_equal(calibrate_page_fault(&us), 0);
    assert_true(us > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chat_is_compared_with_the_raw_server_at_its_window),
        cmocka_unit_test(what_was_not_calibrated_or_measured_is_not_made_up),
        cmocka_unit_test(the_raw_server_serves_and_its_cpu_is_its_own),
        cmocka_unit_test(a_page_fault_takes_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
