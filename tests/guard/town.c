#include "tests/guard/town.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actors/couple_records.h"
#include "actors/identity_records.h"
#include "actors/invite_records.h"
#include "base/error.h"
#include "edge/session_ops.h"
#include "edge/ws_head.h"
#include "tests/guard/guard.h"
#include "tests/simulation/trace.h"
#include "wire/frame.h"

#define SEED 20260101
#define TEXT_BYTES 200

/* --- what the server sends ------------------------------------------------------------------- */

static void transport_send(void *self, struct bytes head, struct bytes rest)
{
    ws_append_frame_of(&((struct resident *)self)->out, WS_SERVER_BINARY, head, rest);
}

static size_t transport_pending(void *self)
{
    return ((struct resident *)self)->out.len;
}

static void transport_close(void *self, int code, const char *reason)
{
    struct resident *resident = self;
    guard_fail("the session of resident %u is closed: %d %s", resident->index, code, reason);
}

static void take_push(struct resident *resident, const struct rpc_incoming *push)
{
    struct stream_body body;
    if (!bytes_equal(push->topic, text_of("couple")) ||
        frame_parse_stream_body(push->body, &body) != 0) {
        return;
    }
    resident->entries++;
    resident->epoch = body.epoch;
    resident->seen = (int64_t)body.seq;
}

static void take_message(struct resident *resident, struct bytes message)
{
    struct frame_reader reader;
    struct rpc_incoming incoming;
    int status;
    frame_reader_init(&reader, message);
    while ((status = frame_reader_next_incoming(&reader, &incoming)) == 0) {
        if (incoming.type == RPC_PUSH) {
            take_push(resident, &incoming);
            continue;
        }
        if (incoming.error != 0) {
            guard_fail("resident %u is refused: %s", resident->index, error_name(incoming.error));
        }
        resident->answers++;
        buffer_clear(&resident->result);
        buffer_append(&resident->result, incoming.result.data, incoming.result.len);
    }
    if (status != ERR_END) {
        guard_fail("resident %u cannot read what the server sent", resident->index);
    }
}

/** A server's frames: unmasked, whole. */
static void take_frames(struct resident *resident, struct bytes frames)
{
    while (frames.len != 0) {
        size_t len = frames.data[1], head = 2;
        if (len == 126) {
            len = get_u16(frames.data + 2);
            head = 4;
        } else if (len == 127) {
            len = (size_t)get_u64(frames.data + 2);
            head = 10;
        }
        take_message(resident, bytes_of(frames.data + head, len));
        frames = bytes_of(frames.data + head + len, frames.len - head - len);
    }
}

/** The end of a loop's turn: what was gathered leaves. False: there was nothing. */
static bool town_flush(struct town *town)
{
    bool any = false;
    bool ran[SHARDS_MAX] = {false};
    for (uint32_t i = 0; i < town->count; i++) {
        struct resident *resident = &town->residents[i];
        if (resident->out.len == 0) {
            continue;
        }
        struct buffer frames = resident->out;
        resident->out = (struct buffer){0};
        take_frames(resident, buffer_bytes(&frames));
        buffer_clear(&frames);
        resident->out = frames;
        if (resident->session != NULL) {
            session_writable(resident->session);
        }
        ran[resident->lane] = any = true;
    }
    for (uint16_t i = 0; i < town->machine.shard_count; i++) {
        if (ran[i]) {
            lane_ran(&town->machine, i);
        }
    }
    return any;
}

void town_settle(struct town *town)
{
    for (uint16_t i = 0; i < town->machine.shard_count; i++) {
        lane_ran(&town->machine, i);
    }
    while (town_flush(town) || !machine_is_quiet(&town->machine)) {
        machine_step(&town->machine);
    }
}

/* --- what the residents ask ------------------------------------------------------------------ */

void resident_ask(struct resident *resident, const char *op, const struct record_type *type,
                  const void *args, bool keyed)
{
    char key[32];
    uint32_t request = resident->next_request++;
    snprintf(key, sizeof key, "%08x%08x", (unsigned)resident->index, (unsigned)request);
    buffer_clear(&resident->request);
    frame_append_request(&resident->request, request, op, type, args,
                         keyed ? text_of(key) : (struct bytes){0});
    session_receive(resident->session, buffer_bytes(&resident->request));
}

/** The last answer, into `out`; views live until the next answer. */
static void resident_read(struct resident *resident, const struct record_type *type, void *out,
                          struct arena *arena)
{
    struct field_fault fault = {0};
    if (record_decode(type, RECORD_AS_MAP, buffer_bytes(&resident->result), arena, out, &fault) !=
        0) {
        guard_fail("an answer is no %s (field '%s')", type->name, fault.field);
    }
}

static void sign_up(struct resident *resident)
{
    char email[48];
    snprintf(email, sizeof email, "resident%u@example.com", resident->index);
    struct auth_signup_args args = {.email = text_of(email),
                                    .password = text_of("corgi-by-the-sea"),
                                    .birth_date = {.year = 1998, .month = 3, .day = 14},
                                    .device = resident->device};
    resident_ask(resident, "auth.signup", &auth_signup_args_type, &args, false);
}

static void take_tokens(struct resident *resident)
{
    struct arena arena = {0};
    struct auth_tokens tokens;
    resident_read(resident, &auth_tokens_type, &tokens, &arena);
    resident->user = tokens.user;
    snprintf(resident->access_token, sizeof resident->access_token, "%.*s",
             (int)tokens.access_token.len, tokens.access_token.data);
    arena_fini(&arena);
}

