/*
 * Fuzzes what reads bytes of peers: the cursor against msgpack-c as the oracle, records there and
 * back in every shape, and the readers of both subprotocols.
 *
 * Where the cursor and msgpack-c differ on purpose: the cursor refuses more than RECORD_DEPTH_MAX
 * containers inside each other, integers beyond int64, floats that are not finite, and text that
 * is not UTF-8 or contains NUL. Everything else both must accept or refuse alike, and what both
 * accept must end at the same byte.
 */
#include <jansson.h>
#include <math.h>
#include <msgpack.h>
#include <stdlib.h>

#include "base/check.h"
#include "tests/unit/wire/all_kinds.h"
#include "wire/codec.h"
#include "wire/frame.h"
#include "wire/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool refused_on_purpose(const msgpack_object *object, uint32_t depth);

static bool any_refused(const msgpack_object *object, uint32_t depth)
{
    if (depth >= RECORD_DEPTH_MAX) {
        return true;
    }
    bool array = object->type == MSGPACK_OBJECT_ARRAY;
    uint32_t count = array ? object->via.array.size : object->via.map.size;
    for (uint32_t i = 0; i < count; i++) {
        if (array ? refused_on_purpose(&object->via.array.ptr[i], depth + 1)
                  : refused_on_purpose(&object->via.map.ptr[i].key, depth + 1) ||
                        refused_on_purpose(&object->via.map.ptr[i].val, depth + 1)) {
            return true;
        }
    }
    return false;
}

static bool refused_on_purpose(const msgpack_object *object, uint32_t depth)
{
    switch (object->type) {
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        return object->via.u64 > INT64_MAX;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        return !isfinite(object->via.f64);
    case MSGPACK_OBJECT_STR:
        return !text_valid(bytes_of(object->via.str.ptr, object->via.str.size));
    case MSGPACK_OBJECT_ARRAY:
    case MSGPACK_OBJECT_MAP:
        return any_refused(object, depth);
    default:
        return false;
    }
}

/** msgpack-c reserves memory for any count announced in 32 bits: spare it those it would choke on.
 */
static bool oracle_survives(struct bytes in)
{
    return memchr(in.data, 0xdd, in.len) == NULL && memchr(in.data, 0xdf, in.len) == NULL;
}

static void compare_with_oracle(struct bytes in)
{
    struct cursor cursor = cursor_of(in);
    struct bytes taken = cursor_skip(&cursor);
    CHECK_ALWAYS(cursor.at <= cursor.end);
    if (in.len == 0 || (cursor.failed && !oracle_survives(in))) {
        return;
    }
    msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t end = 0;
    msgpack_unpack_return status =
        msgpack_unpack_next(&unpacked, (const char *)in.data, in.len, &end);
    bool accepted = status == MSGPACK_UNPACK_SUCCESS || status == MSGPACK_UNPACK_EXTRA_BYTES;
    if (cursor.failed) {
        CHECK_ALWAYS(!accepted || refused_on_purpose(&unpacked.data, 0));
    } else {
        CHECK_ALWAYS(accepted && end == taken.len);
    }
    msgpack_unpacked_destroy(&unpacked);
}

/** What was decoded must encode to something that decodes to the same. */
static void round_trip(enum record_shape shape, struct bytes in)
{
    struct arena arena = {0};
    struct all_kinds first, second, third;
    struct field_fault fault;
    struct buffer once = {0}, twice = {0};
    if (record_decode(&all_kinds_type, shape, in, &arena, &first, &fault) == 0) {
        record_encode(&all_kinds_type, shape, &first, &once);
        CHECK_ALWAYS(record_decode(&all_kinds_type, shape, buffer_bytes(&once), &arena, &second,
                                   &fault) == 0);
        record_encode(&all_kinds_type, shape, &second, &twice);
        CHECK_ALWAYS(bytes_equal(buffer_bytes(&once), buffer_bytes(&twice)));
    }
    if (once.len != 0 && shape == RECORD_AS_MAP) { /* text of an array is taken unchecked */
        json_t *json = record_encode_json(&all_kinds_type, &first);
        CHECK_ALWAYS(record_decode_json(&all_kinds_type, json, &arena, &third, &fault) == 0);
        json_decref(json);
        buffer_clear(&twice);
        record_encode(&all_kinds_type, shape, &third, &twice);
        CHECK_ALWAYS(bytes_equal(buffer_bytes(&once), buffer_bytes(&twice)));
    }
    buffer_fini(&once);
    buffer_fini(&twice);
    arena_fini(&arena);
}

static void read_frames(struct bytes in)
{
    struct frame_reader reader;
    struct rpc_request request;
    struct rpc_incoming incoming;
    struct stream_body body;
    struct buffer json = {0};
    frame_reader_init(&reader, in);
    while (frame_reader_next(&reader, &request) == 0) {
        CHECK_ALWAYS(request.error != 0 || (request.op.len > 0 && request.args.len > 0));
        round_trip(RECORD_AS_MAP, request.args);
    }
    CHECK_ALWAYS(reader.status == ERR_END || reader.close_code != 0);
    frame_reader_init(&reader, in);
    while (frame_reader_next_incoming(&reader, &incoming) == 0) {
        (void)frame_parse_stream_body(incoming.body, &body);
        if (frame_append_push_json(&json, "couple", incoming.body) == 0) {
            json_t *parsed = json_loadb((const char *)json.data, json.len, 0, NULL);
            CHECK_ALWAYS(parsed != NULL);
            json_decref(parsed);
        }
        buffer_clear(&json);
    }
    buffer_fini(&json);
}

static void read_json(struct bytes in)
{
    struct frame_json_reader reader;
    struct rpc_request request;
    frame_json_reader_init(&reader, in);
    while (frame_json_reader_next(&reader, &request) == 0) {
        struct arena arena = {0};
        struct all_kinds out;
        struct field_fault fault;
        if (request.args_json != NULL) {
            (void)record_decode_json(&all_kinds_type, request.args_json, &arena, &out, &fault);
        }
        arena_fini(&arena);
    }
    frame_json_reader_fini(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    compare_with_oracle(in);
    round_trip(RECORD_AS_MAP, in);
    round_trip(RECORD_AS_ARRAY, in);
    read_frames(in);
    read_json(in);
    return 0;
}
