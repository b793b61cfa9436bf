/**
 * A WebSocket server of one connection on loopback, on a thread of its own: after the handshake it
 * says what was prepared, and then listens until the client is gone.
 */
#ifndef TESTS_UNIT_SUPPORT_WS_SCRIPT_H
#define TESTS_UNIT_SUPPORT_WS_SCRIPT_H

#include <stdint.h>

#include <pthread.h>

#include "base/bytes.h"

struct ws_script {
    int listener;
    uint16_t port;
    const char *subprotocol; /* it chooses; NULL: none */
    struct buffer frames;
    char request[4096];  /* of the handshake */
    struct buffer heard; /* what came after it */
    pthread_t thread;
};

/** Nothing prepared yet, and nobody listening. */
struct ws_script ws_script_of(const char *subprotocol);

/** Prepares one message, unmasked as a server's are. `opcode` is of enum ws_opcode. */
void ws_script_says(struct ws_script *script, uint8_t opcode, struct bytes payload);
void ws_script_says_text(struct ws_script *script, const char *text);

/** Listens on script->port; a failure fails the test. */
void ws_script_start(struct ws_script *script);

/** After the client is gone: the payloads of all it sent after the handshake, a line each. */
struct buffer ws_script_heard(const struct ws_script *script);

/** Waits until the client is gone, after which request and heard can be read. Once. */
void ws_script_join(struct ws_script *script);
void ws_script_fini(struct ws_script *script);

#endif
