/*
 * proxy/core_approvals_people.c - what persons say to a question.
 */
#include "codec/hex.h"
#include "crypto/hash.h"
#include "proxy/core_approvals_impl.h"
#include "proxy/core_people.h"

struct str core_approval_veil(struct str name, char out[VEIL_BYTES])
{
    uint8_t hash[SHA256_BYTES];
    struct sha256_run run;
    sha256_run_init(&run);
    for (size_t i = 0; i < name.n; i++) { /* large letters as small ones */
        char c = name.p[i] >= 'A' && name.p[i] <= 'Z' ? (char)(name.p[i] | 0x20) : name.p[i];
        sha256_run_add(&run, (struct str){&c, 1});
    }
    sha256_run_end(&run, hash);
    memcpy(out, "sha256:", 7);
    (void)hex_encode(hash, sizeof hash, out + 7);
    return (struct str){out, VEIL_BYTES};
}

static bool is_requester(const struct approval *x, struct str name)
{
    char veil[VEIL_BYTES];
    struct str veiled = core_approval_veil(name, veil);
    for (size_t i = 0; i < x->n_requesters; i++)
        if (str_eq_nocase(x->requesters[i], name) || str_eq(x->requesters[i], veiled))
            return true;
    return false;
}

static bool has_voted(const struct approval *x, struct str name)
{
    for (size_t i = 0; i < x->n_votes; i++)
        if (str_eq_nocase(x->votes[i].by, name))
            return true;
    return false;
}

/* 0: they may. */
static int may_decide(const struct approval *x, const struct person *p)
{
    if (x->state != APPROVAL_PENDING)
        return APPROVAL_R_OVER;
    if (p->is_service)
        return APPROVAL_R_SERVICE;
    if (is_requester(x, p->name))
        return APPROVAL_R_SELF;
    return has_voted(x, p->name) ? APPROVAL_R_TWICE : 0;
}

static enum approval_state after(const struct approval *x)
{
    if (!x->votes[x->n_votes - 1].is_yes)
        return APPROVAL_DENIED;
    return (int64_t)core_approval_yes(x) < x->terms.quorum ? APPROVAL_PENDING : APPROVAL_APPROVED;
}

/* Written down as it will be, and in force only then. */
static int decide(struct core *c, struct approval *x, const struct approval_decision *d, wall_t now, uint64_t *ret_seq)
{
    wall_t expires_at = x->expires_at;
    bool had_link = x->has_link;
    check(x->n_votes < APPROVAL_QUORUM_MAX); /* a question with as many is decided */
    struct approval_vote *v = &x->votes[x->n_votes++];
    x->has_link &= !d->link.n; /* used up */
    *v = (struct approval_vote){.by = d->by->name, .note = d->note, .is_yes = d->is_yes, .at = now};
    enum approval_state to = after(x);
    x->decided_at = to == APPROVAL_PENDING ? 0 : now;
    if (to == APPROVAL_APPROVED)
        x->expires_at = now + x->terms.ttl_ns;
    const char *event = d->is_yes ? "approval.approve" : "approval.deny";
    int r = core_approval_event(c, x, to, event, d->by->name, false, ret_seq);
    if (r < 0) {
        x->n_votes--;
        x->decided_at = 0;
        x->expires_at = expires_at;
        x->has_link = had_link;
        return r;
    }
    v->by = arena_str(&x->arena, v->by);
    v->note = arena_str(&x->arena, v->note);
    if (to != APPROVAL_PENDING)
        core_approval_go(c, x, to, now);
    return 0;
}

int core_approval_decide(struct core *c, const struct approval_decision *d, uint64_t *ret_seq)
{
    check(d->note.n <= APPROVAL_NOTE_BYTES_MAX);
    core_lock(c);
    wall_t now = c->clock->wall(c->clock->ctx);
    core_approvals_sweep(c, now);
    struct approval *x = d->link.n ? core_approval_linked(c, d->link) : core_approval_find(c, d->id);
    bool is_theirs = x && (!d->by->tenant.n || str_eq(d->by->tenant, x->tenant));
    int r = is_theirs ? may_decide(x, d->by) : -ERR_NOT_FOUND;
    if (r == 0)
        r = decide(c, x, d, now, ret_seq);
    core_unlock(c);
    return r;
}
