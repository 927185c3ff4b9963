/*
 * replay/suggest.c - counts what was permitted, by agent and operation, along the frames.
 */
#include "replay/suggest_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "policy/recorded.h"

#define PAIRS_MAX 2000
#define DAYS_MAX ((size_t)100000)
#define AMOUNTS_MAX 4096 /* a sample: every call until there are so many, then the largest stays */
#define FRAME_BYTES_MAX ((size_t)256 << 20)
#define KEPT_BYTES_MAX ((size_t)512 << 20)
#define OPEN_CALLS_MAX ((size_t)1 << 20)
#define DAY_NS (86400 * NS_PER_S)
#define REFUSED_MAX ((size_t)1 << 22)
#define UNKNOWN_HOLD (MONEY_PER_USD / 100) /* what the document holds for a cost that is not known */

int suggest_new(const struct suggest_options *o, struct suggest **ret)
{
    struct suggest *s = calloc(1, sizeof *s);
    if (!s)
        return err_trace(-ERR_NOMEM);
    s->o = *o;
    arena_init(&s->frame, FRAME_BYTES_MAX);
    arena_init(&s->kept, KEPT_BYTES_MAX);
    map_init(&s->by_name, PAIRS_MAX, NULL);
    map_init(&s->open, OPEN_CALLS_MAX, NULL);
    s->o.name = arena_str(&s->kept, o->name);
    s->o.agent = arena_str(&s->kept, o->agent);
    return *ret = s, 0;
}

void suggest_free(struct suggest *s)
{
    if (!s)
        return;
    for (struct pair *p = s->pairs; p; p = p->next) {
        map_deinit(&p->models);
        for (size_t i = 0; i < p->n_days; i++)
            free(p->days[i].refused);
        free(p->amounts);
        free(p->days);
    }
    map_deinit(&s->by_name);
    map_deinit(&s->open);
    arena_deinit(&s->frame);
    arena_deinit(&s->kept);
    free(s);
}

uint64_t suggest_seq(const struct suggest *s)
{
    return s->seq;
}

/* --- what was seen ------------------------------------------------------------------------------------------------ */

static int pair_of(struct suggest *s, const struct facts *f, struct pair **ret)
{
    struct str name = arena_printf(&s->frame, STR_FMT " " STR_FMT " %d", STR_ARG(f->agent), STR_ARG(f->operation),
                                   f->class);
    struct pair *p = map_get(&s->by_name, name);
    if (p)
        return *ret = p, 0;
    p = arena_alloc(&s->kept, sizeof *p);
    *p = (struct pair){.next = s->pairs, .agent = arena_str(&s->kept, f->agent),
                       .operation = arena_str(&s->kept, f->operation), .vendor = arena_str(&s->kept, f->vendor),
                       .layer = arena_str(&s->kept, f->layer), .class = f->class, .first_at = f->now};
    map_init(&p->models, SUGGEST_NAMES_MAX, NULL);
    int r = map_put(&s->by_name, name, p, NULL);
    if (r < 0)
        return err_trace(r);
    s->pairs = p;
    return *ret = p, 0;
}

static int day_of(struct suggest *s, struct pair *p, wall_t now, size_t *ret_i)
{
    int64_t at = now / DAY_NS;
    for (size_t i = p->n_days; i-- > 0;)
        if (p->days[i].at == at)
            return *ret_i = i, 0;
    if (s->n_days == DAYS_MAX)
        return err_trace(-ERR_TOO_LARGE);
    if (p->n_days == p->cap_days) {
        size_t cap = p->cap_days ? 2 * p->cap_days : 8;
        struct day *days = realloc(p->days, cap * sizeof *days);
        if (!days)
            return err_trace(-ERR_NOMEM);
        p->days = days;
        p->cap_days = cap;
    }
    p->days[p->n_days] = (struct day){.at = at};
    s->n_days++;
    return *ret_i = p->n_days++, 0;
}

static int add_amount(struct pair *p, money_t usd)
{
    p->most = usd > p->most ? usd : p->most;
    if (!p->amounts)
        p->amounts = malloc(AMOUNTS_MAX * sizeof *p->amounts);
    if (!p->amounts)
        return err_trace(-ERR_NOMEM);
    if (p->n_amounts < AMOUNTS_MAX)
        p->amounts[p->n_amounts++] = usd;
    return 0;
}

static money_t held_of(const struct facts *f)
{
    return f->cost.how != HOW_UNKNOWN ? f->cost.usd : class_is_money(f->class) ? UNKNOWN_HOLD : 0;
}

