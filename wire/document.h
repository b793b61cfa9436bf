/**
 * What /openapi.json and /asyncapi.json share: which errors an op can have on an edge, how an error
 * looks, and the conventions that hold everywhere. Internal to wire/; pure.
 */
#ifndef WIRE_DOCUMENT_H
#define WIRE_DOCUMENT_H

#include "base/error.h"
#include "wire/op.h"

struct json_t;

enum document_edge { DOCUMENT_REST = 1, DOCUMENT_WEBSOCKET = 2 };

/** Errors in the order of base/error.h, each once. */
struct error_set {
    bool has[DUET_ERROR_COUNT];   /* by -1 - error */
    int status[DUET_ERROR_COUNT]; /* of HTTP, of those it has */
};

/** Adds the op's own errors and those that come with what it is: its needs, its args, writing. */
void document_op_errors(const struct op *op, enum document_edge edge, struct error_set *set);
void document_add_error(struct error_set *set, int error);
/** With another status of HTTP than everywhere else. */
void document_add_error_as(struct error_set *set, int error, int status);

/** {code, message, details?, retry_ms?, trace_id}: what clients get. */
struct json_t *document_error_example(int error, enum language language);

/** Adds the component "error", which the above is an example of. */
void document_add_error_schema(struct json_t *schemas);

/** Example of a durable push's body: {epoch, seq, type, at, data}. */
struct json_t *document_stream_example(const struct push_type *push);
/** Its schema; the record of `data` is added to `schemas`. */
struct json_t *document_stream_schema(const struct push_type *push, struct json_t *schemas);

/** {title, version, description}: `about`, then the conventions of both edges. */
struct json_t *document_info(const char *title, const char *about);

/** Whether the args have a field in this place. */
bool document_has_place(const struct op *op, enum field_place place);

/** Whether a REST request must have the field, or a body: not what may come from a cookie. */
bool document_needs_field(const struct op *op, const struct field *field);
bool document_needs_body(const struct op *op);

/** "chat.send" becomes "chat_send". */
void document_id(const char *name, char *out, size_t size);

/** The first sentence of a text, without its full stop. */
struct json_t *document_summary(const char *doc);

/** Adds {name, description} to the array, unless it is there. */
void document_add_tag(struct json_t *tags, const char *name);
/** The first part of an op's name, "chat"; "connection" for names of one part. */
void document_tag(const char *name, char *out, size_t size);

/** Appends the document as indented text, and frees it. */
void document_write(struct json_t *document, struct buffer *out);

#endif
