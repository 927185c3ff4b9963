/*
 * proxy/forward.c - stage forward: sends the decided request, tries again only where that cannot do harm, and says what
 * a failure means.
 *
 *   nothing left our side            -> released, upstream_failed
 *   something left, class read       -> nothing can have happened, upstream_failed
 *   something left, to a model       -> what was seen is settled, the rest estimated (settle_llm.c)
 *   something left, any other class  -> unknown: the hold stays
 */
#include "proxy/forward.h"
#include "proxy/keep.h"
#include "proxy/llm.h"
#include "proxy/redaction.h"
#include "proxy/send.h"

#include "base/counter.h"

static void start(struct call *c, bool fresh);

static void on_head(void *ctx, const struct http_head *head)
{
    struct call *c = ctx;
    call_go(c, CALL_ANSWERING);
    stage_answer(c, head);
}

/* Events of the wrong time; answer.c sets its own handlers at on_head. */
static void on_body(void *ctx, struct str bytes)
{
    (void)ctx;
    (void)bytes;
    check(!"a body before its head");
}
static void on_end(void *ctx, const struct http_field *t, size_t n)
{
    (void)ctx;
    (void)t;
    (void)n;
    check(!"an end before its head");
}
static void on_writable(void *ctx) { send_more(ctx); }

static void on_info(void *ctx, const struct http_head *head)
{
    struct call *c = ctx;
    if (c->client && head->status == 103 && !redaction_takes_answer(c))
        answer_pass_info(c, head);
}

/* A kept connection that died before it answered: the vendor closed it while we were sending. */
static bool may_try_again(const struct call *c, enum http_reset why)
{
    if (why != HTTP_RESET_PEER_CLOSED && why != HTTP_RESET_PEER_RESET)
        return false;
    if (c->up->got_first_byte || !c->up->is_reused || c->n_tries >= 2)
        return false;
    return c->up->bytes_out == 0 || call_is_harmless(c) || c->send_key.n > 0 || c->llm;
}

static bool is_timeout(enum http_reset why)
{
    return why == HTTP_RESET_CONNECT_TIMEOUT || why == HTTP_RESET_FIRST_BYTE_TIMEOUT ||
           why == HTTP_RESET_IDLE_TIMEOUT || why == HTTP_RESET_TOTAL_TIMEOUT || why == HTTP_RESET_WRITE_TIMEOUT;
}

struct str forward_sentence(struct call *c, enum http_reset why, bool may_have_happened)
{
    const char *text = http_reset_text(why);
    struct str vendor = c->vendor->name;
    if (may_have_happened && c->llm)
        return arena_printf(&c->arena,
                            STR_FMT " was sent the request and did not answer completely (%s). What it may have used "
                                    "is counted, as an estimate",
                            STR_ARG(vendor), text);
    if (may_have_happened)
        return arena_printf(&c->arena,
                            STR_FMT " was sent the request and did not answer completely (%s). It may have happened: "
                                    "what was held stays held. Look with: flyball calls --unknown",
                            STR_ARG(vendor), text);
    return arena_printf(&c->arena, STR_FMT " could not be reached or did not answer (%s)%s", STR_ARG(vendor), text,
                        c->is_sent ? "; the request changes nothing" : "; nothing was sent");
}

static void settle_failed(struct call *c, enum http_reset why, enum code code, uint16_t status, bool may_have_happened)
{
    const char *stream_end = c->is_head_sent ? "cut" : NULL;
    if (c->llm) {
        call_settle_llm(
            c,
            &(struct llm_end){.error = http_reset_text(why), .stream_end = stream_end, .code = code, .status = status});
        return;
    }
    call_settle(c, &(struct settlement){.outcome = may_have_happened ? OUTCOME_UNKNOWN
                                                   : c->is_sent      ? OUTCOME_NONE
                                                                     : OUTCOME_RELEASED,
                                        .code = code,
                                        .status = status,
                                        .error = http_reset_text(why),
                                        .stream_end = stream_end});
}

void forward_failed(struct call *c, enum http_reset why)
{
    bool is_timed_out = is_timeout(why), may_have_happened = c->is_sent && !call_is_harmless(c);
    uint16_t status = is_timed_out ? 504 : 502;
    enum code code = may_have_happened ? CODE_OUTCOME_UNKNOWN
                     : is_timed_out    ? CODE_UPSTREAM_TIMEOUT
                                       : CODE_UPSTREAM_FAILED;

    http_release(c->up);
    c->up = NULL;
    if (why == HTTP_RESET_POOL_FULL) {
        code = CODE_OVERLOADED;
        status = 503;
    }
    settle_failed(c, why, code, status, may_have_happened);
    if (c->is_head_sent && c->client) {
        http_reset(c->client, HTTP_RESET_TRUNCATED);
        http_release(c->client);
        c->client = NULL;
    }
    bool may_retry = !c->is_sent || (may_have_happened && c->saas.idempotency_key.n > 0);
    call_reply_refusal(c, code, status, forward_sentence(c, why, may_have_happened), may_retry,
                       code == CODE_OVERLOADED ? 1 : 0);
}

static void on_reset(void *ctx, enum http_reset why)
{
    struct call *c = ctx;
    bool again = may_try_again(c, why);
    c->is_sent |= c->up->bytes_out > 0;
    attempt_end(c, 0, http_reset_text(why));
    if (!again) {
        forward_failed(c, why);
        return;
    }
    http_release(c->up);
    c->up = NULL;
    start(c, true);
}

static const struct http_events forward_events = {
    .on_info = on_info,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .on_writable = on_writable,
    .on_reset = on_reset,
};

static void start(struct call *c, bool fresh)
{
    struct str path;
    struct http_target at = vendor_target(c->vendor, c->to.path, &path);
    struct str target =
        c->to.query.n ? arena_printf(&c->arena, STR_FMT "?" STR_FMT, STR_ARG(path), STR_ARG(c->to.query)) : path;
    c->n_tries++;
    check(attempt_begin(c, false, c->to.path_template) != NULL);
    c->up = http_pool_open(c->w->pool, &at, &c->vendor->timeouts, fresh, &forward_events, c);
    send_request(c, &(struct send_parts){
                        .method = c->method,
                        .target = target,
                        .content_type = c->to.content_type,
                        .idempotency_key = c->send_key,
                        .body = c->send_body,
                        .n_body = c->n_send_body,
                    });
}

void stage_forward(struct call *c)
{
    if (!c->send_fields)
        send_keep_fields(c);
    redaction_of_fields(c);
    c->answer_head = (struct http_head){.status = 0};
    keep_request(c);
    call_go(c, CALL_FORWARDING);
    start(c, false);
}
