#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/error.h"
#include "tools/chat_state.h"

static char home[512];

static int make_home(void **state)
{
    (void)state;
    char directory[256];
    if (sodium_init() < 0 || getcwd(directory, sizeof directory) == NULL) {
        return -1;
    }
    snprintf(home, sizeof home, "%s/chat_state_test.XXXXXX", directory);
    return mkdtemp(home) != NULL && setenv("XDG_STATE_HOME", home, 1) == 0 ? 0 : -1;
}

static void remove_file(const char *name)
{
    char path[640];
    snprintf(path, sizeof path, "%s/duet/%s", home, name);
    unlink(path);
}

static int remove_home(void **state)
{
    (void)state;
    char path[640];
    remove_file("h_1-a@b.c.json");
    remove_file("h_1-a@b.c.json.lock");
    remove_file("h_1-__evil.json");
    remove_file("h_1-__evil.json.lock");
    snprintf(path, sizeof path, "%s/duet", home);
    return rmdir(path) == 0 && rmdir(home) == 0 ? 0 : -1;
}

static struct chat_state *opened(void)
{
    struct chat_state *state = NULL;
    assert_int_equal(chat_state_open("h_1", "a@b.c", &state), 0);
    return state;
}

static void test_what_was_saved_comes_back(void **unused)
{
    (void)unused;
    struct chat_state *state = opened();
    struct id device = state->device;
    assert_false(id_is_zero(device));
    assert_int_equal(state->next_no, 1);
    chat_state_set_tokens(state, "access", 123, "refresh");
    assert_int_equal(chat_state_add(state, "one \"quoted\"")->no, 1);
    assert_int_equal(chat_state_add(state, "안녕")->no, 2);
    state->last_msg = 17;
    stream_place_set(&state->couple_stream, device, 41);
    assert_int_equal(chat_state_save(state), 0);
    chat_state_close(state);

    state = opened();
    assert_true(id_equal(state->device, device));
    assert_string_equal(state->access_token, "access");
    assert_string_equal(state->refresh_token, "refresh");
    assert_int_equal(state->access_expires_at, 123);
    assert_int_equal(state->next_no, 3);
    assert_int_equal(state->last_msg, 17);
    assert_true(state->couple_stream.known);
    assert_int_equal(state->couple_stream.after, 41);
    assert_false(state->user_stream.known);
    assert_int_equal(state->unsent_count, 2);
    assert_string_equal(chat_state_find(state, 2)->text, "안녕");
    assert_true(chat_state_find(state, 2)->tried);
    chat_state_remove(state, 1);
    assert_null(chat_state_find(state, 1));
    assert_string_equal(state->unsent[0].text, "안녕");
    chat_state_set_tokens(state, NULL, 0, NULL);
    assert_null(state->access_token);
    chat_state_close(state);
}

static void test_the_file_is_its_owners_alone(void **unused)
{
    (void)unused;
    struct stat info;
    struct chat_state *state = opened();
    assert_int_equal(chat_state_save(state), 0);
    assert_int_equal(stat(state->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    chat_state_close(state);
}

static void test_two_terminals_cannot_share_one_account(void **unused)
{
    (void)unused;
    struct chat_state *second = NULL;
    struct chat_state *first = opened();
    assert_int_equal(chat_state_open("h_1", "a@b.c", &second), ERR_LOCKED);
    chat_state_close(first);
    assert_int_equal(chat_state_open("h_1", "a@b.c", &second), 0);
    chat_state_close(second);
}

static void test_a_damaged_file_is_refused_and_kept(void **unused)
{
    (void)unused;
    struct chat_state *state = opened();
    assert_int_equal(chat_state_save(state), 0);
    FILE *file = fopen(state->path, "we");
    assert_non_null(file);
    fputs("{\"device\": 3}", file);
    fclose(file);
    chat_state_close(state);
    assert_int_equal(chat_state_open("h_1", "a@b.c", &state), ERR_CORRUPT);
}

static void test_an_email_cannot_leave_the_directory(void **unused)
{
    (void)unused;
    struct chat_state *state = NULL;
    assert_int_equal(chat_state_open("h_1", "//evil", &state), 0);
    assert_non_null(strstr(state->path, "/duet/h_1-__evil.json"));
    chat_state_close(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_home, remove_home)
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_saved_comes_back),
        TEST(test_the_file_is_its_owners_alone),
        TEST(test_two_terminals_cannot_share_one_account),
        TEST(test_a_damaged_file_is_refused_and_kept),
        TEST(test_an_email_cannot_leave_the_directory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
