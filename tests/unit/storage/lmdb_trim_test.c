/* What a trim may touch: LMDB's own map, and nothing that only looks like it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "storage/lmdb_trim.h"

#define MAP_BYTES (1 << 20)
#define LOOKALIKES 8
#define LOOKALIKE_BYTES (16 << 20) /* too big for a gap above */

static MDB_env *env_open(const char *folder)
{
    MDB_env *env;
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_mapsize(env, MAP_BYTES), 0);
    assert_int_equal(mdb_env_open(env, folder, 0, 0600), 0);
    return env;
}

static void env_put(MDB_env *env, const char *text)
{
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val key = {.mv_size = 1, .mv_data = (char[]){'k'}};
    MDB_val value = {.mv_size = strlen(text), .mv_data = (void *)(uintptr_t)text};
    assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_put(txn, dbi, &key, &value, 0), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
}

static void env_expect(MDB_env *env, const char *text)
{
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val key = {.mv_size = 1, .mv_data = (char[]){'k'}};
    MDB_val value;
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &txn), 0);
    assert_int_equal(mdb_dbi_open(txn, NULL, 0, &dbi), 0);
    assert_int_equal(mdb_get(txn, dbi, &key, &value), 0);
    assert_int_equal(value.mv_size, strlen(text));
    assert_memory_equal(value.mv_data, text, value.mv_size);
    mdb_txn_abort(txn);
}

static void private_pages_of_a_file_that_looks_the_same_stay(void **state)
{
    (void)state;
    char folder[] = "lmdb_trim_test.XXXXXX";
    char path[64];
    char *lookalikes[LOOKALIKES];
    int fd;
    assert_non_null(mkdtemp(folder));
    MDB_env *env = env_open(folder);
    env_put(env, "before");
    assert_int_equal(mdb_env_get_fd(env, &fd), 0);
    for (size_t i = 0; i < LOOKALIKES; i++) { /* below LMDB's map, where they are found first */
        lookalikes[i] = mmap(NULL, LOOKALIKE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
        assert_ptr_not_equal(lookalikes[i], MAP_FAILED);
        memset(lookalikes[i], 'x', 4096);
    }
    lmdb_trim(env);
    for (size_t i = 0; i < LOOKALIKES; i++) {
        assert_int_equal(lookalikes[i][0], 'x');
        munmap(lookalikes[i], LOOKALIKE_BYTES);
    }
    env_expect(env, "before");
    env_put(env, "after");
    env_expect(env, "after");
    mdb_env_close(env);
    snprintf(path, sizeof path, "%s/data.mdb", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/lock.mdb", folder);
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_pages_of_a_file_that_looks_the_same_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
