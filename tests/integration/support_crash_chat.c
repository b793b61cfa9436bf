#include "tests/integration/support_crash_chat.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>

#include "actors/couple_records.h"
#include "actors/invite_records.h"
#include "base/error.h"
#include "client/tcp.h"
#include "client/ws_client.h"

#define READ_EVERY 16

/* --- sending --- */

static void start_send(struct crash_chatter *chatter, struct crash_flight *flight)
{
    char text[CRASH_TEXT_MAX];
    crash_ledger_text(chatter->ledger, chatter->member, flight->no, text);
    struct chat_send_args args = {.no = flight->no, .text = text_of(text)};
    if (duet_client_start(chatter->account.client, "chat.send", &chat_send_args_type, &args, NULL,
                          CRASH_CALL_MS, &flight->id) != 0) {
        chatter->gone = true;
    }
}

static void fill_window(struct crash_chatter *chatter)
{
    while (chatter->flight_count < CRASH_WINDOW && !chatter->gone) {
        struct crash_flight *flight = &chatter->flights[chatter->flight_count++];
        flight->no = crash_ledger_say(chatter->ledger, chatter->member);
        start_send(chatter, flight);
    }
}

static void start_read(struct crash_chatter *chatter)
{
    struct chat_read_args args = {.up_to = chatter->read_due};
    chatter->read_due = 0;
    chatter->reading = duet_client_start(chatter->account.client, "chat.read", &chat_read_args_type,
                                         &args, NULL, CRASH_CALL_MS, &chatter->read_id) == 0;
    chatter->gone = chatter->gone || !chatter->reading;
}

/* --- receiving --- */

static void check_epoch(const struct crash_chatter *chatter, struct id epoch)
{
    if (!id_equal(epoch, chatter->epoch)) {
        crash_wrong(&chatter->tally->others, "couple %d: another epoch", chatter->ledger->couple);
    }
}

static void handle_message(struct crash_chatter *chatter, const struct duet_push *push)
{
    struct chat_message_push message;
    struct field_fault fault;
    arena_reset(&chatter->account.arena);
    if (duet_push_decode(push, &chat_message_push_type, &chatter->account.arena, &message,
                         &fault) != 0) {
        crash_wrong(&chatter->tally->others, "a push that makes no sense: %s", fault.field);
        return;
    }
    bool own = id_equal(message.from, chatter->account.user);
    int member = own ? chatter->member : 1 - chatter->member;
    int64_t no = crash_ledger_number(chatter->ledger, member, message.text.data, message.text.len);
    crash_ledger_pushed(chatter->ledger, member, no, push->seq, message.msg);
    if (!own && message.msg % READ_EVERY == 0) {
        chatter->read_due = message.msg;
    }
}

static void handle_push(struct crash_chatter *chatter, const struct duet_push *push)
{
    if (!push->durable || !bytes_equal(push->topic, text_of("couple"))) {
        return;
    }
    check_epoch(chatter, push->epoch);
    crash_view_saw(&chatter->view, push->seq, true, chatter->tally);
    if (bytes_equal(push->type, text_of("chat.message"))) {
        handle_message(chatter, push);
    }
}

static void take_pushes(struct crash_chatter *chatter)
{
    struct duet_push push;
    int error;
    while ((error = duet_client_next_push(chatter->account.client, 0, &push)) == 0) {
        handle_push(chatter, &push);
    }
    chatter->gone = chatter->gone || error != ERR_END;
}

/* True when an answer came. What the connection's end took will be asked for again. */
static bool take_answer(struct crash_chatter *chatter, uint32_t id, const struct record_type *type,
                        void *result)
{
    struct crash_account *account = &chatter->account;
    arena_reset(&account->arena);
    int error = duet_client_finish(account->client, id, type, &account->arena, result, 0);
    if (error == ERR_END || error == ERR_IO) {
        return false;
    }
    if (error != 0) {
        crash_wrong(&chatter->tally->others, "couple %d: %s refused: %s %s",
                    chatter->ledger->couple, type->name, error_name(error),
                    duet_client_failure(account->client)->field);
        chatter->gone = true;
    }
    return error == 0;
}

static void handle_sent(struct crash_chatter *chatter, int64_t no,
                        const struct chat_send_result *result)
{
    check_epoch(chatter, result->epoch);
    crash_ledger_acked(chatter->ledger, chatter->member, no, result->seq, result->msg);
    if (!result->has_dup || !result->dup) { /* else its place comes, or came, as a push */
        crash_view_saw(&chatter->view, result->seq, false, chatter->tally);
    }
}

static void take_answers(struct crash_chatter *chatter)
{
    int kept = 0;
    for (int i = 0; i < chatter->flight_count; i++) {
        struct chat_send_result result;
        struct crash_flight flight = chatter->flights[i];
        if (take_answer(chatter, flight.id, &chat_send_result_type, &result)) {
            handle_sent(chatter, flight.no, &result);
        } else {
            chatter->flights[kept++] = flight;
        }
    }
    chatter->flight_count = kept;
    struct chat_read_result read;
    if (chatter->reading && take_answer(chatter, chatter->read_id, &chat_read_result_type, &read)) {
        chatter->reading = false;
        if (read.has_seq) {
            crash_view_saw(&chatter->view, read.seq, false, chatter->tally);
        }
    }
    crash_account_refresh_take(&chatter->account);
}

