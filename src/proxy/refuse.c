/*
 * proxy/refuse.c - every answer that is ours and not the vendor's: made in one place, so that all look the same and all
 * are on record (CONTRACT 4).
 */
#include "proxy/llm.h"
#include "proxy/redaction.h"

#include "base/counter.h"
#include "codec/hex.h"

#include <stdarg.h>

#define REFUSAL_BYTES_MAX 16384
#define SAMPLE_NS (NS_PER_S)

void call_record_begin(struct call *c, struct record_writer *rw, struct buf *body, struct buf *personal)
{
    char *hex = arena_alloc(&c->arena, 128 + 4 * DUPLICATE_DIGEST_BYTES);
    struct redacted_record without;
    redaction_of_record(c, &without);
    struct record_open o = {
        .call_id = str_c(c->id),
        .started_at = c->started_at,
        .facts = without.facts,
        .verdict = without.verdict,
        .trace_id = str_c(c->run.trace_id),
        .span_id = str_c(c->run.span_id),
        .path = without.path,
        .idempotency_key = without.idempotency_key,
        .direction = c->saas.direction,
        .cause = c->cause,
        .catalog = c->llm ? catalog_version(c->w->shared->llm->catalog) : STR_NONE,
        .additions = c->additions,
        .n_additions = c->n_additions,
        .is_dry_run = c->is_dry_run,
        .could_ask_cost = !c->llm && c->saas.can_look_up_amount && c->facts.cost.how == HOW_UNKNOWN,
        .could_ask_customer = !c->llm && c->saas.can_look_up_customer && c->facts.customer.n == 0,
        .salt = c->salt,
    };
    if (c->idem.scope.n) {
        o.idempotency_scope = c->idem.scope;
        o.idempotency_digest = hex_encode(c->idem.key_digest, 32, hex);
        o.body_digest = hex_encode(c->idem.body_digest, 32, hex + 64);
    }
    if (c->duplicate.window_ms && !c->is_dry_run) {
        o.duplicate = hex_encode(c->duplicate.digest, DUPLICATE_DIGEST_BYTES, hex + 128);
        o.duplicate_ms = c->duplicate.window_ms;
        if (c->duplicate.has_retry_key)
            o.duplicate_key = hex_encode(c->duplicate.retry_key, DUPLICATE_DIGEST_BYTES,
                                         hex + 128 + 2 * DUPLICATE_DIGEST_BYTES);
    }
    buf_reset(body);
    buf_reset(personal);
    record_open_begin(rw, &o, body, personal);
}

void call_count_bytes(const struct call *c, uint64_t *in, uint64_t *out)
{
    for (size_t i = 0; i < c->n_attempts; i++) {
        *in += c->attempts[i].bytes_in;
        *out += c->attempts[i].bytes_out;
    }
}

/* The record of a call that is over; an error of the journal is passed up. */
static int write_record(struct call *c, uint16_t status, const char *error)
{
    struct record_writer rw;
    struct worker *w = c->w;
    struct record_end end = {
        .at = loop_wall(w->loop),
        .status = status,
        .error = error,
        .attempts = c->attempts,
        .n_attempts = c->n_attempts,
    };
    call_count_bytes(c, &end.bytes_in, &end.bytes_out);
    if (c->verdict.policy.n == 0 && c->adm.policy) {
        c->verdict.policy = policy_digest(c->adm.policy);
        c->verdict.policy_name = policy_name(c->adm.policy);
    }
    policy_settle_would(&c->verdict, &c->facts, &c->arena);
    call_record_begin(c, &rw, &w->record_body, &w->record_personal);
    stats_decided(w->shared->stats, c->vendor, c->verdict.effect, c->verdict.code);
    (void)call_count_attempts(c); /* look-ups */
    return core_refuse(w->shared->core, &rw, &c->verdict, &end, end.at);
}

void call_give_up(struct call *c, const char *error)
{
    if (!c->has_key)
        return;
    if (c->told.status) {
        c->verdict.code = c->told_code;
        c->verdict.reason = str_c(c->told.text);
        (void)write_record(c, c->told.status, NULL);
        return;
    }
    if (!c->is_dry_run && c->verdict.effect == EFFECT_DENY && c->verdict.code == CODE_NONE) {
        c->verdict.code = CODE_REQUEST_INVALID;
        c->verdict.reason = STR("The agent went away before its request was decided on");
    }
    (void)write_record(c, c->is_dry_run ? 200 : 0, error);
}

