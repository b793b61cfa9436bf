#include "bench/plot.h"

#include <math.h>
#include <stdio.h>

#include "bench/html.h"

#define WIDTH 440.0
#define HEIGHT 270.0
#define LEFT 64.0
#define RIGHT 14.0
#define TOP 30.0
#define BOTTOM 44.0
#define TICKS 5 /* about as many on a linear axis */
#define DECADES_MIN 2

/* An axis maps values to 0..1 between two ends, which are in the units of its scale. */
struct axis {
    enum plot_scale scale;
    double from, to;
    double step; /* linear: between ticks */
};

/* A value on the axis's own, even scale; not finite if it has no place there. */
static double scaled(enum plot_scale scale, double value)
{
    if (scale == PLOT_LOG) {
        return value > 0 ? log10(value) : NAN;
    }
    if (scale == PLOT_PERCENTILE) {
        return value < 100 ? -log10(1 - value / 100) : NAN;
    }
    return value;
}

static double place(const struct axis *axis, double value)
{
    return (scaled(axis->scale, value) - axis->from) / (axis->to - axis->from);
}

static double nice_step(double range)
{
    double magnitude = pow(10, floor(log10(range / TICKS)));
    double part = range / TICKS / magnitude;
    return magnitude * (part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10);
}

static void widen(struct axis *axis, const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        double value = scaled(axis->scale, values[i]);
        if (isfinite(value)) {
            axis->from = fmin(axis->from, value);
            axis->to = fmax(axis->to, value);
        }
    }
}

/* A linear axis shows what nothing is, an upright one ends on a tick. */
static void round_ends(struct axis *axis, bool vertical)
{
    if (axis->scale == PLOT_LINEAR) {
        axis->from = fmin(axis->from, 0);
        axis->to = axis->to > axis->from ? axis->to : axis->from + 1;
        axis->step = nice_step(axis->to - axis->from);
        axis->to = vertical ? ceil(axis->to / axis->step) * axis->step : axis->to;
    } else if (axis->scale == PLOT_LOG) {
        axis->from = floor(axis->from);
        axis->to = fmax(ceil(axis->to), axis->from + DECADES_MIN);
    } else {
        axis->from = scaled(PLOT_PERCENTILE, 50);
        axis->to = fmax(axis->to, scaled(PLOT_PERCENTILE, 99));
    }
}

static double x_at(const struct axis *axis, double value)
{
    return LEFT + place(axis, value) * (WIDTH - LEFT - RIGHT);
}

static double y_at(const struct axis *axis, double value)
{
    return HEIGHT - BOTTOM - place(axis, value) * (HEIGHT - TOP - BOTTOM);
}

static void write_tick(struct buffer *out, const struct axis *axis, bool vertical, double value,
                       const char *label)
{
    double x = vertical ? LEFT : x_at(axis, value);
    double y = vertical ? y_at(axis, value) : HEIGHT - BOTTOM;
    html_numbers(out, "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", x,
                 vertical ? y : TOP, vertical ? WIDTH - RIGHT : x, y);
    html_numbers(out,
                 vertical ? "<text class=\"end\" x=\"%.1f\" y=\"%.1f\">"
                          : "<text class=\"mid\" x=\"%.1f\" y=\"%.1f\">",
                 vertical ? x - 6 : x, vertical ? y + 4 : y + 16);
    html_text(out, label);
    html_raw(out, "</text>");
}

static void write_linear_ticks(struct buffer *out, const struct axis *axis, bool vertical,
                               const char *name)
{
    double first = ceil(axis->from / axis->step - 1e-9) * axis->step;
    for (int i = 0; i <= 4 * TICKS && first + i * axis->step <= axis->to * (1 + 1e-9); i++) {
        char label[64];
        double value = first + i * axis->step;
        html_figure(name, value, label, sizeof label);
        write_tick(out, axis, vertical, value, label);
    }
}

static void write_log_ticks(struct buffer *out, const struct axis *axis, bool vertical,
                            const char *name)
{
    for (double power = axis->from; power <= axis->to + 1e-9 && power < 300; power++) {
        char label[64];
        html_figure(name, pow(10, power), label, sizeof label);
        write_tick(out, axis, vertical, pow(10, power), label);
    }
}

