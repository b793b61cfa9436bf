/**
 * The `start` scenario: how long clients wait for a server that was killed under load.
 *
 *   load ──► SIGKILL ──► start, session ──► SIGKILL, state/ deleted ──► start, session
 */
#ifndef BENCH_START_H
#define BENCH_START_H

int start_main(int argc, char **argv);

#endif
