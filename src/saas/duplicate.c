/*
 * saas/duplicate.c - what makes two requests one, for vendors without idempotency keys.
 *
 * Absent is not empty, and values stand apart: no two different requests share what is hashed here.
 */
#include "saas/connector_impl.h"

#include "crypto/hash.h"

int64_t saas_duplicate_window(const struct saas_call *call, const struct saas_request *r, uint8_t ret_digest[32],
                              bool *ret_is_own_key)
{
    const struct duplicates *d = call->op ? &call->op->duplicates : NULL;
    struct str parts[3 * DUPLICATE_BY_MAX + 3];
    size_t n = 0;
    if (!d || !d->window_ms)
        return 0;
    *ret_is_own_key = r->has_idempotency_key;
    parts[n++] = call->operation;
    parts[n++] = r->has_idempotency_key ? STR("\0key\0") : STR("\0");
    if (r->has_idempotency_key)
        parts[n++] = r->idempotency_key;
    for (size_t i = 0; !r->has_idempotency_key && i < d->by.n; i++) {
        const struct param *p = param_get(call, d->by.items[i]);
        parts[n++] = p ? STR("+") : STR("-");
        parts[n++] = p ? p->s : STR_NONE;
        parts[n++] = STR("\0"); /* no value has a NUL */
    }
    sha256_parts(parts, n, ret_digest);
    return d->window_ms;
}

const struct operation *saas_duplicate_operation(const struct connector *c, size_t i, struct str *ret_name)
{
    for (size_t k = 0; k < c->n_ops; k++) {
        if (!c->ops[k].duplicates.window_ms || i-- > 0)
            continue;
        *ret_name = c->ops[k].name;
        return &c->ops[k];
    }
    return NULL;
}
