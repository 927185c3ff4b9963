/*
 * tests/sim/operators.c - who runs the daemon: applies documents, makes and revokes keys, presses the stop button, says
 * yes or no to what waits for a person.
 *
 * The documents have limits of every meter, window and bucket that overlap, small enough to be reached.
 */
#include "proxy/core_approvals_impl.h"
#include "proxy/core_people.h"
#include "world_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPERATOR STR("operator")

/* -------- documents -------- */

static int64_t cents_to_nano(int64_t cents) { return cents * (MONEY_PER_USD / 100); }

static void add_limit(struct world *w, struct document *d, struct buf *text, const char *id, const char *meter,
                      const char *by, const char *window, const char *match, int64_t least, int64_t most)
{
    int64_t n = least + (int64_t)world_below(w, (uint64_t)(most - least + 1));
    bool is_usd = strcmp(meter, "usd") == 0;

    check(d->n < DOCUMENT_LIMITS);
    snprintf(d->limits[d->n].id, sizeof(d->limits[d->n].id), "%s", id);
    d->limits[d->n++].max = is_usd ? cents_to_nano(n) : n;
    buf_printf(text, "  - {id: %s, meter: %s, by: [%s], window: {%s}, match: {%s}, max: ", id, meter, by, window,
               match);
    if (is_usd)
        buf_printf(text, "\"%lld.%02lld\"}\n", (long long)(n / 100), (long long)(n % 100));
    else
        buf_printf(text, "%lld}\n", (long long)n);
}

static const char models[] = "layer: [llm]";

/* Of calls to models: dollars as millionths, and where the output may be lowered to fit. */
static void add_model_limit(struct world *w, struct document *d, struct buf *text, const char *id, const char *meter,
                            const char *by, const char *window, bool may_clamp, int64_t least, int64_t most)
{
    int64_t n = least + (int64_t)world_below(w, (uint64_t)(most - least + 1));
    bool is_usd = strcmp(meter, "usd") == 0;

    check(d->n < DOCUMENT_LIMITS);
    snprintf(d->limits[d->n].id, sizeof(d->limits[d->n].id), "%s", id);
    d->limits[d->n++].max = is_usd ? n * (MONEY_PER_USD / 1000000) : n;
    buf_printf(text, "  - {id: %s, meter: %s, by: [%s], window: {%s}, match: {%s}, on_exceed: %s, max: ", id, meter,
               by, window, models, may_clamp ? "clamp" : "deny");
    if (is_usd)
        buf_printf(text, "\"%lld.%06lld\"}\n", (long long)(n / 1000000), (long long)(n % 1000000));
    else
        buf_printf(text, "%lld}\n", (long long)n);
}

