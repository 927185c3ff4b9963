/*
 * proxy/core_approvals_text.c - a question in words and in JSON: as it is asked, written down, read back, and shown.
 *
 * What may be personal (for whom, about whom, with which values) stands apart: in `who`, which can be erased.
 */
#include "proxy/core_approvals_impl.h"

#include "codec/hex.h"
#include "codec/json_write.h"
#include "proxy/core_members.h"
#include "store/frame_read.h"

#include <string.h>

#define TEXT_BYTES_MAX (64u << 10)
#define PARAMS_BYTES_MAX (16u << 10)

/* --- asked -------------------------------------------------------------------------------------------------------- */

static struct str amount_words(const struct facts *f, struct arena *a)
{
    char text[MONEY_TEXT_BYTES];
    const struct amount *m = &f->amount;
    if (!m->is_known && f->cost.how == HOW_UNKNOWN)
        return class_is_money(f->class) ? STR(", for an amount that is not known") : STR("");
    if (!m->is_known)
        return f->cost.usd == 0 ? STR("")
                                : arena_printf(a, ", for at most " STR_FMT " USD",
                                               STR_ARG(money_text_short(f->cost.usd, text)));
    long long unit = 1;
    for (int i = 0; i < m->exponent; i++)
        unit *= 10;
    if (unit == 1)
        return arena_printf(a, ", for %lld %.3s", (long long)m->minor, m->currency);
    return arena_printf(a, ", for %lld.%0*lld %.3s", (long long)(m->minor / unit), m->exponent,
                        (long long)(m->minor % unit), m->currency);
}

/* "Agent refunds asks for stripe.refunds.create, for 500.00 USD". */
static struct str words(const struct facts *f, struct arena *a)
{
    struct str model = str_sub(f->model, 0, 64);
    return arena_printf(a, "Agent " STR_FMT " asks for " STR_FMT "%s" STR_FMT STR_FMT "%s", STR_ARG(f->agent),
                        STR_ARG(f->operation), model.n ? " with model " : "", STR_ARG(model),
                        STR_ARG(amount_words(f, a)), f->mode == MODE_TEST ? ", in test mode" : "");
}

static void put_action(struct json_writer *w, const struct approval_request *q, struct str text)
{
    const struct facts *f = q->facts;
    const struct verdict *v = q->verdict;
    jw_object(w);
    jw_put_str(w, STR("text"), text);
    jw_put_str(w, STR("call_id"), q->call_id);
    jw_put_str(w, STR("run_id"), f->run_id);
    jw_put_str(w, STR("agent"), f->agent);
    jw_put_str(w, STR("key"), f->key);
    jw_put_str(w, STR("layer"), f->layer);
    jw_put_str(w, STR("vendor"), f->vendor);
    jw_put_str(w, STR("operation"), f->operation);
    jw_put_str(w, STR("class"), class_text(f->class));
    jw_put_str(w, STR("method"), f->method);
    jw_put_str(w, STR("mode"), mode_text(f->mode));
    jw_put_str_or_null(w, STR("model"), f->model);
    if (f->amount.is_known) {
        jw_put_i64(w, STR("amount"), f->amount.minor);
        jw_put_str(w, STR("currency"), str_c(f->amount.currency));
        jw_put_i64(w, STR("exponent"), f->amount.exponent);
    }
    record_put_cost(w, STR("cost"), f->cost);
    jw_put_str_or_null(w, STR("rule"), v->rule);
    jw_put_str(w, STR("reason"), v->reason);
    jw_put_str(w, STR("policy"), v->policy);
    jw_put_str(w, STR("policy_name"), v->policy_name);
    jw_object_end(w);
}

static void put_value(struct json_writer *w, const struct param *p)
{
    if (p->kind == KIND_INT)
        jw_i64(w, p->i);
    else if (p->kind == KIND_BOOL)
        jw_bool(w, str_eq(p->s, STR("true")));
    else
        jw_str(w, p->s);
}

/* Values that are too many are left out, and that is said: what was asked is bound by the digest. */
static void put_params(struct json_writer *w, const struct facts *f)
{
    size_t bytes = 0;
    for (size_t i = 0; i < f->n_params; i++)
        bytes += f->params[i].name.n + f->params[i].s.n;
    jw_put_bool(w, STR("is_cut"), bytes > PARAMS_BYTES_MAX);
    jw_key(w, STR("params"));
    jw_object(w);
    for (size_t i = 0; i < f->n_params && bytes <= PARAMS_BYTES_MAX; i++) {
        jw_key(w, f->params[i].name);
        put_value(w, &f->params[i]);
    }
    jw_object_end(w);
}

