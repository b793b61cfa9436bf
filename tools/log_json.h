/**
 * A log record for people: address, entries by their names, and bodies as the kinds declare them.
 * Hashes, tokens and passwords are masked.
 */
#ifndef TOOLS_LOG_JSON_H
#define TOOLS_LOG_JSON_H

#include "storage/log.h"

struct json_t;

/** "couple", or NULL for a kind that this version does not know. Static. */
const char *log_kind_name(uint8_t kind);
/** The code of a kind by name or number, or 0. */
uint8_t log_kind_from_text(const char *text);

/**
 * {lsn, at_ms, kind, id, entries: [{entry, name?, version?, body}]}, a new reference. What cannot
 * be decoded stands as {"undecodable": bytes}.
 */
struct json_t *log_record_json(const struct log_record *record);

#endif
