#include "wire/document.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "config/version.h"
#include "wire/example.h"
#include "wire/schema.h"

/* What an op is, as far as its errors follow from it. */
enum {
    OP_IS_ANY = 1u << 0,
    OP_IS_PRIVATE = 1u << 1, /* needs a session */
    OP_IS_PAIRED = 1u << 2,
    OP_IS_COSTLY = 1u << 3,
    OP_IS_WRITING = 1u << 4,
    OP_IS_KEYED = 1u << 5,
    OP_HAS_BODY = 1u << 6,
    OP_NEEDS_BODY = 1u << 7,
    OP_TAKES_COOKIES = 1u << 8 /* and has effects by them */
};

static const struct {
    int error;
    unsigned of;    /* ops of one of these */
    unsigned edges; /* document_edge */
} common_errors[] = {
    {ERR_INVALID_ARGUMENT, OP_IS_ANY, DOCUMENT_REST | DOCUMENT_WEBSOCKET},
    {ERR_MALFORMED, OP_IS_ANY, DOCUMENT_REST | DOCUMENT_WEBSOCKET},
    {ERR_REQUEST_TIMEOUT, OP_IS_ANY, DOCUMENT_REST},
    {ERR_EXPECTATION_FAILED, OP_IS_ANY, DOCUMENT_REST},
    {ERR_HEADERS_TOO_LARGE, OP_IS_ANY, DOCUMENT_REST},
    {ERR_TOO_LARGE, OP_HAS_BODY, DOCUMENT_REST},
    {ERR_LENGTH_REQUIRED, OP_NEEDS_BODY, DOCUMENT_REST},
    {ERR_UNSUPPORTED_MEDIA_TYPE, OP_HAS_BODY, DOCUMENT_REST},
    {ERR_CROSS_SITE, OP_TAKES_COOKIES, DOCUMENT_REST},
    {ERR_UNAUTHENTICATED, OP_IS_PRIVATE, DOCUMENT_REST | DOCUMENT_WEBSOCKET},
    {ERR_TOKEN_INVALID, OP_IS_PRIVATE, DOCUMENT_REST},
    {ERR_TOKEN_EXPIRED, OP_IS_PRIVATE, DOCUMENT_REST},
    {ERR_SESSION_REVOKED, OP_IS_PRIVATE, DOCUMENT_REST},
    {ERR_NOT_PAIRED, OP_IS_PAIRED, DOCUMENT_REST | DOCUMENT_WEBSOCKET},
    {ERR_REQUEST_ID_IN_USE, OP_IS_ANY, DOCUMENT_WEBSOCKET},
    {ERR_IDEMPOTENCY_CONFLICT, OP_IS_KEYED, DOCUMENT_REST | DOCUMENT_WEBSOCKET},
    {ERR_RATE_LIMITED, OP_IS_COSTLY, DOCUMENT_REST | DOCUMENT_WEBSOCKET},
    {ERR_RATE_LIMITED, OP_IS_PRIVATE, DOCUMENT_REST}, /* after too many bad tokens */
    {ERR_STORAGE_FULL, OP_IS_WRITING, DOCUMENT_REST | DOCUMENT_WEBSOCKET},
    {ERR_BUSY, OP_IS_ANY, DOCUMENT_REST | DOCUMENT_WEBSOCKET},
    {ERR_SHUTTING_DOWN, OP_IS_ANY, DOCUMENT_REST | DOCUMENT_WEBSOCKET},
    {ERR_INTERNAL, OP_IS_ANY, DOCUMENT_REST | DOCUMENT_WEBSOCKET},
};

bool document_needs_field(const struct op *op, const struct field *field)
{
    bool from_cookie =
        op->rest.cookie_field != NULL && strcmp(op->rest.cookie_field, field->name) == 0;
    return field->required == FIELD_REQUIRED && !from_cookie;
}

bool document_needs_body(const struct op *op)
{
    const struct record_type *args = op->command.args;
    for (uint32_t i = 0; i < args->count; i++) {
        if (args->fields[i].place == FIELD_BODY && document_needs_field(op, &args->fields[i])) {
            return true;
        }
    }
    return false;
}

