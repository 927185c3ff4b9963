/*
 * tests/sim/audit.c - see audit.h.
 */
#include "audit.h"

#include "base/arena.h"
#include "base/check.h"
#include "base/map.h"
#include "call/counter.h"
#include "codec/json_read.h"
#include "crypto/chain.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL_BYTES_MAX ((size_t)1 << 32)
#define INDEX_MAX 1000000

struct window_model {
    wall_t start;
    int64_t settled;
};

/* One counter's bucket: what is settled in each window or slot, and held in all. */
struct bucket_model {
    struct str counter, bucket;
    enum limit_window window;
    int64_t sliding_ns;
    struct window_model *windows;
    size_t n_windows, windows_cap;
    wall_t newest;
    int64_t held;
};

struct audit {
    struct audit_hooks hooks;
    struct frame *frames;
    size_t n_frames, frames_cap;
    /* the model: made anew by a rewind */
    struct arena arena;
    struct bucket_model **buckets;
    size_t n_buckets, buckets_cap;
    struct audit_call **calls;
    size_t n_calls, calls_cap;
    struct map by_bucket, by_trace, by_call_id, by_request, by_seq, keys, policies, stopped_runs, approvals;
    bool is_killed;
    uint64_t start_seq; /* of the last EVENT start */
    wall_t start_at;
    size_t n_open;      /* calls held and not closed */
};

static char stopped[] = "stopped";

/* What persons said to one question. */
struct approval_model {
    bool is_good;       /* a yes that nobody used */
    struct str used_by; /* call id */
};

struct key_model {
    struct str owner;
    uint64_t revoked_seq; /* 0: it is not */
};

