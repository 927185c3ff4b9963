/*
 * import/litellm.c - files of LiteLLM: its config.yaml, and what /key/list, /team/list and the like answer.
 *
 * Which is which is told by what stands at the top. All files are looked through for models, teams and budgets before
 * the first key is read, so that their order does not matter.
 */
#include "import/litellm_impl.h"

#include <string.h>

#define N(table) (sizeof(table) / sizeof((table)[0]))

void nodes_add(struct arena *a, struct nodes *l, const struct yaml *at)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 16;
        const struct yaml **items = arena_alloc(a, cap * sizeof *items);
        if (l->n)
            memcpy(items, l->items, l->n * sizeof *items);
        l->items = items;
        l->cap = cap;
    }
    l->items[l->n++] = at;
}

static void add_all(struct litellm *l, struct nodes *to, const struct yaml *list)
{
    yaml_each(child, list) {
        if (child->type == YAML_MAP)
            nodes_add(l->x->a, to, child);
        else
            note(l->x, child, BUCKET_REFUSED, "an object is expected here");
    }
}

/* `{key, info: {...}}`, as /key/info answers; else the object itself. */
static void add_key(struct litellm *l, const struct yaml *map)
{
    const struct yaml *info = yaml_get(map, STR("info"));
    if (!yaml_is(info, YAML_MAP)) {
        nodes_add(l->x->a, &l->keys, map);
        return;
    }
    static const struct field_row rows[] = {
        {"key", BUCKET_APPROXIMATE, "agents get keys of ours; this one is not copied"}};
    note_rest(l->x, map, rows, N(rows)); /* marks info as well, and its members have marks of their own */
    nodes_add(l->x->a, &l->keys, info);
}

static const struct field_row answer_rows[] = {
    {"keys", BUCKET_EXACT, ""},
    {"teams", BUCKET_EXACT, ""},
    {"users", BUCKET_EXACT, ""},
    {"budgets", BUCKET_EXACT, ""},
    {"customers", BUCKET_EXACT, ""},
    {"total_count", BUCKET_CARRIED, "the page of a list"},
    {"current_page", BUCKET_CARRIED, "the page of a list"},
    {"page", BUCKET_CARRIED, "the page of a list"},
    {"page_size", BUCKET_CARRIED, "the page of a list"},
    {"size", BUCKET_CARRIED, "the page of a list"},
    {"total", BUCKET_CARRIED, "the page of a list"},
    {"total_pages", BUCKET_CARRIED, "the page of a list"},
};

static bool has_any(const struct yaml *map, const char *const *names)
{
    for (; *names; names++)
        if (yaml_get(map, str_c(*names)))
            return true;
    return false;
}

static bool is_config(const struct yaml *root)
{
    static const char *const names[] = {
        "model_list",            "litellm_settings",  "general_settings", "router_settings",
        "environment_variables", "callback_settings", "include",          NULL};
    return has_any(root, names);
}

static bool is_export(const struct yaml *root)
{
    static const char *const names[] = {"keys", "teams", "users", "budgets", "customers", NULL};
    return has_any(root, names);
}

/* Taken for one, a file of something else would be a key for every model. */
static bool is_key(const struct yaml *root)
{
    static const char *const names[] = {"info", "token", "key", "key_alias", "key_name", "models", "max_budget", NULL};
    return has_any(root, names);
}

/* Two passes: what keys refer to comes first. */
static void collect(struct litellm *l, const struct source_file *f)
{
    const struct yaml *root = f->root;
    add_all(l, &l->teams, yaml_get(root, STR("teams")));
    add_all(l, &l->users, yaml_get(root, STR("users")));
    add_all(l, &l->budgets, yaml_get(root, STR("budgets")));
    add_all(l, &l->customers, yaml_get(root, STR("customers")));
    models_collect(l, yaml_get(root, STR("model_list")));
    if (is_config(root))
        config_read(l, root);
    if (is_config(root) || is_export(root)) {
        yaml_each(key, yaml_get(root, STR("keys")))
            if (key->type == YAML_MAP)
                add_key(l, key);
        else note(l->x, key, BUCKET_REFUSED,
                  "only the name of a key is here: export whole keys "
                  "(/key/list?return_full_object=true)");
    } else if (root->type == YAML_SEQ) {
        yaml_each(key, root)
            if (key->type == YAML_MAP)
                add_key(l, key);
    } else if (is_key(root)) {
        add_key(l, root);
    } else {
        import_refuse(l->x, f);
    }
}

void litellm_read(struct import *x)
{
    struct litellm l = {.x = x, .token_meter = "tokens"};
    for (size_t i = 0; i < x->n_files; i++)
        collect(&l, &x->files[i]);
    keys_read(&l);
    teams_read(&l);
    for (size_t i = 0; i < x->n_files; i++)
        if (is_export(x->files[i].root) && !is_config(x->files[i].root))
            note_rest(x, x->files[i].root, answer_rows, N(answer_rows));
}