static unsigned traits_of(const struct op *op)
{
    const struct op_rest *rest = &op->rest;
    bool changes = rest->method != NULL && strcmp(rest->method, "GET") != 0;
    bool is_private = op->needs != OP_NEEDS_NOTHING;
    bool cookies = is_private || rest->cookie_field != NULL || rest->tokens == OP_TOKENS_GIVEN;
    unsigned traits = OP_IS_ANY;
    traits |= is_private ? OP_IS_PRIVATE : 0u;
    traits |= op->needs == OP_NEEDS_PAIRED ? OP_IS_PAIRED : 0u;
    traits |= op->rate == OP_RATE_COSTLY ? OP_IS_COSTLY : 0u;
    traits |= op->writes ? OP_IS_WRITING : 0u;
    traits |= op_takes_key(op) ? OP_IS_KEYED : 0u;
    traits |= changes && document_has_place(op, FIELD_BODY) ? OP_HAS_BODY : 0u;
    traits |= changes && document_needs_body(op) ? OP_NEEDS_BODY : 0u;
    traits |= changes && cookies ? OP_TAKES_COOKIES : 0u;
    return traits;
}

void document_add_error_as(struct error_set *set, int error, int status)
{
    set->has[-1 - error] = true;
    set->status[-1 - error] = status;
}

void document_add_error(struct error_set *set, int error)
{
    document_add_error_as(set, error, error_http_status(error));
}

void document_op_errors(const struct op *op, enum document_edge edge, struct error_set *set)
{
    unsigned traits = traits_of(op);
    for (const int *error = op->errors; error != NULL && *error != 0; error++) {
        document_add_error(set, *error);
    }
    for (size_t i = 0; i < sizeof common_errors / sizeof common_errors[0]; i++) {
        if ((common_errors[i].of & traits) != 0 && (common_errors[i].edges & edge) != 0) {
            document_add_error(set, common_errors[i].error);
        }
    }
}

json_t *document_error_example(int error, enum language language)
{
    json_t *out =
        json_pack("{s:s, s:s}", "code", error_name(error), "message", error_text(error, language));
    if (error == ERR_INVALID_ARGUMENT) {
        (void)json_object_set_new(
            out, "details", json_pack("{s:s, s:s}", "field", "limit", "reason", "is too large"));
    }
    if (error == ERR_BUSY || error == ERR_RATE_LIMITED) {
        (void)json_object_set_new(out, "retry_ms", json_integer(1000));
    }
    (void)json_object_set_new(out, "trace_id", json_string("7f3a9c"));
    return out;
}

void document_add_error_schema(json_t *schemas)
{
    static const char text[] =
        "{\"type\":\"object\",\"description\":\"what went wrong\","
        "\"required\":[\"code\",\"message\"],\"properties\":{"
        "\"code\":{\"type\":\"string\",\"pattern\":\"^[A-Z_]+$\","
        "\"description\":\"stable, for programs\"},"
        "\"message\":{\"type\":\"string\",\"description\":\"for people\"},"
        "\"details\":{\"type\":\"object\",\"description\":\"of INVALID_ARGUMENT and MALFORMED\","
        "\"required\":[\"field\",\"reason\"],\"properties\":{"
        "\"field\":{\"type\":\"string\",\"description\":\"a path, such as cursors.0.epoch\"},"
        "\"reason\":{\"type\":\"string\",\"description\":\"for developers, in English\"}}},"
        "\"retry_ms\":{\"type\":\"integer\",\"minimum\":0,"
        "\"description\":\"come back after so many milliseconds\"},"
        "\"trace_id\":{\"type\":\"string\",\"description\":\"as it came with the request\"}}}";
    (void)json_object_set_new(schemas, "error", json_loads(text, 0, NULL));
}

static void add_stream_place(json_t *out, const struct push_type *push)
{
    (void)json_object_set_new(out, "epoch", json_string("AAECAwQFBgcICQoLDA0ODw"));
    (void)json_object_set_new(out, "seq", json_integer(42));
    (void)json_object_set_new(out, "type", json_string(push->type));
    (void)json_object_set_new(out, "at", json_integer(1767225600000));
}

json_t *document_stream_example(const struct push_type *push)
{
    json_t *out = json_object();
    add_stream_place(out, push);
    (void)json_object_set_new(out, "data", example_of_record(push->data));
    return out;
}

