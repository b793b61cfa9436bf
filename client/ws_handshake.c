#include "client/ws_handshake.h"

#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"

void ws_handshake_key(char out[WS_KEY_CHARS + 1])
{
    uint8_t nonce[16] = {0};
    (void)!getrandom(nonce, sizeof nonce, 0); /* a poor nonce only weakens a check of ours */
    sodium_bin2base64(out, WS_KEY_CHARS + 1, nonce, sizeof nonce, sodium_base64_VARIANT_ORIGINAL);
}

static void append_text(struct buffer *out, const char *text)
{
    buffer_append(out, text, strlen(text));
}

void ws_handshake_request(const struct ws_client_options *options, const char *key,
                          struct buffer *out)
{
    char port[16];
    snprintf(port, sizeof port, ":%u\r\n", (unsigned)options->port);
    const char *const start[] = {
        "GET ",
        options->path != NULL ? options->path : "/ws",
        " HTTP/1.1\r\nHost: ",
        options->host,
        port,
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
        "Sec-WebSocket-Key: ",
        key,
        "\r\n"};
    for (size_t i = 0; i < sizeof start / sizeof start[0]; i++) {
        append_text(out, start[i]);
    }
    if (options->subprotocol != NULL) {
        append_text(out, "Sec-WebSocket-Protocol: ");
        append_text(out, options->subprotocol);
        append_text(out, "\r\n");
    }
    append_text(out, options->headers != NULL ? options->headers : "");
    append_text(out, "\r\n");
}

/* The value of a header line in a response, or NULL. `response` ends with a NUL. */
static const char *find_header(const char *response, const char *name, size_t *len)
{
    size_t name_len = strlen(name);
    for (const char *line = strstr(response, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, name_len) == 0 && line[name_len] == ':') {
            const char *value = line + name_len + 1;
            value += strspn(value, " \t");
            *len = strcspn(value, "\r");
            return value;
        }
    }
    return NULL;
}

static bool header_is(const char *response, const char *name, const char *expected, bool any_case)
{
    size_t len = 0;
    const char *value = find_header(response, name, &len);
    return value != NULL && len == strlen(expected) &&
           (any_case ? strncasecmp(value, expected, len) : strncmp(value, expected, len)) == 0;
}

int ws_handshake_check(const char *response, const char *key, const char *subprotocol, int *status)
{
    int found = 0;
    if (sscanf(response, "HTTP/1.1 %3d", &found) != 1) {
        return ERR_MALFORMED;
    }
    *status = found;
    if (found != 101) {
        return ERR_UNKNOWN_OP;
    }
    char accept[WS_ACCEPT_CHARS + 1];
    ws_accept_of(key, accept);
    size_t len = 0;
    bool agreed = subprotocol != NULL
                      ? header_is(response, "Sec-WebSocket-Protocol", subprotocol, false)
                      : find_header(response, "Sec-WebSocket-Protocol", &len) == NULL;
    bool good = agreed && header_is(response, "Upgrade", "websocket", true) &&
                header_is(response, "Connection", "upgrade", true) &&
                header_is(response, "Sec-WebSocket-Accept", accept, false);
    return good ? 0 : ERR_MALFORMED;
}