static void put_who(struct json_writer *w, const struct approval_request *q, struct str text)
{
    const struct facts *f = q->facts;
    struct str user = f->user.n ? f->user : f->claims.user;
    jw_object(w);
    jw_put_str(w, STR("text"), text);
    jw_put_str_or_null(w, STR("owner"), f->owner);
    jw_put_str_or_null(w, STR("user"), user);
    jw_put_bool(w, STR("user_is_proven"), f->user.n > 0);
    jw_put_str_or_null(w, STR("customer"), f->customer);
    jw_put_str(w, STR("path"), str_sub(q->path, 0, PARAMS_BYTES_MAX));
    put_params(w, f);
    jw_object_end(w);
}

static struct str kept(struct approval *x, struct str s) { return arena_str(&x->arena, s); }

static void add_requester(struct approval *x, struct str name)
{
    if (name.n && x->n_requesters < APPROVAL_REQUESTERS_MAX)
        x->requesters[x->n_requesters++] = kept(x, name);
}

/* Whoever stands behind the call: a claimed user too, because a claim can only take somebody's say away. */
static void add_requesters(struct approval *x, const struct core *c, const struct approval_request *q)
{
    char veil[VEIL_BYTES];
    const struct facts *f = q->facts;
    const struct agent_entry *agent = map_get(&c->agents, f->agent);
    add_requester(x, f->owner);
    add_requester(x, agent ? agent->owner : STR_NONE);
    add_requester(x, f->user);
    add_requester(x, f->claims.user);
    if (!str_eq(q->claimed_user, f->claims.user))
        add_requester(x, core_approval_veil(q->claimed_user, veil));
    for (size_t i = 0; i < f->n_actors; i++)
        add_requester(x, f->actors[i]);
}

static struct str whole_words(const struct facts *f, struct str action, struct arena *a)
{
    struct str customer = f->customer, user = f->user;
    return arena_printf(a, STR_FMT "%s" STR_FMT "%s" STR_FMT ".", STR_ARG(action), customer.n ? ", customer " : "",
                        STR_ARG(customer), user.n ? ", on behalf of " : "", STR_ARG(user));
}

void core_approval_describe(struct approval *x, struct core *c, const struct approval_request *q)
{
    const struct approval_need *need = &q->verdict->approval;
    const struct facts *f = q->facts;
    struct str text = words(f, &x->arena);
    struct json_writer w;
    struct buf b;
    x->terms = need->terms;
    x->terms.name = kept(x, need->terms.name);
    x->asks = arena_alloc(&x->arena, (need->n_asks + 1) * sizeof *x->asks);
    for (x->n_asks = 0; x->n_asks < need->n_asks; x->n_asks++)
        x->asks[x->n_asks] = kept(x, need->asks[x->n_asks]);
    x->tenant = kept(x, f->tenant);
    x->run_id = kept(x, f->run_id);
    x->amount = f->amount;
    x->cost = f->cost;
    add_requesters(x, c, q);
    buf_init(&b, TEXT_BYTES_MAX);
    jw_init(&w, &b);
    put_action(&w, q, text);
    x->action = kept(x, buf_str(&b));
    buf_reset(&b);
    jw_init(&w, &b);
    put_who(&w, q, whole_words(f, text, &x->arena));
    x->who = kept(x, buf_str(&b));
    buf_deinit(&b);
}

/* --- written down ------------------------------------------------------------------------------------------------- */

static void put_strs(struct json_writer *w, const struct str *s, size_t n)
{
    jw_array(w);
    for (size_t i = 0; i < n; i++)
        jw_str(w, s[i]);
    jw_array_end(w);
}

static void put_votes(struct json_writer *w, const struct approval *x)
{
    jw_array(w);
    for (size_t i = 0; i < x->n_votes; i++) {
        const struct approval_vote *v = &x->votes[i];
        jw_object(w);
        jw_put_str(w, STR("by"), v->by);
        jw_put_str(w, STR("says"), v->is_yes ? STR("yes") : STR("no"));
        jw_put_str_or_null(w, STR("note"), v->note);
        jw_put_wall_or_null(w, STR("at"), v->at);
        jw_object_end(w);
    }
    jw_array_end(w);
}

static void member_wall(struct member_text *t, struct str name, wall_t at)
{
    char text[WALL_TEXT_BYTES];
    if (at)
        member_str(t, name, wall_text(at, text), false);
}

