#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/error.h"
#include "bench/protocol.h"
#include "tests/unit/bench/protocols/split_feed.h"

/* As ejabberd 23.01 said it, but for the first attribute of the message. */
static const char captured[] =
    "<a h='1' xmlns='urn:xmpp:sm:3'/>"
    "<message note='1 /> 0' xml:lang='en' to='u00000001-1@localhost/d' "
    "from='u00000001-0@localhost/d' type='chat'><archived by='u00000001-1@localhost' "
    "id='1795272649468434' xmlns='urn:xmpp:mam:tmp'/><stanza-id by='u00000001-1@localhost' "
    "id='1795272649468434' xmlns='urn:xmpp:sid:0'/><body>duet 0</body></message>"
    "<r xmlns='urn:xmpp:sm:3'/>"
    "\n"
    "<presence from='u00000001-0@localhost/d'/>"
    "<a h='3' xmlns='urn:xmpp:sm:3'/>"
    "<r xmlns='urn:xmpp:sm:3'/>";

static void check_captured(const struct split_feed *feed)
{
    static const enum chat_incoming_type types[] = {CHAT_ACKED, CHAT_MESSAGE, CHAT_OTHER,
                                                    CHAT_OTHER, CHAT_OTHER,   CHAT_ACKED,
                                                    CHAT_ACKED, CHAT_OTHER};
    assert_int_equal(feed->lost, 0);
    assert_int_equal(feed->count, 8);
    for (size_t i = 0; i < feed->count; i++) {
        assert_int_equal(feed->items[i].status, 1);
        assert_int_equal(feed->items[i].in.type, types[i]);
    }
    assert_int_equal(feed->items[0].in.id, 0);
    assert_int_equal(feed->items[5].in.id, 1);
    assert_int_equal(feed->items[6].in.id, 2);
    assert_string_equal(feed->items[1].text, "duet 0");
    static const char answers[] = "<a xmlns='urn:xmpp:sm:3' h='1'/>"
                                  "<a xmlns='urn:xmpp:sm:3' h='2'/>";
    assert_int_equal(feed->link.out.len, sizeof answers - 1);
    assert_memory_equal(feed->link.out.data, answers, sizeof answers - 1);
}

static void stanzas_are_told_apart_wherever_they_are_cut(void **state)
{
    (void)state;
    split_feed_everywhere(&xmpp_protocol, captured, check_captured);
}

static void what_no_chat_consists_of_is_malformed(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "<message type='error' from='x'><body>duet</body></message>",
        "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
        "<failed xmlns='urn:xmpp:sm:3'/>",
        "<a xmlns='urn:xmpp:sm:3'/>",
        "<a h='' />",
        "<a h='1x'/>",
        "<a h='4294967295'/>",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        static struct split_feed feed;
        split_feed_init(&feed, &xmpp_protocol);
        split_feed_text(&feed, wrong[i]);
        assert_int_equal(feed.count, 1);
        assert_int_equal(feed.items[0].status, ERR_MALFORMED);
        split_feed_fini(&feed);
    }
}

static void garbage_and_the_end_of_the_stream_end_the_connection(void **state)
{
    (void)state;
    static const char *const garbage[] = {"x", "</stream:stream>", "&lt;"};
    for (size_t i = 0; i < sizeof garbage / sizeof garbage[0]; i++) {
        assert_true(xmpp_protocol.split(text_of(garbage[i])) == LINK_MALFORMED);
    }
    static const char *const unfinished[] = {
        "<", "<a", "<a h='>", "<a h='1'", "<m>", "<m><b/>", "<m><b></b>", "<m></m", "<m>text",
    };
    for (size_t i = 0; i < sizeof unfinished / sizeof unfinished[0]; i++) {
        assert_int_equal(xmpp_protocol.split(text_of(unfinished[i])), 0);
    }
}

static void a_send_is_a_message_and_a_request_to_acknowledge(void **state)
{
    (void)state;
    struct chat_template template = {0};
    struct buffer out = {0};
    struct chat_text text = {.couple = 0xabc, .side = 1, .number = 77, .at_us = 5};
    xmpp_protocol.template_init(&template, CHAT_TEXT_BYTES_MIN, 1);
    xmpp_protocol.append(&template, 77, 0, &text, &out);
    buffer_append_u8(&out, 0);
    assert_string_equal((char *)out.data,
                        "<message type='chat' to='u00000abc-0@localhost/duet'><body>"
                        "duet 00000abc 1 000000000000004d 0000000000000005 "
                        "</body></message><r xmlns='urn:xmpp:sm:3'/>");
    buffer_fini(&out);
    chat_template_fini(&template);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stanzas_are_told_apart_wherever_they_are_cut),
        cmocka_unit_test(what_no_chat_consists_of_is_malformed),
        cmocka_unit_test(garbage_and_the_end_of_the_stream_end_the_connection),
        cmocka_unit_test(a_send_is_a_message_and_a_request_to_acknowledge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
