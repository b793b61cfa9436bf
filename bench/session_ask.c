#include "bench/session_ask.h"

#include "base/error.h"
#include "wire/codec.h"
#include "wire/frame.h"

void session_request(struct buffer *payload, uint32_t id, const struct token *token,
                     const struct session_places *places)
{
    struct stream_cursor cursors[STREAM_COUNT];
    uint32_t count = 0;
    for (uint32_t i = 0; i < STREAM_COUNT; i++) {
        if (places->known[i]) {
            cursors[count++] = (struct stream_cursor){
                .stream = i, .epoch = places->epoch[i], .after = (int64_t)places->after[i]};
        }
    }
    const struct session_open_args args = {.access_token = text_of(token->access_token),
                                           .device = token->device,
                                           .cursors = {.items = cursors, .count = count},
                                           .has_cursors = count != 0};
    frame_append_request(payload, id, "session.open", &session_open_args_type, &args,
                         (struct bytes){0});
}

void session_ask(struct link *link, uint32_t id, const struct token *token,
                 const struct session_places *places)
{
    struct buffer payload = {0};
    session_request(&payload, id, token, places);
    ws_frame_append(&link->out, WS_BINARY, 0, buffer_bytes(&payload));
    buffer_fini(&payload);
}

int session_answer_read(struct bytes result, struct session_answer *out)
{
    struct session_open_result opened;
    struct session_answer answer = {0};
    struct arena arena = {0};
    struct field_fault fault;
    int error =
        record_decode(&session_open_result_type, RECORD_AS_MAP, result, &arena, &opened, &fault);
    const struct stream_position *positions = opened.streams.items;
    for (uint32_t i = 0; error == 0 && i < opened.streams.count; i++) {
        uint32_t stream = positions[i].stream;
        answer.followed[stream] = true;
        answer.reset[stream] = positions[i].reset;
        answer.epoch[stream] = positions[i].epoch;
        answer.head[stream] = (uint64_t)positions[i].head;
    }
    arena_fini(&arena);
    if (error != 0) {
        return ERR_MALFORMED;
    }
    *out = answer;
    return 0;
}
