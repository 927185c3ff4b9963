/*
 * policy/parse_routes.c - `routes`: names for models, and the limits that fall back on one. A model's name in a request
 * is all that a fall-back changes, so its target is of the vendor that the call goes to: nothing is translated.
 */
#include "policy/policy_impl.h"

#include "base/err.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct key_row route_keys[] = {{STR_INIT("targets"), KEY_REQUIRED}, {STR_INIT("retry_on"), KEY_LATER}};
static const struct key_row target_keys[] = {{STR_INIT("model"), KEY_REQUIRED}, {STR_INIT("weight"), KEY_LATER}};

static bool parse_target(struct parse *x, const struct yaml *map, struct route_target *ret)
{
    struct str text, vendor, model;
    if (!parse_type(x, map, YAML_MAP, STR("targets")))
        return false;
    parse_keys(x, map, "a target", target_keys, N(target_keys));
    if (!parse_text(x, map, STR("model"), &text))
        return false;
    if (!str_cut(text, '/', &vendor, &model) || vendor.n == 0 || model.n == 0 || str_has(text, '*')) {
        parse_fault(x, yaml_get(map, STR("model")), "bad_value",
                    "a target's `model` is one model of one vendor: openai/gpt-5-mini");
        return false;
    }
    *ret = (struct route_target){arena_str(&x->p->arena, vendor), arena_str(&x->p->arena, model)};
    return true;
}

static void parse_route(struct parse *x, const struct yaml *map, struct route *r)
{
    const struct yaml *list = yaml_get(map, STR("targets"));
    parse_keys(x, map, "a route", route_keys, N(route_keys));
    if (!parse_type(x, list, YAML_SEQ, STR("targets")))
        return;
    if (list->n == 0 || list->n > ROUTE_TARGETS_MAX) {
        parse_fault(x, list, list->n ? "too_many" : "empty_list", "a route has 1 to %d targets", ROUTE_TARGETS_MAX);
        return;
    }
    r->targets = arena_alloc(&x->p->arena, list->n * sizeof *r->targets);
    yaml_each(item, list)
        r->n_targets += parse_target(x, item, &r->targets[r->n_targets]);
}

void parse_routes(struct parse *x, const struct yaml *map)
{
    struct policy *p = x->p;
    if (!parse_type(x, map, YAML_MAP, STR("routes")))
        return;
    p->routes = arena_try_alloc(&p->arena, (map->n + 1) * sizeof *p->routes);
    if (!p->routes) {
        parse_fault(x, map, "too_large", "the document's routes are too large together");
        return;
    }
    yaml_each(item, map) {
        struct route *r = &p->routes[p->n_routes++];
        *r = (struct route){.id = arena_str(&p->arena, item->key)};
        if (!id_is_valid(item->key))
            parse_fault(x, item, "bad_id", "the name of a route is 1 to 64 of a-z 0-9 - _");
        if (parse_type(x, item, YAML_MAP, item->key))
            parse_route(x, item, r);
    }
}

struct str route_model(const struct route *r, struct str vendor)
{
    for (size_t i = 0; r && i < r->n_targets; i++)
        if (str_eq(r->targets[i].vendor, vendor))
            return r->targets[i].model;
    return STR_NONE;
}

/* Whether a limit can match calls to that vendor. */
static bool may_be_of(const struct match *m, struct str vendor)
{
    const struct patterns *vendors = &m->by_key[MATCH_VENDOR], *models = &m->by_key[MATCH_MODEL];
    bool is_vendor = vendors->n == 0, is_model = models->n == 0;
    for (size_t i = 0; i < vendors->n; i++)
        is_vendor |= pattern_match(&vendors->items[i], vendor);
    for (size_t i = 0; i < models->n; i++) {
        struct str of, name;
        is_model |= !str_cut(models->items[i].text, '/', &of, &name) || str_eq(of, STR("*")) || str_eq(of, vendor);
    }
    return is_vendor && is_model;
}

static const struct route *find(const struct policy *p, struct str id)
{
    for (size_t i = 0; i < p->n_routes; i++)
        if (str_eq(p->routes[i].id, id))
            return &p->routes[i];
    return NULL;
}

const struct route *parse_downgrade(struct parse *x, const struct yaml *at, struct str route, const struct limit *l)
{
    const struct route *r = find(x->p, route);
    if (!r) {
        struct str *names = arena_alloc(x->scratch, (x->p->n_routes + 1) * sizeof *names);
        for (size_t i = 0; i < x->p->n_routes; i++)
            names[i] = x->p->routes[i].id;
        diag_add_unknown(x->diags, x->file, at->line, at->col, "unknown_route", "the route", route, names,
                         x->p->n_routes);
        return NULL;
    }
    for (size_t i = 0; i < r->n_targets; i++) {
        const struct route_target *t = &r->targets[i];
        if (may_be_of(&l->match, t->vendor))
            continue;
        parse_fault(x, at, "other_dialect",
                    "route `" STR_FMT "` leads to " STR_FMT "/" STR_FMT ", and this limit matches no call to " STR_FMT
                    ": a call falls back within the dialect of its own vendor, nothing is translated",
                    STR_ARG(r->id), STR_ARG(t->vendor), STR_ARG(t->model), STR_ARG(t->vendor));
        return NULL;
    }
    return r;
}
