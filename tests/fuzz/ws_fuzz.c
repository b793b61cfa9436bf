/*
 * Fuzzes what reads a WebSocket client: requests to upgrade, as far as the listener lets them
 * through, and heads of frames, against the client's encoder: what is read must be what it writes.
 */
#include <stdlib.h>

#include "base/check.h"
#include "client/ws_frame.h"
#include "edge/http_head.h"
#include "edge/ws_frame.h"
#include "edge/ws_upgrade.h"

#define LENGTH_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_upgrade(struct bytes in)
{
    static const char *const items[] = {"https://duet.example"};
    const struct ws_origins origins = {.items = items, .count = 1};
    struct buffer answer = {0};
    struct ws_upgrade upgrade;
    if (http_head_judge(in).verdict != HTTP_HEAD_WS) {
        return;
    }
    if (ws_upgrade_answer(in, &origins, &answer, &upgrade)) {
        CHECK_ALWAYS(upgrade.head_bytes <= in.len);
        CHECK_ALWAYS(memcmp(in.data + upgrade.head_bytes - 4, "\r\n\r\n", 4) == 0);
    }
    CHECK_ALWAYS(answer.len != 0);
    buffer_fini(&answer);
}

static void compare_with_encoder(struct bytes in, const struct ws_frame *frame)
{
    uint8_t expected[WS_HEAD_BYTES_MAX];
    const struct ws_head head = {.fin = frame->fin,
                                 .opcode = (uint8_t)frame->opcode,
                                 .masked = true,
                                 .mask = get_u32(frame->mask),
                                 .length = frame->length};
    CHECK_ALWAYS(ws_head_encode(&head, expected) == frame->head_bytes);
    CHECK_ALWAYS(memcmp(expected, in.data, frame->head_bytes) == 0);
}

static void read_frames(struct bytes in)
{
    struct ws_frame frame;
    const char *reason = NULL;
    int found;
    while ((found = ws_frame_head(in, LENGTH_MAX, &frame, &reason)) == 1) {
        compare_with_encoder(in, &frame);
        size_t whole = frame.head_bytes + frame.length;
        if (whole > in.len) {
            return;
        }
        uint8_t *payload = memory_copy(in.data + frame.head_bytes, frame.length);
        ws_unmask(payload, frame.length, frame.mask);
        free(payload);
        in = bytes_of(in.data + whole, in.len - whole);
    }
    CHECK_ALWAYS(found == 0 ? in.len < WS_HEAD_CLIENT_MAX : reason != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    read_upgrade(in);
    read_frames(in);
    return 0;
}
