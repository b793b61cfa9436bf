#include "config/options.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

#define WRAP_COLUMNS 78
#define VALUE_CHARS 64

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first, for writing; the first row with factor 1 is what a bare number means. */
static const struct unit size_units[] = {
    {"GiB", 1LL << 30}, {"MiB", 1LL << 20}, {"KiB", 1LL << 10}, {"", 1}, {"B", 1}, {NULL, 0}};
static const struct unit duration_units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000},
                                             {"s", 1000},     {"ms", 1},      {NULL, 0}};
static const struct unit count_units[] = {{"", 1}, {NULL, 0}};

static const struct {
    const struct unit *units; /* NULL: not a number */
    const char *remedy;
    const char *placeholder;
} types[] = {
    [OPTION_TEXT] = {NULL, "", "TEXT"},
    [OPTION_BOOL] = {NULL, "write yes or no", "yes|no"},
    [OPTION_COUNT] = {count_units, "write a whole number", "N"},
    [OPTION_SIZE] = {size_units, "write a size like 512, 64KiB, 256MiB or 1GiB", "SIZE"},
    [OPTION_DURATION] = {duration_units, "write a duration like 500ms, 5s, 30m, 12h or 7d",
                         "DURATION"},
    [OPTION_CHOICE] = {NULL, "write one of its choices", "CHOICE"},
};
_Static_assert(sizeof types / sizeof types[0] == OPTION_TYPE_COUNT, "a row per type");

__attribute__((format(printf, 3, 4))) static int fail(struct option_fault *fault, int error,
                                                      const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vsnprintf(fault->text, sizeof fault->text, format, list);
    va_end(list);
    return error;
}

static void *member(const struct option_row *row, void *values)
{
    return (char *)values + row->offset;
}

static const void *member_const(const struct option_row *row, const void *values)
{
    return (const char *)values + row->offset;
}

static int parse_number(const char *text, const struct unit *units, int64_t *out)
{
    if (!isdigit((unsigned char)text[0])) {
        return ERR_INVALID_ARGUMENT;
    }
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0) {
        return ERR_INVALID_ARGUMENT;
    }
    while (*end == ' ') {
        end++;
    }
    for (const struct unit *unit = units; unit->name != NULL; unit++) {
        if (strcasecmp(end, unit->name) != 0) {
            continue;
        }
        if (number > INT64_MAX / unit->factor) {
            return ERR_INVALID_ARGUMENT;
        }
        *out = number * unit->factor;
        return 0;
    }
    return ERR_INVALID_ARGUMENT;
}

static void write_number(int64_t number, const struct unit *units, char out[VALUE_CHARS])
{
    const struct unit *unit = units;
    while (unit->factor != 1 && (number == 0 || number % unit->factor != 0)) {
        unit++;
    }
    snprintf(out, VALUE_CHARS, "%lld%s", (long long)(number / unit->factor), unit->name);
}

static int parse_bool(const char *text, bool *out)
{
    static const char *const words[][2] = {
        {"no", "yes"}, {"off", "on"}, {"false", "true"}, {"0", "1"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        for (size_t value = 0; value < 2; value++) {
            if (strcasecmp(text, words[i][value]) == 0) {
                *out = value == 1;
                return 0;
            }
        }
    }
    return ERR_INVALID_ARGUMENT;
}

static int parse_choice(const struct option_row *row, const char *text, int *out)
{
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (strcasecmp(text, row->choices[i]) == 0) {
            *out = i;
            return 0;
        }
    }
    return ERR_INVALID_ARGUMENT;
}

static int refuse_choice(const struct option_row *row, const char *text, const char *where,
                         struct option_fault *fault)
{
    char all[200] = "";
    for (int i = 0; row->choices[i] != NULL; i++) {
        size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i == 0 ? "" : ", ", row->choices[i]);
    }
    return fail(fault, ERR_INVALID_ARGUMENT, "%s: %s cannot be \"%s\": write one of %s", where,
                row->name, text, all);
}

