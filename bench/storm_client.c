/*
 * What one client of the storm does: opens its session where it left off, writes, counts what it
 * sees. A message that was not answered when the connection went is sent again under its number.
 */
#include "bench/storm.h"

#define AGAIN_US 200000

static struct storm_client *client_of(struct member *member)
{
    return (struct storm_client *)member;
}

static void ask(struct member *member)
{
    struct storm_client *client = client_of(member);
    if (client->was_in) {
        client->places.after[STREAM_COUPLE] = client->view.next - 1;
    }
    session_ask(&member->dial.link, CROWD_ASK_ID, client->token, &client->places);
}

static void send_number(struct storm_client *client, uint64_t number, int64_t at_us)
{
    struct storm_run *run = client->run;
    const struct chat_text text = {
        .couple = client->couple, .side = client->side, .number = number, .at_us = at_us};
    duet_protocol.append(&run->template, (uint32_t)number, run->no_base + number, &text,
                         &client->member.dial.link.out);
}

void storm_client_write(struct storm_client *client)
{
    int64_t now_us = monotonic_us();
    send_number(client, ledger_sent(&client->ledger, now_us, &client->run->tally), now_us);
}

static void send_unanswered(struct storm_client *client)
{
    struct ledger *ledger = &client->ledger;
    for (uint64_t number = ledger->tail; number < ledger->head; number++) {
        if (ledger_unanswered(ledger, number)) {
            send_number(client, number, ledger_sent_at(ledger, number));
            client->run->sent_again++;
        }
    }
}

void storm_client_retry(struct storm_client *client, int64_t now_us)
{
    if (client->again_us != 0 && now_us >= client->again_us && client->member.state == MEMBER_IN) {
        client->again_us = 0;
        send_unanswered(client);
        member_flush(&client->member);
    }
}

/* Everything up to the head has come: it is where it would be without the outage. */
static void check_live(struct storm_client *client)
{
    struct storm_run *run = client->run;
    if (client->live || client->view.next <= client->head) {
        return;
    }
    client->live = true;
    if (!client->stays) {
        run->live_count++;
        if (run->background.phase == STORM_STORM) {
            histogram_add(&run->resumed, (uint64_t)(monotonic_us() - run->background.phase_us));
        }
    }
}

static bool answered(struct member *member, struct bytes result)
{
    struct storm_client *client = client_of(member);
    struct session_answer answer;
    if (session_answer_read(result, &answer) != 0 || !answer.followed[STREAM_COUPLE]) {
        client->run->malformed++;
        return true;
    }
    for (uint32_t i = 0; i < STREAM_COUNT; i++) {
        client->run->resets += answer.reset[i];
        client->places.known[i] = answer.followed[i];
        client->places.epoch[i] = answer.epoch[i];
        client->places.after[i] = answer.head[i];
    }
    client->head = answer.head[STREAM_COUPLE];
    if (client->was_in) {
        (void)view_resume(&client->view);
    } else {
        view_init(&client->view, client->head);
        client->was_in = true;
    }
    send_unanswered(client);
    check_live(client);
    return true;
}

static void handle_acked(struct storm_client *client, const struct chat_incoming *in)
{
    struct storm_run *run = client->run;
    uint64_t number = ledger_number_of(&client->ledger, in->id, duet_protocol.id_mask);
    ledger_acked(&client->ledger, number, in->seq, in->msg, &run->tally);
    run->repetitions += in->dup;
    if (!view_knows(&client->view, in->seq)) { /* else it came in the replay, as it may */
        view_saw(&client->view, in->seq, false, &run->tally);
    }
}

/* A place of the stream in a push; whether it is new. */
static bool count_place(struct storm_client *client, uint64_t seq, bool own)
{
    struct storm_run *run = client->run;
    run->replayed += !client->live;
    if (view_passes_over(&client->view, seq) || (own && view_knows(&client->view, seq))) {
        return false;
    }
    view_saw(&client->view, seq, true, &run->tally);
    return true;
}

static void handle_message(struct storm_client *client, const struct chat_incoming *in)
{
    struct storm_run *run = client->run;
    struct chat_text text;
    if (chat_text_parse(in->text, (size_t)run->options->others.bytes, &text) != 0 ||
        text.couple != client->couple || text.side > 1) {
        run->malformed++;
        return;
    }
    bool own = text.side == client->side;
    if (count_place(client, in->seq, own) && !own) {
        ledger_delivered(&client->partner->ledger, text.number, in->seq, in->msg, &run->tally);
    }
}

static void message(struct member *member, struct bytes message)
{
    struct storm_client *client = client_of(member);
    struct chat_channel channel = {.out = &member->dial.link.out};
    struct chat_incoming in;
    int status;
    while ((status = duet_protocol.next(&channel, &message, &in)) > 0) {
        if (in.type == CHAT_ACKED) {
            handle_acked(client, &in);
        } else if (in.type == CHAT_MESSAGE) {
            handle_message(client, &in);
        } else if (in.type == CHAT_ENTRY) {
            count_place(client, in.seq, false);
        } else if (in.type == CHAT_REFUSED) {
            client->again_us = monotonic_us() + AGAIN_US;
            client->run->tally.refused++;
        }
    }
    client->run->malformed += status < 0;
    check_live(client);
}

static void lost(struct member *member)
{
    struct storm_client *client = client_of(member);
    client->run->thrown_out++;
    client->run->live_count -= client->live && !client->stays;
    client->live = false;
    crowd_call(member);
}

const struct crowd_script storm_script = {
    .ask = ask, .answered = answered, .message = message, .lost = lost};
