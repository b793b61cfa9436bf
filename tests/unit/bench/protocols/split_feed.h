/**
 * What a protocol makes of bytes that arrive in pieces, through the link that the load uses.
 */
#ifndef TESTS_UNIT_BENCH_PROTOCOLS_SPLIT_FEED_H
#define TESTS_UNIT_BENCH_PROTOCOLS_SPLIT_FEED_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "bench/protocol.h"
#include "wire/record.h"

#define SPLIT_FEED_ITEMS_MAX 32

struct split_feed_item {
    int status;
    struct chat_incoming in;
    char text[CHAT_TEXT_BYTES_MAX]; /* `in.text`, which does not live on */
};

struct split_feed {
    const struct chat_protocol *protocol;
    struct link link;
    struct chat_channel channel; /* answers gather in link.out */
    int lost;                    /* what ended the link, else 0 */
    size_t count;
    struct split_feed_item items[SPLIT_FEED_ITEMS_MAX];
};

static inline void split_feed_init(struct split_feed *feed, const struct chat_protocol *protocol)
{
    memset(feed, 0, sizeof *feed);
    feed->protocol = protocol;
    feed->link.fd = -1;
    feed->link.split = protocol->split;
    feed->channel.out = &feed->link.out;
    ws_parser_init(&feed->link.parser, 65536);
}

static inline void split_feed_fini(struct split_feed *feed)
{
    link_fini(&feed->link);
}

static inline void split_feed_handle(void *owner, struct bytes message)
{
    struct split_feed *feed = owner;
    int status = 1;
    while (status > 0) {
        assert_true(feed->count < SPLIT_FEED_ITEMS_MAX);
        struct split_feed_item *item = &feed->items[feed->count];
        status = feed->protocol->next(&feed->channel, &message, &item->in);
        item->status = status;
        feed->count += status != 0;
        if (status > 0 && item->in.type == CHAT_MESSAGE) {
            snprintf(item->text, sizeof item->text, "%.*s", (int)item->in.text.len,
                     (const char *)item->in.text.data);
        }
    }
}

/* Each piece is a block of its own, so that a sanitizer sees a read beyond it. */
static inline void split_feed_bytes(struct split_feed *feed, const char *data, size_t len)
{
    void *copy = len != 0 ? memory_copy(data, len) : NULL;
    if (len != 0 && feed->lost == 0) {
        feed->lost = link_feed(&feed->link, bytes_of(copy, len), split_feed_handle, feed);
    }
    free(copy);
}

static inline void split_feed_text(struct split_feed *feed, const char *text)
{
    split_feed_bytes(feed, text, strlen(text));
}

/** Feeds `data` cut in two at every place, and byte by byte; `check` sees each result. */
static inline void split_feed_everywhere_bytes(const struct chat_protocol *protocol,
                                               const char *data, size_t len,
                                               void (*check)(const struct split_feed *feed))
{
    static struct split_feed feed;
    for (size_t cut = 0; cut <= len; cut++) {
        split_feed_init(&feed, protocol);
        split_feed_bytes(&feed, data, cut);
        split_feed_bytes(&feed, data + cut, len - cut);
        check(&feed);
        split_feed_fini(&feed);
    }
    split_feed_init(&feed, protocol);
    for (size_t i = 0; i < len; i++) {
        split_feed_bytes(&feed, data + i, 1);
    }
    check(&feed);
    split_feed_fini(&feed);
}

/** The same of a text. */
static inline void split_feed_everywhere(const struct chat_protocol *protocol, const char *text,
                                         void (*check)(const struct split_feed *feed))
{
    split_feed_everywhere_bytes(protocol, text, strlen(text), check);
}

#endif
