#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "bench/http_ask.h"
#include "bench/interrupt.h"
#include "bench/protocol.h"
#include "bench/report.h"
#include "bench/rest.h"

#define PAGE 100

static const char *token_of(const struct rest_run *run, size_t couple)
{
    return run->tokens.items[couple * 2].access_token;
}

static uint64_t number_in(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));
    return value > 0 ? (uint64_t)value : 0;
}

/* Messages behind `after`, ascending; NULL after printing what was wrong. */
static const json_t *ask_page(struct http_ask *ask, const char *token, uint64_t after)
{
    char path[96];
    snprintf(path, sizeof path, "/api/v1/chat/messages?limit=%d&after=%llu", PAGE,
             (unsigned long long)after);
    const json_t *messages = json_object_get(http_ask(ask, "GET", path, token, NULL), "messages");
    if (messages == NULL) {
        complain("no messages in the answer to %s", path);
    }
    return messages;
}

/* Writes until a read of the newest finds as many as it asks for. `*head` is the last one. */
static int write_some(struct rest_run *run, struct http_ask *ask, size_t couple, uint64_t *head)
{
    char body[CHAT_TEXT_BYTES_MAX + 128];
    char text[CHAT_TEXT_BYTES_MAX + 1];
    const json_t *data = NULL;
    memset(text, '.', sizeof text);
    for (uint64_t count = *head; count < REST_HISTORY_LIMIT; count++) {
        snprintf(body, sizeof body, "{\"no\":%llu,\"text\":\"%.*s\"}",
                 (unsigned long long)rest_run_number(), (int)run->options->bytes, text);
        data = http_ask(ask, "POST", "/api/v1/chat/messages", token_of(run, couple), body);
        if (data == NULL || interrupted()) {
            return ERR_IO;
        }
        *head = number_in(data, "msg");
    }
    return 0;
}

int rest_note_heads(struct rest_run *run)
{
    struct http_ask ask;
    bool reads = run->only == REST_HISTORY || run->only == REST_OPS;
    int error = http_ask_init(&ask, run->server.host, run->server.port);
    for (size_t couple = 0; couple < run->tokens.count / 2 && error == 0; couple++) {
        const json_t *data =
            http_ask(&ask, "GET", "/api/v1/chat/messages?limit=1", token_of(run, couple), NULL);
        const json_t *newest = json_array_get(json_object_get(data, "messages"), 0);
        run->heads[couple] = number_in(newest, "msg");
        error = data == NULL || interrupted() ? ERR_IO : 0;
        if (error == 0 && reads) {
            error = write_some(run, &ask, couple, &run->heads[couple]);
        }
        if (couple % 1000 == 999) {
            progress("%zu couples have written something", couple + 1);
        }
    }
    http_ask_fini(&ask);
    return error;
}

/* One message of a couple: it must be one that a client of this couple sent. */
static void settle(struct rest_run *run, size_t couple, const json_t *message)
{
    struct chat_text text;
    const char *written = json_string_value(json_object_get(message, "text"));
    size_t len = written != NULL ? strlen(written) : 0;
    if (chat_text_parse(bytes_of(written, len), (size_t)run->options->bytes, &text) != 0 ||
        text.couple >= run->count || text.couple % run->tokens.count / 2 != couple) {
        run->tally.unexpected++;
        return;
    }
    ledger_delivered(&run->clients[text.couple].ledger, text.number, number_in(message, "seq"),
                     number_in(message, "msg"), &run->tally);
}

/* All of a couple's messages since the beginning: numbered without a gap, each in its ledger. */
static int read_couple(struct rest_run *run, struct http_ask *ask, size_t couple)
{
    struct view view;
    uint64_t after = run->heads[couple];
    const json_t *page;
    view_init(&view, after);
    while ((page = ask_page(ask, token_of(run, couple), after)) != NULL &&
           json_array_size(page) != 0 && !interrupted()) {
        uint64_t before = after;
        for (size_t i = 0; i < json_array_size(page); i++) {
            const json_t *message = json_array_get(page, i);
            after = number_in(message, "msg");
            view_saw(&view, after, true, &run->tally);
            settle(run, couple, message);
        }
        if (after <= before) {
            break; /* counted as out of order or doubled; it would not end */
        }
    }
    view_finish(&view, &run->tally);
    view_fini(&view);
    return page == NULL || interrupted() ? ERR_IO : 0;
}

int rest_read_back(struct rest_run *run)
{
    struct http_ask ask;
    int error = http_ask_init(&ask, run->server.host, run->server.port);
    for (size_t couple = 0; couple < run->tokens.count / 2 && error == 0; couple++) {
        if (couple % 100 == 0) {
            progress("reading back couple %zu", couple);
        }
        error = read_couple(run, &ask, couple);
    }
    http_ask_fini(&ask);
    for (size_t i = 0; i < run->count && error == 0; i++) {
        ledger_finish(&run->clients[i].ledger, &run->tally);
    }
    progress_end();
    return error;
}
