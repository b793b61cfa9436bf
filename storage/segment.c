/*
 * Segment files.
 *
 * Frames and zeros go past the page cache where the file system allows it: nobody reads them soon,
 * and copying them there costs more than all else in writing them. What goes that way is whole
 * blocks; the block in which a frame ends is kept, and written again with the next frame. Reading
 * goes through the cache, which the kernel keeps in step.
 *
 * Creation: space is reserved, the header written, file and directory synced; then the segment
 * counts as prepared. As the space is reserved, writing never meets a full disk.
 */
#include "storage/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <sodium.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"
#include "storage/directory.h"

#define FILE_MODE 0600
#define BLOCK_BYTES 4096
#define MARKS_AT 4096
#define MARK_STRIDE 512
#define INDEX_AT 8192
#define INDEX_PLACES 2048
#define STEP_MIN ((uint64_t)64 << 10)
#define FILL_SYNC_BYTES ((uint64_t)16 << 20)
#define ROOM_BYTES ((size_t)128 << 10)
#define ROOM_KEEP_BYTES ((size_t)1 << 20) /* grown beyond it by one commit, it is given back */
#define ERASE_BYTES ((size_t)64 << 10)
#define PARTS_MAX 1024 /* Linux' IOV_MAX */

enum {
    AT_VERSION = 16,
    AT_SALT = 20,
    AT_FILE_BYTES = 28,
    AT_CHECKSUM = 36,
    HEADER_BYTES = 44,
    PLACE_BYTES = 24, /* LSN, offset, checksum */
};
#define VERSION 1

static const uint8_t magic[AT_VERSION] = "duet log segment";

_Static_assert(INDEX_AT + INDEX_PLACES * PLACE_BYTES <= SEGMENT_FRAMES_AT, "room for the index");

/* --- life --- */

static struct segment *make_handle(const char *path, int fd)
{
    struct segment *segment = memory_alloc(sizeof *segment);
    segment->path = text_copy(path);
    segment->fd = fd;
    segment->direct = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC | O_NOFOLLOW);
    return segment;
}

void segment_close(struct segment *segment)
{
    if (segment == NULL) {
        return;
    }
    (void)close(segment->fd);
    if (segment->direct >= 0) {
        (void)close(segment->direct);
    }
    free(segment->room);
    free(segment->path);
    free(segment);
}

static void set_size(struct segment *segment, uint64_t bytes)
{
    uint64_t step = (bytes + INDEX_PLACES - 1) / INDEX_PLACES;
    segment->file_bytes = bytes;
    segment->step = step < STEP_MIN ? STEP_MIN : step;
}

static int reserve(int fd, uint64_t bytes)
{
    struct statvfs disk;
    /* Asked first: an allocation that fails takes all the space there is before it gives up. */
    if (fstatvfs(fd, &disk) == 0 && disk.f_bavail < bytes / disk.f_frsize) {
        return ERR_STORAGE_FULL;
    }
    int rc = posix_fallocate(fd, 0, (off_t)bytes); /* returns the error, sets no errno */
    return rc == 0 ? 0 : error_from_errno(rc);
}

static int write_header(struct segment *segment)
{
    uint8_t header[BLOCK_BYTES] = {0};
    memcpy(header, magic, sizeof magic);
    put_u32(header + AT_VERSION, VERSION);
    put_u64(header + AT_SALT, segment->salt);
    put_u64(header + AT_FILE_BYTES, segment->file_bytes);
    put_u64(header + AT_CHECKSUM, XXH3_64bits(header, AT_CHECKSUM));
    struct iovec part = {.iov_base = header, .iov_len = sizeof header};
    return segment_write(segment, 0, &part, 1);
}

