/* The production side of the seam: the clock, libsodium, the threads' queues, log and state. */
#include <sodium.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/node_internal.h"

#define JOBS_WAITING_MAX 64
#define TICK_WAIT_MAX_MS 1000

static int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t uv_now_ms(void *self)
{
    (void)self;
    return clock_ms();
}

static void uv_random_bytes(void *self, void *out, size_t len)
{
    (void)self;
    randombytes_buf(out, len);
}

static void uv_post(void *self, uint16_t from, uint16_t to, struct message_list *messages)
{
    struct node *node = self;
    (void)from;
    worker_post(&node->workers[to], messages);
}

static void on_tick(uv_timer_t *timer)
{
    struct worker *worker = timer->data;
    worker->tick_due_ms = 0;
    shard_tick(worker->shard);
}

static void uv_tick_at(void *self, uint16_t shard, int64_t due_ms)
{
    struct worker *worker = &((struct node *)self)->workers[shard];
    if (worker->tick_due_ms != 0 && worker->tick_due_ms <= due_ms) {
        return;
    }
    int64_t wait = due_ms - clock_ms();
    wait = wait < TICK_WAIT_MAX_MS ? wait : TICK_WAIT_MAX_MS; /* the clock may have been set back */
    worker->tick_due_ms = due_ms;
    if (wait <= 0) {
        worker->tick_due_now = true; /* in the next turn */
        return;
    }
    uv_update_time(&worker->loop);
    uv_timer_start(&worker->tick, on_tick, (uint64_t)wait, 0);
}

struct work {
    uv_work_t work;
    struct worker *worker;
    struct job_request *request;
};

static void on_work(uv_work_t *work)
{
    job_run(((struct work *)work->data)->request);
}

static void on_work_done(uv_work_t *uv_work, int status)
{
    struct work *work = uv_work->data;
    struct worker *worker = work->worker;
    if (status != 0) {
        work->request->error = ERR_SHUTTING_DOWN;
    }
    atomic_fetch_sub_explicit(&worker->node->jobs_waiting, 1, memory_order_relaxed);
    shard_job_done(worker->shard, work->request);
    free(work);
}

static bool uv_job(void *self, uint16_t shard, struct job_request *request)
{
    struct node *node = self;
    /* relaxed: only the count matters, the work is handed over by libuv's own locks */
    if (atomic_fetch_add_explicit(&node->jobs_waiting, 1, memory_order_relaxed) >=
        JOBS_WAITING_MAX) {
        atomic_fetch_sub_explicit(&node->jobs_waiting, 1, memory_order_relaxed);
        return false;
    }
    struct work *work = memory_alloc(sizeof *work);
    work->work.data = work;
    work->worker = &node->workers[shard];
    work->request = request;
    CHECK_ALWAYS(uv_queue_work(&work->worker->loop, &work->work, on_work, on_work_done) == 0);
    return true;
}

static void uv_append(void *self, uint16_t shard, struct buffer *records, uint64_t first,
                      uint64_t count)
{
    log_writer_add(&((struct node *)self)->log_writer, shard, records, first, count);
}

static bool uv_has_room(void *self)
{
    return log_has_room(((struct node *)self)->log);
}

static uint64_t uv_log_to_replay(void *self)
{
    struct node *node = self;
    uint64_t checkpoint =
        atomic_load_explicit(&node->state_writer.checkpoint, memory_order_acquire);
    uint64_t tail = log_tail(node->log).v;
    return tail > checkpoint ? tail - checkpoint : 0;
}

static int uv_state_get(void *self, uint16_t shard, enum state_table table, struct bytes key,
                        struct bytes *value)
{
    struct worker *worker = &((struct node *)self)->workers[shard];
    worker->reader_used = true;
    return state_get(worker->reader, table, key, value);
}

static int uv_state_scan(void *self, uint16_t shard, enum state_table table, struct bytes from,
                         struct bytes to, bool reverse, state_visitor *visit, void *context)
{
    struct worker *worker = &((struct node *)self)->workers[shard];
    worker->reader_used = true;
    return state_scan(worker->reader, table, from, to, reverse, visit, context);
}

static void uv_state_refresh(void *self, uint16_t shard)
{
    struct worker *worker = &((struct node *)self)->workers[shard];
    if (worker->reader_used) {
        worker->reader_used = false;
        state_reader_refresh(worker->reader);
    }
}

static void uv_flush(void *self, uint16_t shard, struct flush *flush)
{
    (void)shard;
    state_writer_add(&((struct node *)self)->state_writer, flush);
}

static int64_t uv_sign_access(void *self, struct id user, struct id sid, struct id device,
                              char *out)
{
    struct node *node = self;
    int64_t now = clock_ms();
    struct token_claims claims = {.user = user,
                                  .sid = sid,
                                  .device = device,
                                  .iat_ms = now,
                                  .nbf_ms = now,
                                  .exp_ms = now + node->config.access_ms};
    randombytes_buf(claims.jti.bytes, sizeof claims.jti.bytes);
    token_sign(&node->token_key, &claims, out);
    return claims.exp_ms;
}

void world_uv_init(struct world *world, struct node *node)
{
    *world = (struct world){.self = node,
                            .now_ms = uv_now_ms,
                            .random = uv_random_bytes,
                            .post = uv_post,
                            .tick_at = uv_tick_at,
                            .job = uv_job,
                            .append = uv_append,
                            .has_room = uv_has_room,
                            .log_to_replay = uv_log_to_replay,
                            .state_get = uv_state_get,
                            .state_scan = uv_state_scan,
                            .state_refresh = uv_state_refresh,
                            .flush = uv_flush,
                            .refresh_life_ms = node->config.refresh_ms,
                            .sign_access = uv_sign_access};
}
