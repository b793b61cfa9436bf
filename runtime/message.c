#include "runtime/message.h"

#include <stdlib.h>

#include "base/check.h"
#include "base/pool.h"
#include "runtime/shard_internal.h"

void message_list_splice(struct message_list *to, struct message_list *from)
{
    if (from->head == NULL) {
        return;
    }
    if (to->tail == NULL) {
        to->head = from->head;
    } else {
        to->tail->next = from->head;
    }
    to->tail = from->tail;
    to->count += from->count;
    *from = (struct message_list){0};
}

void *message_create(enum message_type type, size_t size, size_t tail)
{
    struct message *message = pool_alloc(size + tail);
    memset(message, 0, size);
    message->type = type;
    message->pool_bytes = (uint16_t)(size + tail <= POOL_BLOCK_BYTES_MAX ? size + tail : 0);
    return message;
}

struct reply *reply_create(struct caller caller, struct bytes result)
{
    struct reply *reply = message_create(MESSAGE_REPLY, sizeof *reply, result.len);
    reply->caller = caller;
    reply->message.to_shard = caller.session.shard;
    if (result.len != 0) {
        memcpy(reply + 1, result.data, result.len);
        reply->result = bytes_of(reply + 1, result.len);
    }
    return reply;
}

/* A command and most args share a block; what does not fit goes into blocks of the arena's own. */
#define COMMAND_BYTES 768
_Static_assert(COMMAND_BYTES <= POOL_BLOCK_BYTES_MAX, "of the pool");
#define COMMAND_HEAD ((sizeof(struct command) + 15) & ~(size_t)15)
_Static_assert(COMMAND_BYTES >= COMMAND_HEAD + ARENA_ROOM_OVERHEAD + 256, "room for small args");

/** Args are not written. */
static struct command *command_begin(const struct command_type *type, struct address to)
{
    struct command *command = pool_alloc(COMMAND_BYTES);
    memset(command, 0, sizeof *command);
    command->message.type = MESSAGE_COMMAND;
    command->message.pool_bytes = COMMAND_BYTES;
    arena_begin(&command->arena, (uint8_t *)command + COMMAND_HEAD, COMMAND_BYTES - COMMAND_HEAD);
    command->type = type;
    command->to = to;
    command->args = arena_take(&command->arena, type->args->size);
    return command;
}

struct command *command_create(const struct command_type *type, struct address to)
{
    struct command *command = command_begin(type, to);
    memset(command->args, 0, type->args->size);
    return command;
}

struct command *command_create_of(const struct command_type *type, struct address to,
                                  const void *args)
{
    struct command *command = command_begin(type, to);
    record_copy(type->args, args, &command->arena, command->args);
    return command;
}

const struct origin origin_none;

struct origin *command_origin(struct command *command)
{
    if (command->origin == NULL) {
        command->origin = arena_alloc(&command->arena, sizeof *command->origin);
    }
    return command->origin;
}

static void command_fini(struct message *message)
{
    arena_fini(&((struct command *)message)->arena);
}

static void ack_fini(struct message *message)
{
    buffer_fini(&((struct ack *)message)->result);
}

static void page_result_fini(struct message *message)
{
    buffer_fini(&((struct page_result *)message)->bodies);
}

static void push_fini(struct message *message)
{
    payload_unref(((struct push *)message)->body);
}

static void flushed_fini(struct message *message)
{
    struct flush *flush = (struct flush *)message;
    arena_fini(&flush->arena);
    free(flush->changes);
    free(flush->actors);
}

static void effect_push_fini(struct message *message)
{
    payload_unref(((struct effect_push *)message)->body);
}

static void effect_job_fini(struct message *message)
{
    struct effect_job *effect = (struct effect_job *)message;
    if (effect->request != NULL) {
        buffer_fini(&effect->request->input);
        buffer_fini(&effect->request->result);
        message_destroy(&effect->request->then->message);
        free(effect->request);
    }
}

static void effect_send_fini(struct message *message)
{
    buffer_fini(&((struct effect_send *)message)->args);
}

static void (*const message_fini[MESSAGE_TYPE_COUNT])(struct message *message) = {
    [MESSAGE_COMMAND] = command_fini, [MESSAGE_ACK] = ack_fini,
    [MESSAGE_PUSH] = push_fini,       [MESSAGE_PAGE_RESULT] = page_result_fini,
    [MESSAGE_FLUSHED] = flushed_fini, [EFFECT_PUSH] = effect_push_fini,
    [EFFECT_JOB] = effect_job_fini,   [EFFECT_SEND] = effect_send_fini,
};

void message_destroy(struct message *message)
{
    if (message == NULL) {
        return;
    }
    if (message_fini[message->type] != NULL) {
        message_fini[message->type](message);
    }
    if (message->pool_bytes != 0) {
        pool_free(message, message->pool_bytes);
    } else {
        free(message);
    }
}
