/**
 * The sub-commands of duetctl: each takes its own arguments, argv[0] being its name.
 */
#ifndef TOOLS_DUETCTL_H
#define TOOLS_DUETCTL_H

#include <stdbool.h>
#include <stdint.h>

/** One flag of a sub-command. A value points into argv. */
struct flag {
    const char *name;        /* "--server" */
    const char *placeholder; /* "URL"; NULL: a switch */
    const char *doc;
    const char **value; /* of a flag with a placeholder */
    bool *given;        /* of a switch */
};

struct subcommand {
    const char *name;
    const char *summary;
    /** Returns the exit status. */
    int (*run)(int argc, char **argv);
};

extern const struct subcommand subcommand_chat, subcommand_seed, subcommand_log, subcommand_verify,
    subcommand_describe, subcommand_stats;

/**
 * Fills the flags from argv, `--name value` or `--name=value`. Returns -1 to go on, or the exit
 * status: 0 after --help, 2 after a complaint. `flags` ends with a row without a name.
 */
int flags_parse(const struct subcommand *command, const struct flag *flags, int argc, char **argv);

/** Prints "duetctl <command>: …" to standard error and returns `status`. */
__attribute__((format(printf, 3, 4))) int complain(const struct subcommand *command, int status,
                                                   const char *format, ...);

/** A whole number of at least `min`; else a complaint and false. */
bool parse_count(const struct subcommand *command, const char *name, const char *text, int64_t min,
                 int64_t *out);

#endif
