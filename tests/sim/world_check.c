/*
 * tests/sim/world_check.c - what must be so: at every write to the vendor, every answer to an agent, any moment, and
 * the end.
 */
#include "world_impl.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

void world_on_audit_failure(void *ctx, const char *text) { world_fail(ctx, "%s", text); }

/* -------- frames -------- */

static void show(struct world *w, const struct frame *f)
{
    static const char *const kinds[] = {"?", "OPEN", "CLOSE", "EVENT"};

    world_say(w, "#%llu %s %.*s", (unsigned long long)f->seq, kinds[f->kind],
              (int)(f->body.n < 6000 ? f->body.n : 6000), f->body.p);
}

void world_read_frames(struct world *w)
{
    struct frame f;
    int r = 0;

    while (w->result->is_ok && (r = journal_reader_next(w->reader, &f)) == 0) {
        struct str body = f.body;
        char *changed = NULL;
        if (w->mutation == MUTATION_FRAME_IS_CHANGED && f.seq == 40) {
            changed = malloc(body.n);
            check(changed);
            memcpy(changed, body.p, body.n);
            changed[body.n / 2] ^= 1;
            f.body.p = changed;
        }
        if (w->is_verbose)
            show(w, &f);
        audit_frame(w->audit, &f);
        free(changed);
    }
    if (r < 0)
        world_fail(w, "the journal cannot be read behind frame %llu: %s", (unsigned long long)audit_seq(w->audit),
                   err_name(r));
}

/* -------- calls to models -------- */

#define SWEEP_NS_MAX (NS_PER_S / 2) /* the slowest message between two threads takes less */

/* A stream that was open when its key was revoked is over soon after the sweep; not for a revoke that came later. */
static void check_sweep(struct world *w)
{
    const struct audit_call *c;

    if (w->swept_seq == 0 || sim_now(w->sim) < w->swept_at + SWEEP_NS_MAX)
        return;
    for (size_t i = 0; (c = audit_call_at(w->audit, i)) && c->seq <= w->swept_seq; i++)
        if (c->is_model && c->is_held && !c->is_over && agents_request_is_stream(w->agents, c->request) &&
            audit_is_revoked(w->audit, c->key, w->swept_seq))
            world_fail(w, "the stream of request %lld goes on, and its key was revoked", (long long)c->request);
    w->swept_seq = 0;
}

void world_check_cut_off(struct world *w)
{
    const struct audit_call *c;

    world_read_frames(w);
    for (size_t i = 0; (c = audit_call_at(w->audit, i)); i++)
        if (c->is_model && c->is_held && !c->is_over && !w->was_full)
            world_fail(w, "request %lld to a model is open behind a graceful end", (long long)c->request);
}

void world_on_model_request(void *ctx, int64_t request, struct str head, struct str body)
{
    struct world *w = ctx;
    size_t at;

    if (str_find(head, STR("fb_live_"), &at) || str_find(head, STR("fb_test_"), &at))
        world_fail(w, "an agent's key went to the vendor of models");
    if (!str_find(head, STR("sk_live_simulated_secret"), &at))
        world_fail(w, "a request to a model without the vendor's secret");
    world_say(w, "model: request %lld: " STR_FMT, (long long)request, STR_ARG(body));
}

/* What is counted against what the vendor wrote down, and against what the agent got. */
static void check_answer_of_model(struct world *w, const struct agent_try *t, const struct audit_call *c)
{
    const struct model_run *run = model_sim_last(w->model_sim, t->request);

    if (!c->is_held || !c->is_over || c->seq < audit_start_seq(w->audit))
        return;
    if (c->outcome == OUTCOME_RELEASED && t->n_tokens > 0)
        world_fail(w, "request %lld got %lld tokens, and is released", (long long)t->request, (long long)t->n_tokens);
    if (c->has_tokens && c->output_tokens < t->n_tokens)
        world_fail(w, "request %lld got %lld tokens, counted are %lld", (long long)t->request, (long long)t->n_tokens,
                   (long long)c->output_tokens);
    if (!run || !t->is_whole || t->status != 200 || !run->is_reporting || t->is_dry_run)
        return;
    if (!c->is_parsed || c->input_tokens != run->input || c->output_tokens != run->output)
        world_fail(w, "request %lld used %lld + %lld tokens, its record says %lld + %lld%s", (long long)t->request,
                   (long long)run->input, (long long)run->output, (long long)c->input_tokens,
                   (long long)c->output_tokens, c->is_parsed ? "" : " by an estimate");
}

/* -------- any moment -------- */