/* --- one chatter --- */

static int chatter_open(struct crash_chatter *chatter, uint16_t port)
{
    struct session_open_result result = {0};
    struct stream_cursor cursor = {
        .stream = STREAM_COUPLE, .epoch = chatter->epoch, .after = chatter->view.low};
    bool resume = !id_is_zero(chatter->epoch);
    int error = crash_account_open(&chatter->account, port, resume ? &cursor : NULL, &result);
    if (error != 0) {
        return error;
    }
    chatter->gone = chatter->reading = false;
    crash_view_resume(&chatter->view);
    const struct stream_position *positions = result.streams.items;
    for (uint32_t i = 0; i < result.streams.count; i++) {
        if (positions[i].stream != STREAM_COUPLE) {
            continue;
        }
        if (resume && (positions[i].reset || positions[i].head < chatter->view.low)) {
            crash_wrong(&chatter->tally->lost,
                        "couple %d: the stream was seen to %" PRId64 ", and ends at %" PRId64,
                        chatter->ledger->couple, chatter->view.low, positions[i].head);
        }
        chatter->epoch = positions[i].epoch;
    }
    for (int i = 0; i < chatter->flight_count; i++) {
        start_send(chatter, &chatter->flights[i]);
    }
    return 0;
}

static void chatter_turn(struct crash_chatter *chatter, bool talking)
{
    take_pushes(chatter);
    take_answers(chatter);
    if (talking && !chatter->gone) {
        fill_window(chatter);
        if (chatter->read_due != 0 && !chatter->reading) {
            start_read(chatter);
        }
    }
}

static bool chatter_is_settled(struct crash_chatter *chatter, int64_t head)
{
    return chatter->flight_count == 0 && !chatter->reading && chatter->view.low >= head;
}

static void check_history(struct crash_chatter *chatter)
{
    struct crash_ledger *ledger = chatter->ledger;
    struct chat_history_result page;
    do {
        struct chat_history_args args = {
            .after = ledger->found_msg, .has_after = true, .limit = 100, .has_limit = true};
        int error = crash_account_call(&chatter->account, "chat.history", &chat_history_args_type,
                                       &args, &chat_history_result_type, &page);
        if (error != 0) {
            crash_wrong(&chatter->tally->others, "chat.history: %s", error_name(error));
            return;
        }
        const struct chat_message *rows = page.messages.items;
        for (uint32_t i = 0; i < page.messages.count; i++) {
            bool own = id_equal(rows[i].from, chatter->account.user);
            int member = own ? chatter->member : 1 - chatter->member;
            int64_t no = crash_ledger_number(ledger, member, rows[i].text.data, rows[i].text.len);
            crash_ledger_found(ledger, member, no, rows[i].seq, rows[i].msg);
        }
    } while (page.messages.count != 0);
    crash_ledger_found_all(ledger);
}

/* --- all of them --- */

static int pair(struct crash_account *owner, struct crash_account *redeemer, uint16_t port)
{
    struct session_open_result opened;
    struct couple_invite_result invite;
    struct couple_match_result match;
    struct couple_match_args args;
    int error = crash_account_open(owner, port, NULL, &opened);
    error = error != 0 ? error : crash_account_open(redeemer, port, NULL, &opened);
    error = error != 0 ? error
                       : crash_account_call(owner, "couple.invite", NULL, NULL,
                                            &couple_invite_result_type, &invite);
    if (error == 0) {
        args.code = invite.code;
        error = crash_account_call(redeemer, "couple.match", &couple_match_args_type, &args,
                                   &couple_match_result_type, &match);
    }
    if (error != 0) {
        (void)fprintf(stderr, "pairing: %s\n", error_name(error));
    }
    return error;
}

static int couple_init(struct crash_fleet *fleet, int couple, uint16_t port)
{
    fleet->ledgers[couple] = (struct crash_ledger){.couple = couple, .tally = fleet->tally};
    struct crash_chatter *both = &fleet->chatters[2 * couple];
    for (int member = 0; member < 2; member++) {
        both[member] = (struct crash_chatter){
            .ledger = &fleet->ledgers[couple], .tally = fleet->tally, .member = member};
        char email[64];
        (void)snprintf(email, sizeof email, "couple%d.%d@example.org", couple, member);
        int error = crash_account_signup(&both[member].account, email, port);
        if (error != 0) {
            return error;
        }
    }
    return pair(&both[0].account, &both[1].account, port);
}

