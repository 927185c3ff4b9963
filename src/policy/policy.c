/*
 * policy/policy.c - a compiled document's life, and what others may read of it.
 */
#include "policy/policy_impl.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "codec/json_write.h"

/* The count is the one thing in a policy that changes. */
static int *refs(const struct policy *p)
{
    return (int *)(uintptr_t)&p->n_refs;
}

void policy_ref(const struct policy *p)
{
    check(__atomic_add_fetch(refs(p), 1, __ATOMIC_RELAXED) > 1);
}

void policy_unref(const struct policy *p)
{
    if (!p)
        return;
    int left = __atomic_sub_fetch(refs(p), 1, __ATOMIC_ACQ_REL);
    check(left >= 0);
    if (left > 0)
        return;
    struct policy *mine = (struct policy *)(uintptr_t)p;
    for (size_t i = 0; i < p->n_parents && !mine->base; i++)
        policy_unref(p->parents[i]);
    if (!mine->base)
        arena_deinit(&mine->arena);
    policy_unref(mine->base);
    policy_unref(mine->beside);
    free(mine);
}

struct str policy_name(const struct policy *p)
{
    return p->name;
}

int64_t policy_version(const struct policy *p)
{
    return p->version;
}

struct str policy_digest(const struct policy *p)
{
    return p->digest;
}

struct str policy_text(const struct policy *p)
{
    return p->text;
}

size_t policy_parents(const struct policy *p, const struct policy *const **ret)
{
    *ret = p->parents;
    return p->n_parents;
}

static bool names_host(const struct match *m) { return m->by_key[MATCH_HOST].n > 0; }

bool policy_names_host(const struct policy *p)
{
    bool names = p->beside && policy_names_host(p->beside);
    for (size_t i = 0; i < p->n_requirements; i++)
        names |= names_host(&p->requirements[i].match);
    for (size_t i = 0; i < p->n_rules; i++)
        names |= names_host(&p->rules[i].match);
    for (size_t i = 0; i < p->n_limits; i++)
        names |= names_host(&p->limits[i].match);
    for (size_t i = 0; i < p->n_parents && !names; i++)
        names = policy_names_host(p->parents[i]);
    return names;
}

static void put_patterns(struct json_writer *w, struct str key, const struct patterns *p)
{
    jw_key(w, key);
    jw_array(w);
    for (size_t i = 0; i < p->n; i++)
        jw_str(w, p->items[i].text);
    jw_array_end(w);
}

static void put_match(struct json_writer *w, const struct match *m)
{
    jw_key(w, STR("match"));
    jw_object(w);
    if (m->classes) {
        jw_key(w, STR("class"));
        jw_array(w);
        for (enum op_class c = 0; c < CLASS_COUNT; c++)
            if (m->classes & 1u << c)
                jw_str(w, class_text(c));
        jw_array_end(w);
    }
    for (enum match_key k = 0; k < MATCH_COUNT; k++)
        if (m->by_key[k].n)
            put_patterns(w, match_key_text(k), &m->by_key[k]);
    for (size_t i = 0; i < m->n_labels; i++) {
        char name[sizeof "label." + LABEL_NAME_CHARS_MAX];
        int n = snprintf(name, sizeof name, "label." STR_FMT, STR_ARG(m->labels[i].name));
        put_patterns(w, (struct str){name, (size_t)n}, &m->labels[i].values);
    }
    jw_object_end(w);
}

static void put_amount(struct json_writer *w, struct str key, enum limit_meter meter, int64_t n)
{
    char text[MONEY_TEXT_BYTES];
    if (meter_is_money(meter))
        jw_put_str(w, key, money_text(n, text));
    else
        jw_put_i64(w, key, n);
}

static void put_runs(struct json_writer *w, const struct limit *runs)
{
    char per[DURATION_TEXT_BYTES];
    jw_key(w, STR("runs"));
    jw_object(w);
    jw_put_i64(w, STR("max_new"), runs->max);
    jw_put_str(w, STR("per"), duration_text(runs->sliding_ns, per));
    jw_object_end(w);
}

static void put_limit(struct json_writer *w, const struct limit *l)
{
    char window[WINDOW_TEXT_BYTES], meter[METER_TEXT_BYTES];
    jw_object(w);
    jw_put_str(w, STR("id"), l->id);
    jw_put_str(w, STR("meter"), meter_text(l->meter, l->currency, meter));
    jw_put_str(w, STR("window"), window_text(l->window, l->sliding_ns, zone_name(l->zone), window));
    put_amount(w, STR("max"), l->meter, l->max);
    if (l->soft)
        put_amount(w, STR("soft"), l->meter, l->soft);
    if (l->runs)
        put_runs(w, l->runs);
    jw_key(w, STR("by"));
    jw_array(w);
    for (enum by b = 0; b < BY_COUNT; b++)
        if (l->by & 1u << b)
            jw_str(w, by_text(b));
    jw_array_end(w);
    put_match(w, &l->match);
    if (l->when)
        jw_put_str(w, STR("when"), expr_text(l->when));
    if (l->is_unknown_held)
        put_amount(w, STR("unknown_cost_hold"), l->meter, l->unknown_hold);
    jw_put_str(w, STR("counter"), l->counter);
    jw_object_end(w);
}

int policy_limits_json(const struct policy *p, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_array(&w);
    for (size_t i = 0; i < p->n_limits; i++)
        put_limit(&w, &p->limits[i]);
    jw_array_end(&w);
    jw_end(&w);
    return buf_ok(out);
}
