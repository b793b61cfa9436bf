/**
 * The records of couples who chat, made without a server: what their actors would have put in the
 * log. Messages go round all couples, and within a couple from one member to the other. One thread.
 */
#ifndef BENCH_LOG_CHAT_H
#define BENCH_LOG_CHAT_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "storage/log.h"

#define LOG_CHAT_TEXT_BYTES 200

struct log_couple {
    struct id couple;
    struct id members[2]; /* users */
    struct id devices[2]; /* of the members */
    int64_t sent[2];      /* and the number of the device's last message */
    int64_t messages;     /* and entries of the stream: there are no others */
};

struct log_chat {
    struct log_couple *couples;
    size_t count;
    uint64_t messages;     /* made so far */
    struct buffer payload; /* of the record made last */
    struct buffer run;     /* encoded records, not committed yet */
    int64_t tended_us;     /* when the log was last tended */
};

/** Couples with random ids. The log that takes their messages must have log_chat_found's first. */
void log_chat_init(struct log_chat *chat, size_t couples);
void log_chat_fini(struct log_chat *chat);

/** Makes the record of the next message; its payload lives until the next call. */
void log_chat_next(struct log_chat *chat, struct log_record *out);

/**
 * Commits `chat->run` and empties it; makes the next segment ready now and then. 0, or
 * ERR_STORAGE_FULL when the log has no room: nothing was written.
 */
int log_chat_commit(struct log_chat *chat, struct log *log);

/** Commits the records that make the couples. 0, ERR_STORAGE_FULL. */
int log_chat_found(struct log_chat *chat, struct log *log);

/**
 * Commits so many messages to the log of data directory `data`, the couples before them when the
 * log is empty; both are made when they are missing, and nobody may have them open. 0, or as of
 * datadir_open, log_open and log_chat_write.
 */
int log_chat_store(struct log_chat *chat, const char *data, uint64_t messages, uint32_t batch);

/** Commits so many messages more, as many at a time as `batch` says. 0, ERR_STORAGE_FULL, ERR_END
 * when interrupted. */
int log_chat_write(struct log_chat *chat, struct log *log, uint64_t messages, uint32_t batch);

#endif
