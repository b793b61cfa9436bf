/**
 * People in a small world: the real actors on one shard, asked as an edge would ask them.
 */
#ifndef TESTS_UNIT_ACTORS_PEOPLE_H
#define TESTS_UNIT_ACTORS_PEOPLE_H

#include "tests/unit/runtime/small_world.h"

#include "actors/couple_records.h"
#include "actors/kinds.h"
#include "actors/registry.h"

#define SETTLE_TURNS 64

#define JOBS_MAX 8

/** The people of a test, and what they asked. */
struct people {
    struct small_world small; /* first: the world's self */
    struct job_request *jobs[JOBS_MAX];
    uint32_t job_count;
    struct arena arena;
    uint32_t request;
};

/* --- jobs and tokens that cost nothing --- */

static inline bool people_job(void *self, uint16_t shard, struct job_request *request)
{
    struct people *people = self;
    (void)shard;
    assert_true(people->job_count < JOBS_MAX);
    people->jobs[people->job_count++] = request;
    return true;
}

/** Hashes to "hash:" and the password; verifies against that. */
static inline void people_work(struct job_request *request)
{
    const struct buffer *input = &request->input;
    if (request->job == JOB_HASH_PASSWORD) {
        buffer_append(&request->result, "hash:", 5);
        buffer_append(&request->result, input->data, input->len);
        return;
    }
    size_t len = get_u32(input->data);
    struct bytes hash = bytes_of(input->data + 4, len);
    struct bytes password = bytes_of(input->data + 4 + len, input->len - 4 - len);
    bool right = len >= 5 && bytes_equal(bytes_of(hash.data + 5, len - 5), password);
    buffer_append_u8(&request->result, right);
    buffer_append_u8(&request->result, 0);
}

static inline void people_jobs_done(struct people *people)
{
    uint32_t count = people->job_count;
    people->job_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        people_work(people->jobs[i]);
        shard_job_done(people->small.shard, people->jobs[i]);
    }
}

static inline int64_t people_sign(void *self, struct id user, struct id sid, struct id device,
                                  char *out)
{
    (void)user;
    (void)sid;
    (void)device;
    memcpy(out, "token", sizeof "token");
    return ((struct people *)self)->small.now_ms + 1000;
}

static inline void people_start(struct people *people)
{
    small_start(&people->small, actor_kinds, (uint32_t)actor_kind_count, 1);
    people->small.world.job = people_job;
    people->small.world.sign_access = people_sign;
}

static inline void people_begin(struct people *people)
{
    people_start(people);
    shard_start(people->small.shard, (struct lsn){people->small.tail});
}

/** What the workers had not done yet goes with the power. */
static inline void people_drop_jobs(struct people *people)
{
    for (uint32_t i = 0; i < people->job_count; i++) {
        message_destroy(&people->jobs[i]->then->message);
        buffer_fini(&people->jobs[i]->input);
        buffer_fini(&people->jobs[i]->result);
        free(people->jobs[i]);
    }
    people->job_count = 0;
}

static inline void people_end(struct people *people)
{
    people_drop_jobs(people);
    small_fini(&people->small);
    arena_fini(&people->arena);
}

/** Until nothing moves. */
static inline void people_settle(struct people *people)
{
    for (int i = 0; i < SETTLE_TURNS; i++) {
        small_commit(&people->small);
        people_jobs_done(people);
    }
}

/** Everything that is not durable is lost; then all of the log is read again. */
static inline void people_power_cut(struct people *people)
{
    people_drop_jobs(people);
    small_power_cut(&people->small);
    people_start(people);
    small_replay(&people->small);
    shard_start(people->small.shard, (struct lsn){people->small.tail});
}

static inline struct id person_id(uint8_t number)
{
    return (struct id){{number, 1, 2, 3}};
}

static inline const struct op *people_op(const char *name)
{
    for (size_t i = 0; i < actor_kind_count; i++) {
        for (uint32_t j = 0; j < actor_kinds[i]->op_count; j++) {
            if (strcmp(actor_kinds[i]->ops[j]->command.name, name) == 0) {
                return actor_kinds[i]->ops[j];
            }
        }
    }
    fail_msg("no op %s", name);
    return NULL;
}

