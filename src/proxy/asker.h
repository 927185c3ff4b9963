/*
 * proxy/asker.h - a worker's questions to remotes over HTTP: so many at once, a line behind them, and an end in time.
 *
 * Every question that was taken ends with exactly one `done`, after the call that took it has returned, and no later
 * than the remote's time-out.
 */
#pragma once

#include "proxy/remotes.h"

#define ASKER_ANSWER_BYTES_MAX 65536

struct asker;
struct worker;

/* `why` NULL: a whole answer; else there is none, and status is 0. The body is valid during the callback. */
typedef void (*asker_done_cb)(void *ctx, uint16_t status, struct str body, const char *why);

struct asker_request {
    struct remote *to;
    struct str method, path, body; /* copied; body empty: none, else JSON */
    asker_done_cb done;
    void *ctx;
};

struct asker *asker_new(struct worker *w);
/* False: too many are in line already; `done` is not called. */
bool asker_ask(struct asker *a, const struct asker_request *q);
void asker_free(struct asker *a); /* what is left is dropped without `done` */
