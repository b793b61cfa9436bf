/**
 * The parts of `duetctl chat`: one conversation of one account in one terminal. One thread.
 *
 *     link       connection, sign-in, tokens, coming back
 *     couple     pairing, history, lines on the screen
 *     messages   what is sent, and its answers
 *     pushes     what arrives by itself
 *     commands   what is typed after a slash
 */
#ifndef TOOLS_DUETCTL_CHAT_H
#define TOOLS_DUETCTL_CHAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "client/duet_client.h"
#include "tools/chat_screen.h"
#include "tools/chat_state.h"
#include "wire/record.h"

#define CHAT_HISTORY_LINES 20
#define CHAT_CALL_MS 10000

struct chat_options {
    char host[256];
    uint16_t port;
    const char *server; /* as it was given */
    const char *email;
    const char *password; /* NULL: asked for */
    const char *code;     /* an invite code to redeem, or NULL */
    const char *birth_date;
    const char *nickname;
    bool signup, login;
};

/** An own message on the screen that the partner has not read. */
struct chat_sent {
    int64_t msg;
    uint64_t line;
};
#define CHAT_SENT_MAX 64

/** A request whose answer is not waited for. */
struct chat_request {
    bool in_flight;
    uint32_t id;
};

struct chat {
    struct chat_options options;
    struct chat_state *state;
    struct duet_client *client; /* NULL while disconnected */
    struct arena arena;         /* of what is at hand */

    bool was_open;      /* a session was open before: what was missed is replayed */
    bool state_changed; /* to be saved */
    int64_t saved_at_ms;
    int attempts; /* to come back, without success */
    int64_t reconnect_at_ms;
    int64_t refresh_at_ms; /* when the access token is to be renewed */

    bool paired;
    struct id partner;
    bool partner_online;
    int64_t partner_read;     /* last message the partner has read */
    int64_t typing_until_ms;  /* the partner types */
    int64_t seen;             /* last message of the partner on the screen */
    int64_t read_told;        /* … and what the server knows of it */
    int64_t history_to;       /* messages up to it are on the screen from the history */
    int64_t live_from;        /* the couple's pushes up to this seq are replayed, not live */
    int64_t replayed_to;      /* the same, until the first of them was announced as new */
    int64_t user_replayed_to; /* the same of the user's stream */
    struct chat_request reading;
    int64_t reading_up_to;
    struct chat_request typing;
    int64_t typing_next_ms;
    struct chat_sent sent[CHAT_SENT_MAX]; /* a ring, newest at sent_count - 1 */
    uint64_t sent_count;

    bool quitting;
    int64_t quit_by_ms;
    int status;
};

/* --- link --- */

int64_t chat_now_ms(void);  /* monotonic */
int64_t chat_wall_ms(void); /* UTC */

/** Connects, signs in and opens the session; chat_enter follows. 0 or what is in the way. */
int chat_link_open(struct chat *chat, bool *paired);
/** The connection is gone: says so, and when to try again. */
void chat_link_lost(struct chat *chat);
/** Renews the access token when it is time. */
void chat_link_refresh(struct chat *chat);
/** A call that is waited for. A lost connection is noted; an answer with an error is not. */
int chat_call(struct chat *chat, const char *op, const struct record_type *args_type,
              const void *args, const struct record_type *result_type, void *result);
/** Prints why a call failed. */
void chat_explain(struct chat *chat, const char *what, int error);
void chat_save(struct chat *chat);

/* --- couple --- */

bool chat_is_me(const struct chat *chat, struct id user);
/** After session.open: shows the couple and what was said, or the invite code. */
void chat_enter(struct chat *chat, bool paired);
void chat_enter_couple(struct chat *chat);
void chat_show_code(struct chat *chat);
void chat_match(struct chat *chat, const char *code);
void chat_couple_ended(struct chat *chat, bool by_partner);
/** Back to the state before any pairing; what was not delivered is dropped, and said so. */
void chat_forget_couple(struct chat *chat);
void chat_show(struct chat *chat, int64_t msg, struct id from, int64_t at_ms, struct bytes text);
void chat_show_last(struct chat *chat, int64_t count);
/** Marks what the partner has read. */
void chat_show_read_marks(struct chat *chat);

/* --- messages and pushes --- */

void chat_say(struct chat *chat, const char *text);
void chat_tell_typing(struct chat *chat);
/** Takes in all that has arrived. ERR_IO when the connection is gone. */
int chat_receive(struct chat *chat);
void chat_handle_push(struct chat *chat, const struct duet_push *push);
/** Sends what waits: messages, read marks. */
void chat_pump(struct chat *chat);

/* --- commands --- */

void chat_command(struct chat *chat, const char *line);
/** Ends when all is acknowledged, or soon. */
void chat_quit(struct chat *chat);

#endif