int segment_create(const char *path, uint64_t bytes, struct segment **out)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    if (fd < 0) {
        return error_from_errno(errno);
    }
    struct segment *segment = make_handle(path, fd);
    set_size(segment, (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES);
    segment->filled_bytes = BLOCK_BYTES;
    randombytes_buf(&segment->salt, sizeof segment->salt);
    int error = reserve(fd, segment->file_bytes);
    if (error == 0) {
        error = write_header(segment);
    }
    if (error == 0 && fsync(fd) != 0) {
        error = error_from_errno(errno);
    }
    if (error == 0) {
        error = directory_sync_parent(path);
    }
    if (error != 0) {
        segment_close(segment);
        (void)segment_unlink(path);
        return error;
    }
    *out = segment;
    return 0;
}

static int read_header(struct segment *segment)
{
    uint8_t header[HEADER_BYTES];
    size_t got;
    struct stat file;
    if (fstat(segment->fd, &file) != 0) {
        return error_from_errno(errno);
    }
    int error = segment_read(segment, 0, header, sizeof header, &got);
    if (error != 0) {
        return error;
    }
    if (!S_ISREG(file.st_mode) || got != sizeof header ||
        memcmp(header, magic, sizeof magic) != 0 || get_u32(header + AT_VERSION) != VERSION ||
        get_u64(header + AT_CHECKSUM) != XXH3_64bits(header, AT_CHECKSUM) ||
        get_u64(header + AT_FILE_BYTES) > (uint64_t)file.st_size ||
        get_u64(header + AT_FILE_BYTES) < SEGMENT_FRAMES_AT) {
        return ERR_CORRUPT;
    }
    segment->salt = get_u64(header + AT_SALT);
    set_size(segment, get_u64(header + AT_FILE_BYTES));
    segment->filled_bytes = segment->file_bytes;
    return 0;
}

int segment_open(const char *path, struct segment **out)
{
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return errno == ENOENT ? ERR_NOT_FOUND : error_from_errno(errno);
    }
    struct segment *segment = make_handle(path, fd);
    int error = read_header(segment);
    if (error != 0) {
        segment_close(segment);
        return error;
    }
    *out = segment;
    return 0;
}

int segment_unlink(const char *path)
{
    int error = unlink(path) == 0 || errno == ENOENT ? 0 : error_from_errno(errno);
    return error == 0 ? directory_sync_parent(path) : error;
}

int segment_rename(struct segment *segment, const char *path)
{
    if (rename(segment->path, path) != 0) {
        return error_from_errno(errno);
    }
    free(segment->path);
    segment->path = text_copy(path);
    return directory_sync_parent(path);
}

/* --- bytes --- */

int segment_read(const struct segment *segment, uint64_t offset, uint8_t *out, size_t len,
                 size_t *got)
{
    *got = 0;
    while (*got < len) {
        ssize_t part = pread(segment->fd, out + *got, len - *got, (off_t)(offset + *got));
        if (part == 0) {
            break;
        }
        if (part < 0 && errno != EINTR) {
            return error_from_errno(errno);
        }
        *got += part < 0 ? 0 : (size_t)part;
    }
    return 0;
}

/* Takes `done` bytes from the front of what is still to be written. */
static void skip_written(struct iovec **parts, int *count, size_t done)
{
    while (*count > 0 && done >= (*parts)->iov_len) {
        done -= (*parts)->iov_len;
        (*parts)++;
        (*count)--;
    }
    if (*count > 0) {
        (*parts)->iov_base = (uint8_t *)(*parts)->iov_base + done;
        (*parts)->iov_len -= done;
    }
}

int segment_write(const struct segment *segment, uint64_t offset, struct iovec *parts, int count)
{
    skip_written(&parts, &count, 0);
    while (count > 0) {
        int some = count < PARTS_MAX ? count : PARTS_MAX;
        ssize_t done = pwritev(segment->fd, parts, some, (off_t)offset);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return done == 0 ? ERR_IO : error_from_errno(errno);
        }
        offset += (uint64_t)done;
        skip_written(&parts, &count, (size_t)done);
    }
    return 0;
}

