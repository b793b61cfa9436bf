#include "tests/integration/support_hostile.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/tcp.h"
#include "tests/integration/support_people.h"

#if defined(__SANITIZE_ADDRESS__)
#define HOLDS_BACK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOLDS_BACK 1
#endif
#endif
#ifdef HOLDS_BACK
#define GROWTH_MAX_KIB (256L * 1024) /* what is freed is held back for a while */
#else
#define GROWTH_MAX_KIB (24L * 1024)
#endif
#define GROWTH_VALGRIND 10 /* times that */
#define CALM_WITHIN_MS 15000
#define BUSY_MAX_MS 50 /* of one second */
#define BODY "{\"no\":1,\"text\":\"hi\"}"
_Static_assert(sizeof BODY - 1 == 20, "as the cases say");

static struct two two;
static struct http_peer bystander = {.fd = -1};
static struct http_word words[8];
static char post_text[4096], auth_text[2048];
static int sockets_before;
static long memory_before;

/* --- the stage ------------------------------------------------------------------------------- */

uint16_t hostile_port(void)
{
    return people_server.port;
}

struct two *hostile_people(void)
{
    return &two;
}

const struct http_word *hostile_words(void)
{
    return words;
}

static void set_words(void)
{
    snprintf(auth_text, sizeof auth_text, "Authorization: Bearer %s\r\n", two.a.access_token);
    snprintf(post_text, sizeof post_text,
             "POST /api/v1/chat/messages HTTP/1.1\r\nHost: a\r\n%s"
             "Content-Type: application/json\r\n",
             auth_text);
    words[0] = (struct http_word){"get", "GET /healthz HTTP/1.1\r\nHost: a\r\n"};
    words[1] = (struct http_word){"post", post_text};
    words[2] = (struct http_word){"auth", auth_text};
    words[3] = (struct http_word){"body", BODY};
}

long hostile_memory_kib(void)
{
    char path[64], line[256];
    long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", people_server.pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    if (fgets(line, sizeof line, file) != NULL) {
        sscanf(line, "%*d %ld", &pages);
    }
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int hostile_sockets(void)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", people_server.pid);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char target[32] = "";
        if (readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1) > 0) {
            count += strncmp(target, "socket:", 7) == 0;
        }
    }
    closedir(directory);
    return count;
}

int64_t hostile_cpu_ms(void)
{
    char path[64], text[512];
    long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", people_server.pid);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    const char *after = strrchr(text, ')');
    assert_non_null(after);
    assert_int_equal(
        sscanf(after, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &user, &system), 2);
    return (user + system) * 1000 / sysconf(_SC_CLK_TCK);
}

static bool sockets_return(void)
{
    int64_t deadline_ms = tcp_now_ms() + CALM_WITHIN_MS;
    while (hostile_sockets() > sockets_before) {
        if (tcp_now_ms() > deadline_ms) {
            return false;
        }
        usleep(20000);
    }
    return true;
}

void hostile_daemon_is_calm(void)
{
    int64_t busy_ms = 0;
    http_peer_close(&bystander);
    if (!sockets_return()) {
        fail_msg("%d sockets are open, not %d", hostile_sockets(), sockets_before);
    }
    for (int i = 0; i < 3; i++) { /* what spins does so for ever; what was only late does not */
        int64_t before = hostile_cpu_ms();
        usleep(1000000);
        busy_ms = hostile_cpu_ms() - before;
        if (busy_ms < BUSY_MAX_MS) {
            break;
        }
    }
    if (busy_ms >= BUSY_MAX_MS) {
        fail_msg("%lld ms of a second without requests", (long long)busy_ms);
    }
    long memory = hostile_memory_kib();
    long growth = hostile_stride() > 1 ? GROWTH_VALGRIND * GROWTH_MAX_KIB : GROWTH_MAX_KIB;
    if (memory > memory_before + growth) {
        fail_msg("%ld KiB of memory, %ld before", memory, memory_before);
    }
    hostile_bystander_is_served();
}

