/*
 * store/customer.h - every action on one customer's account: which calls these are, how that is known, and the rows of
 * the answer; one reading for all stores.
 *
 *   proven      the call is made for this customer: its request, its token, a look-up or the vendor's answer says so
 *   inferred    it names no customer, or one that was only concluded, but something that is this customer's
 *   unattributed  calls of the same runs to vendors of goods and money of which nobody knows the customer: counted,
 *               never shown, because they may be anybody's
 *
 *   (1) a call that is made for another customer is no row here, whatever it names.
 *   (2) a row shows what is this customer's: of objects only its own; no path, no parameters, no user.
 *
 * A store collects in this order: ids of objects, then frames, then the texts of calls, then those of their runs.
 */
#pragma once

#include "base/map.h"
#include "store/find.h"
#include "store/render.h"

#define CUSTOMER_CALLS_MAX ((size_t)1 << 22)

struct customer {
    struct str id;
    struct str tenant;    /* only calls of this tenant; empty: any */
    struct arena arena;   /* as long as the question */
    struct map ids;       /* of the customer and of what is its own */
    uint64_t *calls;      /* open seqs */
    size_t n_calls, cap;
    struct map runs;      /* run_id 0x00 agent 0x00 tenant -> struct customer_run */
    struct customer_run *first_run, **last_run;
    struct map rows;      /* open seqs of rows: these are not unattributed */
    int64_t n_proven, n_inferred, n_unattributed, rows_left;
    wall_t first_at, last_at;
};

struct customer_run {
    struct customer_run *next;
    struct str run_id, agent, tenant;
};

int customer_init(struct customer *c, const struct query *q, int64_t rows_max);
void customer_deinit(struct customer *c);
/* Something that is the customer's. */
int customer_object(struct customer *c, struct str id);
bool customer_has(const struct customer *c, struct str id);
/* Notes the call of a frame that names anything of it. The frame is read into `a`. */
int customer_frame(struct customer *c, struct arena *a, const struct frame *f);
/* The calls that were noted, each once, oldest first. */
void customer_sort(struct customer *c);
/* A row for the call, if it is one of the customer's. */
int customer_call(struct customer *c, struct arena *a, struct json_writer *w, const struct call_texts *t);
/* A call of one of c's runs. is_owned: whether something of that id is known to be a customer's. */
int customer_other(struct customer *c, struct arena *a, const struct call_texts *t,
                   bool (*is_owned)(void *ctx, struct str id), void *ctx);
/* The last element: the counts. */
void customer_render(const struct customer *c, struct json_writer *w);
