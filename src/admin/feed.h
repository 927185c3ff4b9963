/*
 * admin/feed.h - what happens, told as it happens to whoever watches: server-sent events from the store.
 *
 * Messages: `call` (a call was opened or closed: its row then, as in /calls), `event` (as in /events), `limit` (a
 * counter that calls before it changed, as it stands), `gap` (the watcher was too slow: lists must be read again). The
 * id of each is the seq of the last frame told.
 *
 *   (1) who goes on behind an id is told what others were told: nothing twice, nothing left out. `limit` is a state and
 *       not history: it comes again when it changes again.
 *   (2) a watcher holds one answer of the store, and what its connection has not taken: never more, however slow it is.
 *       One that takes nothing for feed_stall_ms gets `gap` and is dropped.
 *   (3) the ledger is asked for the counters of one answer at a time, and waits for nobody.
 *   (4) a watcher whose credential or session ends is told nothing more.
 */
#pragma once

struct admin;
struct request;
struct watcher;

void feed_init(struct admin *a);
/* The client left, or the API ends: the request is not the feed's any more. */
void feed_left(struct request *r);
/* The connection takes more. */
void feed_writable(struct request *r);
/* The API drains: all watchers are let go. */
void feed_end_all(struct admin *a);
