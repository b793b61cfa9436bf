#include "bench/http_answer.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"

#define STATUS_LINE_MIN 13 /* HTTP/1.1 200 and the blank behind it, of which some leave out */
#define STATUS_AT 9
#define LENGTH_DIGITS_MAX 15
#define CHUNK_DIGITS_MAX 8

enum chunk_state {
    CHUNK_SIZE,      /* before the first digit */
    CHUNK_SIZE_MORE, /* behind one */
    CHUNK_EXTENSION, /* up to the end of the line */
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER, /* at the beginning of a line behind the last chunk */
    CHUNK_TRAILER_MORE,
    CHUNK_TRAILER_LF,
    CHUNK_LAST_LF
};

static bool is_named(struct bytes name, const char *wanted)
{
    return name.len == strlen(wanted) &&
           strncasecmp((const char *)name.data, wanted, name.len) == 0;
}

static struct bytes trim(struct bytes value)
{
    while (value.len != 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value = bytes_of(value.data + 1, value.len - 1);
    }
    while (value.len != 0 &&
           (value.data[value.len - 1] == ' ' || value.data[value.len - 1] == '\t')) {
        value.len--;
    }
    return value;
}

static int read_status(struct bytes line, struct http_answer_head *out)
{
    if (line.len < STATUS_LINE_MIN - 1 || memcmp(line.data, "HTTP/1.", 7) != 0 ||
        line.data[8] != ' ' || (line.len > STATUS_LINE_MIN - 1 && line.data[12] != ' ')) {
        return ERR_MALFORMED;
    }
    out->status = 0;
    for (size_t i = STATUS_AT; i < STATUS_AT + 3; i++) {
        if (line.data[i] < '0' || line.data[i] > '9') {
            return ERR_MALFORMED;
        }
        out->status = out->status * 10 + (line.data[i] - '0');
    }
    out->closes = line.data[7] == '0';
    return 0;
}

static int read_length(struct bytes value, size_t *out)
{
    size_t length = 0;
    if (value.len == 0 || value.len > LENGTH_DIGITS_MAX) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            return ERR_MALFORMED;
        }
        length = length * 10 + (size_t)(value.data[i] - '0');
    }
    *out = length;
    return 0;
}

/* What the headers seen so far say of the body. */
struct framing {
    bool has_length;
    bool chunked;
    size_t length;
};

static int read_header(struct bytes name, struct bytes value, struct http_answer_head *out,
                       struct framing *framing)
{
    if (is_named(name, "content-length")) {
        if (framing->has_length || read_length(value, &framing->length) != 0) {
            return ERR_MALFORMED;
        }
        framing->has_length = true;
    } else if (is_named(name, "transfer-encoding")) {
        framing->chunked = is_named(value, "chunked");
        return framing->chunked ? 0 : ERR_MALFORMED;
    } else if (is_named(name, "connection")) {
        out->closes = out->closes || is_named(value, "close");
    } else if (is_named(name, "content-type")) {
        out->content_type = value;
    }
    return 0;
}

static int read_line(struct bytes line, struct http_answer_head *out, struct framing *framing)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    if (colon == NULL || colon == line.data || colon[-1] == ' ' || line.data[0] == ' ' ||
        line.data[0] == '\t') {
        return ERR_MALFORMED;
    }
    size_t name_len = (size_t)(colon - line.data);
    struct bytes value = bytes_of(colon + 1, line.len - name_len - 1);
    switch (line.data[0] | 0x20) { /* most lines are none of ours */
    case 'c':
    case 't':
        return read_header(bytes_of(line.data, name_len), trim(value), out, framing);
    default:
        return 0;
    }
}

/* Takes a line, without its end, from the front. */
static int next_line(struct bytes *head, struct bytes *line)
{
    const uint8_t *end = memchr(head->data, '\n', head->len);
    if (end == NULL || end == head->data || end[-1] != '\r') {
        return ERR_MALFORMED;
    }
    *line = bytes_of(head->data, (size_t)(end - head->data) - 1);
    *head = bytes_of(end + 1, head->len - line->len - 2);
    return 0;
}

