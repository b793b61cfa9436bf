#include "tests/simulation/net.h"

#include <stdlib.h>

#include "base/check.h"
#include "tests/simulation/trace.h"

struct packet {
    struct packet *next;
    struct buffer bytes;
};
struct queue {
    struct packet *head, *tail;
    int64_t last_us;
};

struct connection {
    struct connection *next;
    struct machine *machine;
    struct peer peer;
    uint16_t lane;
    bool device_open, node_open;
    bool closing; /* by the node */
    int close_code;
    struct session *session;
    struct queue to_node, to_device;
    size_t pending;
    int64_t stalled_until_us;
};

static void queue_push(struct queue *queue, struct bytes message)
{
    struct packet *packet = memory_alloc(sizeof *packet);
    buffer_append(&packet->bytes, message.data, message.len);
    if (queue->tail == NULL) {
        queue->head = packet;
    } else {
        queue->tail->next = packet;
    }
    queue->tail = packet;
}

static struct packet *queue_pop(struct queue *queue)
{
    struct packet *packet = queue->head;
    if (packet != NULL) {
        queue->head = packet->next;
        queue->tail = queue->head == NULL ? NULL : queue->tail;
    }
    return packet;
}

static void packet_free(struct packet *packet)
{
    buffer_fini(&packet->bytes);
    free(packet);
}

static void queue_drop(struct queue *queue)
{
    struct packet *packet;
    while ((packet = queue_pop(queue)) != NULL) {
        packet_free(packet);
    }
}

/** When the next thing on this queue arrives; never before the one ahead of it. */
static int64_t arrival(struct connection *connection, struct queue *queue)
{
    struct machine *machine = connection->machine;
    int64_t at = machine->now_us + sim_between(&machine->random, 1, machine->weather.net_us);
    queue->last_us = at > queue->last_us ? at : queue->last_us;
    return queue->last_us - machine->now_us;
}

/* --- towards the device --------------------------------------------------------------------- */

static void device_closed(struct machine *machine, void *subject, uint64_t number)
{
    struct connection *connection = subject;
    (void)machine;
    if (connection->device_open) {
        connection->device_open = false;
        queue_drop(&connection->to_device);
        connection->peer.closed(connection->peer.self, (int)number);
    }
}

static void node_disconnected(struct machine *machine, void *subject, uint64_t number)
{
    struct connection *connection = subject;
    (void)number;
    if (connection->node_open) {
        connection->node_open = false;
        queue_drop(&connection->to_node);
        session_disconnected(connection->session);
        lane_ran(machine, connection->lane);
    }
}

static void drained(struct connection *connection, size_t len)
{
    connection->pending -= len;
    bool wrote_some = connection->pending == 0 || sim_one_in(&connection->machine->random, 4);
    if (connection->node_open && !connection->closing && wrote_some) {
        session_writable(connection->session);
        lane_ran(connection->machine, connection->lane);
    }
}

static void arrive_at_device(struct machine *machine, void *subject, uint64_t number)
{
    struct connection *connection = subject;
    (void)number;
    if (machine->now_us < connection->stalled_until_us) {
        int64_t wait = connection->stalled_until_us - machine->now_us;
        connection->to_device.last_us = connection->stalled_until_us;
        machine_schedule(machine, wait, arrive_at_device, connection, 0);
        return;
    }
    struct packet *packet = queue_pop(&connection->to_device);
    if (packet == NULL) {
        return;
    }
    if (connection->device_open) {
        connection->peer.received(connection->peer.self, buffer_bytes(&packet->bytes));
    }
    size_t len = packet->bytes.len;
    packet_free(packet);
    drained(connection, len);
}

static void transport_send(void *self, struct bytes head, struct bytes rest)
{
    struct connection *connection = self;
    struct buffer message = {0};
    buffer_append(&message, head.data, head.len);
    buffer_append(&message, rest.data, rest.len);
    connection->pending += message.len;
    queue_push(&connection->to_device, buffer_bytes(&message));
    buffer_fini(&message);
    machine_schedule(connection->machine, arrival(connection, &connection->to_device),
                     arrive_at_device, connection, 0);
}