static void member_strs(struct member_text *t, struct str name, const struct str *s, size_t n, bool is_personal)
{
    struct json_writer w = member_begin(t, name, is_personal);
    put_strs(&w, s, n);
    member_end(t);
}

static void member_raw(struct member_text *t, struct str name, struct str json, bool is_personal)
{
    struct json_writer w = member_begin(t, name, is_personal);
    jw_raw(&w, json);
    member_end(t);
}

int core_approval_event(struct core *c, const struct approval *x, enum approval_state as, const char *event,
                        struct str by, bool is_late, uint64_t *ret_seq)
{
    struct member_text t = {.n = 0};
    char hex[2 * APPROVAL_DIGEST_BYTES], link[2 * APPROVAL_DIGEST_BYTES];
    member_str(&t, STR("id"), str_c(x->id), false);
    member_str(&t, STR("state"), approval_state_text(as), false);
    member_str(&t, STR("approval"), x->terms.name, false);
    member_i64(&t, STR("quorum"), x->terms.quorum);
    member_i64(&t, STR("ttl_s"), x->terms.ttl_ns / NS_PER_S);
    member_strs(&t, STR("asks"), x->asks, x->n_asks, false);
    member_wall(&t, STR("asked_at"), x->asked_at);
    member_wall(&t, STR("expires_at"), x->expires_at);
    member_wall(&t, STR("decided_at"), x->decided_at);
    struct json_writer w = member_begin(&t, STR("votes"), false);
    put_votes(&w, x);
    member_end(&t);
    if (x->was_told) {
        w = member_begin(&t, STR("was_told"), false);
        jw_bool(&w, true);
        member_end(&t);
    }
    if (x->has_link)
        member_str(&t, STR("link"), hex_encode(x->link_hash, sizeof x->link_hash, link), false);
    if (x->used_by[0])
        member_str(&t, STR("used_by"), str_c(x->used_by), false);
    member_raw(&t, STR("action"), x->action, false);
    if (x->who.n) {
        member_str(&t, STR("tenant"), x->tenant, true);
        member_str(&t, STR("digest"), hex_encode(x->digest, sizeof x->digest, hex), true);
        member_strs(&t, STR("requesters"), x->requesters, x->n_requesters, true);
        member_raw(&t, STR("who"), x->who, true);
    }
    int r = (is_late ? core_event_late : core_event)(c, str_c(event), by, t.m, t.n, ret_seq);
    members_free(&t);
    return r;
}

/* --- read back ---------------------------------------------------------------------------------------------------- */

static wall_t wall_of(struct json object, const char *name)
{
    wall_t at = 0;
    (void)wall_parse(json_text_of(json_get(object, str_c(name))), &at); /* absent: 0 */
    return at;
}

static struct str text_of(struct json object, const char *name)
{
    return json_text_of(json_get(object, str_c(name)));
}

static struct str raw_of(struct approval *x, struct json v)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, TEXT_BYTES_MAX);
    jw_init(&w, &b);
    jw_json(&w, v);
    struct str text = kept(x, buf_str(&b));
    buf_deinit(&b);
    return text;
}

static void read_asks(struct approval *x, struct json list)
{
    struct json one;
    x->asks = arena_alloc(&x->arena, (json_len(list) + 1) * sizeof *x->asks);
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &one);)
        x->asks[x->n_asks++] = kept(x, json_text_of(one));
}

static void read_votes(struct approval *x, struct json list)
{
    struct json one;
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &one) && x->n_votes < APPROVAL_QUORUM_MAX;)
        x->votes[x->n_votes++] = (struct approval_vote){.by = kept(x, text_of(one, "by")),
                                                        .note = kept(x, text_of(one, "note")),
                                                        .is_yes = str_eq(text_of(one, "says"), STR("yes")),
                                                        .at = wall_of(one, "at")};
}

static void read_price(struct approval *x, struct json action)
{
    struct cost_row cost = cost_read(json_get(action, STR("cost")));
    struct str currency = text_of(action, "currency");
    x->cost = (struct cost){.how = cost.is_known ? cost.how : HOW_UNKNOWN, .usd = cost.nano};
    if (currency.n != 3)
        return;
    x->amount.is_known = true;
    x->amount.minor = json_i64_of(json_get(action, STR("amount")));
    x->amount.exponent = (int)json_i64_of(json_get(action, STR("exponent")));
    memcpy(x->amount.currency, currency.p, 3);
}

