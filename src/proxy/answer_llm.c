/*
 * proxy/answer_llm.c - a model's answer on its way to the agent, read by the meter as it passes (llm/meter.h).
 *
 *   a stream of events   passed as it comes, byte for byte but for a usage chunk that nobody asked for; settled before
 *                        its last bytes go out; its cost follows as a trailer where the agent takes trailers
 *   anything else        read whole, settled, then passed with its cost in the head
 *
 * A stream that ends before its time ends with an error event that says why, so that the SDK raises it; where the last
 * event is not whole, with the end of the connection.
 */
#include "proxy/forward.h"
#include "proxy/llm.h"
#include "proxy/present.h"
#include "proxy/redaction.h"
#include "proxy/send.h"

#define EVENT_BYTES_MAX 16384

static void release_client(struct call *c)
{
    http_release(c->client);
    c->client = NULL;
}

static void end_of_up(struct call *c, const char *error)
{
    c->is_sent = true;
    attempt_end(c, c->answer_head.status, error);
    http_release(c->up);
    c->up = NULL;
}

static void on_writable(void *ctx) { send_more(ctx); }

static void done(struct call *c)
{
    call_go(c, CALL_REPLYING);
    call_done(c);
}

/* --- a stream of events ----------------------------------------------------------------------------------------- */

/* False: it cannot be looked into. */
static bool pass(struct call *c, struct str bytes)
{
    struct str out;
    bool is_first = false;
    llm_meter_add(c->llm->meter, bytes, &out, &is_first);
    if (is_first && c->phases.first_token < 0)
        c->phases.first_token = call_us(c);
    if (llm_meter_is_complete(c->llm->meter))
        call_tell_tool_calls(c);
    if (!redaction_of_events(c, out, false, &out))
        return false;
    if (out.n)
        call_write(c, out);
    call_give_credit(c);
    return true;
}

/* RFC 9110, 6.5.1: trailers go to those who said that they take them. */
static bool takes_trailers(const struct call *c)
{
    struct str te;
    size_t at;
    return http_head_get(c->head, STR("te"), &te) && str_find(te, STR("trailers"), &at);
}

static void finish_stream(struct call *c)
{
    char text[MONEY_TEXT_BYTES];
    struct http_field cost = {STR("x-flyball-cost-usd"), money_text(c->settled.usd, text)};
    bool has_cost = c->settled.how != HOW_UNKNOWN && takes_trailers(c);
    http_finish(c->client, has_cost ? &cost : NULL, has_cost ? 1 : 0);
    release_client(c);
    done(c);
}

static void write_error_event(struct call *c, enum code code, struct str sentence)
{
    struct buf event;
    struct str text =
        arena_printf(&c->arena, STR_FMT " [" STR_FMT ", call %s]", STR_ARG(sentence), STR_ARG(code_text(code)), c->id);
    buf_init(&event, EVENT_BYTES_MAX);
    llm_error_event(c->llm->shape, code_text(code), text, str_c(c->id), &event);
    call_write(c, buf_str(&event));
    buf_deinit(&event);
}

/* Behind a head that is sent, a refusal can only be an event. What the meter kept back of a half event is dropped. */
static void cut_stream(struct call *c, const struct llm_end *e, struct str sentence)
{
    bool is_whole_only = redaction_takes_answer(c);
    bool is_broken = !is_whole_only && llm_meter_is_open(c->llm->meter); /* an event's first half is with the agent */
    http_release(c->up);
    c->up = NULL;
    call_settle_llm(c, e);
    if (is_broken) {
        http_reset(c->client, HTTP_RESET_TRUNCATED);
        release_client(c);
        done(c);
        return;
    }
    write_error_event(c, e->code, sentence);
    finish_stream(c);
}

static void on_stream_reset(void *ctx, enum http_reset why)
{
    struct call *c = ctx;
    c->is_sent = true;
    attempt_end(c, c->answer_head.status, http_reset_text(why));
    cut_stream(c,
               &(struct llm_end){.error = http_reset_text(why),
                                 .code = CODE_OUTCOME_UNKNOWN,
                                 .status = c->answer_head.status,
                                 .stream_end = "cut"},
               forward_sentence(c, why, true));
}

/* Nothing more of it may go on. */
static void close_stream(struct call *c, bool is_over)
{
    if (!is_over)
        http_reset(c->up, HTTP_RESET_CANCELLED);
    c->is_sent = true;
    attempt_end(c, c->answer_head.status, "not_redactable");
    cut_stream(c,
               &(struct llm_end){.error = "not_redactable",
                                 .code = CODE_POLICY_DENIED,
                                 .status = c->answer_head.status,
                                 .stream_end = "cut"},
               REDACTION_CUT);
}

static void stream_body(void *ctx, struct str bytes)
{
    struct call *c = ctx;
    struct str out;
    c->credit_owed += bytes.n;
    if (!redaction_unpack(c, bytes, &bytes)) {
        close_stream(c, false);
        return;
    }
    if (conceal_stream_add(&c->conceal, bytes, &out) < 0) {
        http_reset(c->up, HTTP_RESET_TOO_LARGE);
        on_stream_reset(c, HTTP_RESET_TOO_LARGE);
        return;
    }
    if (!pass(c, out))
        close_stream(c, false);
}

static void stream_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct call *c = ctx;
    struct str rest = conceal_stream_end(&c->conceal);
    (void)trailers;
    (void)n;
    if (rest.n && !pass(c, rest)) {
        close_stream(c, true);
        return;
    }
    rest = llm_meter_end(c->llm->meter);
    if (!redaction_of_events(c, rest, true, &rest)) {
        close_stream(c, true);
        return;
    }
    if (rest.n)
        call_write(c, rest);
    end_of_up(c, NULL);
    call_settle_llm(c, &(struct llm_end){.status = c->answer_head.status, .stream_end = "complete"});
    finish_stream(c);
}

