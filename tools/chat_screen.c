/*
 * Rows are counted from the start: `rows` have been printed above the row that is edited, and
 * readline keeps that to one row by scrolling sideways. So a message printed as row r stands
 * rows - r rows above the edited one, and its mark, in a fixed column, can be written over in
 * place; unless the terminal was resized since, when nobody knows how its rows were wrapped anew.
 */
#include "tools/chat_screen.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "base/check.h"

#define LINE_BYTES_MAX 65536
#define MARK_COLUMN 7  /* after "14:05 " */
#define TEXT_COLUMN 19 /* after time, mark and name */

#define STYLE_DIM "\033[2m"
#define STYLE_OWN "\033[32m"
#define STYLE_PARTNER "\033[36;1m"
#define STYLE_READ "\033[36m"
#define STYLE_END "\033[0m"

static struct {
    struct screen_events events;
    bool interactive;
    bool colour;
    bool in_handler; /* readline shows no prompt at the moment */
    int columns;
    uint64_t rows;      /* printed so far */
    uint64_t rows_from; /* rows before this one are out of reach: the terminal was resized */
    struct tm day;      /* of the last message */
    struct buffer input;
    bool ended;
} screen;

static const char *const mark_texts[] = {[SCREEN_MARK_NONE] = "",
                                         [SCREEN_MARK_SENDING] = "\xc2\xb7",
                                         [SCREEN_MARK_SENT] = "\xe2\x9c\x93",
                                         [SCREEN_MARK_READ] = "\xe2\x9c\x93\xe2\x9c\x93"};

/** Blanks that make a mark two columns wide. */
static const char *mark_padding(enum screen_mark mark)
{
    return mark == SCREEN_MARK_NONE ? "  " : mark == SCREEN_MARK_READ ? "" : " ";
}

static const char *style(const char *code)
{
    return screen.colour ? code : "";
}

static void learn_size(void)
{
    struct winsize size;
    int columns = 80;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
        columns = size.ws_col;
    }
    if (columns != screen.columns) {
        bool resized = screen.columns != 0; /* else readline has not begun */
        screen.columns = columns;
        screen.rows_from = screen.rows;
        if (screen.interactive && resized) {
            rl_resize_terminal();
        }
    }
}

static uint64_t terminal_height(void)
{
    struct winsize size;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

/* --- what others wrote --- */

/**
 * Copies text without what could steer a terminal: control characters of C0 and C1 become a
 * replacement character, a line break goes on below, indented.
 */
static char *harmless(struct bytes text, const char *line_break)
{
    struct buffer out = {0};
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        bool c1 = byte == 0xc2 && i + 1 < text.len && text.data[i + 1] < 0xa0;
        if (byte == '\n') {
            buffer_append(&out, line_break, strlen(line_break));
        } else if (byte == '\t') {
            buffer_append_u8(&out, ' ');
        } else if (byte < 0x20 || byte == 0x7f || c1) {
            buffer_append(&out, "\xef\xbf\xbd", 3);
            i += c1 ? 1 : 0;
        } else {
            buffer_append_u8(&out, byte);
        }
    }
    buffer_append_u8(&out, 0);
    return (char *)out.data;
}

/** Columns that one line takes on the terminal, without its escape codes. */
static int width_of(const char *text, size_t len)
{
    int width = 0;
    mbstate_t state = {0};
    while (len > 0) {
        wchar_t wide;
        if (*text == '\033') {
            size_t skip = strcspn(text, "m") + 1;
            skip = skip > len ? len : skip;
            text += skip;
            len -= skip;
            continue;
        }
        size_t used = mbrtowc(&wide, text, len, &state);
        if (used == 0 || used > len) {
            used = 1;
            state = (mbstate_t){0};
            wide = L'?';
        }
        int columns = wcwidth(wide);
        width += columns > 0 ? columns : 0;
        text += used;
        len -= used;
    }
    return width;
}

static uint64_t rows_of(const char *text)
{
    uint64_t rows = 0;
    while (true) {
        size_t len = strcspn(text, "\n");
        int width = width_of(text, len);
        rows += width == 0 ? 1 : (uint64_t)((width + screen.columns - 1) / screen.columns);
        if (text[len] == 0) {
            return rows;
        }
        text += len + 1;
    }
}

