/*
 * Each shard makes its share of the couples, a window of them at a time, each couple step by step:
 *
 *     sign up a ──▶ sign up b ──▶ a invites ──▶ b redeems ──▶ written down, next couple
 *
 * A step is one command; its answer, which comes when it is durable, begins the next. BUSY repeats
 * the step a little later. Everything of a shard is touched by its thread alone; what threads share
 * (output, counts) is under one lock.
 */
#include "tools/seeder.h"

#include <stdlib.h>

#include <sodium.h>
#include <uv.h>

#include "actors/identity_name.h"
#include "actors/identity_records.h"
#include "actors/invite_records.h"
#include "actors/kinds.h"
#include "actors/registry.h"
#include "actors/user_records.h"
#include "base/check.h"
#include "base/error.h"
#include "runtime/node.h"
#include "runtime/world.h"

#define WINDOW 256
#define RETRY_MS 5
#define PROGRESS_MS 200
#define SHARDS_MAX 64
#define UNUSABLE "!" /* no hash: nothing verifies against it */
#define REFRESH_LIFE (400 * 86400 * 1000LL)

enum step { STEP_SIGNUP_A, STEP_SIGNUP_B, STEP_INVITE, STEP_MATCH, STEP_COUNT };

struct member {
    struct principal who;
    char email[64];
    char access_token[TOKEN_TEXT_MAX];
    char refresh_token[REFRESH_TOKEN_CHARS + 1];
};

/** A couple in the making. */
struct slot {
    bool active;
    bool retry;
    enum step step;
    uint64_t number;
    struct member members[2];
    char code[16];
    struct id couple;
};

struct seeder;

struct seed_shard {
    struct seeder *seeder;
    struct shard *shard;
    uint16_t index;
    uv_timer_t timer; /* begins, and repeats what was busy */
    uint64_t next;    /* number of the next couple to begin */
    uint32_t active;
    bool finished;
    struct slot slots[WINDOW];
};

struct seeder {
    struct seeder_config config;
    uint16_t shards;
    struct buffer hash; /* what stands in place of every password's hash */
    const struct command_type *signup, *invite, *match;
    uv_mutex_t lock; /* of what follows, and of config.out */
    uv_cond_t changed;
    uint64_t done;
    uint16_t running;
    int error; /* the first one */
};

/* --- commands --- */

static const struct command_type *command_of(const struct kind *kind, uint16_t code)
{
    for (uint32_t i = 0; i < kind->op_count; i++) {
        if (kind->ops[i]->command.code == code) {
            return &kind->ops[i]->command;
        }
    }
    for (uint32_t i = 0; i < kind->command_count; i++) {
        if (kind->commands[i].code == code) {
            return &kind->commands[i];
        }
    }
    CHECK_ALWAYS(false && "a command that the seeder needs is gone");
    return NULL;
}

static struct command *make_signup(struct seed_shard *shard, struct member *member)
{
    struct arena scratch = {0};
    struct bytes normal = {0};
    CHECK_ALWAYS(name_normalize(text_of(member->email), &scratch, &normal) == 0);
    struct command *command = command_create(shard->seeder->signup, identity_of_email(normal));
    arena_fini(&scratch);
    struct signup_hashed_args *args = command->args;
    size_t len = strlen(member->email);
    args->email = bytes_of(arena_copy(&command->arena, member->email, len), len);
    args->birth_date = (struct day){.year = 1990, .month = 1, .day = 1};
    args->device = member->who.device;
    args->has_email = args->has_birth_date = args->has_device = true;
    struct bytes hash = buffer_bytes(&shard->seeder->hash);
    command->job_result = bytes_of(arena_copy(&command->arena, hash.data, hash.len), hash.len);
    return command;
}

static struct command *make_invite(struct seed_shard *shard, struct slot *slot)
{
    struct member *inviter = &slot->members[0];
    struct command *command =
        command_create(shard->seeder->invite, user_address(inviter->who.user));
    command_origin(command)->who = inviter->who;
    return command;
}

static struct command *make_match(struct seed_shard *shard, struct slot *slot)
{
    struct command *command =
        command_create(shard->seeder->match, user_address(slot->members[1].who.user));
    command_origin(command)->who = slot->members[1].who;
    struct couple_match_args *args = command->args;
    size_t len = strlen(slot->code);
    args->code = bytes_of(arena_copy(&command->arena, slot->code, len), len);
    args->has_code = true;
    return command;
}

static void submit(struct seed_shard *shard, struct slot *slot)
{
    struct command *command = slot->step == STEP_INVITE ? make_invite(shard, slot)
                              : slot->step == STEP_MATCH
                                  ? make_match(shard, slot)
                                  : make_signup(shard, &slot->members[slot->step]);
    command->caller = (struct caller){.session = {.shard = shard->index,
                                                  .slot = (uint32_t)(slot - shard->slots),
                                                  .generation = 1},
                                      .request = (uint32_t)slot->step};
    slot->retry = false;
    shard_submit(shard->shard, command);
}

