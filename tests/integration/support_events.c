#include "tests/integration/support_events.h"

#include <setjmp.h>
#include <stdarg.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000

/** Receives more; false: nothing came in time, or it has ended. */
static bool receive(struct events *events, int ms)
{
    struct pollfd wait = {.fd = events->fd, .events = POLLIN};
    if (events->ended || poll(&wait, 1, ms) <= 0) {
        return false;
    }
    uint8_t some[65536];
    ssize_t got = recv(events->fd, some, sizeof some, 0);
    if (got <= 0) {
        events->ended = true;
        return false;
    }
    buffer_append(&events->raw, some, (size_t)got);
    return true;
}

static void take_raw(struct events *events, size_t len)
{
    memmove(events->raw.data, events->raw.data + len, events->raw.len - len);
    events->raw.len -= len;
}

void events_open(struct events *events, uint16_t port, const char *path, const char *headers)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    char request[4096];
    uint8_t *end = NULL;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    events->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    events->ended = false;
    buffer_clear(&events->raw);
    buffer_clear(&events->text);
    buffer_clear(&events->head);
    assert_int_equal(connect(events->fd, (struct sockaddr *)&address, sizeof address), 0);
    int len =
        snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nhost: test\r\n%s\r\n", path, headers);
    assert_int_equal(send(events->fd, request, (size_t)len, MSG_NOSIGNAL), len);
    while (end == NULL) {
        assert_true(receive(events, PATIENCE_MS));
        end = memmem(events->raw.data, events->raw.len, "\r\n\r\n", 4);
    }
    size_t head_len = (size_t)(end - events->raw.data) + 4;
    buffer_append(&events->head, events->raw.data, head_len);
    buffer_append_u8(&events->head, 0);
    take_raw(events, head_len);
    events->status = atoi((char *)events->head.data + strlen("HTTP/1.1 "));
}

/** Moves whole chunks into the text. */
static void unchunk(struct events *events)
{
    for (;;) {
        char *line_end =
            events->raw.len == 0 ? NULL : memmem(events->raw.data, events->raw.len, "\r\n", 2);
        if (line_end == NULL) {
            return;
        }
        char *digits_end;
        size_t len = strtoul((char *)events->raw.data, &digits_end, 16);
        size_t at = (size_t)(line_end - (char *)events->raw.data) + 2;
        assert_ptr_equal(digits_end, line_end);
        if (events->raw.len < at + len + 2) {
            return;
        }
        assert_memory_equal(events->raw.data + at + len, "\r\n", 2);
        buffer_append(&events->text, events->raw.data + at, len);
        take_raw(events, at + len + 2);
        if (len == 0) {
            events->ended = true;
            return;
        }
    }
}

static void take_line(struct events *events, const char *line, struct event *out)
{
    if (strncmp(line, "id: ", 4) == 0) {
        (void)!snprintf(out->id, sizeof out->id, "%s", line + 4);
        (void)!snprintf(events->last_id, sizeof events->last_id, "%s", line + 4);
    } else if (strncmp(line, "event: ", 7) == 0) {
        (void)!snprintf(out->type, sizeof out->type, "%s", line + 7);
    } else if (strncmp(line, "data: ", 6) == 0) {
        assert_true(strlen(line + 6) < sizeof out->data);
        strcpy(out->data, line + 6);
    } else if (line[0] == ':') {
        events->comments++;
    } else if (strncmp(line, "retry: ", 7) != 0) {
        fail_msg("a line that is nothing: %s", line);
    }
}

/** Takes one block off the text; false: there is no whole one. */
static bool take_block(struct events *events, struct event *out)
{
    char *text = (char *)events->text.data;
    char *end = events->text.len == 0 ? NULL : memmem(text, events->text.len, "\n\n", 2);
    if (end == NULL) {
        return false;
    }
    memset(out, 0, sizeof *out);
    *end = '\0';
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        take_line(events, line, out);
    }
    size_t used = (size_t)(end - text) + 2;
    memmove(text, text + used, events->text.len - used);
    events->text.len -= used;
    return true;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/** Until an event, the end or the deadline. */
static bool next_until(struct events *events, int64_t deadline_ms, struct event *out)
{
    for (;;) {
        unchunk(events);
        while (take_block(events, out)) {
            if (out->type[0] != '\0') {
                return true;
            }
        }
        int64_t left_ms = deadline_ms - now_ms();
        if (events->ended || left_ms <= 0) {
            return false;
        }
        (void)receive(events, (int)left_ms);
    }
}

bool events_next(struct events *events, struct event *out)
{
    bool came = next_until(events, now_ms() + PATIENCE_MS, out);
    if (!came && !events->ended) {
        fail_msg("no event came within %d ms", PATIENCE_MS);
    }
    return came;
}

bool events_wait(struct events *events, int ms)
{
    static struct event unused;
    return next_until(events, now_ms() + ms, &unused);
}

void events_close(struct events *events)
{
    close(events->fd);
    buffer_fini(&events->raw);
    buffer_fini(&events->text);
    buffer_fini(&events->head);
    events->raw = events->text = events->head = (struct buffer){0};
}
