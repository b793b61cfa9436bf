#include "bench/log_chat.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sodium.h>

#include "actors/couple_records.h"
#include "actors/kinds.h"
#include "base/check.h"
#include "base/error.h"
#include "bench/interrupt.h"
#include "bench/measure.h"
#include "runtime/entries.h"
#include "storage/datadir.h"

#define TEND_EVERY_US 20000 /* as the node's log writer does */
#define FOUND_BATCH 256

static int64_t wall_clock_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Appends an event of a couple actor, found by what it is about. */
static void append_event(struct buffer *payload, const struct record_type *body, const void *value)
{
    for (uint32_t i = 0; i < couple_kind.event_count; i++) {
        const struct event_type *event = couple_kind.events[i];
        if (event->body == body) {
            entry_append(payload, ENTRY_EVENT, event->tag, event->version, body, value);
            return;
        }
    }
    CHECK_ALWAYS(false && "an event that the log needs is gone");
}

static struct id random_id(void)
{
    struct id id;
    randombytes_buf(&id, sizeof id);
    return id;
}

void log_chat_init(struct log_chat *chat, size_t couples)
{
    CHECK_ALWAYS(sodium_init() >= 0);
    *chat = (struct log_chat){.couples = memory_alloc(couples * sizeof *chat->couples),
                              .count = couples};
    for (size_t i = 0; i < couples; i++) {
        chat->couples[i] = (struct log_couple){.couple = random_id(),
                                               .members = {random_id(), random_id()},
                                               .devices = {random_id(), random_id()}};
    }
}

void log_chat_fini(struct log_chat *chat)
{
    buffer_fini(&chat->payload);
    buffer_fini(&chat->run);
    free(chat->couples);
}

static void describe(const struct log_chat *chat, const struct log_couple *couple,
                     struct log_record *out)
{
    *out = (struct log_record){.address = couple_address(couple->couple),
                               .at_ms = wall_clock_ms(),
                               .payload = buffer_bytes(&chat->payload)};
}

void log_chat_next(struct log_chat *chat, struct log_record *out)
{
    char text[LOG_CHAT_TEXT_BYTES];
    struct log_couple *couple = &chat->couples[chat->messages % chat->count];
    int64_t member = couple->messages & 1;
    memset(text, 'a' + (int)(chat->messages % 26), sizeof text);
    chat->messages++;
    couple->messages++;
    couple->sent[member]++;
    buffer_clear(&chat->payload);
    append_event(&chat->payload, &message_sent_type,
                 &(struct message_sent){.seq = couple->messages,
                                        .msg = couple->messages,
                                        .member = member,
                                        .device = couple->devices[member],
                                        .no = couple->sent[member],
                                        .text = bytes_of(text, sizeof text)});
    describe(chat, couple, out);
}

int log_chat_commit(struct log_chat *chat, struct log *log)
{
    struct bytes run = buffer_bytes(&chat->run);
    struct lsn tail;
    int64_t now_us = monotonic_us();
    if (now_us - chat->tended_us >= TEND_EVERY_US) {
        chat->tended_us = now_us;
        log_prepare(log);
    }
    if (!log_has_room(log)) {
        return ERR_STORAGE_FULL;
    }
    log_commit(log, &run, 1, &tail);
    buffer_clear(&chat->run);
    return 0;
}

/* Both were told, in their own streams, that messages wait for them while they are away. Nobody is
 * there in this log, and each first message would tell them: a cost of coming and going, not of
 * messages. */
static void append_told(struct log_chat *chat)
{
    for (int64_t member = 0; member < 2; member++) {
        struct member_told told = {.member = member, .msg = 1};
        append_event(&chat->payload, &member_told_type, &told);
    }
}

static void make_couple(struct log_chat *chat, const struct log_couple *couple)
{
    struct log_record record;
    struct entry_birth birth = {.incarnation = random_id()};
    struct couple_created created = {
        .a = couple->members[0], .b = couple->members[1], .epoch = random_id()};
    buffer_clear(&chat->payload);
    entry_append(&chat->payload, ENTRY_BIRTH, 0, 0, &entry_birth_type, &birth);
    append_event(&chat->payload, &couple_created_type, &created);
    append_told(chat);
    describe(chat, couple, &record);
    log_record_encode(&record, &chat->run);
}

int log_chat_found(struct log_chat *chat, struct log *log)
{
    int error = 0;
    for (size_t i = 0; i < chat->count && error == 0; i++) {
        make_couple(chat, &chat->couples[i]);
        if ((i + 1) % FOUND_BATCH == 0 || i + 1 == chat->count) {
            error = log_chat_commit(chat, log);
        }
    }
    return error;
}

int log_chat_write(struct log_chat *chat, struct log *log, uint64_t messages, uint32_t batch)
{
    int error = 0;
    while (messages != 0 && error == 0) {
        uint64_t count = messages < batch ? messages : batch;
        for (uint64_t i = 0; i < count; i++) {
            struct log_record record;
            log_chat_next(chat, &record);
            log_record_encode(&record, &chat->run);
        }
        messages -= count;
        error = log_chat_commit(chat, log);
        error = error == 0 && interrupted() ? ERR_END : error;
    }
    return error;
}

int log_chat_store(struct log_chat *chat, const char *data, uint64_t messages, uint32_t batch)
{
    struct datadir *datadir;
    struct log *log;
    int holder;
    int error = datadir_open(data, &datadir, &holder);
    if (error != 0) {
        return error;
    }
    struct log_config config = {.directory = datadir_log(datadir)};
    error = log_open(&config, &log);
    if (error == 0) {
        error = log_tail(log).v == 0 ? log_chat_found(chat, log) : 0;
        error = error == 0 ? log_chat_write(chat, log, messages, batch) : error;
        log_close(log);
    }
    datadir_close(datadir);
    return error;
}
