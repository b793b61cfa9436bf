/*
 * powercut_tool undo <journal> --all | --subset SEED [--dir DIR]
 *
 * Takes back what libduetpowercut.so noted down and no sync made stable; journal.h has the model.
 * With --subset only a random part of it, as a disk may have kept any sectors of what it was given
 * (512 bytes or 4 KiB each, by the seed's parity), any file length on the way, and any number of
 * the first changes of names. DIR is where a copy of the watched directory lies. Prints one line.
 *
 * One pass from the newest entry to the oldest. What is stable is known from the syncs passed on
 * the way; where each file is called what on disk right now, from a pass in the other direction
 * before. A sector that a later stable write shares is left: that write took it to disk.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "tests/powercut/journal.h"

struct entry {
    struct journal_entry head;
    uint64_t number;
    const char *data;
};

struct range {
    uint64_t begin;
    uint64_t end;
};

struct file {
    uint64_t number;
    char name[PATH_MAX]; /* relative to the directory; "" when it has none */
    uint64_t covers;     /* changes with lower numbers are stable */
    uint64_t floor;      /* it is at least as long, by later stable writes */
    struct range *kept;  /* what later stable writes took to disk */
    size_t kept_count;
};

struct directory {
    char name[PATH_MAX];
    uint64_t covers;
};

struct undo {
    char root[PATH_MAX];
    char *journal;
    struct entry *entries;
    size_t entry_count;
    struct file *files;
    size_t file_count;
    struct directory *directories;
    size_t directory_count;
    bool subset;
    uint64_t random;
    uint64_t sector;
    size_t names_before; /* the first so many changes of names are on disk by chance */
    size_t names_left;
    uint64_t write_done; /* the write that the entry behind it made stable */
    struct {
        uint64_t changes, unsynced, bytes, cut, names;
    } report;
};

static _Noreturn void fail(const char *what, const char *name)
{
    (void)fprintf(stderr, "powercut_tool: %s: %s: %s\n", what, name, strerror(errno));
    exit(1);
}

/* splitmix64 */
static uint64_t roll(struct undo *undo)
{
    uint64_t z = undo->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool is_lost(struct undo *undo)
{
    return !undo->subset || (roll(undo) & 1) != 0;
}

/* --- what is known of files and directories --- */

static struct file *file_of(struct undo *undo, uint64_t number)
{
    for (size_t i = 0; i < undo->file_count; i++) {
        if (undo->files[i].number == number) {
            return &undo->files[i];
        }
    }
    undo->files = memory_resize(undo->files, (undo->file_count + 1) * sizeof *undo->files);
    struct file *file = &undo->files[undo->file_count++];
    *file = (struct file){.number = number};
    return file;
}

static struct file *file_named(struct undo *undo, const char *name)
{
    for (size_t i = 0; i < undo->file_count; i++) {
        if (strcmp(undo->files[i].name, name) == 0) {
            return &undo->files[i];
        }
    }
    return NULL;
}

static void set_name(struct file *file, const char *name)
{
    if (file != NULL) {
        (void)snprintf(file->name, sizeof file->name, "%s", name);
    }
}

static struct directory *directory_named(struct undo *undo, const char *name)
{
    for (size_t i = 0; i < undo->directory_count; i++) {
        if (strcmp(undo->directories[i].name, name) == 0) {
            return &undo->directories[i];
        }
    }
    size_t size = (undo->directory_count + 1) * sizeof *undo->directories;
    undo->directories = memory_resize(undo->directories, size);
    struct directory *directory = &undo->directories[undo->directory_count++];
    *directory = (struct directory){0};
    (void)snprintf(directory->name, sizeof directory->name, "%s", name);
    return directory;
}

static struct directory *parent_of(struct undo *undo, const char *name)
{
    char parent[PATH_MAX];
    (void)snprintf(parent, sizeof parent, "%s", name);
    char *slash = strrchr(parent, '/');
    if (slash == NULL) {
        return directory_named(undo, ".");
    }
    *slash = '\0';
    return directory_named(undo, parent);
}

static void full_name(const struct undo *undo, const char *name, char out[2 * PATH_MAX])
{
    (void)snprintf(out, 2 * PATH_MAX, "%s/%s", undo->root, name);
}

/* --- loading --- */

static size_t read_whole(const char *name, char **content)
{
    struct stat info;
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &info) != 0) {
        fail("cannot open", name);
    }
    size_t size = (size_t)info.st_size;
    *content = memory_alloc(size);
    for (size_t got = 0; got < size;) {
        ssize_t part = read(fd, *content + got, size - got);
        if (part <= 0) {
            fail("cannot read", name);
        }
        got += (size_t)part;
    }
    (void)close(fd);
    return size;
}

