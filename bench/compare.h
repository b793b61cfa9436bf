#ifndef BENCH_COMPARE_H
#define BENCH_COMPARE_H

/** `compare FILE`: ratios out of what bench/peers/run.sh collected. */
int compare_main(int argc, char **argv);

#endif
