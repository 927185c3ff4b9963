/*
 * proxy/answer.c - stage answer: the vendor's answer on its way to the agent.
 *
 *   class read: streamed as it comes; the record is closed before the last bytes go out (writes of one event go
 * together). any other:  read whole, understood, recorded; only then passed on: what was answered was on record first.
 */
#include "call/fx.h"
#include "proxy/forward.h"
#include "proxy/llm.h"
#include "proxy/lookup_cache.h"
#include "proxy/poll.h"
#include "proxy/present.h"
#include "proxy/redaction.h"
#include "proxy/send.h"

static void abandon(struct call *c, enum http_reset why)
{
    http_reset(c->up, why);
    c->is_sent = true;
    attempt_end(c, c->answer_head.status, http_reset_text(why));
    forward_failed(c, why);
}

static void on_reset(void *ctx, enum http_reset why)
{
    struct call *c = ctx;
    c->is_sent = true;
    attempt_end(c, c->answer_head.status, http_reset_text(why));
    forward_failed(c, why);
}

static void release_up(struct call *c)
{
    c->is_sent = true;
    attempt_end(c, c->answer_head.status, NULL);
    http_release(c->up);
    c->up = NULL;
}

/* --- streamed --------------------------------------------------------------------------------------------------- */

static void stream_body(void *ctx, struct str bytes)
{
    struct call *c = ctx;
    struct str out;
    c->credit_owed += bytes.n;
    if (conceal_stream_add(&c->conceal, bytes, &out) < 0) {
        abandon(c, HTTP_RESET_TOO_LARGE);
        return;
    }
    if (out.n)
        call_write(c, out);
    call_give_credit(c);
}

static void stream_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct call *c = ctx;
    struct str rest = conceal_stream_end(&c->conceal);
    if (rest.n)
        call_write(c, rest);
    release_up(c);
    call_settle(
        c, &(struct settlement){.outcome = OUTCOME_NONE, .status = c->answer_head.status, .stream_end = "complete"});
    http_finish(c->client, NULL, 0);
    http_release(c->client);
    c->client = NULL;
    call_go(c, CALL_REPLYING);
    call_done(c);
}

static void stream_writable(void *ctx) { send_more(ctx); }

static const struct http_events stream_events = {
    .on_body = stream_body, .on_end = stream_end, .on_writable = stream_writable, .on_reset = on_reset};

static void start_stream(struct call *c)
{
    struct http_head head = c->answer_head;
    call_our_fields(c, head.fields, &head.n_fields);
    c->is_streaming = c->is_head_sent = true;
    conceal_stream_init(&c->conceal, call_forms(c));
    http_send_head(c->client, &head);
    http_on(c->up, &stream_events, c);
    http_credit(c->up, (size_t)c->w->shared->limits->stream_window_bytes);
}

/* --- read whole ------------------------------------------------------------------------------------------------- */

static void whole_body(void *ctx, struct str bytes)
{
    struct call *c = ctx;
    if (!answer_collect(c, bytes))
        abandon(c, HTTP_RESET_TOO_LARGE);
}

static bool is_replay(struct call *c)
{
    struct str name = connector_replay_header(c->vendor->connector), value;
    return name.n && http_head_get(&c->answer_head, name, &value) && str_eq_nocase(value, STR("true"));
}

/* An earlier try of this call may have reached the vendor. */
static bool was_tried_before(const struct call *c)
{
    for (size_t i = 0; i + 1 < c->n_attempts; i++)
        if (!c->attempts[i].is_lookup && c->attempts[i].bytes_out > 0)
            return true;
    return false;
}

static void whole_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct call *c = ctx;
    struct saas_result result = {.outcome = OUTCOME_UNKNOWN};
    uint16_t status = c->answer_head.status;

    release_up(c);
    redaction_unpack_answer(c);
    (void)conceal_text(call_forms(c), c->answer.p, c->answer.n); /* before anything of it is on record */
    if (saas_confirm(&c->saas, status, buf_str(&c->answer), is_replay(c), c->facts.cost, &c->arena, &result) < 0)
        result = (struct saas_result){.outcome = OUTCOME_UNKNOWN};
    if (result.outcome == OUTCOME_SETTLED && result.cost.how == HOW_UNKNOWN && result.amount.is_known)
        result.cost = fx_again(&c->facts.fx, &result.amount); /* by the rate that it was held by */
    if (result.outcome == OUTCOME_RELEASED && !result.is_replay && was_tried_before(c)) {
        result.outcome = OUTCOME_UNKNOWN; /* this try moved nothing; of the one that broke off it says nothing */
        result.cost = (struct cost){.how = HOW_UNKNOWN};
    }
    if (c->facts.class != CLASS_READ && c->saas.subject.n)
        lookup_cache_drop(c->w->lookups, c->saas.subject);
    call_settle(c, &(struct settlement){
                       .outcome = result.outcome, .settled = result.cost, .status = status, .result = &result});
    if (call_awaits_price(c, &result))
        poll_later(c->w->poller, c, result.poll);
    if (c->client && core_has_failed(c->w->shared->core)) { /* not on record, so not answered: its key finds it again */
        http_reset(c->client, HTTP_RESET_CANCELLED);
        http_release(c->client);
        c->client = NULL;
    }
    if (redaction_of_answer(c))
        answer_send_whole(c);
}

static void whole_writable(void *ctx) { send_more(ctx); }

static const struct http_events whole_events = {
    .on_body = whole_body, .on_end = whole_end, .on_writable = whole_writable, .on_reset = on_reset};

void stage_answer(struct call *c, const struct http_head *head)
{
    if (!send_is_answered_by(c->send_key, head)) {
        abandon(c, HTTP_RESET_BAD_FRAMING);
        return;
    }
    if (!answer_keep_head(c, head)) {
        abandon(c, HTTP_RESET_TOO_LARGE);
        return;
    }
    if (c->llm) {
        stage_answer_llm(c);
        return;
    }
    if (c->saas.is_streamable && call_is_harmless(c) && !redaction_takes_answer(c)) {
        start_stream(c);
        return;
    }
    http_on(c->up, &whole_events, c);
    http_credit(c->up, (size_t)c->w->shared->limits->answer_bytes_max + 1);
}
