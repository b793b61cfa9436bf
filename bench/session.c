#include "bench/session.h"

#include "base/error.h"
#include "bench/protocols/websocket.h"
#include "bench/session_ask.h"
#include "wire/frame.h"

#define OPEN_ID 1

static int read_response(const struct chat_place *place, const struct rpc_incoming *in,
                         struct opened *out)
{
    struct session_answer answer;
    if (in->error != 0) {
        return join_complain(place, "session.open", error_name(in->error));
    }
    if (session_answer_read(in->result, &answer) != 0 || !answer.followed[STREAM_COUPLE]) {
        return join_complain(place, "session.open", "no couple stream in the result");
    }
    out->couple_head = answer.head[STREAM_COUPLE];
    return 0;
}

/* Reads until the response has come; pushes before it (hello, presence) are of no interest. */
static int await_opened(struct ws_client *client, const struct chat_place *place,
                        struct opened *out)
{
    struct bytes message;
    int error;
    while ((error = websocket_hear(client, place, &message)) == 0) {
        struct frame_reader reader;
        struct rpc_incoming in;
        frame_reader_init(&reader, message);
        while (frame_reader_next_incoming(&reader, &in) == 0) {
            if (in.type == RPC_RESPONSE && in.id == OPEN_ID) {
                return read_response(place, &in, out);
            }
        }
    }
    return error;
}

static int sign_in(struct ws_client *client, const struct chat_place *place, struct opened *out)
{
    static const struct session_places nowhere;
    struct buffer request = {0};
    session_request(&request, OPEN_ID, place->token, &nowhere);
    int error = websocket_say(client, place, WS_BINARY, buffer_bytes(&request));
    buffer_fini(&request);
    return error != 0 ? error : await_opened(client, place, out);
}

int session_open(const struct chat_place *place, struct opened *out)
{
    return websocket_join(place, NULL, "duet.v1.msgpack", sign_in, out);
}