static void load(struct undo *undo, const char *name)
{
    size_t size = read_whole(name, &undo->journal);
    size_t cap = 0;
    for (size_t at = 0; size - at >= sizeof(struct journal_entry);) {
        struct entry entry = {.number = at};
        memcpy(&entry.head, undo->journal + at, sizeof entry.head);
        at += sizeof entry.head;
        if (entry.head.magic != JOURNAL_MAGIC || entry.head.data_len > size - at) {
            break; /* torn by the kill, before its change was made */
        }
        entry.data = undo->journal + at;
        at += entry.head.data_len;
        if (undo->entry_count == cap) {
            cap = cap == 0 ? 1024 : cap * 2;
            undo->entries = memory_resize(undo->entries, cap * sizeof entry);
        }
        undo->entries[undo->entry_count++] = entry;
        if (entry.head.type == JOURNAL_ROOT && undo->root[0] == '\0') {
            (void)snprintf(undo->root, sizeof undo->root, "%s", entry.data);
        }
    }
}

/* The strings that follow one another in an entry's data. */
static const char *name_at(const struct entry *entry, int index)
{
    const char *name = entry->data;
    for (int i = 0; i < index; i++) {
        name += strlen(name) + 1;
    }
    return name;
}

static bool changes_names(const struct entry *entry)
{
    uint32_t type = entry->head.type;
    return type == JOURNAL_CREATED || type == JOURNAL_MADE_DIR || type == JOURNAL_RENAMED ||
           type == JOURNAL_UNLINKED;
}

/* The newest change of names was noted down, but may not have been made before the kill. */
static void forget_unmade(struct undo *undo)
{
    char name[2 * PATH_MAX];
    if (undo->entry_count == 0) {
        return;
    }
    const struct entry *last = &undo->entries[undo->entry_count - 1];
    if (last->head.type == JOURNAL_RENAMED || last->head.type == JOURNAL_UNLINKED) {
        full_name(undo, name_at(last, 0), name);
        undo->entry_count -= access(name, F_OK) == 0;
    }
}

/* Follows names forward, to what they are now. */
static void follow_names(struct undo *undo)
{
    size_t changes = 0;
    for (size_t i = 0; i < undo->entry_count; i++) {
        const struct entry *entry = &undo->entries[i];
        struct file *file;
        switch (entry->head.type) {
        case JOURNAL_OPENED:
        case JOURNAL_CREATED:
            set_name(file_of(undo, entry->head.file), entry->data);
            break;
        case JOURNAL_RENAMED:
            file = file_named(undo, name_at(entry, 0));
            set_name(file_named(undo, name_at(entry, 1)), "");
            set_name(file, name_at(entry, 1));
            break;
        case JOURNAL_UNLINKED:
            set_name(file_named(undo, name_at(entry, 0)), "");
            break;
        default:
            break;
        }
        changes += changes_names(entry);
    }
    undo->names_before = undo->subset ? roll(undo) % (changes + 1) : 0;
    undo->names_left = changes;
}

/* --- taking back --- */

static bool is_kept(const struct file *file, uint64_t begin, uint64_t end)
{
    for (size_t i = 0; i < file->kept_count; i++) {
        if (begin < file->kept[i].end && file->kept[i].begin < end) {
            return true;
        }
    }
    return false;
}

