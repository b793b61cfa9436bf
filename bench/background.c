#include "bench/background.h"

#include <stdio.h>
#include <stdlib.h>

#include "bench/interrupt.h"
#include "bench/report.h"
#include "bench/scenario.h"

#define SAMPLE_EVERY_US 250000
#define LOOK_EVERY_US 50000
#define PROGRESS_US 1000000
#define DRAIN_US 20000000
#define BAR_OTHERS_US 100000
#define SLEEP_US 1000 /* while the couples do not write yet */

int background_open(struct background *background, const struct chat_options *options,
                    const char *password, size_t clients, const struct crowd_script *script)
{
    struct server_options server = options->server;
    struct chat_run *others = memory_alloc(sizeof *others);
    size_t users = (size_t)server.couples * 2 + clients;
    background->others = others;
    background->crowd.target.epoll = -1;
    others->options = options;
    others->fleet.epoll = -1;
    server.couples += (int64_t)clients / 2;
    server.password = password;
    int error = server_start(&server, &background->server);
    if (error != 0) {
        background->server = (struct server){0}; /* nothing to stop */
        return error;
    }
    others->server = background->server;
    others->count = (size_t)options->server.couples * 2;
    error =
        crowd_init(&background->crowd, background->server.host, background->server.port, script);
    error = error != 0 ? error : chat_join(others);
    return error != 0 ? error : tokens_read(background->server.tokens, users, &background->tokens);
}

void background_close(struct background *background)
{
    chat_leave(background->others);
    free(background->others);
    crowd_fini(&background->crowd);
    tokens_fini(&background->tokens);
    server_stop(&background->server);
}

const struct token *background_token(const struct background *background, size_t index)
{
    return &background->tokens.items[background->others->count + index];
}

void background_begin(struct background *background)
{
    chat_begin(background->others);
}

void background_enter(struct background *background, unsigned phase)
{
    background->delivery[background->phase] = background->others->second;
    histogram_clear(&background->others->second);
    background->phase = phase;
    background->phase_us = monotonic_us();
    background->samples[phase] = sample_take(background->server.pid, NULL);
}

/* Whether it is time again; then notes when that was. */
static bool is_due(int64_t *last_us, int64_t now_us, int64_t every_us)
{
    bool due = now_us - *last_us >= every_us;
    *last_us = due ? now_us : *last_us;
    return due;
}

/* What is due from time to time, whatever the phase. */
static void keep_watch(struct background *background)
{
    int64_t now_us = monotonic_us();
    if (is_due(&background->sampled_us, now_us, SAMPLE_EVERY_US)) {
        int64_t rss_bytes = sample_take(background->server.pid, NULL).rss_bytes;
        background->rss_peak = rss_bytes > background->rss_peak ? rss_bytes : background->rss_peak;
    }
    if (background->look != NULL && is_due(&background->looked_us, now_us, LOOK_EVERY_US)) {
        background->look(background->owner, now_us);
    }
    if (is_due(&background->shown_us, now_us, PROGRESS_US)) {
        background->show(background->owner);
    }
}

void background_turn(struct background *background)
{
    struct chat_run *others = background->others;
    int64_t next_us = others->started_us != 0 ? chat_step(others) : SLEEP_US;
    bool busy = crowd_turn(&background->crowd);
    keep_watch(background);
    if (!busy) {
        crowd_sleep(&background->crowd, others->fleet.epoll, next_us);
    }
}

bool background_times_up(const struct background *background, int64_t us)
{
    return interrupted() || monotonic_us() - background->phase_us >= us;
}

void background_run_for(struct background *background, int64_t us)
{
    while (!background_times_up(background, us)) {
        background_turn(background);
    }
}

void background_drain(struct background *background, bool (*is_settled)(const void *owner))
{
    struct chat_run *others = background->others;
    others->phase = CHAT_DRAIN;
    while (!(chat_is_settled(others) && (is_settled == NULL || is_settled(background->owner))) &&
           !background_times_up(background, DRAIN_US)) {
        background_turn(background);
    }
    chat_finish(others);
}

bool background_is_good(const struct background *background)
{
    return chat_is_clean(background->others);
}

void background_put_phase(const struct background *background, json_t *report, unsigned phase,
                          const char *name)
{
    char full[64];
    snprintf(full, sizeof full, "%s_messages", name);
    report_put_count(report, full, (int64_t)background->delivery[phase].total);
    scenario_quantiles(report, name, &background->delivery[phase]);
}

void background_put_server(const struct background *background, json_t *report, unsigned before,
                           unsigned after, unsigned during)
{
    uint64_t p99_us = histogram_quantile(&background->delivery[during], 0.99);
    report_put_count(report, "server_rss_bytes_before", background->samples[before].rss_bytes);
    report_put_count(report, "server_rss_bytes_peak",
                     background->rss_peak != 0 ? background->rss_peak : -1);
    report_put_count(report, "server_rss_bytes_after", background->samples[after].rss_bytes);
    json_object_set_new(report, "bar_others_p99_below_100_ms",
                        json_boolean(p99_us < BAR_OTHERS_US));
}
