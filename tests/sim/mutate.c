/*
 * tests/sim/mutate.c - deliberate bugs where calls to models are closed, and where a yes is used and written down: the
 * linker puts these before core_close() and three functions of core_approvals_impl.h (-Wl,--wrap).
 */
#include "proxy/core_approvals_impl.h"
#include "world_impl.h"

static struct world *broken; /* one world at a time, in one thread */

void mutate_core(struct world *w) { broken = w; }

/* -------- calls to models -------- */

int __real_core_close(struct core *c, struct close_request *q);
int __wrap_core_close(struct core *c, struct close_request *q);

static void book_again(struct core *c, const struct used *used)
{
    struct ledger_row row;
    size_t at;

    for (size_t i = 0; ledger_next(c->ledger, 0, &i, &row);) {
        if (!str_find(row.counter, STR("output_tokens"), &at) || used->output_tokens <= 0)
            continue;
        struct counter_row more = {row.counter, row.bucket,         window_text(row.window, 0, STR_NONE, NULL),
                                   row.window_start, used->output_tokens, 0};
        (void)ledger_restore_counter(c->ledger, &more);
        return;
    }
}

int __wrap_core_close(struct core *c, struct close_request *q)
{
    struct record_close *rc = q->record;
    struct usage added;

    if (rc->model.sent.n && broken->mutation == MUTATION_CUT_IS_FORGOTTEN && rc->stream_end &&
        str_eq(str_c(rc->stream_end), STR("cut"))) {
        core_forget(c, (struct held *)(uintptr_t)q->held);
        return 0;
    }
    if (rc->model.sent.n && broken->mutation == MUTATION_USAGE_IS_ADDED) {
        added = rc->model.usage;
        for (size_t i = 0; i < TOKEN_CLASS_COUNT; i++)
            added.tokens[i] *= 2;
        rc->model.usage = added;
        q->usage = &added;
    }
    struct used used = {.output_tokens = rc->model.usage.tokens[TOKEN_OUTPUT]};
    int r = __real_core_close(c, q);
    if (rc->model.sent.n && broken->mutation == MUTATION_MODEL_SETTLES_TWICE)
        book_again(c, &used);
    return r;
}

/* -------- approvals -------- */

int __real_core_approval_use(struct core *c, struct approval *x, struct str call_id);
int __wrap_core_approval_use(struct core *c, struct approval *x, struct str call_id);

int __wrap_core_approval_use(struct core *c, struct approval *x, struct str call_id)
{
    int r = __real_core_approval_use(c, x, call_id);
    if (r == 0 && broken->mutation == MUTATION_YES_IS_KEPT)
        x->state = APPROVAL_APPROVED;
    return r;
}

int __real_core_approval_event(struct core *c, const struct approval *x, enum approval_state as, const char *event,
                               struct str by, bool is_late, uint64_t *ret_seq);
int __wrap_core_approval_event(struct core *c, const struct approval *x, enum approval_state as, const char *event,
                               struct str by, bool is_late, uint64_t *ret_seq);

int __wrap_core_approval_event(struct core *c, const struct approval *x, enum approval_state as, const char *event,
                               struct str by, bool is_late, uint64_t *ret_seq)
{
    if (as == APPROVAL_USED && broken->mutation == MUTATION_YES_COMES_BACK)
        as = APPROVAL_APPROVED;
    return __real_core_approval_event(c, x, as, event, by, is_late, ret_seq);
}

void __real_core_approval_describe(struct approval *x, struct core *c, const struct approval_request *q);
void __wrap_core_approval_describe(struct approval *x, struct core *c, const struct approval_request *q);

void __wrap_core_approval_describe(struct approval *x, struct core *c, const struct approval_request *q)
{
    __real_core_approval_describe(x, c, q);
    if (broken->mutation == MUTATION_REQUESTER_MAY_DECIDE)
        x->n_requesters = 0;
}
