/*
 * replay/suggest_yaml.c - what was counted, written down as a document.
 *
 * Agents that did the same with the same models share a rule. Limits are of an operation, for each agent by itself: usd
 * a call and usd a day for what costs or moves money, requests a day for the rest, as high as its busiest agent needs.
 * The margin is half on top of the 99th percentile; where the most that was seen is more than that, the most it is.
 */
#include "replay/suggest_impl.h"

#include <stdlib.h>

#include "base/err.h"
#include "codec/json_write.h"

/* --- what follows from it ----------------------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The 99th of 100, of values that are sorted here. */
static int64_t p99(int64_t *values, size_t n)
{
    if (n == 0)
        return 0;
    qsort(values, n, sizeof *values, by_number);
    return values[(n * 99 + 99) / 100 - 1];
}

/* Half on top, never below the most that was seen, and up to a round number: money to whole cents. */
static int64_t with_margin(int64_t typical, int64_t most, int64_t unit)
{
    int64_t n = typical > INT64_MAX / 2 ? INT64_MAX / 2 : typical + typical / 2;
    n = n > most ? n : most;
    return n > INT64_MAX - unit ? n : (n + unit - 1) / unit * unit;
}

struct day_limits {
    int64_t typical, most, limit;
};

static int64_t call_max(const struct pair *p)
{
    return with_margin(p99(p->amounts, p->n_amounts), p->most, MONEY_PER_USD / 100);
}

/* What refused calls take on top, before the last permitted one. */
static int64_t taken_by_refused(const struct day *d, bool is_usd, money_t most)
{
    int64_t n = 0;
    for (size_t i = 0; i < d->n_refused_before; i++)
        if (!is_usd || d->refused[i] <= most)
            (void)money_add(n, is_usd ? d->refused[i] : 1, &n); /* the most that fits, when it is passed */
    return n;
}

/* `most_call`: of one call, by the document's own limit. */
static int per_day(const struct pair *p, bool is_usd, money_t most_call, struct day_limits *ret)
{
    int64_t *values = calloc(p->n_days + 1, sizeof *values), most = 0, needed = 0;
    if (!values)
        return err_trace(-ERR_NOMEM);
    for (size_t i = 0; i < p->n_days; i++) {
        const struct day *d = &p->days[i];
        int64_t all;
        values[i] = is_usd ? d->usd : (int64_t)d->calls;
        most = values[i] > most ? values[i] : most;
        if (!money_add(values[i], taken_by_refused(d, is_usd, most_call), &all))
            all = INT64_MAX;
        needed = all > needed ? all : needed;
    }
    int64_t typical = p99(values, p->n_days);
    free(values);
    *ret = (struct day_limits){typical, most, with_margin(typical, needed, is_usd ? MONEY_PER_USD / 100 : 1)};
    return 0;
}

/* --- as a document ------------------------------------------------------------------------------------------------ */

/* Agents of one operation and class, in order. */
struct group {
    struct pair **pairs;
    size_t n;
};

static void put_text(struct buf *out, struct str s)
{
    (void)json_quote(out, s); /* a JSON string is one of YAML's; noted in the buf */
}

static struct str date(wall_t t, char out[WALL_TEXT_BYTES])
{
    return str_sub(wall_text(t, out), 0, 10);
}

static struct str usd(money_t m, char out[MONEY_TEXT_BYTES])
{
    return money_text_short(m, out);
}

static bool has_same_models(const struct pair *a, const struct pair *b)
{
    struct str name;
    void *value;
    size_t i = 0;
    if (a->models.n != b->models.n)
        return false;
    while (a->models.n < SUGGEST_NAMES_MAX && map_next(&a->models, &i, &name, &value))
        if (!map_get(&b->models, name))
            return false;
    return true;
}

/* "# refunds: 12 calls on 3 days, 2025-11-24 to 2025-11-26; at most 48.00 USD each; such as CALL" */
static void put_evidence(struct buf *out, const struct pair *p)
{
    char first[WALL_TEXT_BYTES], last[WALL_TEXT_BYTES], most[MONEY_TEXT_BYTES];
    buf_printf(out, "  # " STR_FMT ": %llu call%s on %zu day%s, " STR_FMT " to " STR_FMT, STR_ARG(p->agent),
               (unsigned long long)p->calls, p->calls == 1 ? "" : "s", p->n_days, p->n_days == 1 ? "" : "s",
               STR_ARG(date(p->first_at, first)), STR_ARG(date(p->last_at, last)));
    if (p->n_amounts)
        buf_printf(out, "; at most " STR_FMT " USD each", STR_ARG(usd(p->most, most)));
    if (p->unpriced)
        buf_printf(out, "; %llu of unknown cost", (unsigned long long)p->unpriced);
    buf_printf(out, "; such as " STR_FMT "\n", STR_ARG(p->example));
}

