/*
 * Who may connect. libwebsockets takes any version, and a missing subprotocol for its first one;
 * here everything is looked at before it answers, and what is refused learns why.
 */
#include <stdio.h>
#include <strings.h>

#include "edge/http_error.h"
#include "edge/ws_internal.h"

struct refusal {
    int status;
    const char *header; /* with CRLF, or "" */
    const char *message;
};

static void answer(struct lws *wsi, const struct refusal *refusal)
{
    uint8_t buffer[LWS_PRE + 1024];
    char body[512];
    int body_len = http_error_body(refusal->status, refusal->message, body, sizeof body);
    int len = snprintf((char *)buffer + LWS_PRE, sizeof buffer - LWS_PRE,
                       "HTTP/1.1 %d %s\r\nconnection: close\r\ncontent-type: application/json\r\n"
                       "content-length: %d\r\n%s\r\n%s",
                       refusal->status, http_error_phrase(refusal->status), body_len,
                       refusal->header, body);
    lws_write(wsi, buffer + LWS_PRE, (size_t)len, LWS_WRITE_HTTP_HEADERS);
}

void ws_upgrade_required(struct lws *wsi)
{
    answer(wsi, &(struct refusal){426, "upgrade: websocket\r\n", "This is a WebSocket."});
}

/** A header's text; empty when it is absent or longer than `size`. */
static const char *header(struct lws *wsi, enum lws_token_indexes token, char *out, int size)
{
    if (lws_hdr_copy(wsi, out, size, token) < 0) {
        out[0] = '\0';
    }
    return out;
}

static bool origin_allowed(const struct ws *ws, const char *origin)
{
    for (uint32_t i = 0; i < ws->config.origin_count; i++) {
        const char *allowed = ws->config.origins[i];
        if (strcmp(allowed, "*") == 0 || strcmp(allowed, origin) == 0) {
            return true;
        }
    }
    return false;
}

/** A comma-separated list that has one of ours. */
static bool subprotocol_offered(const char *offered)
{
    while (*offered != '\0') {
        size_t skip = strspn(offered, " \t,");
        size_t len = strcspn(offered + skip, " \t,");
        if ((len == 15 && memcmp(offered + skip, "duet.v1.msgpack", len) == 0) ||
            (len == 12 && memcmp(offered + skip, "duet.v1.json", len) == 0)) {
            return true;
        }
        offered += skip + len;
    }
    return false;
}

bool ws_upgrade_admit(const struct ws *ws, struct lws *wsi, const char *upgrade)
{
    char text[256];
    struct refusal refusal = {400, "", NULL};
    if (strcasecmp(upgrade, "websocket") != 0) {
        refusal.message = "The only upgrade here is to websocket.";
    } else if (strcmp(header(wsi, WSI_TOKEN_VERSION, text, sizeof text), "13") != 0) {
        refusal = (struct refusal){426, "sec-websocket-version: 13\r\n",
                                   "Sec-WebSocket-Version must be 13."};
    } else if (strlen(header(wsi, WSI_TOKEN_KEY, text, sizeof text)) != 24) {
        refusal.message = "Sec-WebSocket-Key must be 16 bytes in base64.";
    } else if (!subprotocol_offered(header(wsi, WSI_TOKEN_PROTOCOL, text, sizeof text))) {
        refusal.message = "Sec-WebSocket-Protocol must offer duet.v1.msgpack or duet.v1.json.";
    } else if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0 &&
               !origin_allowed(ws, header(wsi, WSI_TOKEN_ORIGIN, text, sizeof text))) {
        refusal = (struct refusal){403, "", "This Origin may not connect."};
    } else {
        return true;
    }
    answer(wsi, &refusal);
    return false;
}
