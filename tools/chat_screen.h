/**
 * The terminal of `duetctl chat`: lines that come in above a line that is being edited.
 *
 * On a terminal, readline edits the last row, and what arrives is printed above it; the mark of a
 * message (·, ✓, ✓✓) is changed in place as long as it is still on the screen. Otherwise, as in a
 * pipe, lines are read and written plainly, without any escape code, and marks become lines.
 * Whatever others wrote is made harmless before it is printed. One screen per process.
 */
#ifndef TOOLS_CHAT_SCREEN_H
#define TOOLS_CHAT_SCREEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct screen_events {
    void *self;
    void (*line)(void *self, const char *text); /* a whole line was entered */
    void (*typing)(void *self);                 /* the line at hand was changed */
    void (*end)(void *self);                    /* end of input */
};

enum screen_mark { SCREEN_MARK_NONE, SCREEN_MARK_SENDING, SCREEN_MARK_SENT, SCREEN_MARK_READ };

struct screen_message {
    int64_t at_ms; /* UTC; shown as local time */
    const char *name;
    bool own;
    enum screen_mark mark;
    struct bytes text;
};

/** Takes standard input and output over. */
void screen_open(const struct screen_events *events);
/** Gives the terminal back as it was. */
void screen_close(void);

/** Is it a terminal that a person sits at? */
bool screen_is_interactive(void);

/** To be called when standard input is readable. Calls the events. */
void screen_read(void);

/** What stands before the line being edited. Ignored in a pipe. */
void screen_set_prompt(const char *prompt);

/** A line about the conversation, not of it. */
__attribute__((format(printf, 1, 2))) void screen_note(const char *format, ...);

/** A message. Returns a handle for screen_set_mark. */
uint64_t screen_message(const struct screen_message *message);

/** Changes the mark of a message, where it can still be reached. */
void screen_set_mark(uint64_t handle, enum screen_mark mark);

/** Asks at the terminal itself. False without one. The caller wipes a secret. */
bool screen_ask(const char *question, bool secret, char *out, size_t size);

/** "14:05", in local time. */
void screen_time(int64_t at_ms, char out[6]);

#endif
