#include <stdio.h>
#include <stdlib.h>

#include "actors/couple_records.h"
#include "actors/identity_name.h"
#include "actors/identity_records.h"
#include "actors/invite_records.h"
#include "actors/kinds.h"
#include "base/error.h"
#include "tests/simulation/audit.h"
#include "tests/simulation/trace.h"
#include "wire/codec.h"

#define ROOT_HEADER_BYTES (8 + 2 + ID_BYTES) /* as in runtime/actor.c */
enum { ROOT = 0, MESSAGES = 1, ENTRIES = 2 };

struct audit {
    const struct machine *machine;
    struct ledger *ledger;
    struct arena arena;
    struct id epoch; /* of the stream that is being read */
    const struct couple_root *couple;
    struct address self;
    int64_t seq, msg;
};

static void decode(struct audit *audit, const struct record_type *type, struct bytes in, void *out)
{
    struct field_fault fault;
    if (record_decode(type, RECORD_AS_ARRAY, in, &audit->arena, out, &fault) != 0) {
        sim_fail("a %s in the state cannot be decoded", type->name);
    }
}

static int get(struct audit *audit, struct address address, uint8_t table, struct bytes key,
               struct bytes *value)
{
    uint8_t room[ADDRESS_BYTES + 1 + 64];
    address_encode(address, room);
    room[ADDRESS_BYTES] = table;
    if (key.len != 0) {
        memcpy(room + ADDRESS_BYTES + 1, key.data, key.len);
    }
    return store_get(audit->machine->store, store_version(audit->machine->store), STATE_ROWS,
                     bytes_of(room, ADDRESS_BYTES + 1 + key.len), value);
}

static bool root_of(struct audit *audit, struct address address, const struct record_type *type,
                    void *out)
{
    struct bytes value;
    if (get(audit, address, ROOT, bytes_of(NULL, 0), &value) != 0) {
        return false;
    }
    decode(audit, type, bytes_of(value.data + ROOT_HEADER_BYTES, value.len - ROOT_HEADER_BYTES),
           out);
    return true;
}

static void visit_collection(struct audit *audit, struct address address, uint8_t table,
                             state_visitor *visit)
{
    uint8_t from[ADDRESS_BYTES + 1], to[ADDRESS_BYTES + 1];
    address_encode(address, from);
    from[ADDRESS_BYTES] = table;
    memcpy(to, from, sizeof to);
    to[ADDRESS_BYTES]++;
    audit->self = address;
    store_scan(audit->machine->store, store_version(audit->machine->store), STATE_ROWS,
               bytes_of(from, sizeof from), bytes_of(to, sizeof to), false, visit, audit);
}

/* --- streams -------------------------------------------------------------------------------- */

static struct stream_fact message_fact(struct audit *audit, int64_t msg, int64_t seq)
{
    struct couple_message_row row;
    struct bytes value;
    uint8_t key[8];
    put_u64(key, (uint64_t)msg);
    if (get(audit, audit->self, MESSAGES, bytes_of(key, 8), &value) != 0) {
        sim_fail("%s: message %lld has no row", trace_address(audit->self), (long long)msg);
    }
    decode(audit, &couple_message_row_type, value, &row);
    if (row.seq != seq || msg != audit->msg + 1) {
        sim_fail("%s: message %lld stands at %lld", trace_address(audit->self), (long long)msg,
                 (long long)row.seq);
    }
    audit->msg = msg;
    return (struct stream_fact){.what = FACT_MESSAGE,
                                .msg = msg,
                                .who =
                                    row.member == 0 ? audit->couple->a_user : audit->couple->b_user,
                                .text = ledger_hash(row.text),
                                .at = row.at};
}

static void next_seq(struct audit *audit, struct bytes key, size_t at)
{
    int64_t seq = (int64_t)get_u64(key.data + at);
    if (seq != audit->seq + 1) {
        sim_fail("%s: entry %lld follows %lld", trace_address(audit->self), (long long)seq,
                 (long long)audit->seq);
    }
    audit->seq = seq;
}

/** The messages between the last entry that is none and the next one, or the head. */
static void messages_below(struct audit *audit, int64_t seq)
{
    while (audit->seq + 1 < seq) {
        audit->seq++;
        struct stream_fact fact = message_fact(audit, audit->msg + 1, audit->seq);
        ledger_note(audit->ledger, audit->epoch, audit->seq, &fact, "the state");
    }
}

static bool couple_entry(void *context, struct bytes key, struct bytes value)
{
    struct audit *audit = context;
    struct couple_entry_row row;
    messages_below(audit, (int64_t)get_u64(key.data + ADDRESS_BYTES + 1));
    next_seq(audit, key, ADDRESS_BYTES + 1);
    decode(audit, &couple_entry_row_type, value, &row);
    if (row.others != audit->seq - audit->msg) {
        sim_fail("%s: entry %lld is said to be other number %lld, with %lld messages before it",
                 trace_address(audit->self), (long long)audit->seq, (long long)row.others,
                 (long long)audit->msg);
    }
    bool read = row.what == COUPLE_ENTRY_READ;
    struct stream_fact fact = {.what = read ? FACT_READ : FACT_COUPLE_ENDED,
                               .msg = read ? row.msg : 0,
                               .who =
                                   row.member == 0 ? audit->couple->a_user : audit->couple->b_user,
                               .at = row.at};
    ledger_note(audit->ledger, audit->epoch, audit->seq, &fact, "the state");
    return true;
}

