/**
 * The `spread` scenario: very many couples who each write now and then, in this process, since
 * their sockets are more than a machine has. What a message costs then hangs on how many of a
 * couple's messages one flush of its state takes along.
 *
 *   couples ──► node ──► warm-up until state is written as fast as it changes ──► measurement
 */
#ifndef BENCH_SPREAD_H
#define BENCH_SPREAD_H

int spread_main(int argc, char **argv);

#endif
