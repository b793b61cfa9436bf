/**
 * Command line of a sub-command as a table: what --help prints is what is parsed.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#define EXIT_USAGE 2 /* the command line is wrong */

enum option_kind {
    OPTION_INT,
    OPTION_TEXT,
    OPTION_FLAG,
    OPTION_PLACE,         /* folder, file or address: a text that reports do not show */
    OPTION_OPTIONAL_PLACE /* the same, "" when no value (or the next option) follows */
};

struct option_row {
    const char *name; /* without the dashes */
    enum option_kind kind;
    void *out;        /* int64_t *, bool * or const char **; keeps its value when not given */
    int64_t min, max; /* OPTION_INT */
    const char *help;
};

/** A row in a macro of several. */
#define OPTION_ROW(...)                                                                            \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

struct command {
    const char *name;
    const char *summary;
    const char *details;               /* printed below the options; NULL: none */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an exit code */
};

/** The whole command line as one text, for reports: of paths, the last part only. */
extern const char *command_line;
/** Sets it. */
void options_note_command_line(int argc, char *const *argv);

/**
 * Fills the options' targets. Returns -1 to go on, else the exit code: 0 after --help, 2 after an
 * error, which was printed. Texts point into argv.
 */
int options_parse(const struct command *command, const struct option_row *rows, size_t count,
                  int argc, char **argv);

#endif
