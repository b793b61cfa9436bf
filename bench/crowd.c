#include "bench/crowd.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/measure.h"
#include "bench/report.h"
#include "wire/frame.h"

#define SLICE 64          /* of coming, and of events: a millisecond or so */
#define WAKE_US 2000      /* how exactly due times are kept */
#define PAUSE_MS 100      /* the first pause without a hint … */
#define PAUSE_MS_MAX 5000 /* … which doubles up to this */

/* --- lists --- */

static void list_put(struct member_list *list, struct member *member)
{
    member->next = NULL;
    *list->end = member;
    list->end = &member->next;
}

static struct member *list_take(struct member_list *list)
{
    struct member *member = list->first;
    if (member != NULL) {
        list->first = member->next;
        list->end = list->first == NULL ? &list->first : list->end;
    }
    return member;
}

static void list_drop(struct member_list *list, const struct member *gone)
{
    struct member_list kept = {.end = &kept.first};
    struct member *member;
    while ((member = list_take(list)) != NULL) {
        if (member != gone) {
            list_put(&kept, member);
        }
    }
    *list = (struct member_list){.first = kept.first,
                                 .end = kept.first == NULL ? &list->first : kept.end};
}

int crowd_init(struct crowd *crowd, const char *host, uint16_t port,
               const struct crowd_script *script)
{
    *crowd = (struct crowd){.script = script, .random = (uint64_t)monotonic_us() | 1};
    crowd->ready.end = &crowd->ready.first;
    crowd->waiting.end = &crowd->waiting.first;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0) {
        complain("epoll: %s", strerror(errno));
        crowd->target.epoll = -1;
        return ERR_IO;
    }
    int error = tcp_target_init(&crowd->target, host, port, epoll);
    if (error != 0) {
        crowd_fini(crowd);
    }
    return error;
}

void crowd_fini(struct crowd *crowd)
{
    if (crowd->target.epoll >= 0) {
        close(crowd->target.epoll);
    }
    crowd->target.epoll = -1;
}

void crowd_put_figures(json_t *report, const struct crowd_figures *figures)
{
    report_put_count(report, "connects", (int64_t)figures->dials);
    report_put_count(report, "connects_refused", (int64_t)figures->refused);
    report_put_count(report, "closed_before_answer", (int64_t)figures->closed);
    report_put_count(report, "told_to_wait", (int64_t)figures->told_wait);
    report_put_count(report, "gave_up", (int64_t)figures->gave_up);
    if (figures->first_error != 0) {
        json_object_set_new(report, "first_refusal", json_string(error_name(figures->first_error)));
    }
    if (figures->first_close_code != 0) {
        report_put_count(report, "first_close_code", figures->first_close_code);
    }
}

void member_init(struct member *member, struct crowd *crowd, uint32_t source)
{
    *member = (struct member){.crowd = crowd, .source = source, .dial.link.fd = -1};
}

void member_fini(struct member *member)
{
    ws_dial_hang_up(&member->dial);
}

/* --- coming and going --- */

static void set_state(struct member *member, enum member_state state)
{
    static const bool is_busy[] = {
        [MEMBER_DIALLING] = true, [MEMBER_ASKING] = true, [MEMBER_GAVE_UP] = false};
    struct crowd *crowd = member->crowd;
    crowd->busy += (uint32_t)is_busy[state] - (uint32_t)is_busy[member->state];
    crowd->in += (uint32_t)(state == MEMBER_IN) - (uint32_t)(member->state == MEMBER_IN);
    member->state = state;
}

void crowd_call(struct member *member)
{
    member->tries = 0;
    member->called_us = monotonic_us();
    set_state(member, MEMBER_WAITING);
    list_put(&member->crowd->ready, member);
}