static void write_document(struct world *w, const char *name, struct document *d, struct buf *text)
{
    static const char money[] = "class: [money_in, money_out]", out[] = "class: [money_out]",
                      in[] = "class: [money_in]";

    buf_printf(text,
               "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: %s, version: %d}\nmode: enforce\n"
               "rules:\n"
               "  - {id: reads, effect: permit, match: {vendor: [stripe], class: [read]}}\n"
               "  - {id: charges, effect: permit, match: {operation: [\"stripe.charges.*\"], class: [money_in]}}\n"
               "  - {id: refunds, effect: permit, match: {operation: [\"stripe.refunds.*\"], class: [money_out]}}\n"
               "  - {id: customers, effect: permit, match: {operation: [\"stripe.customers.*\"], class: [write]}}\n"
               "  - {id: models, effect: permit, match: {layer: [llm]}}\n"
               "  - {id: no-payouts, effect: forbid, match: {operation: [\"stripe.payouts.*\"], class: [money_out]}}\n",
               name, ++w->version);
    if (world_below(w, 8))
        buf_add_c(text, "  - {id: asks, effect: approve, approval: desk, match: {run: [\"run-1*\", run-3, run-5],\n"
                        "     operation: [stripe.refunds.create, stripe.charges.create]}}\n");
    buf_printf(text, "approvals:\n  desk: {ttl: %us, quorum: %u}\nlimits:\n", 5 + (unsigned)world_below(w, 60),
               1 + (unsigned)world_below(w, 2));
    add_limit(w, d, text, "a-call", "usd", "", "call: true", money, 800, 4500);
    add_limit(w, d, text, "b-out-day", "usd", "agent", "calendar: day", out, 2000, 9000);
    add_limit(w, d, text, "c-in-day", "usd", "agent, customer", "calendar: day", in, 4000, 20000);
    add_limit(w, d, text, "d-month", "usd", "tenant", "calendar: month", money, 8000, 60000);
    add_limit(w, d, text, "e-life", "usd", "", "lifetime: true", money, 20000, 120000);
    add_limit(w, d, text, "f-run", "usd", "run", "run: true", money, 4000, 30000);
    add_limit(w, d, text, "g-requests", "requests", "key", "calendar: day", "vendor: [stripe]", 20, 80);
    add_limit(w, d, text, "h-at-once", "concurrent", "agent", "instant: true", "vendor: [stripe]", 3, 12);
    add_limit(w, d, text, "h-sliding", "requests", "agent", "sliding: 30s", "vendor: [stripe]", 10, 40);
    add_limit(w, d, text, "h-sliding-usd", "usd", "", "sliding: 10m", money, 8000, 40000);
    add_limit(w, d, text, "h-minute", "requests", "tenant", "calendar: minute", "vendor: [stripe]", 15, 60);
    add_limit(w, d, text, "i-operation", "requests", "operation, vendor", "lifetime: true", money, 30, 150);
    add_model_limit(w, d, text, "m-run", "usd", "run", "run: true", true, 500, 8000);
    add_model_limit(w, d, text, "m-day", "usd", "agent", "calendar: day", world_below(w, 2), 1000, 20000);
    add_model_limit(w, d, text, "m-tokens", "tokens", "key", "sliding: 1m", world_below(w, 2), 600, 8000);
    add_model_limit(w, d, text, "m-output", "output_tokens", "tenant, model", "calendar: hour", true, 100, 1500);
    add_model_limit(w, d, text, "m-requests", "requests", "agent", "sliding: 1m", false, 5, 40);
    add_model_limit(w, d, text, "m-at-once", "concurrent", "key", "instant: true", false, 2, 8);
}

static void apply_document(struct world *w, const char *name, uint64_t *ret_seq)
{
    struct arena a;
    struct buf text;
    struct diag_list diags;
    const struct policy *p = NULL;
    struct document *d = &w->documents[w->n_documents];

    if (w->n_documents == DOCUMENTS_MAX)
        return;
    arena_init(&a, 1 << 20);
    buf_init(&text, 65536);
    diag_list_init(&diags, &a, 8);
    memset(d, 0, sizeof(*d));
    write_document(w, name, d, &text);
    int r = core_policy_apply(w->core, buf_str(&text), STR("policy.yaml"), OPERATOR, &diags, &p, ret_seq);
    if (r == -ERR_INVALID)
        world_fail(w, "the document was refused: " STR_FMT, STR_ARG(diags.items[0].message));
    if (r == 0) {
        struct str digest = policy_digest(p);
        check(digest.n == sizeof(d->digest));
        memcpy(d->digest, digest.p, digest.n);
        w->n_documents++;
        policy_unref(p);
        world_say(w, "operator: document %s, version %d", name, w->version);
    }
    buf_deinit(&text);
    arena_deinit(&a);
}

int64_t operators_max_of(void *ctx, struct str digest, struct str limit, struct str key)
{
    struct world *w = ctx;

    for (size_t i = 0; i < w->n_keys && str_starts(limit, STR("key/")); i++) {
        const struct operator_key *k = &w->keys[i];
        if (!str_eq(str_c(k->text.id), key))
            continue;
        return str_eq(limit, STR("key/usd/day")) ? cents_to_nano(k->usd_day)
               : str_eq(limit, STR("key/concurrent/instant")) ? k->concurrent : -1;
    }
    for (size_t i = 0; i < w->n_documents; i++) {
        const struct document *d = &w->documents[i];
        for (size_t k = 0; k < d->n && str_eq(digest, (struct str){d->digest, sizeof(d->digest)}); k++)
            if (str_eq(str_c(d->limits[k].id), limit))
                return d->limits[k].max;
    }
    return -1;
}

/* -------- keys -------- */