static void write_percentile_ticks(struct buffer *out, const struct axis *axis)
{
    static const struct {
        double value;
        const char *label;
    } rows[] = {{50, "50 %"},     {90, "90 %"},       {99, "99 %"},
                {99.9, "99.9 %"}, {99.99, "99.99 %"}, {99.999, "99.999 %"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (scaled(PLOT_PERCENTILE, rows[i].value) <= axis->to + 1e-9) {
            write_tick(out, axis, false, rows[i].value, rows[i].label);
        }
    }
}

static void write_ticks(struct buffer *out, const struct axis *axis, bool vertical,
                        const char *name)
{
    if (axis->scale == PLOT_LINEAR) {
        write_linear_ticks(out, axis, vertical, name);
    } else if (axis->scale == PLOT_LOG) {
        write_log_ticks(out, axis, vertical, name);
    } else {
        write_percentile_ticks(out, axis);
    }
}

static void write_line(struct buffer *out, const struct axis *x, const struct axis *y,
                       const struct plot_line *line)
{
    bool drawing = false;
    html_numbers(
        out, line->thin ? "<path class=\"line thin c%d\" d=\"" : "<path class=\"line c%d\" d=\"",
        line->color);
    for (size_t i = 0; i < line->count; i++) {
        double at_x = x_at(x, line->x[i]);
        double at_y = y_at(y, line->y[i]);
        if (isfinite(at_x) && isfinite(at_y)) {
            html_numbers(out, "%c%.1f %.1f", drawing ? 'L' : 'M', at_x, at_y);
            drawing = true;
        } else {
            drawing = false;
        }
    }
    html_raw(out, "\"/>");
}

static void write_head(struct buffer *out, const char *title, const char *description, double width,
                       double height)
{
    html_raw(out, "<figure><figcaption>");
    html_text(out, title);
    html_raw(out, "</figcaption>");
    html_numbers(out, "<svg role=\"img\" viewBox=\"0 0 %.0f %.0f\"><title>", width, height);
    html_text(out, title);
    html_raw(out, "</title><desc>");
    html_text(out, description);
    html_raw(out, "</desc>");
}

static void write_labels(struct buffer *out, const struct plot *plot)
{
    html_numbers(out, "<text class=\"axis\" x=\"%.1f\" y=\"%.1f\">", 4.0, 14.0);
    html_text(out, plot->y_label);
    html_numbers(out, "</text><text class=\"axis mid\" x=\"%.1f\" y=\"%.1f\">",
                 (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6);
    html_text(out, plot->x_label);
    html_raw(out, "</text>");
}

static void write_legend(struct buffer *out, const struct plot *plot)
{
    html_raw(out, "<p class=\"legend\">");
    for (int i = 0; i < PLOT_COLORS; i++) {
        if (plot->legend[i] != NULL) {
            html_numbers(out, "<span><i class=\"b%d\"></i>", i);
            html_text(out, plot->legend[i]);
            html_raw(out, "</span>");
        }
    }
    html_raw(out, "</p>");
}

static bool has_two_points(const struct plot *plot)
{
    for (size_t i = 0; i < plot->count; i++) {
        if (plot->lines[i].count >= 2) {
            return true;
        }
    }
    return false;
}

void plot_write(struct buffer *out, const struct plot *plot)
{
    struct axis x = {.scale = plot->x_scale, .from = INFINITY, .to = -INFINITY};
    struct axis y = {.scale = plot->y_scale, .from = INFINITY, .to = -INFINITY};
    for (size_t i = 0; i < plot->count; i++) {
        widen(&x, plot->lines[i].x, plot->lines[i].count);
        widen(&y, plot->lines[i].y, plot->lines[i].count);
    }
    if (!has_two_points(plot) || !isfinite(x.from) || !isfinite(y.from)) {
        html_raw(out, "<figure><figcaption>");
        html_text(out, plot->title);
        html_raw(out, "</figcaption><p class=\"note\">Too short for a plot.</p></figure>");
        return;
    }
    round_ends(&x, false);
    round_ends(&y, true);
    write_head(out, plot->title, plot->description, WIDTH, HEIGHT);
    write_ticks(out, &y, true, plot->y_name);
    write_ticks(out, &x, false, "");
    for (size_t i = 0; i < plot->count; i++) {
        write_line(out, &x, &y, &plot->lines[i]);
    }
    write_labels(out, plot);
    html_raw(out, "</svg>");
    write_legend(out, plot);
    html_raw(out, "</figure>\n");
}

#define BAR_WIDTH 360.0
#define BAR_HEIGHT 38.0
#define BAR_LEFT 2.0
#define BAR_VALUE 90.0 /* room for a value */

void plot_bars(struct buffer *out, const char *title, const char *description, const char *name,
               const struct plot_bar *bars, size_t count)
{
    double max = 0;
    for (size_t i = 0; i < count; i++) {
        max = isfinite(bars[i].value) ? fmax(max, bars[i].value) : max;
    }
    write_head(out, title, description, BAR_WIDTH, 8 + BAR_HEIGHT * (double)count);
    for (size_t i = 0; i < count; i++) {
        const struct plot_bar *bar = &bars[i];
        double y = 4 + BAR_HEIGHT * (double)i;
        char value[64] = "not measured";
        double width = 0;
        if (bar->value >= 0 && max > 0) {
            html_figure(name, bar->value, value, sizeof value);
            width = bar->value / max * (BAR_WIDTH - BAR_LEFT - BAR_VALUE);
        }
        html_numbers(out, "<text x=\"%.1f\" y=\"%.1f\"><tspan class=\"value\">", BAR_LEFT, y + 12);
        html_text(out, bar->name);
        html_raw(out, "</tspan>");
        if (bar->note != NULL && bar->note[0] != '\0') {
            html_raw(out, " · ");
            html_text(out, bar->note);
        }
        html_numbers(out, "</text><rect class=\"f%d\" x=\"%.1f\" y=\"%.1f\" ", bar->accent ? 0 : 1,
                     BAR_LEFT, y + 17);
        html_numbers(out, "width=\"%.1f\" height=\"11\" rx=\"2\"/>", fmax(width, 1));
        html_numbers(out, "<text class=\"value\" x=\"%.1f\" y=\"%.1f\">", BAR_LEFT + width + 6,
                     y + 27);
        html_text(out, value);
        html_raw(out, "</text>");
    }
    html_raw(out, "</svg></figure>\n");
}
