#include "bench/measure.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "bench/family.h"
#include "bench/report.h"

#define SECTOR_BYTES 512
#define ADMIN_TIMEOUT_MS 5000
#define ADMIN_REPLY_BYTES_MAX 65536

int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A number "name: N kB" in a file of the process, in bytes; -1 without one. */
static int64_t process_memory_bytes(pid_t pid, const char *file_name, const char *name)
{
    char path[64];
    char line[256];
    long long kib = -1;
    size_t name_len = strlen(name);
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file_name);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return -1;
    }
    while (kib < 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, name, name_len) != 0 || sscanf(line + name_len, ": %lld", &kib) != 1) {
            kib = -1;
        }
    }
    fclose(file);
    return kib < 0 ? -1 : (int64_t)kib * 1024;
}

static int64_t own_cpu_us(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

/* Of the block device (or partition) that holds `path`; -1 for file systems without one. */
static int64_t device_bytes_written(const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        return -1;
    }
    char name[64];
    snprintf(name, sizeof name, "/sys/dev/block/%u:%u/stat", major(status.st_dev),
             minor(status.st_dev));
    FILE *file = fopen(name, "re");
    if (file == NULL) {
        return -1;
    }
    long long sectors = -1;
    if (fscanf(file, "%*d %*d %*d %*d %*d %*d %lld", &sectors) != 1) {
        sectors = -1;
    }
    fclose(file);
    return sectors < 0 ? -1 : (int64_t)sectors * SECTOR_BYTES;
}

static int admin_connect(const char *data)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int len = snprintf(to.sun_path, sizeof to.sun_path, "%s/admin.sock", data);
    if (len < 0 || (size_t)len >= sizeof to.sun_path) {
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Reads up to the end of a line; returns its length, 0 without a whole line. */
static size_t read_line(int fd, char *out, size_t size)
{
    size_t len = 0;
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    while (len < size && poll(&poller, 1, ADMIN_TIMEOUT_MS) > 0) {
        ssize_t got = read(fd, out + len, size - len);
        if (got <= 0) {
            return 0;
        }
        len += (size_t)got;
        if (memchr(out, '\n', len) != NULL) {
            return len;
        }
    }
    return 0;
}

json_t *sample_stats(const char *data)
{
    static const char request[] = "{\"cmd\":\"stats\"}\n";
    static _Thread_local char reply[ADMIN_REPLY_BYTES_MAX];
    json_t *stats = NULL;
    int fd = admin_connect(data);
    if (fd < 0) {
        return NULL;
    }
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)sizeof request - 1) {
        size_t len = read_line(fd, reply, sizeof reply);
        stats = json_loadb(reply, len, JSON_DISABLE_EOF_CHECK, NULL);
    }
    close(fd);
    return stats;
}

int64_t sample_figure(const json_t *stats, const char *name)
{
    const json_t *value = json_object_get(stats, name);
    return json_is_integer(value) ? json_integer_value(value) : -1;
}

int64_t sample_log_to_replay(const char *data)
{
    json_t *stats = sample_stats(data);
    int64_t found = sample_figure(stats, "log_to_replay");
    json_decref(stats);
    return found;
}

pid_t sample_find_server(const char *data)
{
    struct ucred peer = {0};
    socklen_t len = sizeof peer;
    int fd = admin_connect(data);
    if (fd < 0) {
        return 0;
    }
    pid_t pid = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 ? peer.pid : 0;
    close(fd);
    return pid;
}

/* Memory of several processes, a page that n of them share counted 1/n in each. */
static int64_t shared_out_bytes(const pid_t *pids, size_t count, const char *name)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t bytes = process_memory_bytes(pids[i], "smaps_rollup", name);
        sum += bytes > 0 ? bytes : 0; /* one may just have ended */
    }
    return sum;
}

struct sample sample_take_outside(pid_t pid, const char *data)
{
    struct sample sample = {.log_to_replay = -1};
    sample.device_bytes = data != NULL ? device_bytes_written(data) : -1;
    sample.cpu_us = sample.rss_bytes = sample.anon_bytes = -1;
    pid_t pids[FAMILY_MAX];
    size_t count = pid != 0 ? family_of(pid, pids, &sample.cpu_us) : 0;
    if (count == 1) {
        sample.rss_bytes = process_memory_bytes(pid, "status", "VmRSS");
        sample.anon_bytes = process_memory_bytes(pid, "status", "RssAnon");
    } else if (count > 1) {
        sample.rss_bytes = shared_out_bytes(pids, count, "Pss");
        sample.anon_bytes = shared_out_bytes(pids, count, "Pss_Anon");
    }
    sample.own_cpu_us = own_cpu_us();
    sample.at_us = monotonic_us();
    return sample;
}

struct sample sample_take(pid_t pid, const char *data)
{
    int64_t log_to_replay = data != NULL ? sample_log_to_replay(data) : -1;
    struct sample sample = sample_take_outside(pid, data);
    sample.log_to_replay = log_to_replay;
    return sample;
}

int raise_file_limit_quietly(uint64_t wanted)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted) {
        return 0;
    }
    struct rlimit raised = {.rlim_cur = wanted,
                            .rlim_max = limit.rlim_max > wanted ? limit.rlim_max : wanted};
    return setrlimit(RLIMIT_NOFILE, &raised) == 0 ? 0 : ERR_IO;
}

int raise_file_limit(uint64_t wanted)
{
    if (raise_file_limit_quietly(wanted) == 0) {
        return 0;
    }
    int reason = errno;
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    complain("%llu open files are needed and at most %llu allowed: %s\n"
             "  raise the limit (ulimit -Hn, /etc/security/limits.conf, fs.nr_open) and try again",
             (unsigned long long)wanted, (unsigned long long)limit.rlim_max, strerror(reason));
    return ERR_IO;
}
