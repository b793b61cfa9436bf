#include "tools/duetd_admin_log.h"

#include <stdlib.h>

#include <jansson.h>
#include <sodium.h>

#include "base/error.h"
#include "storage/log.h"

#define RECORDS_MAX 1000
#define PAGE_BYTES_MAX ((size_t)32 << 10)
#define PAYLOAD_BYTES_MAX ((size_t)64 << 10) /* what is larger is left out of an answer */

static json_t *payload_json(struct bytes payload)
{
    if (payload.len > PAYLOAD_BYTES_MAX) {
        return json_string("");
    }
    size_t size = sodium_base64_encoded_len(payload.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = memory_alloc(size);
    sodium_bin2base64(text, size, payload.data, payload.len,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    json_t *result = json_string(text);
    free(text);
    return result;
}

static json_t *record_json(const struct log_record *record)
{
    char id[ID_TEXT_CHARS + 1];
    id_to_text(record->address.id, id);
    return json_pack("{s:I, s:I, s:i, s:s, s:I, s:o}", "lsn", (json_int_t)record->lsn.v, "at_ms",
                     (json_int_t)record->at_ms, "kind", (int)record->address.kind, "id", id,
                     "key_id", (json_int_t)record->key_id, "payload",
                     payload_json(record->payload));
}

json_t *admin_log_answer(struct log *log, const json_t *request)
{
    json_int_t from = json_integer_value(json_object_get(request, "from"));
    json_int_t limit = json_integer_value(json_object_get(request, "limit"));
    limit = limit < 1 || limit > RECORDS_MAX ? RECORDS_MAX : limit;
    struct log_reader *reader = NULL;
    if (from < 0 || log_reader_open(log, (struct lsn){(uint64_t)from}, &reader) != 0) {
        return json_pack("{s:s}", "error", "the log cannot be read from there");
    }
    json_t *records = json_array();
    struct log_record record;
    size_t bytes = 0;
    int error = 0;
    while (limit-- > 0 && bytes < PAGE_BYTES_MAX &&
           (error = log_reader_next(reader, &record)) == 0) {
        json_array_append_new(records, record_json(&record));
        bytes += record.payload.len;
    }
    json_t *answer = json_pack("{s:o}", "records", records);
    if (error != 0 && error != ERR_END && json_array_size(records) == 0) {
        const char *reason;
        struct lsn at = log_reader_fault(reader, &reason);
        json_object_set_new(answer, "fault", json_integer((json_int_t)at.v));
    }
    log_reader_close(reader);
    return answer;
}