static size_t transport_pending(void *self)
{
    return ((struct connection *)self)->pending;
}

static void transport_close(void *self, int code, const char *reason)
{
    struct connection *connection = self;
    struct machine *machine = connection->machine;
    CHECK_ALWAYS(!connection->closing);
    trace("the node closes a connection: %d %s", code, reason);
    connection->closing = true;
    machine_schedule(machine, arrival(connection, &connection->to_device) + 1, device_closed,
                     connection, (uint64_t)code);
    machine_schedule_life(machine, sim_between(&machine->random, 1, machine->weather.net_us * 2),
                          node_disconnected, connection, 0);
}

/* --- towards the node ----------------------------------------------------------------------- */

static void accept(struct machine *machine, void *subject, uint64_t number)
{
    struct connection *connection = subject;
    (void)number;
    if (!connection->device_open) {
        return;
    }
    if (!machine->up) {
        device_closed(machine, connection, 1006);
        return;
    }
    struct transport transport = {.self = connection,
                                  .send = transport_send,
                                  .pending = transport_pending,
                                  .close = transport_close};
    connection->lane = (uint16_t)sim_below(&machine->random, machine->shard_count);
    connection->session = session_connect(machine->lanes[connection->lane].sessions,
                                          SUBPROTOCOL_MSGPACK, bytes_of("device", 6), &transport);
    if (connection->session == NULL) {
        device_closed(machine, connection, 4001);
        return;
    }
    connection->node_open = true;
    lane_ran(machine, connection->lane);
}

struct connection *net_connect(struct machine *machine, const struct peer *peer)
{
    struct connection *connection = memory_alloc(sizeof *connection);
    connection->machine = machine;
    connection->peer = *peer;
    connection->device_open = true;
    connection->next = machine->connections;
    machine->connections = connection;
    machine_schedule(machine, arrival(connection, &connection->to_node), accept, connection, 0);
    return connection;
}

static void arrive_at_node(struct machine *machine, void *subject, uint64_t number)
{
    struct connection *connection = subject;
    struct packet *packet = connection->node_open ? queue_pop(&connection->to_node) : NULL;
    (void)number;
    if (packet == NULL) {
        return;
    }
    session_receive(connection->session, buffer_bytes(&packet->bytes));
    packet_free(packet);
    lane_ran(machine, connection->lane);
}

void net_send(struct connection *connection, struct bytes message)
{
    queue_push(&connection->to_node, message);
    machine_schedule(connection->machine, arrival(connection, &connection->to_node), arrive_at_node,
                     connection, 0);
}

void net_cut(struct connection *connection)
{
    struct machine *machine = connection->machine;
    connection->device_open = false;
    queue_drop(&connection->to_device);
    machine_schedule_life(machine, sim_between(&machine->random, 1, 20000), node_disconnected,
                          connection, 0);
}

void net_stall(struct connection *connection, int64_t for_us)
{
    connection->stalled_until_us = connection->machine->now_us + for_us;
}

/* --- the node's end ------------------------------------------------------------------------- */

void net_break_all(struct machine *machine)
{
    for (struct connection *c = machine->connections; c != NULL; c = c->next) {
        if (!c->node_open) {
            continue;
        }
        c->node_open = false; /* the table lets go of the session */
        queue_drop(&c->to_node);
        if (sim_one_in(&machine->random, 2)) {
            queue_drop(&c->to_device); /* else the network still delivers it */
        }
        machine_schedule(machine, arrival(c, &c->to_device) + 1, device_closed, c, 1006);
    }
}

void net_fini(struct machine *machine)
{
    while (machine->connections != NULL) {
        struct connection *connection = machine->connections;
        machine->connections = connection->next;
        queue_drop(&connection->to_node);
        queue_drop(&connection->to_device);
        free(connection);
    }
}
