/**
 * The stream that both members follow: every message, read mark and the end, by seq.
 *
 * A message needs no entry of its own: its row tells its seq, and it is found by it too, because
 * the row of every other entry says how many such others there are up to it. With `others` of the
 * last one before seq, the message at seq is number seq - others.
 */
#ifndef ACTORS_COUPLE_STREAM_H
#define ACTORS_COUPLE_STREAM_H

#include "actors/couple_records.h"
#include "runtime/actor.h"

/** An entry that is no message: what is pushed, and how it is made from its row. */
struct couple_entry_type {
    const struct push_type *push;
    /** Fills `data`, the struct of push->data, which is zeroed and of COUPLE_ENTRY_DATA_MAX bytes.
     */
    void (*build)(struct id member, const struct couple_entry_row *row, void *data);
};
#define COUPLE_ENTRY_DATA_MAX 128

/** By enum couple_entry_what; in couple.c. */
extern const struct couple_entry_type couple_entry_types[];
extern const size_t couple_entry_type_count;

/** In apply: an entry that is no message, at couple->seq + 1. Fills row->others and row->at. */
void couple_stream_append(struct ctx *ctx, struct couple_root *couple, int64_t seq,
                          struct couple_entry_row row);

/** kind->stream.entry of a couple. */
int couple_stream_entry(struct ctx *ctx, const void *state, int64_t seq, struct buffer *body);

#endif
