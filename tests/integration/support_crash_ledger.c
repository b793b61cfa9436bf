#include "tests/integration/support_crash_ledger.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

#define WRONG_SHOWN 20
#define GROW 4096

static bool shown = true;

void crash_wrong_show(bool on)
{
    shown = on;
}

void crash_wrong(uint64_t *count, const char *format, ...)
{
    va_list list;
    if (++*count > WRONG_SHOWN || !shown) {
        return;
    }
    va_start(list, format);
    (void)fputs("WRONG: ", stderr);
    (void)vfprintf(stderr, format, list);
    (void)fputc('\n', stderr);
    va_end(list);
}

bool crash_tally_is_bad(const struct crash_tally *tally)
{
    return (tally->lost | tally->doubled | tally->disordered | tally->half_couples |
            tally->others) != 0;
}

/* --- messages --- */

void crash_ledger_fini(struct crash_ledger *ledger)
{
    free(ledger->said[0]);
    free(ledger->said[1]);
}

int64_t crash_ledger_say(struct crash_ledger *ledger, int member)
{
    int64_t *count = &ledger->count[member];
    if (*count % GROW == 0) {
        size_t size = (size_t)(*count + GROW) * sizeof(struct said);
        ledger->said[member] = memory_resize(ledger->said[member], size);
    }
    ledger->said[member][*count] = (struct said){0};
    return ++*count;
}

void crash_ledger_text(const struct crash_ledger *ledger, int member, int64_t no,
                       char out[CRASH_TEXT_MAX])
{
    int len = snprintf(out, CRASH_TEXT_MAX, "%d/%d/%" PRId64 " ", ledger->couple, member, no);
    int whole = len + (int)((uint64_t)no * 7919 % (CRASH_TEXT_MAX - 100));
    memset(out + len, 'a' + (int)(no % 26), (size_t)(whole - len));
    out[whole] = '\0';
}

