/**
 * Plots as SVG, drawn with the colours of the page's style sheet (classes c0, c1, …) and readable
 * by those who do not see them: each has a title and a description.
 */
#ifndef BENCH_PLOT_H
#define BENCH_PLOT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

#define PLOT_COLORS 3

enum plot_scale {
    PLOT_LINEAR,
    PLOT_LOG,
    PLOT_PERCENTILE /* 90, 99, 99.9, … at equal distances; what is >= 100 is left out */
};

/** Points in order of x; not finite: a gap. The arrays are borrowed. */
struct plot_line {
    const double *x;
    const double *y;
    size_t count;
    int color; /* 0 … PLOT_COLORS - 1 */
    bool thin; /* one of several runs */
};

struct plot {
    const char *title;
    const char *description; /* what there is to see, in a sentence */
    const char *x_label;
    const char *y_label;
    const char *y_name; /* of a figure: gives the ticks their unit, see html_figure */
    enum plot_scale x_scale;
    enum plot_scale y_scale;
    const struct plot_line *lines;
    size_t count;
    const char *legend[PLOT_COLORS]; /* what a colour means; NULL: not used */
};

/** Appends a <figure>; a sentence instead of a plot when there are fewer than two points. */
void plot_write(struct buffer *out, const struct plot *plot);

struct plot_bar {
    const char *name;
    const char *note; /* beside the name; may be NULL */
    double value;     /* < 0: not measured */
    bool accent;      /* in the first colour */
};

/** Appends a <figure> with a horizontal bar each; values are written as html_figure(name) does. */
void plot_bars(struct buffer *out, const char *title, const char *description, const char *name,
               const struct plot_bar *bars, size_t count);

#endif