void hostile_start(const char *const *options)
{
    daemon_init(&people_server, options);
    daemon_start(&people_server);
    two_paired(&two);
    disconnect(&two.a);
    disconnect(&two.b);
    set_words();
    for (int i = 0; i < 100; i++) { /* pools and caches have what they keep */
        hostile_bystander_is_served();
    }
    http_peer_close(&bystander);
    usleep(300000);
    sockets_before = hostile_sockets();
    memory_before = hostile_memory_kib();
}

void hostile_stop(void)
{
    http_peer_close(&bystander);
    two_fini(&two);
    daemon_stop(&people_server);
    daemon_destroy(&people_server);
}

size_t hostile_stride(void)
{
    const char *preload = getenv("LD_PRELOAD"); /* how valgrind gets into its programs */
    return preload != NULL && strstr(preload, "vgpreload") != NULL ? 17 : 1;
}

/* --- healthy requests ------------------------------------------------------------------------ */

const char *hostile_mark(void)
{
    static char marks[4][40];
    static unsigned number;
    char *mark = marks[++number % 4];
    snprintf(mark, sizeof marks[0], "marked-%08u", number);
    return mark;
}

bool hostile_marked_request(struct http_peer *peer, const char *mark, bool last)
{
    char request[256];
    struct http_reply reply;
    snprintf(request, sizeof request,
             "GET /healthz HTTP/1.1\r\nHost: a\r\nX-Request-ID: %s\r\n%s\r\n", mark,
             last ? "Connection: close\r\n" : "");
    return http_peer_send(peer, bytes_of(request, strlen(request)), HOSTILE_WAIT_MS) &&
           http_peer_receive(peer, false, HOSTILE_WAIT_MS, &reply) == HTTP_GOT_REPLY &&
           reply.fault == NULL && reply.status == 200 &&
           http_reply_has(&reply, "x-request-id", mark);
}

void hostile_bystander_is_served(void)
{
    for (int i = 0; i < 2; i++) {
        if (bystander.fd < 0) {
            http_peer_open(&bystander, people_server.port);
        }
        if (hostile_marked_request(&bystander, hostile_mark(), false)) {
            return;
        }
        bool idle_too_long = i == 0 && bystander.ended;
        http_peer_close(&bystander);
        if (!idle_too_long) {
            break;
        }
    }
    fail_msg("the bystander is not served any more");
}

/* --- one case -------------------------------------------------------------------------------- */

struct run {
    const struct hostile_case *c;
    struct http_peer peer;
    struct http_reply reply; /* the last one */
    bool any;
    char seen[512]; /* what came, for people */
};

static void note(struct run *run, const char *text)
{
    size_t len = strlen(run->seen);
    snprintf(run->seen + len, sizeof run->seen - len, "%s%s", len == 0 ? "" : " ", text);
}

static void note_reply(struct run *run)
{
    char text[100];
    snprintf(text, sizeof text, "%d%s%s%s", run->reply.status, run->reply.close ? "(close)" : "",
             run->reply.fault != NULL ? " with " : "",
             run->reply.fault != NULL ? run->reply.fault : "");
    note(run, text);
}

static void note_got(struct run *run, enum http_got got)
{
    static const char *const texts[] = {
        [HTTP_GOT_END] = "end",
        [HTTP_GOT_CUT] = "end inside an answer",
        [HTTP_GOT_RESET] = "reset",
        [HTTP_GOT_NOTHING] = "nothing",
    };
    if (got == HTTP_GOT_REPLY) {
        note_reply(run);
    } else {
        note(run, texts[got]);
    }
}

/** "400|505" has 505; an alternative may be "-": the server may end instead. */
static bool allows(const char *word, size_t len, const char *text)
{
    for (const char *at = word; at < word + len; at += strcspn(at, "|") + 1) {
        size_t part = strcspn(at, "|H ");
        if (part == strlen(text) && memcmp(at, text, part) == 0) {
            return true;
        }
    }
    return false;
}

