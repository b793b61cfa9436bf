/**
 * The `login` scenario: many ask at once for what costs the server something: to have a password
 * checked (Argon2id), a sign-in refreshed (a record in the log, two signatures), or a session
 * opened (a signature verified, actors woken). Others, who are connected, chat meanwhile.
 *
 *   BEFORE ──► STORM: until all were answered ──► AFTER ──► drain of the others
 */
#ifndef BENCH_LOGIN_H
#define BENCH_LOGIN_H

int login_main(int argc, char **argv);

#endif