/** Hands a request in, without a turn. `key`: 0 for none. Returns its number. */
static inline uint32_t people_submit(struct people *people, struct id user, struct id couple,
                                     const char *name, const void *args, uint8_t key)
{
    const struct op *op = people_op(name);
    struct principal who = {
        .user = user, .sid = {{8}}, .device = {{9}}, .couple = couple, .signed_in = true};
    struct address to;
    assert_int_equal(op->route(&who, args, &to), 0);
    struct command *command = command_create_of(&op->command, to, args);
    struct origin *origin = command_origin(command);
    origin->who = who;
    if (key != 0) {
        struct buffer body = {0};
        buffer_append(&body, name, strlen(name));
        record_encode(op->command.args, RECORD_AS_MAP, args, &body);
        origin->request_key = (struct id){{key, user.bytes[0]}};
        origin->request_hash = id_from_hash(body.data, body.len);
        origin->keyed = op->keyed;
        buffer_fini(&body);
    }
    command->caller = (struct caller){.session = {.generation = 1}, .request = ++people->request};
    shard_submit(people->small.shard, command);
    return people->request;
}

/** Asks, and waits until nothing moves: 0 and the result (NULL: not wanted), or the error. */
static inline int people_ask(struct people *people, struct id user, struct id couple,
                             const char *name, const void *args, uint8_t key, void *result)
{
    uint32_t replies = people->small.replies;
    uint32_t request = people_submit(people, user, couple, name, args, key);
    people_settle(people);
    assert_int_equal(people->small.replies, replies + 1);
    assert_int_equal(people->small.last.caller.request, request);
    if (people->small.last.error == 0 && result != NULL) {
        const struct record_type *type = people_op(name)->command.result;
        struct bytes in = buffer_bytes(&people->small.last_result);
        in.data = arena_copy(&people->arena, in.data, in.len);
        struct field_fault fault;
        assert_int_equal(record_decode(type, RECORD_AS_MAP, in, &people->arena, result, &fault), 0);
    }
    return people->small.last.error;
}

/** A user who has signed up; without a nickname. */
static inline struct id people_add(struct people *people, uint8_t number)
{
    struct id user = person_id(number);
    struct user_create_args args = {.email = text_of("a@example.com"), .birth_date = {1998, 3, 14}};
    const struct command_type *type = kind_command(&user_kind, USER_CREATE);
    shard_submit(people->small.shard, command_create_of(type, user_address(user), &args));
    people_settle(people);
    return user;
}

/** A command as from another actor, without waiting for what it causes. */
static inline void people_command(struct people *people, struct address to, uint16_t code,
                                  const void *args)
{
    const struct command_type *type = shard_command_type(people->small.shard, to.kind, code);
    shard_submit(people->small.shard, command_create_of(type, to, args));
}

/** Makes them a couple, as an invite would have decided. */
static inline struct id people_pair(struct people *people, struct id a, struct id b)
{
    struct id couple = {{0xc0, a.bytes[0], b.bytes[0]}};
    struct id members[] = {a, b};
    people_command(people, couple_address(couple), COUPLE_CREATE,
                   &(struct couple_create_args){.a = a, .b = b});
    people_settle(people);
    for (int i = 0; i < 2; i++) {
        struct user_pair_reserve_args held = {.couple = couple, .partner = members[1 - i]};
        struct user_pair_commit_args joined = {.couple = couple, .partner = members[1 - i]};
        people_command(people, user_address(members[i]), USER_PAIR_RESERVE, &held);
        people_command(people, user_address(members[i]), USER_PAIR_COMMIT, &joined);
    }
    people_settle(people);
    return couple;
}

static inline struct session_ref people_session(struct id user)
{
    return (struct session_ref){.slot = user.bytes[0], .generation = 1};
}

/** A session of the user follows the couple's stream. */
static inline void people_come(struct people *people, struct id user, struct id couple)
{
    struct attach attach = {.to = couple_address(couple),
                            .session = people_session(user),
                            .who = {.user = user, .couple = couple, .signed_in = true},
                            .live = true};
    presence_attach(people->small.shard, &attach);
    people_settle(people);
}

static inline void people_go(struct people *people, struct id user, struct id couple)
{
    struct detach detach = {.to = couple_address(couple), .session = people_session(user)};
    presence_detach(people->small.shard, &detach);
    people_settle(people);
}

#endif