/* SIZE_MAX: there was no room for it. */
static size_t create_key(struct world *w, uint64_t *ret_seq)
{
    static const struct str agents[] = {STR_INIT("refunds"), STR_INIT("billing"), STR_INIT("support")};
    static const struct str tenants[] = {STR_INIT("acme"), STR_INIT("zeta"), STR_INIT("")};
    static const struct str owners[] = {STR_INIT("ann"), STR_INIT("bob")};
    struct operator_key *k = &w->keys[w->n_keys];
    char usd[32], concurrent[32];
    struct str limits[2];
    struct arena a;
    struct diag_list diags;

    if (w->n_keys == KEYS_MAX)
        return SIZE_MAX;
    *k = (struct operator_key){.usd_day = -1, .concurrent = -1, .i_agent_key = w->n_keys % AGENT_KEYS_MAX};
    struct key_spec spec = {
        .mode = world_below(w, 4) ? MODE_LIVE : MODE_TEST,
        .agent = agents[world_below(w, 3)],
        .tenant = tenants[world_below(w, 3)],
        .owner = owners[world_below(w, 2)],
        .policy = world_below(w, 3) ? STR_NONE : STR("second"),
        .limits = limits,
    };
    if (world_below(w, 3) == 0) {
        k->usd_day = 2000 + (int64_t)world_below(w, 8000);
        snprintf(usd, sizeof(usd), "usd=%d.%02d/day", (int)(k->usd_day / 100), (int)(k->usd_day % 100));
        limits[spec.n_limits++] = str_c(usd);
    }
    if (world_below(w, 3) == 0) {
        k->concurrent = 1 + (int64_t)world_below(w, 4);
        snprintf(concurrent, sizeof(concurrent), "concurrent=%d", (int)k->concurrent);
        limits[spec.n_limits++] = str_c(concurrent);
    }
    arena_init(&a, 1 << 16);
    diag_list_init(&diags, &a, 4);
    int r = core_key_create(w->core, &spec, OPERATOR, &diags, &k->text, ret_seq);
    if (r == -ERR_INVALID)
        world_fail(w, "a key was refused: " STR_FMT, STR_ARG(diags.items[0].message));
    arena_deinit(&a);
    return r < 0 ? SIZE_MAX : w->n_keys++;
}

static void hand_out(struct world *w, size_t i)
{
    struct agent_key *to = agents_key(w->agents, w->keys[i].i_agent_key);

    w->keys[i].is_usable = true;
    snprintf(to->text, sizeof(to->text), "%s", w->keys[i].text.text);
    to->is_known = true;
}

/* `revoke --now` */
static void sweep(struct world *w)
{
    world_read_frames(w);
    w->swept_seq = audit_seq(w->audit);
    w->swept_at = sim_now(w->sim);
    core_sweep(w->core);
    world_say(w, "operator: streams that may not go on end now");
}

static void revoke_one(struct world *w, uint64_t *ret_seq)
{
    struct operator_key *k = &w->keys[world_below(w, w->n_keys)];

    if (!k->is_usable || k->is_revoked)
        return;
    if (core_key_revoke(w->core, str_c(k->text.id), OPERATOR, ret_seq) == 0) {
        k->is_revoked = true;
        world_say(w, "operator: key %s revoked", k->text.id);
        if (world_below(w, 2))
            sweep(w);
    }
}

/* -------- waiting for the disk -------- */

static void on_durable(void *ctx)
{
    struct pending *p = ctx;
    struct world *w = p->w;

    list_remove(&p->node);
    if (p->wait.result == 0 && p->i_key != SIZE_MAX)
        hand_out(w, p->i_key);
    free(p);
}

static void wait_for_disk(struct world *w, uint64_t seq, size_t i_key)
{
    struct pending *p = calloc(1, sizeof(*p));

    check(p);
    p->w = w;
    p->i_key = i_key;
    p->wait = (struct sync_wait){.seq = seq, .box = &w->front->box, .done = {on_durable, p}};
    list_init(&p->node);
    list_add_tail(&w->pendings, &p->node);
    if (core_synced(w->core, &p->wait))
        on_durable(p);
}

static void forget_pendings(struct world *w)
{
    struct list *it;

    while ((it = list_first(&w->pendings))) {
        struct pending *p = list_entry(it, struct pending, node);
        list_remove(it);
        free(p);
    }
}

void operators_crashed(struct world *w) { forget_pendings(w); }
void operators_forget(struct world *w) { forget_pendings(w); }

/* -------- who is asked -------- */

static const char *const approvers[] = {"ann", "bob", "cem"}; /* the first two own the keys */
#define APPROVERS (sizeof(approvers) / sizeof(approvers[0]))