static void fail(struct audit *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void fail(struct audit *a, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    a->hooks.fail(a->hooks.ctx, text);
}

/* -------- the model's life -------- */

static void model_init(struct audit *a)
{
    struct map *maps[] = {&a->by_bucket, &a->by_trace, &a->by_call_id, &a->by_request,
                          &a->by_seq,    &a->keys,     &a->policies,   &a->stopped_runs,
                          &a->approvals};

    arena_init(&a->arena, MODEL_BYTES_MAX);
    for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
        map_init(maps[i], INDEX_MAX, NULL);
    a->n_buckets = a->n_calls = a->n_open = 0;
    a->is_killed = false;
    a->start_seq = 0;
}

static void model_deinit(struct audit *a)
{
    struct map *maps[] = {&a->by_bucket, &a->by_trace, &a->by_call_id, &a->by_request,
                          &a->by_seq,    &a->keys,     &a->policies,   &a->stopped_runs,
                          &a->approvals};

    for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
        map_deinit(maps[i]);
    arena_deinit(&a->arena);
}

struct audit *audit_new(const struct audit_hooks *h)
{
    struct audit *a = calloc(1, sizeof(*a));

    check(a);
    a->hooks = *h;
    model_init(a);
    return a;
}

static void frame_free(struct frame *f)
{
    free((char *)(uintptr_t)f->body.p);
    free((char *)(uintptr_t)f->personal.p);
}

void audit_free(struct audit *a)
{
    if (!a)
        return;
    model_deinit(a);
    for (size_t i = 0; i < a->n_frames; i++)
        frame_free(&a->frames[i]);
    free(a->frames);
    free(a->buckets);
    free(a->calls);
    free(a);
}

/* -------- reading -------- */

static struct str text_of(struct audit *a, struct json v)
{
    struct str s;

    return json_str(v, &s) ? arena_str(&a->arena, s) : STR_NONE;
}

static int64_t int_of(struct json v)
{
    int64_t n = 0;

    (void)json_i64(v, &n);
    return n;
}

static struct bucket_model *bucket_at(struct audit *a, struct str counter, struct str bucket, enum limit_window window,
                                      size_t *ret_i)
{
    struct str key = arena_printf(&a->arena, STR_FMT "\n" STR_FMT, STR_ARG(counter), STR_ARG(bucket));
    struct bucket_model *b = map_get(&a->by_bucket, key);

    if (!b) {
        if (a->n_buckets == a->buckets_cap) {
            a->buckets_cap = a->buckets_cap ? 2 * a->buckets_cap : 64;
            a->buckets = realloc(a->buckets, a->buckets_cap * sizeof(*a->buckets));
            check(a->buckets);
        }
        b = arena_alloc(&a->arena, sizeof(*b));
        *b = (struct bucket_model){.counter = counter, .bucket = bucket, .window = window};
        check(map_put(&a->by_bucket, key, b, NULL) == 0);
        a->buckets[a->n_buckets++] = b;
    }
    for (*ret_i = 0; a->buckets[*ret_i] != b;)
        ++*ret_i;
    return b;
}

static int64_t *settled_at(struct audit *a, struct bucket_model *b, wall_t start)
{
    for (size_t i = 0; i < b->n_windows; i++)
        if (b->windows[i].start == start)
            return &b->windows[i].settled;
    if (b->n_windows == b->windows_cap) {
        struct window_model *old = b->windows;
        b->windows_cap = b->windows_cap ? 2 * b->windows_cap : 4;
        b->windows = arena_alloc(&a->arena, b->windows_cap * sizeof(*b->windows));
        for (size_t i = 0; i < b->n_windows; i++)
            b->windows[i] = old[i];
    }
    b->windows[b->n_windows] = (struct window_model){.start = start};
    return &b->windows[b->n_windows++].settled;
}

/* What counts in the window that starts there, or, sliding, ends with that slot. */
static int64_t settled_in(struct audit *a, struct bucket_model *b, wall_t start)
{
    int64_t sum = 0;

    if (b->window != WINDOW_SLIDING)
        return *settled_at(a, b, start);
    for (size_t i = 0; i < b->n_windows; i++)
        if (b->windows[i].start <= start && window_end(b->window, b->sliding_ns, NULL, b->windows[i].start) > start)
            sum += b->windows[i].settled;
    return sum;
}

/* -------- OPEN -------- */

/* One limit of a call that is held: what the frame says of it must be so. */
static void check_limit(struct audit *a, const struct audit_call *c, struct json limit, struct str policy,
                        const struct bucket_model *b, int64_t settled, struct audit_charge *charge)
{
    struct counter_name name = {0};
    int64_t max = int_of(json_at(limit, 3));
    (void)counter_name_parse(text_of(a, json_at(limit, 0)), &name); /* looked at before */
    struct str id = name.id.n ? name.id : name.name;
    int64_t want = a->hooks.max_of(a->hooks.ctx, policy, id, c->key);
    unsigned long long seq = c->seq;

    if (max != want)
        fail(a, "frame %llu: limit " STR_FMT " has max %lld, the policy says %lld", seq, STR_ARG(id), (long long)max,
             (long long)want);
    if (!b) {
        if (charge->n > max)
            fail(a, "frame %llu: " STR_FMT " of one call: %lld is more than %lld", seq, STR_ARG(id),
                 (long long)charge->n, (long long)max);
        return;
    }
    int64_t before = int_of(json_at(limit, 4)), held = int_of(json_at(limit, 5));
    if (before != settled || held != b->held)
        fail(a, "frame %llu: " STR_FMT " says settled %lld held %lld; by the frames before it is %lld and %lld", seq,
             STR_ARG(id), (long long)before, (long long)held, (long long)settled, (long long)b->held);
    if (charge->n > 0 && settled + b->held + charge->n > max)
        fail(a, "frame %llu: " STR_FMT " passes its max: %lld settled + %lld held + %lld > %lld", seq, STR_ARG(id),
             (long long)settled, (long long)b->held, (long long)charge->n, (long long)max);
}

static void take_limit(struct audit *a, struct audit_call *c, struct json limit, struct str bucket, struct str policy,
                       struct audit_charge *charge)
{
    struct str counter = text_of(a, json_at(limit, 0));
    struct counter_name name;
    enum limit_window w = WINDOW_CALL;
    int64_t sliding_ns = 0;
    struct str zone;
    char currency[CURRENCY_BYTES];

    *charge = (struct audit_charge){.i_bucket = SIZE_MAX,
                                    .window_start = int_of(json_at(limit, 1)),
                                    .n = int_of(json_at(limit, 2))};
    if (counter_name_parse(counter, &name) < 0 || meter_parse(name.meter, &charge->meter, currency) < 0 ||
        window_parse(name.window, &w, &sliding_ns, &zone) < 0)
        fail(a, "frame %llu: a meter or window that nobody knows", (unsigned long long)c->seq);
    if (w == WINDOW_CALL) {
        charge->is_over = true;
        check_limit(a, c, limit, policy, NULL, 0, charge);
        return;
    }
    struct bucket_model *b = bucket_at(a, counter, bucket, w, &charge->i_bucket);
    b->sliding_ns = sliding_ns;
    check_limit(a, c, limit, policy, b, settled_in(a, b, charge->window_start), charge);
    charge->left = charge->n;
    b->held += charge->n;
    b->newest = charge->window_start > b->newest ? charge->window_start : b->newest;
}

static void check_may_hold(struct audit *a, const struct audit_call *c, struct json body, struct str policy)
{
    unsigned long long seq = c->seq;
    struct str name = text_of(a, json_get(body, STR("policy_name"))), run = text_of(a, json_get(body, STR("run_id")));
    const struct key_model *key = map_get(&a->keys, c->key);
    const struct str *digest = map_get(&a->policies, name);

    if (!key || key->revoked_seq)
        fail(a, "frame %llu: held for a key that is %s", seq, key ? "revoked" : "unknown");
    if (!digest || !str_eq(*digest, policy))
        fail(a, "frame %llu: held under a document that is not in force", seq);
    if (a->is_killed)
        fail(a, "frame %llu: held while everything is stopped", seq);
    if (map_get(&a->stopped_runs, run))
        fail(a, "frame %llu: held for a run that was stopped", seq);
    for (size_t i = a->n_open ? a->n_calls : 0; i-- > 0;)
        if (a->calls[i]->seq < a->start_seq && !a->calls[i]->is_over)
            fail(a, "frame %llu: held before call " STR_FMT " of an earlier start was closed", seq,
                 STR_ARG(a->calls[i]->call_id));
}

static void hold_all(struct audit *a, struct audit_call *c, struct json body, struct json personal)
{
    struct json limits = json_get(body, STR("limits")), buckets = json_get(personal, STR("buckets"));
    struct str policy = text_of(a, json_get(body, STR("policy")));

    check_may_hold(a, c, body, policy);
    a->n_open++;
    c->n_charges = json_len(limits);
    c->charges = arena_alloc(&a->arena, (c->n_charges + 1) * sizeof(*c->charges));
    for (size_t i = 0; i < c->n_charges; i++) {
        struct json bucket = json_at(buckets, i);
        if (json_type(bucket) != JSON_STR) /* as another limit's before it */
            bucket = json_at(buckets, (size_t)int_of(bucket));
        take_limit(a, c, json_at(limits, i), text_of(a, bucket), policy, &c->charges[i]);
    }
}

static void index_call(struct audit *a, struct audit_call *c)
{
    void *old = NULL;

    if (a->n_calls == a->calls_cap) {
        a->calls_cap = a->calls_cap ? 2 * a->calls_cap : 256;
        a->calls = realloc(a->calls, a->calls_cap * sizeof(*a->calls));
        check(a->calls);
    }
    a->calls[a->n_calls++] = c;
    check(map_put(&a->by_call_id, c->call_id, c, &old) == 0);
    if (old)
        fail(a, "frame %llu: call " STR_FMT " is recorded twice", (unsigned long long)c->seq, STR_ARG(c->call_id));
    check(map_put(&a->by_trace, c->trace_id, c, &old) == 0);
    if (old)
        fail(a, "frame %llu: one request of an agent has two records", (unsigned long long)c->seq);
    struct str seq = arena_printf(&a->arena, "%llu", (unsigned long long)c->seq);
    check(map_put(&a->by_seq, seq, c, NULL) == 0);
    if (c->request) {
        struct str request = arena_printf(&a->arena, "%lld", (long long)c->request);
        c->next_of_request = map_get(&a->by_request, request);
        check(map_put(&a->by_request, request, c, NULL) == 0);
    }
}

/* Its yes was used for it, or for the call whose idempotency key it repeats. */
static void check_approval(struct audit *a, const struct audit_call *c, struct json body)
{
    struct str id = text_of(a, json_path(body, STR("approval.id")));
    const struct approval_model *m = map_get(&a->approvals, id);
    bool is_asked = str_eq(text_of(a, json_get(body, STR("rule"))), STR("asks"));

    if (is_asked != (id.n > 0) || (id.n && !m))
        fail(a, "frame %llu: held without the yes that its rule asks for", (unsigned long long)c->seq);
    else if (m && !str_eq(m->used_by, c->call_id) && !c->is_sharing)
        fail(a, "frame %llu: held with a yes that is another call's", (unsigned long long)c->seq);
}

/* Left out where it is the run's id without its dashes. */
static struct str trace_of(struct audit *a, struct json body)
{
    struct str trace = text_of(a, json_get(body, STR("trace_id"))), run = text_of(a, json_get(body, STR("run_id")));
    char *digits = arena_alloc(&a->arena, run.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < run.n; i++)
        if (run.p[i] != '-')
            digits[n++] = run.p[i];
    return trace.n ? trace : (struct str){digits, n};
}

static void on_open(struct audit *a, uint64_t seq, struct json body, struct json personal)
{
    struct audit_call *c = arena_alloc(&a->arena, sizeof(*c));
    struct str parent = text_of(a, json_get(body, STR("parent_run_id")));
    struct str class = text_of(a, json_get(body, STR("class")));
    bool is_ended = json_type(json_get(body, STR("ended_at"))) == JSON_STR;

    *c = (struct audit_call){
        .seq = seq,
        .call_id = text_of(a, json_get(body, STR("call_id"))),
        .trace_id = trace_of(a, body),
        .key = text_of(a, json_get(body, STR("key"))),
        .operation = text_of(a, json_get(body, STR("operation"))),
        .code = text_of(a, json_get(body, STR("code"))),
        .status = int_of(json_get(body, STR("status"))),
        .is_held = !is_ended,
        .is_model = str_eq(text_of(a, json_get(body, STR("layer"))), STR("llm")),
        .is_sharing = json_type(json_get(body, STR("shares"))) == JSON_STR,
        .is_over = is_ended,
        .outcome = is_ended ? OUTCOME_NONE : OUTCOME_OPEN,
    };
    if (str_starts(parent, STR("req-")))
        (void)str_to_i64(str_sub(parent, 4, SIZE_MAX), &c->request);
    if (class.n)
        (void)class_parse(class, &c->class);
    index_call(a, c);
    if (c->is_held && !str_eq(text_of(a, json_get(body, STR("verdict"))), STR("permit")))
        fail(a, "frame %llu: held without a permit", (unsigned long long)seq);
    if (c->is_held) {
        check_approval(a, c, body);
        hold_all(a, c, body, personal);
    }
}

/* -------- CLOSE -------- */

static void apply_move(struct audit *a, uint64_t seq, struct audit_call *c, size_t i, int64_t released, int64_t settled,
                       bool is_overrun)
{
    struct audit_charge *charge = c && i < c->n_charges ? &c->charges[i] : NULL;

    if (!charge || charge->i_bucket == SIZE_MAX) {
        fail(a, "frame %llu: a move of what was never held", (unsigned long long)seq);
        return;
    }
    struct bucket_model *b = a->buckets[charge->i_bucket];
    if (charge->is_over)
        fail(a, "frame %llu: limit %zu of call " STR_FMT " leaves twice", (unsigned long long)seq, i,
             STR_ARG(c->call_id));
    if (released != charge->left || settled < 0)
        fail(a, "frame %llu: releases %lld of %lld", (unsigned long long)seq, (long long)released,
             (long long)charge->left);
    if (settled > charge->n && !is_overrun)
        fail(a, "frame %llu: settles %lld, held was %lld, and says no overrun", (unsigned long long)seq,
             (long long)settled, (long long)charge->n);
    charge->is_over = true;
    charge->left -= released;
    charge->settled += settled;
    b->held -= released;
    *settled_at(a, b, charge->window_start) += settled;
}

/* Two numbers a limit, from place `from` on. */
static void apply_moves(struct audit *a, uint64_t seq, struct audit_call *c, struct json moves, size_t from,
                        bool is_overrun)
{
    if ((json_len(moves) - from) % 2)
        fail(a, "frame %llu: a move without its other number", (unsigned long long)seq);
    for (size_t at = from; at + 1 < json_len(moves); at += 2) {
        int64_t released = int_of(json_at(moves, at)), settled = int_of(json_at(moves, at + 1));
        if (released || settled)
            apply_move(a, seq, c, (at - from) / 2, released, settled, is_overrun);
    }
}

static void read_settled(struct audit_call *c, struct json settled)
{
    struct str usd;

    c->has_settled = json_str(json_get(settled, STR("usd")), &usd) && money_parse(usd, &c->settled) == 0;
}

static void read_usage(struct audit *a, struct audit_call *c, struct json body)
{
    struct json tokens = json_get(body, STR("tokens"));

    c->has_tokens = json_type(tokens) == JSON_OBJECT;
    c->is_parsed = str_eq(text_of(a, json_get(body, STR("tokens_how"))), STR("parsed"));
    c->input_tokens = int_of(json_get(tokens, STR("input")));
    c->output_tokens = int_of(json_get(tokens, STR("output")));
    c->error = text_of(a, json_get(body, STR("error")));
    c->stream_end = text_of(a, json_get(body, STR("stream_end")));
}

/* What has to be booked on a limit of that call; what its record does not say is booked as it was held. */
static int64_t booked_on(const struct audit_call *c, const struct audit_charge *charge)
{
    bool is_used = c->outcome == OUTCOME_SETTLED;

    switch (charge->meter) {
    case METER_USD:
        return !is_used ? 0 : c->has_settled ? c->settled : charge->n;
    case METER_TOKENS:
        return !is_used ? 0 : c->has_tokens ? c->input_tokens + c->output_tokens : charge->n;
    case METER_INPUT_TOKENS:
        return !is_used ? 0 : c->has_tokens ? c->input_tokens : charge->n;
    case METER_OUTPUT_TOKENS:
        return !is_used ? 0 : c->has_tokens ? c->output_tokens : charge->n;
    case METER_REQUESTS:
        return charge->n;
    default:
        return 0;
    }
}

static void check_model(struct audit *a, uint64_t seq, const struct audit_call *c)
{
    bool was_cut_off = c->seq < a->start_seq; /* by a crash: settled at its hold */

    if (c->outcome != OUTCOME_SETTLED && c->outcome != OUTCOME_RELEASED)
        fail(a, "frame %llu: a call to a model ends " STR_FMT, (unsigned long long)seq,
             STR_ARG(outcome_text(c->outcome)));
    for (size_t i = 0; i < c->n_charges; i++) {
        const struct audit_charge *charge = &c->charges[i];
        if (charge->i_bucket == SIZE_MAX)
            continue;
        int64_t want = booked_on(c, charge);
        if (!charge->is_over && charge->n > 0)
            fail(a, "frame %llu: limit %zu of a call to a model is still held", (unsigned long long)seq, i);
        if (charge->settled != want)
            fail(a, "frame %llu: limit %zu is settled at %lld, its call says %lld", (unsigned long long)seq, i,
                 (long long)charge->settled, (long long)want);
        if (was_cut_off && meter_is_cost(charge->meter) && (charge->settled != charge->n || c->is_parsed))
            fail(a, "frame %llu: a call cut off by a crash is settled at %lld, it held %lld", (unsigned long long)seq,
                 (long long)charge->settled, (long long)charge->n);
    }
}

static void on_close(struct audit *a, uint64_t seq, struct json body)
{
    struct str of = arena_printf(&a->arena, "%lld", (long long)int_of(json_get(body, STR("open_seq"))));
    struct audit_call *c = map_get(&a->by_seq, of);
    struct json shared = json_get(body, STR("shared_moves"));
    bool is_overrun = false;

    if (!c || !c->is_held) {
        fail(a, "frame %llu: closes a call that was not held", (unsigned long long)seq);
        return;
    }
    if (c->n_closes > 0 && c->outcome != OUTCOME_UNKNOWN)
        fail(a, "frame %llu: call " STR_FMT " is closed twice", (unsigned long long)seq,
             STR_ARG(c->call_id));
    (void)json_bool(json_get(body, STR("overrun")), &is_overrun);
    if (c->n_closes++ == 0) {
        a->n_open--;
        c->code = text_of(a, json_get(body, STR("code")));
        c->status = int_of(json_get(body, STR("status")));
    }
    c->is_over = true;
    if (outcome_parse(text_of(a, json_get(body, STR("outcome"))), &c->outcome) < 0)
        fail(a, "frame %llu: a CLOSE without an outcome", (unsigned long long)seq);
    read_settled(c, json_get(body, STR("settled")));
    read_usage(a, c, body);
    apply_moves(a, seq, c, json_get(body, STR("moves")), 0, is_overrun);
    if (json_len(shared)) {
        of = arena_printf(&a->arena, "%lld", (long long)int_of(json_at(shared, 0)));
        apply_moves(a, seq, map_get(&a->by_seq, of), shared, 1, is_overrun);
    }
    if (c->is_model)
        check_model(a, seq, c);
}

/* -------- EVENT -------- */

static void on_create(struct audit *a, struct str id, struct str owner)
{
    struct key_model *key = arena_alloc(&a->arena, sizeof(*key));

    *key = (struct key_model){.owner = owner};
    check(map_put(&a->keys, id, key, NULL) == 0);
}

static void on_revoke(struct audit *a, uint64_t seq, struct str id)
{
    struct key_model *key = map_get(&a->keys, id);

    if (!key)
        fail(a, "frame %llu: a key is revoked that was never made", (unsigned long long)seq);
    else if (!key->revoked_seq)
        key->revoked_seq = seq;
}

/* The newest answer, and who owns the key that asks. */
static void check_who_decides(struct audit *a, uint64_t seq, struct json body)
{
    struct json votes = json_get(body, STR("votes"));
    size_t n = json_len(votes);
    struct str by = n ? text_of(a, json_get(json_at(votes, n - 1), STR("by"))) : STR_NONE;
    const struct key_model *key = map_get(&a->keys, text_of(a, json_path(body, STR("action.key"))));

    if (!by.n || !key)
        fail(a, "frame %llu: decided by nobody, or for nobody", (unsigned long long)seq);
    else if (str_eq(by, key->owner))
        fail(a, "frame %llu: " STR_FMT " decides on what a key of theirs asks", (unsigned long long)seq, STR_ARG(by));
}

static void on_approval(struct audit *a, uint64_t seq, struct str event, struct json body)
{
    struct str id = text_of(a, json_get(body, STR("id")));
    struct approval_model *m = map_get(&a->approvals, id);

    if (!m) {
        m = arena_alloc(&a->arena, sizeof(*m));
        *m = (struct approval_model){.is_good = false};
        check(map_put(&a->approvals, id, m, NULL) == 0);
    }
    bool is_use = str_eq(event, STR("approval.use"));
    if (is_use && !m->is_good)
        fail(a, "frame %llu: a yes is used that is not there", (unsigned long long)seq);
    if (str_eq(event, STR("approval.approve")) || str_eq(event, STR("approval.deny")))
        check_who_decides(a, seq, body);
    m->is_good = !is_use && str_eq(text_of(a, json_get(body, STR("state"))), STR("approved"));
    m->used_by = is_use ? text_of(a, json_get(body, STR("used_by"))) : STR_NONE;
}

static void on_event(struct audit *a, const struct frame *f, struct json body, struct json personal)
{
    struct str event = text_of(a, json_get(body, STR("event"))), id = text_of(a, json_get(body, STR("id")));

    if (str_eq(event, STR("start"))) {
        a->start_seq = f->seq;
        a->start_at = f->at;
    } else if (str_eq(event, STR("key.create")))
        on_create(a, id, text_of(a, json_get(personal, STR("owner"))));
    else if (str_eq(event, STR("key.revoke")))
        on_revoke(a, f->seq, id);
    else if (str_eq(event, STR("kill")))
        a->is_killed = true;
    else if (str_eq(event, STR("unkill")))
        a->is_killed = false;
    else if (str_eq(event, STR("run.stop")))
        check(map_put(&a->stopped_runs, text_of(a, json_get(body, STR("run_id"))), stopped, NULL) == 0);
    else if (str_starts(event, STR("approval.")))
        on_approval(a, f->seq, event, body);
    if (!str_eq(event, STR("policy.apply")))
        return;
    struct str *digest = arena_alloc(&a->arena, sizeof(*digest));
    *digest = text_of(a, json_get(body, STR("digest")));
    check(map_put(&a->policies, text_of(a, json_get(body, STR("name"))), digest, NULL) == 0);
}

/* -------- frames -------- */

static void check_chain(struct audit *a, const struct frame *f)
{
    static const uint8_t first[CHAIN_BYTES];
    uint8_t header[FRAME_HEADER_BYTES], want[CHAIN_BYTES];
    const struct frame *last = a->n_frames ? &a->frames[a->n_frames - 1] : NULL;
    size_t n = frame_header_bytes(f, header);

    if (f->seq != a->n_frames + 1)
        fail(a, "frame %llu comes behind frame %zu", (unsigned long long)f->seq, a->n_frames);
    if (last && f->epoch < last->epoch)
        fail(a, "frame %llu: its epoch is older than the one before", (unsigned long long)f->seq);
    chain_next(last ? last->chain : first, (struct str){(const char *)header, n}, f->body, want);
    if (memcmp(want, f->chain, CHAIN_BYTES) != 0)
        fail(a, "frame %llu: the chain does not hold", (unsigned long long)f->seq);
}

static void apply(struct audit *a, const struct frame *f)
{
    struct json body, personal = JSON_ABSENT;

    if (json_parse(&a->arena, f->body, 64, &body) < 0 ||
        (f->personal.n && json_parse(&a->arena, f->personal, 64, &personal) < 0)) {
        fail(a, "frame %llu is not JSON", (unsigned long long)f->seq);
        return;
    }
    if (f->kind == FRAME_OPEN)
        on_open(a, f->seq, body, personal);
    else if (f->kind == FRAME_CLOSE)
        on_close(a, f->seq, body);
    else
        on_event(a, f, body, personal);
}

static struct str copy(struct str s)
{
    char *p = malloc(s.n + 1);

    check(p);
    if (s.n)
        memcpy(p, s.p, s.n);
    return (struct str){p, s.n};
}

void audit_frame(struct audit *a, const struct frame *f)
{
    check_chain(a, f);
    if (a->n_frames == a->frames_cap) {
        a->frames_cap = a->frames_cap ? 2 * a->frames_cap : 256;
        a->frames = realloc(a->frames, a->frames_cap * sizeof(*a->frames));
        check(a->frames);
    }
    struct frame *mine = &a->frames[a->n_frames++];
    *mine = *f;
    mine->body = copy(f->body);
    mine->personal = copy(f->personal);
    apply(a, mine);
}

uint64_t audit_seq(const struct audit *a) { return a->n_frames; }

const struct frame *audit_frames(const struct audit *a, size_t *ret_n)
{
    *ret_n = a->n_frames;
    return a->frames;
}

void audit_rewind(struct audit *a, uint64_t seq)
{
    check(seq <= a->n_frames);
    if (seq == a->n_frames)
        return;
    while (a->n_frames > seq)
        frame_free(&a->frames[--a->n_frames]);
    model_deinit(a);
    model_init(a);
    for (size_t i = 0; i < a->n_frames; i++)
        apply(a, &a->frames[i]);
}

/* -------- questions -------- */

const struct audit_call *audit_by_trace(const struct audit *a, struct str trace_id)
{
    return map_get(&a->by_trace, trace_id);
}

const struct audit_call *audit_by_request(const struct audit *a, int64_t request)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%lld", (long long)request);

    return map_get(&a->by_request, (struct str){text, (size_t)n});
}

