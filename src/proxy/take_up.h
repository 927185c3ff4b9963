/*
 * proxy/take_up.h - what an earlier process had in mind, learned from the records: prices that it waited for, and
 * requests of which an equal one is a duplicate.
 *
 * Once after a start, by one worker of all, when questions are answered. Calls do not wait for it: for the moment that
 * it takes, a duplicate of a request before the start is not seen. Operation by operation; what is too old to matter is
 * not asked for.
 */
#pragma once

#include "proxy/worker.h"

struct take_up;

struct take_up *take_up_begin(struct worker *w); /* NULL: no memory */
void take_up_free(struct take_up *t);            /* on the worker's loop; NULL is fine */