static bool user_entry(void *context, struct bytes key, struct bytes value)
{
    struct audit *audit = context;
    struct user_entry_row row;
    next_seq(audit, key, ADDRESS_BYTES + 1);
    decode(audit, &user_entry_row_type, value, &row);
    static const enum fact_kind whats[] = {[USER_ENTRY_MATCHED] = FACT_MATCHED,
                                           [USER_ENTRY_ENDED] = FACT_USER_ENDED,
                                           [USER_ENTRY_WAITING] = FACT_WAITING};
    struct stream_fact fact = {
        .what = whats[row.what], .msg = row.msg, .who = row.other, .at = row.at};
    ledger_note(audit->ledger, audit->epoch, audit->seq, &fact, "the state");
    return true;
}

static void check_stream(struct audit *audit, struct address self, uint8_t table, struct id epoch,
                         int64_t head, state_visitor *visit)
{
    int64_t highest = ledger_highest(audit->ledger, epoch);
    audit->epoch = epoch;
    audit->seq = audit->msg = 0;
    visit_collection(audit, self, table, visit);
    if (table == ENTRIES) {
        messages_below(audit, head + 1);
    }
    if (audit->seq != head || highest > head) {
        sim_fail("%s: its stream ends with %lld, its head is %lld, and %lld was seen",
                 trace_address(self), (long long)audit->seq, (long long)head, (long long)highest);
    }
}

/* --- actors --------------------------------------------------------------------------------- */

/** Where the identity of this user's nickname is; false: the user has none. */
static bool nickname_of(struct audit *audit, struct id user, struct address *out)
{
    struct bytes value, normal;
    struct user_profile_row row;
    if (get(audit, user_address(user), USER_PROFILE, text_of("profile"), &value) != 0) {
        return false;
    }
    decode(audit, &user_profile_row_type, value, &row);
    if (!row.has_nickname || nickname_normalize(row.nickname, &audit->arena, &normal) != 0) {
        return false;
    }
    *out = identity_of_nickname(normal);
    return true;
}

static void check_nickname(struct audit *audit, struct address self)
{
    struct identity_root identity;
    struct address address;
    struct bytes value;
    if (get(audit, self, USER_PROFILE, text_of("wanted"), &value) == 0) {
        sim_fail("%s still wants another nickname", trace_address(self));
    }
    if (nickname_of(audit, self.id, &address) &&
        (!root_of(audit, address, &identity_root_type, &identity) ||
         identity.state != IDENTITY_TAKEN || !id_equal(identity.user, self.id))) {
        sim_fail("%s has a nickname that is not its own", trace_address(self));
    }
}

static void check_user(struct audit *audit, struct address self, const struct user_root *user)
{
    struct couple_root couple;
    if (!id_is_zero(user->reserved_couple) || !id_is_zero(user->abandoned_by)) {
        sim_fail("%s stays reserved", trace_address(self));
    }
    if (user->invite_state == USER_INVITE_CREATING) {
        sim_fail("%s still waits for its code", trace_address(self));
    }
    check_nickname(audit, self);
    check_stream(audit, self, USER_ENTRIES, user->epoch, user->seq, user_entry);
    if (id_is_zero(user->couple)) {
        return;
    }
    bool exists = root_of(audit, couple_address(user->couple), &couple_root_type, &couple);
    if (!exists || couple.state != COUPLE_LIVE ||
        (!id_equal(couple.a_user, self.id) && !id_equal(couple.b_user, self.id))) {
        sim_fail("half a couple: %s points to %s", trace_address(self), trace_id(user->couple));
    }
}

static void check_couple(struct audit *audit, struct address self, const struct couple_root *couple)
{
    struct id members[] = {couple->a_user, couple->b_user};
    for (int i = 0; i < 2; i++) {
        struct user_root user;
        bool exists = root_of(audit, user_address(members[i]), &user_root_type, &user);
        bool points = exists && id_equal(user.couple, self.id);
        if (!exists || points != (couple->state == COUPLE_LIVE)) {
            sim_fail("half a couple: %s (state %u) and member %s", trace_address(self),
                     couple->state, trace_id(members[i]));
        }
    }
    if (couple->state == COUPLE_LIVE && ledger_is_ended(audit->ledger, self.id)) {
        sim_fail("%s lives on, and somebody was told that it ended", trace_address(self));
    }
    if (couple->state == COUPLE_ERASED) {
        return; /* its stream is gone */
    }
    audit->couple = couple;
    check_stream(audit, self, ENTRIES, couple->epoch, couple->seq, couple_entry);
    if (audit->msg != couple->msg) {
        sim_fail("%s: message %lld of %lld", trace_address(self), (long long)audit->msg,
                 (long long)couple->msg);
    }
}

