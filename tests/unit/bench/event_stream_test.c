#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "bench/event_stream.h"

static char heard[2048];

static void say(const char *format, ...)
{
    va_list arguments;
    size_t len = strlen(heard);
    va_start(arguments, format);
    vsnprintf(heard + len, sizeof heard - len, format, arguments);
    va_end(arguments);
}

static void opened(void *owner)
{
    (void)owner;
    say("opened|");
}

static void event(void *owner, const struct event *event)
{
    (void)owner;
    say("%.*s%s,%.*s,%.*s|", (int)event->id.len, (const char *)event->id.data,
        event->has_id ? "!" : "", (int)event->name.len, (const char *)event->name.data,
        (int)event->data.len, (const char *)event->data.data);
}

static void comment(void *owner)
{
    (void)owner;
    say(":|");
}

static const struct event_stream_handler handler = {opened, event, comment};

/* Feeds a text in pieces of `step` bytes; the first error. */
static int hear(const char *text, size_t step)
{
    struct event_stream stream = {0};
    size_t len = strlen(text);
    int error = 0;
    heard[0] = '\0';
    for (size_t at = 0; error == 0 && at < len; at += step) {
        size_t piece = len - at < step ? len - at : step;
        error = event_stream_feed(&stream, bytes_of(text + at, piece), &handler, NULL);
    }
    event_stream_fini(&stream);
    return error;
}

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
#define CHUNKED HEAD "Transfer-Encoding: chunked\r\n\r\n"

static void events_are_heard_however_they_are_split(void **state)
{
    static const char text[] = CHUNKED "2\r\n:\n\r\n"
                                       "15\r\nid: 7\ndata: {\"a\":1}\n\n\r\n"
                                       "7\r\ndata:x\n\r\n"
                                       "f\r\ndata: y\nevent:e\r\n"
                                       "c\r\n\nretry: 5\n\n\n\r\n";
    (void)state;
    for (size_t step = 1; step <= sizeof text; step++) {
        assert_int_equal(hear(text, step), 0);
        assert_string_equal(heard, "opened|:|7!,,{\"a\":1}|7,e,x\ny|");
    }
}

static void lines_end_in_three_ways(void **state)
{
    static const char text[] = HEAD "\r\ndata: 1\r\rdata: 2\r\n\r\ndata: 3\n\n";
    (void)state;
    for (size_t step = 1; step <= sizeof text; step++) {
        assert_int_equal(hear(text, step), 0);
        assert_string_equal(heard, "opened|,,1|,,2|,,3|");
    }
}

static void the_end_of_a_stream_is_noticed(void **state)
{
    (void)state;
    assert_int_equal(hear(CHUNKED "9\r\ndata: 1\n\n\r\n0\r\n\r\n", 5), ERR_END);
    assert_string_equal(heard, "opened|,,1|");
}

static void another_answer_is_no_stream(void **state)
{
    static const char *const texts[] = {
        "HTTP/1.1 401 Unauthorized\r\nContent-Type: text/event-stream\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        HEAD "Content-Length: 0\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_int_equal(hear(texts[i], 1000), ERR_FORBIDDEN);
        assert_string_equal(heard, "");
    }
    assert_int_equal(hear(CHUNKED "x\r\n", 1000), ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_heard_however_they_are_split),
        cmocka_unit_test(lines_end_in_three_ways),
        cmocka_unit_test(the_end_of_a_stream_is_noticed),
        cmocka_unit_test(another_answer_is_no_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