static void keep(struct file *file, uint64_t begin, uint64_t end)
{
    for (size_t i = 0; i < file->kept_count; i++) {
        if (file->kept[i].begin == begin && file->kept[i].end == end) {
            return;
        }
    }
    file->kept = memory_resize(file->kept, (file->kept_count + 1) * sizeof *file->kept);
    file->kept[file->kept_count++] = (struct range){begin, end};
    file->floor = end > file->floor ? end : file->floor;
}

/* Puts [at, at + len) back to `before`, zeros beyond its end, within the file's present size. */
static void restore(int fd, uint64_t at, uint64_t len, struct bytes before)
{
    static const char zeros[4096];
    struct stat info;
    if (fstat(fd, &info) != 0 || at >= (uint64_t)info.st_size) {
        return;
    }
    uint64_t room = (uint64_t)info.st_size - at;
    len = len < room ? len : room;
    uint64_t known = before.len < len ? before.len : len;
    if (pwrite(fd, before.data, known, (off_t)at) != (ssize_t)known) {
        fail("cannot write", "file");
    }
    if (len > known &&
        pwrite(fd, zeros, len - known, (off_t)(at + known)) != (ssize_t)(len - known)) {
        fail("cannot write", "file");
    }
}

static void undo_sectors(struct undo *undo, const struct file *file, int fd,
                         const struct entry *entry)
{
    uint64_t end = entry->head.offset + entry->head.length;
    for (uint64_t at = entry->head.offset; at < end;) {
        uint64_t sector = at / undo->sector * undo->sector;
        uint64_t next = sector + undo->sector < end ? sector + undo->sector : end;
        uint64_t skip = at - entry->head.offset;
        if (!is_kept(file, sector, sector + undo->sector) && is_lost(undo)) {
            struct bytes before = {0};
            if (skip < entry->head.data_len) {
                before = bytes_of(entry->data + skip, entry->head.data_len - skip);
            }
            restore(fd, at, next - at, before);
            undo->report.bytes += next - at;
        }
        at = next;
    }
}

static void undo_growth(struct undo *undo, const struct file *file, int fd, uint64_t old_size)
{
    struct stat info;
    uint64_t size = old_size > file->floor ? old_size : file->floor;
    if (fstat(fd, &info) == 0 && (uint64_t)info.st_size > size && is_lost(undo)) {
        if (ftruncate(fd, (off_t)size) != 0) {
            fail("cannot truncate", file->name);
        }
        undo->report.cut++;
    }
}

static void undo_shrinking(struct undo *undo, int fd, const struct entry *entry)
{
    if (entry->head.data_len != 0 && is_lost(undo) &&
        pwrite(fd, entry->data, entry->head.data_len, (off_t)entry->head.new_size) < 0) {
        fail("cannot write", "file");
    }
}

static void undo_change(struct undo *undo, const struct entry *entry)
{
    struct file *file = file_of(undo, entry->head.file);
    undo->report.changes++;
    if (entry->head.type == JOURNAL_WROTE && undo->write_done == entry->number) {
        uint64_t begin = entry->head.offset;
        keep(file, begin / undo->sector * undo->sector, begin + entry->head.length);
        return;
    }
    if (entry->number < file->covers || file->name[0] == '\0') {
        return;
    }
    char name[2 * PATH_MAX];
    full_name(undo, file->name, name);
    int fd = open(name, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        fail("cannot open", name);
    }
    undo->report.unsynced++;
    if (entry->head.type == JOURNAL_WROTE) {
        undo_sectors(undo, file, fd, entry);
    } else {
        undo_shrinking(undo, fd, entry);
    }
    undo_growth(undo, file, fd, entry->head.old_size);
    (void)close(fd);
}

/* --- names --- */

static void copy_back(struct undo *undo, const char *saved, const char *name)
{
    char to[2 * PATH_MAX];
    char *content;
    size_t size = read_whole(saved, &content);
    full_name(undo, name, to);
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, content, size) != (ssize_t)size) {
        fail("cannot restore", to);
    }
    (void)close(fd);
    free(content);
}

