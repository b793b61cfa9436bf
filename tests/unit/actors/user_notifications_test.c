/* Notifications: one for each absence, a mark that only moves forward, and the list in parts. */
#include "tests/unit/actors/people.h"

#include <sodium.h>

#include "actors/user_notifications.h"

static const struct id none;

/** Two people who are a couple, and how many messages were sent. */
struct town {
    struct people people;
    struct id minji, juno, couple;
    int64_t no;
};

static void town_begin(struct town *town)
{
    *town = (struct town){0};
    people_begin(&town->people);
    town->minji = people_add(&town->people, 1);
    town->juno = people_add(&town->people, 2);
    town->couple = people_pair(&town->people, town->minji, town->juno);
}

static void minji_says(struct town *town, const char *text)
{
    struct chat_send_args args = {.no = ++town->no, .text = text_of(text)};
    assert_int_equal(
        people_ask(&town->people, town->minji, town->couple, "chat.send", &args, 0, NULL), 0);
}

static struct notification_unread_result unread(struct town *town)
{
    struct notification_unread_result result;
    assert_int_equal(
        people_ask(&town->people, town->juno, none, "notification.unread", NULL, 0, &result), 0);
    return result;
}

static int read_up_to(struct town *town, int64_t up_to, struct notification_read_result *result)
{
    struct notification_read_args args = {.up_to = up_to};
    return people_ask(&town->people, town->juno, none, "notification.read", &args, 0, result);
}

static struct notification_list_result listed(struct town *town, struct notification_list_args args)
{
    struct notification_list_result result;
    assert_int_equal(
        people_ask(&town->people, town->juno, none, "notification.list", &args, 0, &result), 0);
    return result;
}

static const struct notification *item(const struct notification_list_result *result, uint32_t at)
{
    assert_true(at < result->notifications.count);
    return (const struct notification *)result->notifications.items + at;
}

static void test_a_long_absence_gives_one_notification(void **state)
{
    struct town town;
    (void)state;
    town_begin(&town);
    assert_int_equal(unread(&town).head, 1); /* couple.matched */
    minji_says(&town, "hello?");
    minji_says(&town, "are you there?");
    minji_says(&town, "well");
    assert_int_equal(unread(&town).head, 2);
    struct notification_list_result result = listed(&town, (struct notification_list_args){0});
    const struct notification_data *data = item(&result, 0)->data;
    assert_int_equal(item(&result, 0)->type, USER_ENTRY_WAITING);
    assert_int_equal(data->msg, 1);
    assert_true(id_equal(data->from, town.minji) && id_equal(data->couple, town.couple));
    assert_true(!data->has_by && !data->has_partner);
    data = item(&result, 1)->data;
    assert_int_equal(item(&result, 1)->type, USER_ENTRY_MATCHED);
    assert_true(data->has_partner && !data->has_from && !data->has_msg);
    people_end(&town.people);
}

static void test_who_is_there_gets_none_and_the_next_absence_another(void **state)
{
    struct town town;
    (void)state;
    town_begin(&town);
    minji_says(&town, "away");
    people_come(&town.people, town.juno, town.couple);
    minji_says(&town, "there");
    assert_int_equal(unread(&town).head, 2);
    people_go(&town.people, town.juno, town.couple);
    minji_says(&town, "away again");
    minji_says(&town, "and still");
    assert_int_equal(unread(&town).head, 3);
    people_end(&town.people);
}

static void test_reading_without_a_connection_ends_the_absence_too(void **state)
{
    struct town town;
    (void)state;
    town_begin(&town);
    minji_says(&town, "away");
    struct chat_read_args args = {.up_to = 1};
    assert_int_equal(people_ask(&town.people, town.juno, town.couple, "chat.read", &args, 0, NULL),
                     0);
    minji_says(&town, "away again");
    assert_int_equal(unread(&town).head, 3);
    people_end(&town.people);
}

/** Whatever is lost with the power, the message and its notification come together, and once. */
static void test_a_power_cut_neither_loses_nor_repeats_it(void **state)
{
    (void)state;
    for (int commits = 0; commits < 6; commits++) {
        struct town town;
        town_begin(&town);
        struct chat_send_args args = {.no = 1, .text = text_of("away")};
        people_submit(&town.people, town.minji, town.couple, "chat.send", &args, 0);
        for (int i = 0; i < commits; i++) {
            small_commit(&town.people.small);
        }
        people_power_cut(&town.people);
        people_settle(&town.people);
        assert_int_equal(unread(&town).head, commits == 0 ? 1 : 2);
        minji_says(&town, "away"); /* the same number: sent again */
        assert_int_equal(unread(&town).head, 2);
        people_go(&town.people, town.juno, town.couple); /* nobody was there to go */
        town.no = 1;
        minji_says(&town, "still away");
        assert_int_equal(unread(&town).head, 2);
        people_end(&town.people);
    }
}

