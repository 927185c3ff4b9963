/*
 * tests/sim/model_sim.h - a vendor of models, OpenAI and Anthropic in one: it answers whole or event by event, cuts its
 * streams at every place, reports usage at the end, in each chunk or never, and writes down what it reported.
 */
#pragma once

#include "loop_sim.h"

struct model_sim;

/* One time that the vendor worked on a request. */
struct model_run {
    struct list node;
    int64_t request;       /* of an agent's: "sim=<n>;" in its prompt */
    uint16_t status;       /* of the head that was written; 0: none yet */
    int64_t input, output; /* what it says it used, in the end */
    bool is_reporting;     /* its answer has usage */
    bool is_whole;         /* its answer was written to the last byte */
};

struct model_manners {
    uint32_t bad_ppm;     /* requests that meet with one of the bad ways */
    int64_t think_ns_max; /* until the head, and between two events */
    int64_t late_ns_max;  /* the same for those it is late with: beyond our time-outs */
    bool lies;            /* writes down one token more than it reports */
};

struct model_sim_hooks {
    void (*on_request)(void *ctx, int64_t request, struct str head, struct str body);
    void *ctx;
};

struct model_sim *model_sim_new(struct sim *s, struct loop *l, const struct net_addr *addr,
                                const struct model_manners *m, const struct model_sim_hooks *h);
size_t model_sim_busy(const struct model_sim *m); /* requests that it is not done with */
/* The newest work on that request; NULL: it never came. */
const struct model_run *model_sim_last(const struct model_sim *m, int64_t request);
int64_t model_request_number(struct str body); /* 0: none */
void model_sim_free(struct model_sim *m);      /* outside of any turn */

/* The text of each token, for whoever counts what came. */
#define MODEL_TOKEN_TEXT "tok_"
