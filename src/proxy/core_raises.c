/*
 * proxy/core_raises.c - finds the counter that is meant, writes the event, and raises: all in one critical section, so
 * that no call is decided between what the event says and what is in force.
 */
#include "proxy/core_raises.h"

#include "base/uuid.h"
#include "call/counter.h"
#include "proxy/core_impl.h"
#include "proxy/core_members.h"

#include <string.h>

#define BUCKETS_SAID_MAX 8
#define COUNT_MAX 1000000000000LL

/* --- what is meant ------------------------------------------------------------------------------------------------ */

struct meant {
    struct core *c;
    struct arena *a;
    const struct raise_spec *spec;
    struct limit_terms limit;
    struct str policy; /* empty: of a key */
    struct str counter, bucket;
    struct str why;
};

static int no(struct meant *m, int error, struct str why)
{
    m->why = why;
    return error;
}

static int find_in_key(struct meant *m)
{
    struct str first = m->spec->bucket, name, id, rest;
    (void)str_cut(m->spec->bucket, ',', &first, &rest);
    if (!str_cut(first, '=', &name, &id) || !str_eq(name, STR("key")))
        return no(m, -ERR_INVALID, STR("the limit of a key is one of many: say whose, as key=<id>"));
    const struct key_entry *k = map_get(&m->c->keys_by_id, id);
    if (!k || k->is_revoked)
        return no(m, -ERR_NOT_FOUND, STR("there is no such key"));
    if (!key_limits_find(k->limits, m->spec->limit, &m->limit))
        return no(m, -ERR_NOT_FOUND, STR("this key has no such limit"));
    return 0;
}

static int find_in_documents(struct meant *m)
{
    struct limit_terms one;
    struct str name;
    void *v;
    size_t n = 0;
    for (size_t i = 0; map_next(&m->c->policies, &i, &name, &v);) {
        const struct policy *p = ((const struct policy_entry *)v)->policy;
        if ((m->spec->policy.n && !str_eq(m->spec->policy, name)) || !policy_limit_find(p, m->spec->limit, &one))
            continue;
        m->limit = one;
        m->policy = name;
        n++;
    }
    if (n == 0)
        return no(m, -ERR_NOT_FOUND,
                  arena_printf(m->a, "no document in force has a limit `" STR_FMT "`; flyball limit list shows them",
                               STR_ARG(str_sub(m->spec->limit, 0, 64))));
    if (n > 1)
        return no(m, -ERR_INVALID, STR("several documents have a limit of that name: say which one (policy)"));
    if (m->limit.window == WINDOW_CALL)
        return no(m, -ERR_INVALID, STR("a limit on each call counts nothing to be raised; change the document"));
    return 0;
}

/* "agent=a,customer=c" names what "agent,customer" counts by, in this order. */
static bool names_all(struct str bucket, struct str by)
{
    struct str part, want, name, value, more, rest;
    if (by.n == 0)
        return str_eq(bucket, STR("-"));
    for (bool is_last = false; !is_last; bucket = more, by = rest) {
        is_last = !str_cut(bucket, ',', &part, &more);
        if (str_cut(by, ',', &want, &rest) == is_last)
            return false;
        part = is_last ? bucket : part;
        want = is_last ? by : want;
        if (!str_cut(part, '=', &name, &value) || !str_eq(name, want) || value.n == 0)
            return false;
    }
    return true;
}

