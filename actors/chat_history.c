#include "actors/chat_history.h"

#include "base/check.h"
#include "base/error.h"
#include "wire/json_text.h"

#define LIMIT_DEFAULT 50
#define BYTES_MAX (48 * 1024)      /* of a response, which holds at most 64 KiB */
#define ESCAPE_BYTES_MAX 6         /* of one character: \u0001 */
#define MESSAGE_OVERHEAD_BYTES 192 /* names, ids and numbers of one message in JSON */

struct history {
    struct ctx *ctx;
    const struct couple_root *couple;
    struct chat_message *messages;
    uint32_t count;
    size_t bytes;
    int error;
};

/** At most so much of a response: in JSON, controls, quotes and backslashes are escaped. */
static size_t message_bytes(struct bytes text)
{
    size_t bytes = MESSAGE_OVERHEAD_BYTES + text.len;
    size_t plain;
    while ((plain = json_text_plain(text)) < text.len) {
        bytes += ESCAPE_BYTES_MAX - 1;
        text = bytes_of(text.data + plain + 1, text.len - plain - 1);
    }
    return bytes;
}

static bool take_message(void *context, struct bytes key, struct bytes value)
{
    struct history *history = context;
    struct couple_message_row row;
    history->error = ctx_decode_row(history->ctx, value, &couple_message_row_type, &row);
    if (history->error != 0 || !CHECK_RECOVER(key.len == 8)) {
        return false;
    }
    history->bytes += message_bytes(row.text);
    if (history->count > 0 && history->bytes > BYTES_MAX) {
        return false;
    }
    void *text = arena_copy(ctx_arena(history->ctx), row.text.data, row.text.len);
    history->messages[history->count++] =
        (struct chat_message){.msg = (int64_t)get_u64(key.data),
                              .seq = row.seq,
                              .from = *COUPLE_SIDE_OF(history->couple, row.member, user),
                              .text = bytes_of(text, row.text.len),
                              .reply_to = row.reply_to,
                              .has_reply_to = row.has_reply_to,
                              .at = row.at,
                              .unsent_at = row.unsent_at,
                              .has_unsent_at = row.has_unsent_at};
    return true;
}

static void reverse(struct chat_message *messages, uint32_t count)
{
    for (uint32_t i = 0; i < count / 2; i++) {
        struct chat_message held = messages[i];
        messages[i] = messages[count - 1 - i];
        messages[count - 1 - i] = held;
    }
}

/** Goes away from the cursor, so that what does not fit is what is farthest from it. */
static int collect(struct history *history, const struct chat_history_args *in)
{
    struct ctx *ctx = history->ctx;
    uint32_t limit = in->has_limit ? (uint32_t)in->limit : LIMIT_DEFAULT;
    struct bytes none = bytes_of("", 0);
    struct bytes from = in->has_after ? ctx_key_u64(ctx, (uint64_t)in->after + 1) : none;
    struct bytes to = in->has_before ? ctx_key_u64(ctx, (uint64_t)in->before) : none;
    history->messages = arena_alloc(ctx_arena(ctx), limit * sizeof *history->messages);
    ctx_range(ctx, COUPLE_MESSAGES, from, to, limit, !in->has_after, take_message, history);
    if (!in->has_after) {
        reverse(history->messages, history->count);
    }
    return history->error;
}

int chat_history_read(struct ctx *ctx, const struct couple_root *couple,
                      const struct chat_history_args *args, struct chat_history_result *out)
{
    struct history history = {.ctx = ctx, .couple = couple};
    if (args->has_before && args->has_after) {
        return ctx_refuse_field(ctx, ERR_INVALID_ARGUMENT, "before", "not together with after");
    }
    int err = collect(&history, args);
    if (err != 0) {
        return err;
    }
    *out = (struct chat_history_result){
        .messages = {.items = history.messages, .count = history.count}, .last_msg = couple->msg};
    return 0;
}
