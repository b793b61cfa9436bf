/**
 * What both sides of a WebSocket handshake compute (RFC 6455, section 4). Pure; any thread.
 */
#ifndef WIRE_WS_ACCEPT_H
#define WIRE_WS_ACCEPT_H

#define WS_KEY_CHARS 24
#define WS_ACCEPT_CHARS 28

/** base64(SHA-1(key followed by the protocol's GUID)) and a NUL. No security rests on it. */
void ws_accept_of(const char key[WS_KEY_CHARS + 1], char out[WS_ACCEPT_CHARS + 1]);

#endif
