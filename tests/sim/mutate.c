/*
 * tests/sim/mutate.c - deliberate bugs at the place where calls to models are closed: the linker puts this before
 * core_close() (-Wl,--wrap).
 */
#include "world_impl.h"

static struct world *broken; /* one world at a time, in one thread */

void mutate_closes(struct world *w) { broken = w; }

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