static int set_number(const struct option_row *row, const char *text, int64_t *out,
                      const char *where, struct option_fault *fault)
{
    int64_t number = 0;
    const struct unit *units = types[row->type].units;
    if (parse_number(text, units, &number) != 0) {
        return fail(fault, ERR_INVALID_ARGUMENT, "%s: %s cannot be \"%s\": %s", where, row->name,
                    text, types[row->type].remedy);
    }
    if (number < row->min || number > row->max) {
        char low[VALUE_CHARS];
        char high[VALUE_CHARS];
        write_number(row->min, units, low);
        write_number(row->max, units, high);
        return fail(fault, ERR_INVALID_ARGUMENT,
                    "%s: %s cannot be \"%s\": it must be from %s to %s", where, row->name, text,
                    low, high);
    }
    *out = number;
    return 0;
}

static int set_row(const struct option_row *row, void *values, const char *text, const char *where,
                   struct option_fault *fault)
{
    switch (row->type) {
    case OPTION_TEXT:
        if (text[0] == 0) {
            return fail(fault, ERR_INVALID_ARGUMENT, "%s: %s needs a value", where, row->name);
        }
        char **owned = member(row, values);
        free(*owned);
        *owned = text_copy(text);
        return 0;
    case OPTION_BOOL:
        if (parse_bool(text, member(row, values)) != 0) {
            return fail(fault, ERR_INVALID_ARGUMENT, "%s: %s cannot be \"%s\": %s", where,
                        row->name, text, types[row->type].remedy);
        }
        return 0;
    case OPTION_CHOICE:
        return parse_choice(row, text, member(row, values)) == 0
                   ? 0
                   : refuse_choice(row, text, where, fault);
    default:
        return set_number(row, text, member(row, values), where, fault);
    }
}

static bool name_equal(const char *a, const char *b)
{
    for (; *a != 0 && *b != 0; a++, b++) {
        char x = *a == '-' ? '_' : *a;
        char y = *b == '-' ? '_' : *b;
        if (x != y) {
            return false;
        }
    }
    return *a == *b;
}

static const struct option_row *find(const struct option_table *table, const char *name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (name_equal(table->rows[i].name, name)) {
            return &table->rows[i];
        }
    }
    return NULL;
}

/** The visible name that begins most like this one, as a guess at what was meant. */
static const char *nearest(const struct option_table *table, const char *name)
{
    const char *best = NULL;
    size_t best_common = 1; /* one letter in common is no hint */
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        size_t common = 0;
        while (row->name[common] != 0 && row->name[common] == name[common]) {
            common++;
        }
        if (!row->hidden && common > best_common) {
            best = row->name;
            best_common = common;
        }
    }
    return best;
}

static int refuse_name(const struct option_table *table, const char *name, const char *where,
                       struct option_fault *fault)
{
    const char *near = nearest(table, name);
    if (near != NULL) {
        return fail(fault, ERR_INVALID_ARGUMENT,
                    "%s: there is no option \"%s\"; did you mean %s? --help lists all", where, name,
                    near);
    }
    return fail(fault, ERR_INVALID_ARGUMENT, "%s: there is no option \"%s\"; --help lists all",
                where, name);
}

void options_init(const struct option_table *table, void *values)
{
    struct option_fault fault;
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        if (row->type == OPTION_TEXT) {
            *(char **)member(row, values) = NULL;
        }
        CHECK_ALWAYS(set_row(row, values, row->initial, "default", &fault) == 0);
    }
}

void options_fini(const struct option_table *table, void *values)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        if (row->type == OPTION_TEXT) {
            char **owned = member(row, values);
            free(*owned);
            *owned = NULL;
        }
    }
}

int options_set(const struct option_table *table, void *values, const char *name, const char *text,
                const char *where, struct option_fault *fault)
{
    const struct option_row *row = find(table, name);
    return row != NULL ? set_row(row, values, text, where, fault)
                       : refuse_name(table, name, where, fault);
}

/** Cuts blanks from both ends, in place. */
static char *trim(char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1])) {
        text[--len] = 0;
    }
    return text;
}

/** Cuts the comment off: a # at the start or after a blank. */
static void cut_comment(char *line)
{
    for (char *at = line; *at != 0; at++) {
        if (*at == '#' && (at == line || isspace((unsigned char)at[-1]))) {
            *at = 0;
            return;
        }
    }
}

