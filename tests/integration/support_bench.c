#include "tests/integration/support_bench.h"

#include <dirent.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/integration/support_daemon.h"

#define OUTPUT_BYTES (1 << 20)
#define WORDS_MAX 40

char bench_output[OUTPUT_BYTES];

static int run(const char *const *words, const char *last, bool merge)
{
    char path[512];
    char *argv[WORDS_MAX + 3] = {path};
    size_t count = 1;
    snprintf(path, sizeof path, "%s", program_path("duet-bench"));
    for (size_t i = 0; words[i] != NULL; i++) {
        assert_true(count <= WORDS_MAX);
        argv[count++] = (char *)(uintptr_t)words[i];
    }
    argv[count] = (char *)(uintptr_t)last;
    return program_run(argv, bench_output, sizeof bench_output, merge);
}

int bench_run(const char *const *words)
{
    return run(words, NULL, true);
}

json_t *bench_report(const char *const *words, int status)
{
    int found = run(words, "--json", false);
    json_t *report = json_loads(bench_output, JSON_DISABLE_EOF_CHECK, NULL);
    if (found != status || report == NULL) {
        print_message("%s\n", bench_output);
    }
    assert_int_equal(found, status);
    assert_non_null(report);
    return report;
}

double bench_number(const json_t *report, const char *name)
{
    const json_t *value = json_object_get(report, name);
    if (!json_is_number(value)) {
        fail_msg("%s is no number", name);
    }
    return json_number_value(value);
}

json_t *bench_saved(const char *folder, const char *begins)
{
    json_t *found = NULL;
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        char path[PATH_MAX + 300];
        const char *end = strstr(entry->d_name, ".json");
        if (end != NULL && strcmp(end, ".json") == 0) {
            assert_null(found);
            assert_memory_equal(entry->d_name, begins, strlen(begins));
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
            found = json_load_file(path, 0, NULL);
            assert_non_null(found);
        }
    }
    closedir(listing);
    assert_non_null(found);
    return found;
}

void bench_write_tokens(char path[BENCH_TOKENS_PATH], int couples)
{
    snprintf(path, BENCH_TOKENS_PATH, "bench_tokens_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (int i = 0; i < couples * 2; i++) {
        dprintf(fd,
                "{\"couple\":\"AAAAAAAAAAAAAAAAAAAA%cQ\",\"device\":\"AAAAAAAAAAAAAAAAAAAA%cg\","
                "\"access_token\":\"token-%d\",\"refresh_token\":\"r\",\"email\":\"e\"}\n",
                'A' + i / 2, 'A' + i, i);
    }
    close(fd);
}
