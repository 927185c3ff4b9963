/*
 * proxy/question_remote.c - relations on file at once; an OpenFGA and sources over HTTP; an own PostgreSQL by its
 * threads. The call waits as it waits for the store: nobody is cancelled, and each has its time-out.
 */
#include "proxy/question_remote.h"

#include "codec/json_read.h"
#include "codec/json_write.h"
#include "proxy/allow.h"
#include "proxy/asker.h"
#include "sql/sql.h"

#define CHECK_BYTES_MAX 8192
#define PATH_BYTES_MAX 8192

/* What a call waits for; lives in its arena. */
struct remote_wait {
    struct call *c;
    struct question q;
    struct remote *to;
    answered_cb done;
    struct sql_question sql;
};

static struct scope_answer no_answer(struct str from, const char *why)
{
    return (struct scope_answer){.from = from, .why = str_c(why)};
}

static struct scope_answer yes_or_no(struct str from, bool is_yes)
{
    return (struct scope_answer){.is_known = true, .value = is_yes ? STR("yes") : STR("no"), .from = from};
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static struct remote_wait *wait_new(struct call *c, const struct question *q, struct remote *to, answered_cb done)
{
    struct remote_wait *w = arena_alloc(&c->arena, sizeof(*w));
    *w = (struct remote_wait){.c = c, .q = *q, .to = to, .done = done};
    call_go(c, CALL_ASKING);
    return w;
}

static void resume(struct remote_wait *w, struct scope_answer answer)
{
    struct call *c = w->c;
    check(c->magic == CALL_MAGIC);
    if (answer.is_known && str_eq(answer.value, STR("yes")))
        remote_remember(w->to, &w->q, loop_now(c->w->loop));
    if (call_go_on(c))
        w->done(c, &answer);
}

static bool is_remembered(struct call *c, const struct question *q, struct remote *to, struct scope_answer *ret)
{
    int64_t age_ms;
    if (!remote_remembers(to, q, loop_now(c->w->loop), &c->arena, &age_ms))
        return false;
    *ret = yes_or_no(to->name, true);
    ret->age_ms = age_ms;
    return true;
}

/* True: nobody is asked, *ret says why. */
static bool send(struct call *c, const struct question *q, struct remote *to, const struct asker_request *r,
                 struct scope_answer *ret, answered_cb done)
{
    struct asker_request request = *r;
    struct remote_wait *w = wait_new(c, q, to, done);
    request.to = to;
    request.ctx = w;
    if (asker_ask(c->w->asker, &request))
        return false;
    call_go(c, CALL_DECIDING);
    *ret = no_answer(to->name, "too many questions are under way");
    return true;
}

/* --- relations ---------------------------------------------------------------------------------------------------- */

static struct scope_answer check_embedded(struct call *c, const struct relations *r, const struct question *q)
{
    wall_t now = c->facts.now;
    const char *why;
    struct relation_ask ask = {
        .user = q->subject,
        .relation = q->name,
        .object = arena_join(&c->arena, (struct str[]){STR("customer:"), q->about}, 2),
        .context = {.now_s = now / NS_PER_S, .now_ns = (int32_t)(now % NS_PER_S), .has_now = true},
    };
    int has = relations_check(r, &ask, &c->arena, &why);
    return has < 0 ? no_answer(STR("embedded"), why) : yes_or_no(STR("embedded"), has == RELATION_YES);
}

/* Of an OpenFGA's check. */
static void on_check(void *ctx, uint16_t status, struct str body, const char *why)
{
    struct remote_wait *w = ctx;
    struct json root;
    bool is_allowed;
    if (why)
        resume(w, no_answer(w->to->name, why));
    else if (status != 200 || json_parse(&w->c->arena, body, 16, &root) < 0 ||
             !json_bool(json_get(root, STR("allowed")), &is_allowed))
        resume(w, no_answer(w->to->name, "it answered with an error"));
    else
        resume(w, yes_or_no(w->to->name, is_allowed));
}

static void put_check(struct buf *out, struct call *c, const struct remote *to, const struct question *q)
{
    char now[WALL_TEXT_BYTES];
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w);
    jw_key(&w, STR("tuple_key"));
    jw_object(&w);
    jw_put_str(&w, STR("user"), q->subject);
    jw_put_str(&w, STR("relation"), q->name);
    jw_put_str(&w, STR("object"), arena_join(&c->arena, (struct str[]){STR("customer:"), q->about}, 2));
    jw_object_end(&w);
    if (to->model.n)
        jw_put_str(&w, STR("authorization_model_id"), to->model);
    jw_key(&w, STR("context"));
    jw_object(&w);
    jw_put_str(&w, STR("now"), wall_text(c->facts.now, now));
    jw_object_end(&w);
    if (class_is_money(c->facts.class))
        jw_put_str(&w, STR("consistency"), STR("HIGHER_CONSISTENCY"));
    jw_object_end(&w);
    jw_end(&w);
}

