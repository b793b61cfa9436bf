#include "bench/protocols/websocket.h"

#include <stdio.h>

#include "base/error.h"

#define TIMEOUT_MS 20000
#define QUOTE_CHARS 200

int websocket_join(const struct chat_place *place, const char *path, const char *subprotocol,
                   websocket_sign_in *sign_in, struct opened *out)
{
    const struct ws_client_options options = {.host = place->host,
                                              .port = place->port,
                                              .path = path,
                                              .subprotocol = subprotocol,
                                              .source = place->source,
                                              .timeout_ms = TIMEOUT_MS};
    struct ws_client *client;
    struct opened opened = {0};
    int error = ws_client_connect(&options, &client);
    if (error != 0) {
        return join_complain(place, "connecting", error_name(error));
    }
    error = sign_in(client, place, &opened);
    if (error != 0) {
        ws_client_destroy(client);
        return error;
    }
    opened.fd = ws_client_release(client, &opened.pending);
    *out = opened;
    return 0;
}

int websocket_say(struct ws_client *client, const struct chat_place *place, enum ws_opcode opcode,
                  struct bytes message)
{
    int error = ws_client_send(client, opcode, message, TIMEOUT_MS);
    return error == 0 ? 0 : join_complain(place, "signing in", "the server takes nothing");
}

/* Why nothing came. */
static const char *reason_of(int error, const struct ws_client *client)
{
    if (error == ERR_END) {
        return "no answer";
    }
    const char *reason = ws_client_close_reason(client);
    return reason[0] != '\0' ? reason : error_name(error);
}

int websocket_hear(struct ws_client *client, const struct chat_place *place, struct bytes *message)
{
    struct ws_event event;
    int error = ws_client_receive(client, TIMEOUT_MS, &event);
    if (error != 0) {
        return join_complain(place, "signing in", reason_of(error, client));
    }
    *message = event.payload;
    return 0;
}

int websocket_refused(const struct chat_place *place, struct bytes said)
{
    char quote[QUOTE_CHARS + 1];
    snprintf(quote, sizeof quote, "%.*s", (int)said.len, (const char *)said.data);
    return join_complain(place, "the server refuses", quote);
}

/* A mask of 0: masked as the standard wants it, and nothing to XOR when patching. */
void websocket_wrap(struct chat_template *template, enum ws_opcode opcode)
{
    struct buffer payload = template->frame;
    template->frame = (struct buffer){0};
    ws_frame_append(&template->frame, opcode, 0, buffer_bytes(&payload));
    chat_template_shift(template, template->frame.len - payload.len);
    buffer_fini(&payload);
}
