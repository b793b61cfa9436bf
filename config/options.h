/**
 * Options as const tables: name, type, default, bounds, unit and doc stand in one row, and from it
 * come the parser of files and command lines, --help and the commented configuration file.
 *
 * A value comes, later over earlier, from the row's default, the file given with --config, and the
 * command line. Every error names where it stands and what to write instead. One thread.
 */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum option_type {
    OPTION_TEXT,     /* char *, owned by the values */
    OPTION_BOOL,     /* bool; written yes or no */
    OPTION_COUNT,    /* int64_t */
    OPTION_SIZE,     /* int64_t bytes; written 512, 64KiB, 256MiB, 1GiB */
    OPTION_DURATION, /* int64_t milliseconds; written 500ms, 5s, 30m, 12h, 7d */
    OPTION_CHOICE,   /* int, index into choices */
    OPTION_TYPE_COUNT
};

struct option_row {
    const char *name;
    enum option_type type;
    const char *initial;        /* the default, as one would write it */
    int64_t min, max;           /* COUNT, SIZE, DURATION: bounds, inclusive */
    const char *const *choices; /* CHOICE: ended by NULL */
    bool hidden;                /* test-only: not in --help nor in the file */
    size_t offset;              /* of the member in the values */
    const char *doc;
};

struct option_table {
    const struct option_row *rows;
    size_t count;
};

/** Why something was refused: one line for people, with the place and the remedy. */
struct option_fault {
    char text[512];
};

/** Sets every value to its default. `values` is the table's struct; see options_fini. */
void options_init(const struct option_table *table, void *values);
/** Frees the texts. */
void options_fini(const struct option_table *table, void *values);

/** Sets one value. `where` begins the fault: "duet.conf:7". 0 or ERR_INVALID_ARGUMENT. */
int options_set(const struct option_table *table, void *values, const char *name, const char *text,
                const char *where, struct option_fault *fault);

/** Reads `name = value` lines; # begins a comment. 0, ERR_INVALID_ARGUMENT, ERR_IO. */
int options_read_file(const struct option_table *table, void *values, const char *path,
                      struct option_fault *fault);

/** What a command line asked for beside values. */
struct option_request {
    bool help, version, print_config;
};

/**
 * Reads `--config FILE` first, wherever it stands, then `--name value`, `--name=value` and
 * `--set name=value` in order; in names - and _ are the same. A bool may stand without a value.
 * 0, ERR_INVALID_ARGUMENT or ERR_IO.
 */
int options_read_arguments(const struct option_table *table, void *values, int argc,
                           char *const *argv, struct option_request *request,
                           struct option_fault *fault);

/** Writes one entry per row for --help. */
void options_write_help(const struct option_table *table, FILE *out);

/** Writes a configuration file with the values; `values` NULL: with every default, commented. */
void options_write_config(const struct option_table *table, const void *values, FILE *out);

#endif