void member_leave(struct member *member)
{
    if (member->state == MEMBER_WAITING || member->state == MEMBER_PAUSING) {
        list_drop(&member->crowd->ready, member);
        list_drop(&member->crowd->waiting, member);
    }
    set_state(member, MEMBER_AWAY);
    ws_dial_hang_up(&member->dial);
}

/* xorshift (Marsaglia 2003): a number in 0 … bound. */
static uint32_t draw(struct crowd *crowd, uint32_t bound)
{
    crowd->random ^= crowd->random << 13;
    crowd->random ^= crowd->random >> 7;
    crowd->random ^= crowd->random << 17;
    return (uint32_t)((crowd->random >> 32) % ((uint64_t)bound + 1));
}

/* Comes back: with a hint between it and one and a half of it, else after a growing pause. */
static void wait_for_retry(struct member *member, enum member_state state, uint32_t hint_ms)
{
    struct crowd *crowd = member->crowd;
    uint32_t doublings = member->tries < 6 ? member->tries : 6;
    uint32_t pause_ms = (uint32_t)PAUSE_MS << doublings;
    pause_ms = pause_ms < PAUSE_MS_MAX ? pause_ms : PAUSE_MS_MAX;
    uint32_t wait_ms = hint_ms != 0 ? hint_ms + draw(crowd, hint_ms / 2)
                                    : pause_ms / 2 + draw(crowd, pause_ms / 2);
    member->tries++;
    member->due_us = monotonic_us() + (int64_t)wait_ms * 1000;
    set_state(member, state);
    list_put(&crowd->waiting, member);
}

static void give_up(struct member *member, const char *why)
{
    if (member->crowd->figures.gave_up++ == 0) {
        complain("a client gives up: %s", why);
    }
    set_state(member, MEMBER_GAVE_UP);
}

/* The link was closed, by the server or by the network. */
static void handle_closed(struct member *member)
{
    struct crowd *crowd = member->crowd;
    uint16_t code = member->dial.link.close_code;
    uint32_t hint_ms = member->dial.link.come_after_ms;
    enum member_state state = member->state;
    if (state == MEMBER_PAUSING) {
        list_drop(&crowd->ready, member);
        list_drop(&crowd->waiting, member);
    }
    ws_dial_hang_up(&member->dial);
    if (state == MEMBER_IN) {
        set_state(member, MEMBER_AWAY);
        crowd->script->lost(member);
        return;
    }
    crowd->figures.closed++;
    crowd->figures.first_close_code =
        crowd->figures.first_close_code != 0 ? crowd->figures.first_close_code : code;
    wait_for_retry(member, MEMBER_WAITING, hint_ms);
}

/* --- question and answer --- */

static bool comes_back(int error)
{
    return error == ERR_BUSY || error == ERR_RATE_LIMITED || error == ERR_STORAGE_FULL ||
           error == ERR_SHUTTING_DOWN || error == ERR_INTERNAL;
}

static void take_answer(struct member *member, const struct rpc_incoming *answer)
{
    struct crowd *crowd = member->crowd;
    if (answer->error == 0) {
        set_state(member, MEMBER_IN);
        if (!crowd->script->answered(member, answer->result) && member->state == MEMBER_IN) {
            set_state(member, MEMBER_AWAY);
        }
        return;
    }
    if (crowd->figures.first_error == 0) {
        crowd->figures.first_error = answer->error;
    }
    if (comes_back(answer->error)) {
        crowd->figures.told_wait++;
        wait_for_retry(member, MEMBER_PAUSING, (uint32_t)answer->retry_ms);
    } else {
        give_up(member, error_name(answer->error));
    }
}

static void handle_message(void *owner, struct bytes message)
{
    struct member *member = owner;
    struct frame_reader reader;
    struct rpc_incoming in;
    if (member->state == MEMBER_IN) {
        member->crowd->script->message(member, message);
        return;
    }
    frame_reader_init(&reader, message);
    while (member->state == MEMBER_ASKING && frame_reader_next_incoming(&reader, &in) == 0) {
        if (in.type == RPC_RESPONSE && in.id == CROWD_ASK_ID) {
            take_answer(member, &in);
        }
    }
}

