#include <fcntl.h>
#include <sodium.h>
#include <sys/wait.h>

#include "storage/datadir.h"
#include "tests/unit/storage/fixture.h"

static struct datadir *open_datadir(const char *path)
{
    struct datadir *datadir = NULL;
    int pid;
    assert_int_equal(datadir_open(path, &datadir, &pid), 0);
    return datadir;
}

static int try_datadir(const char *path)
{
    struct datadir *datadir = NULL;
    int pid;
    int error = datadir_open(path, &datadir, &pid);
    datadir_close(datadir);
    return error;
}

static const char *inside(const char *place, const char *name)
{
    static char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", place, name);
    return path;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static unsigned mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 0777;
}

static void what_is_missing_is_made_for_the_owner_only(void **state)
{
    char *fresh = text_copy(inside(*state, "data/"));
    datadir_close(open_datadir(fresh));
    assert_int_equal(mode_of(inside(*state, "data")), 0700);
    assert_int_equal(mode_of(inside(*state, "data/log")), 0700);
    assert_int_equal(mode_of(inside(*state, "data/state")), 0700);
    assert_int_equal(mode_of(inside(*state, "data/keys")), 0700);
    assert_int_equal(mode_of(inside(*state, "data/LOCK")), 0600);
    FILE *file = fopen(inside(*state, "data/FORMAT"), "r");
    char text[32] = "";
    assert_non_null(fgets(text, sizeof text, file));
    assert_string_equal(text, "duet 2\n");
    (void)fclose(file);
    free(fresh);
    assert_int_equal(try_datadir(inside(*state, "no/such/parent")), ERR_IO);
}

static void paths_lie_in_the_directory(void **state)
{
    struct datadir *datadir = open_datadir(*state);
    assert_string_equal(datadir_log(datadir), inside(*state, "log"));
    assert_string_equal(datadir_state(datadir), inside(*state, "state"));
    datadir_close(datadir);
}

static void keys_and_node_are_made_once_and_stay(void **state)
{
    uint8_t signing[2][64];
    struct id node[2];
    for (int i = 0; i < 2; i++) {
        struct datadir *datadir = open_datadir(*state);
        assert_int_equal(datadir_signing_key(datadir, signing[i]), 0);
        node[i] = datadir_node(datadir);
        datadir_close(datadir);
    }
    assert_memory_equal(signing[0], signing[1], 64);
    assert_true(id_equal(node[0], node[1]) && !id_is_zero(node[0]));
    assert_int_equal(mode_of(inside(*state, "keys/signing.ed25519")), 0600);
    uint8_t signature[crypto_sign_BYTES];
    assert_int_equal(crypto_sign_detached(signature, NULL, (const uint8_t *)"hi", 2, signing[0]),
                     0);
    assert_int_equal(
        crypto_sign_verify_detached(signature, (const uint8_t *)"hi", 2, signing[0] + 32), 0);
}

static void a_key_of_another_length_is_refused(void **state)
{
    struct datadir *datadir = open_datadir(*state);
    uint8_t key[64];
    write_file(inside(*state, "keys/signing.ed25519"), "short");
    assert_int_equal(datadir_signing_key(datadir, key), ERR_CORRUPT);
    datadir_close(datadir);
    write_file(inside(*state, "keys/node.id"), "more than sixteen bytes");
    assert_int_equal(try_datadir(*state), ERR_CORRUPT);
}

/* Opens in a child and exits with the negative of what that returned; 100 if *pid was wrong. */
static int open_in_child(const char *path, int holder)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct datadir *datadir = NULL;
        int pid = -1;
        int error = datadir_open(path, &datadir, &pid);
        _exit(pid == holder ? -error : 100);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

static void a_second_process_is_refused_and_told_the_first(void **state)
{
    struct datadir *datadir = open_datadir(*state);
    assert_int_equal(open_in_child(*state, (int)getpid()), ERR_LOCKED);
    assert_int_equal(try_datadir(*state), ERR_LOCKED); /* nor twice in one process */
    datadir_close(datadir);
    assert_int_equal(open_in_child(*state, 0), 0);
    write_file(inside(*state, "LOCK"), "garbage");
    assert_int_equal(open_in_child(*state, 0), 0);
}

static void another_format_is_refused_and_left_alone(void **state)
{
    static const char *const others[] = {
        "duet 1\n", "duet 2", "", "duet 2\n\n",
        "something long that is certainly not the format of a data directory of ours\n"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        write_file(inside(*state, "FORMAT"), others[i]);
        assert_int_equal(try_datadir(*state), ERR_FORMAT_VERSION);
    }
    assert_int_not_equal(access(inside(*state, "log"), F_OK), 0);
}

static void a_directory_with_a_log_but_no_format_is_refused(void **state)
{
    assert_int_equal(mkdir(inside(*state, "log"), 0700), 0);
    assert_int_equal(try_datadir(*state), ERR_FORMAT_VERSION);
}

static void links_inside_are_not_followed(void **state)
{
    char *target = text_copy(inside(*state, "elsewhere"));
    char *data = text_copy(inside(*state, "data"));
    assert_int_equal(mkdir(data, 0700), 0);
    write_file(target, "precious");
    static const char *const names[] = {"LOCK", "FORMAT", "FORMAT.new", "log", "keys"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(symlink(target, inside(data, names[i])), 0);
        int error = try_datadir(data);
        assert_true(error != 0 || strcmp(names[i], "FORMAT.new") == 0);
        struct stat info;
        assert_int_equal(stat(target, &info), 0);
        assert_int_equal(info.st_size, 8);
        (void)unlink(inside(data, names[i]));
        (void)unlink(inside(data, "FORMAT"));
        (void)rmdir(inside(data, "log"));
        (void)rmdir(inside(data, "state"));
        remove_place(text_copy(inside(data, "keys")));
    }
    free(target);
    free(data);
}

#define PLACE(test) cmocka_unit_test_setup_teardown(test, setup_place, teardown_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE(what_is_missing_is_made_for_the_owner_only),
        PLACE(paths_lie_in_the_directory),
        PLACE(keys_and_node_are_made_once_and_stay),
        PLACE(a_key_of_another_length_is_refused),
        PLACE(a_second_process_is_refused_and_told_the_first),
        PLACE(another_format_is_refused_and_left_alone),
        PLACE(a_directory_with_a_log_but_no_format_is_refused),
        PLACE(links_inside_are_not_followed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
