#include "tests/simulation/device.h"

#include <stdio.h>
#include <stdlib.h>

#include "actors/identity_records.h"
#include "actors/user_records.h"
#include "edge/session_ops.h"
#include "tests/simulation/trace.h"

#define IN_FLIGHT_MAX 8

void device_decode(struct device *device, const struct record_type *type, struct bytes in,
                   struct arena *arena, void *out)
{
    struct field_fault fault = {0};
    if (record_decode(type, RECORD_AS_MAP, in, arena, out, &fault) != 0) {
        sim_fail("%s: a %s that is none (field '%s')", device->name, type->name, fault.field);
    }
}

/* --- connecting and signing in -------------------------------------------------------------- */

static void connect_again(struct machine *machine, void *subject, uint64_t number);

static void go_offline(struct device *device)
{
    device->phase = DEVICE_OFFLINE;
    device->connection = NULL;
    device->connect_number++;
    for (struct task *task = device->tasks; task != NULL; task = task->next) {
        if (task->once && !task->done && task->request != 0) {
            task->done = true;
            task->error = ERR_SHUTTING_DOWN; /* who knows */
        }
        task->request = 0;
    }
}

static void come_back_later(struct device *device, int64_t most_us)
{
    if (device->wants_online) {
        machine_schedule(device->machine, sim_between(&device->random, 1, most_us), connect_again,
                         device, device->connect_number);
    }
}

static void send_now(struct device *device)
{
    if (device->out.len != 0) {
        net_send(device->connection, buffer_bytes(&device->out));
        buffer_clear(&device->out);
    }
}

static void ask_phase(struct device *device, enum device_phase phase, const char *op,
                      const struct record_type *type, const void *args)
{
    device->phase = phase;
    device->phase_request = device->next_request++;
    trace("%s: asks %u %s", device->name, device->phase_request, op);
    frame_append_request(&device->out, device->phase_request, op, type, args, (struct bytes){0});
    send_now(device);
}

static void sign_up(struct device *device)
{
    const struct account *account = device->account;
    struct auth_signup_args args = {.email = text_of(account->email),
                                    .password = text_of(account->password),
                                    .birth_date = {.year = 1998, .month = 3, .day = 14},
                                    .nickname = text_of(account->nickname),
                                    .has_nickname = account->has_nickname,
                                    .device = device->id};
    ask_phase(device, DEVICE_SIGNING_IN, "auth.signup", &auth_signup_args_type, &args);
}

static void sign_in(struct device *device)
{
    struct auth_login_args args = {.email = text_of(device->account->email),
                                   .password = text_of(device->account->password),
                                   .device = device->id};
    ask_phase(device, DEVICE_SIGNING_IN, "auth.login", &auth_login_args_type, &args);
}

static void refresh(struct device *device)
{
    struct auth_refresh_args args = {.refresh_token = text_of(device->refresh_token)};
    ask_phase(device, DEVICE_SIGNING_IN, "auth.refresh", &auth_refresh_args_type, &args);
}

static void open_session(struct device *device)
{
    struct stream_cursor cursors[VIEW_COUNT];
    uint32_t count = 0;
    for (uint32_t i = 0; i < VIEW_COUNT; i++) {
        const struct view *view = &device->views[i];
        if (view->known) {
            cursors[count++] =
                (struct stream_cursor){.stream = i, .epoch = view->epoch, .after = view->cursor};
        }
    }
    struct session_open_args args = {.access_token = text_of(device->access_token),
                                     .device = device->id,
                                     .cursors = {.items = cursors, .count = count},
                                     .has_cursors = true};
    ask_phase(device, DEVICE_OPENING, "session.open", &session_open_args_type, &args);
}

/** What is next, on a connection that is there. */
static void advance(struct device *device)
{
    if (!device->has_tokens && device->account->exists) {
        sign_in(device);
    } else if (!device->has_tokens) {
        sign_up(device);
    } else if (machine_now_ms(device->machine) >= device->access_expires_ms) {
        refresh(device);
    } else {
        open_session(device);
    }
}

