/**
 * The `probe` scenario: what a client of a running HTTP server waits, over new connections and over
 * kept ones, while somebody else does something to that server.
 */
#ifndef BENCH_PROBE_H
#define BENCH_PROBE_H

int probe_main(int argc, char **argv);

#endif
