#include "actors/couple_stream.h"

#include "actors/stream_entry.h"
#include "base/check.h"
#include "base/error.h"

void couple_stream_append(struct ctx *ctx, struct couple_root *couple, int64_t seq,
                          struct couple_entry_row row)
{
    row.at = ctx_now_ms(ctx);
    row.others = seq - couple->msg;
    couple->seq = seq;
    ctx_put_row(ctx, COUPLE_ENTRIES, ctx_key_u64(ctx, (uint64_t)seq), &couple_entry_row_type, &row);
}

static int append_message(struct ctx *ctx, const struct couple_root *couple, int64_t msg,
                          struct stream_entry *entry, struct buffer *body)
{
    struct couple_message_row message;
    int err = ctx_get_row(ctx, COUPLE_MESSAGES, ctx_key_u64(ctx, (uint64_t)msg),
                          &couple_message_row_type, &message);
    if (err != 0 || !CHECK_RECOVER(message.seq == entry->seq)) {
        return err != 0 ? err : ERR_CORRUPT;
    }
    entry->type = &push_chat_message;
    entry->at_ms = message.at;
    entry->data = &(struct chat_message_push){.msg = msg,
                                              .from = *COUPLE_SIDE_OF(couple, message.member, user),
                                              .text = message.text,
                                              .reply_to = message.reply_to,
                                              .has_reply_to = message.has_reply_to,
                                              .unsent_at = message.unsent_at,
                                              .has_unsent_at = message.has_unsent_at};
    stream_entry_append(entry, body);
    return 0;
}

static int append_other(const struct couple_root *couple, const struct couple_entry_row *row,
                        struct stream_entry *entry, struct buffer *body)
{
    _Alignas(max_align_t) uint8_t data[COUPLE_ENTRY_DATA_MAX] = {0};
    if (!CHECK_RECOVER((size_t)row->what < couple_entry_type_count &&
                       couple_entry_types[row->what].push->data->size <= sizeof data)) {
        return ERR_CORRUPT;
    }
    const struct couple_entry_type *type = &couple_entry_types[row->what];
    type->build(*COUPLE_SIDE_OF(couple, row->member, user), row, data);
    entry->at_ms = row->at;
    entry->type = type->push;
    entry->data = data;
    stream_entry_append(entry, body);
    return 0;
}

/** The last entry that is no message, up to some seq. */
struct last_other {
    struct ctx *ctx;
    struct couple_entry_row row;
    int64_t seq; /* 0: there is none */
    int error;
};

static bool take_other(void *context, struct bytes key, struct bytes value)
{
    struct last_other *last = context;
    last->error = CHECK_RECOVER(key.len == 8)
                      ? ctx_decode_row(last->ctx, value, &couple_entry_row_type, &last->row)
                      : ERR_CORRUPT;
    last->seq = last->error == 0 ? (int64_t)get_u64(key.data) : 0;
    return false;
}

int couple_stream_entry(struct ctx *ctx, const void *state, int64_t seq, struct buffer *body)
{
    const struct couple_root *couple = state;
    struct last_other last = {.ctx = ctx};
    if (seq < 1 || seq > couple->seq) {
        return ERR_NOT_FOUND;
    }
    ctx_range(ctx, COUPLE_ENTRIES, bytes_of(NULL, 0), ctx_key_u64(ctx, (uint64_t)seq + 1), 1, true,
              take_other, &last);
    if (last.error != 0) {
        return last.error;
    }
    struct stream_entry entry = {.epoch = couple->epoch, .seq = seq};
    if (last.seq == seq) {
        return append_other(couple, &last.row, &entry, body);
    }
    return append_message(ctx, couple, seq - last.row.others, &entry, body);
}