int crash_fleet_init(struct crash_fleet *fleet, int couples, uint16_t port,
                     struct crash_tally *tally)
{
    *fleet = (struct crash_fleet){.couples = couples, .tally = tally};
    for (int i = 0; i < couples; i++) {
        int error = couple_init(fleet, i, port);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

void crash_fleet_fini(struct crash_fleet *fleet)
{
    for (int i = 0; i < 2 * fleet->couples; i++) {
        crash_account_fini(&fleet->chatters[i].account);
        crash_view_fini(&fleet->chatters[i].view);
    }
    for (int i = 0; i < fleet->couples; i++) {
        crash_ledger_fini(&fleet->ledgers[i]);
    }
}

int crash_fleet_open(struct crash_fleet *fleet, uint16_t port, bool refresh)
{
    for (int i = 0; i < 2 * fleet->couples; i++) {
        struct crash_chatter *chatter = &fleet->chatters[i];
        int error = refresh ? crash_account_refresh(&chatter->account, port) : 0;
        error = error != 0 ? error : chatter_open(chatter, port);
        if (error != 0) {
            return error;
        }
    }
    return 0;
}

void crash_fleet_turn(struct crash_fleet *fleet, bool talking, int wait_ms)
{
    struct pollfd fds[2 * CRASH_COUPLES_MAX];
    int count = 2 * fleet->couples;
    for (int i = 0; i < count; i++) {
        const struct crash_chatter *chatter = &fleet->chatters[i];
        int fd = ws_client_fd(duet_client_socket(chatter->account.client));
        fds[i] = (struct pollfd){.fd = chatter->gone ? -1 : fd, .events = POLLIN};
    }
    (void)poll(fds, (nfds_t)count, wait_ms);
    for (int i = 0; i < count; i++) {
        struct crash_chatter *chatter = &fleet->chatters[i];
        bool idle = talking && chatter->flight_count < CRASH_WINDOW;
        if (!chatter->gone && (fds[i].revents != 0 || idle)) {
            chatter_turn(chatter, talking);
        }
        if (chatter->gone) {
            crash_wrong(&fleet->tally->others, "a connection of couple %d was closed (%u %s)",
                        i / 2, duet_client_close_code(chatter->account.client),
                        duet_client_close_reason(chatter->account.client));
        }
    }
}

static int64_t couple_head(struct crash_chatter *chatter)
{
    struct couple_info_result info;
    int error = crash_account_call(&chatter->account, "couple.info", NULL, NULL,
                                   &couple_info_result_type, &info);
    if (error != 0) {
        crash_wrong(&chatter->tally->others, "couple.info: %s", error_name(error));
        return 0;
    }
    return info.head;
}

static bool all_settled(struct crash_fleet *fleet, const int64_t *heads)
{
    bool settled = true;
    for (int i = 0; i < 2 * fleet->couples; i++) {
        struct crash_chatter *chatter = &fleet->chatters[i];
        chatter_turn(chatter, false); /* answers may have come during a blocking call */
        settled = settled &&
                  (chatter->gone || chatter_is_settled(chatter, heads != NULL ? heads[i / 2] : 0));
    }
    return settled;
}

static bool await_settled(struct crash_fleet *fleet, const int64_t *heads)
{
    int64_t deadline_ms = tcp_now_ms() + CRASH_CALL_MS;
    while (!all_settled(fleet, heads)) {
        if (tcp_now_ms() > deadline_ms) {
            return false;
        }
        crash_fleet_turn(fleet, false, 10);
    }
    return true;
}

void crash_fleet_settle(struct crash_fleet *fleet)
{
    int64_t heads[CRASH_COUPLES_MAX];
    if (!await_settled(fleet, NULL)) {
        crash_wrong(&fleet->tally->others, "messages stay without an answer");
    }
    for (int i = 0; i < fleet->couples; i++) {
        heads[i] = couple_head(&fleet->chatters[2 * i]);
    }
    if (await_settled(fleet, heads)) {
        return;
    }
    for (int i = 0; i < 2 * fleet->couples; i++) {
        const struct crash_chatter *chatter = &fleet->chatters[i];
        if (chatter->view.low < heads[i / 2]) {
            crash_wrong(&fleet->tally->lost,
                        "couple %d member %d: place %" PRId64 " of %" PRId64 " never came", i / 2,
                        i % 2, chatter->view.low + 1, heads[i / 2]);
        }
    }
}

void crash_fleet_drop(struct crash_fleet *fleet)
{
    for (int i = 0; i < 2 * fleet->couples; i++) {
        struct crash_chatter *chatter = &fleet->chatters[i];
        while (!chatter->gone) {
            take_pushes(chatter);
        }
        take_answers(chatter);
        fleet->tally->in_flight += (uint64_t)chatter->flight_count;
        crash_account_close(&chatter->account);
    }
}

void crash_fleet_check(struct crash_fleet *fleet, bool all)
{
    for (int i = 0; i < fleet->couples; i++) {
        if (all) {
            crash_ledger_find_again(&fleet->ledgers[i]);
        }
        check_history(&fleet->chatters[2 * i]);
    }
}

int crash_fleet_inspect(struct crash_fleet *fleet, uint16_t port)
{
    for (int i = 0; i < fleet->couples; i++) {
        struct crash_chatter *chatter = &fleet->chatters[2 * i];
        struct session_open_result result;
        int error = crash_account_open(&chatter->account, port, NULL, &result);
        if (error != 0) {
            return error;
        }
        crash_ledger_find_again(chatter->ledger);
        check_history(chatter);
        crash_account_close(&chatter->account);
    }
    return 0;
}