static void undo_rename(struct undo *undo, const struct entry *entry)
{
    char from[2 * PATH_MAX];
    char to[2 * PATH_MAX];
    full_name(undo, name_at(entry, 0), from);
    full_name(undo, name_at(entry, 1), to);
    if (rename(to, from) != 0) {
        fail("cannot rename back", to);
    }
    set_name(file_named(undo, name_at(entry, 1)), name_at(entry, 0));
    if (name_at(entry, 2)[0] != '\0') {
        copy_back(undo, name_at(entry, 2), name_at(entry, 1));
    }
}

static void undo_name(struct undo *undo, const struct entry *entry)
{
    bool rename_entry = entry->head.type == JOURNAL_RENAMED;
    const char *name = name_at(entry, rename_entry ? 1 : 0);
    bool kept_by_chance = undo->names_left-- <= undo->names_before;
    if (undo->subset && entry->head.type == JOURNAL_UNLINKED) {
        kept_by_chance = !is_lost(undo); /* nothing follows from a removal: any may be lost */
    }
    if (entry->number < parent_of(undo, name)->covers || kept_by_chance) {
        return;
    }
    char full[2 * PATH_MAX];
    full_name(undo, name, full);
    undo->report.names++;
    if (rename_entry) {
        undo_rename(undo, entry);
    } else if (entry->head.type == JOURNAL_CREATED) {
        (void)unlink(full);
        set_name(file_named(undo, name), "");
    } else if (entry->head.type == JOURNAL_MADE_DIR) {
        (void)rmdir(full);
    } else if (access(full, F_OK) != 0) {
        copy_back(undo, name_at(entry, 1), name);
        set_name(file_of(undo, entry->head.file), name);
    }
}

static void raise_to(uint64_t *covers, uint64_t to)
{
    *covers = to > *covers ? to : *covers;
}

static void undo_all(struct undo *undo)
{
    for (size_t i = undo->entry_count; i-- > 0;) {
        const struct entry *entry = &undo->entries[i];
        switch (entry->head.type) {
        case JOURNAL_SYNCED:
            raise_to(&file_of(undo, entry->head.file)->covers, entry->head.covers);
            break;
        case JOURNAL_DIR_SYNCED:
            raise_to(&directory_named(undo, entry->data)->covers, entry->head.covers);
            break;
        case JOURNAL_WRITE_DONE:
            undo->write_done = entry->head.covers;
            break;
        case JOURNAL_WROTE:
        case JOURNAL_SIZED:
            undo_change(undo, entry);
            break;
        default:
            if (changes_names(entry)) {
                undo_name(undo, entry);
            }
            break;
        }
    }
}

static bool parse(int count, char **words, struct undo *undo)
{
    bool mode = false;
    for (int i = 3; i < count; i++) {
        if (strcmp(words[i], "--all") == 0) {
            mode = true;
        } else if (strcmp(words[i], "--subset") == 0 && i + 1 < count) {
            undo->random = strtoull(words[++i], NULL, 10);
            undo->sector = undo->random & 1 ? 512 : 4096;
            undo->subset = mode = true;
        } else if (strcmp(words[i], "--dir") == 0 && i + 1 < count) {
            (void)snprintf(undo->root, sizeof undo->root, "%s", words[++i]);
        } else {
            return false;
        }
    }
    return mode && strcmp(words[1], "undo") == 0;
}

int main(int count, char **words)
{
    struct undo undo = {.sector = 512, .write_done = UINT64_MAX};
    if (count < 4 || !parse(count, words, &undo)) {
        (void)fprintf(stderr, "powercut_tool undo <journal> --all | --subset SEED [--dir DIR]\n");
        return 2;
    }
    load(&undo, words[2]);
    forget_unmade(&undo);
    follow_names(&undo);
    undo_all(&undo);
    (void)printf("changes=%" PRIu64 " unsynced=%" PRIu64 " bytes_undone=%" PRIu64
                 " truncated=%" PRIu64 " names_undone=%" PRIu64 "\n",
                 undo.report.changes, undo.report.unsynced, undo.report.bytes, undo.report.cut,
                 undo.report.names);
    for (size_t i = 0; i < undo.file_count; i++) {
        free(undo.files[i].kept);
    }
    free(undo.files);
    free(undo.directories);
    free(undo.entries);
    free(undo.journal);
    return 0;
}
