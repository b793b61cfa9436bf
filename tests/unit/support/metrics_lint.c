#include "tests/unit/support/metrics_lint.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LINES_MAX 20000
#define NAME_MAX_BYTES 128

struct lint {
    char family[NAME_MAX_BYTES]; /* the last with a type */
    char type[16];
    char bucket[512]; /* labels of the histogram that is being read, without le */
    double bucket_value, bound;
    char *series[LINES_MAX];
    size_t count;
};

static bool is_name(const char *text, size_t len, bool colon)
{
    for (size_t i = 0; i < len; i++) {
        bool first = isalpha((unsigned char)text[i]) || text[i] == '_' || (colon && text[i] == ':');
        if (!first && (i == 0 || !isdigit((unsigned char)text[i]))) {
            return false;
        }
    }
    return len != 0;
}

/** The end of {…}, or NULL. */
static const char *labels_end(const char *at)
{
    while (*at != '}') {
        const char *equals = strchr(at, '=');
        if (equals == NULL || !is_name(at, (size_t)(equals - at), false) || equals[1] != '"') {
            return NULL;
        }
        for (at = equals + 2; *at != '"'; at++) {
            at += *at == '\\';
            if (*at == '\0' || *at == '\n') {
                return NULL;
            }
        }
        at++;
        if (*at != ',' && *at != '}') {
            return NULL;
        }
        at += *at == ',';
    }
    return at + 1;
}

static void check_family(struct lint *lint, const char *line)
{
    char name[NAME_MAX_BYTES], type[16], family[NAME_MAX_BYTES + 8];
    if (strncmp(line, "# HELP ", 7) == 0) {
        return;
    }
    assert_int_equal(sscanf(line, "# TYPE %127s %15s", name, type), 2);
    assert_non_null(strstr("counter gauge histogram", type)); /* untyped: nobody described it */
    if (strcmp(type, "counter") == 0) {
        assert_non_null(strstr(name, "_total"));
    }
    snprintf(family, sizeof family, "# TYPE %s ", name);
    for (size_t i = 0; i < lint->count; i++) {
        assert_int_not_equal(strncmp(lint->series[i], family, strlen(family)), 0);
    }
    snprintf(lint->family, sizeof lint->family, "%s", name);
    snprintf(lint->type, sizeof lint->type, "%s", type);
    lint->series[lint->count++] = strdup(line);
}

/** Buckets of one series grow, their bounds too, and the count is the last of them. */
static void check_histogram(struct lint *lint, const char *line, const char *suffix, double value)
{
    char labels[sizeof lint->bucket] = "";
    const char *le = strstr(line, "le=\"");
    if (strncmp(suffix, "_count", 6) == 0) {
        assert_true(value == lint->bucket_value && lint->bound > 1e300);
        lint->bucket[0] = '\0';
        return;
    }
    if (strncmp(suffix, "_sum", 4) == 0) {
        return;
    }
    assert_non_null(le);
    snprintf(labels, sizeof labels, "%.*s", (int)(le - line), line);
    double bound = strncmp(le + 4, "+Inf", 4) == 0 ? 1e301 : strtod(le + 4, NULL);
    if (strcmp(labels, lint->bucket) == 0) {
        assert_true(bound > lint->bound && value >= lint->bucket_value);
    }
    snprintf(lint->bucket, sizeof lint->bucket, "%s", labels);
    lint->bound = bound;
    lint->bucket_value = value;
}

static void check_sample(struct lint *lint, const char *line)
{
    size_t len = strcspn(line, "{ "), family_len = strlen(lint->family);
    const char *rest = line + len;
    char *end;
    assert_true(is_name(line, len, true));
    assert_int_equal(strncmp(line, lint->family, family_len), 0);
    if (*rest == '{') {
        rest = labels_end(rest + 1);
        assert_non_null(rest);
    }
    for (size_t i = 0; i < lint->count; i++) {
        bool same = strncmp(lint->series[i], line, (size_t)(rest - line) + 1) == 0;
        assert_false(same);
    }
    assert_int_equal(*rest, ' ');
    double value = strtod(rest + 1, &end);
    assert_true(end != rest + 1 && *end == '\0' && value >= 0);
    lint->series[lint->count++] = strdup(line);
    if (strcmp(lint->type, "histogram") == 0) {
        check_histogram(lint, line, line + family_len, value);
    } else {
        assert_int_equal(len, family_len);
    }
}

void metrics_lint(const char *text)
{
    struct lint *lint = calloc(1, sizeof *lint);
    char *copy = strdup(text), *rest = copy;
    assert_true(strlen(text) > 0 && text[strlen(text) - 1] == '\n');
    for (char *line; (line = strsep(&rest, "\n")) != NULL && rest != NULL;) {
        if (line[0] == '#') {
            check_family(lint, line);
        } else {
            check_sample(lint, line);
        }
    }
    for (size_t i = 0; i < lint->count; i++) {
        free(lint->series[i]);
    }
    free(copy);
    free(lint);
}

double metrics_value(const char *text, const char *series)
{
    size_t len = strlen(series);
    for (const char *at = text; (at = strstr(at, series)) != NULL; at += len) {
        if ((at == text || at[-1] == '\n') && at[len] == ' ') {
            return strtod(at + len, NULL);
        }
    }
    return -1;
}
