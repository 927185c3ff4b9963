/*
 * daemon/thread.h - the daemon's threads: one for each loop, and one for each kind of background turn (proxy/core.h).
 */
#pragma once

#include "net/loop.h"
#include "proxy/core.h"

#include <pthread.h>

/* A loop that runs in a thread of its own until it is stopped. */
struct loop_thread {
    struct loop *loop;
    pthread_t thread;
    bool is_running;
};
int loop_thread_new(struct loop_thread *t); /* makes the loop; start it once its handles stand */
int loop_thread_start(struct loop_thread *t, const char *name);
/* Runs fn(ctx) on the loop's thread and waits until it is done. */
void loop_thread_call(struct loop_thread *t, void (*fn)(void *ctx), void *ctx);
void loop_thread_stop(struct loop_thread *t); /* stops, joins, frees the loop; fine when never started */

#define READERS 2

struct background {
    struct core *core;
    void (*on_failed)(void *ctx); /* once, from the sync thread: the journal cannot be trusted any more */
    void *on_failed_ctx;
    pthread_t sync, drain, readers[READERS];
    bool is_running;
};
int background_start(struct background *b);
void background_stop(
    struct background *b); /* all that was appended is in the store when this returns, unless it failed */
