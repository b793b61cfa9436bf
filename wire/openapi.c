#include "wire/openapi.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/document.h"
#include "wire/example.h"
#include "wire/openapi_routes.h"
#include "wire/schema.h"

#define PREFIX "/api/v1"
#define JSON "application/json"
#define STATUS_END 600

/** The document's parts while it is made; borrowed from its root. */
struct openapi {
    const struct registry *registry;
    const struct push_table *pushes;
    size_t push_count;
    json_t *tags, *paths, *components, *schemas, *responses, *examples;
    json_t *shared; /* shared_parts; owned */
};

static const char about[] =
    "The REST edge of duet. It is made from the declarations that the server runs on: every "
    "operation here is one of the WebSocket edge too (`/asyncapi.json`), with the same fields, "
    "bounds and errors.\n\n"
    "## Requests and answers\n\n"
    "Paths are under `/api/v1`, and the same under `/api`. A body is JSON. An answer is "
    "`{\"status\":\"ok\",\"data\":…}` or `{\"status\":\"error\",\"error\":{…}}`; the status of "
    "HTTP says the same. `HEAD` answers as `GET` without the body, `OPTIONS` with what is "
    "allowed.\n\n"
    "- `X-Request-ID` comes back with the answer, and in errors as `trace_id`.\n"
    "- `Accept-Language: ko` gives errors in Korean.\n"
    "- **Reads** carry an `ETag`; `If-None-Match` with it is answered `304`.\n"
    "- **Writes** that take an `Idempotency-Key` have their answer kept with the effect for at "
    "least 24 hours, over a crash too: the same key with the same content gives the same answer, "
    "with other content `IDEMPOTENCY_CONFLICT`. An error consumes nothing.\n"
    "- `Retry-After` says in seconds when to come back; `retry_ms` of the error more exactly.\n"
    "- **Lists** that come in parts say in `Link: <…>; rel=\"next\"` where the next part is.\n\n"
    "## Signing in\n\n"
    "`Authorization: Bearer …` with the access token of `auth.login`, or, for browsers, cookies "
    "that scripts cannot read: sign in with `X-Duet-Session: cookie`. What changes something by "
    "cookie is taken from pages of this host and of the allowed origins only (`CROSS_SITE`). "
    "Origins are allowed one by one; the others' pages cannot read answers.";

/* Parts that operations refer to; the document gets those that are used. */
static const char shared_parts[] =
    "{\"securitySchemes\":{"
    "\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\","
    "\"description\":\"access token of auth.signup, auth.login or auth.refresh (EdDSA; keys at "
    "/.well-known/jwks.json)\"},"
    "\"cookie\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"__Host-duet_access\","
    "\"description\":\"for browsers: the same token, Secure, HttpOnly, SameSite=Strict\"}},"
    "\"parameters\":{"
    "\"request_id\":{\"name\":\"X-Request-ID\",\"in\":\"header\","
    "\"description\":\"names the request in answers and logs: 1 to 64 of A-Z a-z 0-9 - _ . : / + "
    "=; another is replaced\","
    "\"schema\":{\"type\":\"string\"},\"example\":\"7f3a9c\"},"
    "\"language\":{\"name\":\"Accept-Language\",\"in\":\"header\","
    "\"description\":\"of error messages: en or ko\",\"schema\":{\"type\":\"string\"},"
    "\"example\":\"ko\"},"
    "\"if_none_match\":{\"name\":\"If-None-Match\",\"in\":\"header\","
    "\"description\":\"ETag of what is there already\",\"schema\":{\"type\":\"string\"},"
    "\"example\":\"\\\"2f1c\\\"\"},"
    "\"idempotency_key\":{\"name\":\"Idempotency-Key\",\"in\":\"header\","
    "\"description\":\"chosen by the client; visible ASCII; the same again has no second effect\","
    "\"schema\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":64,\"pattern\":\"^[!-~]+$\"},"
    "\"example\":\"k-1\"},"
    "\"by_cookie\":{\"name\":\"X-Duet-Session\",\"in\":\"header\","
    "\"description\":\"cookie: the tokens become cookies; the answer has the text cookie in their "
    "places\","
    "\"schema\":{\"type\":\"string\"},\"example\":\"cookie\"}},"
    "\"headers\":{"
    "\"set_cookie\":{\"description\":\"of sessions by cookie: __Host-duet_access and "
    "__Host-duet_refresh, set or ended\",\"schema\":{\"type\":\"string\"},"
    "\"example\":\"__Host-duet_access=eyJ; Path=/; Max-Age=1800; HttpOnly; Secure; "
    "SameSite=Strict\"},"
    "\"challenge\":{\"description\":\"how to say who asks\","
    "\"schema\":{\"type\":\"string\"},\"example\":\"Bearer realm=\\\"duet\\\"\"},"
    "\"request_id\":{\"description\":\"as it came, or made here\","
    "\"schema\":{\"type\":\"string\"},\"example\":\"7f3a9c\"},"
    "\"etag\":{\"description\":\"of this answer, for If-None-Match\","
    "\"schema\":{\"type\":\"string\"},\"example\":\"\\\"2f1c\\\"\"},"
    "\"link\":{\"description\":\"where the next part of the list is\","
    "\"schema\":{\"type\":\"string\"},"
    "\"example\":\"</api/v1/user/notifications?cursor=AAAB>; rel=\\\"next\\\"\"},"
    "\"retry_after\":{\"description\":\"seconds\",\"schema\":{\"type\":\"integer\"},"
    "\"example\":1}}}";

