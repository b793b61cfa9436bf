/**
 * The statuses of HTTP, and how requests are refused that reach no handler:
 * {"status":"error","error":{"code","message"}}.
 */
#ifndef EDGE_HTTP_ERROR_H
#define EDGE_HTTP_ERROR_H

#include <stddef.h>

/** "Not Found"; "Error" for a status that is not used here. Static. */
const char *http_error_phrase(int status);

/** Statuses that are used, numbered from 0 on; one that is not counts as 500. */
unsigned http_error_index(int status);
/** The status of a number; 0: there are no more. */
int http_error_status_at(unsigned index);

/** The error that a refusal with this status is, out of base/error.h. */
int http_error_of(int status);

/** Writes the JSON text and a NUL; `message` is plain ASCII of ours. Returns its length. */
int http_error_body(int status, const char *message, char *out, size_t size);

#endif
