/*
 * duetd: one list of set-ups and its exact reverse. Nothing else is decided here.
 *
 * SIGTERM and SIGINT are blocked before the first thread exists, and taken by the main thread with
 * sigwait. The first one ends the server in good order; from then on another one ends it at once.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "actors/registry.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/logger.h"
#include "config/settings.h"
#include "config/version.h"
#include "edge/edge.h"
#include "runtime/node.h"
#include "tools/catalog.h"
#include "tools/duetd_admin.h"
#include "wire/asyncapi.h"
#include "wire/openapi.h"

#define WORDS_MAX 16

/** A text cut at its blanks. */
struct words {
    char *text;
    const char *items[WORDS_MAX];
    uint32_t count;
};

struct daemon {
    struct settings settings;
    struct words listen;
    struct words origins;
    struct words trusted_proxies;
    struct words metrics_networks;
    struct registry *registry;
    struct node *node;
    struct edge *edge;
    struct admin_server *admin;
    uint16_t shards;
};

__attribute__((format(printf, 2, 3))) static int complain(int error, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fputs("duetd: ", stderr);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    return error;
}

/* --- process --- */

static void raise_files_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int set_up_process(struct daemon *daemon)
{
    (void)daemon;
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    pthread_sigmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    umask(0077);
    raise_files_limit();
    /*
     * Memory holds the signing key, so it must never end in a file. 1 byte, not 0, also turns off
     * core dumps that are piped to a program (core(5)), and leaves debuggers alone.
     */
    const struct rlimit no_core = {.rlim_cur = 1, .rlim_max = 1};
    setrlimit(RLIMIT_CORE, &no_core);
    return 0;
}

static int set_up_logger(struct daemon *daemon)
{
    logger_set_level((enum log_level)daemon->settings.log_level);
    return 0;
}

static int set_up_sodium(struct daemon *daemon)
{
    (void)daemon;
    return sodium_init() >= 0 ? 0 : complain(ERR_INTERNAL, "libsodium does not start");
}

/* --- words: several addresses or origins in one setting --- */

static int words_init(struct words *words, const char *name, const char *text)
{
    words->text = text_copy(text);
    words->count = 0;
    char *rest = words->text;
    for (char *word; (word = strsep(&rest, " \t,")) != NULL;) {
        if (*word == 0) {
            continue;
        }
        if (words->count == WORDS_MAX) {
            return complain(ERR_INVALID_ARGUMENT, "%s: at most %d", name, WORDS_MAX);
        }
        words->items[words->count++] = word;
    }
    return 0;
}

/** "none" alone is an empty list. */
static void words_drop_none(struct words *words)
{
    if (words->count == 1 && strcmp(words->items[0], "none") == 0) {
        words->count = 0;
    }
}

static int set_up_words(struct daemon *daemon)
{
    int error = words_init(&daemon->listen, "listen", daemon->settings.listen);
    if (error == 0) {
        error = words_init(&daemon->origins, "origins", daemon->settings.origins);
    }
    if (error == 0) {
        error = words_init(&daemon->trusted_proxies, "trusted_proxies",
                           daemon->settings.trusted_proxies);
    }
    if (error == 0) {
        error = words_init(&daemon->metrics_networks, "metrics_networks",
                           daemon->settings.metrics_networks);
    }
    words_drop_none(&daemon->origins);
    words_drop_none(&daemon->metrics_networks);
    words_drop_none(&daemon->trusted_proxies);
    return error;
}

static void tear_down_words(struct daemon *daemon)
{
    free(daemon->listen.text);
    free(daemon->origins.text);
    free(daemon->trusted_proxies.text);
    free(daemon->metrics_networks.text);
}

/* --- registry --- */

static int set_up_registry(struct daemon *daemon)
{
    char message[256] = "";
    int error = catalog_create(message, sizeof message, &daemon->registry);
    return error == 0 ? 0 : complain(error, "a declaration is wrong: %s", message);
}

static void tear_down_registry(struct daemon *daemon)
{
    registry_destroy(daemon->registry);
}

/* --- node --- */

/** The process in DATA/LOCK, or 0. */
static long lock_holder(const char *data)
{
    long pid = 0;
    char *path = NULL;
    if (asprintf(&path, "%s/LOCK", data) > 0) {
        FILE *file = fopen(path, "re");
        if (file != NULL) {
            if (fscanf(file, "%ld", &pid) != 1) {
                pid = 0;
            }
            fclose(file);
        }
        free(path);
    }
    return pid;
}

