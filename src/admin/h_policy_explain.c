/*
 * admin/h_policy_explain.c - a verdict with its trace: of a recorded call, under the document that decided on it then
 * or another, or of a request that somebody only thinks of.
 */
#include "admin/handlers.h"
#include "admin/policy_request.h"
#include "base/err.h"
#include "policy/explain.h"
#include "policy/recorded.h"
#include "policy/trial.h"
#include "store/limit_read.h"

#define DEPTH_MAX 64

struct explaining {
    struct request *r;
    const struct policy *policy; /* NULL: the one that decided then */
    struct str call_id;
    bool is_found, is_decided; /* there is such a call; its document is known */
    enum lack lack;
};

static void job_free(void *ctx) { policy_unref(((struct explaining *)ctx)->policy); }

/* --- on the reader's thread ------------------------------------------------------------------------------------ */

/* Where the limits stood then, for those that the call counted on. */
static void fill_needs(struct verdict *v, const struct recorded *c)
{
    struct json one;
    for (size_t i = 0; i < v->n_needs; i++) {
        struct limit_need *need = &v->needs[i];
        for (struct json_iter it = json_each(c->limits); json_next(&it, NULL, &one);) {
            struct limit_read limit = limit_read(one);
            if (!str_eq(limit.id, need->id))
                continue;
            need->before = limit.before;
            need->held = limit.held;
        }
        need->is_short = need->n > need->max || need->before > need->max - need->n - need->held;
        need->after = need->is_short ? need->before + need->held + need->n : 0;
    }
}

static void decide(struct explaining *x, const struct recorded *c, struct arena *a, struct buf *out)
{
    struct verdict v;
    policy_decide(x->policy, NULL, &c->facts, POLICY_MAY_LOOK_UP | POLICY_MAY_ASK, a, &v);
    if (x->policy && policy_names_host(x->policy) && !c->facts.host.n)
        x->lack = LACK_HOST;
    if ((v.wants_cost && c->could_ask_cost) || (v.wants_customer && c->could_ask_customer))
        x->lack = v.wants_cost ? LACK_COST : LACK_CUSTOMER;
    else if (v.wants_cost || v.wants_customer)
        policy_decide(x->policy, NULL, &c->facts, POLICY_MAY_ASK, a, &v);
    if (v.wants_affected || v.n_questions)
        x->lack = LACK_SCOPE;
    if (x->lack != LACK_NOTHING)
        return;
    policy_own_verdict(x->policy, &v);
    fill_needs(&v, c);
    const struct limit_need *full = policy_ask_limits(&v, &c->facts, a);
    if (full)
        policy_refuse_limit(full, &c->facts, a, &v);
    (void)policy_explain_json(x->policy, &c->facts, &v, a, out); /* noted in the buf */
}

/* The text of the document with that digest, as it was applied. */
static int find_document(struct explaining *x, struct store *s, struct store_reader *reader, const struct recorded *c,
                         struct arena *a)
{
    struct admin *admin = x->r->admin;
    struct query q = {.kind = QUERY_POLICIES, .id = c->policy_name, .rows_max = admin->limits->query_rows_max};
    struct json rows, row;
    struct diag_list diags;
    struct policy *p;
    struct buf b;
    buf_init(&b, ADMIN_ANSWER_BYTES_MAX);
    int r = s->ops->ask(reader, &q, &b);
    if (r == 0)
        r = json_parse(a, buf_str(&b), DEPTH_MAX, &rows);
    buf_deinit(&b);
    diag_list_init(&diags, a, POLICY_DIAGS_MAX);
    for (struct json_iter it = json_each(r == 0 ? rows : JSON_ABSENT); json_next(&it, NULL, &row);) {
        if (!str_eq(json_text_of(json_get(row, STR("digest"))), c->policy))
            continue;
        if (policy_parse(json_text_of(json_get(row, STR("document"))), STR("policy"), admin->limits,
                         core_known(admin->core), &diags, &p) == 0)
            x->policy = p;
        break;
    }
    return r;
}

struct looking {
    struct explaining *x;
    struct store *s;
    struct store_reader *reader;
    struct arena a;
    struct recorded c;
};

static int on_frame(void *ctx, const struct frame *f)
{
    struct looking *l = ctx;
    struct frame own = {.kind = f->kind};
    int r = arena_try_str(&l->a, f->body, &own.body); /* the frame is its own while this runs */
    if (r == 0)
        r = arena_try_str(&l->a, f->personal, &own.personal);
    return r < 0 ? r : recorded_read(&own, &l->a, &l->c);
}

