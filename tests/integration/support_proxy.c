#include "tests/integration/support_proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "client/tcp.h"
#include "tests/integration/support_crash_server.h"

#define NGINX "/usr/sbin/nginx"
#define HAPROXY "/usr/sbin/haproxy"
#define LISTEN_WITHIN_MS 30000

bool proxy_has_nginx(void)
{
    return access(NGINX, X_OK) == 0;
}

bool proxy_has_haproxy(void)
{
    return access(HAPROXY, X_OK) == 0;
}

/* --- configuration --------------------------------------------------------------------------- */

struct change {
    const char *from, *to;
};

static void read_file(const char *path, struct buffer *out)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fail_msg("cannot read %s: %s", path, strerror(errno));
    }
    size_t got;
    do {
        got = fread(buffer_extend(out, 4096), 1, 4096, file);
        out->len -= 4096 - got;
    } while (got > 0);
    fclose(file);
}

static void write_file(const char *path, struct bytes text)
{
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fwrite(text.data, 1, text.len, file), text.len);
    fclose(file);
}

/** Each `from` must be there: a configuration that has changed is noticed. */
static void change_text(struct buffer *text, const struct change *change)
{
    struct buffer out = {0};
    struct bytes rest = buffer_bytes(text);
    size_t len = strlen(change->from);
    const uint8_t *at;
    while ((at = memmem(rest.data, rest.len, change->from, len)) != NULL) {
        size_t before = (size_t)(at - rest.data);
        buffer_append(&out, rest.data, before);
        buffer_append(&out, change->to, strlen(change->to));
        rest = bytes_of(at + len, rest.len - before - len);
    }
    if (out.len == 0) {
        fail_msg("there is no \"%s\" in the configuration", change->from);
    }
    buffer_append(&out, rest.data, rest.len);
    buffer_fini(text);
    *text = out;
}

/** A configuration of the source tree, changed, into the proxy's place. */
static void copy_config(const struct proxy *proxy, const char *source, const char *name,
                        const struct change *changes, size_t count)
{
    char path[512];
    struct buffer text = {0};
    const char *tree = getenv("DUET_SOURCE");
    snprintf(path, sizeof path, "%s/config/%s", tree != NULL ? tree : "..", source);
    read_file(path, &text);
    for (size_t i = 0; i < count; i++) {
        change_text(&text, &changes[i]);
    }
    snprintf(path, sizeof path, "%s/%s", proxy->place, name);
    write_file(path, buffer_bytes(&text));
    buffer_fini(&text);
}

/* --- the process ----------------------------------------------------------------------------- */

/** A port that was free a moment ago. */
static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static _Noreturn void become(const struct proxy *proxy, const char *const *words)
{
    char log[512];
    snprintf(log, sizeof log, "%s/stderr", proxy->place);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) {
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
    }
    unsetenv("LD_PRELOAD"); /* what watches our programs is not for these */
    execv(words[0], (char *const *)(uintptr_t)words);
    _exit(127);
}

static bool listens(uint16_t port)
{
    int fd;
    if (tcp_connect("127.0.0.1", port, NULL, tcp_now_ms() + 1000, &fd) != 0) {
        return false;
    }
    close(fd);
    return true;
}

static void run(struct proxy *proxy, const char *const *words)
{
    int64_t deadline_ms = tcp_now_ms() + LISTEN_WITHIN_MS;
    fflush(NULL);
    proxy->pid = fork();
    assert_true(proxy->pid >= 0);
    if (proxy->pid == 0) {
        become(proxy, words);
    }
    while (!listens(proxy->port)) {
        bool ended = waitpid(proxy->pid, NULL, WNOHANG) != 0;
        if (ended || tcp_now_ms() > deadline_ms) {
            proxy->pid = ended ? 0 : proxy->pid;
            fail_msg("%s does not listen, see %s/stderr", proxy->name, proxy->place);
        }
        usleep(50000);
    }
}

static void begin(struct proxy *proxy, const char *name)
{
    char here[200];
    *proxy = (struct proxy){.name = name, .port = free_port()};
    assert_non_null(getcwd(here, sizeof here));
    snprintf(proxy->place, sizeof proxy->place, "%s/proxy.XXXXXX", here);
    assert_non_null(mkdtemp(proxy->place));
}

void proxy_start_nginx(struct proxy *proxy, uint16_t backend)
{
    static const char outer[] = "daemon off;\nmaster_process off;\npid nginx.pid;\n"
                                "error_log error.log;\n"
                                "events { worker_connections 1024; }\n"
                                "http {\n"
                                "    access_log off;\n"
                                "    client_body_temp_path body;\n"
                                "    proxy_temp_path proxy;\n"
                                "    fastcgi_temp_path fastcgi;\n"
                                "    uwsgi_temp_path uwsgi;\n"
                                "    scgi_temp_path scgi;\n"
                                "    include duet.conf;\n"
                                "}\n";
    char listen[64], server[64], path[512];
    begin(proxy, "nginx");
    snprintf(listen, sizeof listen, "\n    listen 127.0.0.1:%u;", proxy->port);
    snprintf(server, sizeof server, "server 127.0.0.1:%u;", backend);
    const struct change changes[] = {{"\n    listen 80;", listen},
                                     {"server 127.0.0.1:7400;", server}};
    copy_config(proxy, "nginx/duet.conf", "duet.conf", changes, 2);
    snprintf(path, sizeof path, "%s/nginx.conf", proxy->place);
    write_file(path, bytes_of(outer, sizeof outer - 1));
    run(proxy, (const char *const[]){NGINX, "-p", proxy->place, "-c", "nginx.conf", "-e",
                                     "error.log", NULL});
}

void proxy_start_haproxy(struct proxy *proxy, uint16_t backend)
{
    char bind[64], server[64], path[512];
    begin(proxy, "haproxy");
    snprintf(bind, sizeof bind, "\n    bind 127.0.0.1:%u", proxy->port);
    snprintf(server, sizeof server, "server duetd 127.0.0.1:%u", backend);
    const struct change changes[] = {
        {"\n    bind :80", bind},
        {"server duetd 127.0.0.1:7400", server},
        {"maxconn 20000", "maxconn 500"},
        {"http-reuse safe", "http-reuse always"}, /* whatever was left on one is met by others */
    };
    copy_config(proxy, "haproxy/duet.cfg", "duet.cfg", changes, 4);
    snprintf(path, sizeof path, "%s/duet.cfg", proxy->place);
    run(proxy, (const char *const[]){HAPROXY, "-db", "-f", path, NULL});
}

void proxy_stop(struct proxy *proxy)
{
    if (proxy->pid > 0) {
        kill(proxy->pid, SIGKILL);
        waitpid(proxy->pid, NULL, 0);
        proxy->pid = 0;
    }
    crash_place_remove(proxy->place);
}