/** Receives what one word promises. */
static bool take_promised(struct run *run, const char *word, size_t len)
{
    char status[16];
    bool to_head = memchr(word, 'H', len) != NULL;
    struct http_reply reply;
    enum http_got got = http_peer_receive(&run->peer, to_head, HOSTILE_WAIT_MS, &reply);
    if (got != HTTP_GOT_REPLY) {
        note_got(run, got);
        return got == HTTP_GOT_END && allows(word, len, "-");
    }
    run->any = true;
    run->reply = reply;
    note_reply(run);
    snprintf(status, sizeof status, "%d", run->reply.status);
    return run->reply.fault == NULL && allows(word, len, status);
}

static bool take_all_promised(struct run *run)
{
    for (const char *word = run->c->replies; *word != '\0';) {
        size_t len = strcspn(word, " ");
        if (!take_promised(run, word, len)) {
            return false;
        }
        word += len + (word[len] == ' ');
    }
    return true;
}

static bool ends(struct run *run)
{
    struct http_reply more;
    if (run->any && !run->reply.close) {
        note(run, "without announcing the end");
        return false;
    }
    enum http_got got = http_peer_receive(&run->peer, false, HOSTILE_WAIT_MS, &more);
    if (got != HTTP_GOT_END) {
        note_got(run, got);
    }
    return got == HTTP_GOT_END;
}

static bool goes_on(struct run *run)
{
    if (run->any && run->reply.close) {
        note(run, "is announced as the last");
        return false;
    }
    if (!hostile_marked_request(&run->peer, hostile_mark(), true)) {
        note(run, "and the next request has not got its answer");
        return false;
    }
    return http_peer_drain(&run->peer, HOSTILE_WAIT_MS) && run->peer.taken == run->peer.in.len;
}

static bool ends_well(struct run *run)
{
    bool stays = run->c->after == STAYS;
    if (run->c->after == EITHER) {
        stays = run->any && !run->reply.close;
    }
    return stays ? goes_on(run) : ends(run);
}

/** Failing is fine: the server may have refused meanwhile, and its answer says so. */
static void send_cut(struct run *run, struct bytes request, size_t cut)
{
    if (cut > 0) {
        http_peer_send(&run->peer, bytes_of(request.data, cut), HOSTILE_WAIT_MS);
        hostile_bystander_is_served();
    }
    http_peer_send(&run->peer, bytes_of(request.data + cut, request.len - cut), HOSTILE_WAIT_MS);
}

/** `cut`: so many bytes are sent first, and seen by the daemon, before the others. */
static bool went(const struct hostile_case *c, struct bytes request, size_t cut)
{
    struct run run = {.c = c};
    http_peer_open(&run.peer, people_server.port);
    send_cut(&run, request, cut);
    bool right = take_all_promised(&run) && ends_well(&run);
    if (!right) {
        print_message("%s, cut at %zu: %s; not %s, %s\n", c->name, cut, run.seen, c->replies,
                      (const char *[]){"stays", "closes", "either"}[c->after]);
    }
    http_peer_close(&run.peer);
    return right;
}

/* --- tables ---------------------------------------------------------------------------------- */

void hostile_run(const struct hostile_table *table)
{
    struct buffer request = {0};
    int wrong = 0;
    for (size_t i = 0; i < table->count; i++) {
        buffer_clear(&request);
        http_expand(bytes_of(table->cases[i].text, table->cases[i].len), words, &request);
        wrong += !went(&table->cases[i], buffer_bytes(&request), 0);
        hostile_bystander_is_served();
    }
    buffer_fini(&request);
    assert_int_equal(wrong, 0);
}

void hostile_run_cut(const struct hostile_case *cases, size_t count)
{
    struct buffer request = {0};
    int wrong = 0;
    size_t step = hostile_stride();
    for (size_t i = 0; i < count; i++) {
        buffer_clear(&request);
        http_expand(bytes_of(cases[i].text, cases[i].len), words, &request);
        for (size_t cut = 1 + i % step; cut < request.len && wrong < 20; cut += step) {
            wrong += !went(&cases[i], buffer_bytes(&request), cut);
        }
    }
    buffer_fini(&request);
    assert_int_equal(wrong, 0);
}
