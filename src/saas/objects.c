/*
 * saas/objects.c - what answers teach: ids of vendor objects, whose they are, what they refer to.
 *
 * An id that is no plain token is not learned: it could be anything, and is looked up again when it matters.
 */
#include "saas/connector_impl.h"

#define OBJECT_ID_BYTES_MAX 255

static const struct object_type *type_find(const struct connector *c, struct str type)
{
    for (size_t i = 0; i < c->n_objects; i++) {
        if (str_eq(c->objects[i].type, type))
            return &c->objects[i];
    }
    return NULL;
}

static bool is_id(struct str s) { return str_is_token(s, "_-.", OBJECT_ID_BYTES_MAX); }

/* Telephone numbers are customers too. */
static bool is_customer(struct str s) { return str_is_token(s, "_-.+", OBJECT_ID_BYTES_MAX); }

static size_t add(struct saas_object *ret, size_t n, size_t max, struct arena *a, struct saas_object o)
{
    if (n == max || !is_id(o.id))
        return n;
    ret[n] = (struct saas_object){arena_str(a, o.id), arena_str(a, o.type), STR_NONE, STR_NONE, o.is_created};
    if (is_customer(o.customer))
        ret[n].customer = arena_str(a, o.customer);
    if (is_id(o.parent))
        ret[n].parent = arena_str(a, o.parent);
    return n + 1;
}

size_t objects_learn(const struct connector *c, struct json object, struct str type, bool is_created,
                     struct str known_customer, struct arena *a, struct saas_object *ret, size_t max)
{
    struct saas_object o = {.is_created = is_created, .type = type};
    if (!json_str(json_get(object, c->object_id), &o.id) ||
        (!json_str(json_get(object, STR("object")), &o.type) && !o.type.n))
        return 0;
    const struct object_type *t = str_is_token(o.type, "._", 64) ? type_find(c, o.type) : NULL;
    if (!t)
        return 0;
    o.customer = json_first_text(object, &t->customers);
    if (!o.customer.n)
        o.customer = known_customer;
    o.parent = json_first_text(object, &t->parents);
    size_t n = add(ret, 0, max, a, o);
    for (size_t i = 0; n && i < t->n_also; i++) {
        struct saas_object also = {json_text_at(object, t->also[i].path), t->also[i].type, o.customer, o.id,
                                   is_created};
        n = add(ret, n, max, a, also);
    }
    return n;
}
