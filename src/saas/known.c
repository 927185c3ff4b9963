/*
 * saas/known.c - what a connector's operations are called and which facts they give, for checks of documents.
 */
#include "saas/connector_impl.h"

enum param_kind param_type_kind(enum param_type t)
{
    switch (t) {
    case PARAM_INT:
    case PARAM_SIGNED:
        return KIND_INT;
    case PARAM_BOOL:
        return KIND_BOOL;
    case PARAM_LIST:
    case PARAM_ADDRESSES:
        return KIND_LIST;
    case PARAM_TEXT:
    case PARAM_CURRENCY:
    case PARAM_ID:
    case PARAM_CONTENT:
        break;
    }
    return KIND_TEXT;
}

static uint32_t classes_of(const struct operation *op)
{
    uint32_t classes = 1u << op->class;
    for (size_t i = 0; i < op->n_class_rules; i++)
        classes |= 1u << op->class_rules[i].class;
    return classes;
}

static void add_params(const struct operation *op, struct arena *a, struct known_operation *k)
{
    struct known_param *params = arena_alloc(a, (op->n_params + op->n_derived + 1) * sizeof *params);
    for (size_t i = 0; i < op->n_params; i++)
        if (op->params[i].type != PARAM_CONTENT)
            params[k->n_params++] = (struct known_param){op->params[i].name, param_type_kind(op->params[i].type)};
    for (size_t i = 0; i < op->n_derived; i++)
        params[k->n_params++] = (struct known_param){op->derived[i].name, KIND_INT};
    k->params = params;
}

size_t connector_known(const struct connector *c, struct str vendor, struct arena *a, struct known_operation *ret)
{
    for (size_t i = 0; ret && i < c->n_ops; i++) {
        const struct operation *op = &c->ops[i];
        ret[i] = (struct known_operation){
            .vendor = vendor, .layer = connector_layer(c), .name = op->name, .classes = classes_of(op)};
        add_params(op, a, &ret[i]);
    }
    return c->n_ops;
}