/* --- printing --- */

/** Prints above the edited row. Returns the row where it begins. */
static uint64_t print_above(const char *text)
{
    if (!screen.interactive) {
        puts(text);
        fflush(stdout);
        return screen.rows++;
    }
    learn_size();
    if (!screen.in_handler) {
        rl_clear_visible_line();
    }
    fputs(text, stdout);
    fputc('\n', stdout);
    fflush(stdout);
    uint64_t row = screen.rows;
    screen.rows += rows_of(text);
    if (!screen.in_handler) {
        rl_on_new_line();
        rl_redisplay();
    }
    return row;
}

void screen_note(const char *format, ...)
{
    char *text = NULL;
    va_list list;
    va_start(list, format);
    CHECK_ALWAYS(vasprintf(&text, format, list) >= 0);
    va_end(list);
    char *safe = harmless(bytes_of(text, strlen(text)), "\n   ");
    char *line = NULL;
    CHECK_ALWAYS(asprintf(&line, "%s-- %s%s", style(STYLE_DIM), safe, style(STYLE_END)) >= 0);
    print_above(line);
    free(line);
    free(safe);
    free(text);
}

void screen_time(int64_t at_ms, char out[6])
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm local;
    localtime_r(&seconds, &local);
    if (strftime(out, 6, "%H:%M", &local) == 0) {
        out[0] = 0;
    }
}

/** Prints the day before the first message of a day that is not the last one's. */
static void print_day(int64_t at_ms)
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm local;
    localtime_r(&seconds, &local);
    if (local.tm_year == screen.day.tm_year && local.tm_yday == screen.day.tm_yday) {
        return;
    }
    screen.day = local;
    char day[64];
    if (strftime(day, sizeof day, "%A, %e %B %Y", &local) > 0) {
        screen_note("%s", day);
    }
}

static uint64_t print_plain(const struct screen_message *message, const char *time)
{
    char *text = harmless(message->text, "\n    ");
    char *line = NULL;
    bool marked = message->mark != SCREEN_MARK_NONE;
    CHECK_ALWAYS(asprintf(&line, "%s%s%s %s: %s", time, marked ? " " : "",
                          marked ? mark_texts[message->mark] : "", message->name, text) >= 0);
    print_above(line);
    free(line);
    free(text);
    return 0;
}

uint64_t screen_message(const struct screen_message *message)
{
    char time[6];
    screen_time(message->at_ms, time);
    print_day(message->at_ms);
    if (!screen.interactive) {
        return print_plain(message, time);
    }
    char line_break[TEXT_COLUMN + 2];
    snprintf(line_break, sizeof line_break, "\n%*s", TEXT_COLUMN, "");
    char *text = harmless(message->text, line_break);
    char *line = NULL;
    CHECK_ALWAYS(asprintf(&line, "%s%s%s %s%s%s%s %s%-8s%s %s", style(STYLE_DIM), time,
                          style(STYLE_END),
                          style(message->mark == SCREEN_MARK_READ ? STYLE_READ : STYLE_DIM),
                          mark_texts[message->mark], mark_padding(message->mark), style(STYLE_END),
                          style(message->own ? STYLE_OWN : STYLE_PARTNER), message->name,
                          style(STYLE_END), text) >= 0);
    uint64_t row = print_above(line);
    free(line);
    free(text);
    return row + 1; /* 0 is no handle */
}

void screen_set_mark(uint64_t handle, enum screen_mark mark)
{
    if (!screen.interactive || handle == 0) {
        return;
    }
    learn_size();
    uint64_t row = handle - 1;
    uint64_t up = screen.rows - row;
    if (row < screen.rows_from || up + 1 >= terminal_height()) {
        return;
    }
    /* Save the place, go up, write, come back. */
    printf("\0337\033[%lluA\033[%dG%s%s%s%s\0338", (unsigned long long)up, MARK_COLUMN,
           style(mark == SCREEN_MARK_READ ? STYLE_READ : STYLE_DIM), mark_texts[mark],
           mark_padding(mark), style(STYLE_END));
    fflush(stdout);
}

