#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "edge/requests.h"

static void ids_are_in_flight_until_taken(void **state)
{
    struct requests requests = {0};
    struct request out;
    (void)state;
    for (uint32_t id = 0; id < 1000; id++) {
        assert_false(requests_contain(&requests, id));
        requests_add(&requests, id, REQUEST_FOR_CLIENT, LANGUAGE_KO, (struct bytes){0});
    }
    for (uint32_t id = 1000; id-- > 0;) {
        assert_true(requests_take(&requests, id, &out));
        assert_null(out.trace);
        assert_int_equal(out.lang, LANGUAGE_KO);
        assert_false(requests_take(&requests, id, &out));
    }
    assert_int_equal(requests.count, 0);
    assert_int_equal(requests.cap, 0); /* the memory of a burst is given back */
    requests_fini(&requests);
}

static void a_trace_is_kept_and_freed(void **state)
{
    struct requests requests = {0};
    struct request out;
    (void)state;
    requests_add(&requests, 1, REQUEST_FOR_OPEN, LANGUAGE_EN, bytes_of("trace", 5));
    requests_add(&requests, 2, REQUEST_FOR_CLIENT, LANGUAGE_EN, bytes_of("other", 5));
    assert_int_equal(requests_get(&requests, 1)->answer_for, REQUEST_FOR_OPEN);
    assert_null(requests_get(&requests, 3));
    assert_true(requests_take(&requests, 1, &out));
    assert_true(bytes_equal(request_trace(&out), bytes_of("trace", 5)));
    free(out.trace);
    requests_fini(&requests);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_in_flight_until_taken),
        cmocka_unit_test(a_trace_is_kept_and_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
