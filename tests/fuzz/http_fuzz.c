/*
 * Fuzzes what reads HTTP requests. The first byte of an input says into how large pieces the rest
 * is cut; cut or whole, the same bytes must be the same requests, ending at the same places or
 * refused with the same status. What was judged without fault must be read alike by llhttp.
 */
#include <stdlib.h>

#include "base/check.h"
#include "edge/http_head.h"
#include "edge/http_llhttp.h"
#include "edge/http_parse.h"

#define BODY_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** What became of some bytes: a digest of the requests, and how it ended. */
struct outcome {
    uint64_t digest;
    uint32_t requests;
    int status; /* of a refusal; 0: more was wanted */
    size_t used;
};

static uint64_t mix(uint64_t digest, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        digest = (digest ^ bytes.data[i]) * 0x100000001b3;
    }
    return (digest ^ bytes.len) * 0x100000001b3;
}

static void check_request(const struct http_request *request, struct outcome *outcome)
{
    CHECK_ALWAYS(request->path.len != 0);
    CHECK_ALWAYS(request->path.data[0] == '/' || bytes_equal(request->path, bytes_of("*", 1)));
    CHECK_ALWAYS(request->body.len <= BODY_MAX);
    CHECK_ALWAYS(request->has_body || request->body.len == 0);
    outcome->digest = mix(outcome->digest, request->method_text);
    outcome->digest = mix(outcome->digest, request->path);
    outcome->digest = mix(outcome->digest, request->query);
    outcome->digest = mix(outcome->digest, request->body);
    for (uint32_t i = 0; i < request->header_count; i++) {
        outcome->digest = mix(outcome->digest, request->headers[i].name);
        outcome->digest = mix(outcome->digest, request->headers[i].value);
    }
    outcome->requests++;
}

/** As many bytes as the head asks for, when it does. */
static void check_length(const struct http_message *message, uint64_t declared)
{
    if (message->llhttp == NULL) {
        CHECK_ALWAYS(message->request.body.len == declared);
    }
}

/** Reads `in` as it comes in pieces of `piece` bytes. */
static struct outcome read_pieces(struct bytes in, size_t piece)
{
    struct outcome outcome = {0};
    struct http_message *message = NULL;
    uint64_t declared = 0;
    for (size_t end = 0; outcome.status == 0 && end < in.len;) {
        end = in.len - end < piece ? in.len : end + piece;
        for (bool more = true; more && outcome.status == 0;) {
            struct bytes rest = bytes_of(in.data + outcome.used, end - outcome.used);
            struct http_parsed parsed = {.verdict = HTTP_PARSE_MORE};
            if (message == NULL) {
                parsed = http_parse_head(rest, &message);
                declared = parsed.verdict == HTTP_PARSE_DONE ? message->left : 0;
            } else if (http_message_has_more(message) && rest.len != 0) {
                parsed = http_parse_body(message, rest, BODY_MAX);
            }
            CHECK_ALWAYS(parsed.used <= rest.len);
            outcome.used += parsed.used;
            outcome.status = parsed.verdict == HTTP_PARSE_REFUSED ? parsed.status : 0;
            more = parsed.used != 0;
            if (outcome.status == 0 && message != NULL && !http_message_has_more(message)) {
                check_length(message, declared);
                check_request(&message->request, &outcome);
                http_message_destroy(message);
                message = NULL;
            }
        }
    }
    http_message_destroy(message);
    return outcome;
}

static void check_that_both_agree(struct bytes in)
{
    struct http_head_parts parts;
    struct http_llhttp *chunked;
    bool keep_alive;
    enum http_verdict verdict = http_head_read(in, &parts).verdict;
    if (verdict == HTTP_HEAD_OTHER || verdict == HTTP_HEAD_WS) {
        CHECK_ALWAYS(parts.bytes >= 4 && memcmp(in.data + parts.bytes - 4, "\r\n\r\n", 4) == 0);
        CHECK_ALWAYS(http_llhttp_agrees(in, &parts, &keep_alive, &chunked));
        http_llhttp_destroy(chunked);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct bytes in = bytes_of(data + 1, size - 1);
    check_that_both_agree(in);
    struct outcome whole = read_pieces(in, in.len + 1), cut = read_pieces(in, 1u + data[0] % 64);
    CHECK_ALWAYS(whole.digest == cut.digest);
    CHECK_ALWAYS(whole.requests == cut.requests);
    CHECK_ALWAYS(whole.status == cut.status);
    return 0;
}