int64_t crash_ledger_number(const struct crash_ledger *ledger, int member, const uint8_t *text,
                            size_t len)
{
    char copy[CRASH_TEXT_MAX];
    char expected[CRASH_TEXT_MAX];
    int couple;
    int side;
    int64_t no;
    if (len >= sizeof copy) {
        return 0;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (sscanf(copy, "%d/%d/%" SCNd64, &couple, &side, &no) != 3 || side != member || no < 1 ||
        no > ledger->count[member]) {
        return 0;
    }
    crash_ledger_text(ledger, member, no, expected);
    return strcmp(copy, expected) == 0 ? no : 0;
}

static struct said *said_at(const struct crash_ledger *ledger, int member, int64_t no)
{
    return &ledger->said[member][no - 1];
}

/* True if the place is the one that is known. */
static bool agrees(const struct crash_ledger *ledger, int member, int64_t no, int64_t seq,
                   int64_t msg, const char *where)
{
    const struct said *said = said_at(ledger, member, no);
    if (said->seq == 0 || (said->seq == seq && said->msg == msg)) {
        return true;
    }
    crash_wrong(&ledger->tally->disordered,
                "couple %d member %d message %" PRId64 " was seq %" PRId64 " msg %" PRId64
                ", is seq %" PRId64 " msg %" PRId64 " in %s",
                ledger->couple, member, no, said->seq, said->msg, seq, msg, where);
    return false;
}

static void place(struct crash_ledger *ledger, int member, int64_t no, int64_t seq, int64_t msg,
                  const char *where)
{
    if (agrees(ledger, member, no, seq, msg, where)) {
        said_at(ledger, member, no)->seq = seq;
        said_at(ledger, member, no)->msg = msg;
    }
}

void crash_ledger_acked(struct crash_ledger *ledger, int member, int64_t no, int64_t seq,
                        int64_t msg)
{
    place(ledger, member, no, seq, msg, "an answer");
    said_at(ledger, member, no)->acked = true;
    ledger->tally->acked++;
}

void crash_ledger_pushed(struct crash_ledger *ledger, int member, int64_t no, int64_t seq,
                         int64_t msg)
{
    if (no == 0) {
        crash_wrong(&ledger->tally->others, "couple %d: push %" PRId64 " that nobody sent",
                    ledger->couple, seq);
        return;
    }
    place(ledger, member, no, seq, msg, "a push");
}

void crash_ledger_found(struct crash_ledger *ledger, int member, int64_t no, int64_t seq,
                        int64_t msg)
{
    struct crash_tally *tally = ledger->tally;
    if (msg != ledger->found_msg + 1) {
        crash_wrong(&tally->lost, "couple %d: history goes from %" PRId64 " to %" PRId64,
                    ledger->couple, ledger->found_msg, msg);
    }
    ledger->found_msg = msg;
    if (no == 0) {
        crash_wrong(&tally->others, "couple %d: message %" PRId64 " that nobody sent",
                    ledger->couple, msg);
        return;
    }
    struct said *said = said_at(ledger, member, no);
    (void)agrees(ledger, member, no, seq, msg, "the history");
    if (said->found) {
        crash_wrong(&tally->doubled, "couple %d member %d message %" PRId64 " is twice in history",
                    ledger->couple, member, no);
    } else if (no < ledger->found_last[member]) {
        crash_wrong(&tally->disordered,
                    "couple %d member %d: message %" PRId64 " stands behind %" PRId64,
                    ledger->couple, member, no, ledger->found_last[member]);
    }
    said->found = true;
    ledger->found_last[member] = no;
}

void crash_ledger_found_all(struct crash_ledger *ledger)
{
    for (int member = 0; member < 2; member++) {
        for (int64_t no = 1; no <= ledger->count[member]; no++) {
            const struct said *said = said_at(ledger, member, no);
            if (said->seq != 0 && !said->found) {
                crash_wrong(&ledger->tally->lost,
                            "couple %d member %d message %" PRId64 " (%s, msg %" PRId64
                            ") is gone; the history ends with %" PRId64,
                            ledger->couple, member, no, said->acked ? "acknowledged" : "pushed",
                            said->msg, ledger->found_msg);
            }
        }
    }
}

void crash_ledger_find_again(struct crash_ledger *ledger)
{
    for (int member = 0; member < 2; member++) {
        ledger->found_last[member] = 0;
        for (int64_t no = 1; no <= ledger->count[member]; no++) {
            said_at(ledger, member, no)->found = false;
        }
    }
    ledger->found_msg = 0;
}

/* --- views --- */

void crash_view_fini(struct crash_view *view)
{
    free(view->seen);
}

static void view_reserve(struct crash_view *view, int64_t seq)
{
    if (seq < view->capacity) {
        return;
    }
    int64_t capacity = (seq / GROW + 1) * 2 * GROW;
    view->seen = memory_resize(view->seen, (size_t)capacity);
    memset(view->seen + view->capacity, 0, (size_t)(capacity - view->capacity));
    view->capacity = capacity;
}

void crash_view_saw(struct crash_view *view, int64_t seq, bool pushed, struct crash_tally *tally)
{
    view_reserve(view, seq + 1);
    if (view->seen[seq]) {
        crash_wrong(&tally->doubled, "seq %" PRId64 " came twice to one device", seq);
    }
    view->seen[seq] = 1;
    view->high = seq > view->high ? seq : view->high;
    while (view->seen[view->low + 1]) {
        view->low++;
    }
    if (pushed) {
        if (seq < view->pushed) {
            crash_wrong(&tally->disordered, "push %" PRId64 " came after %" PRId64, seq,
                        view->pushed);
        }
        view->pushed = seq;
    }
}

void crash_view_resume(struct crash_view *view)
{
    view_reserve(view, view->high + 1);
    for (int64_t seq = view->low + 1; seq <= view->high; seq++) {
        view->seen[seq] = 0;
    }
    view->high = view->low;
    view->pushed = 0;
}
