#include "bench/options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *command_line = "duet-bench";

/* An argument without the folders in front of it: where people keep things is nobody's business. */
static const char *without_folders(const char *argument)
{
    const char *slash = strrchr(argument, '/');
    return strstr(argument, "://") == NULL && slash != NULL && slash[1] != '\0' ? slash + 1
                                                                                : argument;
}

void options_note_command_line(int argc, char *const *argv)
{
    static char text[1024];
    text[0] = '\0';
    for (int i = 0; i < argc; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%s", i == 0 ? "" : " ",
                 without_folders(argv[i]));
    }
    command_line = text;
}

static void print_default(const struct option_row *row)
{
    if (row->kind == OPTION_INT) {
        printf(" (default %lld)", (long long)*(int64_t *)row->out);
    } else if (row->kind != OPTION_FLAG && *(const char **)row->out != NULL) {
        printf(" (default %s)", *(const char **)row->out);
    }
}

static void print_help(const struct command *command, const struct option_row *rows, size_t count)
{
    static const char *const values[] = {[OPTION_INT] = "N",
                                         [OPTION_TEXT] = "TEXT",
                                         [OPTION_FLAG] = "",
                                         [OPTION_PLACE] = "TEXT",
                                         [OPTION_OPTIONAL_PLACE] = "[TEXT]"};
    printf("usage: duet-bench %s [options]\n%s\n\n", command->name, command->summary);
    for (size_t i = 0; i < count; i++) {
        char left[64];
        snprintf(left, sizeof left, "--%s %s", rows[i].name, values[rows[i].kind]);
        printf("  %-20s %s", left, rows[i].help);
        print_default(&rows[i]);
        printf("\n");
    }
    if (command->details != NULL) {
        printf("\n%s", command->details);
    }
}

static int usage_error(const struct command *command, const char *option, const char *problem)
{
    fprintf(stderr, "duet-bench %s: %s: %s (see duet-bench %s --help)\n", command->name, option,
            problem, command->name);
    return EXIT_USAGE;
}

static const struct option_row *find_row(const struct option_row *rows, size_t count,
                                         const char *argument)
{
    if (strncmp(argument, "--", 2) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, argument + 2) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Stores a value; NULL, or what is wrong with it. */
static const char *store(const struct option_row *row, const char *value)
{
    static char problem[96];
    if (row->kind != OPTION_INT) {
        *(const char **)row->out = value;
        return NULL;
    }
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < row->min || number > row->max) {
        snprintf(problem, sizeof problem, "must be a number from %lld to %lld", (long long)row->min,
                 (long long)row->max);
        return problem;
    }
    *(int64_t *)row->out = number;
    return NULL;
}

int options_parse(const struct command *command, const struct option_row *rows, size_t count,
                  int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(command, rows, count);
            return 0;
        }
    }
    for (int i = 1; i < argc; i++) {
        const struct option_row *row = find_row(rows, count, argv[i]);
        if (row == NULL) {
            return usage_error(command, argv[i], "no such option");
        }
        if (row->kind == OPTION_FLAG) {
            *(bool *)row->out = true;
            continue;
        }
        bool has_value = i + 1 < argc &&
                         (row->kind != OPTION_OPTIONAL_PLACE || strncmp(argv[i + 1], "--", 2) != 0);
        if (row->kind == OPTION_OPTIONAL_PLACE && !has_value) {
            *(const char **)row->out = "";
            continue;
        }
        if (!has_value) {
            return usage_error(command, argv[i], "needs a value");
        }
        const char *problem = store(row, argv[++i]);
        if (problem != NULL) {
            return usage_error(command, argv[i - 1], problem);
        }
    }
    return -1;
}
