#include "tests/unit/support/http_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#define TURNS_MIN 10
#define WAIT_MS 5000
#define HEARD_MAX (8 * 1024 * 1024)
#define RECEIVE_MAX 65536 /* valgrind looks at every byte of the room */

struct machinery {
    uv_loop_t loop;
    uv_prepare_t prepare;
    uv_timer_t tick;
};

static char *heard; /* of the last call */
static char big[STAGE_BIG_BYTES];

static struct bytes text(const char *literal)
{
    return bytes_of(literal, strlen(literal));
}

static bool has_path(const struct http_request *request, const char *path)
{
    return bytes_equal(request->path, text(path));
}

static void answer(struct http_exchange *exchange, int status, struct bytes body, bool close)
{
    http_answer(exchange, &(struct http_response){.status = status,
                                                  .headers = text("content-type: text/plain\r\n"),
                                                  .body = body,
                                                  .close = close});
}

static size_t handle_head(void *self, struct http_exchange *exchange)
{
    struct stage *stage = self;
    const struct http_request *request = http_request(exchange);
    stage->requests++;
    snprintf(stage->path, sizeof stage->path, "%.*s", (int)request->path.len, request->path.data);
    snprintf(stage->query, sizeof stage->query, "%.*s", (int)request->query.len,
             request->query.data == NULL ? (const uint8_t *)"" : request->query.data);
    *http_context(exchange) = stage;
    if (has_path(request, "/no-body")) {
        answer(exchange, 403, text("no"), false);
        return 0;
    }
    return STAGE_BODY_MAX;
}

static void handle_request(void *self, struct http_exchange *exchange)
{
    struct stage *stage = self;
    const struct http_request *request = http_request(exchange);
    assert_ptr_equal(*http_context(exchange), stage);
    stage->body_len = request->body.len;
    if (has_path(request, "/later")) {
        stage->later = exchange;
    } else if (has_path(request, "/stream")) {
        stage->stream = exchange;
        http_stream_start(
            exchange, &(struct http_response){
                          .status = 200, .headers = text("content-type: text/event-stream\r\n")});
    } else if (has_path(request, "/echo")) {
        answer(exchange, 200, request->body, false);
    } else if (has_path(request, "/big")) {
        answer(exchange, 200, bytes_of(big, sizeof big), false);
    } else if (request->path.len == 11 && memcmp(request->path.data, "/status/", 8) == 0) {
        const uint8_t *digits = request->path.data + 8;
        int status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
        answer(exchange, status, text("ok"), false);
    } else {
        answer(exchange, 200, text("ok"), has_path(request, "/close"));
    }
}

static void handle_gone(void *self, struct http_exchange *exchange)
{
    struct stage *stage = self;
    stage->gone++;
    assert_ptr_equal(*http_context(exchange), stage);
    stage->later = exchange == stage->later ? NULL : stage->later;
    stage->stream = exchange == stage->stream ? NULL : stage->stream;
}

static void handle_writable(void *self, struct http_exchange *exchange)
{
    struct stage *stage = self;
    (void)exchange;
    stage->writable++;
}

static void refuse(void *self, int status, const char *fault, struct http_response *out)
{
    (void)self;
    (void)status;
    out->body = text(fault);
}

static void count_answer(void *self, struct http_exchange *exchange, int status, int64_t took_us)
{
    struct stage *stage = self;
    (void)exchange;
    assert_true(took_us >= 0);
    stage->answered++;
    stage->last_status = status;
}

static void end_turn(uv_prepare_t *prepare)
{
    struct stage *stage = prepare->data;
    http_turn_end(stage->http);
}

static void tick(uv_timer_t *timer)
{
    struct stage *stage = timer->data;
    http_tick(stage->http);
}

static int64_t or_default(int64_t value, int64_t otherwise)
{
    return value == 0 ? otherwise : value;
}