/** A reference to a shared part, which becomes a component. */
static json_t *shared_ref(struct openapi *openapi, const char *section, const char *name)
{
    json_t *part = json_object_get(json_object_get(openapi->shared, section), name);
    json_t *there = json_object_get(openapi->components, section);
    if (there == NULL) {
        there = json_object();
        (void)json_object_set_new(openapi->components, section, there);
    }
    (void)json_object_set(there, name, part);
    return schema_ref(section, name);
}

/* --- answers --- */

/** Headers of an answer by their names here, ended by NULL; X-Request-ID is in all. */
static json_t *reply_headers(struct openapi *openapi, const char *const *names)
{
    static const struct {
        const char *name, *text;
    } known[] = {{"etag", "ETag"},
                 {"link", "Link"},
                 {"set_cookie", "Set-Cookie"},
                 {"retry_after", "Retry-After"},
                 {"challenge", "WWW-Authenticate"}};
    json_t *headers =
        json_pack("{s:o}", "X-Request-ID", shared_ref(openapi, "headers", "request_id"));
    for (; *names != NULL; names++) {
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            if (strcmp(known[i].name, *names) == 0) {
                (void)json_object_set_new(headers, known[i].text,
                                          shared_ref(openapi, "headers", *names));
            }
        }
    }
    return headers;
}

static json_t *error_headers(struct openapi *openapi, int status)
{
    const char *name = status == 401                    ? "challenge"
                       : status == 429 || status == 503 ? "retry_after"
                                                        : NULL;
    return reply_headers(openapi, (const char *const[]){name, NULL});
}

static json_t *success_headers(struct openapi *openapi, const struct op *op)
{
    const char *names[4] = {NULL};
    size_t count = 0;
    if (op_is_tagged(op)) {
        names[count++] = "etag";
    }
    if (op->rest.paging != OP_PAGING_NONE) {
        names[count++] = "link";
    }
    if (op->rest.tokens != OP_TOKENS_NONE) {
        names[count++] = "set_cookie";
    }
    return reply_headers(openapi, names);
}

/** Adds the error's example in both languages as components, and their references. */
static void add_error_examples(struct openapi *openapi, int error, json_t *examples)
{
    static const char *const languages[] = {[LANGUAGE_EN] = "", [LANGUAGE_KO] = ".ko"};
    for (int language = LANGUAGE_EN; language <= LANGUAGE_KO; language++) {
        char name[96];
        (void)!snprintf(name, sizeof name, "%s%s", error_name(error), languages[language]);
        json_t *value = json_pack("{s:s, s:o}", "status", "error", "error",
                                  document_error_example(error, (enum language)language));
        (void)json_object_set_new(openapi->examples, name,
                                  json_pack("{s:s, s:o}", "summary",
                                            error_text(error, (enum language)language), "value",
                                            value));
        (void)json_object_set_new(examples, name, schema_ref("examples", name));
    }
}