static void take_opened(struct resident *resident)
{
    struct arena arena = {0};
    struct session_open_result opened;
    resident_read(resident, &session_open_result_type, &opened, &arena);
    resident->couple = opened.has_couple ? opened.couple : (struct id){0};
    arena_fini(&arena);
}

static void resident_connect(struct resident *resident)
{
    struct transport transport = {.self = resident,
                                  .send = transport_send,
                                  .pending = transport_pending,
                                  .close = transport_close};
    resident->session =
        session_connect(resident->town->machine.lanes[resident->lane].sessions, SUBPROTOCOL_MSGPACK,
                        bytes_of(&resident->index, sizeof resident->index), &transport);
    if (resident->session == NULL) {
        guard_fail("there is no room for resident %u", resident->index);
    }
}

static void resident_open(struct resident *resident, bool resume)
{
    struct stream_cursor cursor = {
        .stream = STREAM_COUPLE, .epoch = resident->epoch, .after = resident->seen};
    struct session_open_args args = {.access_token = text_of(resident->access_token),
                                     .device = resident->device,
                                     .cursors = {.items = &cursor, .count = resume},
                                     .has_cursors = true};
    resident_ask(resident, "session.open", &session_open_args_type, &args, false);
}

void town_connect_all(struct town *town, bool resume)
{
    for (uint32_t i = 0; i < town->count; i++) {
        resident_connect(&town->residents[i]);
        resident_open(&town->residents[i], resume);
    }
    town_settle(town);
    for (uint32_t i = 0; i < town->count; i++) {
        take_opened(&town->residents[i]);
    }
}

void town_disconnect_all(struct town *town)
{
    for (uint32_t i = 0; i < town->count; i++) {
        session_disconnected(town->residents[i].session);
        town->residents[i].session = NULL;
    }
    town_settle(town);
}

void town_pair_all(struct town *town)
{
    for (uint32_t i = 0; i < town->count; i += 2) {
        resident_ask(&town->residents[i], "couple.invite", &empty_type, NULL, true);
    }
    town_settle(town);
    for (uint32_t i = 0; i < town->count; i += 2) {
        struct arena arena = {0};
        struct couple_invite_result invite;
        resident_read(&town->residents[i], &couple_invite_result_type, &invite, &arena);
        struct couple_match_args match = {.code = invite.code};
        resident_ask(&town->residents[i + 1], "couple.match", &couple_match_args_type, &match,
                     true);
        arena_fini(&arena);
    }
    town_settle(town);
}

void town_chat(struct town *town, uint32_t window)
{
    char text[TEXT_BYTES];
    uint64_t answers = town->residents[0].answers, entries = town->residents[0].entries;
    memset(text, 'm', sizeof text);
    for (uint32_t i = 0; i < town->count; i++) {
        for (uint32_t w = 0; w < window; w++) {
            struct resident *resident = &town->residents[i];
            struct chat_send_args args = {.no = ++resident->next_no,
                                          .text = bytes_of(text, sizeof text)};
            resident_ask(resident, "chat.send", &chat_send_args_type, &args, false);
        }
    }
    town_settle(town);
    for (uint32_t i = 0; i < town->count; i++) {
        const struct resident *resident = &town->residents[i];
        if (resident->answers - answers != window || resident->entries - entries != window) {
            guard_fail("resident %u has %llu answers and %llu messages of %u", i,
                       (unsigned long long)(resident->answers - answers),
                       (unsigned long long)(resident->entries - entries), (unsigned)window);
        }
        answers = town->residents[(i + 1) % town->count].answers - window;
        entries = town->residents[(i + 1) % town->count].entries - window;
    }
}

/* --- life ------------------------------------------------------------------------------------ */

static void weather_steady(struct weather *weather, uint16_t shards)
{
    weather_defaults(weather);
    weather->shards = shards;
    weather->steady = true;
    weather->post_us = weather->job_us = weather->net_us = 1;
    weather->commit_us = 50;         /* the least that the machine knows */
    weather->jobs_max = 1 << 20;     /* all sign up at once */
    weather->flush_age_ms = 1 << 30; /* flushing is a scenario of its own */
    weather->access_ms = 1 << 30;
}

void town_init(struct town *town, uint32_t couples, uint16_t shards)
{
    struct weather weather;
    *town = (struct town){.count = couples * 2};
    weather_steady(&weather, shards);
    trace_begin("guard", SEED, &town->machine.now_us);
    machine_init(&town->machine, SEED, &weather);
    machine_start(&town->machine, shards);
    town->residents = memory_alloc(town->count * sizeof *town->residents);
    for (uint32_t i = 0; i < town->count; i++) {
        struct resident *resident = &town->residents[i];
        *resident = (struct resident){
            .town = town, .index = i, .lane = (uint16_t)(i % shards), .next_request = 1};
        put_u32(resident->device.bytes, i + 1);
        resident_connect(resident);
        sign_up(resident);
    }
    town_settle(town);
    for (uint32_t i = 0; i < town->count; i++) {
        take_tokens(&town->residents[i]);
    }
    town_disconnect_all(town);
}

void town_fini(struct town *town)
{
    machine_fini(&town->machine);
    for (uint32_t i = 0; i < town->count; i++) {
        buffer_fini(&town->residents[i].out);
        buffer_fini(&town->residents[i].request);
        buffer_fini(&town->residents[i].result);
    }
    free(town->residents);
}