void member_flush(struct member *member)
{
    if (link_flush(&member->dial.link, member->crowd->target.epoll, member) != 0) {
        handle_closed(member);
    }
}

/* After anything was received: it may have left, or have something to send. */
static void settle(struct member *member, int error)
{
    if (error != 0) {
        handle_closed(member);
    } else if (member->state == MEMBER_AWAY || member->state == MEMBER_GAVE_UP) {
        ws_dial_hang_up(&member->dial);
    } else if (member->dial.link.out.len != 0) {
        member_flush(member);
    }
}

static void ask(struct member *member)
{
    set_state(member, MEMBER_ASKING);
    member->crowd->script->ask(member);
}

static void handle_upgraded(struct member *member)
{
    struct buffer early = member->dial.early;
    member->dial.early = (struct buffer){0};
    ask(member);
    settle(member, link_feed(&member->dial.link, buffer_bytes(&early), handle_message, member));
    buffer_fini(&early);
}

static void handle_event(struct member *member, uint32_t events)
{
    struct crowd *crowd = member->crowd;
    struct ws_dial *dial = &member->dial;
    if (dial->state == WS_DIAL_READY) {
        bool input = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
        settle(member,
               input ? link_receive(&dial->link, &crowd->now_us, handle_message, member) : 0);
    } else if (dial->state != WS_DIAL_IDLE) {
        int status = ws_dial_continue(dial, &crowd->target, member);
        if (status > 0) {
            handle_upgraded(member);
        } else if (status < 0) {
            crowd->figures.refused++;
            wait_for_retry(member, MEMBER_WAITING, 0);
        }
    }
}

/* --- turns --- */

static void come(struct member *member)
{
    struct crowd *crowd = member->crowd;
    if (member->state == MEMBER_PAUSING) {
        ask(member);
        member_flush(member);
        return;
    }
    crowd->figures.dials++;
    if (ws_dial_start(&member->dial, &crowd->target, member->source, member) == 0) {
        set_state(member, MEMBER_DIALLING);
    } else {
        crowd->figures.refused++;
        wait_for_retry(member, MEMBER_WAITING, 0);
    }
}

static void wake(struct crowd *crowd)
{
    struct member_list still = {.end = &still.first};
    struct member *member;
    while ((member = list_take(&crowd->waiting)) != NULL) {
        list_put(member->due_us <= crowd->woken_us ? &crowd->ready : &still, member);
    }
    crowd->waiting = (struct member_list){
        .first = still.first, .end = still.first == NULL ? &crowd->waiting.first : still.end};
}

bool crowd_turn(struct crowd *crowd)
{
    struct epoll_event events[SLICE];
    int came = 0;
    int64_t now_us = monotonic_us();
    if (now_us - crowd->woken_us >= WAKE_US) {
        crowd->woken_us = now_us;
        wake(crowd);
    }
    while (came < SLICE && crowd->ready.first != NULL &&
           (crowd->busy_max == 0 || crowd->busy < crowd->busy_max)) {
        come(list_take(&crowd->ready));
        came++;
    }
    int ready = epoll_wait(crowd->target.epoll, events, SLICE, 0);
    for (int i = 0; i < ready; i++) {
        handle_event(events[i].data.ptr, events[i].events);
    }
    return came > 0 || ready > 0;
}

void crowd_sleep(const struct crowd *crowd, int others, int64_t us)
{
    struct pollfd pollers[2] = {{.fd = crowd->target.epoll, .events = POLLIN},
                                {.fd = others, .events = POLLIN}};
    if (crowd->waiting.first != NULL && us > WAKE_US) {
        us = WAKE_US;
    }
    struct timespec timeout = {.tv_nsec = (long)us * 1000};
    ppoll(pollers, 2, &timeout, NULL);
}
