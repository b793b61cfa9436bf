/* What a device sees of its streams: without a hole, without a double, the same for everyone. */
#include <stdlib.h>

#include "actors/couple_records.h"
#include "actors/user_notifications.h"
#include "tests/simulation/device.h"
#include "tests/simulation/trace.h"

static void view_reset(struct view *view, struct id epoch, struct id couple, int64_t cursor)
{
    free(view->own);
    *view = (struct view){.known = true, .epoch = epoch, .couple = couple, .cursor = cursor};
}

static bool is_own(const struct view *view, int64_t seq)
{
    for (uint32_t i = 0; i < view->own_count; i++) {
        if (view->own[i] == seq) {
            return true;
        }
    }
    return false;
}

static void advance_over_own(struct view *view)
{
    while (is_own(view, view->cursor + 1)) {
        view->cursor++;
    }
}

void view_own(struct device *device, int which, struct id epoch, int64_t seq)
{
    struct view *view = &device->views[which];
    if (!view->known || !id_equal(view->epoch, epoch)) {
        if (seq != 1) {
            return; /* of a couple that it has not heard of, or no more */
        }
        view_reset(view, epoch, device->couple, 0);
    }
    view->own = memory_resize(view->own, (view->own_count + 1) * sizeof *view->own);
    view->own[view->own_count++] = seq;
    advance_over_own(view);
}

void view_opened(struct device *device, int which, struct id epoch, int64_t head, bool reset)
{
    struct view *view = &device->views[which];
    bool same = view->known && id_equal(view->epoch, epoch);
    if (same && (reset || head < view->cursor)) {
        sim_fail("%s: stream %s went back: head %lld, seen up to %lld", device->name,
                 trace_id(epoch), (long long)head, (long long)view->cursor);
    }
    if (!same) {
        if (view->known && !reset) {
            sim_fail("%s: another epoch, and no reset", device->name);
        }
        view_reset(view, epoch, device->couple, head);
    }
}

static struct stream_fact couple_fact(struct device *device, const struct stream_body *body,
                                      struct arena *arena)
{
    struct stream_fact fact = {.at = body->at_ms};
    if (bytes_equal(body->type, text_of("chat.message"))) {
        struct chat_message_push push;
        device_decode(device, &chat_message_push_type, body->data, arena, &push);
        fact.what = FACT_MESSAGE;
        fact.msg = push.msg;
        fact.who = push.from;
        fact.text = ledger_hash(push.text);
    } else if (bytes_equal(body->type, text_of("chat.read"))) {
        struct chat_read_push push;
        device_decode(device, &chat_read_push_type, body->data, arena, &push);
        fact.what = FACT_READ;
        fact.msg = push.up_to;
        fact.who = push.from;
    } else if (bytes_equal(body->type, text_of("couple.ended"))) {
        struct couple_ended_push push;
        device_decode(device, &couple_ended_push_type, body->data, arena, &push);
        fact.what = FACT_COUPLE_ENDED;
        fact.who = push.by;
    } else {
        sim_fail("%s: an entry of a type that it does not know", device->name);
    }
    return fact;
}

/** What only the couple could have answered is over; leaving is asked again, with its key. */
void device_couple_gone(struct device *device)
{
    device->couple = (struct id){0};
    for (struct task *task = device->tasks; task != NULL; task = task->next) {
        bool of_couple = task->kind > TASK_LEAVE && task->kind <= TASK_TYPING;
        if (!task->done && task->request == 0 && of_couple) {
            task->done = true;
            task->error = ERR_NOT_PAIRED;
        }
    }
}

static struct stream_fact user_fact(struct device *device, const struct stream_body *body,
                                    struct arena *arena, struct id *couple)
{
    struct stream_fact fact = {.at = body->at_ms};
    if (bytes_equal(body->type, text_of("couple.matched"))) {
        struct couple_matched_push push;
        device_decode(device, &couple_matched_push_type, body->data, arena, &push);
        fact.what = FACT_MATCHED;
        fact.who = push.partner;
        *couple = push.couple;
    } else if (bytes_equal(body->type, text_of("couple.ended"))) {
        struct user_couple_ended_push push;
        device_decode(device, &user_couple_ended_push_type, body->data, arena, &push);
        fact.what = FACT_USER_ENDED;
        fact.who = push.by;
        *couple = push.couple;
    } else if (bytes_equal(body->type, text_of("chat.waiting"))) {
        struct chat_waiting_push push;
        device_decode(device, &chat_waiting_push_type, body->data, arena, &push);
        fact.what = FACT_WAITING;
        fact.who = push.from;
        fact.msg = push.msg;
    } else {
        sim_fail("%s: an entry of a type that it does not know", device->name);
    }
    return fact;
}

static void user_entry(struct device *device, int64_t seq, const struct stream_fact *fact,
                       struct id couple)
{
    if (seq <= device->opened_at_seq || fact->what == FACT_WAITING) {
        return; /* long ago: the answer to session.open knew better */
    }
    if (fact->what == FACT_USER_ENDED) {
        device_couple_gone(device);
        return;
    }
    device->couple = couple;
    if (device->leaves_at_once) {
        device_leave(device);
    }
}

void view_pushed(struct device *device, int which, struct bytes bytes)
{
    struct stream_body body;
    struct arena arena = {0};
    struct id couple = {0};
    struct view *view = &device->views[which];
    if (frame_parse_stream_body(bytes, &body) != 0) {
        sim_fail("%s: a push that is no entry of a stream", device->name);
    }
    int64_t seq = (int64_t)body.seq;
    struct stream_fact fact = which == VIEW_USER ? user_fact(device, &body, &arena, &couple)
                                                 : couple_fact(device, &body, &arena);
    trace("%s: entry %lld of %s stream %s", device->name, (long long)seq,
          which == VIEW_USER ? "user" : "couple", trace_id(body.epoch));
    if (!view->known || !id_equal(view->epoch, body.epoch)) {
        if (seq != 1) {
            sim_fail("%s: a new stream begins with %lld", device->name, (long long)seq);
        }
        view_reset(view, body.epoch, device->couple, 0);
    }
    if (seq <= view->cursor && !is_own(view, seq)) {
        sim_fail("%s: entry %lld came twice", device->name, (long long)seq);
    }
    if (seq > view->cursor + 1) {
        sim_fail("%s: entry %lld came after %lld: a hole", device->name, (long long)seq,
                 (long long)view->cursor);
    }
    ledger_note(device->ledger, body.epoch, seq, &fact, device->name);
    if (seq <= view->cursor) {
        device->repeats++; /* its own, read from a page while it was coming up to the head */
    } else {
        view->cursor = seq;
        advance_over_own(view);
        if (which == VIEW_USER) {
            user_entry(device, seq, &fact, couple);
        }
    }
    arena_fini(&arena);
}