/* The only bucket there is, where nobody said which. */
static int only_bucket(struct meant *m)
{
    struct ledger_row row;
    struct str said = STR("");
    size_t n = 0;
    wall_t now = m->c->clock->wall(m->c->clock->ctx);
    for (size_t i = 0; ledger_next(m->c->ledger, now, &i, &row);) {
        if (!str_eq(row.counter, m->counter))
            continue;
        m->bucket = arena_str(m->a, row.bucket);
        if (n++ < BUCKETS_SAID_MAX)
            said = arena_printf(m->a, STR_FMT "%s" STR_FMT, STR_ARG(said), said.n ? " | " : "", STR_ARG(row.bucket));
    }
    if (n == 1)
        return 0;
    if (n == 0)
        return no(m, -ERR_INVALID,
                  arena_printf(m->a,
                               "the limit has a counter for each of what it counts by, and none of calls in " STR_FMT
                               " mode is in use yet: say whose (agent=...)",
                               STR_ARG(mode_text(m->spec->mode))));
    return no(m, -ERR_INVALID,
              arena_printf(m->a, "the limit has %zu counters, say whose: " STR_FMT "%s", n, STR_ARG(said),
                           n > BUCKETS_SAID_MAX ? " | ..." : ""));
}

static int find_bucket(struct meant *m)
{
    struct counter_name name;
    check(counter_name_parse(m->limit.counter, &name) == 0);
    struct str by = m->policy.n                      ? name.by
                    : m->limit.window == WINDOW_RUN ? STR("key,run")
                                                    : STR("key");
    if (m->spec->bucket.n == 0 && by.n == 0)
        m->bucket = STR("-");
    else if (m->spec->bucket.n == 0)
        return only_bucket(m);
    else
        m->bucket = m->spec->bucket;
    if (!names_all(m->bucket, by))
        return no(m, -ERR_INVALID,
                  arena_printf(m->a, "the limit counts by " STR_FMT ": say whose in that order, as name=value,...",
                               STR_ARG(by.n ? by : STR("nothing, so its counter is -"))));
    return 0;
}

static int find_limit(struct meant *m)
{
    int r = str_starts(m->spec->limit, STR("key/")) ? find_in_key(m) : find_in_documents(m);
    if (r < 0)
        return r;
    m->counter = m->spec->mode == MODE_TEST
                     ? arena_join(m->a, (struct str[]){STR("test:"), m->limit.counter}, 2)
                     : m->limit.counter;
    return find_bucket(m);
}

static int read_units(struct meant *m, int64_t *ret)
{
    bool is_ok = meter_is_money(m->limit.meter) ? money_parse(m->spec->by, ret) == 0
                                             : str_to_i64(m->spec->by, ret) == 0 && *ret <= COUNT_MAX;
    if (is_ok && *ret > 0)
        return 0;
    return no(m, -ERR_INVALID,
              meter_is_money(m->limit.meter) ? STR("by how much is an amount like 50.00, more than 0")
                                          : STR("by how much is a whole number, more than 0"));
}

/* --- raising ------------------------------------------------------------------------------------------------------ */

static int write_event(struct core *c, const struct meant *m, const struct raise *raise, const struct raised *r,
                       uint64_t *ret_seq)
{
    struct member_text t = {.n = 0};
    char until[WALL_TEXT_BYTES], meter[METER_TEXT_BYTES];
    member_str(&t, STR("id"), raise->id, false);
    member_str(&t, STR("limit"), raise->limit, false);
    member_str(&t, STR("counter"), raise->counter, false);
    member_str(&t, STR("meter"), meter_text(m->limit.meter, m->limit.currency, meter), false);
    member_i64(&t, STR("raise"), raise->by);
    member_i64(&t, STR("before"), r->before);
    member_i64(&t, STR("after"), r->after);
    member_str(&t, STR("until"), wall_text(raise->until, until), false);
    member_str(&t, STR("reason"), raise->reason, false);
    member_str(&t, STR("bucket"), raise->bucket, true);
    int e = core_event(c, STR("limit.raise"), raise->who, t.m, t.n, ret_seq);
    members_free(&t);
    return err_trace(e);
}