static void check_invite(struct address self, const struct invite_root *invite)
{
    bool settled = invite->state == INVITE_LIVE || invite->state == INVITE_USED ||
                   invite->state == INVITE_REVOKED || invite->state == INVITE_NONE;
    if (!settled || invite->revoked) {
        sim_fail("%s stays in state %u", trace_address(self), invite->state);
    }
}

/** What is taken and has no password is a nickname: its owner has it. */
static void check_identity(struct audit *audit, struct address self,
                           const struct identity_root *identity)
{
    struct identity_account_row row;
    struct address address;
    struct bytes value;

    if (identity->state == IDENTITY_CLAIMING || identity->state == IDENTITY_CREATING) {
        sim_fail("%s: a sign-up stays under way", trace_address(self));
    }
    if (identity->state != IDENTITY_TAKEN || get(audit, self, 1, text_of("account"), &value) != 0) {
        return;
    }
    decode(audit, &identity_account_row_type, value, &row);
    if (!row.has_hash &&
        (!nickname_of(audit, identity->user, &address) || !address_equal(address, self))) {
        sim_fail("%s is taken by a user who goes by another name", trace_address(self));
    }
}

static bool check_row(void *context, struct bytes key, struct bytes value)
{
    struct audit *audit = context;
    union {
        struct user_root user;
        struct couple_root couple;
        struct invite_root invite;
        struct identity_root identity;
    } root;
    if (key.len != ADDRESS_BYTES + 1 || key.data[ADDRESS_BYTES] != ROOT) {
        return true;
    }
    struct address self = address_decode(key.data);
    struct bytes body = bytes_of(value.data + ROOT_HEADER_BYTES, value.len - ROOT_HEADER_BYTES);
    switch (self.kind) {
    case ACTOR_USER:
        decode(audit, &user_root_type, body, &root.user);
        check_user(audit, self, &root.user);
        break;
    case ACTOR_COUPLE:
        decode(audit, &couple_root_type, body, &root.couple);
        check_couple(audit, self, &root.couple);
        break;
    case ACTOR_INVITE:
        decode(audit, &invite_root_type, body, &root.invite);
        check_invite(self, &root.invite);
        break;
    case ACTOR_IDENTITY:
        decode(audit, &identity_root_type, body, &root.identity);
        check_identity(audit, self, &root.identity);
        break;
    default:
        sim_fail("a root of kind %d", self.kind);
    }
    arena_reset(&audit->arena);
    return true;
}

static bool refuse_row(void *context, struct bytes key, struct bytes value)
{
    (void)context;
    (void)value;
    sim_fail("%s still has an unanswered send", trace_address(address_decode(key.data + 1)));
    return false;
}

void audit_state(const struct machine *machine, struct ledger *ledger)
{
    struct audit audit = {.machine = machine, .ledger = ledger};
    struct bytes all = bytes_of("", 0);
    uint64_t version = store_version(machine->store);
    store_scan(machine->store, version, STATE_OUTBOX, all, all, false, refuse_row, NULL);
    store_scan(machine->store, version, STATE_ROWS, all, all, false, check_row, &audit);
    arena_fini(&audit.arena);
}

static bool check_erased(void *context, struct bytes key, struct bytes value)
{
    struct audit *audit = context;
    struct couple_root couple;
    if (key.len == ADDRESS_BYTES + 1 && key.data[0] == ACTOR_COUPLE &&
        key.data[ADDRESS_BYTES] == ROOT) {
        decode(audit, &couple_root_type,
               bytes_of(value.data + ROOT_HEADER_BYTES, value.len - ROOT_HEADER_BYTES), &couple);
        if (couple.state == COUPLE_ENDED) {
            sim_fail("%s was not erased", trace_address(address_decode(key.data)));
        }
    }
    return true;
}

static bool refuse_timer(void *context, struct bytes key, struct bytes value)
{
    (void)context;
    (void)value;
    sim_fail("%s still has a timer", trace_address(address_decode(key.data + 9)));
    return false;
}

void audit_erased(const struct machine *machine)
{
    struct audit audit = {.machine = machine};
    struct bytes all = bytes_of("", 0);
    uint64_t version = store_version(machine->store);
    store_scan(machine->store, version, STATE_ROWS, all, all, false, check_erased, &audit);
    store_scan(machine->store, version, STATE_TIMERS, all, all, false, refuse_timer, NULL);
    arena_fini(&audit.arena);
}

void audit_rebuild(struct machine *machine)
{
    char difference[128];
    uint16_t shards = (uint16_t)sim_between(&machine->random, 1, SHARDS_MAX);
    struct store *rebuilt = machine_rebuild(machine, shards);
    if (!store_same_state(machine->store, rebuilt, difference, sizeof difference)) {
        sim_fail("state rebuilt from the log on %d shards differs: %s", shards, difference);
    }
    store_destroy(rebuilt);
}
