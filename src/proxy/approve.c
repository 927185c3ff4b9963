/*
 * proxy/approve.c - stage approve: a call that a person must say yes to is asked about, waits a while, and goes on.
 *
 *   (1) nothing is held, and no vendor connection is taken, while a call waits.
 *   (2) after a wait it is decided again, with the document in force, the time, the rate and the scope then: a forbid
 *       or a full limit that came in between wins. All its waits together last no longer than one may.
 *   (3) who leaves loses nothing: the question stands, and the same action passes later, once.
 */
#include "proxy/approve.h"

#include "crypto/hash.h"
#include "proxy/core_approvals.h"
#include "proxy/duties.h"
#include "proxy/redaction.h"

#define PARTS_MAX 16

/* --- the action --------------------------------------------------------------------------------------------------- */

struct parts {
    struct str items[3 * PARTS_MAX]; /* length ":" bytes: no two actions join to the same text */
    size_t n;
    struct arena *a;
};

static void add(struct parts *p, struct str s)
{
    check(p->n + 3 <= sizeof p->items / sizeof p->items[0]);
    p->items[p->n++] = arena_i64(p->a, (int64_t)s.n);
    p->items[p->n++] = STR(":");
    p->items[p->n++] = s;
}

void call_action_digest(struct call *c, uint8_t ret[SHA256_BYTES])
{
    const struct facts *f = &c->facts;
    const struct call_action it = call_action(c);
    struct parts p = {.n = 0, .a = &c->arena};
    add(&p, f->vendor);
    add(&p, mode_text(f->mode));
    add(&p, f->operation);
    add(&p, c->method);
    add(&p, it.path);
    add(&p, it.query);
    add(&p, it.body);
    add(&p, f->tenant);
    add(&p, f->agent);
    add(&p, f->key);
    add(&p, f->user);
    add(&p, f->customer);
    sha256_parts(p.items, p.n, ret);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static struct str when(wall_t at, struct arena *a)
{
    char text[WALL_TEXT_BYTES];
    return arena_str(a, str_sub(wall_text(at, text), 0, 19));
}

static void refuse_pending(struct call *c, struct str id, wall_t expires_at)
{
    call_refusef(c, CODE_APPROVAL_PENDING, 0,
                 STR_FMT " It waits as approval " STR_FMT " until " STR_FMT "Z; send the same request again once it "
                 "is approved: it is made once.",
                 STR_ARG(c->verdict.reason), STR_ARG(id), STR_ARG(when(expires_at, &c->arena)));
}

static void refuse_denied(struct call *c, const struct approval_answer *answer)
{
    call_refusef(c, CODE_APPROVAL_DENIED, 0,
                 STR_FMT " " STR_FMT " said no to it (approval " STR_FMT ")%s" STR_FMT
                 "; do not send it again: until " STR_FMT "Z the answer stays.",
                 STR_ARG(c->verdict.reason), STR_ARG(answer->by), STR_ARG(answer->id), answer->note.n ? ": " : "",
                 STR_ARG(answer->note), STR_ARG(when(answer->expires_at, &c->arena)));
}

static void refuse_timeout(struct call *c, struct str id)
{
    call_refusef(c, CODE_APPROVAL_TIMEOUT, 0,
                 STR_FMT " Nobody answered approval " STR_FMT
                         " in time; nothing was sent. Sent again, the request asks anew.",
                 STR_ARG(c->verdict.reason), STR_ARG(id));
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

/* The same from the start, as things stand now: by the rate of now, and on whose accounts is asked again. */
static void decide_anew(struct call *c)
{
    c->wait_ms -= (loop_now(c->w->loop) - c->waits_since) / NS_PER_MS;
    c->facts.now = loop_wall(c->w->loop);
    c->facts.affected = (struct affected){.state = AFFECTED_UNASKED};
    c->affecting = NULL;
    c->facts.n_answers = 0;
    if (!c->llm)
        call_facts_again(c);
    call_go(c, CALL_DECIDING);
    call_decide_anew(c);
}

static void on_answered(void *ctx)
{
    struct call *c = ctx;
    check(c->magic == CALL_MAGIC && c->state == CALL_WAITING);
    timer_cancel(c->w->loop, &c->wait_timer);
    if (c->client) {
        decide_anew(c);
        return;
    }
    call_give_up(c, "client_gone");
    call_done(c);
}

bool call_leave_wait(struct call *c)
{
    check(c->state == CALL_WAITING);
    if (!core_approval_leave(c->w->shared->core, &c->approval_wait))
        return false;
    timer_cancel(c->w->loop, &c->wait_timer);
    return true;
}

/* Whoever has said something by now is heard: the post is on its way. */
void call_end_wait(struct call *c)
{
    if (c->state == CALL_WAITING && call_leave_wait(c))
        refuse_pending(c, c->approval_id, c->approval_expires_at);
}

static void arm(struct call *c);

static void on_wait_over(struct timer *t)
{
    struct call *c = list_entry(t, struct call, wait_timer);
    wall_t now = loop_wall(c->w->loop);
    if (now < c->wait_until) { /* the clocks differ by a little */
        arm(c);
        return;
    }
    if (!call_leave_wait(c))
        return;
    if (now >= c->approval_expires_at)
        decide_anew(c); /* hears that nobody answered */
    else
        refuse_pending(c, c->approval_id, c->approval_expires_at);
}

static void arm(struct call *c)
{
    int64_t most_ms = c->wait_ms,
            left_ms = (c->wait_until - loop_wall(c->w->loop)) / NS_PER_MS + 1;
    timer_arm(c->w->loop, &c->wait_timer, left_ms < most_ms ? left_ms : most_ms); /* a wall clock may be set back */
}

static void wait_for_person(struct call *c, const struct approval_answer *answer)
{
    wall_t until = loop_wall(c->w->loop) + c->wait_ms * NS_PER_MS;
    c->approval_id = answer->id;
    c->approval_expires_at = answer->expires_at;
    c->waits_since = loop_now(c->w->loop);
    c->wait_until = until < answer->expires_at ? until : answer->expires_at;
    call_go(c, CALL_WAITING);
    timer_init(&c->wait_timer, on_wait_over);
    arm(c);
}

/* --- the stage ---------------------------------------------------------------------------------------------------- */

static int ask(struct call *c, struct approval_answer *ret)
{
    struct worker *w = c->w;
    uint8_t digest[SHA256_BYTES];
    bool may_wait = c->client && !w->is_draining && c->wait_ms > 0;
    struct redacted_record without; /* the question is kept, and shown */
    redaction_of_record(c, &without);
    call_action_digest(c, digest);
    c->approval_wait = (struct approval_wait){.box = &w->loop->box, .done = {on_answered, c}};
    struct approval_request q = {
        .key = c->adm.key,
        .facts = without.facts,
        .verdict = &c->verdict,
        .idempotency = &c->idem,
        .call_id = str_c(c->id),
        .waited_for = c->approval_id,
        .claimed_user = c->facts.claims.user,
        .path = c->llm ? without.path : without.saas_path,
        .digest = digest,
        .wait = may_wait ? &c->approval_wait : NULL,
        .now = c->facts.now,
    };
    return core_approval_ask(w->shared->core, &q, &c->arena, ret);
}

/* Held next; the yes is used there, if it is still good then. */
static void go_on(struct call *c, const struct approval_answer *answer)
{
    c->verdict.effect = EFFECT_PERMIT;
    c->verdict.code = CODE_NONE;
    c->verdict.grant = answer->grant;
    stage_hold(c);
}

void stage_approve(struct call *c)
{
    struct approval_answer answer;
    if (!duties_ask_again(c)) {
        call_refuse(c, CODE_REQUEST_TOO_LARGE, 413,
                    STR("The question about this call needs more than call_memory_bytes_max"));
        return;
    }
    if (!call_look(c))
        return;
    if (c->verdict.effect == EFFECT_DENY) {
        call_refuse(c, c->verdict.code, 0, c->verdict.reason);
        return;
    }
    if (c->verdict.approval.n_asks == 0) { /* there is room again, or the first of two was not made */
        stage_hold(c);
        return;
    }
    if (!call_compose(c))
        return; /* a person is asked about what can be sent, for what it costs as it is sent */
    switch (ask(c, &answer)) {
    case APPROVAL_R_GRANTED:
        go_on(c, &answer);
        return;
    case APPROVAL_R_PENDING:
        if (answer.is_waiting)
            wait_for_person(c, &answer);
        else
            refuse_pending(c, answer.id, answer.expires_at);
        return;
    case APPROVAL_R_DENIED:
        refuse_denied(c, &answer);
        return;
    case APPROVAL_R_TIMEOUT:
        refuse_timeout(c, answer.id);
        return;
    case APPROVAL_R_KEY_FULL:
        call_refuse(c, CODE_RATE_LIMITED, 0,
                    STR("This key has asked persons about as many actions as one key may have open "
                        "(approvals_per_key_max); come again when they are answered"));
        return;
    case APPROVAL_R_FULL:
        call_refuse(c, CODE_OVERLOADED, 0,
                    STR("There are as many open questions to persons as approvals_max allows; come again later"));
        return;
    default:
        call_refuse(c, CODE_OVERLOADED, 0,
                    STR("The journal cannot take the question to a person now; nothing was sent"));
        return;
    }
}