/** The envelope of `name`, "data" or "error". */
static json_t *envelope_schema(const char *status, const char *name, json_t *schema)
{
    return json_pack("{s:s, s:[s, s], s:{s:{s:s, s:s}, s:o}}", "type", "object", "required",
                     "status", name, "properties", "status", "type", "string", "const", status,
                     name, schema);
}

/** An error with one of these codes, in its envelope. */
static json_t *error_schema(json_t *codes)
{
    return envelope_schema("error", "error",
                           json_pack("{s:[o, {s:{s:{s:o}}}]}", "allOf",
                                     schema_ref("schemas", "error"), "properties", "code", "enum",
                                     codes));
}

/** The component for the errors of the set that have this status; "" in `name`: there are none. */
static void add_error_response(struct openapi *openapi, const struct error_set *set, int status,
                               char *name, size_t size)
{
    struct buffer text = {0}, joined = {0};
    json_t *codes = json_array(), *examples = json_object();
    for (int i = 0; i < DUET_ERROR_COUNT; i++) {
        int error = -1 - i;
        if (!set->has[i] || set->status[i] != status) {
            continue;
        }
        const char *code = error_name(error), *doc = error_text(error, LANGUAGE_EN);
        (void)json_array_append_new(codes, json_string(code));
        add_error_examples(openapi, error, examples);
        buffer_append(&joined, joined.len > 0 ? "." : "", joined.len > 0 ? 1 : 0);
        buffer_append(&joined, code, strlen(code));
        buffer_append(&text, text.len > 0 ? "\n" : "", text.len > 0 ? 1 : 0);
        buffer_append(&text, "- `", 3);
        buffer_append(&text, code, strlen(code));
        buffer_append(&text, "`: ", 3);
        buffer_append(&text, doc, strlen(doc));
    }
    (void)!snprintf(name, size, "%.*s", (int)joined.len, (const char *)joined.data);
    if (joined.len > 0) {
        json_t *content =
            json_pack("{s:{s:o, s:o}}", JSON, "schema", error_schema(codes), "examples", examples);
        (void)json_object_set_new(openapi->responses, name,
                                  json_pack("{s:s%, s:o, s:o}", "description", text.data, text.len,
                                            "headers", error_headers(openapi, status), "content",
                                            content));
    } else {
        json_decref(codes);
        json_decref(examples);
    }
    buffer_fini(&text);
    buffer_fini(&joined);
}

static void add_error_responses(struct openapi *openapi, const struct error_set *set,
                                json_t *responses)
{
    for (int status = 400; status < STATUS_END; status++) {
        char key[16], name[1024];
        add_error_response(openapi, set, status, name, sizeof name);
        if (name[0] != '\0') {
            (void)!snprintf(key, sizeof key, "%d", status);
            (void)json_object_set_new(responses, key, schema_ref("responses", name));
        }
    }
}

static json_t *success(struct openapi *openapi, const struct op *op)
{
    json_t *out = json_pack("{s:s, s:o}", "description", op->command.result->doc, "headers",
                            success_headers(openapi, op));
    if (op->rest.status == 204) {
        return out;
    }
    json_t *schema = envelope_schema(
        "ok", "data", schema_of_record(op->command.result, SCHEMA_FROM_SERVER, openapi->schemas));
    json_t *example =
        json_pack("{s:s, s:o}", "status", "ok", "data", example_of_record(op->command.result));
    (void)json_object_set_new(
        out, "content", json_pack("{s:{s:o, s:o}}", JSON, "schema", schema, "example", example));
    return out;
}