/* A request without a known key has no record: it is counted, and one a second stands among the events. */
static void sample(struct worker *w, enum code code)
{
    counter_add(COUNTER_requests_without_key, 1);
    w->n_unsampled++;
    if (loop_now(w->loop) - w->sampled_at < SAMPLE_NS && w->sampled_at)
        return;
    core_note_refusal(w->shared->core, code_text(code), w->n_unsampled);
    w->sampled_at = loop_now(w->loop);
    w->n_unsampled = 0;
}

void call_answer_of_http(struct worker *w, struct call *c, const struct http_refusal *r, struct arena *a,
                         struct http_refusal_answer *ret)
{
    bool is_large = r->status == 413 || r->status == 414 || r->status == 431;
    enum code code = is_large ? CODE_REQUEST_TOO_LARGE : CODE_REQUEST_INVALID;
    char made[UUID_TEXT_BYTES];
    struct uuid u = uuid_v7(loop_wall(w->loop), w->rng);
    struct str id = arena_str(a, c ? str_c(c->id) : uuid_text(&u, made));
    struct str text =
        arena_printf(a, "%s [" STR_FMT ", call " STR_FMT "]", r->text, STR_ARG(code_text(code)), STR_ARG(id));
    struct buf body;

    buf_init(&body, REFUSAL_BYTES_MAX);
    if (saas_refusal_body(c && c->vendor ? c->vendor->connector : NULL, code, r->status, text, id, &body) == 0)
        ret->body = arena_str(a, buf_str(&body));
    buf_deinit(&body);
    ret->fields[ret->n_fields++] = (struct http_field){STR("x-flyball-code"), code_text(code)};
    ret->fields[ret->n_fields++] = (struct http_field){STR("x-should-retry"), STR("false")};
    ret->fields[ret->n_fields++] = (struct http_field){STR("stripe-should-retry"), STR("false")};
    ret->fields[ret->n_fields++] = (struct http_field){STR("x-flyball-call-id"), id};
    if (c) {
        ret->fields[ret->n_fields++] = (struct http_field){STR("x-agent-run-id"), arena_str(a, c->run.id)};
        c->told_code = code;
        c->told = *r;
    } else {
        sample(w, code);
    }
}

/* How near its limits a call to a model came, as its SDK knows to say. */
static void add_rate_fields(struct call *c, struct http_field *fields, size_t *n)
{
    struct rate_field rate[RATE_FIELDS_MAX];
    if (!c->llm)
        return;
    bool is_held = c->verdict.effect == EFFECT_PERMIT && !c->is_dry_run;
    size_t n_rate = rate_fields(c->verdict.needs, c->verdict.n_needs, is_held, call_rate_dialect(c), c->started_at,
                                &c->arena, rate);
    for (size_t i = 0; i < n_rate; i++)
        fields[(*n)++] = (struct http_field){rate[i].name, rate[i].value};
}

void call_our_fields(struct call *c, struct http_field *fields, size_t *n)
{
    char text[MONEY_TEXT_BYTES];
    fields[(*n)++] = (struct http_field){STR("x-flyball-call-id"), str_c(c->id)};
    if (c->run.id.n)
        fields[(*n)++] = (struct http_field){STR("x-agent-run-id"), c->run.id};
    if (c->n_attempts)
        fields[(*n)++] = (struct http_field){STR("x-flyball-attempts"), arena_i64(&c->arena, (int64_t)c->n_attempts)};
    if (c->settled.how != HOW_UNKNOWN)
        fields[(*n)++] =
            (struct http_field){STR("x-flyball-cost-usd"), arena_str(&c->arena, money_text(c->settled.usd, text))};
    money_t left = MONEY_MAX;
    bool is_taken = c->verdict.effect == EFFECT_PERMIT && !c->is_dry_run;
    for (size_t i = 0; i < c->verdict.n_needs; i++) {
        const struct limit_need *need = &c->verdict.needs[i];
        if (need->meter != METER_USD || need->window == WINDOW_CALL || need->is_shadow)
            continue;
        money_t own = !is_taken ? 0 : c->settled.how != HOW_UNKNOWN ? c->settled.usd : need->n;
        money_t used = need->before + need->held + own;
        money_t room = used < need->max ? need->max - used : 0;
        left = room < left ? room : left;
    }
    if (left != MONEY_MAX)
        fields[(*n)++] =
            (struct http_field){STR("x-flyball-remaining-usd"), arena_str(&c->arena, money_text(left, text))};
    add_rate_fields(c, fields, n);
}

