/**
 * Which message a device sent under which number, kept for ever: how a resend is recognised.
 *
 * Devices count their messages, so numbers come in runs, and a run shares a row:
 * member ∥ device ∥ u64 block → u64 base ∥ (u8 slot ∥ u40 msg - base) ...
 * Number no stands in block no / 32 at slot no % 32; base is the first msg that came to the block,
 * and later ones are greater. Slots are in the order in which they came.
 */
#ifndef ACTORS_COUPLE_SENT_H
#define ACTORS_COUPLE_SENT_H

#include "runtime/actor.h"

/** The message that the device sent under `no`. 0, ERR_NOT_FOUND or ERR_CORRUPT. */
int couple_sent_find(struct ctx *ctx, int64_t member, struct id device, int64_t no, int64_t *msg);

/** The highest number that the device has used; 0: none. */
int64_t couple_sent_highest(struct ctx *ctx, int64_t member, struct id device);

/** In apply: `msg`, greater than all before, was sent under `no`, which is new. */
void couple_sent_add(struct ctx *ctx, int64_t member, struct id device, int64_t no, int64_t msg);

#endif