static int decide_framing(const struct framing *framing, struct http_answer_head *out)
{
    bool bodiless = out->status < 200 || out->status == 204 || out->status == 304;
    if (framing->chunked && framing->has_length) {
        return ERR_MALFORMED;
    }
    out->body_len = bodiless ? 0 : framing->length;
    out->framing = HTTP_FRAMED_BY_LENGTH;
    if (!bodiless && !framing->has_length) {
        out->framing = framing->chunked ? HTTP_FRAMED_IN_CHUNKS : HTTP_FRAMED_BY_CLOSE;
        out->closes = out->closes || !framing->chunked;
    }
    return 1;
}

int http_answer_head_read(struct bytes input, struct http_answer_head *out)
{
    const uint8_t *end = input.len != 0 ? memmem(input.data, input.len, "\r\n\r\n", 4) : NULL;
    if (end == NULL) {
        return 0;
    }
    struct http_answer_head found = {.head_len = (size_t)(end - input.data) + 4};
    struct bytes head = bytes_of(input.data, found.head_len - 2);
    struct bytes line;
    struct framing framing = {0};
    int error = next_line(&head, &line);
    error = error == 0 ? read_status(line, &found) : error;
    while (error == 0 && head.len != 0) {
        error = next_line(&head, &line);
        error = error == 0 ? read_line(line, &found, &framing) : error;
    }
    int status = error == 0 ? decide_framing(&framing, &found) : error;
    if (status == 1) {
        *out = found;
    }
    return status;
}

