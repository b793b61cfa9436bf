/*
 * duetctl: one table of sub-commands, for people, operators and tests.
 */
#include "tools/duetctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/logger.h"
#include "config/version.h"

static const struct subcommand *const commands[] = {
    &subcommand_chat,   &subcommand_seed,     &subcommand_log,
    &subcommand_verify, &subcommand_describe, &subcommand_stats,
};
#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

int complain(const struct subcommand *command, int status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    fprintf(stderr, "duetctl %s: ", command->name);
    vfprintf(stderr, format, list);
    fputc('\n', stderr);
    va_end(list);
    return status;
}

static int print_help(const struct subcommand *command, const struct flag *flags)
{
    printf("duetctl %s: %s\n\nusage: duetctl %s [--flag value …]\n\n", command->name,
           command->summary, command->name);
    for (const struct flag *flag = flags; flag->name != NULL; flag++) {
        char head[64];
        snprintf(head, sizeof head, "%s%s%s", flag->name, flag->placeholder != NULL ? " " : "",
                 flag->placeholder != NULL ? flag->placeholder : "");
        printf("  %-20s %s\n", head, flag->doc);
    }
    return 0;
}

static const struct flag *find_flag(const struct flag *flags, const char *text, size_t len)
{
    for (; flags->name != NULL; flags++) {
        if (strlen(flags->name) == len && memcmp(flags->name, text, len) == 0) {
            return flags;
        }
    }
    return NULL;
}

int flags_parse(const struct subcommand *command, const struct flag *flags, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            return print_help(command, flags);
        }
        size_t len = strcspn(argv[i], "=");
        const char *equals = argv[i][len] == '=' ? argv[i] + len + 1 : NULL;
        const struct flag *flag = find_flag(flags, argv[i], len);
        if (flag == NULL) {
            return complain(command, 2, "there is no flag \"%.*s\"; see duetctl %s --help",
                            (int)len, argv[i], command->name);
        }
        if (flag->placeholder == NULL) {
            *flag->given = true;
            continue;
        }
        if (equals == NULL && i + 1 == argc) {
            return complain(command, 2, "%s needs a value: %s %s", flag->name, flag->name,
                            flag->placeholder);
        }
        *flag->value = equals != NULL ? equals : argv[++i];
    }
    return -1;
}

bool parse_count(const struct subcommand *command, const char *name, const char *text, int64_t min,
                 int64_t *out)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != 0 || number < min) {
        complain(command, 2, "%s cannot be \"%s\": write a whole number, at least %lld", name, text,
                 (long long)min);
        return false;
    }
    *out = number;
    return true;
}

static int usage(FILE *out, int status)
{
    fputs("duetctl, the companion of duetd.\n\nusage: duetctl COMMAND [--help] …\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    }
    return status;
}

int main(int argc, char **argv)
{
    if (sodium_init() < 0) {
        fputs("duetctl: libsodium does not start\n", stderr);
        return 1;
    }
    logger_set_level(LOG_LEVEL_ERROR);
    if (argc < 2) {
        return usage(stderr, 2);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        return usage(stdout, 0);
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("duetctl " DUET_VERSION);
        return 0;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(argv[1], commands[i]->name) == 0) {
            return commands[i]->run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "duetctl: there is no command \"%s\"\n\n", argv[1]);
    return usage(stderr, 2);
}
