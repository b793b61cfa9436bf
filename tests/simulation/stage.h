/**
 * A run: one node, its people and their devices, and what must hold when it is over.
 */
#ifndef TESTS_SIMULATION_STAGE_H
#define TESTS_SIMULATION_STAGE_H

#include "tests/simulation/device.h"

#define STAGE_DEVICES_MAX 16

/** Where the crash of a run is; all of them NEVER: there is none. */
#define NEVER UINT64_MAX
struct crash_point {
    uint64_t before_commit, after_commit, step;
};

struct stage {
    struct machine machine;
    struct ledger *ledger;
    struct account accounts[STAGE_DEVICES_MAX];
    struct device devices[STAGE_DEVICES_MAX];
    uint32_t account_count, device_count;
    struct crash_point point;
};

struct scenario {
    const char *name;
    void (*run)(struct stage *stage);
    void (*weather)(struct sim_random *random, struct weather *weather);
    bool enumerated; /* there is a crash at each of its commits, else it crashes by itself */
};

/** Ends with a NULL name. */
extern const struct scenario pairing_scenarios[];
extern const struct scenario chat_scenarios[];
extern const struct scenario profile_scenarios[];
extern const struct scenario soak_scenarios[];

void stage_begin(struct stage *stage, uint64_t seed, const struct weather *weather,
                 const struct crash_point *point);
void stage_end(struct stage *stage);

/** A new person with one device, which comes online. */
struct device *stage_person(struct stage *stage);
/** Another device of the same person. */
struct device *stage_second_device(struct stage *stage, struct device *first);

/** The crash is counted from here on. */
void stage_arm(struct stage *stage);

void stage_run_ms(struct stage *stage, int64_t ms);
void stage_wait(struct stage *stage, const struct task *task);
void stage_wait_ready(struct stage *stage, const struct device *device);
/** Waits, and fails unless the outcome is this one. */
void stage_expect(struct stage *stage, const struct task *task, int error);

/** Two people, paired. */
void stage_pair(struct stage *stage, struct device *a, struct device *b);

/** Everybody is answered and nothing moves any more. */
void stage_settle(struct stage *stage);
/** Settles, and checks all that must hold. */
void stage_audit(struct stage *stage);

#endif