static json_t *responses_of(struct openapi *openapi, const struct op *op)
{
    struct error_set errors = {0};
    char status[16];
    json_t *responses = json_object();
    (void)!snprintf(status, sizeof status, "%d", op->rest.status);
    (void)json_object_set_new(responses, status, success(openapi, op));
    if (op_is_tagged(op)) {
        (void)json_object_set_new(responses, "304", schema_ref("responses", "unchanged"));
    }
    document_op_errors(op, DOCUMENT_REST, &errors);
    add_error_responses(openapi, &errors, responses);
    return responses;
}

/* --- requests --- */

static void add_parameters(struct openapi *openapi, const struct op *op, json_t *parameters)
{
    static const char *const places[] = {[FIELD_QUERY] = "query", [FIELD_PATH] = "path"};
    for (uint32_t i = 0; i < op->command.args->count; i++) {
        const struct field *field = &op->command.args->fields[i];
        if (field->place == FIELD_BODY) {
            continue;
        }
        json_t *schema = schema_of_field(field, SCHEMA_FROM_CLIENT, openapi->schemas);
        json_t *parameter =
            json_pack("{s:s, s:s, s:b, s:O}", "name", field->name, "in", places[field->place],
                      "required", field->required == FIELD_REQUIRED, "description",
                      json_object_get(schema, "description"));
        json_t *example = json_array_get(json_object_get(schema, "examples"), 0);
        if (example != NULL) {
            (void)json_object_set(parameter, "example", example);
        }
        (void)json_object_del(schema, "description");
        (void)json_object_del(schema, "examples");
        (void)json_object_set_new(parameter, "schema", schema);
        (void)json_array_append_new(parameters, parameter);
    }
}

static json_t *parameters_of(struct openapi *openapi, const struct op *op)
{
    json_t *parameters = json_array();
    add_parameters(openapi, op, parameters);
    if (op_takes_key(op)) {
        (void)json_array_append_new(parameters,
                                    shared_ref(openapi, "parameters", "idempotency_key"));
    }
    if (op_is_tagged(op)) {
        (void)json_array_append_new(parameters, shared_ref(openapi, "parameters", "if_none_match"));
    }
    if (op->rest.tokens == OP_TOKENS_GIVEN) {
        (void)json_array_append_new(parameters, shared_ref(openapi, "parameters", "by_cookie"));
    }
    (void)json_array_append_new(parameters, shared_ref(openapi, "parameters", "request_id"));
    (void)json_array_append_new(parameters, shared_ref(openapi, "parameters", "language"));
    return parameters;
}

/** Of the body's fields; NULL if there are none. */
static json_t *request_body(struct openapi *openapi, const struct op *op)
{
    const struct record_type *args = op->command.args;
    if (!document_has_place(op, FIELD_BODY)) {
        return NULL;
    }
    json_t *example = json_object();
    for (uint32_t i = 0; i < args->count; i++) {
        const struct field *field = &args->fields[i];
        json_t *value = field->place == FIELD_BODY ? example_of_field(field) : NULL;
        if (value != NULL) {
            (void)json_object_set_new(example, field->name, value);
        }
    }
    return json_pack("{s:b, s:{s:{s:o, s:o}}}", "required", document_needs_body(op), "content",
                     JSON, "schema", schema_of_body(op, openapi->schemas), "example", example);
}

static json_t *security_of(bool is_private)
{
    return is_private ? json_pack("[{s:[]}, {s:[]}]", "bearer", "cookie") : json_array();
}

static json_t *description_of(const struct op *op)
{
    static const char *const needs[] = {
        [OP_NEEDS_NOTHING] = "Needs no session.",
        [OP_NEEDS_SESSION] = "Needs a signed-in session.",
        [OP_NEEDS_PAIRED] = "Needs a signed-in session of a couple.",
    };
    char text[4096];
    (void)!snprintf(text, sizeof text, "%s\n\n%s%s%s", op->doc, needs[op->needs],
                    op_takes_key(op) ? " Takes an `Idempotency-Key`." : "",
                    op->rate == OP_RATE_COSTLY ? " Limited more tightly than others." : "");
    return json_string(text);
}

