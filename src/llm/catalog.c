/*
 * llm/catalog.c - finding models by name, and merging a catalog of one's own into another.
 *
 * Names of any vendor are found in the order of the file: the first vendor that has one wins, a merged catalog before.
 */
#include "llm/catalog_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/err.h"
#include "llm/builtin_impl.h"

#define NAME_BYTES_MAX 512 /* "vendor/name" that can be looked up */

/* ---- the index ---- */

static int put_first(struct map *map, struct str key, struct model *m)
{
    return map_get(map, key) ? 0 : map_put(map, key, m, NULL);
}

static int index_name(struct catalog *c, struct model *m, struct str name)
{
    struct str parts[] = {m->vendor, STR("/"), name};
    int r = put_first(&c->by_name, name, m);
    return r < 0 ? r : put_first(&c->by_vendor, arena_join(&c->arena, parts, 3), m);
}

/* Names before aliases, so that an alias never hides a model. */
static int index_models(struct catalog *c)
{
    int r = 0;
    for (size_t i = 0; i < c->n_models && r == 0; i++) {
        c->models[i].index = i;
        r = index_name(c, &c->models[i], c->models[i].name);
    }
    for (size_t i = 0; i < c->n_models && r == 0; i++)
        for (size_t k = 0; k < c->models[i].n_aliases && r == 0; k++)
            r = index_name(c, &c->models[i], c->models[i].aliases[k]);
    return r;
}

int catalog_index(struct catalog *c)
{
    map_deinit(&c->by_name);
    map_deinit(&c->by_vendor);
    map_init(&c->by_name, SIZE_MAX / 2, NULL);
    map_init(&c->by_vendor, SIZE_MAX / 2, NULL);
    return index_models(c);
}

const struct model *catalog_find(const struct catalog *c, struct str vendor, struct str name)
{
    char key[NAME_BYTES_MAX];
    if (!vendor.n)
        return map_get(&c->by_name, name);
    size_t n = vendor.n + 1 + name.n;
    if (n > sizeof(key) || n < name.n)
        return NULL;
    memcpy(key, vendor.p, vendor.n);
    key[vendor.n] = '/';
    if (name.n)
        memcpy(key + vendor.n + 1, name.p, name.n);
    return map_get(&c->by_vendor, (struct str){key, n});
}

/* ---- merging ---- */

static struct model *same_model(struct model *models, size_t n, const struct model *m)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(models[i].name, m->name) && str_eq(models[i].vendor, m->vendor))
            return &models[i];
    return NULL;
}

static bool has_alias(const struct model *m, struct str name)
{
    for (size_t i = 0; i < m->n_aliases; i++)
        if (str_eq(m->aliases[i], name))
            return true;
    return false;
}

/* `m` with its own aliases and those of the model that it replaces. */
static struct model replacement(struct arena *a, const struct model *m, const struct model *old)
{
    struct model both = *m;
    both.aliases = arena_alloc(a, (m->n_aliases + old->n_aliases + 1) * sizeof(*both.aliases));
    for (size_t i = 0; i < m->n_aliases; i++)
        both.aliases[i] = m->aliases[i];
    for (size_t i = 0; i < old->n_aliases; i++)
        if (!has_alias(m, old->aliases[i]))
            both.aliases[both.n_aliases++] = old->aliases[i];
    return both;
}

/* Models of `over` first: where two have one alias, its own stands. */
static void merge_models(struct catalog *c, const struct catalog *over, struct model *models)
{
    size_t n = over->n_models;
    for (size_t i = 0; i < over->n_models; i++)
        models[i] = over->models[i];
    for (size_t i = 0; i < c->n_models; i++) {
        struct model *newer = same_model(models, over->n_models, &c->models[i]);
        if (newer)
            *newer = replacement(&c->arena, newer, &c->models[i]);
        else
            models[n++] = c->models[i];
    }
    c->models = models;
    c->n_models = n;
}

int catalog_merge(struct catalog *c, struct catalog *over)
{
    check(c != over);
    struct catalog **last = &over->over;
    while (*last)
        last = &(*last)->over;
    *last = c->over;
    c->over = over;

    struct model *models = arena_try_alloc(&c->arena, (c->n_models + over->n_models + 1) * sizeof(*models));
    if (!models)
        return err_trace(-ERR_TOO_LARGE);
    struct str parts[] = {c->version, STR("+"), over->version};
    merge_models(c, over, models);
    c->version = arena_join(&c->arena, parts, 3);
    return catalog_index(c);
}

/* ---- life, and what a model says ---- */

void catalog_free(struct catalog *c)
{
    while (c) {
        struct catalog *next = c->over;
        map_deinit(&c->by_name);
        map_deinit(&c->by_vendor);
        arena_deinit(&c->arena);
        free(c);
        c = next;
    }
}

struct str catalog_builtin(void) { return catalog_builtin_table[0].text; }
struct str catalog_version(const struct catalog *c) { return c->version; }
struct str catalog_priced_at(const struct catalog *c) { return c->priced_at; }
size_t catalog_models(const struct catalog *c) { return c->n_models; }

const struct model *catalog_model(const struct catalog *c, size_t i)
{
    check(i < c->n_models);
    return &c->models[i];
}

struct str model_name(const struct model *m) { return m->name; }
struct str model_vendor(const struct model *m) { return m->vendor; }
size_t model_index(const struct model *m) { return m->index; }
int64_t model_input_max(const struct model *m) { return m->input_max; }
int64_t model_output_max(const struct model *m) { return m->output_max; }
bool model_hides_reasoning(const struct model *m) { return m->hides_reasoning; }
int64_t model_image_tokens_max(const struct model *m) { return m->image_tokens_max; }
struct str model_priced_at(const struct model *m) { return m->priced_at; }
struct str model_deprecated_at(const struct model *m) { return m->deprecated_at; }
struct str model_source(const struct model *m) { return m->source; }
int64_t model_long_above(const struct model *m) { return m->long_above; }
money_t model_web_search(const struct model *m) { return m->web_search; }
int64_t model_us_inference_ppm(const struct model *m) { return m->us_inference_ppm; }

const struct str *model_aliases(const struct model *m, size_t *ret_n)
{
    *ret_n = m->n_aliases;
    return m->aliases;
}

money_t model_rate(const struct model *m, enum price_tier tier, enum token_class class, bool is_long)
{
    check(tier < TIER_COUNT && class < TOKEN_CLASS_COUNT);
    const struct price_list *list = is_long && m->long_above ? &m->long_prices : &m->prices;
    return list->usd[tier][class];
}
