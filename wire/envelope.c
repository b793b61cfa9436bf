#include "wire/envelope.h"

#include "wire/field.h"

void request_refuse(struct rpc_request *request, const char *field, const char *reason)
{
    if (request->error == 0) {
        request->error = field_refuse(&request->fault, reason);
        field_fault_prefix(&request->fault, field);
    }
}

/** These go into logs and keys of the store: nothing but visible ASCII. */
static bool visible(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~') {
            return false;
        }
    }
    return true;
}

void request_take_meta(struct rpc_request *request, struct bytes key, bool has_key,
                       struct bytes lang, struct bytes trace)
{
    const struct {
        bool wrong;
        const char *field, *reason;
    } rules[] = {
        {has_key && key.len == 0, "meta.key", "is empty"},
        {key.len > FRAME_KEY_MAX, "meta.key", "is too long"},
        {!visible(key), "meta.key", "must be visible ASCII"},
        {trace.len > FRAME_TRACE_MAX, "meta.trace", "is too long"},
        {!visible(trace), "meta.trace", "must be visible ASCII"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].wrong) {
            request_refuse(request, rules[i].field, rules[i].reason);
            return;
        }
    }
    bool korean =
        lang.len >= 2 && memcmp(lang.data, "ko", 2) == 0 && (lang.len == 2 || lang.data[2] == '-');
    request->meta =
        (struct rpc_meta){.key = key, .lang = korean ? LANGUAGE_KO : LANGUAGE_EN, .trace = trace};
}

void request_take_op(struct rpc_request *request, struct bytes op)
{
    if (op.len == 0 || op.len > FRAME_OP_MAX) {
        request_refuse(request, "op", op.len == 0 ? "is empty" : "is too long");
        return;
    }
    request->op = op;
}