/* --- reading --- */

static void end_input(void)
{
    if (!screen.ended) {
        screen.ended = true;
        screen.events.end(screen.events.self);
    }
}

static void take_line(char *line)
{
    screen.in_handler = true;
    rl_prep_terminal(1); /* else the terminal shows what is typed until readline is back */
    fputs("\033[A\033[2K\r", stdout); /* what was entered comes back as a message */
    fflush(stdout);
    if (line == NULL) {
        end_input();
    } else if (line[0] != 0) {
        add_history(line);
        screen.events.line(screen.events.self, line);
    }
    free(line);
    screen.in_handler = false;
}

static void read_plain(void)
{
    uint8_t chunk[4096];
    ssize_t count = read(STDIN_FILENO, chunk, sizeof chunk);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) {
        return;
    }
    if (count > 0) {
        buffer_append(&screen.input, chunk, (size_t)count);
    }
    const uint8_t *newline;
    while (screen.input.len > 0 &&
           (newline = memchr(screen.input.data, '\n', screen.input.len)) != NULL) {
        size_t len = (size_t)(newline - screen.input.data);
        char *line = memory_copy(screen.input.data, len + 1);
        line[len] = 0;
        screen.input.len -= len + 1;
        memmove(screen.input.data, screen.input.data + len + 1, screen.input.len);
        if (len > 0) {
            screen.events.line(screen.events.self, line);
        }
        free(line);
    }
    if (count <= 0 || screen.input.len > LINE_BYTES_MAX) {
        end_input();
    }
}

void screen_read(void)
{
    if (!screen.interactive) {
        read_plain();
        return;
    }
    int before = rl_end;
    learn_size();
    rl_callback_read_char();
    if (rl_end > 0 && rl_end != before && rl_line_buffer[0] != '/') {
        screen.events.typing(screen.events.self);
    }
}

void screen_set_prompt(const char *prompt)
{
    if (screen.interactive && strcmp(rl_prompt != NULL ? rl_prompt : "", prompt) != 0) {
        rl_set_prompt(prompt);
        if (!screen.in_handler) {
            rl_redisplay();
        }
    }
}

bool screen_is_interactive(void)
{
    return screen.interactive;
}

/* --- open and close --- */

void screen_open(const struct screen_events *events)
{
    setlocale(LC_ALL, "");
    screen.events = *events;
    const char *terminal = getenv("TERM");
    screen.interactive = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && terminal != NULL &&
                         strcmp(terminal, "dumb") != 0;
    screen.colour = screen.interactive && getenv("NO_COLOR") == NULL;
    time_t now = time(NULL);
    localtime_r(&now, &screen.day);
    learn_size();
    if (screen.interactive) {
        rl_catch_signals = 0; /* the main loop does */
        rl_readline_name = "duetctl";
        rl_variable_bind("horizontal-scroll-mode", "on");
        rl_variable_bind("enable-bracketed-paste", "on");
        rl_bind_key('\t', rl_insert);
        rl_callback_handler_install("> ", take_line);
    }
}

void screen_close(void)
{
    if (screen.interactive) {
        rl_clear_visible_line();
        rl_callback_handler_remove();
        fputs("\r\033[K", stdout);
        fflush(stdout);
    }
    buffer_fini(&screen.input);
    screen.interactive = false;
}

static bool read_answer(int fd, char *out, size_t size)
{
    size_t len = 0;
    char byte;
    while (read(fd, &byte, 1) == 1 && byte != '\n') {
        if (len + 1 < size) {
            out[len++] = byte;
        }
    }
    out[len] = 0;
    return len > 0;
}

bool screen_ask(const char *question, bool secret, char *out, size_t size)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    if (fd < 0 || !isatty(STDIN_FILENO)) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    struct termios before;
    bool restore = secret && tcgetattr(fd, &before) == 0;
    if (restore) {
        struct termios quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(fd, TCSAFLUSH, &quiet);
    }
    dprintf(fd, "%s", question);
    bool answered = read_answer(fd, out, size);
    if (restore) {
        tcsetattr(fd, TCSAFLUSH, &before);
        dprintf(fd, "\n");
    }
    close(fd);
    return answered;
}