/* Room for so many bytes, aligned as the device wants it; the block at its front is kept. */
static void reserve_room(struct segment *segment, size_t len)
{
    if (segment->room_cap >= len && segment->room_cap <= ROOM_KEEP_BYTES) {
        return;
    }
    size_t cap = len < ROOM_BYTES ? ROOM_BYTES : len;
    void *room = NULL;
    CHECK_ALWAYS(posix_memalign(&room, BLOCK_BYTES, cap) == 0);
    if (segment->room != NULL) {
        memcpy(room, segment->room, BLOCK_BYTES);
    }
    free(segment->room);
    segment->room = room;
    segment->room_cap = cap;
}

/* Puts what stands in the block before `offset` at the front of the room. */
static int enter_block(const struct segment *segment, uint64_t offset)
{
    size_t in_block = (size_t)(offset % BLOCK_BYTES);
    size_t got = in_block;
    int error = 0;
    if (segment->room_end != offset && in_block != 0) {
        error = segment_read(segment, offset - in_block, segment->room, in_block, &got);
    }
    return error == 0 && got != in_block ? ERR_IO : error;
}

/* Whole blocks. ERR_BUSY where this file cannot be written past the cache after all. */
static int write_direct(const struct segment *segment, uint64_t offset, const uint8_t *data,
                        size_t len)
{
    size_t done = 0;
    while (done < len) {
        ssize_t part = pwrite(segment->direct, data + done, len - done, (off_t)(offset + done));
        if (part < 0 && errno == EINVAL) {
            return ERR_BUSY;
        }
        if (part < 0 && errno == EINTR) {
            continue;
        }
        if (part < BLOCK_BYTES) {
            return part < 0 ? error_from_errno(errno) : ERR_IO;
        }
        done += (size_t)part / BLOCK_BYTES * BLOCK_BYTES;
    }
    return 0;
}