static void drift(struct world *w)
{
    struct ledger_row row;

    for (size_t i = 0; ledger_next(w->core->ledger, 0, &i, &row);) {
        if (row.settled < 1000 || row.window == WINDOW_SLIDING)
            continue;
        struct counter_row more = {row.counter, row.bucket, window_text(row.window, 0, STR_NONE, NULL),
                                   row.window_start, 1, 0};
        (void)ledger_restore_counter(w->core->ledger, &more);
        return;
    }
}

void world_check_now(struct world *w)
{
    if (w->mutation == MUTATION_COUNTER_DRIFTS && world_below(w, 50) == 0)
        drift(w);
    if (!ledger_check(w->core->ledger))
        world_fail(w, "the ledger is not sound");
    world_read_frames(w);
    check_sweep(w);
    if (w->result->is_ok && list_is_empty(&w->core->late) && !core_has_failed(w->core))
        audit_compare(w->audit, w->core->ledger, sim_wall(w->sim), w->play.has_small_limits);
}

/* -------- what leaves -------- */

/* The call that is being forwarded: of several under way, the oldest is the least that must be on the disk. */
static const struct audit_call *forwarded(const struct audit_call *c)
{
    const struct audit_call *oldest = NULL;

    for (; c; c = c->next_of_request)
        if (c->is_held && !c->is_over)
            oldest = c;
    return oldest;
}

/* A call to a model does not wait for the disk, but for its record. */
static void check_model_write(struct world *w, struct str bytes)
{
    int64_t request = model_request_number(bytes);

    world_read_frames(w);
    if (request && !forwarded(audit_by_request(w->audit, request)))
        world_fail(w, "request %lld leaves for a model without a record", (long long)request);
}

/* Promise 2: the record and its holds are on the disk before the first byte of it goes to the vendor. */
void world_on_write(void *ctx, const struct net_addr *to, struct str bytes)
{
    struct world *w = ctx;
    size_t at;

    if (to->port == w->model_addr.port)
        check_model_write(w, bytes);
    if (to->port != w->vendor_addr.port || !str_find(bytes, STR("metadata"), &at))
        return;
    struct str head_end = STR("\r\n\r\n");
    struct str body = str_find(bytes, head_end, &at) ? str_sub(bytes, at + 4, SIZE_MAX) : bytes;
    int64_t request = book_request_number(body);
    if (request == 0) {
        world_fail(w, "bytes for the vendor that no agent asked for: " STR_FMT, STR_ARG(body));
        return;
    }
    world_read_frames(w);
    const struct audit_call *c = forwarded(audit_by_request(w->audit, request));
    if (!c)
        world_fail(w, "request %lld leaves for the vendor without a record", (long long)request);
    else if (class_needs_sync(c->class) && c->seq > journal_synced_seq(w->journal))
        world_fail(w, "request %lld leaves for the vendor, its frame %llu is not on the disk (%llu is)",
                   (long long)request, (unsigned long long)c->seq, (unsigned long long)journal_synced_seq(w->journal));
}

void world_on_vendor_request(void *ctx, const struct book_request *q, struct str head)
{
    struct world *w = ctx;
    size_t at;

    if (str_find(head, STR("fb_live_"), &at) || str_find(head, STR("fb_test_"), &at))
        world_fail(w, "an agent's key went to the vendor");
    if (!str_find(head, STR("Bearer sk_live_simulated_secret"), &at))
        world_fail(w, "a request without the vendor's secret");
    if (book_is_money(q) && !audit_by_request(w->audit, book_request_number(q->body)))
        world_fail(w, "the vendor saw request %lld, and there is no record", (long long)book_request_number(q->body));
    world_say(w, "vendor: " STR_FMT " " STR_FMT " key=" STR_FMT " " STR_FMT, STR_ARG(q->method), STR_ARG(q->path),
              STR_ARG(q->key), STR_ARG(q->body));
}

/* -------- what is answered -------- */

static void check_answer(struct world *w, const struct agent_try *t, const struct audit_call *c)
{
    if (core_has_failed(w->core))
        return; /* what is said then is that nothing can be recorded any more */
    if (t->began_at <= w->lost_at && (c || t->status != 200 || t->is_read || t->is_model))
        return; /* how a call ended is on record before it is told, and on the disk a little later */
    if (!c || !str_eq(c->call_id, t->call_id)) {
        if (!w->was_full) /* the answer said that it could not be recorded */
            world_fail(w, "request %lld was answered %u, and there is no record of it", (long long)t->request,
                       t->status);
        return;
    }
    if (!c->is_over && !w->was_full)
        world_fail(w, "request %lld was answered %u before its call was closed", (long long)t->request, t->status);
    if (c->is_over && c->status != t->status && !w->was_full)
        world_fail(w, "request %lld was answered %u, its record says %lld", (long long)t->request, t->status,
                   (long long)c->status);
    bool began = t->is_model && t->status == 200; /* what went wrong later is not in the head */
    if (c->is_over && !str_eq(c->code, t->code) && !w->was_full && !t->is_dry_run && !began)
        world_fail(w, "request %lld was answered " STR_FMT ", its record says " STR_FMT, (long long)t->request,
                   STR_ARG(t->code), STR_ARG(c->code));
    if (t->is_model && !w->was_full)
        check_answer_of_model(w, t, c);
}

