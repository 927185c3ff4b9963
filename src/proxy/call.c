/*
 * proxy/call.c - the life of one call: made, moved along legal edges only, freed. What it goes through is in call.h.
 */
#include "proxy/call.h"

#include "base/counter.h"
#include "proxy/approve.h"
#include "proxy/keep.h"
#include "proxy/llm.h"
#include "proxy/redaction.h"
#include "proxy/send.h"

#include <stdlib.h>
#include <string.h>

#define FREE_CALLS_MAX 256
#define EXPECTED_BYTES_MAX (256 * 1024)

enum leave { LEAVE_END, LEAVE_WAIT, LEAVE_RELEASE, LEAVE_CANCEL, LEAVE_FINISH, LEAVE_DROP };

static const struct {
    const char *text;
    unsigned edges;
    enum leave leave_read, leave_other, leave_stream;
} states[] = {
#define E(name) (1u << CALL_##name)
#define STATE(name, text, edges, leave_read, leave_other, leave_stream) \
    {text, edges, leave_read, leave_other, leave_stream},
#include "proxy/call.tbl.h"
#undef STATE
#undef E
};

const char *call_state_text(enum call_state s) { return states[s].text; }

bool call_is_harmless(const struct call *c) { return c->is_classified && c->facts.class == CLASS_READ; }

int64_t call_us(const struct call *c) { return (loop_now(c->w->loop) - c->began_at) / NS_PER_US; }

void call_check(const struct call *c)
{
    check(c->magic == CALL_MAGIC);
    bool may_hold = c->state == CALL_DECIDING || c->state == CALL_SYNCING || c->state == CALL_FORWARDING ||
                    c->state == CALL_ANSWERING;
    bool may_up = c->state == CALL_LOOKING_UP || c->state == CALL_FORWARDING || c->state == CALL_ANSWERING;
    check(!c->is_held || may_hold);
    check(!c->up || may_up);
}

void call_go(struct call *c, enum call_state to)
{
    check(states[c->state].edges & (1u << to));
    c->state = to;
    call_check(c);
}

static void on_total_timeout(struct timer *t);

static struct call *call_take_memory(struct worker *w)
{
    struct list *n = list_first(&w->free_calls);
    if (n) {
        struct call *c = list_entry(n, struct call, node);
        list_remove(n);
        w->n_free--;
        return c;
    }
    struct call *c = calloc(1, sizeof(*c));
    if (c)
        arena_init(&c->arena, (size_t)w->shared->limits->call_memory_bytes_max);
    return c;
}

struct call *call_new(struct worker *w, struct http_exchange *x, const struct http_head *head)
{
    struct call *c = call_take_memory(w);
    if (!c)
        return NULL;
    struct arena arena = c->arena;
    memset(c, 0, offsetof(struct call, attempts));
    c->arena = arena;
    c->magic = CALL_MAGIC;
    c->state = CALL_NEW;
    c->w = w;
    c->client = x;
    c->head = head;
    c->began_at = loop_now(w->loop);
    c->started_at = loop_wall(w->loop);
    struct uuid u = uuid_v7(c->started_at, w->rng);
    uuid_text(&u, c->id);
    rng_fill(w->rng, c->salt, sizeof(c->salt));
    c->method = arena_str(&c->arena, head->method);
    buf_init(&c->body, (size_t)w->shared->limits->body_bytes_max);
    buf_init(&c->answer, (size_t)w->shared->limits->answer_bytes_max);
    c->phases = RECORD_PHASES_NONE;
    c->may_look_up = true;
    timer_init(&c->total_timer, on_total_timeout);
    timer_arm(w->loop, &c->total_timer, w->shared->limits->total_timeout_ms);
    list_init(&c->node);
    list_add_tail(&w->calls, &c->node);
    w->n_calls++;
    return c;
}

static void give_back(struct call *c, struct buf *b)
{
    atomic_fetch_sub(&c->w->shared->body_bytes, (int_fast64_t)b->cap);
    buf_deinit(b);
}

void call_drop_body(struct call *c)
{
    size_t max = c->body.max_bytes;
    give_back(c, &c->body);
    buf_init(&c->body, max);
}

