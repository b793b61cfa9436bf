#include "bench/actor_peer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/folder.h"
#include "bench/report.h"

#define MODULE "bench/erlang/actor_bench.erl"

/** First line of what a command prints; empty when it fails. */
static void first_line(const char *command, char *out, size_t size)
{
    out[0] = '\0';
    FILE *pipe = popen(command, "re");
    if (pipe == NULL) {
        return;
    }
    if (fgets(out, (int)size, pipe) == NULL) {
        out[0] = '\0';
    }
    out[strcspn(out, "\n")] = '\0';
    char rest[256];
    while (fgets(rest, sizeof rest, pipe) != NULL) {
    }
    if (pclose(pipe) != 0) {
        out[0] = '\0';
    }
}

/** The module below the current folder, or beside the program's build folder. */
static const char *find_source(char path[PATH_MAX])
{
    if (access(MODULE, R_OK) == 0) {
        return MODULE;
    }
    char folder[PATH_MAX];
    if (folder_of_program(folder) != 0) {
        return NULL;
    }
    snprintf(path, PATH_MAX, "%.*s/../" MODULE, PATH_MAX - 64, folder);
    return access(path, R_OK) == 0 ? path : NULL;
}

static const char *compile(struct actor_peer *peer, const char *source, const char *parent)
{
    char found[PATH_MAX], command[3 * PATH_MAX], said[256];
    source = source != NULL ? source : find_source(found);
    if (source == NULL || access(source, R_OK) != 0) {
        return "its module actor_bench.erl is not here; name it with --erlang";
    }
    if (folder_make(parent, peer->beam) != 0) {
        peer->beam[0] = '\0';
        return "there is no folder to compile in";
    }
    snprintf(command, sizeof command, "erlc -o '%s' '%s' && echo done", peer->beam, source);
    first_line(command, said, sizeof said);
    return strcmp(said, "done") == 0 ? NULL : "erlc cannot compile its module";
}

void actor_peer_prepare(struct actor_peer *peer, const char *source, const char *parent)
{
    *peer = (struct actor_peer){0};
    first_line("erl -noshell -noinput -eval 'io:format(\"~s erts ~s~n\", "
               "[erlang:system_info(otp_release), erlang:system_info(version)]), halt().' "
               "2>/dev/null",
               peer->version, sizeof peer->version);
    peer->missing = peer->version[0] == '\0'
                        ? "Erlang is not installed; run: scripts/install-deps.sh bench"
                        : compile(peer, source, parent);
}

void actor_peer_fini(struct actor_peer *peer)
{
    if (peer->beam[0] != '\0') {
        folder_remove(peer->beam);
    }
}

double actor_peer_run(const struct actor_peer *peer, const char *shape, uint32_t schedulers,
                      uint32_t actors, int64_t warmup_ms, int64_t measure_ms)
{
    char command[PATH_MAX + 256], line[128], name[32];
    unsigned long long messages = 0, took_us = 0;
    snprintf(command, sizeof command,
             "erl +S %u:%u -noshell -noinput -pa '%s' -run actor_bench main %s %u %lld %lld",
             schedulers, schedulers, peer->beam, shape, actors, (long long)warmup_ms,
             (long long)measure_ms);
    first_line(command, line, sizeof line);
    if (sscanf(line, "%31s %llu %llu", name, &messages, &took_us) != 3 || took_us == 0) {
        complain("Erlang did not report on %s: %s", shape, line);
        return -1;
    }
    return (double)messages * 1e6 / (double)took_us;
}
