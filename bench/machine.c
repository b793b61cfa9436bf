#include "bench/machine.h"

#include <gnu/libc-version.h>
#include <lmdb.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <uv.h>

#include "config/version.h"

/* The value of the first line "name : value" of a /proc file, or "unknown". */
static void proc_value(const char *path, const char *name, char *out, size_t size)
{
    char line[256];
    snprintf(out, size, "unknown");
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *colon = strchr(line, ':');
        if (colon != NULL && strncmp(line, name, strlen(name)) == 0) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(out, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
            break;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static json_t *text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

/* The last part of where a link of /sys points to, "" without one. */
static void link_target(const char *path, char *out, size_t size)
{
    char target[512];
    ssize_t len = readlink(path, target, sizeof target - 1);
    out[0] = '\0';
    if (len > 0) {
        target[len] = '\0';
        const char *slash = strrchr(target, '/');
        snprintf(out, size, "%.*s", (int)size - 1, slash != NULL ? slash + 1 : target);
    }
}

/* A partition has no queue of its own: its disk, the folder above it, has. */
static json_t *is_rotational(const char *device)
{
    static const char *const places[] = {"queue", "../queue"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char path[128];
        int value;
        snprintf(path, sizeof path, "%s/%s/rotational", device, places[i]);
        FILE *file = fopen(path, "re");
        if (file == NULL) {
            continue;
        }
        int found = fscanf(file, "%d", &value);
        fclose(file);
        return found == 1 ? json_boolean(value != 0) : json_null();
    }
    return json_null();
}

/* The driver of a device, or of the disk that a partition is on: "virtio_blk", "nvme", … */
static void find_driver(const char *device, char *out, size_t size)
{
    static const char *const places[] = {"device/driver", "../device/driver",
                                         "device/device/driver", "../device/device/driver"};
    out[0] = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0] && out[0] == '\0'; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", device, places[i]);
        link_target(path, out, size);
    }
}

/* The type that the kernel mounted the device `id` ("major:minor") with, "" if it did not. */
static void find_filesystem(const char *id, char *out, size_t size)
{
    char line[4096];
    FILE *file = fopen("/proc/self/mountinfo", "re");
    out[0] = '\0';
    while (file != NULL && out[0] == '\0' && fgets(line, sizeof line, file) != NULL) {
        char device[32];
        char type[64];
        const char *rest = strstr(line, " - ");
        if (rest != NULL && sscanf(line, "%*d %*d %31s", device) == 1 && strcmp(device, id) == 0 &&
            sscanf(rest, " - %63s", type) == 1) {
            snprintf(out, size, "%s", type);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static json_t *describe_disk(const char *folder)
{
    struct stat status;
    char id[32];
    char device[64];
    char name[64];
    char driver[64];
    char type[64];
    if (stat(folder, &status) != 0) {
        return json_null();
    }
    snprintf(id, sizeof id, "%u:%u", major(status.st_dev), minor(status.st_dev));
    snprintf(device, sizeof device, "/sys/dev/block/%s", id);
    link_target(device, name, sizeof name);
    find_driver(device, driver, sizeof driver);
    find_filesystem(id, type, sizeof type);
    return json_pack("{s:o, s:o, s:o, s:o}", "device", text_or_null(name), "driver",
                     text_or_null(driver), "rotational", is_rotational(device), "filesystem",
                     text_or_null(type));
}

json_t *machine_describe(const char *folder)
{
    char cpu[128];
    char memory[64];
    struct utsname system = {0};
    proc_value("/proc/cpuinfo", "model name", cpu, sizeof cpu);
    proc_value("/proc/meminfo", "MemTotal", memory, sizeof memory);
    uname(&system);
    return json_pack("{s:s, s:I, s:s, s:s, s:s, s:o}", "cpu", cpu, "cores",
                     (json_int_t)sysconf(_SC_NPROCESSORS_ONLN), "memory", memory, "kernel",
                     system.release, "arch", system.machine, "disk", describe_disk(folder));
}

json_t *machine_versions(void)
{
    char lmdb[32];
    int major_number;
    int minor_number;
    int patch;
    mdb_version(&major_number, &minor_number, &patch);
    snprintf(lmdb, sizeof lmdb, "%d.%d.%d", major_number, minor_number, patch);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "duet", DUET_VERSION,
                     "commit", build_info.commit, "build_type", build_info.type, "compiler",
                     build_info.compiler, "flags", build_info.flags, "libuv", uv_version_string(),
                     "lmdb", lmdb, "libsodium", sodium_version_string(), "glibc",
                     gnu_get_libc_version());
}