const struct audit_call *audit_call_at(const struct audit *a, size_t i) { return i < a->n_calls ? a->calls[i] : NULL; }

money_t audit_counted(const struct audit_call *c)
{
    money_t least = -1;

    for (size_t i = 0; i < c->n_charges; i++) {
        const struct audit_charge *charge = &c->charges[i];
        if (charge->meter != METER_USD || charge->i_bucket == SIZE_MAX)
            continue;
        money_t counted = charge->settled + charge->left;
        least = least < 0 || counted < least ? counted : least;
    }
    return least;
}

bool audit_is_revoked(const struct audit *a, struct str key, uint64_t seq)
{
    const struct key_model *k = map_get(&a->keys, key);
    return k && k->revoked_seq && k->revoked_seq <= seq;
}

uint64_t audit_start_seq(const struct audit *a) { return a->start_seq; }

bool audit_holds(const struct audit_call *c)
{
    for (size_t i = 0; i < c->n_charges; i++)
        if (c->charges[i].left > 0)
            return true;
    return false;
}

/* Its window is over by the clock, now or at the start, or by another bucket's: the ledger may drop it. */
static bool is_past(const struct audit *a, const struct bucket_model *b, wall_t now)
{
    wall_t end = window_end(b->window, b->sliding_ns, NULL, b->newest);

    if (!window_moves(b->window))
        return false;
    for (size_t i = 0; i < a->n_buckets; i++)
        if (a->buckets[i]->window == b->window && a->buckets[i]->newest >= end)
            return true;
    return end <= now || end <= a->start_at;
}

