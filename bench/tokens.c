#include "bench/tokens.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/error.h"
#include "bench/report.h"

static int read_id(const json_t *line, const char *name, struct id *out)
{
    const json_t *value = json_object_get(line, name);
    return json_is_string(value)
               ? id_from_text(json_string_value(value), json_string_length(value), out)
               : ERR_MALFORMED;
}

static int read_token(const char *text, struct token *out)
{
    json_t *line = json_loads(text, 0, NULL);
    const char *access_token = json_string_value(json_object_get(line, "access_token"));
    const char *refresh_token = json_string_value(json_object_get(line, "refresh_token"));
    const char *email = json_string_value(json_object_get(line, "email"));
    int error = ERR_MALFORMED;
    if (access_token != NULL && refresh_token != NULL && email != NULL &&
        read_id(line, "couple", &out->couple) == 0 && read_id(line, "device", &out->device) == 0) {
        out->access_token = text_copy(access_token);
        out->refresh_token = text_copy(refresh_token);
        out->email = text_copy(email);
        error = 0;
    }
    json_decref(line);
    return error;
}

void tokens_fini(struct tokens *tokens)
{
    for (size_t i = 0; i < tokens->count; i++) {
        free(tokens->items[i].access_token);
        free(tokens->items[i].refresh_token);
        free(tokens->items[i].email);
    }
    free(tokens->items);
    *tokens = (struct tokens){0};
}

static bool partners(const struct tokens *tokens)
{
    for (size_t i = 0; i + 1 < tokens->count; i += 2) {
        if (!id_equal(tokens->items[i].couple, tokens->items[i + 1].couple)) {
            return false;
        }
    }
    return true;
}

int tokens_read(const char *path, size_t wanted, struct tokens *out)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        complain("%s: %s", path, strerror(errno));
        return ERR_IO;
    }
    struct tokens tokens = {.items = memory_alloc(wanted * sizeof *tokens.items)};
    char *line = NULL;
    size_t size = 0;
    while (tokens.count < wanted && getline(&line, &size, file) > 0 &&
           read_token(line, &tokens.items[tokens.count]) == 0) {
        tokens.count++;
    }
    free(line);
    fclose(file);
    if (tokens.count < wanted || !partners(&tokens)) {
        complain("%s: %zu users wanted, line %zu is missing or not as written "
                 "by duetctl seed",
                 path, wanted, tokens.count + 1);
        tokens_fini(&tokens);
        return ERR_MALFORMED;
    }
    *out = tokens;
    return 0;
}