/** Splits `name = value` in place. False when there is no =. */
static bool split(char *text, char **name, char **value)
{
    char *equals = strchr(text, '=');
    if (equals == NULL) {
        return false;
    }
    *equals = 0;
    *name = trim(text);
    *value = trim(equals + 1);
    return true;
}

static int read_line(const struct option_table *table, void *values, char *line, const char *where,
                     struct option_fault *fault)
{
    cut_comment(line);
    char *text = trim(line);
    if (text[0] == 0) {
        return 0;
    }
    char *name = NULL;
    char *value = NULL;
    if (!split(text, &name, &value)) {
        return fail(fault, ERR_INVALID_ARGUMENT, "%s: \"%s\" is not of the form name = value",
                    where, text);
    }
    return options_set(table, values, name, value, where, fault);
}

int options_read_file(const struct option_table *table, void *values, const char *path,
                      struct option_fault *fault)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return fail(fault, ERR_IO, "cannot read %s: %s", path, strerror(errno));
    }
    char *line = NULL;
    size_t cap = 0;
    int error = 0;
    for (int number = 1; error == 0 && getline(&line, &cap, file) >= 0; number++) {
        char where[300];
        snprintf(where, sizeof where, "%s:%d", path, number);
        error = read_line(table, values, line, where, fault);
    }
    if (error == 0 && ferror(file)) {
        error = fail(fault, ERR_IO, "cannot read %s: %s", path, strerror(EIO));
    }
    free(line);
    fclose(file);
    return error;
}

/* --- command line --- */

struct arguments {
    const struct option_table *table;
    void *values;
    int argc;
    char *const *argv;
    int at;
    const char *config; /* the file, when this is the pass that looks for it */
    bool files_only;
    struct option_request *request;
    struct option_fault *fault;
};

static int take_pair(struct arguments *args, const char *text)
{
    if (args->files_only) {
        return 0;
    }
    char *copy = text_copy(text);
    char *name = NULL;
    char *value = NULL;
    int error = split(copy, &name, &value)
                    ? options_set(args->table, args->values, name, value, "--set", args->fault)
                    : fail(args->fault, ERR_INVALID_ARGUMENT,
                           "--set: \"%s\" is not of the form name=value", text);
    free(copy);
    return error;
}

static bool take_switch(struct arguments *args, const char *name)
{
    struct option_request *request = args->request;
    struct {
        const char *name;
        bool *flag;
    } switches[] = {{"help", &request->help},
                    {"version", &request->version},
                    {"print-config", &request->print_config}};
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++) {
        if (name_equal(switches[i].name, name)) {
            *switches[i].flag = true;
            return true;
        }
    }
    return false;
}

/** The value of the argument at hand: after =, or the next argument. NULL when there is none. */
static const char *take_value(struct arguments *args, const char *inline_value)
{
    if (inline_value != NULL) {
        return inline_value;
    }
    return args->at + 1 < args->argc ? args->argv[++args->at] : NULL;
}

static int take_named(struct arguments *args, const char *name, const char *inline_value)
{
    char where[80];
    snprintf(where, sizeof where, "--%s", name);
    bool is_config = strcmp(name, "config") == 0;
    bool is_set = strcmp(name, "set") == 0;
    const struct option_row *row = is_config || is_set ? NULL : find(args->table, name);
    if (row == NULL && !is_config && !is_set) {
        return refuse_name(args->table, name, "command line", args->fault);
    }
    if (row != NULL && row->type == OPTION_BOOL && inline_value == NULL) {
        inline_value = "yes";
    }
    const char *value = take_value(args, inline_value);
    if (value == NULL) {
        return fail(args->fault, ERR_INVALID_ARGUMENT, "%s needs a value", where);
    }
    if (is_config) {
        args->config = value;
        return 0;
    }
    if (is_set) {
        return take_pair(args, value);
    }
    return args->files_only ? 0 : set_row(row, args->values, value, where, args->fault);
}

static int take_argument(struct arguments *args)
{
    const char *text = args->argv[args->at];
    if (strcmp(text, "-h") == 0) {
        args->request->help = true;
        return 0;
    }
    if (strncmp(text, "--", 2) != 0 || text[2] == 0) {
        return fail(args->fault, ERR_INVALID_ARGUMENT,
                    "\"%s\" is not an option; options begin with --, see --help", text);
    }
    char *name = text_copy(text + 2);
    char *equals = strchr(name, '=');
    if (equals != NULL) {
        *equals = 0;
    }
    int error = 0;
    if (equals != NULL || !take_switch(args, name)) {
        error = take_named(args, name, equals != NULL ? text + 2 + (equals + 1 - name) : NULL);
    }
    free(name);
    return error;
}

