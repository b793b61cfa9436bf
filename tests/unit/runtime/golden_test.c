/*
 * Logs are read for ever: every event, in every version there ever was, must go on to decode and to
 * apply, to the same state byte for byte.
 *
 * golden/<kind>.bin holds what one record of each event was when the event was new:
 *     u32 length ∥ payload, …, then 0 and a BLAKE2b-128 over the rows after each of them, which is
 *     the state of version 1; then u16 version ∥ hash for every later version of the kind's state
 * Records are written once and never changed; a new event or version gets a file of its own, made
 * by GOLDEN_NEW=<name> unit_runtime_golden of all events that no file has yet. An event that is in
 * no file fails the test. A new version of a kind's state is appended to the kind's files by
 *     GOLDEN_STATE=1 unit_runtime_golden
 */
#include "tests/unit/runtime/small_world.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>

#include "actors/registry.h"

#define GOLDEN_DIRECTORY "tests/unit/runtime/golden"
#define EVENTS_MAX 64

/* --- which events there are, and which a file has --------------------------------------------- */

struct known {
    const struct kind *kind;
    const struct event_type *type;
    bool covered;
};

static struct known events[EVENTS_MAX];
static uint32_t event_count;

static void list_events(void)
{
    for (size_t k = 0; k < actor_kind_count; k++) {
        for (uint32_t e = 0; e < actor_kinds[k]->event_count; e++) {
            assert_true(event_count < EVENTS_MAX);
            events[event_count++] =
                (struct known){actor_kinds[k], actor_kinds[k]->events[e], false};
        }
    }
}

static void cover(const struct kind *kind, const struct event_type *type)
{
    for (uint32_t i = 0; i < event_count; i++) {
        if (events[i].kind == kind && events[i].type == type) {
            events[i].covered = true;
        }
    }
}

static char *source_path(char *room, size_t size, const char *name)
{
    const char *root = __FILE__; /* …/tests/unit/runtime/golden_test.c */
    size_t len = strlen(root) - strlen("tests/unit/runtime/golden_test.c");
    snprintf(room, size, "%.*s%s/%s", (int)len, root, GOLDEN_DIRECTORY, name);
    return room;
}

/* --- making one ---------------------------------------------------------------------------------
 */

