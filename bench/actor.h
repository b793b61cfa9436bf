/**
 * The `actor` scenario: message passing in the runtime itself, without sockets, beside Erlang/OTP.
 *
 * Each shape runs in a node of its own, in this process and with a new data directory; where Erlang
 * has the same shape, it runs in turn with ours on the same machine.
 */
#ifndef BENCH_ACTOR_H
#define BENCH_ACTOR_H

int actor_main(int argc, char **argv);

#endif