static bool check_openfga(struct call *c, struct remote *to, const struct question *q, struct scope_answer *ret,
                          answered_cb done)
{
    struct buf body;
    if (is_remembered(c, q, to, ret))
        return true;
    buf_init(&body, CHECK_BYTES_MAX);
    put_check(&body, c, to, q);
    bool is_ok = buf_ok(&body) == 0;
    struct asker_request r = {
        .method = STR("POST"),
        .path = arena_printf(&c->arena, STR_FMT "/stores/" STR_FMT "/check", STR_ARG(to->path), STR_ARG(to->store)),
        .body = buf_str(&body),
        .done = on_check,
    };
    bool is_there = !is_ok || send(c, q, to, &r, ret, done);
    if (!is_ok)
        *ret = no_answer(to->name, "the question is too long");
    buf_deinit(&body);
    return is_there;
}

bool ask_relation(struct call *c, const struct question *q, struct scope_answer *ret, answered_cb done)
{
    struct remotes *all = c->w->shared->remotes;
    const struct relations *embedded = all ? remotes_relations(all) : NULL;
    bool wants_openfga = str_eq(q->source, STR("openfga")), is_there = true;
    if (embedded && !wants_openfga)
        *ret = check_embedded(c, embedded, q);
    else if (all && all->openfga && !str_eq(q->source, STR("embedded")))
        is_there = check_openfga(c, all->openfga, q, ret, done);
    else
        *ret = no_answer(q->source, "no such engine of relations is configured");
    relations_unref(embedded);
    return is_there;
}

/* --- sources ------------------------------------------------------------------------------------------------------ */

static void on_source(void *ctx, uint16_t status, struct str body, const char *why)
{
    struct remote_wait *w = ctx;
    bool is_allowed;
    if (why)
        resume(w, no_answer(w->to->name, why));
    else if (!allow_eval(w->to->allow_when, status, body, &w->c->arena, &is_allowed))
        resume(w, no_answer(w->to->name, "its answer is not one that allow_when can read"));
    else
        resume(w, yes_or_no(w->to->name, is_allowed));
}

/* Every byte but unreserved ones as %XX. */
static void put_encoded(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (str_is_token((struct str){s.p + i, 1}, "-._~", 1))
            buf_add_byte(out, s.p[i]);
        else
            buf_printf(out, "%%%02X", (unsigned char)s.p[i]);
    }
}

/* Each {customer} of the path in its place. */
static void put_path(struct buf *out, struct str path, struct str customer)
{
    const struct str hole = STR("{customer}");
    size_t at;
    for (; str_find(path, hole, &at); path = str_sub(path, at + hole.n, path.n)) {
        buf_add(out, str_sub(path, 0, at));
        put_encoded(out, customer);
    }
    buf_add(out, path);
}

static bool ask_url(struct call *c, const struct question *q, struct remote *to, struct scope_answer *ret,
                    answered_cb done)
{
    struct buf path;
    buf_init(&path, PATH_BYTES_MAX);
    put_path(&path, to->path, q->about);
    bool is_ok = buf_ok(&path) == 0, is_there = true;
    if (is_ok)
        is_there = send(c, q, to,
                        &(struct asker_request){.method = STR("GET"), .path = buf_str(&path), .done = on_source}, ret,
                        done);
    else
        *ret = no_answer(to->name, "the question is too long");
    buf_deinit(&path);
    return is_there;
}

static void on_sql(void *ctx)
{
    struct remote_wait *w = ctx;
    if (w->sql.result < 0)
        resume(w, no_answer(w->to->name, w->sql.why));
    else
        resume(w, yes_or_no(w->to->name, w->sql.result > 0));
}

static bool ask_sql(struct call *c, const struct question *q, struct remote *to, struct scope_answer *ret,
                    answered_cb done)
{
    struct remote_wait *w = wait_new(c, q, to, done);
    w->sql = (struct sql_question){
        .value = arena_str(&c->arena, q->about).p, .box = &c->w->loop->box, .done = {on_sql, w}};
    if (!str_has(q->about, '\0') && sql_pool_ask(to->sql, &w->sql))
        return false;
    call_go(c, CALL_DECIDING);
    *ret = no_answer(to->name, "too many questions are under way");
    return true;
}

bool ask_source(struct call *c, const struct question *q, struct scope_answer *ret, answered_cb done)
{
    struct remote *to = remotes_source(c->w->shared->remotes, q->source);
    if (!to) {
        *ret = no_answer(q->source, "no source of that name is configured");
        return true;
    }
    if (is_remembered(c, q, to, ret))
        return true;
    return to->sql ? ask_sql(c, q, to, ret, done) : ask_url(c, q, to, ret, done);
}
