/**
 * People who use a real daemon over real sockets. Everything here fails the running test when it
 * does not work, except what returns an int: that is the answer's code.
 */
#ifndef TESTS_INTEGRATION_SUPPORT_PEOPLE_H
#define TESTS_INTEGRATION_SUPPORT_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "actors/couple_records.h"
#include "base/ids.h"
#include "client/duet_client.h"
#include "edge/session_ops.h"
#include "tests/integration/support_daemon.h"
#include "wire/token.h"

#define CALL_MS 60000
#define PASSWORD "corgi-by-the-sea"

/** The daemon that they all talk to. */
extern struct daemon people_server;

struct person {
    const char *subprotocol;
    char email[64];
    struct id device, user, sid, couple;
    char access_token[TOKEN_TEXT_MAX];
    char refresh_token[REFRESH_TOKEN_CHARS + 1];
    int64_t no;
    struct stream_cursor cursor; /* of the couple's stream, kept by hand */
    struct duet_client *client;
    struct arena arena;
};

void person_init(struct person *person, const char *subprotocol);
void disconnect(struct person *person);
void person_fini(struct person *person);
void connect_to_server(struct person *person);
int call(struct person *person, const char *op, const struct record_type *args_type,
         const void *args, const struct record_type *result_type, void *result);
void must(struct person *person, const char *op, const struct record_type *args_type,
          const void *args, const struct record_type *result_type, void *result);
int sign_up(struct person *person);
int log_in(struct person *person, const char *password);
int refresh(struct person *person, const char *token);
int open_session(struct person *person, bool resume, struct session_open_result *result);
/** Connects, and opens a session that resumes if there is a cursor. */
void come_online(struct person *person);
void become_user(struct person *person);
void invite(struct person *person, char code[9]);
int match(struct person *person, const char *code);
int send_numbered(struct person *person, int64_t no, const char *text,
                  struct chat_send_result *result);
struct chat_send_result says(struct person *person, const char *text);
/** Waits for a push of this kind; decodes it, and passes over others. */
struct duet_push awaits(struct person *person, const char *topic, const char *type,
                        const struct record_type *data_type, void *data);
struct chat_message_push hears(struct person *person, const char *text);
/** Nothing of a stream comes any more. */
void hears_nothing(struct person *person);
struct chat_read_result reads(struct person *person, int64_t up_to);
struct couple_info_result info(struct person *person);
const struct couple_member *member(const struct couple_info_result *result, struct id user);
void pair(struct person *inviter, struct person *other);

/** The first speaks MessagePack, the second JSON. */
struct two {
    struct person a, b;
};

void two_users(struct two *two);
void two_paired(struct two *two);
void two_fini(struct two *two);

#endif
