/*
 * duetctl verify: walks the whole log. The reader proves every record's checksum and the chain of
 * commit hashes; this only goes on to the end and says what was found.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "base/error.h"
#include "tools/duetctl.h"
#include "tools/offline.h"

struct walk {
    uint64_t records;
    uint64_t commits;
    uint64_t bytes;
    struct log_commit_info last;
    time_t said_at;
};

static void say_progress(struct walk *walk, struct lsn at, struct lsn tail)
{
    time_t now = time(NULL);
    if (now != walk->said_at && isatty(STDERR_FILENO)) {
        walk->said_at = now;
        fprintf(stderr, "\rverified %" PRIu64 " records, %.0f %%", walk->records,
                tail.v == 0 ? 100.0 : 100.0 * (double)at.v / (double)tail.v);
    }
}

static void count_commit(struct walk *walk, const struct log_reader *reader)
{
    struct log_commit_info commit;
    if (log_reader_commit(reader, &commit) && commit.lsn.v != walk->last.lsn.v) {
        walk->last = commit;
        walk->commits++;
    }
}

static int walk_log(struct walk *walk, struct log_reader *reader, struct lsn tail)
{
    struct log_record record;
    int error;
    while ((error = log_reader_next(reader, &record)) == 0) {
        walk->records++;
        walk->bytes += record.payload.len;
        count_commit(walk, reader);
        say_progress(walk, record.lsn, tail);
    }
    count_commit(walk, reader);
    if (walk->said_at != 0) {
        fputc('\n', stderr);
    }
    return error == ERR_END ? 0 : error;
}

static int report(const struct walk *walk, const struct log_reader *reader, int error)
{
    if (error != 0) {
        const char *reason = "";
        struct lsn at = log_reader_fault(reader, &reason);
        return complain(
            &subcommand_verify, 1,
            "damaged at LSN %" PRIu64 ": %s (%s); the %" PRIu64
            " records before it are sound, up to LSN %" PRIu64 "; restore the log from a backup",
            at.v, reason != NULL ? reason : "", error_name(error), walk->records, walk->last.lsn.v);
    }
    char hash[2 * sizeof walk->last.hash + 1];
    sodium_bin2hex(hash, sizeof hash, walk->last.hash, sizeof walk->last.hash);
    printf("sound: records %" PRIu64 " commits %" PRIu64 " payload_bytes %" PRIu64
           " last_lsn %" PRIu64 " hash %s\n",
           walk->records, walk->commits, walk->bytes, walk->last.lsn.v, hash);
    return 0;
}

static int explain_open(int error, const char *data, const struct offline *offline)
{
    switch (error) {
    case ERR_NOT_FOUND:
        return complain(&subcommand_verify, 1, "%s is no data directory of duet; --data says which",
                        data);
    case ERR_LOCKED:
        return complain(&subcommand_verify, 1, "%s is in use by process %d; stop it first: kill %d",
                        data, offline->holder, offline->holder);
    case ERR_CORRUPT:
        return complain(&subcommand_verify, 1,
                        "damaged: the log does not open; the line above names the segment; "
                        "restore it from a backup");
    default:
        return complain(&subcommand_verify, 1, "cannot open the log in %s: %s", data,
                        error_text(error, LANGUAGE_EN));
    }
}

static int run_verify(int argc, char **argv)
{
    const char *data = "./data";
    const struct flag flags[] = {{"--data", "DIR", "default ./data", &data, NULL}, {0}};
    int status = flags_parse(&subcommand_verify, flags, argc, argv);
    if (status >= 0) {
        return status;
    }
    struct offline offline;
    int error = offline_open(data, &offline);
    if (error != 0) {
        return explain_open(error, data, &offline);
    }
    struct walk walk = {0};
    struct log_reader *reader = NULL;
    error = log_reader_open(offline.log, (struct lsn){0}, &reader);
    if (error == 0) {
        error = walk_log(&walk, reader, log_tail(offline.log));
        status = report(&walk, reader, error);
        log_reader_close(reader);
    } else {
        status = explain_open(error, data, &offline);
    }
    offline_close(&offline);
    return status;
}

const struct subcommand subcommand_verify = {
    .name = "verify", .summary = "prove the log, record by record", .run = run_verify};