static int text_order(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static void put_models(struct buf *out, const struct pair *p)
{
    struct str names[SUGGEST_NAMES_MAX], name;
    size_t i = 0, n = 0;
    void *value;
    if (p->models.n == 0)
        return;
    while (map_next(&p->models, &i, &name, &value))
        names[n++] = name;
    qsort(names, n, sizeof *names, text_order);
    buf_add(out, STR(", model: ["));
    if (n == SUGGEST_NAMES_MAX) {
        put_text(out, STR("*"));
        n = 0;
    }
    for (i = 0; i < n; i++) {
        struct buf full;
        buf_init(&full, 4096);
        buf_printf(&full, STR_FMT "/" STR_FMT, STR_ARG(p->vendor), STR_ARG(names[i]));
        buf_add(out, i ? STR(", ") : STR(""));
        put_text(out, buf_str(&full));
        buf_deinit(&full);
    }
    buf_add(out, STR("]"));
}

static void put_operation(struct buf *out, const struct pair *p)
{
    buf_add(out, STR("operation: ["));
    put_text(out, p->operation);
    buf_add(out, STR("]"));
    if (p->class != CLASS_UNKNOWN)
        buf_printf(out, ", class: [" STR_FMT "]", STR_ARG(class_text(p->class)));
}

/* One rule for those agents of the group that used the same models as `first`. */
static void put_rule(struct buf *out, const struct group *g, struct pair *first, size_t n)
{
    size_t n_agents = 0;
    for (size_t i = 0; i < g->n; i++)
        if (has_same_models(first, g->pairs[i]))
            put_evidence(out, g->pairs[i]);
    buf_printf(out, "  - id: seen-%zu\n    effect: permit\n    match: {agent: [", n);
    for (size_t i = 0; i < g->n; i++) {
        if (!has_same_models(first, g->pairs[i]))
            continue;
        buf_add(out, n_agents++ ? STR(", ") : STR(""));
        put_text(out, g->pairs[i]->agent);
        g->pairs[i]->is_written = true;
    }
    buf_add(out, STR("], "));
    put_operation(out, first);
    put_models(out, first);
    buf_add(out, STR("}\n"));
}

static void put_rules(struct buf *out, const struct group *g, size_t *n)
{
    for (size_t i = 0; i < g->n; i++)
        g->pairs[i]->is_written = false;
    for (size_t i = 0; i < g->n; i++)
        if (!g->pairs[i]->is_written)
            put_rule(out, g, g->pairs[i], ++*n);
}

/* What is in a limit behind its max. */
static void put_rest(struct buf *out, const struct group *g, const char *window, bool is_usd)
{
    bool is_unpriced = false;
    for (size_t i = 0; i < g->n; i++)
        is_unpriced |= g->pairs[i]->unpriced > 0;
    buf_printf(out, "    window: {%s}\n    by: [agent]\n    match: {", window);
    put_operation(out, g->pairs[0]);
    buf_add(out, STR("}\n"));
    if (is_usd && is_unpriced)
        buf_add(out, STR("    unknown_cost: \"hold:0.01\"\n"));
}

static void put_day_limit(struct buf *out, const struct group *g, size_t n, bool is_usd, const struct day_limits *d)
{
    char typical[MONEY_TEXT_BYTES], most[MONEY_TEXT_BYTES], limit[MONEY_TEXT_BYTES];
    if (is_usd)
        buf_printf(out, "  # an agent's day: 99 of 100 up to " STR_FMT " USD, the most " STR_FMT "\n"
                        "  - id: day-%zu\n    meter: usd\n    max: \"" STR_FMT "\"\n",
                   STR_ARG(usd(d->typical, typical)), STR_ARG(usd(d->most, most)), n, STR_ARG(usd(d->limit, limit)));
    else
        buf_printf(out, "  # an agent's day: 99 of 100 up to %lld calls, the most %lld\n"
                        "  - id: day-%zu\n    meter: requests\n    max: %lld\n",
                   (long long)d->typical, (long long)d->most, n, (long long)d->limit);
    put_rest(out, g, "calendar: day", is_usd);
}

/* The highest of the group's agents. */
static money_t most_of_call(const struct group *g)
{
    money_t max = 0;
    for (size_t i = 0; i < g->n; i++) {
        money_t one = call_max(g->pairs[i]);
        max = one > max ? one : max;
    }
    return max;
}

static void put_call_limit(struct buf *out, const struct group *g, size_t n)
{
    char text[MONEY_TEXT_BYTES], typical[MONEY_TEXT_BYTES];
    money_t usual = 0;
    for (size_t i = 0; i < g->n; i++) {
        money_t p = p99(g->pairs[i]->amounts, g->pairs[i]->n_amounts);
        usual = p > usual ? p : usual;
    }
    buf_printf(out, "  # a call: 99 of 100 up to " STR_FMT " USD\n  - id: call-%zu\n    meter: usd\n    max: \"" STR_FMT
                    "\"\n", STR_ARG(usd(usual, typical)), n, STR_ARG(usd(most_of_call(g), text)));
    put_rest(out, g, "call: true", true);
}

static bool is_priced(const struct group *g)
{
    bool is = false;
    for (size_t i = 0; i < g->n; i++)
        is |= g->pairs[i]->n_amounts > 0;
    return is && class_is_money(g->pairs[0]->class);
}

static int put_limits(struct buf *out, const struct group *g, size_t n)
{
    struct day_limits all = {0}, d;
    bool is_usd = is_priced(g);
    for (size_t i = 0; i < g->n; i++) {
        int r = per_day(g->pairs[i], is_usd, most_of_call(g), &d);
        if (r < 0)
            return r;
        all.typical = d.typical > all.typical ? d.typical : all.typical;
        all.most = d.most > all.most ? d.most : all.most;
        all.limit = d.limit > all.limit ? d.limit : all.limit;
    }
    put_day_limit(out, g, n, is_usd, &all);
    if (is_usd && most_of_call(g) < all.limit)
        put_call_limit(out, g, n); /* else the day is full no later */
    return 0;
}

static int by_operation(const void *a, const void *b)
{
    const struct pair *x = *(struct pair *const *)a, *y = *(struct pair *const *)b;
    int r = str_cmp(x->operation, y->operation);
    if (r == 0)
        r = (x->class > y->class) - (x->class < y->class);
    return r ? r : str_cmp(x->agent, y->agent);
}

/* The group at `from` of a list in order; *ret has at least one. */
static void group_at(struct pair **list, size_t n, size_t from, struct group *ret)
{
    size_t i = from + 1;
    while (i < n && str_eq(list[i]->operation, list[from]->operation) && list[i]->class == list[from]->class)
        i++;
    *ret = (struct group){list + from, i - from};
}

static void put_head(struct buf *out, const struct suggest *s)
{
    char since[WALL_TEXT_BYTES];
    buf_printf(out, "# What was seen since " STR_FMT ": %llu permitted calls", STR_ARG(wall_text(s->o.since, since)),
               (unsigned long long)s->n_calls);
    if (s->o.agent.n)
        buf_printf(out, " of one agent");
    buf_printf(out, "; %llu refused ones are not in it", (unsigned long long)s->n_refused);
    if (s->n_approved)
        buf_printf(out, ", nor %llu that a person let pass", (unsigned long long)s->n_approved);
    if (s->n_lacking)
        buf_printf(out, ", nor %llu whose record is not whole", (unsigned long long)s->n_lacking);
    buf_add(out, STR(".\n"));
    if (!s->n_calls)
        buf_add(out, STR("# So it permits nothing: in force, it denies every call.\n"));
    buf_add(out, STR("# Limits are the 99th percentile and a half on top, and never below what was seen. Read it, and "
                     "try it:\n# flyball policy plan FILE\napiVersion: agentpolicy/v1\nkind: Policy\n"
                     "metadata: {name: "));
    put_text(out, s->o.name);
    buf_printf(out, ", version: %lld}\n", (long long)s->o.version);
}

static int put_document(struct buf *out, struct pair **list, size_t n)
{
    struct group g;
    size_t n_rules = 0, n_groups = 0;
    buf_add(out, n ? STR("rules:\n") : STR("rules: []\n"));
    for (size_t i = 0; i < n; i += g.n) {
        group_at(list, n, i, &g);
        put_rules(out, &g, &n_rules);
    }
    buf_add(out, n ? STR("limits:\n") : STR(""));
    for (size_t i = 0; i < n; i += g.n) {
        group_at(list, n, i, &g);
        int r = put_limits(out, &g, ++n_groups);
        if (r < 0)
            return r;
    }
    return 0;
}

int suggest_yaml(const struct suggest *s, struct buf *out)
{
    size_t n = 0;
    struct pair **list = calloc(s->by_name.n + 1, sizeof(*list));
    if (!list)
        return err_trace(-ERR_NOMEM);
    for (struct pair *p = s->pairs; p; p = p->next)
        if (p->calls) /* else all of it was refused */
            list[n++] = p;
    qsort(list, n, sizeof *list, by_operation);
    put_head(out, s);
    int r = put_document(out, list, n);
    free(list);
    return r < 0 ? r : err_trace(buf_ok(out));
}
