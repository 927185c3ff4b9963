/*
 * saas/connector_cost.c - reads what a row says of its cost: `derive`, `price`, `settle`, `duplicates`.
 */
#include "saas/parse_impl.h"

#define WINDOW_MS_MAX 86400000
#define POLL_AFTER_MS_MAX 604800000

static void need_int(struct parse *p, const struct yaml *at, const struct operation *op, struct str name)
{
    bool is_int = false;
    for (size_t i = 0; i < op->n_params; i++)
        is_int = is_int || (str_eq(op->params[i].name, name) && op->params[i].type == PARAM_INT);
    for (size_t i = 0; i < op->n_derived; i++)
        is_int = is_int || str_eq(op->derived[i].name, name);
    if (name.n && !is_int)
        read_fault(p, at, "`" STR_FMT "` is no integer of `" STR_FMT "`", STR_ARG(name), STR_ARG(op->id));
}

void parse_derive(struct parse *p, const struct yaml *row, struct operation *op)
{
    static const char *const keys[] = {"count", "segments", "minutes", "smart", "longer", "otherwise"};
    static const char *const kinds[] = {[DERIVE_COUNT] = "count", [DERIVE_SEGMENTS] = "segments",
                                        [DERIVE_MINUTES] = "minutes"};
    const struct yaml *map = yaml_get(row, STR("derive"));
    op->derived = arena_alloc(p->arena, ((map ? map->n : 0) + 1) * sizeof(*op->derived));
    if (map && !yaml_is(map, YAML_MAP)) {
        read_fault(p, map, "`derive` must be a mapping of names to what they are made of");
        return;
    }
    yaml_each(it, map)
    {
        struct derived *d = &op->derived[op->n_derived++];
        size_t n = 0;
        read_keys(p, it, keys, 6);
        d->name = it->key;
        for (int k = DERIVE_COUNT; k <= DERIVE_MINUTES; k++) {
            if (!yaml_get(it, str_c(kinds[k])))
                continue;
            d->kind = (enum derive_kind)k;
            d->of = parse_strs(p, it, kinds[k]);
            n++;
        }
        if (n != 1 || !d->of.n || (d->kind != DERIVE_COUNT && d->of.n != 1))
            read_fault(p, it, "`" STR_FMT "` is the count of parameters, the segments of one, or the minutes of one",
                       STR_ARG(d->name));
        d->smart = parse_str(p, it, "smart", false);
        d->longer = parse_strs(p, it, "longer");
        d->otherwise = parse_i64(p, it, "otherwise", 0, 0, WINDOW_MS_MAX);
        need_declared(p, it, op, &d->of);
        need_declared(p, it, op, &d->longer);
        need_declared(p, it, op, &(struct strs){&d->smart, d->smart.n > 0});
    }
}

/* Parameters, or `name=value`. */
static void need_with(struct parse *p, const struct yaml *at, const struct operation *op, const struct strs *with)
{
    for (size_t i = 0; i < with->n; i++) {
        struct str name = with->items[i], value;
        (void)str_cut(name, '=', &name, &value); /* a name alone has no value */
        need_declared(p, at, op, &(struct strs){&name, 1});
    }
}

void parse_price(struct parse *p, const struct yaml *row, struct operation *op)
{
    static const char *const keys[] = {"with", "unknown", "free", "table", "of", "item", "add", "times"};
    const struct yaml *list = yaml_get(row, STR("price"));
    size_t n = parse_list(p, list, sizeof(*op->prices), &op->prices);
    yaml_each(it, n ? list : NULL)
    {
        read_keys(p, it, keys, 8);
        struct price_rule *r = &op->prices[op->n_prices++];
        r->with = parse_strs(p, it, "with");
        r->is_unknown = parse_bool(p, it, "unknown", false);
        r->is_free = parse_bool(p, it, "free", false);
        r->of = parse_str(p, it, "of", false);
        r->item = parse_str(p, it, "item", false);
        r->add = parse_strs(p, it, "add");
        r->times = parse_str(p, it, "times", false);
        need_with(p, it, op, &r->with);
        need_declared(p, it, op, &(struct strs){&r->of, r->of.n > 0});
        need_int(p, it, op, r->times);
        struct str table = parse_str(p, it, "table", false);
        if (r->is_unknown + r->is_free + (table.n > 0) != 1)
            read_fault(p, it, "a price is `unknown`, `free`, or from a `table`");
        if (table.n && ((r->of.n > 0) == (r->item.n > 0) || !r->add.n))
            read_fault(p, it, "a price from a table needs `of` or `item`, and `add` with its columns");
        if (table.n)
            parse_prices(p, it, table, &r->table);
    }
}

static void parse_after(struct parse *p, const struct yaml *list, struct settle_later *s)
{
    yaml_each(it, yaml_is(list, YAML_SEQ) ? list : NULL)
    {
        int64_t ms = 0;
        if (s->n_after == POLLS_MAX || !yaml_i64(it, &ms) || ms < 1 || ms > POLL_AFTER_MS_MAX ||
            (s->n_after && ms <= s->after_ms[s->n_after - 1])) {
            read_fault(p, it, "`after_ms` is up to %d rising times of up to a week", POLLS_MAX);
            return;
        }
        s->after_ms[s->n_after++] = ms;
    }
    if (!s->n_after)
        read_fault(p, list, "`after_ms` must say when to ask");
}

void parse_settle(struct parse *p, const struct yaml *row, struct operation *op)
{
    static const char *const keys[] = {"poll", "price", "currency", "none", "after_ms"};
    static const char *const none_keys[] = {"path", "is"};
    const struct yaml *map = yaml_get(row, STR("settle"));
    struct settle_later *s = &op->settle;
    if (!map)
        return;
    read_keys(p, map, keys, 5);
    struct str poll = parse_str(p, map, "poll", true), method = STR_NONE;
    if (!str_cut(poll, ' ', &method, &s->get) || !str_eq(method, STR("GET")) || !str_starts(s->get, STR("/")))
        read_fault(p, map, "`poll` must read like `GET /v1/messages/{id}`");
    for (struct str rest = s->get, before, name; str_cut(rest, '{', &before, &rest);) {
        if (!str_cut(rest, '}', &name, &rest))
            read_fault(p, map, "`poll` has a { without its }");
    }
    s->price = parse_str(p, map, "price", true);
    s->currency = parse_str(p, map, "currency", true);
    const struct yaml *none = yaml_get(map, STR("none"));
    read_keys(p, none, none_keys, 2);
    s->none_path = none ? parse_str(p, none, "path", true) : STR_NONE;
    s->none_is = none ? parse_strs(p, none, "is") : (struct strs){NULL, 0};
    parse_after(p, yaml_get(map, STR("after_ms")), s);
}

void parse_duplicates(struct parse *p, const struct yaml *row, struct operation *op)
{
    static const char *const keys[] = {"window_ms", "by"};
    const struct yaml *map = yaml_get(row, STR("duplicates"));
    if (!map)
        return;
    read_keys(p, map, keys, 2);
    op->duplicates.window_ms = parse_i64(p, map, "window_ms", 60000, 1, WINDOW_MS_MAX);
    op->duplicates.by = parse_strs(p, map, "by");
    if (!op->duplicates.by.n || op->duplicates.by.n > DUPLICATE_BY_MAX)
        read_fault(p, map, "`by` names 1 to %d parameters", DUPLICATE_BY_MAX);
    need_declared(p, map, op, &op->duplicates.by);
}