void call_done(struct call *c)
{
    struct worker *w = c->w;
    call_go(c, CALL_DONE);
    check(!c->client && !c->up && !c->is_held);
    timer_cancel(w->loop, &c->total_timer);
    keep_end(c);
    give_back(c, &c->body);
    give_back(c, &c->answer);
    if (c->conceal.forms)
        conceal_stream_deinit(&c->conceal);
    redaction_free(c->redaction);
    if (c->llm)
        llm_meter_free(c->llm->meter); /* of an answer that was abandoned */
    buf_deinit(&c->ask.json);
    credential_unref(c->credential);
    policy_unref(c->adm.policy);
    list_remove(&c->node);
    w->n_calls--;
    c->magic = 0;
    if (w->n_free < FREE_CALLS_MAX) {
        arena_reset(&c->arena);
        list_add_head(&w->free_calls, &c->node); /* the next call takes what the caches still have */
        w->n_free++;
    } else {
        arena_deinit(&c->arena);
        free(c);
    }
    worker_look_drained(w);
}

/* --- the agent goes away --------------------------------------------------------------------------------------- */

static void release_client(struct call *c)
{
    if (!c->client)
        return;
    http_release(c->client);
    c->client = NULL;
    c->head = NULL;
}

static void release_up(struct call *c)
{
    if (!c->up)
        return;
    http_release(c->up);
    c->up = NULL;
}

static enum leave leave_of(const struct call *c)
{
    if (call_is_harmless(c))
        return states[c->state].leave_read;
    return call_is_stream(c) ? states[c->state].leave_stream : states[c->state].leave_other;
}

/* The vendor stops too; what was used until then is settled. */
static void cancel(struct call *c)
{
    c->is_sent |= c->up->bytes_out > 0;
    attempt_end(c, c->answer_head.status, "client_gone");
    release_up(c);
    if (c->llm)
        call_settle_llm(c, &(struct llm_end){.error = "client_gone", .stream_end = "client_gone"});
    else
        call_settle(c, &(struct settlement){
                           .outcome = OUTCOME_NONE, .error = "client_gone", .stream_end = "client_gone"});
    call_done(c);
}

struct call_action call_action(const struct call *c)
{
    if (c->llm)
        return (struct call_action){c->path, c->query, buf_str(&c->body)};
    return (struct call_action){c->saas.path, c->saas.query, c->saas.body};
}

void call_ask_store(struct call *c, const struct ask *what, size_t json_bytes_max, void (*done)(void *ctx))
{
    call_go(c, CALL_ASKING);
    buf_deinit(&c->ask.json);
    c->ask = *what;
    buf_init(&c->ask.json, json_bytes_max);
    c->ask.box = &c->w->loop->box;
    c->ask.done = (struct post){done, c};
    core_ask(c->w->shared->core, &c->ask);
}

bool call_go_on(struct call *c)
{
    check(c->magic == CALL_MAGIC && c->state == CALL_ASKING);
    if (c->client) {
        call_go(c, CALL_DECIDING);
        return true;
    }
    call_give_up(c, "client_gone");
    call_done(c);
    return false;
}

void call_client_gone(struct call *c)
{
    enum leave leave = leave_of(c);
    release_client(c);
    switch (leave) {
    case LEAVE_WAIT:
        if (!call_leave_wait(c))
            return; /* whoever wakes us finds no client */
        call_give_up(c, "client_gone");
        call_done(c);
        return;
    case LEAVE_END:
        release_up(c);
        call_give_up(c, "client_gone");
        call_done(c);
        return;
    case LEAVE_CANCEL:
        cancel(c);
        return;
    case LEAVE_DROP:
        if (c->state == CALL_REPLYING)
            call_done(c);
        return;
    case LEAVE_RELEASE: /* whoever wakes us finds no client */
    case LEAVE_FINISH:
        return;
    }
}

