#include "tools/chat_state.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <sodium.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/error.h"

/* --- the path --- */

__attribute__((format(printf, 1, 2))) static char *text_format(const char *format, ...)
{
    char *text = NULL;
    va_list list;
    va_start(list, format);
    CHECK_ALWAYS(vasprintf(&text, format, list) >= 0);
    va_end(list);
    return text;
}

/** Makes every directory of the path, as XDG asks for with mode 0700. */
static int make_directories(char *path)
{
    for (char *at = path + 1;; at++) {
        if (*at != '/' && *at != 0) {
            continue;
        }
        char end = *at;
        *at = 0;
        int failed = mkdir(path, 0700) != 0 && errno != EEXIST;
        *at = end;
        if (failed) {
            return error_from_errno(errno);
        }
        if (end == 0) {
            return 0;
        }
    }
}

static char *state_directory(void)
{
    const char *base = getenv("XDG_STATE_HOME");
    if (base != NULL && base[0] == '/') {
        return text_format("%s/duet", base);
    }
    const char *home = getenv("HOME");
    return text_format("%s/.local/state/duet", home != NULL ? home : "/tmp");
}

static char *state_path(const char *directory, const char *server, const char *email)
{
    char *name = text_format("%s-%s", server, email);
    for (char *at = name; *at != 0; at++) {
        if (!isalnum((unsigned char)*at) && strchr("@.-_+", *at) == NULL) {
            *at = '_';
        }
    }
    char *path = text_format("%s/%s.json", directory, name);
    free(name);
    return path;
}

static int lock_state(struct chat_state *state)
{
    char *path = text_format("%s.lock", state->path);
    state->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    free(path);
    if (state->lock < 0) {
        return error_from_errno(errno);
    }
    return flock(state->lock, LOCK_EX | LOCK_NB) == 0 ? 0 : ERR_LOCKED;
}

/* --- reading --- */

static bool read_id(const json_t *object, const char *name, struct id *out)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) &&
           id_from_text(json_string_value(value), json_string_length(value), out) == 0;
}

static int64_t read_int(const json_t *object, const char *name)
{
    return (int64_t)json_integer_value(json_object_get(object, name));
}

static void read_stream(const json_t *object, const char *name, struct stream_place *out)
{
    const json_t *stream = json_object_get(object, name);
    struct id epoch;
    if (read_id(stream, "epoch", &epoch)) {
        stream_place_set(out, epoch, read_int(stream, "after"));
    }
}

static struct chat_unsent *append(struct chat_state *state, int64_t no, const char *text)
{
    size_t size = (state->unsent_count + 1) * sizeof state->unsent[0];
    state->unsent = memory_resize(state->unsent, size);
    struct chat_unsent *unsent = &state->unsent[state->unsent_count++];
    *unsent = (struct chat_unsent){.no = no, .text = text_copy(text)};
    return unsent;
}

static void read_members(struct chat_state *state, const json_t *object)
{
    read_id(object, "user", &state->user);
    read_id(object, "couple", &state->couple);
    const char *access = json_string_value(json_object_get(object, "access_token"));
    const char *refresh = json_string_value(json_object_get(object, "refresh_token"));
    if (access != NULL && refresh != NULL) {
        chat_state_set_tokens(state, access, read_int(object, "access_expires_at"), refresh);
    }
    state->next_no = read_int(object, "next_no");
    state->last_msg = read_int(object, "last_msg");
    read_stream(object, "user_stream", &state->user_stream);
    read_stream(object, "couple_stream", &state->couple_stream);
    size_t index;
    const json_t *row;
    json_array_foreach(json_object_get(object, "unsent"), index, row)
    {
        const char *text = json_string_value(json_object_get(row, "text"));
        if (text != NULL) {
            append(state, read_int(row, "no"), text)->tried = true;
        }
    }
}

static int read_state(struct chat_state *state)
{
    FILE *file = fopen(state->path, "re");
    if (file == NULL) {
        if (errno != ENOENT) {
            return error_from_errno(errno);
        }
        randombytes_buf(&state->device, sizeof state->device);
        return 0;
    }
    json_error_t error;
    json_t *object = json_loadf(file, 0, &error);
    fclose(file);
    int result = read_id(object, "device", &state->device) ? 0 : ERR_CORRUPT;
    if (result == 0) {
        read_members(state, object);
    }
    json_decref(object);
    return result;
}

