/*
 * store/call_row.c - what the frames of one call add up to.
 */
#include "store/call_row.h"

#include "base/err.h"
#include "store/render.h"

void call_row_open(struct call_row *row, const struct frame *f, const struct call_open *o)
{
    *row = (struct call_row){
        .open_seq = f->seq,
        .call_id = o->call_id,
        .run_id = o->run_id,
        .agent = o->agent,
        .tenant = o->tenant,
        .key = o->key,
        .vendor = o->vendor,
        .mode = o->mode,
        .operation = o->operation,
        .class = o->class,
        .model = o->model,
        .verdict = o->verdict,
        .code = o->code,
        .outcome = o->outcome,
        .started_at = o->started_at,
        .ended_at = o->ended_at,
        .held = o->held,
        .layer = o->layer,
        .owner = o->owner,
        .user = o->user,
        .customer = o->customer,
        .rule = o->rule,
        .path = o->path,
        .error = o->error,
        .status = o->status,
    };
}

void call_row_close(struct call_row *row, const struct frame *f, const struct call_close *c)
{
    if (row->close_seq == 0) {
        row->close_seq = f->seq;
        row->ended_at = c->ended_at;
        row->status = c->status;
        if (c->code.n)
            row->code = c->code;
    } else {
        row->last_seq = f->seq;
    }
    row->outcome = c->outcome;
    if (c->error.n)
        row->error = c->error;
    if (c->customer.n)
        row->customer = c->customer;
    if (c->settled.is_known)
        row->settled = c->settled;
}

bool call_row_is_unpriced(const struct call_row *row)
{
    return str_eq(row->outcome, outcome_text(OUTCOME_SETTLED)) &&
           (!row->settled.is_known || row->settled.how != HOW_PARSED);
}

static bool fits(struct str want, struct str have) { return want.n == 0 || str_eq(want, have); }

static bool outcome_fits(struct str want, struct str have)
{
    return str_eq(want, STR("open")) ? have.n == 0 : fits(want, have);
}

int call_row_of(struct arena *a, const struct call_texts *t, struct call_row *ret)
{
    const struct frame open = {.kind = FRAME_OPEN, .seq = t->open_seq, .body = t->open, .personal = t->open_personal};
    const struct frame closes[] = {
        {.kind = FRAME_CLOSE, .seq = t->close_seq, .body = t->close, .personal = t->close_personal},
        {.kind = FRAME_CLOSE, .seq = t->last_seq, .body = t->last, .personal = t->last_personal}};
    struct call_open o;
    struct call_close c;
    int r = frame_read_open(a, &open, &o);
    if (r == 0)
        call_row_open(ret, &open, &o);
    for (size_t i = 0; i < 2 && r == 0; i++) {
        if (!closes[i].seq)
            continue;
        r = frame_read_close(a, &closes[i], &c);
        if (r == 0)
            call_row_close(ret, &closes[i], &c);
    }
    return r;
}

bool query_needs_frames(const struct query *q)
{
    return q->layer.n || q->owner.n || q->user.n || q->customer.n || q->status || q->text.n;
}

static bool usd_fits(money_t least, const struct call_row *c)
{
    const struct cost_row *cost = c->settled.is_known ? &c->settled : &c->held;
    return least == 0 || (cost->is_known && cost->nano >= least);
}

/* What a viewer reads in a list, and may look for a piece of. */
static bool text_fits(struct str piece, const struct call_row *c)
{
    const struct str texts[] = {c->call_id, c->run_id, c->agent, c->operation, c->model, c->vendor,   c->key,  c->code,
                                c->rule,    c->error,  c->path,  c->tenant,    c->owner, c->customer, c->user};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] && piece.n; i++)
        if (str_has_nocase(texts[i], piece))
            return true;
    return piece.n == 0;
}

bool call_row_fits(const struct query *q, const struct call_row *c)
{
    return fits(q->run, c->run_id) && fits(q->agent, c->agent) && fits(q->tenant, c->tenant) && fits(q->key, c->key) &&
           fits(q->vendor, c->vendor) && fits(q->model, c->model) && fits(q->operation, c->operation) &&
           fits(q->verdict, c->verdict) && outcome_fits(q->outcome, c->outcome) && fits(q->id, c->call_id) &&
           fits(q->layer, c->layer) && fits(q->class, c->class) && fits(q->owner, c->owner) && fits(q->user, c->user) &&
           fits(q->customer, c->customer) && fits(q->code, c->code) && (q->status == 0 || q->status == c->status) &&
           usd_fits(q->min_usd, c) && text_fits(q->text, c);
}

bool event_row_fits(const struct query *q, const struct event_row *e)
{
    return fits(q->id, e->event) && fits(q->tenant, e->tenant);
}

bool call_row_may_have_happened(const struct call_row *row)
{
    bool is_done = row->close_seq && str_eq(row->outcome, outcome_text(OUTCOME_NONE));
    return is_done || row->outcome.n == 0 || str_eq(row->outcome, outcome_text(OUTCOME_SETTLED)) ||
           str_eq(row->outcome, outcome_text(OUTCOME_UNKNOWN));
}

struct rollup rollup_of(const struct call_row *row)
{
    bool is_unknown = str_eq(row->outcome, outcome_text(OUTCOME_UNKNOWN));
    struct rollup r = ROLLUP_NONE;
    r.calls = 1;
    r.denied = !str_eq(row->verdict, effect_text(EFFECT_PERMIT));
    r.unknown = is_unknown;
    if (row->settled.is_known) {
        r.settled = row->settled.nano;
        r.how = row->settled.how;
    }
    if (row->held.is_known && (is_unknown || row->outcome.n == 0))
        r.held = row->held.nano;
    return r;
}

int rollup_add(struct rollup *sum, const struct rollup *r)
{
    if (!money_add(sum->settled, r->settled, &sum->settled) || !money_add(sum->held, r->held, &sum->held))
        return err_trace(-ERR_OVERFLOW);
    sum->calls += r->calls;
    sum->denied += r->denied;
    sum->unknown += r->unknown;
    if (r->how < sum->how)
        sum->how = r->how;
    return 0;
}

int rollup_change(struct rollup *sum, const struct rollup *before, const struct rollup *after)
{
    struct rollup minus = {-before->calls,   -before->denied, -before->unknown,
                           -before->settled, -before->held,   HOW_PARSED};
    int r = rollup_add(sum, after);
    return r < 0 ? r : rollup_add(sum, &minus);
}
