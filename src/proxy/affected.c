/*
 * proxy/affected.c - stage affected: on whose accounts does the call act? Asked once for a call, when a scope hangs on
 * it: objects are looked up one after another, or remembered where their customer never changes.
 *
 * However it ends, the fact is there: these accounts, or that it cannot be told.
 */
#include "proxy/lookup.h"

#include "saas/affected.h"

static void step(struct call *c);

static void on_object(struct call *c, uint16_t status, struct str body)
{
    struct saas_owner_get get;
    struct str customer;
    bool is_asked = saas_affected_next(c->affecting, &get);
    check(is_asked);
    saas_affected_answer(c->affecting, status, body, &customer);
    if (get.is_kept && customer.n)
        core_object_learned(c->w->shared->core, c->object_scope, get.id, customer);
}

static void on_looked_up(struct call *c, uint16_t status, struct str body)
{
    on_object(c, status, body);
    step(c);
}

/* Without asking the vendor. */
static bool is_known(struct call *c, const struct saas_owner_get *get)
{
    struct str customer, body;
    if (get->is_kept && core_object_customer(c->w->shared->core, c->object_scope, get->id, &c->arena, &customer)) {
        saas_affected_remembered(c->affecting, customer);
        return true;
    }
    if (!lookup_cached(c, get->path, &body))
        return false;
    on_object(c, 200, body);
    return true;
}

static void step(struct call *c)
{
    struct saas_owner_get get;
    bool is_over;
    while (saas_affected_next(c->affecting, &get)) {
        if (is_known(c, &get))
            continue;
        if (lookup_get(c, get.path, get.path_template, &is_over, on_looked_up) || is_over)
            return;
        on_object(c, 0, STR_NONE);
    }
    saas_affected_result(c->affecting, &c->facts.affected);
    stage_decide(c);
}

/* A call to a model acts on nobody's account at its vendor: it is for the customer that is proven. */
static void for_whom(struct call *c)
{
    struct facts *f = &c->facts;
    struct affected_account *account = arena_alloc(&c->arena, sizeof(*account));
    *account = (struct affected_account){f->customer, true};
    f->affected = (struct affected){.state = f->customer.n ? AFFECTED_TOLD : AFFECTED_UNTOLD};
    f->affected.items = account;
    f->affected.n = f->customer.n ? 1 : 0;
    f->affected.why = STR("no customer is proven for this call");
}

void stage_affected(struct call *c)
{
    check(!c->affecting && c->facts.affected.state == AFFECTED_UNASKED);
    if (c->llm) {
        for_whom(c);
        stage_decide(c);
        return;
    }
    c->affecting = saas_affected_begin(&c->saas, c->w->shared->limits, &c->arena);
    step(c);
}