static int look(struct looking *l, struct buf *out)
{
    struct query q = {.kind = QUERY_CALL, .id = l->x->call_id, .rows_max = 1};
    struct json rows;
    struct buf b;
    buf_init(&b, ADMIN_ANSWER_BYTES_MAX);
    int r = l->s->ops->ask(l->reader, &q, &b);
    if (r == 0)
        r = json_parse(&l->a, buf_str(&b), DEPTH_MAX, &rows);
    buf_deinit(&b);
    if (r < 0 || json_len(rows) == 0)
        return r;
    int64_t seq = json_i64_of(json_get(json_at(rows, 0), STR("seq")));
    r = l->s->ops->walk(l->reader, (uint64_t)seq - 1, 0, 1, on_frame, l);
    if (r < 0)
        return r;
    l->x->is_found = true;
    l->x->lack = l->c.lack;
    if (!l->x->policy)
        r = find_document(l->x, l->s, l->reader, &l->c, &l->a);
    l->x->is_decided = l->x->policy != NULL;
    if (r == 0 && l->x->is_decided && l->x->lack == LACK_NOTHING)
        decide(l->x, &l->c, &l->a, out);
    return r;
}

static int work(void *ctx, struct store *s, struct store_reader *reader, struct buf *out)
{
    struct looking l = {.x = ctx, .s = s, .reader = reader};
    arena_init(&l.a, ADMIN_REQUEST_BYTES_MAX);
    int r = look(&l, out);
    arena_deinit(&l.a);
    return r;
}

/* --- on the admin's thread ------------------------------------------------------------------------------------- */

static void answer(struct request *r, struct str json)
{
    (void)buf_add(&r->out, json); /* noted in the buf, as the next */
    (void)buf_add_byte(&r->out, '\n');
    request_answer(r, 200);
}

static void then_explain(struct request *r)
{
    const struct explaining *x = r->ask.work_ctx;
    if (!x->is_found)
        request_fail(r, 404, "not_found", "there is no call `" STR_FMT "`", STR_ARG(str_sub(x->call_id, 0, 64)));
    else if (!x->is_decided)
        request_fail(r, 409, "not_replayable", "no document decided on this call, or its version is not on record");
    else if (x->lack != LACK_NOTHING)
        request_fail(r, 409, "not_replayable", "the call cannot be decided on again: " STR_FMT,
                     STR_ARG(lack_phrase(x->lack)));
    else
        answer(r, buf_str(&r->ask.json));
}

static void explain_call(struct request *r, struct str call_id, const struct policy *p)
{
    struct explaining *x = arena_alloc(&r->arena, sizeof *x);
    *x = (struct explaining){.r = r, .policy = p, .call_id = call_id};
    arena_cleanup(&r->arena, job_free, x);
    r->ask.work = work;
    r->ask.work_ctx = x;
    request_ask(r, then_explain);
}

static void explain_request(struct request *r, struct str text, const struct policy *p)
{
    struct diag_list diags;
    diag_list_init(&diags, &r->arena, POLICY_DIAGS_MAX);
    int e = policy_explain_given(p, text, STR("request"), r->admin->limits, core_known(r->admin->core), &r->arena,
                                 &diags, &r->ask.json);
    if (e < 0 && diags.n_errors)
        policy_request_fail(r, &diags);
    else if (e < 0)
        request_fail_err(r, e);
    else
        answer(r, buf_str(&r->ask.json));
    policy_unref(p);
}

/* A text, or the one in force under a name; *ret NULL: neither is named. False: answered. */
static bool read_policy(struct request *r, const struct policy **ret)
{
    struct str document, file, name;
    struct policy *p;
    *ret = NULL;
    if (!request_member(r, STR("document"), &document) || !request_member(r, STR("file"), &file) ||
        !request_member(r, STR("policy"), &name))
        return false;
    if (document.n) {
        if (!policy_request_parse(r, document, file.n ? file : STR("policy"), &p))
            return false;
        *ret = p;
        return true;
    }
    *ret = name.n ? core_policy_named(r->admin->core, name) : NULL;
    if (name.n && !*ret)
        request_fail(r, 404, "not_found", "no policy named `" STR_FMT "` is in force", STR_ARG(str_sub(name, 0, 64)));
    return *ret || !name.n;
}

void admin_on_policy_explain(struct request *r)
{
    static const struct str names[] = {STR_INIT("call"), STR_INIT("request"), STR_INIT("document"), STR_INIT("file"),
                                       STR_INIT("policy")};
    struct str call_id, text;
    const struct policy *p;
    if (!request_members_known(r, names, 5) || !request_member(r, STR("call"), &call_id) ||
        !request_member(r, STR("request"), &text) || !read_policy(r, &p))
        return;
    if (!call_id.n == !text.n) {
        policy_unref(p);
        request_fail(r, 400, "request_invalid", "name either a `call` or a `request`");
    } else if (call_id.n) {
        explain_call(r, call_id, p);
    } else {
        explain_request(r, text, p ? p : core_policy_named(r->admin->core, STR("default")));
    }
}