static int explain_node(int error, const char *data)
{
    switch (error) {
    case ERR_LOCKED:
        return complain(error,
                        "%s is in use by process %ld; stop it first (kill %ld), or give another "
                        "directory with --data",
                        data, lock_holder(data), lock_holder(data));
    case ERR_FORMAT_VERSION:
        return complain(error,
                        "%s was made by another version of duet and this one does not know its "
                        "format; run the version that made it, or give another directory with "
                        "--data",
                        data);
    case ERR_STORAGE_FULL:
        return complain(error,
                        "there is no room for the log in %s; free some disk space, or make "
                        "segments smaller with --log-segment 64MiB",
                        data);
    case ERR_CORRUPT:
        return complain(error,
                        "what is stored in %s is damaged, and duetd does not serve what it cannot "
                        "prove; find the place with: duetctl verify --data %s",
                        data, data);
    default:
        return complain(error, "cannot open %s: %s (%s); see the lines above", data,
                        error_text(error, LANGUAGE_EN), error_name(error));
    }
}

static uint16_t shard_count(const struct settings *settings)
{
    return settings->shards != 0 ? (uint16_t)settings->shards : node_default_shards();
}

static int set_up_node(struct daemon *daemon)
{
    const struct settings *settings = &daemon->settings;
    daemon->shards = shard_count(settings);
    const struct node_config config = {
        .data = settings->data,
        .shards = daemon->shards,
        .kinds = actor_kinds,
        .kind_count = (uint32_t)actor_kind_count,
        .log_segment_bytes = (uint64_t)settings->log_segment,
        .log_reserve_bytes = (uint64_t)settings->log_reserve,
        .log_keep = settings->log_keep,
        .test_log_nosync = settings->test_log_nosync,
        .replay_max = (uint64_t)settings->replay_max,
        .flush_age_ms = settings->flush_age,
        .unflushed_max = (uint64_t)settings->unflushed_max,
        .actor_idle_ms = settings->actor_idle,
        .access_ms = settings->access_life,
        .refresh_ms = settings->refresh_life,
        .drain_ms = settings->drain,
    };
    int error = node_open(&config, &daemon->node);
    return error == 0 ? 0 : explain_node(error, settings->data);
}

/** The first of the two that tear it down does it: the edge has to outlive the node. */
static void tear_down_node(struct daemon *daemon)
{
    node_close(daemon->node);
    daemon->node = NULL;
}

/* --- edge --- */

static void set_limits(const struct settings *settings, struct session_limits *limits)
{
    session_limits_defaults(limits);
    limits->requests_max = (uint32_t)settings->in_flight_max;
    limits->open_within_ms = settings->open_within;
    limits->heartbeat_ms = settings->heartbeat;
    limits->pending_bytes_max = (size_t)settings->pending_bytes_max;
    limits->costly_per_minute = (uint32_t)settings->costly_per_minute;
    limits->costly_per_minute_address = (uint32_t)settings->costly_per_minute_address;
}

static int set_up_edge(struct daemon *daemon)
{
    struct edge_config config = {
        .listen = daemon->listen.items,
        .listen_count = daemon->listen.count,
        .shards = daemon->shards,
        .registry = daemon->registry,
        .kinds = actor_kinds,
        .kind_count = (uint32_t)actor_kind_count,
        .key = node_token_key(daemon->node),
        .node = node_id(daemon->node),
        .version = DUET_VERSION,
        .origins = daemon->origins.items,
        .origin_count = daemon->origins.count,
        .trusted_proxies = daemon->trusted_proxies.items,
        .trusted_proxy_count = daemon->trusted_proxies.count,
        .runtime = daemon->node,
        .metrics_networks = daemon->metrics_networks.items,
        .metrics_network_count = daemon->metrics_networks.count,
        .connections_max = (uint32_t)daemon->settings.connections_max,
        .http_idle_ms = daemon->settings.http_idle,
        .http_head_ms = daemon->settings.http_head_within,
        .http_body_ms = daemon->settings.http_body_within,
        .http_answer_ms = daemon->settings.http_read_within,
        .sse_heartbeat_ms = daemon->settings.sse_heartbeat,
    };
    set_limits(&daemon->settings, &config.limits);
    struct buffer openapi = {0}, asyncapi = {0};
    catalog_describe(daemon->registry, describe_openapi, &openapi);
    catalog_describe(daemon->registry, describe_asyncapi, &asyncapi);
    config.openapi = buffer_bytes(&openapi);
    config.asyncapi = buffer_bytes(&asyncapi);
    char message[256] = "";
    int error = edge_create(&config, message, sizeof message, &daemon->edge);
    buffer_fini(&openapi);
    buffer_fini(&asyncapi);
    return error == 0 ? 0 : complain(error, "%s", message);
}

