/*
 * store/replay.h - what a store will say at load when it has the frames that are still in the journal, without waiting
 * for it to take them: start does not get longer with the journal's tail.
 *
 *   replay_new; replay_frame for each frame behind the store's position, in order; replay_load.
 *
 *   (1) the rows are those that the store itself would give after applying the same frames (a test compares them), but
 *       for counters of past windows without holds, which say nothing any more: some may come, none is wrong.
 *   (2) only what is live is kept: counters, calls that are open or hold something, the last event of a state.
 */
#pragma once

#include "call/store.h"

struct replay;

/* Loads what the store has. `since`: no frame to come is older; counters of windows before it may be missing. */
int replay_new(struct store *s, wall_t since, struct replay **ret);
/*
 * REPLAY_R_UNKNOWN: the frame moves what a call once held that the store has as over, so only the store can say what it
 * was. Let it have the frames, and load from there.
 */
int replay_frame(struct replay *r, const struct frame *f);
#define REPLAY_R_UNKNOWN 1
/* As store_ops.load; states first, in the order of their events, then counters, then calls by seq. */
int replay_load(struct replay *r, wall_t now, const struct store_loader *to);
/* The links of runs that the frames tell, in order: what store_ops.links gives comes before them. */
int replay_links(const struct replay *r, int (*on_link)(void *ctx, const struct run_link_row *l), void *ctx);
void replay_free(struct replay *r);
