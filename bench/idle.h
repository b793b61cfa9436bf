/** The `idle` scenario: what a signed-in connection costs the server while nobody speaks. */
#ifndef BENCH_IDLE_H
#define BENCH_IDLE_H

int idle_main(int argc, char **argv);

#endif
