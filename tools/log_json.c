#include "tools/log_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "actors/registry.h"
#include "runtime/entries.h"
#include "wire/codec.h"

static const char *const entry_names[] = {
    [ENTRY_EVENT] = "event",     [ENTRY_SEND] = "send",           [ENTRY_OUTCOME] = "outcome",
    [ENTRY_RECEIPT] = "receipt", [ENTRY_TIMER_SET] = "timer set", [ENTRY_TIMER_CLEAR] = "timer",
    [ENTRY_ANSWER] = "answer",   [ENTRY_BIRTH] = "birth",
};
_Static_assert(sizeof entry_names / sizeof entry_names[0] == ENTRY_TYPE_END, "a name per entry");

/* Members that are masked wherever they stand. */
static const char *const secrets[] = {"hash",         "previous",      "current",
                                      "access_token", "refresh_token", "password"};

static const struct kind *find_kind(uint8_t code)
{
    for (size_t i = 0; i < actor_kind_count; i++) {
        if (actor_kinds[i]->code == code) {
            return actor_kinds[i];
        }
    }
    return NULL;
}

const char *log_kind_name(uint8_t kind)
{
    const struct kind *found = find_kind(kind);
    return found != NULL ? found->name : NULL;
}

uint8_t log_kind_from_text(const char *text)
{
    for (size_t i = 0; i < actor_kind_count; i++) {
        if (strcmp(actor_kinds[i]->name, text) == 0) {
            return actor_kinds[i]->code;
        }
    }
    long number = strtol(text, NULL, 10);
    return number > 0 && number < 256 ? (uint8_t)number : 0;
}

static const struct command_type *find_command(uint8_t kind_code, int64_t code)
{
    const struct kind *kind = find_kind(kind_code);
    if (kind == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < kind->op_count; i++) {
        if (kind->ops[i]->command.code == code) {
            return &kind->ops[i]->command;
        }
    }
    for (uint32_t i = 0; i < kind->command_count; i++) {
        if (kind->commands[i].code == code) {
            return &kind->commands[i];
        }
    }
    return NULL;
}

static void mask(json_t *body)
{
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        if (json_object_get(body, secrets[i]) != NULL) {
            json_object_set_new(body, secrets[i], json_string("***"));
        }
    }
}

/** The record as an object, and in `*value` its struct, in `arena`. */
static json_t *decode(const struct record_type *type, struct bytes body, struct arena *arena,
                      void **value)
{
    struct field_fault fault;
    void *decoded = arena_alloc(arena, type->size);
    if (record_decode(type, RECORD_AS_ARRAY, body, arena, decoded, &fault) != 0) {
        return json_pack("{s:I}", "undecodable", (json_int_t)body.len);
    }
    json_t *object = record_encode_json(type, decoded);
    mask(object);
    if (value != NULL) {
        *value = decoded;
    }
    return object;
}

/** Names the kind and the command of a send, and decodes its args. */
static void explain_send(json_t *body, const struct entry_send *send, struct arena *arena)
{
    const struct command_type *command = find_command((uint8_t)send->to_kind, send->code);
    const char *kind = log_kind_name((uint8_t)send->to_kind);
    if (kind != NULL) {
        json_object_set_new(body, "to_kind", json_string(kind));
    }
    if (command != NULL) {
        json_object_set_new(body, "code", json_string(command->name));
        json_object_set_new(body, "args", decode(command->args, send->args, arena, NULL));
    }
}

/** Runs of bytes that no declaration explains here may hold secrets: only their size is told. */
static void hide_bytes(json_t *body, const char *name)
{
    const json_t *value = json_object_get(body, name);
    if (json_is_string(value)) {
        char text[32];
        snprintf(text, sizeof text, "%zu bytes", json_string_length(value) * 3 / 4);
        json_object_set_new(body, name, json_string(text));
    }
}

static void name_kind(json_t *body, const char *name)
{
    const char *kind = log_kind_name((uint8_t)json_integer_value(json_object_get(body, name)));
    if (kind != NULL) {
        json_object_set_new(body, name, json_string(kind));
    }
}

static json_t *entry_json(const struct kind *kind, const struct entry *entry, struct arena *arena)
{
    json_t *object = json_pack("{s:s}", "entry", entry_names[entry->type]);
    const struct event_type *event =
        entry->type == ENTRY_EVENT && kind != NULL ? entry_event(kind, entry) : NULL;
    const struct record_type *type = event != NULL ? event->body : entry_record(entry->type);
    json_object_set_new(object, "name",
                        json_string(event != NULL ? event->name : entry_names[entry->type]));
    if (entry->type == ENTRY_EVENT) {
        json_object_set_new(object, "tag", json_integer(entry->tag));
        json_object_set_new(object, "version", json_integer(entry->version));
    }
    void *value = NULL;
    json_t *body = type != NULL ? decode(type, entry->body, arena, &value)
                                : json_pack("{s:I}", "undecodable", (json_int_t)entry->body.len);
    if (entry->type == ENTRY_SEND && value != NULL) {
        explain_send(body, value, arena);
    }
    if (entry->type != ENTRY_EVENT) {
        name_kind(body, "to_kind");
        name_kind(body, "from_kind");
        hide_bytes(body, "result");
        hide_bytes(body, "args");
    }
    json_object_set_new(object, "body", body);
    return object;
}

static json_t *entries_json(const struct kind *kind, struct bytes rest)
{
    struct arena arena = {0};
    json_t *entries = json_array();
    struct entry entry;
    int error;
    while ((error = entry_next(&rest, &entry)) == 0) {
        json_array_append_new(entries, entry_json(kind, &entry, &arena));
    }
    if (rest.len > 0) {
        json_array_append_new(entries, json_pack("{s:I}", "undecodable", (json_int_t)rest.len));
    }
    arena_fini(&arena);
    return entries;
}

json_t *log_record_json(const struct log_record *record)
{
    const struct kind *kind = find_kind(record->address.kind);
    char id[ID_TEXT_CHARS + 1];
    id_to_text(record->address.id, id);
    json_t *object = json_pack("{s:I, s:I}", "lsn", (json_int_t)record->lsn.v, "at_ms",
                               (json_int_t)record->at_ms);
    json_object_set_new(object, "kind",
                        kind != NULL ? json_string(kind->name)
                                     : json_integer(record->address.kind));
    json_object_set_new(object, "id", json_string(id));
    if (record->key_id != 0) {
        json_object_set_new(object, "sealed_under", json_integer(record->key_id));
    } else {
        json_object_set_new(object, "entries", entries_json(kind, record->payload));
    }
    return object;
}