/** Puts the operation at its path, beside those of other methods. */
static void add_operation(struct openapi *openapi, const char *path, const char *method,
                          json_t *operation)
{
    char key[16] = "";
    for (size_t i = 0; method[i] != '\0' && i < sizeof key - 1; i++) {
        key[i] = (char)(method[i] | 0x20);
    }
    json_t *item = json_object_get(openapi->paths, path);
    if (item == NULL) {
        item = json_object();
        (void)json_object_set_new(openapi->paths, path, item);
    }
    (void)json_object_set_new(item, key, operation);
}

static void add_op(struct openapi *openapi, const struct op *op)
{
    char id[128], tag[128], path[256];
    document_id(op->command.name, id, sizeof id);
    document_tag(op->command.name, tag, sizeof tag);
    (void)!snprintf(path, sizeof path, PREFIX "%s", op->rest.path);
    document_add_tag(openapi->tags, tag);
    json_t *operation = json_pack(
        "{s:s, s:o, s:o, s:[s], s:o, s:o}", "operationId", id, "summary", document_summary(op->doc),
        "description", description_of(op), "tags", tag, "security",
        security_of(op->needs != OP_NEEDS_NOTHING), "parameters", parameters_of(openapi, op));
    json_t *body = request_body(openapi, op);
    if (body != NULL) {
        (void)json_object_set_new(operation, "requestBody", body);
    }
    (void)json_object_set_new(operation, "responses", responses_of(openapi, op));
    add_operation(openapi, path, op->rest.method, operation);
}

/* --- routes that are no ops --- */

/** Events of the stream while they are collected: as text, and their schemas. */
struct events {
    struct buffer text;
    json_t *kinds;
};

/** One event: a line for each of its parts, as it stands on the wire. Takes both. */
static void add_event(struct events *events, const char *id, const char *name, json_t *data,
                      json_t *schema)
{
    char *json = json_dumps(data, JSON_COMPACT), *text = NULL;
    int len =
        asprintf(&text, "%s%s%sevent: %s\ndata: %s\n\n", id != NULL ? "id: " : "",
                 id != NULL ? id : "", id != NULL ? "\n" : "", name, json != NULL ? json : "{}");
    if (len >= 0) {
        buffer_append(&events->text, text, (size_t)len);
        free(text);
    }
    free(json);
    json_decref(data);
    (void)json_array_append_new(events->kinds,
                                json_pack("{s:s, s:[o]}", "title", name, "allOf", schema));
}

static void add_push_event(struct openapi *openapi, const struct push_type *push,
                           struct events *events)
{
    char id[128];
    if (push->type != NULL) {
        (void)!snprintf(id, sizeof id, "%s:AAECAwQFBgcICQoLDA0ODw:42", push->topic);
        add_event(events, id, push->type, document_stream_example(push),
                  document_stream_schema(push, openapi->schemas));
    } else if (strcmp(push->topic, "hello") != 0) { /* which is for WebSocket only */
        add_event(events, NULL, push->topic, example_of_record(push->data),
                  schema_of_record(push->data, SCHEMA_FROM_SERVER, openapi->schemas));
    }
}

/** The first event: where the streams are. */
static void add_open_event(struct openapi *openapi, struct events *events)
{
    const struct op *open = registry_find(openapi->registry, text_of("session.open"));
    if (open != NULL) {
        const struct record_type *result = open->command.result;
        add_event(events, "user:AAECAwQFBgcICQoLDA0ODw:42", "open", example_of_record(result),
                  schema_of_record(result, SCHEMA_FROM_SERVER, openapi->schemas));
    }
}

/** The last event: why it ended. */
static void add_end_event(struct events *events)
{
    add_event(events, NULL, "end", json_pack("{s:s}", "code", error_name(ERR_SESSION_REVOKED)),
              json_loads("{\"type\":\"object\",\"required\":[\"code\"],"
                         "\"properties\":{\"code\":{\"type\":\"string\"}}}",
                         0, NULL));
}

