/*
 * duet-bench: measures a duetd from outside, over real sockets. One file per question.
 */
#include <stdio.h>
#include <string.h>

#include "bench/actor.h"
#include "bench/calibrate.h"
#include "bench/chat.h"
#include "bench/compare.h"
#include "bench/idle.h"
#include "bench/interrupt.h"
#include "bench/log.h"
#include "bench/login.h"
#include "bench/options.h"
#include "bench/probe.h"
#include "bench/rest.h"
#include "bench/results.h"
#include "bench/spread.h"
#include "bench/sse.h"
#include "bench/start.h"
#include "bench/storm.h"

static const struct command commands[] = {
    {"actor", "messages between actors, in process, beside Erlang/OTP", NULL, actor_main},
    {"calibrate", "bounds of this machine: raw epoll echo, fdatasync, LMDB commit", NULL,
     calibrate_main},
    {"chat", "couples chatting: rates, latencies, cost; checks every message", NULL, chat_main},
    {"compare", "ratios of duet to its peers, from collected results", NULL, compare_main},
    {"idle", "memory and CPU of connections that say nothing", NULL, idle_main},
    {"log", "the event log alone: append, read, replay, rebuild of state", NULL, log_main},
    {"login", "many sign in, refresh or open their sessions at once", NULL, login_main},
    {"probe", "what a client of an HTTP server waits while something else goes on", NULL,
     probe_main},
    {"report", "a page with plots of the results in a folder", NULL, results_main},
    {"rest", "reads and durable writes over HTTP; checks every answer and message", NULL,
     rest_main},
    {"spread", "very many couples who write now and then, in process: what a flush costs", NULL,
     spread_main},
    {"sse", "streams of server-sent events: memory, heartbeats, delivery", NULL, sse_main},
    {"start", "how long a start takes after a crash, and a rebuild of state", NULL, start_main},
    {"storm", "all clients cut off at once, and back at once; checks every message", NULL,
     storm_main},
};

static void print_usage(FILE *out)
{
    fprintf(out, "usage: duet-bench <command> [options]\n\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    fprintf(out, "\nduet-bench <command> --help lists the options of one.\n");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return 2;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_usage(stdout);
        return 0;
    }
    options_note_command_line(argc, argv);
    interrupt_catch();
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "duet-bench: no such command: %s\n\n", argv[1]);
    print_usage(stderr);
    return 2;
}