void call_send(struct call *c, uint16_t status, const struct http_field *fields, size_t n, struct str body)
{
    struct http_head head = {
        .status = status, .fields = (struct http_field *)fields, .n_fields = n, .body_bytes = (int64_t)body.n};
    if (c->client) {
        http_send_head(c->client, &head);
        (void)http_write(c->client, body);
        http_finish(c->client, NULL, 0);
        http_release(c->client);
        c->client = NULL;
    }
    if (c->state != CALL_REPLYING)
        call_go(c, CALL_REPLYING);
    call_done(c);
}

static int64_t retry_after_s(const struct call *c, enum code code, int64_t asked_s)
{
    if (asked_s)
        return asked_s;
    if (code != CODE_RATE_LIMITED)
        return 1;
    int64_t s = 1;
    for (size_t i = 0; i < c->verdict.n_needs; i++) {
        const struct limit_need *need = &c->verdict.needs[i];
        if (!need->is_short || need->is_shadow || need->resets_at == 0)
            continue;
        int64_t until = (need->resets_at - c->started_at) / NS_PER_S + 1;
        s = until > s ? until : s;
    }
    return s;
}

void call_reply_refusal(struct call *c, enum code code, uint16_t status, struct str sentence, bool may_retry,
                        int64_t after_s)
{
    struct http_field fields[OUR_FIELDS_MAX + 6];
    struct str id_header = c->vendor ? connector_request_id_header(c->vendor->connector) : STR_NONE;
    struct buf body;
    size_t n = 0;
    bool retries = code_retry(code) == RETRY_YES || (code_retry(code) == RETRY_MAYBE && may_retry);

    counter_add(COUNTER_calls_denied, c->has_key ? 1 : 0);
    buf_init(&body, REFUSAL_BYTES_MAX);
    struct str whom = code == CODE_SCOPE_DENIED ? c->verdict.whom : STR_NONE; /* not for the record */
    struct str text = arena_printf(&c->arena, STR_FMT "%s" STR_FMT "%s [" STR_FMT ", call %s]", STR_ARG(sentence),
                                   whom.n ? " (account " : "", STR_ARG(whom), whom.n ? ")" : "",
                                   STR_ARG(code_text(code)), c->id);
    if (saas_refusal_body(c->vendor ? c->vendor->connector : NULL, code, status, text, str_c(c->id), &body) < 0)
        buf_reset(&body);
    fields[n++] = (struct http_field){STR("content-type"), STR("application/json")};
    fields[n++] = (struct http_field){STR("x-flyball-code"), code_text(code)};
    if (!retries) {
        fields[n++] = (struct http_field){STR("x-should-retry"), STR("false")};
        fields[n++] = (struct http_field){STR("stripe-should-retry"), STR("false")};
    }
    if (code_retry(code) == RETRY_YES)
        fields[n++] = (struct http_field){STR("retry-after"),
                                          arena_printf(&c->arena, "%lld", (long long)retry_after_s(c, code, after_s))};
    if (id_header.n) /* what the vendor's SDK shows as the request's id */
        fields[n++] = (struct http_field){id_header, str_c(c->id)};
    call_our_fields(c, fields, &n);
    if (c->up) {
        http_release(c->up);
        c->up = NULL;
    }
    call_send(c, status, fields, n, buf_str(&body));
    buf_deinit(&body);
}

void call_refuse(struct call *c, enum code code, uint16_t status, struct str sentence)
{
    check(code != CODE_NONE && !c->is_held);
    if (status == 0)
        status = code_status(code);
    check(status != 0);
    c->verdict.effect = c->verdict.effect == EFFECT_APPROVE ? EFFECT_APPROVE : EFFECT_DENY;
    c->verdict.code = code;
    c->verdict.reason = sentence;
    if (!c->has_key) {
        sample(c->w, code);
    } else if (write_record(c, status, NULL) < 0 && code != CODE_OVERLOADED) {
        code = CODE_OVERLOADED;
        status = 503;
        sentence = STR("The call was refused, and could not be recorded: the disk is full or the journal has failed");
    }
    call_reply_refusal(c, code, status, sentence, false, 0);
}

void call_refusef(struct call *c, enum code code, uint16_t status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    struct str s = arena_vprintf(&c->arena, fmt, ap);
    va_end(ap);
    call_refuse(c, code, status, s);
}
