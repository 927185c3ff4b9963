/*
 * proxy/run_tree.c - a map from runs to the roots of their trees, and the order in which they came.
 */
#include "proxy/run_tree.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

#define KEY_BYTES_MAX 1024

struct run_link {
    struct list node;
    size_t key_n, root_n;
    char text[]; /* key, root */
};

void run_tree_init(struct run_tree *t, size_t n_max, const uint8_t seed[16])
{
    map_init(&t->links, n_max, seed);
    list_init(&t->oldest);
}

void run_tree_deinit(struct run_tree *t)
{
    list_each_safe(n, tmp, &t->oldest)
        free(list_entry(n, struct run_link, node));
    map_deinit(&t->links);
}

static struct str key_of(struct str tenant, struct str run, char out[KEY_BYTES_MAX])
{
    check(tenant.n + 1 + run.n <= KEY_BYTES_MAX);
    memcpy(out, tenant.n ? tenant.p : "", tenant.n);
    out[tenant.n] = '\n';
    memcpy(out + tenant.n + 1, run.p, run.n);
    return (struct str){out, tenant.n + 1 + run.n};
}

static void forget_oldest(struct run_tree *t)
{
    struct run_link *l = list_entry(list_first(&t->oldest), struct run_link, node);
    (void)map_remove(&t->links, (struct str){l->text, l->key_n});
    list_remove(&l->node);
    free(l);
}

static void link_run(struct run_tree *t, struct str key, struct str root)
{
    if (t->links.n == t->links.n_max)
        forget_oldest(t);
    struct run_link *l = malloc(sizeof *l + key.n + root.n);
    check(l != NULL);
    list_init(&l->node);
    l->key_n = key.n;
    l->root_n = root.n;
    memcpy(l->text, key.p, key.n);
    memcpy(l->text + key.n, root.p, root.n);
    check(map_put(&t->links, (struct str){l->text, key.n}, l, NULL) == 0); /* there is room: one was forgotten */
    list_add_tail(&t->oldest, &l->node);
}

static bool find(const struct run_tree *t, struct str key, struct str *ret_root)
{
    const struct run_link *l = map_get(&t->links, key);
    if (l)
        *ret_root = (struct str){l->text + l->key_n, l->root_n};
    return l != NULL;
}

struct str run_tree_root(struct run_tree *t, struct str tenant, struct str run, struct str parent, struct arena *a)
{
    char key[KEY_BYTES_MAX], above[KEY_BYTES_MAX];
    struct str own = key_of(tenant, run, key), root = run;
    if (find(t, own, &root) || parent.n == 0 || str_eq(parent, run))
        return arena_str(a, root);
    root = parent;
    (void)find(t, key_of(tenant, parent, above), &root); /* a parent without a link is the root itself */
    root = arena_str(a, root); /* its link may be the oldest */
    link_run(t, own, root);
    return root;
}
