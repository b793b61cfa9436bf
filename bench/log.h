/**
 * The `log` scenario: the event log without a server, and what a start makes of it.
 *
 *   append, by commit size ──► read ──► replay of the newest messages ──► rebuild of all state
 */
#ifndef BENCH_LOG_H
#define BENCH_LOG_H

int log_main(int argc, char **argv);

#endif
