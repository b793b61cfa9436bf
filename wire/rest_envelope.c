#include "wire/rest_envelope.h"

#include "wire/json_text.h"

int rest_append_ok(struct buffer *out, struct bytes result)
{
    size_t before = out->len;
    json_text_raw(out, "{\"status\":\"ok\",\"data\":");
    if (result.len == 0) {
        json_text_raw(out, "null");
    } else if (json_text_transcribe(out, result) != 0) {
        out->len = before;
        return ERR_MALFORMED;
    }
    json_text_raw(out, "}");
    return 0;
}

static void append_details(struct buffer *out, const struct field_fault *fault)
{
    json_text_raw(out, ",\"details\":{\"field\":");
    json_text_string(out, text_of(fault->field));
    json_text_raw(out, ",\"reason\":");
    json_text_string(out, text_of(fault->reason));
    json_text_raw(out, "}");
}

void rest_append_error(struct buffer *out, const struct rpc_error *error)
{
    json_text_raw(out, "{\"status\":\"error\",\"error\":{\"code\":");
    json_text_string(out, text_of(error_name(error->code)));
    json_text_raw(out, ",\"message\":");
    json_text_string(out, text_of(error_text(error->code, error->lang)));
    if (error->fault != NULL && error->fault->reason != NULL) {
        append_details(out, error->fault);
    }
    if (error->retry_ms > 0) {
        json_text_raw(out, ",\"retry_ms\":");
        json_text_int(out, error->retry_ms);
    }
    if (error->trace.len > 0) {
        json_text_raw(out, ",\"trace_id\":");
        json_text_string(out, error->trace);
    }
    json_text_raw(out, "}}");
}