/* --- couples --- */

static void begin_couple(struct seed_shard *shard, struct slot *slot)
{
    const struct seeder_config *config = &shard->seeder->config;
    if (shard->next >= config->couples) {
        slot->active = false;
        return;
    }
    *slot = (struct slot){.active = true, .number = shard->next};
    shard->next += shard->seeder->shards;
    shard->active++;
    for (uint64_t i = 0; i < 2; i++) {
        struct member *member = &slot->members[i];
        member->who.signed_in = true;
        randombytes_buf(&member->who.device, sizeof member->who.device);
        snprintf(member->email, sizeof member->email, "seed%llu@example.invalid",
                 (unsigned long long)(config->first + slot->number * 2 + i));
    }
    submit(shard, slot);
}

static void write_member(FILE *out, const struct slot *slot, const struct member *member)
{
    char couple[ID_TEXT_CHARS + 1];
    char user[ID_TEXT_CHARS + 1];
    char sid[ID_TEXT_CHARS + 1];
    char device[ID_TEXT_CHARS + 1];
    id_to_text(slot->couple, couple);
    id_to_text(member->who.user, user);
    id_to_text(member->who.sid, sid);
    id_to_text(member->who.device, device);
    fprintf(out,
            "{\"couple\":\"%s\",\"user\":\"%s\",\"sid\":\"%s\",\"device\":\"%s\","
            "\"email\":\"%s\",\"access_token\":\"%s\",\"refresh_token\":\"%s\"}\n",
            couple, user, sid, device, member->email, member->access_token, member->refresh_token);
}

static void end_couple(struct seed_shard *shard, struct slot *slot)
{
    struct seeder *seeder = shard->seeder;
    uv_mutex_lock(&seeder->lock);
    write_member(seeder->config.out, slot, &slot->members[0]);
    write_member(seeder->config.out, slot, &slot->members[1]);
    seeder->done++;
    uv_mutex_unlock(&seeder->lock);
    slot->active = false;
    shard->active--;
    begin_couple(shard, slot);
}

/** The last couple of the shard is made, or nothing more is to be. */
static void finish(struct seed_shard *shard, int error)
{
    struct seeder *seeder = shard->seeder;
    if (shard->finished) {
        return;
    }
    shard->finished = true;
    uv_mutex_lock(&seeder->lock);
    seeder->running--;
    if (seeder->error == 0) {
        seeder->error = error;
    }
    uv_cond_signal(&seeder->changed);
    uv_mutex_unlock(&seeder->lock);
}

/* --- answers --- */

static void copy_text(char *out, size_t size, struct bytes text)
{
    snprintf(out, size, "%.*s", (int)text.len, (const char *)text.data);
}

static void take_tokens(struct member *member, const struct auth_tokens *tokens)
{
    member->who.user = tokens->user;
    member->who.sid = tokens->sid;
    copy_text(member->access_token, sizeof member->access_token, tokens->access_token);
    copy_text(member->refresh_token, sizeof member->refresh_token, tokens->refresh_token);
}

static int take_result(struct slot *slot, const struct reply *reply)
{
    union {
        struct auth_tokens tokens;
        struct couple_invite_result invite;
        struct couple_match_result match;
    } result;
    static const struct record_type *const types[STEP_COUNT] = {
        [STEP_SIGNUP_A] = &auth_tokens_type,
        [STEP_SIGNUP_B] = &auth_tokens_type,
        [STEP_INVITE] = &couple_invite_result_type,
        [STEP_MATCH] = &couple_match_result_type};
    struct arena arena = {0};
    struct field_fault fault;
    int error =
        record_decode(types[slot->step], RECORD_AS_MAP, reply->result, &arena, &result, &fault);
    if (error == 0) {
        switch (slot->step) {
        case STEP_INVITE:
            copy_text(slot->code, sizeof slot->code, result.invite.code);
            break;
        case STEP_MATCH:
            slot->couple = result.match.couple;
            break;
        default:
            take_tokens(&slot->members[slot->step], &result.tokens);
        }
    }
    arena_fini(&arena);
    return error;
}

/** A refusal that passes. */
static bool comes_back(int error)
{
    return error == ERR_BUSY || error == ERR_RATE_LIMITED || error == ERR_PAIRING_IN_PROGRESS;
}

static void on_reply(void *self, const struct reply *reply)
{
    struct seed_shard *shard = self;
    struct slot *slot = &shard->slots[reply->caller.session.slot % WINDOW];
    if (!slot->active || reply->caller.request != (uint32_t)slot->step || shard->finished) {
        return;
    }
    if (comes_back(reply->error)) {
        slot->retry = true;
        return;
    }
    int error = reply->error != 0 ? reply->error : take_result(slot, reply);
    if (error != 0) {
        finish(shard, error);
        return;
    }
    slot->step++;
    if (slot->step == STEP_COUNT) {
        end_couple(shard, slot);
    } else {
        submit(shard, slot);
    }
    if (shard->active == 0) {
        finish(shard, 0);
    }
}