json_t *document_stream_schema(const struct push_type *push, json_t *schemas)
{
    static const char text[] =
        "{\"type\":\"object\",\"required\":[\"epoch\",\"seq\",\"type\",\"at\",\"data\"],"
        "\"properties\":{"
        "\"epoch\":{\"type\":\"string\",\"pattern\":\"^[A-Za-z0-9_-]{22}$\","
        "\"description\":\"of the stream; numbers of two epochs cannot be compared\"},"
        "\"seq\":{\"type\":\"integer\",\"minimum\":1,"
        "\"description\":\"place in the stream, without gaps\"},"
        "\"type\":{},"
        "\"at\":{\"type\":\"integer\",\"minimum\":0,"
        "\"description\":\"when it was accepted (milliseconds since 1970, UTC)\"}}}";
    json_t *out = json_loads(text, 0, NULL);
    json_t *properties = json_object_get(out, "properties");
    (void)json_object_set_new(out, "description", json_string(push->doc));
    (void)json_object_set_new(properties, "type",
                              json_pack("{s:s, s:s}", "type", "string", "const", push->type));
    (void)json_object_set_new(properties, "data",
                              schema_of_record(push->data, SCHEMA_FROM_SERVER, schemas));
    return out;
}

json_t *document_info(const char *title, const char *about)
{
    static const char conventions[] =
        "\n\n## Values\n\n"
        "- **id**: 16 bytes, 22 characters base64url without padding.\n"
        "- **integer**: within ±(2^53 − 1), never with a fraction or an exponent.\n"
        "- **instant**: milliseconds since 1970, UTC. **day**: `YYYY-MM-DD`.\n"
        "- **text**: UTF-8 without NUL, stored in NFC; bounds count code points after that.\n"
        "- Unknown fields are ignored. Absent and null mean the same, unless a field says that "
        "null clears it.\n"
        "- Duplicate keys, trailing bytes and values nested more than 16 deep are refused.\n\n"
        "## Errors\n\n"
        "`code` is stable and for programs; `message` is for people, in English or Korean; "
        "`details` names the field of `INVALID_ARGUMENT`; `retry_ms` says when to come back; "
        "`trace_id` is what came with the request.\n";
    size_t size = strlen(about) + sizeof conventions;
    char *text = memory_alloc(size);
    (void)!snprintf(text, size, "%s%s", about, conventions);
    json_t *out =
        json_pack("{s:s, s:s, s:s}", "title", title, "version", DUET_VERSION, "description", text);
    free(text);
    return out;
}

bool document_has_place(const struct op *op, enum field_place place)
{
    for (uint32_t i = 0; i < op->command.args->count; i++) {
        if (op->command.args->fields[i].place == place) {
            return true;
        }
    }
    return false;
}

void document_id(const char *name, char *out, size_t size)
{
    (void)!snprintf(out, size, "%s", name);
    for (; *out != '\0'; out++) {
        *out = *out == '.' ? '_' : *out;
    }
}

json_t *document_summary(const char *doc)
{
    const char *end = strstr(doc, ". ");
    size_t len = end != NULL ? (size_t)(end - doc) : strlen(doc);
    len -= len > 0 && doc[len - 1] == '.';
    return json_stringn(doc, len);
}

void document_tag(const char *name, char *out, size_t size)
{
    size_t len = strcspn(name, ".");
    if (name[len] == '\0') {
        (void)!snprintf(out, size, "connection");
    } else {
        (void)!snprintf(out, size, "%.*s", (int)len, name);
    }
}

void document_add_tag(json_t *tags, const char *name)
{
    char text[256];
    for (size_t i = 0; i < json_array_size(tags); i++) {
        json_t *there = json_object_get(json_array_get(tags, i), "name");
        if (strcmp(json_string_value(there), name) == 0) {
            return;
        }
    }
    (void)!snprintf(text, sizeof text, "What begins with `%s`.", name);
    (void)json_array_append_new(tags, json_pack("{s:s, s:s}", "name", name, "description", text));
}

void document_write(json_t *document, struct buffer *out)
{
    char *text = json_dumps(document, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
    if (text != NULL) {
        buffer_append(out, text, strlen(text));
        buffer_append_u8(out, '\n');
        free(text);
    }
    json_decref(document);
}
