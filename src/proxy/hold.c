/*
 * proxy/hold.c - stages hold and sync: takes the limits, writes the OPEN frame, waits for the disk where promise 2
 * asks.
 *
 * From here on the call has something to give back: every way out goes through call_settle().
 */
#include "proxy/approve.h"
#include "proxy/duties.h"
#include "proxy/llm.h"
#include "proxy/present.h"
#include "proxy/redaction.h"
#include "proxy/send.h"

static void on_synced(void *ctx);
static struct str sentence_of(enum code code);

/* Held, and refused before a byte left. */
static void refuse_held(struct call *c, enum code code, const char *error, struct str sentence, int64_t retry_after_s)
{
    uint16_t status = code_status(code);
    call_settle(
        c, &(struct settlement){.outcome = OUTCOME_RELEASED, .code = code, .status = status, .error = error});
    call_reply_refusal(c, code, status, sentence, true, retry_after_s);
}

static void after_hold(struct call *c)
{
    c->phases.hold = call_us(c);
    if (!duties_notify(c)) {
        refuse_held(c, CODE_OVERLOADED, "journal_failed",
                    STR("The notice that a rule asks for could not be written; nothing was sent"), 5);
        return;
    }
    if (c->llm || !class_needs_sync(c->facts.class)) {
        stage_forward(c);
        return;
    }
    call_go(c, CALL_SYNCING);
    c->sync.seq = c->held.open_seq;
    c->sync.box = &c->w->loop->box;
    c->sync.done = (struct post){on_synced, c};
    if (core_synced(c->w->shared->core, &c->sync))
        on_synced(c);
}

static void on_synced(void *ctx)
{
    struct call *c = ctx;
    check(c->magic == CALL_MAGIC && c->state == CALL_SYNCING);
    c->phases.sync = call_us(c);
    if (c->sync.result < 0) {
        refuse_held(c, CODE_OVERLOADED, "journal_failed",
                    STR("The journal could not be made durable; nothing was sent"), 5);
        return;
    }
    if (!c->client) {
        call_settle(c, &(struct settlement){.outcome = OUTCOME_RELEASED, .error = "client_gone"});
        call_done(c);
        return;
    }
    if (c->w->is_cut_off) {
        refuse_held(c, CODE_OVERLOADED, "daemon_stopped", CALL_STOPPING, 5);
        return;
    }
    /* Somebody may have pressed the button while the disk was busy: what has not left by then does not leave. */
    enum code code = core_still_allowed(c->w->shared->core, c->adm.key, c->facts.tenant, c->run.id, c->started_at);
    if (code != CODE_NONE) {
        refuse_held(c, code, "stopped_before_sent", sentence_of(code), 0);
        return;
    }
    stage_forward(c);
}

static struct str sentence_of(enum code code)
{
    if (code == CODE_KEY_REVOKED)
        return STR("This key was revoked while the call was being decided");
    if (code == CODE_KEY_EXPIRED)
        return STR("This key expired while the call was being decided");
    if (code == CODE_STOPPED)
        return STR("This run, or every call, was stopped by an operator");
    return STR(
        "No new counter can be made (buckets_max), or the journal has failed; an operator must look at flyball doctor");
}

static void refuse_journal(struct call *c, int r)
{
    if (r == -ERR_NO_SPACE)
        call_refuse(c, CODE_OVERLOADED, 0,
                    STR("The disk is full or the journal is at journal_bytes_max, so the call cannot be recorded; "
                        "nothing was sent"));
    else if (r == -ERR_TOO_LARGE)
        call_refuse(c, CODE_REQUEST_TOO_LARGE, 413,
                    STR("The record of this call would be larger than frame_bytes_max"));
    else
        call_refuse(c, CODE_OVERLOADED, 0,
                    STR("The journal has failed, so the call cannot be recorded; nothing was sent"));
}

static void compose_llm(struct call *c)
{
    size_t bytes;
    c->send_body = arena_alloc(&c->arena, LLM_BODY_PARTS_MAX * sizeof(*c->send_body));
    c->n_send_body = llm_body_parts(&c->llm->request, buf_str(&c->body), c->send_body, &bytes);
}

