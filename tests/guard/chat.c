/* Chat through the whole server: session, op, couple, record, durable, answer and push. */
#include "actors/couple_records.h"
#include "tests/guard/guard.h"
#include "tests/guard/town.h"

#define COUPLES 100

static uint64_t chat(uint32_t window, uint32_t rounds)
{
    struct town town;
    town_init(&town, COUPLES, 2);
    town_connect_all(&town, false);
    town_pair_all(&town);
    town_chat(&town, window);
    town_chat(&town, window);
    guard_count_begin();
    for (uint32_t i = 0; i < rounds; i++) {
        town_chat(&town, window);
    }
    guard_count_end();
    town_fini(&town);
    return (uint64_t)COUPLES * 2 * window * rounds;
}

static uint64_t chat_window_1(void)
{
    return chat(1, 32);
}

static uint64_t chat_window_16(void)
{
    return chat(16, 2);
}

/** Everybody marks one message more as read. */
static void read_one(struct town *town, int64_t up_to)
{
    for (uint32_t i = 0; i < town->count; i++) {
        struct chat_read_args args = {.up_to = up_to};
        resident_ask(&town->residents[i], "chat.read", &chat_read_args_type, &args, true);
    }
    town_settle(town);
}

static uint64_t chat_read(void)
{
    const uint32_t rounds = 16;
    struct town town;
    town_init(&town, COUPLES, 2);
    town_connect_all(&town, false);
    town_pair_all(&town);
    town_chat(&town, rounds);
    read_one(&town, 1);
    guard_count_begin();
    for (uint32_t i = 0; i < rounds; i++) {
        read_one(&town, i + 2);
    }
    guard_count_end();
    town_fini(&town);
    return (uint64_t)COUPLES * 2 * rounds;
}

const struct guard_scenario guard_chat_scenarios[] = {
    {"chat_window_1", "message", chat_window_1},
    {"chat_window_16", "message", chat_window_16},
    {"chat_read", "mark", chat_read},
    {0},
};