/* Joins the parts behind the begun block, and zeros behind them; the bytes to be written. */
static size_t gather(const struct segment *segment, size_t in_block, const struct iovec *parts,
                     int count)
{
    uint8_t *at = segment->room + in_block;
    for (int i = 0; i < count; i++) {
        if (parts[i].iov_len != 0) {
            memcpy(at, parts[i].iov_base, parts[i].iov_len);
            at += parts[i].iov_len;
        }
    }
    size_t used = (size_t)(at - segment->room);
    size_t len = (used + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    memset(at, 0, len - used);
    return len;
}

int segment_append(struct segment *segment, uint64_t offset, struct iovec *parts, int count,
                   size_t bytes)
{
    if (segment->direct < 0) {
        return segment_write(segment, offset, parts, count);
    }
    size_t in_block = (size_t)(offset % BLOCK_BYTES);
    size_t end = in_block + bytes;
    reserve_room(segment, end + BLOCK_BYTES);
    int error = enter_block(segment, offset);
    if (error != 0) {
        return error;
    }
    size_t len = gather(segment, in_block, parts, count);
    error = write_direct(segment, offset - in_block, segment->room, len);
    if (error == ERR_BUSY) {
        (void)close(segment->direct);
        segment->direct = -1;
        return segment_write(segment, offset, parts, count);
    }
    segment->room_end = offset + bytes;
    memmove(segment->room, segment->room + end / BLOCK_BYTES * BLOCK_BYTES, end % BLOCK_BYTES);
    return error;
}

int segment_sync(const struct segment *segment)
{
    return fdatasync(segment->fd) == 0 ? 0 : error_from_errno(errno);
}

static bool all_zero(const uint8_t *data, size_t len)
{
    return len == 0 || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

int segment_erase(const struct segment *segment, uint64_t from, uint64_t to)
{
    uint8_t *content = memory_alloc(ERASE_BYTES);
    int error = 0;
    bool dirty = false;
    while (error == 0 && from < to) {
        size_t len = to - from < ERASE_BYTES ? (size_t)(to - from) : ERASE_BYTES;
        size_t got = 0;
        error = segment_read(segment, from, content, len, &got);
        if (error == 0 && !all_zero(content, got)) {
            memset(content, 0, got);
            struct iovec part = {.iov_base = content, .iov_len = got};
            error = segment_write(segment, from, &part, 1);
            dirty = true;
        }
        from += len;
    }
    free(content);
    return error == 0 && dirty ? segment_sync(segment) : error;
}

/* Zeros, which nobody will read; through the cache they are at least sent to the device at once. */
static int write_zeros(const struct segment *segment, uint64_t offset, size_t len)
{
    static const uint8_t zeros[SEGMENT_FILL_BYTES] __attribute__((aligned(BLOCK_BYTES)));
    int error = segment->direct < 0 ? ERR_BUSY : write_direct(segment, offset, zeros, len);
    if (error == ERR_BUSY) {
        struct iovec part = {.iov_base = (void *)zeros, .iov_len = len};
        error = segment_write(segment, offset, &part, 1);
        (void)sync_file_range(segment->fd, (off_t)offset, (off_t)len, SYNC_FILE_RANGE_WRITE);
    }
    return error;
}

bool segment_fill_ahead(struct segment *segment)
{
    uint64_t before = segment->filled_bytes;
    uint64_t left = segment->file_bytes - before;
    size_t len = left < SEGMENT_FILL_BYTES ? (size_t)left : SEGMENT_FILL_BYTES;
    if (len == 0 || write_zeros(segment, before, len) != 0) {
        return false;
    }
    segment->filled_bytes = before + len;
    /* A sync of each piece would make every commit of the log meanwhile wait for it. */
    bool sync = segment->filled_bytes / FILL_SYNC_BYTES != before / FILL_SYNC_BYTES ||
                segment->filled_bytes == segment->file_bytes;
    return !sync || segment_sync(segment) == 0;
}

/* --- places --- */

static void put_place(const struct segment *segment, uint64_t offset, struct segment_place place)
{
    uint8_t entry[PLACE_BYTES];
    put_u64(entry, place.lsn);
    put_u64(entry + 8, place.offset);
    put_u64(entry + 16, XXH3_64bits_withSeed(entry, 16, segment->salt));
    struct iovec part = {.iov_base = entry, .iov_len = sizeof entry};
    (void)segment_write(segment, offset, &part, 1); /* the log can be read without it */
}

static bool get_place(const struct segment *segment, const uint8_t *entry,
                      struct segment_place *out)
{
    out->lsn = get_u64(entry);
    out->offset = get_u64(entry + 8);
    return out->lsn != 0 && out->offset >= SEGMENT_FRAMES_AT && out->offset < segment->file_bytes &&
           get_u64(entry + 16) == XXH3_64bits_withSeed(entry, 16, segment->salt);
}

void segment_index(struct segment *segment, struct segment_place place)
{
    uint64_t step = place.offset / segment->step;
    if (step != segment->indexed) {
        segment->indexed = step;
        put_place(segment, INDEX_AT + step * PLACE_BYTES, place);
    }
}

void segment_mark(struct segment *segment, struct segment_place place)
{
    put_place(segment, MARKS_AT + segment->marks++ % 2 * MARK_STRIDE, place);
}

int segment_find(const struct segment *segment, uint64_t lsn, struct segment_place *out)
{
    uint8_t *area = memory_alloc(SEGMENT_FRAMES_AT);
    size_t got;
    int error = segment_read(segment, 0, area, SEGMENT_FRAMES_AT, &got);
    *out = (struct segment_place){.offset = SEGMENT_FRAMES_AT};
    for (size_t i = 0; error == 0 && i < INDEX_PLACES + 2; i++) {
        struct segment_place place;
        size_t at = i < 2 ? MARKS_AT + i * MARK_STRIDE : INDEX_AT + (i - 2) * PLACE_BYTES;
        if (at + PLACE_BYTES <= got && get_place(segment, area + at, &place) && place.lsn <= lsn &&
            place.lsn > out->lsn) {
            *out = place;
        }
    }
    free(area);
    return error;
}
