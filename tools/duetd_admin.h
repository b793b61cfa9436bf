/**
 * The server of the admin socket: a small thread of its own, so that it answers also when every
 * shard is busy.
 */
#ifndef TOOLS_DUETD_ADMIN_H
#define TOOLS_DUETD_ADMIN_H

#include <stdint.h>

struct node;
struct admin_server;

/** Binds DATA/admin.sock and starts the thread. `node` must outlive it. 0 or ERR_IO. */
int admin_server_start(const char *data, struct node *node, struct admin_server **out);

/** Ends the thread, removes the socket, frees. NULL is fine. */
void admin_server_stop(struct admin_server *server);

#endif
