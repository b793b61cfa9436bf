#include "wire/text.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/check.h"
#include "base/error.h"

/*
 * Code points which NFC leaves alone whatever stands before them: no decomposition, combining
 * class 0, never the second half of a composition. What people write is nearly always made of
 * these, so most text is not normalised at all. A test compares the table with utf8proc.
 */
static const struct {
    uint32_t first, last;
} stable_ranges[] = {
    {0x0001, 0x02FF},   /* Latin */
    {0x200C, 0x2027},   /* joiners, dashes, quotes, ellipsis */
    {0x2600, 0x27BF},   /* symbols, dingbats */
    {0x3131, 0x318E},   /* Hangul letters standing alone */
    {0x4E00, 0x9FFF},   /* Han */
    {0xAC00, 0xD7A3},   /* Hangul syllables */
    {0xFE0F, 0xFE0F},   /* emoji presentation */
    {0x1F300, 0x1FAFF}, /* emoji */
};

static bool stable(uint32_t point)
{
    for (size_t i = 0; i < sizeof stable_ranges / sizeof stable_ranges[0]; i++) {
        if (point <= stable_ranges[i].last) {
            return point >= stable_ranges[i].first;
        }
    }
    return false;
}

/* Sixteen bytes at once; the compiler has an instruction for it, or makes some. */
typedef int8_t run __attribute__((vector_size(16)));

/** All ones in each byte that is plain: as a signed number, ASCII without NUL is above zero. */
static inline run plain_of(const uint8_t *at)
{
    run bytes;
    memcpy(&bytes, at, sizeof bytes);
    return (run)(bytes > (run){0});
}

static inline bool all_plain(run plain)
{
    uint64_t halves[2];
    memcpy(halves, &plain, sizeof halves);
    return (halves[0] & halves[1]) == UINT64_MAX;
}

/** As plain_of and all_plain, of eight bytes. */
static inline bool word_plain(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return (((word - UINT64_C(0x0101010101010101)) | word) & UINT64_C(0x8080808080808080)) == 0;
}

/** Whether the last bytes are plain, fewer than 16; what stands before them may be looked at again,
 * and is plain. */
static inline bool tail_plain(const uint8_t *at, size_t len)
{
    return len >= 16 ? all_plain(plain_of(at + len - 16))
                     : len >= 8 && word_plain(at) && word_plain(at + len - 8);
}

/** Length of the plain ASCII (no NUL) that text starts with: 64 bytes at a time, 16, the tail. */
static inline size_t ascii_prefix(const uint8_t *at, size_t len)
{
    size_t done = 0;
    while (len - done >= 64 && all_plain(plain_of(at + done) & plain_of(at + done + 16) &
                                         plain_of(at + done + 32) & plain_of(at + done + 48))) {
        done += 64;
    }
    while (len - done >= 16 && all_plain(plain_of(at + done))) {
        done += 16;
    }
    if (len - done < 16 && tail_plain(at, len)) {
        return len;
    }
    while (done < len && (int8_t)at[done] > 0) {
        done++;
    }
    return done;
}

/** Length of the sequence of two to four bytes at `at`, or 0 if it is not well-formed. */
static size_t decode_multibyte(const uint8_t *at, size_t len, uint32_t *point)
{
    static const struct {
        uint8_t mask, lead;
        uint32_t least;
    } forms[] = {{0xE0, 0xC0, 0x80}, {0xF0, 0xE0, 0x800}, {0xF8, 0xF0, 0x10000}};
    for (size_t extra = 1; extra <= 3; extra++) {
        if ((at[0] & forms[extra - 1].mask) != forms[extra - 1].lead) {
            continue;
        }
        if (len <= extra) {
            return 0;
        }
        uint32_t value = at[0] & (uint8_t)~forms[extra - 1].mask;
        for (size_t i = 1; i <= extra; i++) {
            if ((at[i] & 0xC0) != 0x80) {
                return 0;
            }
            value = value << 6 | (at[i] & 0x3Fu);
        }
        bool surrogate = value >= 0xD800 && value <= 0xDFFF;
        *point = value;
        return value < forms[extra - 1].least || value > 0x10FFFF || surrogate ? 0 : extra + 1;
    }
    return 0;
}

struct scan {
    bool valid;
    bool stable; /* NFC already, as far as the table knows */
    size_t points;
};

static struct scan scan_text(struct bytes text)
{
    struct scan scan = {.valid = true, .stable = true};
    size_t done = 0;
    while (done < text.len) {
        size_t plain = ascii_prefix(text.data + done, text.len - done);
        done += plain;
        scan.points += plain;
        if (done == text.len) {
            break;
        }
        uint32_t point = 0;
        size_t size = decode_multibyte(text.data + done, text.len - done, &point);
        if (size == 0) {
            return (struct scan){.valid = false};
        }
        scan.stable = scan.stable && stable(point);
        scan.points++;
        done += size;
    }
    return scan;
}

bool text_valid(struct bytes text)
{
    return scan_text(text).valid;
}

size_t text_count(struct bytes text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += (text.data[i] & 0xC0) != 0x80;
    }
    return count;
}

int text_normalize(struct bytes text, struct arena *arena, struct bytes *out, size_t *points)
{
    struct scan scan = scan_text(text);
    if (!scan.valid) {
        return ERR_INVALID_ARGUMENT;
    }
    if (scan.stable) {
        *out = text;
        *points = scan.points;
        return 0;
    }
    utf8proc_uint8_t *composed = NULL;
    utf8proc_ssize_t len = utf8proc_map(text.data, (utf8proc_ssize_t)text.len, &composed,
                                        UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (len < 0) {
        free(composed);
        return ERR_INVALID_ARGUMENT;
    }
    struct bytes view = bytes_of(composed, (size_t)len);
    if (bytes_equal(view, text)) {
        view = text;
    } else {
        view.data = arena_copy(arena, view.data, view.len);
    }
    free(composed);
    *out = view;
    *points = text_count(view);
    return 0;
}

static bool leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && leap(year));
}

/** The number that `count` digits make, or -1. */
static int digits(const uint8_t *at, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9') {
            return -1;
        }
        value = value * 10 + (at[i] - '0');
    }
    return value;
}

int day_from_text(struct bytes text, struct day *out)
{
    if (text.len != DAY_TEXT_CHARS || text.data[4] != '-' || text.data[7] != '-') {
        return ERR_INVALID_ARGUMENT;
    }
    int year = digits(text.data, 4);
    int month = digits(text.data + 5, 2);
    int day = digits(text.data + 8, 2);
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > month_days(year, month)) {
        return ERR_INVALID_ARGUMENT;
    }
    *out = (struct day){.year = (int16_t)year, .month = (uint8_t)month, .day = (uint8_t)day};
    return 0;
}

static void put_digits(char *at, unsigned value, size_t count)
{
    while (count-- > 0) {
        at[count] = (char)('0' + value % 10);
        value /= 10;
    }
}

void day_to_text(struct day day, char out[DAY_TEXT_CHARS + 1])
{
    CHECK_DEBUG(day.year >= 0 && day.year <= 9999);
    put_digits(out, (unsigned)day.year, 4);
    out[4] = '-';
    put_digits(out + 5, day.month, 2);
    out[7] = '-';
    put_digits(out + 8, day.day, 2);
    out[DAY_TEXT_CHARS] = '\0';
}
