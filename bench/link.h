/**
 * One connection in the generator's epoll loop, a WebSocket unless it has a splitter. What is sent
 * gathers in `out` and leaves in one system call by link_flush; pings are answered. One thread.
 */
#ifndef BENCH_LINK_H
#define BENCH_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "client/ws_frame.h"

#define LINK_RECEIVE_BYTES (256 * 1024)

#define LINK_MALFORMED SIZE_MAX

/**
 * For protocols that are no WebSocket: bytes of the whole message at the front of `input`, 0 when
 * more must come to know that, or LINK_MALFORMED. More than there are is the same as 0. Pure.
 */
typedef size_t link_splitter(struct bytes input);

struct link {
    int fd; /* -1: gone */
    bool waits_to_write;
    uint16_t close_code;    /* once gone */
    uint32_t come_after_ms; /* what the close frame's reason said of coming back; 0: nothing */
    link_splitter *split;   /* NULL: WebSocket */
    struct ws_parser parser;
    struct buffer pending; /* with `split`: the beginning of a message */
    struct buffer out;
    size_t sent; /* of `out` */
};

/** Handles one message; may append to link->out. The bytes are valid during the call only. */
typedef void link_handler(void *owner, struct bytes message);

/** Takes a socket that is in an epoll already, for input. */
void link_adopt(struct link *link, int fd);
/** Takes the socket and registers it with `epoll` under `data`. 0, or ERR_IO. */
int link_init(struct link *link, int fd, int epoll, void *data);
void link_fini(struct link *link);

/**
 * Receives once, up to LINK_RECEIVE_BYTES, and hands over every whole message. `*now_us` is set
 * after the system call. 0, or an error: then the socket was closed, see close_code.
 */
int link_receive(struct link *link, int64_t *now_us, link_handler *handle, void *owner);

/** The same for bytes that were received before the link existed. */
int link_feed(struct link *link, struct bytes input, link_handler *handle, void *owner);

/** Sends what gathered; what the kernel does not take goes when it is writable. As above. */
int link_flush(struct link *link, int epoll, void *data);

#endif
