/*
 * replay/plan_report.c - what a plan found, as JSON.
 */
#include "replay/plan_impl.h"

#include <stdlib.h>

#include "base/err.h"

#define GROUPS_SHOWN 50
#define NAMES_SHOWN 20

static void put_usd(struct json_writer *w, struct str key, money_t usd)
{
    char text[MONEY_TEXT_BYTES];
    jw_put_str(w, key, money_text(usd, text));
}

static void put_document(struct json_writer *w, struct str key, const struct policy *p)
{
    jw_key(w, key);
    if (!p) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_put_str(w, STR("name"), policy_name(p));
    jw_put_i64(w, STR("version"), policy_version(p));
    jw_put_str(w, STR("digest"), policy_digest(p));
    jw_object_end(w);
}

static int by_name(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* {"n": how many, "names": the first of them in order}. */
static void put_names(struct json_writer *w, struct str key, const struct map *m)
{
    struct str name, *names = calloc(m->n + 1, sizeof *names);
    size_t i = 0, n = 0;
    void *value;
    while (names && map_next(m, &i, &name, &value))
        names[n++] = name;
    if (n > 1)
        qsort(names, n, sizeof *names, by_name);
    jw_key(w, key);
    jw_object(w);
    jw_put_i64(w, STR("n"), (int64_t)m->n);
    jw_key(w, STR("names"));
    jw_array(w);
    for (i = 0; i < n && i < NAMES_SHOWN; i++)
        jw_str(w, names[i]);
    jw_array_end(w);
    jw_object_end(w);
    free(names);
}

static void put_side(struct json_writer *w, struct str key, enum effect e, enum code code, struct str by)
{
    jw_key(w, key);
    jw_object(w);
    jw_put_str(w, STR("verdict"), effect_text(e));
    jw_put_str_or_null(w, STR("code"), code_text(code));
    jw_put_str_or_null(w, STR("by"), by);
    jw_object_end(w);
}

static enum effect effect_after(enum change c)
{
    return c == CHANGE_PERMITTED ? EFFECT_PERMIT : c == CHANGE_ASKED ? EFFECT_APPROVE : EFFECT_DENY;
}

static void put_group(struct json_writer *w, const struct plan_group *g)
{
    jw_object(w);
    jw_put_str(w, STR("operation"), g->operation);
    jw_put_str(w, STR("class"), g->class);
    jw_put_str(w, STR("agent"), g->agent);
    jw_put_i64(w, STR("calls"), (int64_t)g->calls);
    put_usd(w, STR("usd"), g->usd);
    put_side(w, STR("was"), g->was, g->was_code, g->was_by);
    put_side(w, STR("becomes"), effect_after(g->change), g->becomes_code, g->becomes_by);
    jw_object_end(w);
}

/* Most money first, then most calls; names decide what is left, so that a report is the same each time. */
static int by_weight(const void *a, const void *b)
{
    const struct plan_group *x = *(struct plan_group *const *)a, *y = *(struct plan_group *const *)b;
    if (x->usd != y->usd)
        return x->usd < y->usd ? 1 : -1;
    if (x->calls != y->calls)
        return x->calls < y->calls ? 1 : -1;
    int r = str_cmp(x->operation, y->operation);
    if (r == 0)
        r = str_cmp(x->agent, y->agent);
    return r ? r : str_cmp(x->becomes_by, y->becomes_by);
}

static void put_groups(struct json_writer *w, const struct plan *p, enum change c)
{
    const struct plan_group **list = calloc(p->by_group.n + 1, sizeof(*list));
    size_t n = 0;
    for (const struct plan_group *g = list ? p->groups : NULL; g; g = g->next)
        if (g->change == c)
            list[n++] = g;
    if (n > 1)
        qsort(list, n, sizeof *list, by_weight);
    jw_key(w, STR("groups"));
    jw_array(w);
    for (size_t i = 0; i < n && i < GROUPS_SHOWN; i++)
        put_group(w, list[i]);
    jw_array_end(w);
    jw_put_i64(w, STR("more_groups"), (int64_t)(n > GROUPS_SHOWN ? n - GROUPS_SHOWN : 0));
    free(list);
}

static void put_sum(struct json_writer *w, const struct plan *p, enum change c)
{
    const struct plan_sum *s = &p->sums[c];
    jw_key(w, change_text(c));
    jw_object(w);
    jw_put_i64(w, STR("calls"), (int64_t)s->calls);
    jw_put_i64(w, STR("moves_value"), (int64_t)s->moves_value);
    put_usd(w, STR("usd"), s->usd);
    jw_put_i64(w, STR("unpriced"), (int64_t)s->unpriced);
    put_names(w, STR("agents"), &s->agents);
    put_names(w, STR("customers"), &s->customers);
    put_groups(w, p, c);
    jw_object_end(w);
}

static void put_lacks(struct json_writer *w, const struct plan *p)
{
    uint64_t n = 0;
    for (enum lack l = 0; l < LACK_COUNT; l++)
        n += p->n_lack[l];
    jw_key(w, STR("not_replayable"));
    jw_object(w);
    jw_put_i64(w, STR("calls"), (int64_t)n);
    jw_key(w, STR("reasons"));
    jw_array(w);
    for (enum lack l = LACK_NOTHING + 1; l < LACK_COUNT; l++) {
        if (!p->n_lack[l])
            continue;
        jw_object(w);
        jw_put_str(w, STR("reason"), lack_text(l));
        jw_put_str(w, STR("text"), lack_phrase(l));
        jw_put_i64(w, STR("calls"), (int64_t)p->n_lack[l]);
        jw_object_end(w);
    }
    jw_array_end(w);
    jw_object_end(w);
}

static void put_changed(struct json_writer *w, const struct plan_changed *x)
{
    char text[MONEY_TEXT_BYTES];
    jw_object(w);
    jw_put_str(w, STR("change"), change_text(x->change));
    jw_put_str(w, STR("call_id"), x->call_id);
    jw_put_wall_or_null(w, STR("at"), x->at);
    jw_put_str(w, STR("run_id"), x->run_id);
    jw_put_str(w, STR("agent"), x->agent);
    jw_put_str(w, STR("operation"), x->operation);
    jw_put_str(w, STR("class"), x->class);
    jw_put_str_or_null(w, STR("customer"), x->customer);
    jw_put_str_or_null(w, STR("usd"), x->cost.how != HOW_UNKNOWN ? money_text(x->cost.usd, text) : STR_NONE);
    put_side(w, STR("was"), x->was, x->was_code, x->was_by);
    put_side(w, STR("becomes"), effect_after(x->change), x->becomes_code, x->becomes_by);
    jw_put_str_or_null(w, STR("reason"), x->reason);
    jw_object_end(w);
}

static uint64_t n_changed(const struct plan *p)
{
    uint64_t n = 0;
    for (enum change c = 0; c < CHANGE_COUNT; c++)
        n += p->sums[c].calls;
    return n;
}

int plan_json(const struct plan *p, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_object(&w);
    put_document(&w, STR("old"), p->o.old);
    put_document(&w, STR("new"), p->o.new);
    jw_put_wall_or_null(&w, STR("since"), p->o.since);
    jw_put_wall_or_null(&w, STR("until"), p->o.until);
    jw_put_i64(&w, STR("calls"), (int64_t)p->n_calls);
    jw_put_i64(&w, STR("replayed"), (int64_t)p->n_replayed);
    jw_put_i64(&w, STR("unchanged"), (int64_t)(p->n_replayed - n_changed(p)));
    for (enum change c = 0; c < CHANGE_COUNT; c++)
        put_sum(&w, p, c);
    put_lacks(&w, p);
    jw_put_i64(&w, STR("undecided"), (int64_t)p->n_undecided);
    jw_put_i64(&w, STR("dry_runs"), (int64_t)p->n_dry);
    jw_put_i64(&w, STR("of_other_documents"), (int64_t)p->n_other);
    jw_put_i64(&w, STR("recorded_otherwise"), (int64_t)p->n_otherwise);
    jw_key(&w, STR("fresh_limits"));
    side_put_fresh(p->new, &w);
    jw_put_bool(&w, STR("is_safe"), plan_is_safe(p));
    jw_key(&w, STR("changed"));
    jw_array(&w);
    for (const struct plan_changed *x = p->changed; x; x = x->next)
        put_changed(&w, x);
    jw_array_end(&w);
    jw_object_end(&w);
    jw_end(&w);
    return err_trace(buf_ok(out));
}