/* Past this, nobody waits any longer: not the agent, not we for the vendor. */
static void on_total_timeout(struct timer *t)
{
    struct call *c = list_entry(t, struct call, total_timer);
    switch (c->state) {
    case CALL_NEW:
    case CALL_READING:
        call_refuse(c, CODE_REQUEST_INVALID, 408, STR("The request took longer than total_timeout_ms to arrive"));
        return;
    case CALL_LOOKING_UP:
        release_up(c);
        call_refuse(c, CODE_UPSTREAM_TIMEOUT, 504,
                    STR("A look-up took longer than total_timeout_ms; nothing was sent"));
        return;
    case CALL_FORWARDING:
    case CALL_ANSWERING:
        http_reset(c->up, HTTP_RESET_TOTAL_TIMEOUT);
        if (c->up && c->up->ev) {
            const struct http_events *ev = c->up->ev;
            ev->on_reset(c->up->ev_ctx, HTTP_RESET_TOTAL_TIMEOUT); /* none comes for one's own reset */
        }
        return;
    case CALL_WAITING:
        call_end_wait(c);
        return;
    default: /* waiting for the disk or the store, or for the agent to take its answer: both have bounds of their own */
        return;
    }
}

/* Where the head says how much comes, memory is taken once; but not much on a stranger's word. */
static void expect_body(struct call *c)
{
    int64_t n = c->head ? c->head->body_bytes : 0;
    if (c->body.n == 0 && n > 0)
        (void)buf_reserve(&c->body, n < EXPECTED_BYTES_MAX ? (size_t)n : EXPECTED_BYTES_MAX); /* buf_add() says it */
}

/* What expect_body() took. */
static struct room client_on_room(void *ctx)
{
    struct call *c = ctx;
    if (c->state != CALL_READING || c->body.n == 0)
        return (struct room){NULL, 0};
    return (struct room){c->body.p + c->body.n, c->body.cap - c->body.n};
}

/* 0, or -ERR_TOO_LARGE, -ERR_NOMEM. */
static int keep_body(struct call *c, struct str bytes)
{
    bool is_in_place = c->body.n && bytes.p == c->body.p + c->body.n && bytes.n <= c->body.cap - c->body.n;
    if (!is_in_place)
        return buf_add(&c->body, bytes);
    c->body.n += bytes.n;
    return 0;
}

static void client_on_body(void *ctx, struct str bytes)
{
    struct call *c = ctx;
    if (c->state != CALL_READING)
        return; /* the rest of a refused request */
    size_t cap = c->body.cap;
    expect_body(c);
    if (keep_body(c, bytes) < 0) {
        call_refusef(c, CODE_REQUEST_TOO_LARGE, 413, "The request body is larger than %s (%lld bytes)",
                     call_body_limit(c), (long long)c->body.max_bytes);
        return;
    }
    int_fast64_t all = atomic_fetch_add(&c->w->shared->body_bytes, (int_fast64_t)(c->body.cap - cap)) +
                       (int_fast64_t)(c->body.cap - cap);
    if (all > c->w->shared->limits->body_memory_bytes_max)
        call_refuse(c, CODE_OVERLOADED, 0,
                    STR("Too many request bodies are in memory (body_memory_bytes_max); try again"));
}

static void client_on_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct call *c = ctx;
    if (c->state != CALL_READING)
        return;
    c->is_body_read = true;
    stage_classify(c);
}

void call_write(struct call *c, struct str bytes)
{
    keep_answer(c, bytes);
    c->is_client_full = http_write(c->client, bytes) > (size_t)c->w->shared->limits->stream_window_bytes;
}

void call_give_credit(struct call *c)
{
    size_t n = c->credit_owed;
    if (c->is_client_full || n == 0)
        return;
    c->credit_owed = 0;
    http_credit(c->up, n);
}

static void client_on_writable(void *ctx)
{
    struct call *c = ctx;
    c->is_client_full = false;
    if (c->is_streaming && c->up)
        call_give_credit(c);
}

static void client_on_reset(void *ctx, enum http_reset why)
{
    struct call *c = ctx;
    (void)why;
    call_client_gone(c);
}

const struct http_events call_client_events = {
    .on_room = client_on_room,
    .on_body = client_on_body,
    .on_end = client_on_end,
    .on_writable = client_on_writable,
    .on_reset = client_on_reset,
};

/* At the very end of the process: the record says "open", which the next start reads as unknown. */
void call_abandon(struct call *c)
{
    if (c->state == CALL_WAITING)
        (void)call_leave_wait(c); /* what is posted finds a loop that has stopped */
    release_client(c);
    release_up(c);
    if (c->is_held)
        core_forget(c->w->shared->core, &c->held);
    c->is_held = false;
    c->w->is_draining = false;
    c->state = CALL_REPLYING;
    call_done(c);
}