static int add_refused(struct suggest *s, const struct facts *f)
{
    struct pair *p;
    size_t i;
    int r = pair_of(s, f, &p);
    if (r == 0)
        r = day_of(s, p, f->now, &i);
    if (r < 0)
        return r;
    struct day *d = &p->days[i];
    if (s->n_kept_refused++ == REFUSED_MAX)
        return err_trace(-ERR_TOO_LARGE);
    if (d->n_refused == d->cap_refused) {
        size_t cap = d->cap_refused ? 2 * d->cap_refused : 8;
        money_t *list = realloc(d->refused, cap * sizeof *list);
        if (!list)
            return err_trace(-ERR_NOMEM);
        d->refused = list;
        d->cap_refused = cap;
    }
    d->refused[d->n_refused++] = held_of(f);
    return 0;
}

static int wait_for_end(struct suggest *s, struct pair *p, size_t i_day, money_t usd)
{
    struct open_call *o = arena_alloc(&s->kept, sizeof *o);
    *o = (struct open_call){p, i_day, usd};
    return map_put(&s->open, (struct str){(const char *)&s->seq, sizeof s->seq}, o, NULL);
}

/* What the call could cost counts, as it would be held: a limit must have had room for that. */
static int add_call(struct suggest *s, const struct recorded *c)
{
    const struct facts *f = &c->facts;
    bool is_priced = f->cost.how != HOW_UNKNOWN, is_money = class_is_money(f->class);
    money_t usd = held_of(f);
    struct pair *p;
    size_t i;
    int r = pair_of(s, f, &p);
    if (r == 0)
        r = day_of(s, p, f->now, &i);
    if (r < 0)
        return r;
    p->calls++;
    p->days[i].calls++;
    p->days[i].n_refused_before = p->days[i].n_refused;
    p->last_at = f->now;
    p->example = p->example.n ? p->example : arena_str(&s->kept, c->call_id);
    if (f->model.n)
        (void)map_put(&p->models, f->model, p, NULL); /* full: said as every model, here and below */
    if (f->model_asked.n)
        (void)map_put(&p->models, f->model_asked, p, NULL); /* a limit fell back from it */
    p->unpriced += !is_priced && is_money;
    (void)money_add(p->days[i].usd, usd, &p->days[i].usd); /* the most that fits, when it is passed */
    r = wait_for_end(s, p, i, usd);
    return r < 0 || !is_priced ? r : add_amount(p, usd);
}

static void on_close(struct suggest *s, const struct frame *f)
{
    struct json body;
    money_t usd;
    if (json_parse_own(&s->frame, f->body, &body) < 0)
        return; /* what was held counts */
    uint64_t seq = (uint64_t)json_i64_of(json_get(body, STR("open_seq")));
    const struct open_call *o = map_remove(&s->open, (struct str){(const char *)&seq, sizeof seq});
    if (!o || money_parse(json_text_of(json_get(json_get(body, STR("settled")), STR("usd"))), &usd) < 0)
        return;
    money_t *sum = &o->pair->days[o->i_day].usd;
    if (usd > o->usd)
        (void)money_add(*sum, usd - o->usd, sum); /* the most that fits, when it is passed */
}

static bool is_about(const struct suggest *s, const struct recorded *c)
{
    const struct key_limits *k;
    struct str obeys = c->policy_name;
    if (s->o.agent.n && !str_eq(s->o.agent, c->facts.agent))
        return false;
    if (s->o.key)
        (void)s->o.key(s->o.key_ctx, c->facts.key, &obeys, &k); /* not known: as the record says */
    return str_eq(obeys, s->o.name);
}

int suggest_frame(struct suggest *s, const struct frame *f)
{
    struct recorded c;
    s->seq = f->seq;
    arena_reset(&s->frame);
    if (f->kind == FRAME_CLOSE)
        on_close(s, f);
    if (f->kind != FRAME_OPEN)
        return 0;
    int r = recorded_read(f, &s->frame, &c);
    if (r < 0 && r != -ERR_CORRUPT)
        return err_trace(r);
    if (r < 0 || c.lack != LACK_NOTHING) {
        s->n_lacking++;
        return 0;
    }
    if (c.facts.now < s->o.since || c.is_dry_run)
        return 0;
    if (!is_about(s, &c))
        return 0;
    if (!str_eq(c.verdict, STR("permit")) || !c.facts.operation.n || c.is_approved) {
        s->n_refused += !c.is_approved;
        s->n_approved += c.is_approved;
        return c.facts.operation.n ? err_trace(add_refused(s, &c.facts)) : 0;
    }
    s->n_calls++;
    return err_trace(add_call(s, &c));
}
