/* What a device asks for, and what it makes of the answers. */
#include <stdio.h>
#include <stdlib.h>

#include "actors/couple_records.h"
#include "actors/identity_records.h"
#include "actors/invite_records.h"
#include "actors/user_profile.h"
#include "tests/simulation/device.h"
#include "tests/simulation/trace.h"

static const char *const op_names[TASK_KIND_COUNT] = {
    [TASK_INVITE] = "couple.invite", [TASK_MATCH] = "couple.match", [TASK_LEAVE] = "couple.leave",
    [TASK_SEND] = "chat.send",       [TASK_READ] = "chat.read",     [TASK_HISTORY] = "chat.history",
    [TASK_INFO] = "couple.info",     [TASK_TYPING] = "chat.typing", [TASK_PING] = "ping",
    [TASK_SIGNOUT] = "auth.signout", [TASK_RENAME] = "user.update",
};
static const bool keyed[TASK_KIND_COUNT] = {
    [TASK_INVITE] = true, [TASK_MATCH] = true,   [TASK_LEAVE] = true,
    [TASK_READ] = true,   [TASK_SIGNOUT] = true, [TASK_RENAME] = true,
};

struct task *device_do(struct device *device, enum task_kind kind)
{
    struct task *task = memory_alloc(sizeof *task);
    task->kind = kind;
    task->couple = device->couple;
    snprintf(task->key, sizeof task->key, "%016llx", (unsigned long long)sim_next(&device->random));
    if (device->last_task == NULL) {
        device->tasks = task;
    } else {
        device->last_task->next = task;
    }
    device->last_task = task;
    device_retry_later(device, 0);
    return task;
}

struct task *device_invite(struct device *device)
{
    return device_do(device, TASK_INVITE);
}

struct task *device_match(struct device *device, const char *code)
{
    struct task *task = device_do(device, TASK_MATCH);
    snprintf(task->text, sizeof task->text, "%s", code);
    return task;
}

struct task *device_leave(struct device *device)
{
    return device_do(device, TASK_LEAVE);
}

struct task *device_say(struct device *device, const char *text)
{
    struct task *task = device_do(device, TASK_SEND);
    task->no = device->next_no++;
    snprintf(task->text, sizeof task->text, "%s", text);
    return task;
}

struct task *device_read(struct device *device, int64_t up_to)
{
    struct task *task = device_do(device, TASK_READ);
    task->number = up_to;
    return task;
}

struct task *device_history(struct device *device, bool after, int64_t number, int64_t limit)
{
    struct task *task = device_do(device, TASK_HISTORY);
    task->after = after;
    task->number = number;
    task->limit = limit;
    return task;
}

struct task *device_rename(struct device *device, const char *nickname)
{
    struct task *task = device_do(device, TASK_RENAME);
    snprintf(task->text, sizeof task->text, "%s", nickname);
    return task;
}

/** What it says, in full. */
static void task_text(const struct task *task, struct buffer *out)
{
    for (uint32_t i = 0; i == 0 || i < task->repeat; i++) {
        buffer_append(out, task->text, strlen(task->text));
    }
}

/* --- asking --------------------------------------------------------------------------------- */

void task_request(struct device *device, struct task *task)
{
    const struct record_type *type = &empty_type;
    const void *args = NULL;
    struct buffer text = {0};
    task_text(task, &text);
    struct couple_match_args match = {.code = text_of(task->text)};
    struct chat_send_args send = {.no = task->no, .text = buffer_bytes(&text)};
    struct chat_read_args read = {.up_to = task->number};
    struct chat_history_args history = {.before = task->number,
                                        .has_before = !task->after && task->number != 0,
                                        .after = task->number,
                                        .has_after = task->after,
                                        .limit = task->limit,
                                        .has_limit = task->limit != 0};
    struct auth_signout_args signout = {0};
    struct user_update_args rename = {.nickname = text_of(task->text), .has_nickname = true};
    const struct {
        const struct record_type *type;
        const void *args;
    } shapes[TASK_KIND_COUNT] = {
        [TASK_MATCH] = {&couple_match_args_type, &match},
        [TASK_SEND] = {&chat_send_args_type, &send},
        [TASK_READ] = {&chat_read_args_type, &read},
        [TASK_HISTORY] = {&chat_history_args_type, &history},
        [TASK_SIGNOUT] = {&auth_signout_args_type, &signout},
        [TASK_RENAME] = {&user_update_args_type, &rename},
    };
    if (shapes[task->kind].type != NULL) {
        type = shapes[task->kind].type;
        args = shapes[task->kind].args;
    }
    task->request = device->next_request++;
    task->tries++;
    trace("%s: asks %u %s %s no %lld, try %u", device->name, task->request, op_names[task->kind],
          task->text, (long long)task->no, task->tries);
    frame_append_request(&device->out, task->request, op_names[task->kind], type, args,
                         keyed[task->kind] ? text_of(task->key) : (struct bytes){0});
    buffer_fini(&text);
}

/* --- answers -------------------------------------------------------------------------------- */

static void sent(struct device *device, struct task *task, struct bytes result, struct arena *arena)
{
    struct chat_send_result out;
    struct buffer text = {0};
    task_text(task, &text);
    device_decode(device, &chat_send_result_type, result, arena, &out);
    struct stream_fact fact = {.what = FACT_MESSAGE,
                               .msg = out.msg,
                               .who = device->account->user,
                               .text = ledger_hash(buffer_bytes(&text)),
                               .at = out.at};
    buffer_fini(&text);
    if (out.has_dup && out.dup && task->tries == 1) {
        sim_fail("%s: message %lld was a duplicate at its first try", device->name,
                 (long long)task->no);
    }
    ledger_note(device->ledger, out.epoch, out.seq, &fact, device->name);
    ledger_acked(device->ledger, device->account->user, device->id, task->no, out.epoch, out.seq,
                 out.msg);
    view_own(device, VIEW_COUPLE, out.epoch, out.seq);
    device->acked++;
    device->dups += out.has_dup && out.dup;
}