/* The vendor would do it twice. */
static void refuse_duplicate(struct call *c)
{
    const struct duplicate *d = &c->duplicate;
    if (c->verdict.duties.duplicate_ms)
        duties_refuse_duplicate(c);
    else if (d->is_own_key)
        call_refusef(c, CODE_DUPLICATE, 0,
                     "This Idempotency-Key was used by call %s, and " STR_FMT
                     " knows no such keys, so nothing is sent a second time",
                     d->first_call_id, STR_ARG(c->vendor->name));
    else
        call_refusef(c, CODE_DUPLICATE, 0,
                     "Call %s asked the same of " STR_FMT " %lld s ago; within %lld s that counts as one request sent "
                     "twice. If both are meant, give each an Idempotency-Key of its own",
                     d->first_call_id, STR_ARG(c->facts.operation),
                     (long long)((c->facts.now - d->first_at) / NS_PER_S), (long long)(d->window_ms / 1000));
}

static int compose(struct call *c)
{
    if (c->llm) {
        compose_llm(c);
        return 0;
    }
    struct saas_additions add = c->vendor->additions;
    struct str made = c->has_idempotency_key || c->facts.class == CLASS_READ
                          ? STR_NONE
                          : arena_join(&c->arena, (struct str[]){STR("fb-"), str_c(c->id)}, 2);
    struct str scope = c->idem.scope.n ? c->idem.scope : str_c(c->id);
    if (!c->has_idempotency_key && c->facts.class == CLASS_READ)
        add = (struct saas_additions){false, false};
    c->send_body = arena_alloc(&c->arena, sizeof(*c->send_body));
    c->n_send_body = 1;
    return saas_compose(&c->saas, add, scope, made, &c->arena, c->send_body, &c->send_key, c->additions,
                        &c->n_additions);
}

bool call_compose(struct call *c)
{
    c->to.query = call_action(c).query; /* as it was asked: an earlier verdict may have taken something out of it */
    if (compose(c) < 0) {
        c->verdict.effect = EFFECT_DENY;
        call_refuse(c, CODE_REQUEST_TOO_LARGE, 413,
                    STR("The request cannot be re-written within call_memory_bytes_max"));
        return false;
    }
    int redacted = redaction_of_request(c);
    if (redacted == REDACTION_R_AGAIN)
        stage_decide(c);
    return redacted == 0;
}

void stage_hold(struct call *c)
{
    struct record_writer rw;
    struct worker *w = c->w;
    size_t i_short = 0;
    enum code code = CODE_NONE;

    if (!call_present(c) || !call_compose(c))
        return;
    duties_of_duplicate(c);
    call_record_begin(c, &rw, &w->record_body, &w->record_personal);
    struct hold_request q = {
        .key = c->adm.key,
        .policy = c->adm.policy,
        .tenant = c->facts.tenant,
        .run_id = c->run.id,
        .call_id = str_c(c->id),
        .verdict = &c->verdict,
        .facts = &c->facts,
        .arena = &c->arena,
        .idempotency = &c->idem,
        .duplicate = &c->duplicate,
        .record = &rw,
        .now = c->facts.now,
        .predicted = c->facts.cost,
    };
    int r = core_hold(w->shared->core, &q, &c->held, &i_short, &code);
    if (r == CORE_R_SHORT && call_make_smaller(c, &c->verdict.needs[i_short])) {
        stage_decide(c);
        return;
    }
    bool may_ask = r == CORE_R_ASK || (r == CORE_R_SHORT && c->verdict.needs[i_short].approval.quorum) ||
                   (r == CORE_R_DUPLICATE && duties_may_ask(c));
    if (may_ask && c->n_decided++ < DECIDE_AGAIN_MAX) {
        stage_approve(c);
        return;
    }
    if (r == CORE_R_STALE && c->n_decided++ < DECIDE_AGAIN_MAX) {
        call_decide_anew(c);
        return;
    }
    if (r == CORE_R_STALE || r == CORE_R_ASK) {
        call_refuse(c, CODE_OVERLOADED, 0,
                    STR("The policy or the approval kept changing while the call was decided; try again"));
    } else if (r == CORE_R_SHORT) {
        policy_refuse_limit(&c->verdict.needs[i_short], &c->facts, &c->arena, &c->verdict);
        call_refuse(c, c->verdict.code, 0, c->verdict.reason);
    } else if (r == CORE_R_DUPLICATE) {
        refuse_duplicate(c);
    } else if (r == CORE_R_REFUSED) {
        call_refuse(c, code, 0, sentence_of(code));
    } else if (r < 0) {
        refuse_journal(c, r);
    } else {
        c->is_held = true;
        after_hold(c);
    }
}