static int digit_of(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    uint8_t letter = byte | 0x20;
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* One byte of a line with a chunk's size; the next state. */
static int read_size(struct http_chunks *chunks, uint8_t byte)
{
    int digit = digit_of(byte);
    if (digit >= 0 && chunks->left >> (4 * CHUNK_DIGITS_MAX - 4) == 0) {
        chunks->left = chunks->left << 4 | (uint64_t)digit;
        return CHUNK_SIZE_MORE;
    }
    if (chunks->state == CHUNK_SIZE || digit >= 0) {
        return ERR_MALFORMED;
    }
    return byte == '\r' ? CHUNK_SIZE_LF : byte == ';' ? CHUNK_EXTENSION : ERR_MALFORMED;
}

/* One byte that is not of a chunk's data; the next state, -1 at the end, or an error. */
static int read_frame(struct http_chunks *chunks, uint8_t byte, bool *end)
{
    switch (chunks->state) {
    case CHUNK_SIZE:
    case CHUNK_SIZE_MORE:
        return read_size(chunks, byte);
    case CHUNK_EXTENSION:
        return byte == '\r' ? CHUNK_SIZE_LF : CHUNK_EXTENSION;
    case CHUNK_SIZE_LF:
        if (byte != '\n') {
            return ERR_MALFORMED;
        }
        return chunks->left != 0 ? CHUNK_DATA : CHUNK_TRAILER;
    case CHUNK_DATA_CR:
        return byte == '\r' ? CHUNK_DATA_LF : ERR_MALFORMED;
    case CHUNK_DATA_LF:
        return byte == '\n' ? CHUNK_SIZE : ERR_MALFORMED;
    case CHUNK_TRAILER:
        return byte == '\r' ? CHUNK_LAST_LF : CHUNK_TRAILER_MORE;
    case CHUNK_TRAILER_MORE:
        return byte == '\r' ? CHUNK_TRAILER_LF : CHUNK_TRAILER_MORE;
    case CHUNK_TRAILER_LF:
        return byte == '\n' ? CHUNK_TRAILER : ERR_MALFORMED;
    default: /* CHUNK_LAST_LF */
        *end = byte == '\n';
        return *end ? CHUNK_SIZE : ERR_MALFORMED;
    }
}

int http_chunks_read(struct http_chunks *chunks, struct bytes *input, struct buffer *body)
{
    bool end = false;
    while (input->len != 0 && !end) {
        if (chunks->state == CHUNK_DATA) {
            size_t len = chunks->left < input->len ? (size_t)chunks->left : input->len;
            buffer_append(body, input->data, len);
            chunks->left -= len;
            chunks->state = chunks->left == 0 ? CHUNK_DATA_CR : CHUNK_DATA;
            *input = bytes_of(input->data + len, input->len - len);
            continue;
        }
        int next = read_frame(chunks, input->data[0], &end);
        if (next < 0) {
            return ERR_MALFORMED;
        }
        chunks->state = next;
        *input = bytes_of(input->data + 1, input->len - 1);
    }
    return end ? 1 : 0;
}

void http_reader_fini(struct http_reader *reader)
{
    buffer_fini(&reader->pending);
    buffer_fini(&reader->body);
    *reader = (struct http_reader){0};
}

/* Finds the body behind a head, and what of `*input` the answer takes. 1, 0 or ERR_MALFORMED. */
static int read_body(struct http_reader *reader, const struct http_answer_head *head,
                     struct bytes *input, bool ended, struct bytes *body)
{
    struct bytes rest = bytes_of(input->data + head->head_len, input->len - head->head_len);
    struct http_chunks chunks = {0};
    int status = 1;
    switch (head->framing) {
    case HTTP_FRAMED_BY_LENGTH:
        if (rest.len < head->body_len) {
            return 0;
        }
        *body = bytes_of(rest.data, head->body_len);
        rest = bytes_of(rest.data + head->body_len, rest.len - head->body_len);
        break;
    case HTTP_FRAMED_IN_CHUNKS:
        buffer_clear(&reader->body);
        status = http_chunks_read(&chunks, &rest, &reader->body);
        *body = buffer_bytes(&reader->body);
        break;
    default:
        *body = rest;
        rest = bytes_of(rest.data + rest.len, 0);
        status = ended;
    }
    if (status == 1) {
        *input = rest;
    }
    return status;
}

/* Takes one answer from the front: 1, 0 or ERR_MALFORMED. */
static int read_answer(struct http_reader *reader, struct bytes *input, bool ended,
                       struct http_answer *out)
{
    struct http_answer_head head;
    int status = http_answer_head_read(*input, &head);
    if (status != 1) {
        return status;
    }
    *out = (struct http_answer){.status = head.status, .closes = head.closes};
    return read_body(reader, &head, input, ended, &out->body);
}

static int read_all(struct http_reader *reader, struct bytes *input, bool ended,
                    http_answer_handler *handle, void *owner)
{
    struct http_answer answer;
    int status = 0;
    while (input->len != 0 && (status = read_answer(reader, input, ended, &answer)) == 1) {
        if (answer.status >= 200) {
            handle(owner, &answer);
        }
    }
    return status < 0 ? status : 0;
}

/* Keeps `rest`, which may lie in what is kept already. */
static int keep(struct http_reader *reader, struct bytes rest)
{
    struct buffer *pending = &reader->pending;
    if (rest.len > HTTP_ANSWER_BYTES_MAX) {
        return ERR_TOO_LARGE;
    }
    if (pending->len == 0) {
        buffer_append(pending, rest.data, rest.len);
    } else {
        memmove(pending->data, rest.data, rest.len);
        pending->len = rest.len;
    }
    return 0;
}

int http_reader_feed(struct http_reader *reader, struct bytes input, http_answer_handler *handle,
                     void *owner)
{
    if (reader->pending.len != 0) {
        buffer_append(&reader->pending, input.data, input.len);
        input = buffer_bytes(&reader->pending);
    }
    int error = read_all(reader, &input, false, handle, owner);
    return error != 0 ? error : keep(reader, input);
}

int http_reader_end(struct http_reader *reader, http_answer_handler *handle, void *owner)
{
    struct bytes input = buffer_bytes(&reader->pending);
    int error = read_all(reader, &input, true, handle, owner);
    buffer_clear(&reader->pending);
    return error != 0 || input.len != 0 ? ERR_END : 0;
}
