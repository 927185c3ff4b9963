/*
 * proxy/core_objects.c - which customer a vendor object belongs to: what answers taught us, newest kept, bounded.
 */
#include "proxy/core_impl.h"

#include <stdlib.h>

#define OBJECT_KEY_BYTES_MAX 512

/* False when the key would be too long to be real. */
static bool object_key(struct str scope, struct str id, char out[OBJECT_KEY_BYTES_MAX], struct str *ret)
{
    if (scope.n + 1 + id.n > OBJECT_KEY_BYTES_MAX || scope.n == 0 || id.n == 0)
        return false;
    for (size_t i = 0; i < scope.n; i++)
        out[i] = scope.p[i];
    out[scope.n] = '\n';
    for (size_t i = 0; i < id.n; i++)
        out[scope.n + 1 + i] = id.p[i];
    *ret = (struct str){out, scope.n + 1 + id.n};
    return true;
}

static void drop(struct core *c, struct object_entry *e)
{
    map_remove(&c->objects, str_c(e->key));
    list_remove(&e->node);
    free(e->key);
    free(e->customer);
    free(e);
}

void core_object_put(struct core *c, struct str scope, struct str id, struct str customer)
{
    char text[OBJECT_KEY_BYTES_MAX];
    struct str key;
    if (!object_key(scope, id, text, &key))
        return;
    struct object_entry *e = map_get(&c->objects, key);
    if (e)
        drop(c, e);
    if (c->objects.n >= c->objects.n_max)
        drop(c, list_entry(list_first(&c->object_lru), struct object_entry, node));
    e = calloc(1, sizeof(*e));
    check(e != NULL);
    e->key = core_dup(key);
    e->customer = core_dup(customer);
    list_init(&e->node);
    if (map_put(&c->objects, key, e, NULL) < 0) {
        free(e->key);
        free(e->customer);
        free(e);
        return;
    }
    list_add_tail(&c->object_lru, &e->node);
}

void core_objects_forget(struct core *c, struct str customer)
{
    list_each_safe(n, tmp, &c->object_lru)
    {
        struct object_entry *e = list_entry(n, struct object_entry, node);
        if (str_eq(str_c(e->customer), customer))
            drop(c, e);
    }
}

void core_object_learned(struct core *c, struct str scope, struct str id, struct str customer)
{
    core_lock(c);
    core_object_put(c, scope, id, customer);
    core_unlock(c);
}

bool core_object_customer(struct core *c, struct str scope, struct str id, struct arena *a, struct str *ret_customer)
{
    char text[OBJECT_KEY_BYTES_MAX];
    struct str key;
    if (!object_key(scope, id, text, &key))
        return false;
    core_lock(c);
    struct object_entry *e = map_get(&c->objects, key);
    if (e)
        *ret_customer = arena_str(a, str_c(e->customer));
    core_unlock(c);
    return e != NULL;
}

void core_objects_free(struct core *c)
{
    list_each_safe(n, tmp, &c->object_lru)
        drop(c, list_entry(n, struct object_entry, node));
    map_deinit(&c->objects);
}
