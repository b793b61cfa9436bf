#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/duetctl.h"
#include "tools/seeder.h"

static bool said;

static void say_progress(uint64_t done, uint64_t couples)
{
    said = true;
    fprintf(stderr, "\r%llu of %llu couples", (unsigned long long)done,
            (unsigned long long)couples);
}

static int explain(int error, const struct seeder_config *config)
{
    switch (error) {
    case 0:
        return 0;
    case ERR_LOCKED:
        return complain(&subcommand_seed, 1,
                        "%s is in use; stop the daemon first: seeding is done offline",
                        config->data);
    case ERR_EMAIL_TAKEN:
        return complain(&subcommand_seed, 1,
                        "seed%llu@example.invalid or one after it is taken already: begin behind "
                        "what was seeded before with --first N",
                        (unsigned long long)config->first);
    default:
        return complain(&subcommand_seed, 1, "stopped: %s (%s)", error_text(error, LANGUAGE_EN),
                        error_name(error));
    }
}

static int seed(struct seeder_config *config, const char *path)
{
    config->out = path != NULL ? fopen(path, "we") : stdout;
    if (config->out == NULL) {
        return complain(&subcommand_seed, 1, "cannot write %s: %s", path, strerror(errno));
    }
    config->progress = isatty(STDERR_FILENO) ? say_progress : NULL;
    int status = explain(seeder_run(config), config);
    if (said) {
        fputc('\n', stderr);
    }
    if (fflush(config->out) != 0 || ferror(config->out)) {
        status = complain(&subcommand_seed, 1, "cannot write %s: %s",
                          path != NULL ? path : "the output", strerror(errno));
    }
    if (path != NULL) {
        fclose(config->out);
    }
    return status;
}

static int run_seed(int argc, char **argv)
{
    struct seeder_config config = {.data = NULL};
    const char *couples = NULL;
    const char *first = "1";
    const char *out = NULL;
    const struct flag flags[] = {
        {"--data", "DIR", "made when it is missing", &config.data, NULL},
        {"--couples", "N", "how many couples to make, of two users each", &couples, NULL},
        {"--out", "FILE", "a line of JSON per user, two per couple; default: standard output", &out,
         NULL},
        {"--password", "P", "of all of them; default: nobody can log in, only use the tokens",
         &config.password, NULL},
        {"--first", "N", "number of the first e-mail, seedN@example.invalid; default 1", &first,
         NULL},
        {0}};
    int status = flags_parse(&subcommand_seed, flags, argc, argv);
    if (status >= 0) {
        return status;
    }
    int64_t couple_count = 0;
    int64_t first_number = 0;
    if (config.data == NULL || couples == NULL) {
        return complain(&subcommand_seed, 2, "--data DIR and --couples N are needed");
    }
    if (!parse_count(&subcommand_seed, "--couples", couples, 1, &couple_count) ||
        !parse_count(&subcommand_seed, "--first", first, 1, &first_number)) {
        return 2;
    }
    config.couples = (uint64_t)couple_count;
    config.first = (uint64_t)first_number;
    return seed(&config, out);
}

const struct subcommand subcommand_seed = {
    .name = "seed",
    .summary = "make users, couples and tokens in a data directory, for tests and measurements",
    .run = run_seed};