/** A record as its declaration's examples say. */
static void encode_example(const struct record_type *type, struct buffer *out)
{
    struct arena arena = {0};
    struct field_fault fault;
    json_t *object = json_object();
    for (uint32_t i = 0; i < type->count; i++) {
        json_t *value = json_loads(type->fields[i].example, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        json_object_set_new(object, type->fields[i].name, value);
    }
    void *record = arena_alloc(&arena, type->size);
    assert_int_equal(record_decode_json(type, object, &arena, record, &fault), 0);
    record_encode(type, RECORD_AS_ARRAY, record, out);
    json_decref(object);
    arena_fini(&arena);
}

static void append_event(struct buffer *payload, const struct event_type *type)
{
    struct buffer body = {0};
    encode_example(type->body, &body);
    buffer_append_u8(payload, ENTRY_EVENT);
    buffer_append_u16(payload, type->tag);
    buffer_append_u16(payload, type->version);
    buffer_append_u32(payload, (uint32_t)body.len);
    buffer_append(payload, body.data, body.len);
    buffer_fini(&body);
}

/* --- what applying them makes
 * ---------------------------------------------------------------------- */

static void replay_payload(struct small_world *small, struct address address, uint64_t lsn,
                           struct bytes payload)
{
    struct log_record record = {.lsn = {lsn},
                                .address = address,
                                .at_ms = 1767225600000 + (int64_t)lsn,
                                .payload = payload};
    assert_int_equal(shard_replay(small->shard, &record), 0);
}

static struct id hash_rows(const struct small_world *small, struct id before)
{
    struct buffer all = {0};
    buffer_append(&all, before.bytes, ID_BYTES);
    for (uint32_t i = 0; i < small->row_count; i++) {
        const struct small_row *row = &small->rows[i];
        buffer_append_u8(&all, (uint8_t)row->table);
        buffer_append_u32(&all, (uint32_t)row->key.len);
        buffer_append(&all, row->key.data, row->key.len);
        buffer_append_u32(&all, (uint32_t)row->value.len);
        if (row->value.len != 0) {
            buffer_append(&all, row->value.data, row->value.len);
        }
    }
    struct id hash = id_from_hash(all.data, all.len);
    buffer_fini(&all);
    return hash;
}

static const struct kind *kind_of(uint8_t code)
{
    for (size_t k = 0; k < actor_kind_count; k++) {
        if (actor_kinds[k]->code == code) {
            return actor_kinds[k];
        }
    }
    return NULL;
}

/** Every entry decodes, and encodes to the bytes it was. */
static void check_payload(const struct kind *kind, struct bytes payload)
{
    struct entry entry;
    int error;
    while ((error = entry_next(&payload, &entry)) == 0) {
        struct arena arena = {0};
        struct buffer again = {0};
        struct field_fault fault;
        const struct event_type *type =
            entry.type == ENTRY_EVENT ? entry_event(kind, &entry) : NULL;
        assert_true(entry.type != ENTRY_EVENT || type != NULL);
        const struct record_type *body = type != NULL ? type->body : entry_record(entry.type);
        void *record = arena_alloc(&arena, body->size);
        assert_int_equal(record_decode(body, RECORD_AS_ARRAY, entry.body, &arena, record, &fault),
                         0);
        record_encode(body, RECORD_AS_ARRAY, record, &again);
        assert_true(again.len >= entry.body.len); /* fields may have been added since */
        if (type != NULL) {
            cover(kind, type);
        }
        buffer_fini(&again);
        arena_fini(&arena);
    }
    assert_int_equal(error, ERR_END);
}

/** `file`: u8 kind ∥ records; leaves the hash, if there is one, in `rest`. */
static struct id apply_file(struct bytes file, struct bytes *rest)
{
    struct small_world small = {0};
    struct address address = {.kind = file.data[0], .id = {{7}}};
    uint64_t lsn = 1;
    struct id hash = {0};
    small_start(&small, actor_kinds, (uint32_t)actor_kind_count, 1);
    *rest = bytes_of(file.data + 1, file.len - 1);
    assert_non_null(kind_of(address.kind));
    while (rest->len >= 4 && get_u32(rest->data) != 0) {
        struct bytes payload = bytes_of(rest->data + 4, get_u32(rest->data));
        assert_true(payload.len <= rest->len - 4);
        check_payload(kind_of(address.kind), payload);
        replay_payload(&small, address, lsn++, payload);
        small_flush_all(&small);
        hash = hash_rows(&small, hash);
        *rest = bytes_of(payload.data + payload.len, rest->len - 4 - payload.len);
    }
    small_fini(&small);
    return hash;
}

static void read_whole(const char *path, struct buffer *out)
{
    uint8_t room[4096];
    size_t len;
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    while ((len = fread(room, 1, sizeof room, file)) != 0) {
        buffer_append(out, room, len);
    }
    fclose(file);
}

static void write_new(const char *name, const struct kind *kind)
{
    char path[512], leaf[96];
    struct buffer out = {0};
    struct entry_birth birth = {.incarnation = {{9}}};
    uint32_t count = 0;
    buffer_append_u8(&out, kind->code);
    for (uint32_t i = 0; i < event_count; i++) {
        struct buffer payload = {0};
        if (events[i].kind != kind || events[i].covered) {
            continue;
        }
        if (count++ == 0) {
            entry_append(&payload, ENTRY_BIRTH, 0, 0, &entry_birth_type, &birth);
        }
        append_event(&payload, events[i].type);
        buffer_append_u32(&out, (uint32_t)payload.len);
        buffer_append(&out, payload.data, payload.len);
        buffer_fini(&payload);
    }
    struct bytes rest;
    struct id hash = apply_file(buffer_bytes(&out), &rest);
    buffer_append_u32(&out, 0);
    buffer_append(&out, hash.bytes, ID_BYTES);
    snprintf(leaf, sizeof leaf, "%s-%s.bin", kind->name, name);
    FILE *file = count == 0 ? NULL : fopen(source_path(path, sizeof path, leaf), "wb");
    if (file != NULL) {
        assert_int_equal(fwrite(out.data, 1, out.len, file), out.len);
        fclose(file);
    }
    buffer_fini(&out);
}

/* --- the test
 * --------------------------------------------------------------------------------------- */

/** The hash for this version of the state in what follows the records; NULL: there is none. */
static const uint8_t *hash_of_version(struct bytes rest, uint16_t version)
{
    assert_true(rest.len >= 4 + ID_BYTES && (rest.len - 4 - ID_BYTES) % (2 + ID_BYTES) == 0);
    if (version == 1) {
        return rest.data + 4;
    }
    for (size_t at = 4 + ID_BYTES; at < rest.len; at += 2 + ID_BYTES) {
        if (get_u16(rest.data + at) == version) {
            return rest.data + at + 2;
        }
    }
    return NULL;
}

static void append_version(const char *path, uint16_t version, struct id hash)
{
    uint8_t room[2];
    FILE *file = fopen(path, "ab");
    put_u16(room, version);
    assert_non_null(file);
    assert_int_equal(fwrite(room, 1, sizeof room, file), sizeof room);
    assert_int_equal(fwrite(hash.bytes, 1, ID_BYTES, file), ID_BYTES);
    fclose(file);
}

static void check_file(const char *name)
{
    char path[512];
    struct buffer file = {0};
    struct bytes rest;
    read_whole(source_path(path, sizeof path, name), &file);
    struct id hash = apply_file(buffer_bytes(&file), &rest);
    uint16_t version = kind_of(file.data[0])->state_version;
    const uint8_t *was = hash_of_version(rest, version);
    if (was == NULL && getenv("GOLDEN_STATE") != NULL) {
        append_version(path, version, hash);
    } else if (was == NULL) {
        fail_msg("%s does not say what state of version %d it makes", name, version);
    } else if (memcmp(was, hash.bytes, ID_BYTES) != 0) {
        fail_msg("%s makes another state than it made", name);
    }
    buffer_fini(&file);
}

static void test_every_event_of_every_version_makes_the_state_it_always_made(void **state)
{
    char path[512];
    const char *new_name = getenv("GOLDEN_NEW");
    (void)state;
    list_events();
    DIR *directory = opendir(source_path(path, sizeof path, ""));
    assert_non_null(directory);
    struct dirent *entry;
    uint32_t files = 0;
    while ((entry = readdir(directory)) != NULL) {
        size_t len = strlen(entry->d_name);
        if (len > 4 && strcmp(entry->d_name + len - 4, ".bin") == 0) {
            check_file(entry->d_name);
            files++;
        }
    }
    closedir(directory);
    for (size_t k = 0; new_name != NULL && k < actor_kind_count; k++) {
        write_new(new_name, actor_kinds[k]);
    }
    for (uint32_t i = 0; new_name == NULL && i < event_count; i++) {
        if (!events[i].covered) {
            fail_msg("event %s %s version %d is in no golden file", events[i].kind->name,
                     events[i].type->name, events[i].type->version);
        }
    }
    assert_true(new_name != NULL || files != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event_of_every_version_makes_the_state_it_always_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