static void test_the_mark_moves_forward_only(void **state)
{
    struct town town;
    struct notification_read_result result;
    (void)state;
    town_begin(&town);
    minji_says(&town, "away");
    assert_int_equal(unread(&town).count, 2);
    assert_int_equal(read_up_to(&town, 1, &result), 0);
    assert_int_equal(result.read_up_to, 1);
    assert_int_equal(result.count, 1);
    uint64_t records = town.people.small.tail;
    assert_int_equal(read_up_to(&town, 0, &result), 0);
    assert_int_equal(result.read_up_to, 1);
    assert_int_equal(read_up_to(&town, 1, &result), 0);
    assert_int_equal(town.people.small.tail, records); /* nothing happened */
    assert_int_equal(read_up_to(&town, 3, &result), ERR_INVALID_ARGUMENT);
    assert_string_equal(town.people.small.last.fault.field, "up_to");
    struct notification_list_result list = listed(&town, (struct notification_list_args){0});
    assert_false(item(&list, 0)->read);
    assert_true(item(&list, 1)->read);
    assert_int_equal(read_up_to(&town, 2, &result), 0);
    people_power_cut(&town.people);
    assert_int_equal(unread(&town).count, 0);
    people_end(&town.people);
}

/** So many absences, so many notifications, and couple.matched. */
static void be_away_often(struct town *town, int times)
{
    for (int i = 0; i < times; i++) {
        minji_says(town, "away");
        people_come(&town->people, town->juno, town->couple);
        people_go(&town->people, town->juno, town->couple);
    }
}

static void test_the_list_is_read_whole_by_cursor(void **state)
{
    struct town town;
    struct notification_list_args args = {.limit = 4, .has_limit = true};
    struct notification_list_result part;
    int64_t next = 10;
    (void)state;
    town_begin(&town);
    be_away_often(&town, 9);
    do {
        part = listed(&town, args);
        assert_int_equal(part.total, next > 6 ? 10 : 11);
        for (uint32_t i = 0; i < part.notifications.count; i++) {
            assert_int_equal(item(&part, i)->seq, next--);
        }
        if (next == 6) {
            minji_says(&town, "meanwhile"); /* moves nothing */
        }
        args.cursor = part.next_cursor;
        args.has_cursor = true;
    } while (part.has_next_cursor);
    assert_int_equal(next, 0);
    assert_false(part.has_page || part.has_pages);
    people_end(&town.people);
}

static void test_the_list_is_read_by_page_and_size(void **state)
{
    struct town town;
    struct notification_list_args args = {.page = 2, .has_page = true, .size = 4, .has_size = true};
    (void)state;
    town_begin(&town);
    be_away_often(&town, 9);
    struct notification_list_result part = listed(&town, args);
    assert_int_equal(part.notifications.count, 4);
    assert_int_equal(item(&part, 0)->seq, 6);
    assert_int_equal(part.page, 2);
    assert_int_equal(part.pages, 3);
    assert_false(part.has_next_cursor);
    args.page = 3;
    part = listed(&town, args);
    assert_int_equal(part.notifications.count, 2);
    args.page = INT_BOUND;
    assert_int_equal(listed(&town, args).notifications.count, 0);
    people_end(&town.people);
}

static void test_a_cursor_of_another_user_is_refused(void **state)
{
    struct town town;
    struct notification_list_args args = {.limit = 1, .has_limit = true};
    (void)state;
    town_begin(&town);
    be_away_often(&town, 2);
    args.cursor = listed(&town, args).next_cursor;
    args.has_cursor = true;
    assert_int_equal(
        people_ask(&town.people, town.minji, none, "notification.list", &args, 0, NULL),
        ERR_INVALID_ARGUMENT);
    assert_string_equal(town.people.small.last.fault.field, "cursor");
    args.has_page = true;
    args.page = 1;
    assert_int_equal(people_ask(&town.people, town.juno, none, "notification.list", &args, 0, NULL),
                     ERR_INVALID_ARGUMENT);
    assert_string_equal(town.people.small.last.fault.field, "cursor");
    people_end(&town.people);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_long_absence_gives_one_notification),
        cmocka_unit_test(test_who_is_there_gets_none_and_the_next_absence_another),
        cmocka_unit_test(test_reading_without_a_connection_ends_the_absence_too),
        cmocka_unit_test(test_a_power_cut_neither_loses_nor_repeats_it),
        cmocka_unit_test(test_the_mark_moves_forward_only),
        cmocka_unit_test(test_the_list_is_read_whole_by_cursor),
        cmocka_unit_test(test_the_list_is_read_by_page_and_size),
        cmocka_unit_test(test_a_cursor_of_another_user_is_refused),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
