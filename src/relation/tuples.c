/*
 * relation/tuples.c - who has which relation to what: read from YAML or JSON, indexed by object and relation.
 */
#include "relation/relation_impl.h"

#include "base/err.h"

#include <stdlib.h>

static const struct yaml_limits tuple_limits = {.bytes_max = 64u << 20, .depth_max = 16, .nodes_max = 2000000};

bool subject_split(struct str s, struct str *ret_type, struct str *ret_id, struct str *ret_relation)
{
    struct str rest;
    *ret_relation = STR_NONE;
    if (s.n > RELATION_ID_BYTES_MAX || !str_cut(s, ':', ret_type, &rest) || ret_type->n == 0)
        return false;
    *ret_id = rest;
    bool has_relation = str_cut(rest, '#', ret_id, ret_relation);
    return ret_id->n > 0 && (!has_relation || ret_relation->n > 0);
}

/* --- what the model allows ---------------------------------------------------------------------------------------- */

static const struct restriction *allowed_by(const struct rewrite *w, const struct relation_tuple *t)
{
    struct str type, id, relation;
    if (!subject_split(t->user, &type, &id, &relation))
        return NULL;
    for (size_t i = 0; w->kind == REWRITE_DIRECT && i < w->n_restrictions; i++) {
        const struct restriction *one = &w->restrictions[i];
        if (str_eq(one->type, type) && str_eq(one->relation, relation) &&
            one->is_wildcard == str_eq(id, STR("*")) && str_eq(one->condition, t->condition))
            return one;
    }
    for (const struct rewrite *child = w->first; child; child = child->next) {
        const struct restriction *found = allowed_by(child, t);
        if (found)
            return found;
    }
    return NULL;
}

const struct restriction *tuple_allowed(const struct relations *r, const struct relation_tuple *t)
{
    struct str type, id, none;
    if (!subject_split(t->object, &type, &id, &none) || none.n || str_eq(id, STR("*")))
        return NULL;
    const struct relation *relation = relation_find(type_find(r, type), t->relation);
    return relation ? allowed_by(relation->rewrite, t) : NULL;
}

/* --- the index ---------------------------------------------------------------------------------------------------- */

static bool index_key(struct str object, struct str relation, char out[2 * RELATION_ID_BYTES_MAX], struct str *ret)
{
    size_t n = 0;
    if (object.n + 1 + relation.n > 2 * RELATION_ID_BYTES_MAX)
        return false;
    for (size_t i = 0; i < object.n; i++)
        out[n++] = object.p[i];
    out[n++] = '#';
    for (size_t i = 0; i < relation.n; i++)
        out[n++] = relation.p[i];
    *ret = (struct str){out, n};
    return true;
}

const struct tuple *tuples_of(const struct relations *r, struct str object, struct str relation)
{
    char text[2 * RELATION_ID_BYTES_MAX];
    struct str key;
    return index_key(object, relation, text, &key) ? map_get(&r->tuples, key) : NULL;
}

static int add_tuple(struct relations *r, const struct relation_tuple *t)
{
    char text[2 * RELATION_ID_BYTES_MAX];
    struct str key;
    struct tuple *it = arena_try_alloc(&r->arena, sizeof *it);
    if (!it || !index_key(t->object, t->relation, text, &key) || r->n_tuples == RELATION_TUPLES_MAX)
        return err_trace(-ERR_TOO_LARGE);
    *it = (struct tuple){*t, map_get(&r->tuples, key)};
    r->n_tuples++;
    return err_trace(map_put(&r->tuples, key, it, NULL));
}

/* --- a file ------------------------------------------------------------------------------------------------------- */

static struct str text_at(const struct yaml *map, const char *key)
{
    struct str s = STR_NONE;
    (void)yaml_str(yaml_get(map, str_c(key)), &s); /* what is lacking is said once, below */
    return s;
}

static bool read_tuple(const struct yaml *y, struct relation_tuple *ret)
{
    const struct yaml *condition = yaml_get(y, STR("condition"));
    *ret = (struct relation_tuple){text_at(y, "user"), text_at(y, "relation"), text_at(y, "object"),
                                   text_at(condition, "name"), yaml_get(condition, STR("context"))};
    return ret->user.n && ret->relation.n && ret->object.n && (!condition || ret->condition.n);
}

static int read_all(struct relations *r, const struct yaml *list, struct str file, struct diag_list *diags)
{
    int err = 0;
    yaml_each(y, list) {
        struct relation_tuple t;
        if (!read_tuple(y, &t)) {
            diag_add(diags, file, y->line, y->col, "relation_tuple",
                     "a tuple has user, relation and object, and perhaps condition: {name, context}");
            err = -ERR_INVALID;
        } else if (!tuple_allowed(r, &t)) {
            diag_warn(diags, file, y->line, y->col, "relation_tuple",
                      "the model does not allow `" STR_FMT " " STR_FMT " " STR_FMT "`, so it counts for nothing",
                      STR_ARG(t.user), STR_ARG(t.relation), STR_ARG(t.object));
        } else if (add_tuple(r, &t) < 0) {
            diag_add(diags, file, y->line, y->col, "too_large", "more than %d tuples, or too long ones",
                     RELATION_TUPLES_MAX);
            return err_trace(-ERR_INVALID);
        }
    }
    return err_trace(err);
}

int tuples_parse(struct relations *r, struct str text, struct str file, struct diag_list *diags)
{
    const struct yaml *root;
    int err = yaml_parse(&r->arena, file, text, &tuple_limits, diags, &root);
    if (err < 0)
        return err_trace(-ERR_INVALID);
    if (yaml_is(root, YAML_MAP) && yaml_get(root, STR("tuple_keys")))
        root = yaml_get(root, STR("tuple_keys"));
    else if (yaml_is(root, YAML_MAP))
        root = yaml_get(root, STR("tuples"));
    if (yaml_is(root, YAML_SEQ))
        return read_all(r, root, file, diags);
    if (!root || yaml_is(root, YAML_NULL))
        return 0; /* none yet */
    diag_add(diags, file, root->line, root->col, "relation_tuple", "tuples are a list, or stand in one under `tuples`");
    return err_trace(-ERR_INVALID);
}
