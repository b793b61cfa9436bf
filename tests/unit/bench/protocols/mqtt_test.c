#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "bench/protocol.h"
#include "tests/unit/bench/protocols/protocol_checks.h"

#define TOPIC "chat/00000000000000aa/00000003/1"

/* As mosquitto 2.0 said it to both partners, one after the other. */
static const char captured[] = "@\002\001\002"
                               "2V\000 " TOPIC "\000\001" TEXT "\320\000"
                               "@\002\200\000";

static void check_captured(const struct split_feed *feed)
{
    static const enum chat_incoming_type types[] = {CHAT_ACKED, CHAT_MESSAGE, CHAT_OTHER,
                                                    CHAT_ACKED};
    check_types(feed, types, 4);
    assert_int_equal(feed->items[0].in.id, 0x101);
    assert_string_equal(feed->items[1].text, TEXT);
    assert_int_equal(feed->items[3].in.id, 0x7fff);
    check_answers(feed, "@\002\000\001", 4);
}

static void packets_are_told_apart_wherever_they_are_cut(void **state)
{
    (void)state;
    split_feed_everywhere_bytes(&mqtt_protocol, captured, sizeof captured - 1, check_captured);
}

static void a_send_is_a_publish_of_quality_1_whose_id_is_never_0(void **state)
{
    (void)state;
    static const char first[] = "2V\000 " TOPIC "\000\001" TEXT;
    static const char last[] = "2V\000 " TOPIC "\200\000" TEXT;
    check_send(&mqtt_protocol, 0, first, sizeof first - 1);
    check_send(&mqtt_protocol, 0x8000, first, sizeof first - 1);
    check_send(&mqtt_protocol, 0xffff7fff, last, sizeof last - 1);
}

static void a_long_packet_has_a_longer_length(void **state)
{
    (void)state;
    struct chat_template template = {0};
    mqtt_protocol.template_init(&template, 200, 0);
    assert_int_equal(template.frame.len, 3 + 2 + 32 + 2 + 200);
    assert_int_equal(mqtt_protocol.split(buffer_bytes(&template.frame)), template.frame.len);
    assert_int_equal(mqtt_protocol.split(bytes_of(template.frame.data, 2)), 0);
    chat_template_fini(&template);
}

static void what_a_broker_would_not_say_is_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *data;
        size_t len;
    } wrong[] = {
        {"@\001\001", 3},                /* PUBACK without an id */
        {"@\002\000\000", 4},            /* of id 0 */
        {"0\004\000\001ax", 6},          /* PUBLISH of quality 0 */
        {"4\006\000\001a\000\001x", 8},  /* of quality 2 */
        {"2\001\000", 3},                /* without a topic */
        {"2\004\000\002ab", 6},          /* without an id */
        {"2\007\377\377a\000\001xx", 9}, /* a topic longer than the packet */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        check_status(&mqtt_protocol, wrong[i].data, wrong[i].len, ERR_MALFORMED);
    }
    static const char endless[] = "2\377\377\377\377\001";
    assert_true(mqtt_protocol.split(text_of(endless)) == LINK_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_are_told_apart_wherever_they_are_cut),
        cmocka_unit_test(a_send_is_a_publish_of_quality_1_whose_id_is_never_0),
        cmocka_unit_test(a_long_packet_has_a_longer_length),
        cmocka_unit_test(what_a_broker_would_not_say_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
