/**
 * SIGINT and SIGTERM as a flag, so that a run ends its own server before it goes.
 */
#ifndef BENCH_INTERRUPT_H
#define BENCH_INTERRUPT_H

#include <stdbool.h>

#define EXIT_INTERRUPTED 130

void interrupt_catch(void);
bool interrupted(void);

#endif
