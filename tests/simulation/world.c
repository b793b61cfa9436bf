/* The seam, filled with fakes. */
#include <stdlib.h>

#include "actors/registry.h"
#include "base/check.h"
#include "base/error.h"
#include "tests/simulation/machine.h"
#include "tests/simulation/trace.h"

#define TICK_WAIT_MAX_US 1000000

static const char fake_hash[] = "$fake$"; /* Argon2id would cost 60 ms a run */

struct posted {
    struct posted *next;
    struct message_list messages;
};

static int64_t fake_now_ms(void *self)
{
    return machine_clock_ms(self);
}

static void fake_random(void *self, void *out, size_t len)
{
    sim_fill(&((struct machine *)self)->random, out, len);
}

/* --- messages between shards, and from the writers --- */

static void deliver(struct machine *machine, void *subject, uint64_t number)
{
    uint16_t to = (uint16_t)number;
    struct channel *channel = subject;
    struct posted *posted = channel->head;
    channel->head = posted->next;
    if (channel->head == NULL) {
        channel->tail = NULL;
    }
    trace("shard %d takes %u from %d: %d", to, posted->messages.count,
          (int)(channel - machine->lanes[to].channels), (int)posted->messages.head->type);
    shard_receive(machine->lanes[to].shard, &posted->messages);
    free(posted);
    lane_ran(machine, to);
}

void machine_post(struct machine *machine, uint16_t from, uint16_t to,
                  struct message_list *messages)
{
    struct channel *channel = &machine->lanes[to].channels[from];
    struct posted *posted = memory_alloc(sizeof *posted);
    message_list_splice(&posted->messages, messages);
    if (channel->tail == NULL) {
        channel->head = posted;
    } else {
        channel->tail->next = posted;
    }
    channel->tail = posted;
    int64_t at = machine->now_us + sim_between(&machine->random, 1, machine->weather.post_us);
    channel->last_us = at > channel->last_us ? at : channel->last_us;
    machine_schedule_life(machine, channel->last_us - machine->now_us, deliver, channel, to);
}

static void fake_post(void *self, uint16_t from, uint16_t to, struct message_list *messages)
{
    machine_post(self, from, to, messages);
}

/* --- ticks --- */

static void tick(struct machine *machine, void *subject, uint64_t number)
{
    struct lane *lane = subject;
    if (number != lane->tick_number) {
        return; /* another one took its place */
    }
    lane->tick_due_ms = 0;
    shard_tick(lane->shard);
    lane_ran(machine, (uint16_t)(lane - machine->lanes));
}

static void fake_tick_at(void *self, uint16_t shard, int64_t due_ms)
{
    struct machine *machine = self;
    struct lane *lane = &machine->lanes[shard];
    if (lane->tick_due_ms != 0 && lane->tick_due_ms <= due_ms) {
        return;
    }
    lane->tick_due_ms = due_ms;
    lane->tick_number++;
    int64_t wait = (due_ms - machine_clock_ms(machine)) * 1000;
    wait = wait < TICK_WAIT_MAX_US ? wait : TICK_WAIT_MAX_US;
    wait = (wait > 0 ? wait : 0) + sim_between(&machine->random, 0, 300);
    machine_schedule_life(machine, wait, tick, lane, lane->tick_number);
}

/* --- jobs --- */

static void job_work(struct machine *machine, struct job_request *request)
{
    const struct buffer *input = &request->input;
    if (sim_one_in(&machine->random, 200) && !machine->weather.steady) {
        request->error = ERR_NO_MEMORY;
    } else if (request->job == JOB_HASH_PASSWORD) {
        buffer_append(&request->result, fake_hash, sizeof fake_hash - 1);
        buffer_append(&request->result, input->data, input->len);
    } else {
        size_t len = get_u32(input->data);
        struct bytes hash = bytes_of(input->data + 4, len);
        struct bytes password = bytes_of(input->data + 4 + len, input->len - 4 - len);
        size_t prefix = sizeof fake_hash - 1;
        bool right =
            len >= prefix && bytes_equal(bytes_of(hash.data + prefix, len - prefix), password);
        buffer_append_u8(&request->result, right);
        buffer_append_u8(&request->result, 0);
    }
}

