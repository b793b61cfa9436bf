#include "tests/integration/declared_ops/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "base/error.h"
#include "wire/codec.h"
#include "wire/document.h"
#include "wire/frame.h"

#define COMPLAINTS_SHOWN 40

const char *const way_names[WAY_COUNT] = {
    [WAY_JSON] = "JSON", [WAY_MSGPACK] = "MessagePack", [WAY_REST] = "REST"};

bool way_leads_to(enum way way, const struct op *op)
{
    return way != WAY_REST || op->rest.method != NULL;
}

enum way way_next(const struct op *op, enum way way)
{
    do {
        way++;
    } while (way < WAY_COUNT && !way_leads_to(way, op));
    return way;
}

/* --- complaints --- */

static char attempt[512];
static unsigned complaints;

void trying(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)!vsnprintf(attempt, sizeof attempt, format, list);
    va_end(list);
}

void complain(const char *format, ...)
{
    va_list list;
    if (complaints++ >= COMPLAINTS_SHOWN) {
        return;
    }
    fprintf(stderr, "%s: ", attempt);
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
}

void no_complaints(void)
{
    unsigned count = complaints;
    complaints = 0;
    if (count != 0) {
        fail_msg("%u complaints, the last while trying %s", count, attempt);
    }
}

void answer_fini(struct answer *answer)
{
    json_decref(answer->result);
    answer->result = NULL;
}

const char *answer_text(const struct answer *answer)
{
    static char text[512];
    if (answer->ended) {
        (void)!snprintf(text, sizeof text, "the connection ended with %d", answer->close_code);
    } else if (answer->error != 0) {
        (void)!snprintf(text, sizeof text, "%s %s %s", error_name(answer->error), answer->field,
                        answer->reason);
    } else {
        char *result = json_dumps(answer->result, JSON_COMPACT | JSON_ENCODE_ANY);
        (void)!snprintf(text, sizeof text, "%s", result != NULL ? result : "no result");
        free(result);
    }
    return text;
}

/* --- encoding --- */

static void pack_json(struct buffer *out, const struct record_type *type, const json_t *value);

static bool pack_base64(struct buffer *out, const json_t *value)
{
    uint8_t bin[1024];
    size_t len = 0;
    if (json_string_length(value) > sizeof bin ||
        sodium_base642bin(bin, sizeof bin, json_string_value(value), json_string_length(value),
                          NULL, &len, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
        return false;
    }
    pack_bin(out, bytes_of(bin, len));
    return true;
}

static void pack_object(struct buffer *out, const struct record_type *type, const json_t *object)
{
    const char *name;
    json_t *value;
    pack_map(out, (uint32_t)json_object_size(object));
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const struct field *field = NULL;
        for (uint32_t i = 0; type != NULL && i < type->count; i++) {
            field = strcmp(type->fields[i].name, name) == 0 ? &type->fields[i] : field;
        }
        bool is_bin = field != NULL && (field->kind == FIELD_ID || field->kind == FIELD_BYTES);
        bool has_inner =
            field != NULL && (field->kind == FIELD_RECORD || field->kind == FIELD_LIST);
        pack_text(out, text_of(name));
        if (!is_bin || !json_is_string(value) || !pack_base64(out, value)) {
            pack_json(out, has_inner ? field->sub : NULL, value);
        }
    }
}

/** `type`: of the record, or of the items of a list; NULL where the table says nothing. */
static void pack_json(struct buffer *out, const struct record_type *type, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        pack_object(out, type, value);
        break;
    case JSON_ARRAY:
        pack_array(out, (uint32_t)json_array_size(value));
        for (size_t i = 0; i < json_array_size(value); i++) {
            pack_json(out, type, json_array_get(value, i));
        }
        break;
    case JSON_STRING:
        pack_text(out, bytes_of(json_string_value(value), json_string_length(value)));
        break;
    case JSON_INTEGER:
        pack_int(out, json_integer_value(value));
        break;
    case JSON_REAL:
        pack_float(out, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        pack_bool(out, json_is_true(value));
        break;
    case JSON_NULL:
        pack_nil(out);
        break;
    }
}

static json_t *meta_of(const struct request *request)
{
    return json_pack("{s:s*, s:s*, s:s*}", "key", request->key, "lang", request->lang, "trace",
                     request->trace);
}