static void on_timer(uv_timer_t *timer)
{
    struct seed_shard *shard = timer->data;
    for (size_t i = 0; i < WINDOW && !shard->finished; i++) {
        struct slot *slot = &shard->slots[i];
        if (slot->active && slot->retry) {
            submit(shard, slot);
        } else if (!slot->active) {
            begin_couple(shard, slot);
        }
    }
    if (shard->active == 0) {
        finish(shard, 0);
    }
}

/* --- as an edge of the node --- */

static void ignore_attached(void *self, const struct attached *attached)
{
    (void)self;
    (void)attached;
}

static void ignore_page(void *self, const struct page_result *page)
{
    (void)self;
    (void)page;
}

static void ignore_push(void *self, const struct push *push)
{
    (void)self;
    (void)push;
}

static void ignore_control(void *self, const struct control *control)
{
    (void)self;
    (void)control;
}

static int edge_start(void *self, uint16_t index, uv_loop_t *loop, struct shard *shard, void **edge)
{
    struct seeder *seeder = self;
    struct seed_shard *mine = memory_alloc(sizeof *mine);
    mine->seeder = seeder;
    mine->shard = shard;
    mine->index = index;
    mine->next = index;
    mine->timer.data = mine;
    uv_timer_init(loop, &mine->timer);
    uv_timer_start(&mine->timer, on_timer, 0, RETRY_MS);
    shard_set_edge(shard, &(struct shard_edge){.self = mine,
                                               .reply = on_reply,
                                               .attached = ignore_attached,
                                               .page = ignore_page,
                                               .push = ignore_push,
                                               .control = ignore_control});
    *edge = mine;
    return 0;
}

static void edge_close(void *edge)
{
    struct seed_shard *shard = edge;
    shard->finished = true;
    uv_close((uv_handle_t *)&shard->timer, NULL);
}

static void edge_free(void *edge)
{
    free(edge);
}

/* --- the whole --- */

static void wait_until_made(struct seeder *seeder)
{
    uv_mutex_lock(&seeder->lock);
    while (seeder->running > 0 && seeder->error == 0) {
        uv_cond_timedwait(&seeder->changed, &seeder->lock, PROGRESS_MS * 1000000ULL);
        uint64_t done = seeder->done;
        if (seeder->config.progress != NULL) {
            uv_mutex_unlock(&seeder->lock);
            seeder->config.progress(done, seeder->config.couples);
            uv_mutex_lock(&seeder->lock);
        }
    }
    uv_mutex_unlock(&seeder->lock);
}

static int make_hash(struct seeder *seeder)
{
    const char *password = seeder->config.password;
    if (password == NULL) {
        buffer_append(&seeder->hash, UNUSABLE, strlen(UNUSABLE));
        return 0;
    }
    struct job_request request = {.job = JOB_HASH_PASSWORD};
    buffer_append(&request.input, password, strlen(password));
    job_run(&request);
    buffer_fini(&request.input);
    seeder->hash = request.result;
    return request.error;
}

static int run_node(struct seeder *seeder)
{
    const struct node_edge edge = {
        .self = seeder, .start = edge_start, .close = edge_close, .destroy = edge_free};
    const struct node_config config = {.data = seeder->config.data,
                                       .shards = seeder->shards,
                                       .kinds = actor_kinds,
                                       .kind_count = (uint32_t)actor_kind_count,
                                       .log_keep = true,
                                       .refresh_ms = REFRESH_LIFE};
    struct node *node = NULL;
    int error = node_open(&config, &node);
    if (error != 0) {
        return error;
    }
    error = node_start(node, &edge);
    if (error == 0) {
        wait_until_made(seeder);
        error = seeder->error;
    }
    node_close(node);
    return error;
}

int seeder_run(const struct seeder_config *config)
{
    unsigned cores = uv_available_parallelism();
    struct seeder seeder = {.config = *config,
                            .shards = (uint16_t)(cores > SHARDS_MAX ? SHARDS_MAX : cores)};
    seeder.running = seeder.shards;
    seeder.signup = command_of(&identity_kind, IDENTITY_SIGNUP_HASHED);
    seeder.invite = command_of(&user_kind, USER_COUPLE_INVITE);
    seeder.match = command_of(&user_kind, USER_COUPLE_MATCH);
    CHECK_ALWAYS(uv_mutex_init(&seeder.lock) == 0);
    CHECK_ALWAYS(uv_cond_init(&seeder.changed) == 0);
    int error = make_hash(&seeder);
    if (error == 0) {
        error = run_node(&seeder);
    }
    buffer_fini(&seeder.hash);
    uv_cond_destroy(&seeder.changed);
    uv_mutex_destroy(&seeder.lock);
    return error;
}