static void job_done(struct machine *machine, void *subject, uint64_t number)
{
    struct job_request *request = subject;
    for (uint32_t i = 0; i < machine->job_count; i++) {
        if (machine->jobs[i] == request) {
            machine->jobs[i] = machine->jobs[--machine->job_count];
            break;
        }
    }
    job_work(machine, request);
    trace("shard %d: a job is done", (int)number);
    shard_job_done(machine->lanes[number].shard, request);
    lane_ran(machine, (uint16_t)number);
}

static bool fake_job(void *self, uint16_t shard, struct job_request *request)
{
    struct machine *machine = self;
    if (machine->job_count >= machine->weather.jobs_max) {
        return false;
    }
    machine->jobs = memory_resize(machine->jobs, (machine->job_count + 1) * sizeof(void *));
    machine->jobs[machine->job_count++] = request;
    machine_schedule_life(machine, sim_between(&machine->random, 1, machine->weather.job_us),
                          job_done, request, shard);
    return true;
}

static void job_free(struct job_request *request)
{
    buffer_fini(&request->input);
    buffer_fini(&request->result);
    message_destroy(&request->then->message);
    free(request);
}

/* --- log and state --- */

static void fake_append(void *self, uint16_t shard, struct buffer *records, uint64_t first,
                        uint64_t count)
{
    writers_append(self, shard, records, first, count);
}

static bool fake_has_room(void *self)
{
    return !((struct machine *)self)->full;
}

static uint64_t fake_log_to_replay(void *self)
{
    struct machine *machine = self;
    uint64_t tail = store_tail(machine->store).v;
    return tail > machine->checkpoint.v ? tail - machine->checkpoint.v : 0;
}

static uint64_t snapshot(struct machine *machine, uint16_t shard)
{
    struct lane *lane = &machine->lanes[shard];
    if (lane->snapshot == UINT64_MAX) {
        lane->snapshot = store_version(machine->store);
    }
    return lane->snapshot;
}

static int fake_state_get(void *self, uint16_t shard, enum state_table table, struct bytes key,
                          struct bytes *value)
{
    struct machine *machine = self;
    return store_get(machine->store, snapshot(machine, shard), table, key, value);
}

static int fake_state_scan(void *self, uint16_t shard, enum state_table table, struct bytes from,
                           struct bytes to, bool reverse, state_visitor *visit, void *context)
{
    struct machine *machine = self;
    return store_scan(machine->store, snapshot(machine, shard), table, from, to, reverse, visit,
                      context);
}

static void fake_state_refresh(void *self, uint16_t shard)
{
    ((struct machine *)self)->lanes[shard].snapshot = UINT64_MAX;
}

static void fake_flush(void *self, uint16_t shard, struct flush *flush)
{
    (void)shard;
    writers_flush(self, flush);
}

static int64_t fake_sign_access(void *self, struct id user, struct id sid, struct id device,
                                char *out)
{
    struct machine *machine = self;
    int64_t now = machine_clock_ms(machine);
    struct token_claims claims = {.user = user,
                                  .sid = sid,
                                  .device = device,
                                  .iat_ms = now,
                                  .nbf_ms = now,
                                  .exp_ms = now + machine->weather.access_ms};
    sim_fill(&machine->random, claims.jti.bytes, sizeof claims.jti.bytes);
    token_sign(&machine->key, &claims, out);
    return claims.exp_ms;
}

void world_fill(struct machine *machine)
{
    machine->world = (struct world){.self = machine,
                                    .now_ms = fake_now_ms,
                                    .random = fake_random,
                                    .post = fake_post,
                                    .tick_at = fake_tick_at,
                                    .job = fake_job,
                                    .append = fake_append,
                                    .has_room = fake_has_room,
                                    .log_to_replay = fake_log_to_replay,
                                    .state_get = fake_state_get,
                                    .state_scan = fake_state_scan,
                                    .state_refresh = fake_state_refresh,
                                    .flush = fake_flush,
                                    .sign_access = fake_sign_access};
}

void world_drop(struct machine *machine)
{
    for (int i = 0; i < SHARDS_MAX; i++) {
        for (int from = 0; from < SENDERS; from++) {
            struct channel *channel = &machine->lanes[i].channels[from];
            while (channel->head != NULL) {
                struct posted *posted = channel->head;
                struct message *message;
                channel->head = posted->next;
                while ((message = message_list_pop(&posted->messages)) != NULL) {
                    message_destroy(message);
                }
                free(posted);
            }
            *channel = (struct channel){0};
        }
    }
    for (uint32_t i = 0; i < machine->job_count; i++) {
        job_free(machine->jobs[i]);
    }
    machine->job_count = 0;
}
