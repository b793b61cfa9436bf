/**
 * What the files of the WebSocket edge share: ws.c (context, callbacks), ws_connection.c (one
 * connection: in, out, heartbeat), ws_upgrade.c (who may connect), ws_mask.c (the first frame).
 */
#ifndef EDGE_WS_INTERNAL_H
#define EDGE_WS_INTERNAL_H

#include <libwebsockets.h>
#include <uv.h>

#include "edge/ws.h"

#define WS_SPARE_MAX 256             /* output buffers kept for the next turn */
#define WS_SPARE_BYTES_MAX 65536     /* larger ones are freed */
#define WS_FRAGMENTS_MAX 1024        /* of one message */
#define WS_CLOSE_WITHIN_MS 5000      /* for the peer's half of the closing handshake */
#define WS_FLUSH_BYTES_MAX (4 << 20) /* tx_packet_size: above any flush */

struct mask_watch;

/*
 *     checking ──first frame is masked──▶ open ──ws_connection_close──▶ closing ──▶ gone
 *         └────────it is not───────────────────────────────────────────────▲
 */
struct connection {
    struct ws *ws; /* NULL before the handshake succeeded */
    struct lws *wsi;
    struct session *session; /* NULL: there was no room for one */
    struct mask_watch *mask_watch;
    struct buffer in;  /* a message that came in pieces, so far */
    struct buffer out; /* LWS_PRE bytes, then whole frames; no memory while idle */
    size_t unsent;     /* bytes at libwebsockets that the kernel would not take yet, at most */
    struct connection *next_dirty, **link_dirty; /* link NULL: not in the list */
    int64_t heard_ms, pinged_ms;                 /* of the loop's clock */
    int64_t close_by_ms;                         /* 0: not closing */
    uint32_t index;                              /* in ws->connections */
    uint16_t fragments;
    bool json;
};

struct ws {
    struct ws_config config;
    struct lws_context *context;
    struct lws_vhost *vhost;
    struct connection *dirty;
    struct connection **connections;
    uint32_t count, cap, scan_at;
    uint32_t spare_count;
    struct buffer spare[WS_SPARE_MAX];
};

/* ws_connection.c */
void ws_connection_start(struct ws *ws, struct connection *connection, struct lws *wsi, bool json);
/** The socket is gone. */
void ws_connection_end(struct connection *connection);
/** A piece of a message, of the wsi's current frame. */
void ws_connection_receive(struct connection *connection, struct bytes piece);
void ws_connection_flush(struct connection *connection);
void ws_connection_close(struct connection *connection, int code, const char *reason);
/** Without a close frame; the end comes with the loop's next turn. */
void ws_connection_kill(struct connection *connection);
void ws_connection_check(struct connection *connection, int64_t now_ms);

/* ws_upgrade.c */
/** Whether this upgrade is welcome; answers it with an HTTP error if not. */
bool ws_upgrade_admit(const struct ws *ws, struct lws *wsi, const char *upgrade);
/** Answers a request that is no upgrade. */
void ws_upgrade_required(struct lws *wsi);

/* ws_mask.c */
/** Holds reading back until the first frame's head can be seen. */
void ws_mask_start(struct connection *connection);
void ws_mask_stop(struct connection *connection);

#endif
