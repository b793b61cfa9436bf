/*
 * Profiles and notifications at a real daemon. The second person speaks JSON, the first one
 * MessagePack: null clears in both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "actors/user_notifications.h"
#include "actors/user_profile.h"
#include "base/error.h"
#include "tests/integration/support_people.h"

static int update(struct person *person, struct user_update_args args,
                  struct user_profile_result *result)
{
    return call(person, "user.update", &user_update_args_type, &args, &user_profile_result_type,
                result);
}

static struct user_profile_result profile(struct person *person)
{
    struct user_profile_result result;
    must(person, "user.profile", NULL, NULL, &user_profile_result_type, &result);
    return result;
}

static struct notification_unread_result unread(struct person *person)
{
    struct notification_unread_result result;
    must(person, "notification.unread", NULL, NULL, &notification_unread_result_type, &result);
    return result;
}

static void one_changes_and_clears(struct person *person, const char *nickname)
{
    struct user_profile_result result;
    struct user_update_args args = {.nickname = text_of(nickname),
                                    .has_nickname = true,
                                    .bio = text_of("바다를 걷는다"),
                                    .has_bio = true};
    assert_int_equal(update(person, args, &result), 0);
    assert_true(bytes_equal(result.nickname, text_of(nickname)));
    assert_int_equal(result.birth_date.year, 1998);
    assert_int_equal(update(person, (struct user_update_args){.has_bio = true}, &result), 0);
    assert_true(!result.has_bio && result.has_nickname && result.has_birth_date);
    assert_int_equal(update(person, (struct user_update_args){0}, &result), 0);
    result = profile(person);
    assert_true(!result.has_bio && bytes_equal(result.nickname, text_of(nickname)));
}

static void test_a_profile_is_changed_and_cleared_in_both_encodings(void **state)
{
    struct two two;
    struct auth_me_result me;
    (void)state;
    two_users(&two);
    one_changes_and_clears(&two.a, "packed");
    one_changes_and_clears(&two.b, "texted");
    must(&two.b, "auth.me", NULL, NULL, &auth_me_result_type, &me);
    assert_true(id_equal(me.user, two.b.user) && id_equal(me.sid, two.b.sid));
    assert_true(id_equal(me.device, two.b.device) && !me.has_couple);
    assert_true(bytes_equal(me.email, text_of(two.b.email)));
    assert_true(bytes_equal(me.nickname, text_of("texted")));
    two_fini(&two);
}

static void test_a_nickname_is_free_for_others_once_it_is_given_up(void **state)
{
    struct two two;
    struct user_profile_result result;
    struct user_update_args minji = {.nickname = text_of("Minji"), .has_nickname = true};
    struct user_update_args other = {.nickname = text_of("Other"), .has_nickname = true};
    (void)state;
    two_users(&two);
    assert_int_equal(update(&two.a, minji, &result), 0);
    assert_int_equal(update(&two.b, minji, &result), ERR_NICKNAME_TAKEN);
    daemon_stop(&people_server);
    daemon_start(&people_server);
    disconnect(&two.a);
    disconnect(&two.b);
    come_online(&two.a);
    come_online(&two.b);
    assert_int_equal(update(&two.b, minji, &result), ERR_NICKNAME_TAKEN);
    assert_int_equal(update(&two.a, other, &result), 0);
    int error = ERR_NICKNAME_TAKEN;
    for (int i = 0; i < 100 && error == ERR_NICKNAME_TAKEN; i++) {
        error = update(&two.b, minji, &result); /* given back a moment after the answer */
    }
    assert_int_equal(error, 0);
    two_fini(&two);
}

/** How many entries of the user's stream a resumed session is given. */
static struct session_open_result back_with(struct person *person, struct id epoch, int64_t after)
{
    struct session_open_result result;
    struct stream_cursor cursor = {.stream = STREAM_USER, .epoch = epoch, .after = after};
    connect_to_server(person);
    struct session_open_args args = {.access_token = text_of(person->access_token),
                                     .device = person->device,
                                     .has_cursors = true,
                                     .cursors = {.items = &cursor, .count = 1}};
    must(person, "session.open", &session_open_args_type, &args, &session_open_result_type,
         &result);
    return result;
}

static void test_an_absence_gives_one_notification_which_is_replayed(void **state)
{
    struct two two;
    struct presence_push presence;
    struct chat_waiting_push waiting;
    (void)state;
    two_paired(&two);
    struct notification_unread_result before = unread(&two.b);
    says(&two.a, "there?");
    hears(&two.b, "there?");
    disconnect(&two.b);
    do {
        awaits(&two.a, "presence", NULL, &presence_push_type, &presence);
    } while (presence.online);
    int64_t first = says(&two.a, "away").msg;
    says(&two.a, "and still");
    (void)back_with(&two.b, before.epoch, before.head);
    struct duet_push push =
        awaits(&two.b, "user", "chat.waiting", &chat_waiting_push_type, &waiting);
    assert_int_equal(push.seq, before.head + 1);
    assert_int_equal(waiting.msg, first);
    assert_true(id_equal(waiting.from, two.a.user));
    assert_int_equal(unread(&two.b).head, before.head + 1);
    two_fini(&two);
}

static void test_reading_on_one_device_tells_the_others(void **state)
{
    struct two two;
    struct person twin;
    struct notification_list_args list_args = {.page = 1, .has_page = true};
    struct notification_list_result list;
    struct notification_read_result read;
    struct notification_read_push told;
    (void)state;
    two_paired(&two);
    person_init(&twin, DUET_SUBPROTOCOL_JSON);
    memcpy(twin.email, two.a.email, sizeof twin.email);
    connect_to_server(&twin);
    assert_int_equal(log_in(&twin, PASSWORD), 0);
    come_online(&twin);
    must(&twin, "notification.list", &notification_list_args_type, &list_args,
         &notification_list_result_type, &list);
    assert_int_equal(list.total, 1);
    assert_int_equal(list.pages, 1);
    const struct notification *newest = list.notifications.items;
    const struct notification_data *data = newest->data;
    assert_int_equal(newest->type, USER_ENTRY_MATCHED);
    assert_true(id_equal(data->partner, two.b.user) && !newest->read);
    struct notification_read_args args = {.up_to = 1};
    must(&two.a, "notification.read", &notification_read_args_type, &args,
         &notification_read_result_type, &read);
    assert_int_equal(read.count, 0);
    awaits(&twin, "notification", NULL, &notification_read_push_type, &told);
    assert_int_equal(told.read_up_to, 1);
    assert_int_equal(told.count, 0);
    args.up_to = 2;
    assert_int_equal(call(&twin, "notification.read", &notification_read_args_type, &args,
                          &notification_read_result_type, &read),
                     ERR_INVALID_ARGUMENT);
    person_fini(&twin);
    two_fini(&two);
}

static int start_server(void **state)
{
    (void)state;
    static const char *const options[] = {"--drain", "1s", "--costly-per-minute-address", "100000",
                                          NULL};
    if (sodium_init() < 0) {
        return -1;
    }
    daemon_init(&people_server, options);
    daemon_start(&people_server);
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    daemon_stop(&people_server);
    daemon_destroy(&people_server);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_profile_is_changed_and_cleared_in_both_encodings),
        cmocka_unit_test(test_a_nickname_is_free_for_others_once_it_is_given_up),
        cmocka_unit_test(test_an_absence_gives_one_notification_which_is_replayed),
        cmocka_unit_test(test_reading_on_one_device_tells_the_others),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