void world_on_try(void *ctx, const struct agent_try *t)
{
    struct world *w = ctx;

    world_say(w, "agent: request %lld: %u " STR_FMT "%s call " STR_FMT, (long long)t->request, t->status,
              STR_ARG(t->code), t->is_left ? " (left)" : "", STR_ARG(t->call_id));
    if (w->is_up)
        world_read_frames(w);
    if (!w->result->is_ok)
        return;
    const struct audit_call *c = audit_by_trace(w->audit, t->trace_id);
    if (!t->has_known_key && c)
        world_fail(w, "request %lld had a key that nobody knows, and has a record", (long long)t->request);
    if (t->is_left)
        return;
    if (t->status == 0) {
        bool may_break = t->is_read || (t->is_model && w->swept_at); /* a stream that stops within an event */
        if (w->play.is_calm && !may_break)
            world_fail(w, "request %lld got no answer, though nothing went wrong", (long long)t->request);
        return;
    }
    if (t->has_known_key && t->call_id.n && w->is_up)
        check_answer(w, t, c);
    if (t->has_known_key && !t->call_id.n && t->status < 400)
        world_fail(w, "request %lld was answered %u without a call id", (long long)t->request, t->status);
}

/* -------- the end -------- */

/* Promise 1 against the vendor's own book. */
static void check_request(struct world *w, int64_t request)
{
    if (agents_request_is_model(w->agents, request))
        return;
    money_t moved = book_moved(w->book, request) * (MONEY_PER_USD / 100), counted = 0, settled = 0;
    bool has_unknown = false;

    for (const struct audit_call *c = audit_by_request(w->audit, request); c; c = c->next_of_request) {
        if (!c->is_held || c->is_sharing)
            continue;
        money_t n = audit_counted(c);
        counted += n > 0 ? n : 0;
        settled += c->outcome == OUTCOME_SETTLED && c->has_settled ? c->settled : 0;
        has_unknown |= c->outcome == OUTCOME_UNKNOWN;
    }
    if (moved > counted)
        world_fail(w, "request %lld moved %lld, its limits count %lld", (long long)request, (long long)moved,
                   (long long)counted);
    /*
     * A wall clock that jumps past idempotency_keep_ms makes us count a retry anew, which the vendor still knows; and
     * the store keeps one body for a key that an agent used for two.
     */
    bool may_count_twice = w->jumped || agents_request_shares_key(w->agents, request);
    if (!has_unknown && settled != moved && !(may_count_twice && settled > moved))
        world_fail(w, "request %lld moved %lld, and is settled at %lld", (long long)request, (long long)moved,
                   (long long)settled);
}

static void check_store(struct world *w)
{
    uint8_t chain[CHAIN_BYTES];
    uint32_t epoch;
    struct buf json;

    buf_init(&json, 1 << 20);
    if (w->store.ops->position(&w->store, chain, &epoch) != journal_last_seq(w->journal))
        world_fail(w, "the store stands at another frame than the journal");
    int r = w->memory->ops->rebuild(w->memory, &json);
    if (r != 0)
        world_fail(w, "the store's counters are not those of its frames: %d " STR_FMT, r, STR_ARG(buf_str(&json)));
    buf_deinit(&json);
}

void world_check_at_rest(struct world *w)
{
    uint64_t n_unknown = 0;

    if (!list_is_empty(&w->core->late))
        world_fail(w, "frames still wait for room");
    world_check_now(w);
    if (!w->result->is_ok)
        return;
    audit_at_rest(w->audit);
    for (int64_t i = 1; i <= agents_requests(w->agents); i++)
        check_request(w, i);
    check_store(w);
    for (size_t i = 0; audit_call_at(w->audit, i); i++)
        n_unknown += audit_holds(audit_call_at(w->audit, i));
    if (w->core->n_open != 0 || w->core->n_unknown != n_unknown)
        world_fail(w, "the core counts %llu open and %llu unknown calls, the frames say 0 and %llu",
                   (unsigned long long)w->core->n_open, (unsigned long long)w->core->n_unknown,
                   (unsigned long long)n_unknown);
}