static void encode_json(uint32_t id, const struct request *request, struct buffer *out)
{
    json_t *frame = json_pack("[[i, I, s, O, o]]", RPC_REQUEST, (json_int_t)id,
                              request->op->command.name, request->args, meta_of(request));
    char *text = json_dumps(frame, JSON_COMPACT);
    assert_non_null(text);
    buffer_append(out, text, strlen(text));
    free(text);
    json_decref(frame);
}

static void encode_msgpack(uint32_t id, const struct request *request, struct buffer *out)
{
    json_t *meta = meta_of(request);
    pack_array(out, 5);
    pack_int(out, RPC_REQUEST);
    pack_int(out, id);
    pack_text(out, text_of(request->op->command.name));
    pack_json(out, request->op->command.args, request->args);
    pack_json(out, NULL, meta);
    json_decref(meta);
}

void bytes_replace(struct buffer *text, struct bytes mark, struct bytes instead)
{
    struct buffer out = {0};
    size_t at = text->len - mark.len;
    while (at > 0 && memcmp(text->data + at, mark.data, mark.len) != 0) {
        at--;
    }
    assert_true(at > 0);
    buffer_append(&out, text->data, at);
    buffer_append(&out, instead.data, instead.len);
    buffer_append(&out, text->data + at + mark.len, text->len - at - mark.len);
    buffer_fini(text);
    *text = out;
}

void request_encode(enum way way, uint32_t id, const struct request *request, struct buffer *out)
{
    if (way == WAY_JSON) {
        encode_json(id, request, out);
    } else {
        encode_msgpack(id, request, out);
    }
    if (request->mark.len != 0) {
        bytes_replace(out, request->mark, request->instead);
    }
}

/* --- judging --- */

/** As the documents say it; and what went wrong inside of the server is never right here. */
static bool is_declared(enum way way, const struct op *op, int error)
{
    struct error_set set = {0};
    document_op_errors(op, way == WAY_REST ? DOCUMENT_REST : DOCUMENT_WEBSOCKET, &set);
    return error != ERR_INTERNAL && set.has[-1 - error];
}

/** Complains of fields that the record does not have. */
static void judge_names(const struct record_type *type, const json_t *object, const char *path)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        const struct field *field = NULL;
        char below[192];
        (void)!snprintf(below, sizeof below, "%s.%s", path, name);
        for (uint32_t i = 0; i < type->count; i++) {
            field = strcmp(type->fields[i].name, name) == 0 ? &type->fields[i] : field;
        }
        if (field == NULL) {
            complain("%s is not declared", below);
        } else if (field->kind == FIELD_RECORD) {
            judge_names(field->sub, value, below);
        } else if (field->kind == FIELD_LIST) {
            for (size_t i = 0; i < json_array_size(value); i++) {
                judge_names(field->sub, json_array_get(value, i), below);
            }
        }
    }
}

static void judge_result(const struct op *op, const struct answer *answer, struct bytes pack)
{
    const struct record_type *type = op->command.result;
    struct arena arena = {0};
    struct field_fault fault = {0};
    void *record = memory_alloc(type->size);
    if (!json_is_object(answer->result)) {
        complain("the result is no object: %s", answer_text(answer));
    } else {
        judge_names(type, answer->result, "result");
        if (record_decode_json(type, answer->result, &arena, record, &fault) != 0 ||
            (pack.len != 0 &&
             record_decode(type, RECORD_AS_MAP, pack, &arena, record, &fault) != 0)) {
            complain("result.%s %s: %s", fault.field, fault.reason, answer_text(answer));
        }
    }
    free(record);
    arena_fini(&arena);
}

void answer_judge(enum way way, const struct op *op, const struct answer *answer, struct bytes pack)
{
    if (answer->ended) {
        return;
    }
    if (answer->error == 0) {
        judge_result(op, answer, pack);
        return;
    }
    if (!is_declared(way, op, answer->error)) {
        complain("%s is no declared error of %s", error_name(answer->error), op->command.name);
    }
    if (answer->message[0] == 0) {
        complain("%s without a message", error_name(answer->error));
    }
    if (answer->error == ERR_INVALID_ARGUMENT &&
        (answer->field[0] == 0 || answer->reason[0] == 0)) {
        complain("INVALID_ARGUMENT without details: '%s' '%s'", answer->field, answer->reason);
    }
    bool may_retry = answer->error == ERR_BUSY || answer->error == ERR_RATE_LIMITED;
    if (may_retry != (answer->retry_ms > 0)) {
        complain("%s with retry_ms %lld", error_name(answer->error), (long long)answer->retry_ms);
    }
}