static int take_all(struct arguments *args)
{
    int error = 0;
    for (args->at = 1; error == 0 && args->at < args->argc; args->at++) {
        error = take_argument(args);
    }
    return error;
}

int options_read_arguments(const struct option_table *table, void *values, int argc,
                           char *const *argv, struct option_request *request,
                           struct option_fault *fault)
{
    *request = (struct option_request){0};
    struct arguments args = {.table = table,
                             .values = values,
                             .argc = argc,
                             .argv = argv,
                             .files_only = true,
                             .request = request,
                             .fault = fault};
    int error = take_all(&args);
    if (error == 0 && args.config != NULL) {
        error = options_read_file(table, values, args.config, fault);
    }
    args.files_only = false;
    return error == 0 ? take_all(&args) : error;
}

/* --- writing --- */

/** Writes words so that lines begin with `indent` and end before the wrap column. */
static void write_wrapped(const char *text, const char *indent, FILE *out)
{
    size_t column = 0;
    while (*text != 0) {
        size_t word = strcspn(text, " ");
        if (column > 0 && column + 1 + word > WRAP_COLUMNS) {
            fputc('\n', out);
            column = 0;
        }
        column += (size_t)fprintf(out, "%s%.*s", column == 0 ? indent : " ", (int)word, text);
        text += word + (text[word] == ' ');
    }
    fputc('\n', out);
}

static void write_bounds(const struct option_row *row, FILE *out)
{
    if (types[row->type].units != NULL) {
        char low[VALUE_CHARS];
        char high[VALUE_CHARS];
        write_number(row->min, types[row->type].units, low);
        write_number(row->max, types[row->type].units, high);
        fprintf(out, "%s to %s", low, high);
    } else if (row->type == OPTION_CHOICE) {
        for (int i = 0; row->choices[i] != NULL; i++) {
            fprintf(out, "%s%s", i == 0 ? "" : ", ", row->choices[i]);
        }
    } else {
        fputs(row->type == OPTION_BOOL ? "yes or no" : "text", out);
    }
}

void options_write_help(const struct option_table *table, FILE *out)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        if (row->hidden) {
            continue;
        }
        fprintf(out, "  --%s %s   (default %s; ", row->name, types[row->type].placeholder,
                row->initial);
        write_bounds(row, out);
        fputs(")\n", out);
        write_wrapped(row->doc, "        ", out);
    }
}

static void write_value(const struct option_row *row, const void *values, FILE *out)
{
    const void *value = member_const(row, values);
    char number[VALUE_CHARS];
    switch (row->type) {
    case OPTION_TEXT:
        fputs(*(char *const *)value, out);
        return;
    case OPTION_BOOL:
        fputs(*(const bool *)value ? "yes" : "no", out);
        return;
    case OPTION_CHOICE:
        fputs(row->choices[*(const int *)value], out);
        return;
    default:
        write_number(*(const int64_t *)value, types[row->type].units, number);
        fputs(number, out);
    }
}

void options_write_config(const struct option_table *table, const void *values, FILE *out)
{
    fputs("# Configuration of duetd. Read with: duetd --config FILE\n"
          "# The command line wins over this file: --name value.\n"
          "# Sizes take KiB, MiB and GiB; durations ms, s, m, h and d.\n",
          out);
    for (size_t i = 0; i < table->count; i++) {
        const struct option_row *row = &table->rows[i];
        if (row->hidden) {
            continue;
        }
        fputc('\n', out);
        write_wrapped(row->doc, "# ", out);
        fputs("# From: ", out);
        write_bounds(row, out);
        fprintf(out, ". Default: %s\n", row->initial);
        fprintf(out, "%s%s = ", values == NULL ? "# " : "", row->name);
        if (values == NULL) {
            fputs(row->initial, out);
        } else {
            write_value(row, values, out);
        }
        fputc('\n', out);
    }
}
