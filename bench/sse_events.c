#include <string.h>

#include "bench/protocol.h"
#include "bench/sse.h"

static void note_opened(void *owner)
{
    struct sse_client *client = owner;
    client->open = true;
    client->run->open++;
}

static void note_comment(void *owner)
{
    struct sse_client *client = owner;
    client->heartbeats += client->run->holding;
}

static uint64_t number_in(const json_t *object, const char *name)
{
    json_int_t value = json_integer_value(json_object_get(object, name));
    return value > 0 ? (uint64_t)value : 0;
}

/* A message that one of the writers posted: its partner gets it, and perhaps itself. */
static void take_message(struct sse_client *client, const json_t *push,
                         const struct chat_text *text)
{
    struct sse_run *run = client->run;
    const json_t *data = json_object_get(push, "data");
    if (run->writers == NULL || text->couple >= run->writers->count) {
        run->strange++;
    } else if (text->couple == client->index) {
        run->own++;
    } else if (text->couple == (client->index ^ 1)) {
        struct rest_run *writers = run->writers;
        ledger_delivered(&writers->clients[text->couple].ledger, text->number,
                         number_in(push, "seq"), number_in(data, "msg"), &writers->tally);
        histogram_add(&run->delivery,
                      (uint64_t)(run->now_us > text->at_us ? run->now_us - text->at_us : 0));
    } else {
        run->strange++;
    }
}

static void take_event(void *owner, const struct event *event)
{
    struct sse_client *client = owner;
    struct sse_run *run = client->run;
    json_t *push = json_loadb((const char *)event->data.data, event->data.len, 0, NULL);
    const json_t *said = json_object_get(json_object_get(push, "data"), "text");
    struct chat_text text;
    if (push == NULL) {
        run->strange++;
    } else if (said == NULL) {
        run->others++;
    } else if (!event->has_id || event->id.len == 0 || /* nothing to resume behind */
               chat_text_parse(bytes_of(json_string_value(said), json_string_length(said)),
                               (size_t)run->writing.bytes, &text) != 0) {
        run->strange++;
    } else {
        take_message(client, push, &text);
    }
    json_decref(push);
}

const struct event_stream_handler sse_handler = {
    .opened = note_opened, .event = take_event, .comment = note_comment};