static void take_tokens(struct device *device, struct bytes result)
{
    struct auth_tokens tokens;
    struct arena arena = {0};
    device_decode(device, &auth_tokens_type, result, &arena, &tokens);
    if (device->account->exists && !id_is_zero(device->account->user) &&
        !id_equal(tokens.user, device->account->user)) {
        sim_fail("%s: signed in as somebody else", device->name);
    }
    device->account->exists = true;
    device->account->user = tokens.user;
    device->has_tokens = true;
    snprintf(device->access_token, sizeof device->access_token, "%.*s",
             (int)tokens.access_token.len, tokens.access_token.data);
    snprintf(device->refresh_token, sizeof device->refresh_token, "%.*s",
             (int)tokens.refresh_token.len, tokens.refresh_token.data);
    device->access_expires_ms = tokens.access_expires_at;
    arena_fini(&arena);
}

static void opened(struct device *device, struct bytes result)
{
    struct session_open_result out;
    struct arena arena = {0};
    device_decode(device, &session_open_result_type, result, &arena, &out);
    device->phase = DEVICE_READY;
    trace("%s: open, couple %s", device->name, out.has_couple ? trace_id(out.couple) : "none");
    if (!out.has_couple || !id_equal(out.couple, device->couple)) {
        device_couple_gone(device);
    }
    device->couple = out.has_couple ? out.couple : (struct id){0};
    const struct stream_position *positions = out.streams.items;
    for (uint32_t i = 0; i < out.streams.count; i++) {
        if (positions[i].stream == STREAM_USER) {
            device->opened_at_seq = positions[i].head;
        }
        view_opened(device, (int)positions[i].stream, positions[i].epoch, positions[i].head,
                    positions[i].reset);
    }
    arena_fini(&arena);
    if (device->leaves_at_once && !id_is_zero(device->couple) && device_is_done(device)) {
        device_leave(device);
    }
    device_pump(device);
}

static void try_phase_again(struct machine *machine, void *subject, uint64_t number)
{
    struct device *device = subject;
    (void)machine;
    if (number == device->connect_number && device->phase != DEVICE_READY &&
        device->phase != DEVICE_OFFLINE) {
        advance(device);
    }
}

/** Of signing in or opening. */
static void phase_refused(struct device *device, int error)
{
    bool passing = error == ERR_BUSY || error == ERR_RATE_LIMITED || error == ERR_STORAGE_FULL ||
                   error == ERR_NO_MEMORY;
    if (passing) {
        machine_schedule(device->machine, sim_between(&device->random, 1000, 30000),
                         try_phase_again, device, device->connect_number);
        return;
    }
    switch (error) {
    case ERR_EMAIL_TAKEN:
        device->account->exists = true;
        break;
    case ERR_NICKNAME_TAKEN:
        device->account->has_nickname = false;
        break;
    case ERR_TOKEN_EXPIRED:
        device->access_expires_ms = 0;
        if (device->phase == DEVICE_SIGNING_IN) {
            device->has_tokens = false;
        }
        break;
    case ERR_SESSION_REVOKED:
    case ERR_REFRESH_REUSED:
        device->has_tokens = false;
        break;
    default:
        sim_fail("%s: cannot sign in or open: %s", device->name, error_name(error));
    }
    advance(device);
}

static void phase_answered(struct device *device, const struct rpc_incoming *answer)
{
    trace("%s: answer %u %s", device->name, answer->id,
          answer->error == 0 ? "ok" : error_name(answer->error));
    device->phase_request = 0;
    if (answer->error != 0) {
        phase_refused(device, answer->error);
    } else if (device->phase == DEVICE_OPENING) {
        opened(device, answer->result);
    } else {
        take_tokens(device, answer->result);
        advance(device);
    }
}

/* --- the connection ------------------------------------------------------------------------- */

static void pushed(struct device *device, const struct rpc_incoming *push)
{
    if (bytes_equal(push->topic, text_of("hello"))) {
        advance(device);
    } else if (bytes_equal(push->topic, text_of("user"))) {
        view_pushed(device, VIEW_USER, push->body);
    } else if (bytes_equal(push->topic, text_of("couple"))) {
        view_pushed(device, VIEW_COUPLE, push->body);
    }
}