static const struct http_events stream_events = {
    .on_body = stream_body, .on_end = stream_end, .on_writable = on_writable, .on_reset = on_stream_reset};

static void start_stream(struct call *c)
{
    struct http_head head = c->answer_head;
    head.body_bytes = HTTP_BODY_UNKNOWN; /* a usage chunk may be taken out */
    call_our_fields(c, head.fields, &head.n_fields);
    c->is_streaming = c->is_head_sent = c->llm->is_stream = true;
    conceal_stream_init(&c->conceal, call_forms(c));
    redaction_begin_events(c);
    http_send_head(c->client, &head);
    http_on(c->up, &stream_events, c);
    http_credit(c->up, (size_t)c->w->shared->limits->stream_window_bytes);
}

void call_end_now(struct call *c, const struct llm_end *e, struct str sentence)
{
    check(c->llm && (c->state == CALL_FORWARDING || c->state == CALL_ANSWERING));
    c->is_sent |= c->up->bytes_out > 0;
    attempt_end(c, c->answer_head.status, e->error);
    if (c->is_head_sent) {
        struct llm_end end = *e;
        end.status = c->answer_head.status;
        cut_stream(c, &end, sentence);
        return;
    }
    http_release(c->up);
    c->up = NULL;
    call_settle_llm(c, e);
    call_reply_refusal(c, e->code, e->status, sentence, false, 0);
}

static void stop_stream(struct call *c, enum code code)
{
    struct str sentence =
        code == CODE_KEY_REVOKED
            ? STR("This key was revoked while its stream was open; what was used is counted")
            : STR("This run, or every call, was stopped by an operator; what was used is counted");
    call_end_now(
        c, &(struct llm_end){.error = "stopped", .code = code, .status = code_status(code), .stream_end = "stopped"},
        sentence);
}

/* A stream that nobody asked for is known by the head of its answer only, so the reason is kept until that comes. */
void call_sweep(struct call *c)
{
    bool is_open = c->state == CALL_FORWARDING || (c->state == CALL_ANSWERING && c->is_streaming);
    if (!c->llm || !is_open || !c->client)
        return;
    enum code code =
        core_still_allowed(c->w->shared->core, c->adm.key, c->facts.tenant, c->run.id, loop_wall(c->w->loop));
    if (code == CODE_NONE)
        return;
    if (call_is_stream(c))
        stop_stream(c, code);
    else
        c->llm->stopped = code;
}

void call_cut_off(struct call *c)
{
    if (!c->llm || (c->state != CALL_FORWARDING && c->state != CALL_ANSWERING))
        return;
    bool may_be_used = c->is_sent || c->up->bytes_out > 0;
    struct llm_end end = {.error = "daemon_stopped", .status = 503};
    end.code = may_be_used ? CODE_OUTCOME_UNKNOWN : CODE_OVERLOADED;
    end.stream_end = call_is_stream(c) ? "cut" : NULL;
    call_end_now(c, &end,
                 may_be_used ? STR("Flyball was stopped before the answer was whole; what was used is counted")
                             : STR("Flyball was stopped; nothing was sent"));
}

/* --- anything else: read whole ----------------------------------------------------------------------------------- */

static void on_reset(void *ctx, enum http_reset why)
{
    struct call *c = ctx;
    c->is_sent = true;
    attempt_end(c, c->answer_head.status, http_reset_text(why));
    forward_failed(c, why);
}

static void abandon(struct call *c, enum http_reset why)
{
    http_reset(c->up, why);
    on_reset(c, why);
}

static void whole_body(void *ctx, struct str bytes)
{
    struct call *c = ctx;
    if (!answer_collect(c, bytes))
        abandon(c, HTTP_RESET_TOO_LARGE);
}

static void whole_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct call *c = ctx;
    uint16_t status = c->answer_head.status;
    (void)trailers;
    (void)n;
    end_of_up(c, NULL);
    redaction_unpack_answer(c);
    (void)conceal_text(call_forms(c), c->answer.p, c->answer.n); /* before anything of it is on record */
    llm_meter_whole(c->llm->meter, status, buf_str(&c->answer));
    call_settle_llm(c, &(struct llm_end){.status = status});
    if (redaction_of_answer(c))
        answer_send_whole(c);
}

static const struct http_events whole_events = {
    .on_body = whole_body, .on_end = whole_end, .on_writable = on_writable, .on_reset = on_reset};

/* --- which -------------------------------------------------------------------------------------------------------- */

static bool is_event_stream(const struct http_head *head)
{
    struct str type;
    return http_head_get(head, STR("content-type"), &type) && type.n >= 17 &&
           str_eq_nocase(str_sub(type, 0, 17), STR("text/event-stream"));
}

bool call_is_stream(const struct call *c) { return c->llm && (c->llm->request.is_stream || c->llm->is_stream); }

void stage_answer_llm(struct call *c)
{
    const struct limits *limits = c->w->shared->limits;
    if (c->sending.is_finished)
        call_drop_body(c); /* nothing is sent again once there is a head */
    c->llm->meter = llm_meter_new(&c->llm->request, limits, &c->arena);
    if (c->answer_head.status == 200 && c->client && is_event_stream(&c->answer_head) && !redaction_is_closed(c)) {
        if (c->llm->stopped != CODE_NONE)
            stop_stream(c, c->llm->stopped);
        else
            start_stream(c);
        return;
    }
    buf_init(&c->answer, (size_t)limits->llm_answer_bytes_max);
    http_on(c->up, &whole_events, c);
    http_credit(c->up, (size_t)limits->llm_answer_bytes_max + 1);
}