void stage_open(struct stage *stage, const struct http_config *config)
{
    struct machinery *machinery = calloc(1, sizeof *machinery);
    struct http_config full = *config;
    *stage = (struct stage){.loop = &machinery->loop};
    uv_loop_init(stage->loop);
    uv_prepare_init(stage->loop, &machinery->prepare);
    uv_timer_init(stage->loop, &machinery->tick);
    machinery->prepare.data = machinery->tick.data = stage;
    uv_prepare_start(&machinery->prepare, end_turn);
    uv_timer_start(&machinery->tick, tick, 20, 20);
    full.loop = stage->loop;
    full.handler = (struct http_handler){stage,           handle_head, handle_request, handle_gone,
                                         handle_writable, refuse,      count_answer};
    full.connections_max = config->connections_max == 0 ? 100 : config->connections_max;
    full.idle_ms = or_default(config->idle_ms, 60000);
    full.head_ms = or_default(config->head_ms, 60000);
    full.body_ms = or_default(config->body_ms, 60000);
    full.work_ms = or_default(config->work_ms, 60000);
    full.answer_ms = or_default(config->answer_ms, 60000);
    assert_int_equal(http_create(&full, &stage->http), 0);
}

void stage_close(struct stage *stage)
{
    struct machinery *machinery = (struct machinery *)(void *)stage->loop;
    http_close(stage->http);
    assert_int_equal(http_count(stage->http), 0);
    uv_close((uv_handle_t *)&machinery->prepare, NULL);
    uv_close((uv_handle_t *)&machinery->tick, NULL);
    uv_run(stage->loop, UV_RUN_DEFAULT);
    http_destroy(stage->http);
    assert_int_equal(uv_loop_close(stage->loop), 0);
    free(machinery);
    free(heard);
    heard = NULL;
}

int stage_connect(struct stage *stage)
{
    int pair[2];
    struct sockaddr_storage address = {.ss_family = AF_UNIX};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    http_adopt(stage->http, pair[1], (struct sockaddr *)&address, sizeof address);
    return pair[0];
}

void stage_say_bytes(int peer, const void *data, size_t len)
{
    assert_int_equal(send(peer, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

void stage_say(int peer, const char *literal)
{
    stage_say_bytes(peer, literal, strlen(literal));
}

static int64_t now_ms(void)
{
    return (int64_t)(uv_hrtime() / 1000000);
}

void stage_run(struct stage *stage, int64_t ms)
{
    int64_t until = now_ms() + ms;
    int turns = 0;
    do { /* on a busy machine a moment may be over before anything was done in it */
        uv_run(stage->loop, UV_RUN_NOWAIT);
        usleep(ms == 0 ? 0 : 200);
    } while (now_ms() < until || (ms != 0 && ++turns < TURNS_MIN));
}

/** Until `literal` (NULL: the end) has come; whether it has. */
static bool hear(struct stage *stage, int peer, const char *literal, int64_t wait_ms, size_t *len)
{
    int64_t until = now_ms() + wait_ms;
    ssize_t got = -1;
    heard = realloc(heard, HEARD_MAX);
    heard[ *len = 0] = '\0';
    while (now_ms() < until && got != 0) {
        uv_run(stage->loop, UV_RUN_NOWAIT);
        size_t room = HEARD_MAX - 1 - *len;
        got = recv(peer, heard + *len, room < RECEIVE_MAX ? room : RECEIVE_MAX, MSG_DONTWAIT);
        *len += got > 0 ? (size_t)got : 0;
        heard[*len] = '\0';
        if (literal != NULL && strstr(heard, literal) != NULL) {
            return true;
        }
    }
    return got == 0 && literal == NULL;
}

const char *stage_hear(struct stage *stage, int peer, const char *literal)
{
    size_t len;
    if (!hear(stage, peer, literal, WAIT_MS, &len)) {
        fail_msg("no \"%s\" in \"%.300s\"", literal, heard);
    }
    return heard;
}

const char *stage_hear_end(struct stage *stage, int peer, size_t *len)
{
    size_t own;
    if (!hear(stage, peer, NULL, WAIT_MS, len == NULL ? &own : len)) {
        fail_msg("no end behind \"%.300s\"", heard);
    }
    return heard;
}

void stage_hear_nothing(struct stage *stage, int peer)
{
    size_t len;
    if (hear(stage, peer, NULL, 50, &len) || len != 0) {
        fail_msg("heard \"%.300s\"", heard);
    }
}

uint32_t stage_count(const char *all, const char *needle)
{
    uint32_t count = 0;
    for (; (all = strstr(all, needle)) != NULL; all += strlen(needle)) {
        count++;
    }
    return count;
}

void stage_answer(struct stage *stage, const char *body)
{
    struct http_exchange *exchange = stage->later;
    assert_non_null(exchange);
    stage->later = NULL;
    answer(exchange, 200, text(body), false);
}