static void received(void *self, struct bytes message)
{
    struct device *device = self;
    struct frame_reader reader;
    struct rpc_incoming incoming;
    int status;
    frame_reader_init(&reader, message);
    while ((status = frame_reader_next_incoming(&reader, &incoming)) == 0) {
        if (incoming.type == RPC_PUSH) {
            pushed(device, &incoming);
        } else if (incoming.id == device->phase_request) {
            phase_answered(device, &incoming);
        } else {
            task_answered(device, &incoming);
        }
    }
    if (status != ERR_END) {
        sim_fail("%s: a message that cannot be read", device->name);
    }
    device_pump(device);
}

static void closed(void *self, int code)
{
    struct device *device = self;
    trace("%s: closed with %d", device->name, code);
    device->closes++;
    if (code == 4501 || code == 4502 || code == 4503 || code == 4504 || code == 4505) {
        device->has_tokens = false;
    }
    go_offline(device);
    come_back_later(device, 20000);
}

static void connect_again(struct machine *machine, void *subject, uint64_t number)
{
    struct device *device = subject;
    if (number != device->connect_number || device->connection != NULL || !device->wants_online) {
        return;
    }
    device->phase = DEVICE_CONNECTING;
    device->phase_request = 0;
    device->connect_number++;
    buffer_clear(&device->out);
    device->connection = net_connect(
        machine, &(struct peer){.self = device, .received = received, .closed = closed});
}

void device_online(struct device *device)
{
    device->wants_online = true;
    connect_again(device->machine, device, device->connect_number);
}

void device_offline(struct device *device)
{
    device->wants_online = false;
    device_drop(device);
}

void device_drop(struct device *device)
{
    if (device->connection != NULL) {
        trace("%s: cuts its connection", device->name);
        device->drops++;
        net_cut(device->connection);
        go_offline(device);
        come_back_later(device, 50000);
    }
}

/* --- tasks ---------------------------------------------------------------------------------- */

static void pump_again(struct machine *machine, void *subject, uint64_t number)
{
    (void)machine;
    (void)number;
    device_pump(subject);
}

void device_retry_later(struct device *device, int64_t after_ms)
{
    machine_schedule(device->machine, after_ms * 1000 + sim_between(&device->random, 1, 500),
                     pump_again, device, 0);
}

void device_pump(struct device *device)
{
    uint32_t in_flight = 0;
    int64_t now_ms = machine_now_ms(device->machine);
    if (device->phase != DEVICE_READY) {
        return;
    }
    for (struct task *task = device->tasks; task != NULL; task = task->next) {
        in_flight += !task->done && task->request != 0;
    }
    for (struct task *task = device->tasks; task != NULL && in_flight < IN_FLIGHT_MAX;
         task = task->next) {
        if (!task->done && task->request == 0 && task->retry_at_ms <= now_ms) {
            task_request(device, task);
            in_flight++;
            if (sim_one_in(&device->random, 2)) {
                send_now(device); /* else in one message with the next */
            }
        }
    }
    send_now(device);
}

bool device_is_done(const struct device *device)
{
    for (const struct task *task = device->tasks; task != NULL; task = task->next) {
        if (!task->done) {
            return false;
        }
    }
    return true;
}

void device_init(struct device *device, struct machine *machine, struct ledger *ledger,
                 struct account *account, const char *name)
{
    *device = (struct device){.machine = machine,
                              .ledger = ledger,
                              .account = account,
                              .random = {.state = sim_next(&machine->random)},
                              .next_request = 1,
                              .next_no = 1};
    snprintf(device->name, sizeof device->name, "%s", name);
    sim_fill(&device->random, device->id.bytes, ID_BYTES);
}

void device_fini(struct device *device)
{
    while (device->tasks != NULL) {
        struct task *task = device->tasks;
        device->tasks = task->next;
        free(task);
    }
    for (int i = 0; i < VIEW_COUNT; i++) {
        free(device->views[i].own);
    }
    buffer_fini(&device->out);
}