/** A text of events; what their data is says contentSchema. */
static json_t *stream_content(struct openapi *openapi)
{
    struct events events = {.kinds = json_array()};
    add_open_event(openapi, &events);
    for (size_t i = 0; i < openapi->push_count; i++) {
        for (size_t j = 0; j < openapi->pushes[i].count; j++) {
            add_push_event(openapi, openapi->pushes[i].pushes[j], &events);
        }
    }
    add_end_event(&events);
    json_t *content = json_pack("{s:{s:s, s:s, s:{s:s, s:{s:o}}}, s:s%}", "schema", "type",
                                "string", "contentMediaType", "text/event-stream", "contentSchema",
                                "type", "array", "items", "anyOf", events.kinds, "example",
                                (const char *)events.text.data, events.text.len);
    buffer_fini(&events.text);
    return content;
}

static json_t *fixed_content(struct openapi *openapi, const struct fixed_route *route)
{
    if (route->schema == NULL) {
        return stream_content(openapi);
    }
    return json_pack("{s:o, s:o}", "schema", json_loads(route->schema, 0, NULL), "example",
                     json_loads(route->example, JSON_DECODE_ANY, NULL));
}

static void add_fixed(struct openapi *openapi, const struct fixed_route *route)
{
    struct error_set errors = {0};
    json_t *responses =
        json_pack("{s:{s:o, s:{s:o}}}", "200", "description", document_summary(route->doc),
                  "content", route->media, fixed_content(openapi, route));
    for (const int *error = route->errors; *error != 0; error++) {
        document_add_error(&errors, *error);
    }
    for (const int *error = route->unavailable; error != NULL && *error != 0; error++) {
        document_add_error_as(&errors, *error, 503);
    }
    add_error_responses(openapi, &errors, responses);
    document_add_tag(openapi->tags, route->tag);
    json_t *operation =
        json_pack("{s:s, s:o, s:s, s:[s], s:o}", "operationId", route->id, "summary",
                  document_summary(route->doc), "description", route->doc, "tags", route->tag,
                  "security", security_of(route->is_private));
    if (route->parameters != NULL) {
        (void)json_object_set_new(operation, "parameters", json_loads(route->parameters, 0, NULL));
    }
    (void)json_object_set_new(operation, "responses", responses);
    add_operation(openapi, route->path, "GET", operation);
}

/* --- the whole --- */

static json_t *start(struct openapi *openapi)
{
    json_t *root = json_pack("{s:s, s:o, s:[{s:s, s:s}], s:[], s:{}, s:{s:{}, s:{}, s:{}}}",
                             "openapi", "3.1.0", "info", document_info("duet", about), "servers",
                             "url", "/", "description", "this server", "tags", "paths",
                             "components", "schemas", "responses", "examples");
    openapi->shared = json_loads(shared_parts, 0, NULL);
    openapi->tags = json_object_get(root, "tags");
    openapi->paths = json_object_get(root, "paths");
    openapi->components = json_object_get(root, "components");
    openapi->schemas = json_object_get(openapi->components, "schemas");
    openapi->responses = json_object_get(openapi->components, "responses");
    openapi->examples = json_object_get(openapi->components, "examples");
    (void)json_object_set(openapi->components, "securitySchemes",
                          json_object_get(openapi->shared, "securitySchemes"));
    return root;
}

static void add_shared(struct openapi *openapi)
{
    document_add_error_schema(openapi->schemas);
    (void)json_object_set_new(
        openapi->responses, "unchanged",
        json_pack("{s:s, s:o}", "description", "It is as If-None-Match says.", "headers",
                  reply_headers(openapi, (const char *const[]){"etag", NULL})));
}

void describe_openapi(const struct registry *registry, const struct push_table *pushes,
                      size_t count, struct buffer *out)
{
    struct openapi openapi = {.registry = registry, .pushes = pushes, .push_count = count};
    json_t *root = start(&openapi);
    add_shared(&openapi);
    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct op *op = registry_at(registry, i);
        if (op->rest.method != NULL) {
            add_op(&openapi, op);
        }
    }
    for (size_t i = 0; i < fixed_route_count; i++) {
        add_fixed(&openapi, &fixed_routes[i]);
    }
    json_decref(openapi.shared);
    document_write(root, out);
}