void audit_compare(struct audit *a, const struct ledger *l, wall_t now, bool may_forget)
{
    struct ledger_row row;
    int64_t settled, held;

    for (size_t i = 0; ledger_next(l, 0, &i, &row);) {
        struct str key = arena_printf(&a->arena, STR_FMT "\n" STR_FMT, STR_ARG(row.counter), STR_ARG(row.bucket));
        struct bucket_model *b = map_get(&a->by_bucket, key);
        settled = b ? settled_in(a, b, row.window_start) : 0;
        held = b ? b->held : 0;
        if (row.settled != settled || row.held != held)
            fail(a,
                 "the ledger has %lld settled and %lld held on " STR_FMT " " STR_FMT ", the frames say %lld and %lld",
                 (long long)row.settled, (long long)row.held, STR_ARG(row.counter), STR_ARG(row.bucket),
                 (long long)settled, (long long)held);
    }
    for (size_t i = 0; i < a->n_buckets; i++) {
        struct bucket_model *b = a->buckets[i];
        bool may_be_gone = (may_forget && window_moves(b->window)) || is_past(a, b, now);
        bool says_something = b->held > 0 || (settled_in(a, b, b->newest) > 0 && !may_be_gone);
        if (says_something && !ledger_read(l, b->counter, b->bucket, b->newest, &settled, &held))
            fail(a, "the ledger has lost " STR_FMT " " STR_FMT, STR_ARG(b->counter), STR_ARG(b->bucket));
    }
}

void audit_at_rest(struct audit *a)
{
    for (size_t i = 0; i < a->n_calls; i++) {
        const struct audit_call *c = a->calls[i];
        if (!c->is_over)
            fail(a, "call " STR_FMT " (frame %llu) was never closed", STR_ARG(c->call_id), (unsigned long long)c->seq);
        for (size_t k = 0; k < c->n_charges; k++) {
            const struct audit_charge *charge = &c->charges[k];
            bool may_stay = meter_is_cost(charge->meter) && c->outcome == OUTCOME_UNKNOWN && !c->is_sharing;
            if (!charge->is_over && charge->left > 0 && !may_stay)
                fail(a, "call " STR_FMT " (frame %llu, " STR_FMT ") still holds %lld of limit %zu",
                     STR_ARG(c->call_id), (unsigned long long)c->seq, STR_ARG(outcome_text(c->outcome)),
                     (long long)charge->left, k);
        }
    }
}
