/**
 * What libduetpowercut.so notes down and powercut_tool undoes.
 *
 * A power cut loses what was written but not synced; `kill -9` does not, because the page cache
 * outlives the process. So the library, loaded by LD_PRELOAD, keeps a journal of every change to
 * files below one directory, with what stood there before, and of every sync. After `kill -9` the
 * tool takes back what no sync had made stable: all of it, or a random part, as disks do.
 *
 * The model is strict: file content and length are stable after fsync or fdatasync of the file, or
 * when written through an O_SYNC or O_DSYNC descriptor (that write only); names (created, renamed,
 * removed) after fsync of their directory. An entry is written before the change it describes is
 * made, and a sync's entry after the sync returned, so a kill in between errs on the strict side.
 *
 * The journal is a sequence of entries, each followed by data_len bytes. An entry's number is its
 * offset in the journal. Names are relative to the directory, names of saved files absolute.
 */
#ifndef TESTS_POWERCUT_JOURNAL_H
#define TESTS_POWERCUT_JOURNAL_H

#include <stdint.h>

#define JOURNAL_MAGIC 0x64757063u

enum journal_type {
    JOURNAL_ROOT = 1,   /* data: the directory */
    JOURNAL_OPENED,     /* data: name; file has it */
    JOURNAL_CREATED,    /* data: name; file has it, and is new */
    JOURNAL_MADE_DIR,   /* data: name */
    JOURNAL_RENAMED,    /* data: from, to, where the file overwritten is saved or "" */
    JOURNAL_UNLINKED,   /* data: name, where the file is saved */
    JOURNAL_WROTE,      /* data: what stood at offset, less than length at the end of the file */
    JOURNAL_SIZED,      /* data: what was cut off */
    JOURNAL_SYNCED,     /* covers: changes of this file with lower numbers are stable */
    JOURNAL_WRITE_DONE, /* covers: the one write with this number is stable */
    JOURNAL_DIR_SYNCED, /* covers; data: name. Changes of names in it are stable */
    JOURNAL_TYPE_COUNT
};

struct journal_entry {
    uint32_t magic;
    uint32_t type;
    uint64_t file; /* inode; the library keeps removed files, so that none is used again */
    uint64_t offset;
    uint64_t length;
    uint64_t old_size;
    uint64_t new_size;
    uint64_t covers;
    uint64_t data_len;
};

#endif
