#include "tools/log_source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>
#include <sodium.h>

#include "base/error.h"
#include "tools/admin.h"
#include "tools/offline.h"

#define PAGE_RECORDS 100

struct log_source {
    char *data;
    bool live;

    struct offline offline; /* not live */
    struct log_reader *reader;

    json_t *page; /* live: records of the last answer */
    size_t page_at;
    uint64_t next; /* LSN to ask for */
    struct buffer payload;
    uint64_t fault;
};

/* --- live --- */

static int ask_page(struct log_source *source)
{
    char request[128];
    struct buffer reply = {0};
    snprintf(request, sizeof request, "{\"cmd\":\"log\",\"from\":%" PRIu64 ",\"limit\":%d}",
             source->next, PAGE_RECORDS);
    json_decref(source->page);
    source->page = NULL;
    source->page_at = 0;
    int error = admin_ask(source->data, request, &reply);
    if (error != 0) {
        return ERR_IO;
    }
    json_error_t json_error;
    json_t *answer = json_loadb((const char *)reply.data, reply.len, 0, &json_error);
    buffer_fini(&reply);
    const json_t *fault = json_object_get(answer, "fault");
    if (fault != NULL) {
        source->fault = (uint64_t)json_integer_value(fault);
        error = ERR_CORRUPT;
    } else {
        source->page = json_incref(json_object_get(answer, "records"));
        error = json_is_array(source->page) ? 0 : ERR_IO;
    }
    json_decref(answer);
    return error;
}

static int64_t int_of(const json_t *row, const char *name)
{
    return (int64_t)json_integer_value(json_object_get(row, name));
}

static int take_payload(struct log_source *source, const json_t *row, struct bytes *out)
{
    const json_t *text = json_object_get(row, "payload");
    size_t len = json_string_length(text);
    size_t used = 0;
    buffer_clear(&source->payload);
    uint8_t *room = buffer_extend(&source->payload, len + 1);
    if (!json_is_string(text) ||
        sodium_base642bin(room, len + 1, json_string_value(text), len, NULL, &used, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0) {
        return ERR_IO;
    }
    *out = bytes_of(room, used);
    return 0;
}

static int take_row(struct log_source *source, const json_t *row, struct log_record *out)
{
    const json_t *id = json_object_get(row, "id");
    *out = (struct log_record){.lsn = {(uint64_t)int_of(row, "lsn")},
                               .at_ms = int_of(row, "at_ms"),
                               .key_id = (uint32_t)int_of(row, "key_id")};
    out->address.kind = (uint8_t)int_of(row, "kind");
    if (!json_is_string(id) ||
        id_from_text(json_string_value(id), json_string_length(id), &out->address.id) != 0) {
        return ERR_IO;
    }
    source->next = out->lsn.v + 1;
    return take_payload(source, row, &out->payload);
}

static int next_live(struct log_source *source, struct log_record *out)
{
    if (source->page_at >= json_array_size(source->page)) {
        int error = ask_page(source);
        if (error != 0) {
            return error;
        }
        if (json_array_size(source->page) == 0) {
            return ERR_END;
        }
    }
    return take_row(source, json_array_get(source->page, source->page_at++), out);
}

/* --- both --- */

int log_source_open(const char *data, struct lsn from, struct log_source **out)
{
    struct log_source *source = memory_alloc(sizeof *source);
    source->data = text_copy(data);
    source->next = from.v;
    int error = offline_open(data, &source->offline);
    if (error == 0) {
        error = log_reader_open(source->offline.log, from, &source->reader);
        if (error != 0) {
            offline_close(&source->offline);
        }
    } else if (error == ERR_LOCKED) {
        source->live = true;
        error = ask_page(source) == ERR_IO ? ERR_LOCKED : 0;
    }
    if (error != 0) {
        free(source->data);
        free(source);
        return error;
    }
    *out = source;
    return 0;
}

bool log_source_is_live(const struct log_source *source)
{
    return source->live;
}

int log_source_next(struct log_source *source, struct log_record *out)
{
    return source->live ? next_live(source, out) : log_reader_next(source->reader, out);
}

struct lsn log_source_fault(const struct log_source *source, const char **reason)
{
    if (source->live) {
        *reason = "see duetctl verify";
        return (struct lsn){source->fault};
    }
    return log_reader_fault(source->reader, reason);
}

void log_source_close(struct log_source *source)
{
    if (source == NULL) {
        return;
    }
    if (!source->live) {
        log_reader_close(source->reader);
        offline_close(&source->offline);
    }
    json_decref(source->page);
    buffer_fini(&source->payload);
    free(source->data);
    free(source);
}
