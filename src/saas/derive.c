/*
 * saas/derive.c - numbers that a request implies and does not say: recipients, parts of a text message, minutes.
 */
#include "saas/connector_impl.h"

#include "saas/sms.h"

#define SECONDS_PER_MINUTE 60

static int64_t count(const struct reading *rd, const struct derived *d)
{
    const struct operation *op = rd->call->op;
    int64_t n = 0;
    for (size_t i = 0; i < op->n_params; i++)
        n += strs_has(&d->of, op->params[i].name) ? rd->counts[i] : 0;
    return n;
}

static int segments(struct reading *rd, const struct derived *d, int64_t *ret)
{
    const struct param *text = param_get(rd->call, d->of.items[0]), *smart = param_get(rd->call, d->smart);
    struct sms_size size = {.segments = 1};
    if (text && !sms_measure(text->s, smart && str_eq(smart->s, STR("true")), &size))
        return saas_fault(rd, CODE_REQUEST_INVALID, 400, "`" STR_FMT "` is not UTF-8.", STR_ARG(text->name));
    for (size_t i = 0; i < d->longer.n; i++)
        size.segments += param_get(rd->call, d->longer.items[i]) != NULL;
    *ret = size.segments;
    return 0;
}

static int64_t minutes(const struct reading *rd, const struct derived *d)
{
    const struct param *p = param_get(rd->call, d->of.items[0]);
    int64_t seconds = p && p->kind == KIND_INT ? p->i : d->otherwise;
    return seconds / SECONDS_PER_MINUTE + (seconds % SECONDS_PER_MINUTE > 0);
}

int derive_params(struct reading *rd)
{
    struct saas_call *call = rd->call;
    for (size_t i = 0; i < call->op->n_derived; i++) {
        const struct derived *d = &call->op->derived[i];
        int64_t n = 0;
        int r = d->kind == DERIVE_SEGMENTS ? segments(rd, d, &n) : 0;
        if (r)
            return r;
        if (d->kind != DERIVE_SEGMENTS)
            n = d->kind == DERIVE_COUNT ? count(rd, d) : minutes(rd, d);
        call->params[call->n_params++] =
            (struct param){.name = d->name, .kind = KIND_INT, .i = n, .s = arena_printf(rd->a, "%lld", (long long)n)};
    }
    return 0;
}