int chat_state_open(const char *server, const char *email, struct chat_state **out)
{
    struct chat_state *state = memory_alloc(sizeof *state);
    state->lock = -1;
    char *directory = state_directory();
    int error = make_directories(directory);
    state->path = state_path(directory, server, email);
    free(directory);
    if (error == 0) {
        error = lock_state(state);
    }
    if (error == 0) {
        error = read_state(state);
    }
    if (state->next_no < 1) {
        state->next_no = 1;
    }
    if (error != 0) {
        chat_state_close(state);
        return error;
    }
    *out = state;
    return 0;
}

/* --- writing --- */

static json_t *write_id(struct id id)
{
    char text[ID_TEXT_CHARS + 1];
    id_to_text(id, text);
    return json_string(text);
}

static json_t *write_stream(const struct stream_place *place)
{
    return place->known ? json_pack("{s:o, s:I}", "epoch", write_id(place->epoch), "after",
                                    (json_int_t)place->after)
                        : json_null();
}

static json_t *write_state(const struct chat_state *state)
{
    json_t *unsent = json_array();
    for (size_t i = 0; i < state->unsent_count; i++) {
        json_array_append_new(unsent, json_pack("{s:I, s:s}", "no", (json_int_t)state->unsent[i].no,
                                                "text", state->unsent[i].text));
    }
    return json_pack("{s:o, s:o, s:o, s:s?, s:s?, s:I, s:I, s:I, s:o, s:o, s:o}", "device",
                     write_id(state->device), "user", write_id(state->user), "couple",
                     write_id(state->couple), "access_token", state->access_token, "refresh_token",
                     state->refresh_token, "access_expires_at",
                     (json_int_t)state->access_expires_at, "next_no", (json_int_t)state->next_no,
                     "last_msg", (json_int_t)state->last_msg, "user_stream",
                     write_stream(&state->user_stream), "couple_stream",
                     write_stream(&state->couple_stream), "unsent", unsent);
}

static int write_file(const char *path, const json_t *object)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return error_from_errno(errno);
    }
    int failed = json_dumpfd(object, fd, JSON_INDENT(2)) != 0 || fsync(fd) != 0;
    failed |= close(fd) != 0;
    return failed ? ERR_IO : 0;
}

int chat_state_save(const struct chat_state *state)
{
    json_t *object = write_state(state);
    if (object == NULL) {
        return ERR_NO_MEMORY;
    }
    char *aside = text_format("%s.new", state->path);
    int error = write_file(aside, object);
    if (error == 0 && rename(aside, state->path) != 0) {
        error = error_from_errno(errno);
    }
    free(aside);
    json_decref(object);
    return error;
}

static void forget(char **secret)
{
    if (*secret != NULL) {
        sodium_memzero(*secret, strlen(*secret));
        free(*secret);
        *secret = NULL;
    }
}

void chat_state_close(struct chat_state *state)
{
    if (state == NULL) {
        return;
    }
    forget(&state->access_token);
    forget(&state->refresh_token);
    for (size_t i = 0; i < state->unsent_count; i++) {
        free(state->unsent[i].text);
    }
    free(state->unsent);
    if (state->lock >= 0) {
        close(state->lock);
    }
    free(state->path);
    free(state);
}

void chat_state_set_tokens(struct chat_state *state, const char *access, int64_t access_expires_at,
                           const char *refresh)
{
    forget(&state->access_token);
    forget(&state->refresh_token);
    state->access_expires_at = access_expires_at;
    if (access != NULL) {
        state->access_token = text_copy(access);
        state->refresh_token = text_copy(refresh);
    }
}

struct chat_unsent *chat_state_add(struct chat_state *state, const char *text)
{
    return append(state, state->next_no++, text);
}

struct chat_unsent *chat_state_find(struct chat_state *state, int64_t no)
{
    for (size_t i = 0; i < state->unsent_count; i++) {
        if (state->unsent[i].no == no) {
            return &state->unsent[i];
        }
    }
    return NULL;
}

void chat_state_remove(struct chat_state *state, int64_t no)
{
    struct chat_unsent *unsent = chat_state_find(state, no);
    if (unsent != NULL) {
        free(unsent->text);
        size_t at = (size_t)(unsent - state->unsent);
        state->unsent_count--;
        memmove(unsent, unsent + 1, (state->unsent_count - at) * sizeof *unsent);
    }
}
