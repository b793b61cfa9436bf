#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/pool.h"

static const size_t sizes[] = {0, 1, 63, 64, 65, 500, 1023, 1024, 1025, 5000};
enum { SIZES = sizeof sizes / sizeof sizes[0], BLOCKS = 3000 };

static void every_block_is_whole_and_its_own(void **state)
{
    (void)state;
    for (size_t s = 0; s < SIZES; s++) {
        uint8_t *blocks[64];
        for (size_t i = 0; i < 64; i++) {
            blocks[i] = pool_alloc(sizes[s]);
            assert_int_equal((uintptr_t)blocks[i] % 16, 0);
            memset(blocks[i], (int)i, sizes[s]);
        }
        for (size_t i = 0; i < 64; i++) {
            for (size_t at = 0; at < sizes[s]; at++) {
                assert_int_equal(blocks[i][at], i);
            }
            pool_free(blocks[i], sizes[s]);
        }
    }
    pool_free(NULL, 64);
    pool_trim();
}

static void *free_all(void *argument)
{
    void **blocks = argument;
    for (size_t i = 0; i < BLOCKS; i++) {
        pool_free(blocks[i], 256);
    }
    pool_trim();
    return NULL;
}

static void blocks_may_be_freed_on_another_thread(void **state)
{
    static void *blocks[BLOCKS];
    pthread_t thread;
    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            blocks[i] = pool_alloc(256);
        }
        assert_int_equal(pthread_create(&thread, NULL, free_all, blocks), 0);
        pthread_join(thread, NULL);
    }
}

/** One takes, the other frees, over and over: what is freed there comes back here. */
static void *free_all_and_keep(void *argument)
{
    void **blocks = argument;
    for (size_t i = 0; i < BLOCKS; i++) {
        pool_free(blocks[i], 256);
    }
    return NULL;
}

static void blocks_come_back_from_the_thread_that_frees(void **state)
{
    static void *first[BLOCKS], *again[BLOCKS];
    pthread_t thread;
    size_t returned = 0;
    (void)state;
    for (size_t i = 0; i < BLOCKS; i++) {
        first[i] = pool_alloc(256);
    }
    assert_int_equal(pthread_create(&thread, NULL, free_all_and_keep, first), 0);
    pthread_join(thread, NULL); /* it keeps two packs at most, and takes them along */
    for (size_t i = 0; i < BLOCKS; i++) {
        again[i] = pool_alloc(256);
        memset(again[i], (int)i, 256);
        for (size_t j = 0; POOL_KEEPS && j < BLOCKS; j++) {
            returned += again[i] == first[j];
        }
    }
    if (POOL_KEEPS) {
        assert_in_range(returned, BLOCKS - 3 * POOL_PACK_BLOCKS, BLOCKS);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        pool_free(again[i], 256);
    }
    pool_trim();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_come_back_from_the_thread_that_frees),
        cmocka_unit_test(every_block_is_whole_and_its_own),
        cmocka_unit_test(blocks_may_be_freed_on_another_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