static void tear_down_edge(struct daemon *daemon)
{
    edge_destroy(daemon->edge);
}

/* --- running --- */

static int set_up_shards(struct daemon *daemon)
{
    int error = node_start(daemon->node, edge_node_edge(daemon->edge));
    return error == 0 ? 0 : complain(error, "cannot start: %s", error_text(error, LANGUAGE_EN));
}

static int set_up_admin(struct daemon *daemon)
{
    int error = admin_server_start(daemon->settings.data, daemon->node, &daemon->admin);
    return error == 0 ? 0
                      : complain(error, "cannot make %s/admin.sock: %s", daemon->settings.data,
                                 error_text(error, LANGUAGE_EN));
}

static void tear_down_admin(struct daemon *daemon)
{
    admin_server_stop(daemon->admin);
}

static int set_up_greeting(struct daemon *daemon)
{
    for (uint32_t i = 0; i < daemon->listen.count; i++) {
        printf("listening on %s\n", edge_address(daemon->edge, i));
    }
    if (isatty(STDOUT_FILENO)) {
        printf("\nTry it: in two other terminals, one for each of two people,\n"
               "    build/duetctl chat --server ws://%s --email you@example.org\n"
               "    build/duetctl chat --server ws://%s --email partner@example.org\n"
               "Ctrl-C stops the server.\n",
               edge_address(daemon->edge, 0), edge_address(daemon->edge, 0));
    }
    fflush(stdout);
    return 0;
}

static void end_at_once(int number)
{
    (void)number;
    _exit(EXIT_FAILURE);
}

static void wait_for_signal(void)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    int number = 0;
    while (sigwait(&ends, &number) != 0) {
    }
    LOG(INFO, "stopping", LOG_PAIR("signal", LOG_TEXT(number == SIGINT ? "SIGINT" : "SIGTERM")));
    const struct sigaction action = {.sa_handler = end_at_once};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    pthread_sigmask(SIG_UNBLOCK, &ends, NULL);
}

static const struct {
    int (*set_up)(struct daemon *daemon);
    void (*tear_down)(struct daemon *daemon); /* also after a set_up that failed; NULL: nothing */
} steps[] = {
    {set_up_process, NULL},
    {set_up_logger, NULL},
    {set_up_sodium, NULL},
    {set_up_words, tear_down_words},
    {set_up_registry, tear_down_registry},
    {set_up_node, tear_down_node},
    {set_up_edge, tear_down_edge},
    {set_up_shards, tear_down_node},
    {set_up_admin, tear_down_admin},
    {set_up_greeting, NULL},
};
#define STEP_COUNT (sizeof steps / sizeof steps[0])

static int run(struct daemon *daemon)
{
    int error = 0;
    size_t done = 0;
    while (error == 0 && done < STEP_COUNT) {
        error = steps[done++].set_up(daemon);
    }
    if (error == 0) {
        wait_for_signal();
    }
    while (done-- > 0) {
        if (steps[done].tear_down != NULL) {
            steps[done].tear_down(daemon);
        }
    }
    return error == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int answer_request(const struct option_request *request, const struct settings *settings)
{
    if (request->help) {
        puts(
            "duetd, the server of duet.\n\n"
            "usage: duetd [--data DIR] [--listen ADDRESS:PORT] [--config FILE] [--name value …]\n\n"
            "  --help, --version, --print-config\n"
            "  --config FILE      name = value lines; the command line wins over it\n"
            "  --set name=value   the same as --name value\n");
        options_write_help(&settings_table, stdout);
    } else if (request->version) {
        puts("duetd " DUET_VERSION);
    } else {
        options_write_config(&settings_table, settings, stdout);
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    struct daemon daemon = {0};
    struct option_fault fault;
    struct option_request request;
    int status = 2;
    options_init(&settings_table, &daemon.settings);
    if (options_read_arguments(&settings_table, &daemon.settings, argc, argv, &request, &fault) !=
        0) {
        complain(0, "%s", fault.text);
    } else if (request.help || request.version || request.print_config) {
        status = answer_request(&request, &daemon.settings);
    } else {
        status = run(&daemon);
    }
    options_fini(&settings_table, &daemon.settings);
    return status;
}