static void make_approvers(struct world *w, uint64_t *ret_seq)
{
    struct person_token token;
    struct diag_list diags;
    struct arena a;

    arena_init(&a, 1 << 16);
    diag_list_init(&diags, &a, 4);
    for (size_t i = 0; i < APPROVERS; i++) {
        struct person_spec spec = {.name = str_c(approvers[i]), .roles = ROLE_BIT(ROLE_APPROVER)};
        check(core_person_create(w->core, &spec, OPERATOR, &diags, &token, ret_seq) == 0);
    }
    arena_deinit(&a);
}

/* The i-th that waits; NULL: there are not so many. */
static const struct approval *pending_at(struct world *w, size_t i)
{
    list_each(n, &w->core->approvals.all) {
        const struct approval *x = list_entry(n, struct approval, node);
        if (x->state == APPROVAL_PENDING && i-- == 0)
            return x;
    }
    return NULL;
}

static void decide(struct world *w)
{
    size_t n = w->core->approvals.n_pending;
    const struct approval *x = n ? pending_at(w, world_below(w, n)) : NULL;
    struct approval_decision d = {.is_yes = world_below(w, 4) > 0, .note = STR("a try")};
    uint64_t seq = 0;

    if (w->is_ending)
        return;
    if (x && core_person_by_name(w->core, str_c(approvers[world_below(w, APPROVERS)]), &d.by) == 0) {
        d.id = str_c(x->id);
        world_say(w, "approver: %s to %s", d.is_yes ? "yes" : "no", x->id);
        if (core_approval_decide(w->core, &d, &seq) == 0)
            wait_for_disk(w, seq, SIZE_MAX);
    }
    world_later(w, NS_PER_S / 20 + (mono_t)world_below(w, NS_PER_S / 4), decide);
}

/* -------- what they do -------- */

static void unkill(struct world *w)
{
    uint64_t seq = 0;

    if (core_unkill(w->core, OPERATOR, &seq) == 0)
        wait_for_disk(w, seq, SIZE_MAX);
    else if (!w->is_ending)
        world_later(w, NS_PER_S, unkill); /* the disk was full */
}

static void act(struct world *w)
{
    uint64_t seq = 0;
    size_t i_key = SIZE_MAX;
    size_t n;
    char run[24];

    if (w->is_ending)
        return;
    switch (world_below(w, 10)) {
    case 0:
    case 1:
    case 2:
        apply_document(w, world_below(w, 3) ? "default" : "second", &seq);
        break;
    case 3:
        revoke_one(w, &seq);
        break;
    case 4:
    case 5:
        i_key = create_key(w, &seq);
        break;
    case 6:
        if (core_kill(w->core, STR("a try"), OPERATOR, &seq) == 0)
            world_later(w, NS_PER_S / 2, unkill);
        if (world_below(w, 2))
            sweep(w);
        break;
    case 7:
        snprintf(run, sizeof(run), "run-%u", (unsigned)world_below(w, 12));
        (void)core_run_stop(w->core, str_c(run), STR_NONE, OPERATOR, &seq);
        break;
    case 8:
        if (world_below(w, 4) == 0)
            (void)core_revoke_agent(w->core, STR("support"), STR_NONE, OPERATOR, &n, &seq);
        break;
    default:
        core_note_refusal(w->core, STR("key_missing"), 1);
        break;
    }
    if (seq)
        wait_for_disk(w, seq, i_key);
    world_later(w, 2 * NS_PER_S, act);
}

void operators_begin(struct world *w)
{
    if (core_is_killed(w->core)) /* a crash came between the two */
        world_later(w, NS_PER_S / 2, unkill);
    if (w->play.has_operators)
        world_later(w, 2 * NS_PER_S, act);
    world_later(w, NS_PER_S / 2, decide);
}

void operators_prepare(struct world *w)
{
    uint64_t seq = 0;

    make_approvers(w, &seq);
    apply_document(w, "default", &seq);
    apply_document(w, "second", &seq);
    size_t n = 3 + (size_t)world_below(w, 4);
    for (size_t i = 0; i < n; i++)
        check(create_key(w, &seq) == i);
    struct sync_wait wait = {.seq = seq, .box = &w->front->box, .done = {NULL, NULL}};
    check(journal_sync(w->journal, &wait.seq) == 0 && wait.seq >= seq);
    w->last_synced_seq = wait.seq;
    for (size_t i = 0; i < n; i++)
        hand_out(w, i);
}
