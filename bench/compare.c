/*
 * Ratios of duet to each peer, from the JSON lines that bench/peers/run.sh collected: of every
 * figure the median over the rounds, duet's from the runs that were made in turn with that peer's.
 */
#include "bench/compare.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bench/figures.h"
#include "bench/options.h"
#include "bench/page.h"
#include "bench/report.h"

#define ROUNDS_MAX 1000

static int64_t window_of(const json_t *run)
{
    return json_integer_value(json_object_get(run, "window"));
}

/* Array of the file's objects; NULL after a message. */
static json_t *read_objects(const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        complain("%s: %s", path, strerror(errno));
        return NULL;
    }
    json_error_t error;
    json_t *objects = json_array();
    json_t *object;
    while ((object = json_loadf(file, JSON_DISABLE_EOF_CHECK, &error)) != NULL) {
        json_array_append_new(objects, object);
    }
    if (!feof(file)) {
        complain("%s, after %zu objects: %s", path, json_array_size(objects), error.text);
    }
    fclose(file);
    return objects;
}

/* Runs of one system that were made in turn with one peer. */
struct series {
    const json_t *lines;
    const char *system;
    const char *beside;
    int64_t window;
};

static bool belongs(const struct series *series, const json_t *run)
{
    return strcmp(page_text(run, "system"), series->system) == 0 &&
           strcmp(page_text(run, "beside"), series->beside) == 0 &&
           window_of(run) == series->window;
}

/* Median of a figure over the series' good runs; -1 if it was never measured. */
static double median(const struct series *series, const char *figure)
{
    double found[ROUNDS_MAX];
    size_t count = 0;
    size_t i;
    json_t *run;
    json_array_foreach((json_t *)series->lines, i, run)
    {
        const json_t *value = json_object_get(run, figure);
        if (count < ROUNDS_MAX && belongs(series, run) && json_is_number(value) &&
            json_is_true(json_object_get(run, "good"))) {
            found[count++] = json_number_value(value);
        }
    }
    return count != 0 ? figures_median(found, count) : -1;
}

static size_t bad_runs(const struct series *series)
{
    size_t count = 0;
    size_t i;
    json_t *run;
    json_array_foreach((json_t *)series->lines, i, run)
    {
        count += belongs(series, run) && !json_is_true(json_object_get(run, "good"));
    }
    return count;
}

static void print_number(double value, int digits)
{
    if (value < 0) {
        printf("%11s", "-");
    } else {
        printf("%11.*f", digits, value);
    }
}

/* The rate of both at once: a message counts when it is acknowledged and delivered. */
static double rate(const struct series *series)
{
    double acked = median(series, "acked_per_s");
    double delivered = median(series, "delivered_per_s");
    return acked < delivered ? acked : delivered;
}

static void print_series(const struct series *series, const char *synced)
{
    printf("  %-20s", series->system);
    print_number(rate(series), 0);
    print_number(median(series, "p50_us"), 0);
    print_number(median(series, "p99_us"), 0);
    print_number(median(series, "ack_p50_us"), 0);
    print_number(median(series, "ack_p99_us"), 0);
    print_number(median(series, "server_cpu_us_per_msg"), 2);
    print_number(median(series, "device_bytes_per_msg"), 0);
    printf("  %s", synced);
    size_t bad = bad_runs(series);
    if (bad != 0) {
        printf("  (%zu runs failed, not counted)", bad);
    }
    printf("\n");
}

static void print_ratio(const struct series *duet, const struct series *peer)
{
    static const char *const figures[] = {"p50_us",
                                          "p99_us",
                                          "ack_p50_us",
                                          "ack_p99_us",
                                          "server_cpu_us_per_msg",
                                          "device_bytes_per_msg"};
    double ours = rate(duet);
    double theirs = rate(peer);
    printf("  %-20s", "  duet / peer");
    print_number(ours > 0 && theirs > 0 ? ours / theirs : -1, 2);
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        ours = median(duet, figures[i]);
        theirs = median(peer, figures[i]);
        print_number(ours >= 0 && theirs > 0 ? ours / theirs : -1, 2);
    }
    printf("\n");
}

static bool was_before(const json_t *lines, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (window_of(json_array_get(lines, i)) == window_of(json_array_get(lines, index))) {
            return true;
        }
    }
    return false;
}

static void print_window(const json_t *lines, int64_t window)
{
    printf("\nwindow %lld\n  %-20s%11s%11s%11s%11s%11s%11s%11s  synced before the ack\n",
           (long long)window, "", "msg/s", "p50 us", "p99 us", "ack p50", "ack p99", "CPU us/msg",
           "device B");
    size_t i;
    json_t *peer;
    json_array_foreach((json_t *)lines, i, peer)
    {
        if (*page_text(peer, "peer") == '\0' || json_object_get(peer, "skipped") != NULL) {
            continue;
        }
        struct series ours = {lines, "duet", page_text(peer, "peer"), window};
        struct series theirs = {lines, page_text(peer, "peer"), page_text(peer, "peer"), window};
        print_series(&ours, "yes");
        print_series(&theirs, page_text(peer, "synced"));
        print_ratio(&ours, &theirs);
    }
}

static void print_notes(const json_t *lines)
{
    size_t i;
    json_t *peer;
    printf("\nnot guaranteed, where duet does\n");
    json_array_foreach((json_t *)lines, i, peer)
    {
        if (json_object_get(peer, "not_guaranteed") != NULL) {
            printf("  %-20s %s (%s)\n", page_text(peer, "peer"), page_text(peer, "not_guaranteed"),
                   page_text(peer, "version"));
        }
    }
    json_array_foreach((json_t *)lines, i, peer)
    {
        if (json_object_get(peer, "skipped") != NULL) {
            printf("  %-20s skipped: %s\n", page_text(peer, "peer"), page_text(peer, "skipped"));
        }
    }
}

int compare_main(int argc, char **argv)
{
    if (argc != 2 || argv[1][0] == '-') {
        fprintf(stderr, "usage: duet-bench compare FILE\n"
                        "FILE: JSON lines, as bench/peers/run.sh collects them\n");
        return EXIT_USAGE;
    }
    json_t *lines = read_objects(argv[1]);
    if (lines == NULL) {
        return EXIT_FAILURE;
    }
    printf("medians; msg/s: acknowledged and delivered; p50, p99: from send to the partner,\n"
           "ack: to the answer; device B: bytes written to the disk per message\n");
    size_t i;
    json_t *run;
    json_array_foreach(lines, i, run)
    {
        if (window_of(run) > 0 && !was_before(lines, i)) {
            print_window(lines, window_of(run));
        }
    }
    print_notes(lines);
    json_decref(lines);
    return EXIT_SUCCESS;
}
