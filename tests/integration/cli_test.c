/*
 * The programs as people and scripts use them: duetctl chat through pipes on both sides, and the
 * tools that look at a data directory.
 */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/bytes.h"
#include "base/error.h"
#include "tests/integration/support_daemon.h"
#include "tools/admin.h"

#define WAIT_MS 30000
#define WORDS_MAX 24

static char state_home[256];

/* --- a chat in a pipe --- */

struct chatter {
    pid_t pid;
    int input, output;
    char text[65536]; /* all that it printed */
    size_t len;
};

static void chatter_start(struct chatter *chatter, const struct daemon *server, const char *email,
                          const char *const *flags)
{
    char url[64];
    char path[512];
    const char *words[WORDS_MAX] = {path,      "chat", "--server",   url,
                                    "--email", email,  "--password", "corgi-by-the-sea"};
    size_t count = 8;
    for (size_t i = 0; flags != NULL && flags[i] != NULL; i++) {
        words[count++] = flags[i];
    }
    snprintf(url, sizeof url, "ws://127.0.0.1:%u", (unsigned)server->port);
    snprintf(path, sizeof path, "%s", program_path("duetctl"));
    int in[2];
    int out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    *chatter = (struct chatter){.input = in[1], .output = out[0]};
    chatter->pid = fork();
    if (chatter->pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        dup2(out[1], STDERR_FILENO);
        execv(path, (char *const *)(uintptr_t)words);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
}

/** The same at a terminal of 24 rows and 80 columns. */
static void chatter_start_at_terminal(struct chatter *chatter, const struct daemon *server,
                                      const char *email)
{
    char url[64];
    const struct winsize size = {.ws_row = 24, .ws_col = 80};
    snprintf(url, sizeof url, "ws://127.0.0.1:%u", (unsigned)server->port);
    *chatter = (struct chatter){.input = -1};
    chatter->pid = forkpty(&chatter->output, NULL, NULL, &size);
    assert_true(chatter->pid >= 0);
    if (chatter->pid == 0) {
        setenv("TERM", "xterm", 1);
        setenv("LC_ALL", "C.UTF-8", 1);
        unsetenv("DUET_PASSWORD");
        execl(program_path("duetctl"), "duetctl", "chat", "--server", url, "--email", email,
              (char *)NULL);
        _exit(127);
    }
    chatter->input = dup(chatter->output);
}

static void presses(struct chatter *chatter, const char *keys)
{
    assert_int_equal(write(chatter->input, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static void types(struct chatter *chatter, const char *line)
{
    size_t len = strlen(line);
    assert_int_equal(write(chatter->input, line, len), (ssize_t)len);
    assert_int_equal(write(chatter->input, "\n", 1), 1);
}

/** Waits until it has printed `text`; returns where that stands. */
static const char *shows(struct chatter *chatter, const char *text)
{
    const char *found;
    while ((found = strstr(chatter->text, text)) == NULL) {
        struct pollfd fd = {.fd = chatter->output, .events = POLLIN};
        assert_true(chatter->len + 1 < sizeof chatter->text);
        ssize_t count = 0;
        if (poll(&fd, 1, WAIT_MS) == 1) {
            count = read(chatter->output, chatter->text + chatter->len,
                         sizeof chatter->text - 1 - chatter->len);
        }
        if (count <= 0) {
            fail_msg("\"%s\" was not shown in:\n%s", text, chatter->text);
        }
        chatter->len += (size_t)count;
    }
    return found;
}

static size_t times_shown(const struct chatter *chatter, const char *text)
{
    size_t times = 0;
    for (const char *at = chatter->text; (at = strstr(at, text)) != NULL; at++) {
        times++;
    }
    return times;
}

/** End of input: it goes when all is acknowledged. */
static void chatter_end(struct chatter *chatter)
{
    int status = 0;
    close(chatter->input);
    assert_int_equal(waitpid(chatter->pid, &status, 0), chatter->pid);
    close(chatter->output);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static const char *const new_account[] = {"--signup", "--birth-date", "1998-03-14", NULL};

static void start_pair(struct chatter *a, struct chatter *b, const struct daemon *server)
{
    char code[9] = "";
    chatter_start(a, server, "a@example.org", new_account);
    const char *shown = shows(a, "your invite code: ");
    shows(a, "waiting");
    memcpy(code, shown + strlen("your invite code: "), 8);
    const char *const flags[] = {"--signup", "--birth-date", "1998-03-14", "--code", code, NULL};
    chatter_start(b, server, "b@example.org", flags);
    shows(a, "you are paired now");
    shows(b, "you are paired now");
}

static void test_two_terminals_chat_through_pipes(void **state)
{
    (void)state;
    struct daemon server;
    struct chatter a;
    struct chatter b;
    daemon_init(&server, NULL);
    daemon_start(&server);
    start_pair(&a, &b, &server);
    types(&a, "hello");
    shows(&b, "partner: hello");
    shows(&a, "you: hello");
    shows(&a, "\xe2\x9c\x93\xe2\x9c\x93"); /* read: with the line itself, or after it */
    types(&b, "hi \033[31mthere");
    shows(&a, "partner: hi \xef\xbf\xbd[31mthere");
    assert_null(strchr(a.text, '\033'));
    types(&b, "/info");
    shows(&b, "2 messages, 0 unread");
    types(&b, "/nonsense");
    shows(&b, "there is no command /nonsense");
    chatter_end(&b);
    shows(&a, "partner is offline");
    types(&a, "while you were away");
    shows(&a, "you: while you were away");
    chatter_start(&b, &server, "b@example.org", NULL); /* signed in still */
    shows(&b, "partner: while you were away");
    assert_int_equal(times_shown(&b, "while you were away"), 1);
    types(&b, "/leave yes");
    shows(&a, "your partner has left");
    chatter_end(&a);
    chatter_end(&b);
    daemon_stop(&server);
    daemon_destroy(&server);
}

/** It has closed the connection of the one who thinks about an answer. */
static void server_waits_no_longer(const struct daemon *server)
{
    while (daemon_figure(server, "sessions") != 0) {
        usleep(20000);
    }
}

static void test_a_terminal_asks_edits_and_marks_in_place(void **state)
{
    (void)state;
    struct daemon server;
    struct chatter a;
    struct chatter b;
    char code[9] = "";
    int status = 0;
    static const char *const options[] = {"--set", "open_within=1s", NULL};
    daemon_init(&server, options);
    daemon_start(&server);
    chatter_start_at_terminal(&a, &server, "a@example.org");
    shows(&a, "Password of a@example.org: ");
    server_waits_no_longer(&server);
    presses(&a, "corgi-by-the-sea\n");
    shows(&a, "Make a new one? [y/N] ");
    server_waits_no_longer(&server);
    presses(&a, "y\n");
    shows(&a, "(YYYY-MM-DD): ");
    presses(&a, "14.3.1998\n");
    shows(&a, "write it like 1998-03-14");
    server_waits_no_longer(&server);
    presses(&a, "1998-03-14\n");
    const char *shown = shows(&a, "your invite code: ");
    shows(&a, "waiting");
    assert_null(strstr(a.text, "corgi")); /* no echo */
    memcpy(code, shown + strlen("your invite code: "), 8);
    const char *const flags[] = {"--signup", "--birth-date", "1998-03-14", "--code", code, NULL};
    chatter_start(&b, &server, "b@example.org", flags);
    shows(&a, "you are paired now");
    presses(&a, "one\r");
    shows(&b, "partner: one");           /* from here on b follows live, also what is volatile */
    presses(&a, "hexllo\002\002\002\b"); /* back over "llo", and the x away */
    shows(&b, "partner is typing");
    types(&b, "an interruption");
    shows(&a, "an interruption");
    presses(&a, "\r");
    shows(&b, "partner: hello");
    shows(&a, "\033[1A\033[7G\033[36m\xe2\x9c\x93\xe2\x9c\x93"); /* one row up, in its place */
    presses(&a, "\004");
    assert_int_equal(waitpid(a.pid, &status, 0), a.pid);
    assert_int_equal(status, 0);
    close(a.input);
    close(a.output);
    chatter_end(&b);
    daemon_stop(&server);
    daemon_destroy(&server);
}

static void test_a_chat_comes_back_after_a_restart_and_sends_what_was_written(void **state)
{
    (void)state;
    struct daemon server;
    struct chatter a;
    struct chatter b;
    char listen[64];
    daemon_init(&server, NULL);
    daemon_start(&server);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", (unsigned)server.port);
    start_pair(&a, &b, &server);
    types(&a, "before");
    shows(&b, "partner: before");
    daemon_kill(&server);
    shows(&a, "trying to come back");
    types(&a, "written while it was down");
    server.options[0] = "--listen"; /* the last one counts: the same port again */
    server.options[1] = listen;
    daemon_start(&server);
    shows(&b, "partner: written while it was down");
    shows(&a, "you: written while it was down");
    assert_int_equal(times_shown(&b, "written while it was down"), 1);
    chatter_end(&a);
    chatter_end(&b);
    daemon_stop(&server);
    daemon_destroy(&server);
}

/* --- tools on a data directory --- */

static char output[1 << 20];

/** Runs duetctl with these words and returns its exit status; what it printed is in `output`. */
static int duetctl(const char *first, ...)
{
    char path[512];
    const char *words[WORDS_MAX] = {path, first};
    size_t count = 2;
    va_list list;
    snprintf(path, sizeof path, "%s", program_path("duetctl"));
    va_start(list, first);
    for (const char *word; (word = va_arg(list, const char *)) != NULL;) {
        words[count++] = word;
    }
    va_end(list);
    return program_run((char *const *)(uintptr_t)words, output, sizeof output, true);
}

static void prints(const char *text)
{
    if (strstr(output, text) == NULL) {
        fail_msg("\"%s\" is not in:\n%.2000s", text, output);
    }
}

static size_t count_of(const char *text)
{
    size_t times = 0;
    for (const char *at = output; (at = strstr(at, text)) != NULL; at++) {
        times++;
    }
    return times;
}

static void check_seed_file(const char *path)
{
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    char line[8192];
    char couple[32] = "";
    int lines = 0;
    for (; fgets(line, sizeof line, file) != NULL; lines++) {
        json_error_t error;
        json_t *user = json_loads(line, 0, &error);
        const char *const names[] = {"couple", "user",         "sid",
                                     "device", "access_token", "refresh_token"};
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            assert_true(json_is_string(json_object_get(user, names[i])));
        }
        const char *mine = json_string_value(json_object_get(user, "couple"));
        assert_int_equal(strlen(mine), 22);
        assert_int_equal(lines % 2 == 1, strcmp(mine, couple) == 0);
        snprintf(couple, sizeof couple, "%s", mine);
        json_decref(user);
    }
    fclose(file);
    assert_int_equal(lines, 40);
}

static void look_at_log(const char *data)
{
    assert_int_equal(duetctl("log", "--data", data, "--kind", "couple", NULL), 0);
    prints("couple_created {\"a\":");
    assert_int_equal(count_of("couple_created"), 20);
    assert_int_equal(count_of("user_created"), 0);
    assert_int_equal(duetctl("log", "--data", data, "--json", "--limit", "5", NULL), 0);
    assert_int_equal(count_of("\"lsn\":"), 5);
    assert_int_equal(duetctl("log", "--data", data, NULL), 0);
    prints("user_created");
    prints("\"hash\":\"***\"");
    assert_int_equal(count_of("argon2"), 0);
    assert_int_equal(duetctl("log", "--data", data, "--kind", "nothing", NULL), 2);
    assert_int_equal(duetctl("log", "--data", data, "--from", "x", NULL), 2);
}

static void test_seeded_couples_are_there_and_can_chat(void **state)
{
    (void)state;
    struct daemon server;
    struct chatter chatter;
    char path[128];
    daemon_init(&server, NULL);
    snprintf(path, sizeof path, "%s/seed.jsonl", server.data);
    assert_int_equal(duetctl("seed", "--data", server.data, "--couples", "20", "--out", path,
                             "--password", "corgi-by-the-sea", NULL),
                     0);
    check_seed_file(path);
    look_at_log(server.data);
    assert_int_equal(duetctl("seed", "--data", server.data, "--couples", "1", NULL), 1);
    prints("--first N");
    assert_int_equal(duetctl("verify", "--data", server.data, NULL), 0);
    prints("sound: records ");
    daemon_start(&server);
    assert_int_equal(duetctl("seed", "--data", server.data, "--couples", "1", NULL), 1);
    prints("stop the daemon first");
    chatter_start(&chatter, &server, "seed7@example.invalid", NULL);
    shows(&chatter, "partner is offline");
    types(&chatter, "hello");
    shows(&chatter, "you: hello");
    chatter_end(&chatter);
    /* The log of a running daemon, through its admin socket. */
    assert_int_equal(duetctl("log", "--data", server.data, "--kind", "couple", NULL), 0);
    assert_int_equal(count_of("couple_created"), 20);
    prints("message_sent {");
    assert_int_equal(duetctl("stats", "--data", server.data, NULL), 0);
    prints("log_tail");
    char shards[32]; /* nothing else was said: one per core, less one */
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    snprintf(shards, sizeof shards, "\"shards\":%ld", cores > 2 ? cores - 1 : 1);
    assert_int_equal(duetctl("stats", "--data", server.data, "--json", NULL), 0);
    prints(shards);
    assert_int_equal(duetctl("verify", "--data", server.data, NULL), 1);
    prints("stop it first");
    daemon_stop(&server);
    assert_int_equal(duetctl("stats", "--data", server.data, NULL), 1);
    prints("no daemon runs");
    assert_int_equal(duetctl("verify", "--data", server.data, NULL), 0);
    daemon_destroy(&server);
}

/** Flips a byte of a text that stands in the log. */
static void damage(const char *data, const char *needle)
{
    char path[128];
    snprintf(path, sizeof path, "%s/log/00000000000000000001.log", data);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    static uint8_t bytes[4 << 20];
    ssize_t len = pread(fd, bytes, sizeof bytes, 0);
    assert_true(len > 0);
    uint8_t *found = memmem(bytes, (size_t)len, needle, strlen(needle));
    assert_non_null(found);
    for (; found != NULL;
         found = memmem(found, (size_t)(bytes + len - found), needle, strlen(needle))) {
        *found ^= 1;
        assert_int_equal(pwrite(fd, found, 1, found - bytes), 1);
    }
    close(fd);
}

static void test_verify_names_the_place_of_damage(void **state)
{
    (void)state;
    struct daemon server;
    daemon_init(&server, NULL);
    assert_int_equal(duetctl("seed", "--data", server.data, "--couples", "3", NULL), 0);
    damage(server.data, "seed1@example.invalid");
    assert_int_equal(duetctl("verify", "--data", server.data, NULL), 1);
    prints("damaged at LSN ");
    daemon_destroy(&server);
    assert_int_equal(duetctl("verify", "--data", "no-such-directory", NULL), 1);
    prints("no data directory");
}

static void test_describe_and_help_come_from_the_tables(void **state)
{
    (void)state;
    assert_int_equal(duetctl("describe", "--format", "md", NULL), 0);
    prints("chat.send");
    prints("session.open");
    prints("couple.matched");
    assert_int_equal(duetctl("describe", "--format", "openapi", NULL), 0);
    prints("\"openapi\": \"3.1.0\"");
    assert_int_equal(duetctl("describe", "--format", "asyncapi", NULL), 0);
    prints("\"asyncapi\": \"3.0.0\"");
    assert_int_equal(duetctl("describe", "--format", "xml", NULL), 2);
    assert_int_equal(duetctl("--help", NULL), 0);
    prints("verify");
    const char *const commands[] = {"chat", "seed", "log", "verify", "describe", "stats"};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        assert_int_equal(duetctl(commands[i], "--help", NULL), 0);
        prints("usage: duetctl");
        assert_int_equal(duetctl(commands[i], "--nonsense", NULL), 2);
        prints("there is no flag");
    }
    assert_int_equal(duetctl("nonsense", NULL), 2);
}

/* --- duetd itself --- */

static int duetd(const char *const *flags)
{
    char path[512];
    const char *words[WORDS_MAX] = {path};
    snprintf(path, sizeof path, "%s", program_path("duetd"));
    for (size_t i = 0; flags[i] != NULL; i++) {
        words[i + 1] = flags[i];
    }
    return program_run((char *const *)(uintptr_t)words, output, sizeof output, true);
}

static void test_a_daemon_that_cannot_start_says_what_to_do(void **state)
{
    (void)state;
    struct daemon server;
    struct daemon other;
    char listen[64];
    daemon_init(&server, NULL);
    daemon_init(&other, NULL);
    daemon_start(&server);
    snprintf(listen, sizeof listen, "127.0.0.1:%u", (unsigned)server.port);
    assert_int_equal(
        duetd((const char *const[]){"--data", server.data, "--listen", "127.0.0.1:0", NULL}), 1);
    char kill_hint[64];
    snprintf(kill_hint, sizeof kill_hint, "(kill %d)", (int)server.pid);
    prints(kill_hint);
    const char *const taken[] = {"--data",        other.data, "--listen", listen,
                                 "--log-segment", "16MiB",    NULL};
    assert_int_equal(duetd(taken), 1);
    prints("--listen 127.0.0.1:PORT");
    assert_int_equal(duetd((const char *const[]){"--no-such", "1", NULL}), 2);
    prints("--help lists all");
    assert_int_equal(duetd((const char *const[]){"--help", NULL}), 0);
    prints("--log_segment SIZE");
    assert_int_equal(duetd((const char *const[]){"--print-config", NULL}), 0);
    prints("listen = 127.0.0.1:7400");
    daemon_stop(&server);
    daemon_destroy(&server);
    daemon_destroy(&other);
}

static void test_the_admin_socket_answers_one_line_per_line(void **state)
{
    (void)state;
    struct daemon server;
    struct buffer reply = {0};
    struct stat info;
    char path[128];
    daemon_init(&server, NULL);
    daemon_start(&server);
    snprintf(path, sizeof path, "%s/admin.sock", server.data);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    static const char *const cases[][2] = {
        {"{\"cmd\":\"log-level\",\"level\":\"error\"}", "{\"level\":\"error\"}"},
        {"{\"cmd\":\"log-level\",\"level\":\"loud\"}", "\"error\":\"level must be"},
        {"{\"cmd\":\"reboot\"}", "\"error\":\"unknown cmd"},
        {"stats", "\"error\":\"send one line like"},
        {"{\"cmd\":\"log\",\"from\":0,\"limit\":1}", "{\"records\":[]}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        buffer_clear(&reply);
        assert_int_equal(admin_ask(server.data, cases[i][0], &reply), 0);
        buffer_append_u8(&reply, 0);
        if (strstr((const char *)reply.data, cases[i][1]) == NULL) {
            fail_msg("%s was answered with %s", cases[i][0], (const char *)reply.data);
        }
    }
    daemon_stop(&server);
    assert_int_equal(stat(path, &info), -1);
    assert_int_equal(admin_ask(server.data, "{\"cmd\":\"stats\"}", &reply), ERR_NOT_FOUND);
    buffer_fini(&reply);
    daemon_destroy(&server);
}

/* --- each test in a fresh home --- */

static int make_home(void **state)
{
    (void)state;
    char directory[128];
    if (getcwd(directory, sizeof directory) == NULL) {
        return -1;
    }
    snprintf(state_home, sizeof state_home, "%s/cli_test.XXXXXX", directory);
    return mkdtemp(state_home) != NULL && setenv("XDG_STATE_HOME", state_home, 1) == 0 ? 0 : -1;
}

static int remove_home(void **state)
{
    (void)state;
    program_run((char *const[]){(char[]){"/bin/rm"}, (char[]){"-rf"}, state_home, NULL}, output,
                sizeof output, true);
    return 0;
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_home, remove_home)
    const struct CMUnitTest tests[] = {
        TEST(test_two_terminals_chat_through_pipes),
        TEST(test_a_terminal_asks_edits_and_marks_in_place),
        TEST(test_a_chat_comes_back_after_a_restart_and_sends_what_was_written),
        TEST(test_seeded_couples_are_there_and_can_chat),
        TEST(test_verify_names_the_place_of_damage),
        TEST(test_describe_and_help_come_from_the_tables),
        TEST(test_a_daemon_that_cannot_start_says_what_to_do),
        TEST(test_the_admin_socket_answers_one_line_per_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
