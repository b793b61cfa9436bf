#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "runtime/payload.h"

#define THREADS 4
#define ROUNDS 20000

static void *use(void *argument)
{
    struct payload *payload = argument; /* with a reference of its own */
    for (int i = 0; i < ROUNDS; i++) {
        struct payload *more = payload_ref(payload);
        struct bytes bytes = payload_bytes(more);
        if (bytes.len != 5 || memcmp(bytes.data, "hello", 5) != 0) {
            abort();
        }
        payload_unref(more);
    }
    payload_unref(payload);
    return NULL;
}

static void test_the_last_of_many_threads_frees_it(void **state)
{
    pthread_t threads[THREADS];
    (void)state;
    struct payload *payload = payload_create(bytes_of("hello", 5));
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use, payload_ref(payload)), 0);
    }
    payload_unref(payload);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
}

static void test_an_empty_one_is_fine(void **state)
{
    (void)state;
    struct payload *payload = payload_create(bytes_of(NULL, 0));
    assert_int_equal(payload_bytes(payload).len, 0);
    payload_unref(payload);
    payload_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_of_many_threads_frees_it),
        cmocka_unit_test(test_an_empty_one_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
