/**
 * What a figure was measured with: the machine, and the versions of all that ran. No names of
 * hosts or people, no paths.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <jansson.h>

/**
 * CPU, cores, memory, kernel, and under "disk" the block device that holds `folder`: device,
 * driver, whether rotational, file system. What cannot be found out is null. A new object.
 */
json_t *machine_describe(const char *folder);

/**
 * The commit, build type, compiler and flags of this build, whose duetd a scenario starts, and the
 * versions of its libraries. A new object.
 */
json_t *machine_versions(void);

/** Filled in by the build (cmake/build_info.cmake). */
struct build_info {
    const char *commit; /* with -dirty when files differed from it */
    const char *type;
    const char *compiler;
    const char *flags;
};
extern const struct build_info build_info;

#endif
