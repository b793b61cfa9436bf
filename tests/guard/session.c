/* Coming and going: opening a session, resuming a stream, pairing. */
#include "tests/guard/guard.h"
#include "tests/guard/town.h"

#define COUPLES 50

static uint64_t session_open(void)
{
    const uint32_t rounds = 4;
    struct town town;
    town_init(&town, COUPLES, 2);
    town_connect_all(&town, false);
    town_pair_all(&town);
    town_chat(&town, 1);
    town_disconnect_all(&town);
    guard_count_begin();
    for (uint32_t i = 0; i < rounds; i++) {
        town_connect_all(&town, false);
        town_disconnect_all(&town);
    }
    guard_count_end();
    town_fini(&town);
    return (uint64_t)COUPLES * 2 * rounds;
}

/** Long gaps, so that opening the sessions counts for little. */
static uint64_t stream_resume(void)
{
    const uint32_t couples = 4, entries = 1000;
    struct town town;
    town_init(&town, couples, 2);
    town_connect_all(&town, false);
    town_pair_all(&town);
    town_chat(&town, 1);
    for (uint32_t i = 0; i < entries / 10; i++) {
        town_chat(&town, 5);
    }
    town_disconnect_all(&town);
    for (uint32_t i = 0; i < town.count; i++) {
        struct resident *resident = &town.residents[i];
        resident->entries = 0;
        resident->seen = 2;
    }
    guard_count_begin();
    town_connect_all(&town, true);
    guard_count_end();
    uint64_t resumed = 0;
    for (uint32_t i = 0; i < town.count; i++) {
        resumed += town.residents[i].entries;
    }
    if (resumed != (uint64_t)town.count * entries) {
        guard_fail("%llu entries were resumed", (unsigned long long)resumed);
    }
    town_fini(&town);
    return resumed;
}

static uint64_t pairing(void)
{
    struct town town;
    town_init(&town, COUPLES, 2);
    town_connect_all(&town, false);
    guard_count_begin();
    town_pair_all(&town);
    guard_count_end();
    town_fini(&town);
    return COUPLES;
}

const struct guard_scenario guard_session_scenarios[] = {
    {"session_open", "session", session_open},
    {"stream_resume", "entry", stream_resume},
    {"pairing", "couple", pairing},
    {0},
};
