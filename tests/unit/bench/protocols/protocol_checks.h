/**
 * A text, what a send of it must look like, and what must have been heard: for the tests of
 * protocols.
 */
#ifndef TESTS_UNIT_BENCH_PROTOCOLS_PROTOCOL_CHECKS_H
#define TESTS_UNIT_BENCH_PROTOCOLS_PROTOCOL_CHECKS_H

#include <string.h>

#include <cmocka.h>

#include "tests/unit/bench/protocols/split_feed.h"

#define TEXT "duet 00000003 1 0000000000000005 0000000000000007 "

static const struct chat_text some_text
    __attribute__((unused)) = {.couple = 3, .side = 1, .number = 5, .at_us = 7};

static inline void check_types(const struct split_feed *feed, const enum chat_incoming_type *types,
                               size_t count)
{
    assert_int_equal(feed->lost, 0);
    assert_int_equal(feed->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(feed->items[i].status, 1);
        assert_int_equal(feed->items[i].in.type, types[i]);
    }
}

static inline void check_answers(const struct split_feed *feed, const char *expected, size_t len)
{
    assert_int_equal(feed->link.out.len, len);
    assert_memory_equal(feed->link.out.data, expected, len);
}

/* What one send of `some_text` in run 0xaa looks like. */
static inline void check_send(const struct chat_protocol *protocol, uint32_t id,
                              const char *expected, size_t len)
{
    struct chat_template template = {0};
    struct buffer out = {0};
    protocol->template_init(&template, CHAT_TEXT_BYTES_MIN, 0xaa);
    protocol->append(&template, id, 9, &some_text, &out);
    assert_int_equal(out.len, len);
    assert_memory_equal(out.data, expected, len);
    buffer_fini(&out);
    chat_template_fini(&template);
}

/** A single item made of `data`, which must have this status. */
static inline void check_status(const struct chat_protocol *protocol, const char *data, size_t len,
                                int status)
{
    static struct split_feed feed;
    split_feed_init(&feed, protocol);
    split_feed_bytes(&feed, data, len);
    assert_int_equal(feed.count, 1);
    assert_int_equal(feed.items[0].status, status);
    split_feed_fini(&feed);
}

#endif