static void marked(struct device *device, struct task *task, struct bytes result,
                   struct arena *arena)
{
    struct chat_read_result out;
    device_decode(device, &chat_read_result_type, result, arena, &out);
    if (out.up_to < task->number) {
        sim_fail("%s: read up to %lld, and the mark is %lld", device->name, (long long)task->number,
                 (long long)out.up_to);
    }
    if (out.has_seq) {
        struct stream_fact fact = {
            .what = FACT_READ, .msg = out.up_to, .who = device->account->user};
        ledger_note(device->ledger, out.epoch, out.seq, &fact, device->name);
        view_own(device, VIEW_COUPLE, out.epoch, out.seq);
    }
}

static void listed(struct device *device, struct task *task, struct bytes result,
                   struct arena *arena)
{
    struct chat_history_result out;
    const struct view *view = &device->views[VIEW_COUPLE];
    device_decode(device, &chat_history_result_type, result, arena, &out);
    const struct chat_message *messages = out.messages.items;
    bool same = view->known && id_equal(view->couple, task->couple) &&
                id_equal(device->couple, task->couple);
    for (uint32_t i = 0; i < out.messages.count; i++) {
        if (i != 0 && messages[i].msg != messages[i - 1].msg + 1) {
            sim_fail("%s: history has %lld after %lld", device->name, (long long)messages[i].msg,
                     (long long)messages[i - 1].msg);
        }
        struct stream_fact fact = {.what = FACT_MESSAGE,
                                   .msg = messages[i].msg,
                                   .who = messages[i].from,
                                   .text = ledger_hash(messages[i].text),
                                   .at = messages[i].at};
        if (same) {
            ledger_note(device->ledger, view->epoch, messages[i].seq, &fact, "history");
        }
    }
    bool empty = out.messages.count == 0;
    int64_t last = empty ? 0 : messages[out.messages.count - 1].msg;
    if (task->after ? empty != (task->number >= out.last_msg)
                    : task->number == 0 && last != out.last_msg) {
        sim_fail("%s: history ends with %lld of %lld", device->name, (long long)last,
                 (long long)out.last_msg);
    }
}

static void renamed(struct device *device, struct task *task, struct bytes result,
                    struct arena *arena)
{
    struct user_profile_result out;
    device_decode(device, &user_profile_result_type, result, arena, &out);
    if (!bytes_equal(out.nickname, text_of(task->text))) {
        sim_fail("%s: wanted to be %s, and is not", device->name, task->text);
    }
}

static void take_result(struct device *device, struct task *task, struct bytes result)
{
    struct arena arena = {0};
    struct couple_match_result match;
    struct couple_invite_result invite;
    struct couple_info_result info;
    switch (task->kind) {
    case TASK_SEND:
        sent(device, task, result, &arena);
        break;
    case TASK_READ:
        marked(device, task, result, &arena);
        break;
    case TASK_HISTORY:
        listed(device, task, result, &arena);
        break;
    case TASK_MATCH:
        device_decode(device, &couple_match_result_type, result, &arena, &match);
        task->couple = match.couple;
        task->partner = match.partner;
        break;
    case TASK_INVITE:
        device_decode(device, &couple_invite_result_type, result, &arena, &invite);
        snprintf(task->text, sizeof task->text, "%.*s", (int)invite.code.len, invite.code.data);
        break;
    case TASK_INFO:
        device_decode(device, &couple_info_result_type, result, &arena, &info);
        break;
    case TASK_RENAME:
        renamed(device, task, result, &arena);
        break;
    case TASK_SIGNOUT:
        device->has_tokens = false;
        break;
    default:
        break;
    }
    arena_fini(&arena);
}

static bool comes_again(const struct device *device, const struct task *task, int error)
{
    (void)device;
    return error == ERR_BUSY || error == ERR_RATE_LIMITED || error == ERR_STORAGE_FULL ||
           error == ERR_NO_MEMORY || (error == ERR_PAIRING_IN_PROGRESS && task->tries < 100);
}

void task_answered(struct device *device, const struct rpc_incoming *answer)
{
    struct task *task = device->tasks;
    while (task != NULL && (task->done || task->request != answer->id)) {
        task = task->next;
    }
    if (task == NULL) {
        sim_fail("%s: an answer to %u, which it did not ask", device->name, answer->id);
    }
    trace("%s: answer %u %s", device->name, answer->id,
          answer->error == 0 ? "ok" : error_name(answer->error));
    task->request = 0;
    if (answer->error == ERR_INTERNAL || answer->error == ERR_IDEMPOTENCY_CONFLICT ||
        (answer->error == ERR_INVALID_ARGUMENT && task->kind != TASK_READ)) {
        sim_fail("%s: %s was answered with %s", device->name, op_names[task->kind],
                 error_name(answer->error));
    }
    if (comes_again(device, task, answer->error)) {
        int64_t wait = sim_between(&device->random, 1, 30) + answer->retry_ms / 10;
        task->retry_at_ms = machine_now_ms(device->machine) + wait;
        device_retry_later(device, wait + 1);
        return;
    }
    task->done = true;
    task->error = answer->error;
    if (answer->error == 0) {
        take_result(device, task, answer->result);
    } else if (answer->error == ERR_NOT_PAIRED && !id_is_zero(task->couple)) {
        ledger_ended(device->ledger, task->couple);
    }
}