static void read_who(struct approval *x, struct json personal)
{
    struct json who = json_get(personal, STR("who")), one;
    x->who = raw_of(x, who);
    x->tenant = kept(x, text_of(personal, "tenant"));
    for (struct json_iter it = json_each(json_get(personal, STR("requesters"))); json_next(&it, NULL, &one);)
        add_requester(x, json_text_of(one));
}

static int read_all(struct approval *x, const struct core *c, struct json body, struct json personal)
{
    struct json action = json_get(body, STR("action"));
    struct str id = text_of(body, "id"), used_by = text_of(body, "used_by");
    if (id.n >= sizeof x->id || used_by.n >= sizeof x->used_by ||
        approval_state_parse(text_of(body, "state"), &x->state) < 0 ||
        hex_decode(text_of(personal, "digest"), x->digest, sizeof x->digest) < 0)
        return err_trace(-ERR_CORRUPT);
    memcpy(x->id, id.p, id.n);
    if (used_by.n)
        memcpy(x->used_by, used_by.p, used_by.n);
    x->terms = (struct approval_terms){.name = kept(x, text_of(body, "approval")),
                                       .ttl_ns = json_i64_of(json_get(body, STR("ttl_s"))) * NS_PER_S,
                                       .quorum = json_i64_of(json_get(body, STR("quorum")))};
    x->asked_at = wall_of(body, "asked_at");
    x->expires_at = wall_of(body, "expires_at");
    x->decided_at = wall_of(body, "decided_at");
    x->action = raw_of(x, action);
    (void)json_bool(json_get(body, STR("was_told")), &x->was_told); /* absent: nobody was */
    x->has_link = hex_decode(text_of(body, "link"), x->link_hash, sizeof x->link_hash) == 0;
    x->run_id = kept(x, text_of(action, "run_id"));
    x->key = map_get(&c->keys_by_id, text_of(action, "key"));
    read_asks(x, json_get(body, STR("asks")));
    read_votes(x, json_get(body, STR("votes")));
    read_price(x, action);
    read_who(x, personal);
    return 0;
}

int core_approval_load(struct core *c, const struct state_row *row, struct json body, struct json personal)
{
    bool was_erased = json_type(json_get(personal, STR("digest"))) != JSON_STR;
    if (row->is_over || was_erased)
        return 0;
    struct approval *x = core_approval_new();
    int r = read_all(x, c, body, personal);
    if (r == 0)
        r = core_approval_put(c, x);
    if (r < 0)
        core_approval_free(x);
    return r;
}

/* --- shown -------------------------------------------------------------------------------------------------------- */

static void put_row(struct json_writer *w, const struct approval *x)
{
    jw_object(w);
    jw_put_str(w, STR("id"), str_c(x->id));
    jw_put_str(w, STR("state"), approval_state_text(x->state));
    jw_put_str(w, STR("approval"), x->terms.name);
    jw_put_i64(w, STR("quorum"), x->terms.quorum);
    jw_put_i64(w, STR("yes"), (int64_t)core_approval_yes(x));
    jw_key(w, STR("asks"));
    put_strs(w, x->asks, x->n_asks);
    jw_put_wall_or_null(w, STR("asked_at"), x->asked_at);
    jw_put_wall_or_null(w, STR("expires_at"), x->expires_at);
    jw_put_wall_or_null(w, STR("decided_at"), x->decided_at);
    jw_key(w, STR("votes"));
    put_votes(w, x);
    jw_put_str_or_null(w, STR("used_by"), str_c(x->used_by));
    jw_put_str_or_null(w, STR("tenant"), x->tenant);
    jw_put_raw(w, STR("action"), x->action);
    jw_put_raw(w, STR("who"), x->who);
    jw_object_end(w);
}

static bool fits(const struct approval *x, const struct approval_filter *f)
{
    return (!f->id.n || str_eq(f->id, str_c(x->id))) && (!f->tenant.n || str_eq(f->tenant, x->tenant)) &&
           (f->has_over || x->state == APPROVAL_PENDING);
}

int core_approvals_json(struct core *c, const struct approval_filter *f, struct buf *out)
{
    struct json_writer w;
    int64_t n = 0;
    jw_init(&w, out);
    jw_array(&w);
    core_lock(c);
    core_approvals_sweep(c, c->clock->wall(c->clock->ctx));
    for (struct list *it = c->approvals.all.prev; it != &c->approvals.all && n < f->rows_max; it = it->prev) {
        const struct approval *x = list_entry(it, struct approval, node);
        if (!fits(x, f))
            continue;
        put_row(&w, x);
        n++;
    }
    core_unlock(c);
    jw_array_end(&w);
    jw_end(&w);
    return buf_ok(out);
}