static int raise_locked(struct core *c, struct meant *m, struct str who, struct raised *ret, uint64_t *ret_seq)
{
    char id[UUID_TEXT_BYTES];
    wall_t now = c->clock->wall(c->clock->ctx), first_end;
    int64_t by = 0;
    int r = find_limit(m);
    if (r == 0)
        r = read_units(m, &by);
    if (r < 0)
        return r;
    struct uuid u = uuid_v7(now, c->rng);
    struct raise raise = {.id = arena_str(m->a, uuid_text(&u, id)), .counter = m->counter, .bucket = m->bucket,
                          .limit = m->spec->limit, .reason = m->spec->reason, .who = who, .by = by, .at = now,
                          .until = now + m->spec->for_ns};
    int64_t before = m->limit.max + raises_of(&c->raises, m->counter, m->bucket, now, &first_end);
    *ret = (struct raised){.id = raise.id, .policy = arena_str(m->a, m->policy), .counter = arena_str(m->a, m->counter),
                           .bucket = arena_str(m->a, m->bucket), .meter = m->limit.meter, .by = by, .before = before,
                           .after = before + by, .until = raise.until};
    memcpy(ret->currency, m->limit.currency, sizeof ret->currency);
    r = raises_add(&c->raises, &raise, now);
    if (r < 0)
        return no(m, -ERR_TOO_LARGE,
                  r == -ERR_OVERFLOW ? STR("with what is raised already this is more than a counter can count")
                                     : STR("limit_raises_max are in force"));
    r = write_event(c, m, &raise, ret, ret_seq);
    if (r < 0)
        raises_undo(&c->raises); /* what is not on record is not in force */
    return r;
}

int core_raise(struct core *c, const struct raise_spec *spec, struct str who, struct arena *a, struct raised *ret,
               struct str *ret_why, uint64_t *ret_seq)
{
    struct meant m = {.c = c, .a = a, .spec = spec, .why = STR("")};
    check(spec->for_ns > 0 && spec->for_ns <= RAISE_NS_MAX);
    core_lock(c);
    int r = raise_locked(c, &m, who, ret, ret_seq);
    core_unlock(c);
    *ret_why = m.why;
    return err_trace(r);
}

/* --- at start, and for answers ------------------------------------------------------------------------------------ */

int core_raise_load(struct core *c, struct json body, struct json personal)
{
    struct raise r = {.id = json_text_of(json_get(body, STR("id"))),
                      .counter = json_text_of(json_get(body, STR("counter"))),
                      .bucket = json_text_of(json_get(personal, STR("bucket"))),
                      .limit = json_text_of(json_get(body, STR("limit"))),
                      .reason = json_text_of(json_get(body, STR("reason"))),
                      .who = json_text_of(json_get(body, STR("by"))),
                      .by = json_i64_of(json_get(body, STR("raise")))};
    if (wall_parse(json_text_of(json_get(body, STR("until"))), &r.until) < 0 || r.by <= 0)
        return err_trace(-ERR_CORRUPT);
    (void)wall_parse(json_text_of(json_get(body, STR("at"))), &r.at); /* for show */
    if (r.until <= c->started_at || r.bucket.n == 0)
        return 0; /* past; or whose it was is erased */
    int e = raises_add(&c->raises, &r, c->started_at);
    return e == -ERR_TOO_LARGE ? 0 : err_trace(e); /* the setting was lowered: less is raised */
}

void core_raises_json(const struct core *c, wall_t now, struct json_writer *w)
{
    const struct list *i = NULL;
    const struct raise *r;
    jw_array(w);
    while ((r = raises_next(&c->raises, now, &i))) {
        jw_object(w);
        jw_put_str(w, STR("id"), r->id);
        jw_put_str(w, STR("counter"), r->counter);
        jw_put_str(w, STR("bucket"), r->bucket);
        jw_put_i64(w, STR("raise"), r->by);
        jw_put_wall_or_null(w, STR("at"), r->at);
        jw_put_wall_or_null(w, STR("until"), r->until);
        jw_put_str(w, STR("by"), r->who);
        jw_put_str(w, STR("reason"), r->reason);
        jw_object_end(w);
    }
    jw_array_end(w);
}
