/*
 * saas/settle.c - prices that a vendor knows later than it answers: what to ask, when, and what the answer means.
 *
 * A price is a decimal text whose sign says which side it is on (Twilio writes -0.0083 for what it bills); only USD is
 * read. What cannot be read is no price: the call stays settled as it was.
 */
#include "saas/connector_impl.h"

#define POLL_PATH_BYTES_MAX 2048
#define SCRATCH_BYTES_PER_BYTE 24
#define SCRATCH_BYTES_LEAST 65536

/* ---- what an answer says ---- */

static bool is_never(const struct settle_later *s, struct json root)
{
    return s->none_path.n && strs_has(&s->none_is, json_text_at(root, s->none_path));
}

static enum saas_polled price_of(const struct settle_later *s, struct json root, struct cost *ret)
{
    char code[4];
    money_t usd;
    struct str price = json_text_at(root, s->price);
    if (is_never(s, root)) {
        *ret = (struct cost){HOW_PARSED, 0};
        return SAAS_POLLED_PRICE;
    }
    if (!price.n)
        return SAAS_POLLED_NOT_YET;
    if (price.p[0] == '-')
        price = str_sub(price, 1, price.n);
    if (!currency_code(json_text_at(root, s->currency), code) || !str_eq(str_c(code), STR("USD")) ||
        money_parse(price, &usd) < 0)
        return SAAS_POLLED_NEVER;
    *ret = (struct cost){HOW_PARSED, usd};
    return SAAS_POLLED_PRICE;
}

/* The path of the poll: {names} are parameters of the request or texts of the answer. */
static struct str poll_path(const struct saas_call *call, struct json root, struct arena *a)
{
    struct str rest = call->op->settle.get, before, name, path = STR_NONE;
    struct buf b;
    bool is_ok = true;
    buf_init(&b, POLL_PATH_BYTES_MAX);
    while (str_cut(rest, '{', &before, &rest) && str_cut(rest, '}', &name, &rest)) {
        const struct param *p = param_get(call, name);
        struct str value = p ? p->s : json_text_at(root, name);
        is_ok = is_ok && str_is_token(value, "_-", 255);
        (void)buf_add(&b, before);
        (void)buf_add(&b, value);
    }
    (void)buf_add(&b, rest);
    if (is_ok && buf_ok(&b) == 0)
        path = arena_str(a, buf_str(&b));
    buf_deinit(&b);
    return path;
}

void settle_read(const struct saas_call *call, struct json root, struct arena *a, struct saas_result *ret)
{
    struct cost cost;
    enum saas_polled polled = price_of(&call->op->settle, root, &cost);
    if (polled == SAAS_POLLED_PRICE)
        ret->cost = cost;
    else if (polled == SAAS_POLLED_NOT_YET)
        ret->poll = poll_path(call, root, a);
}

/* ---- what a poll says ---- */

bool saas_poll_after(const struct operation *op, size_t i, int64_t *ret_ms)
{
    if (i >= op->settle.n_after)
        return false;
    *ret_ms = op->settle.after_ms[i];
    return true;
}

const struct operation *saas_poll_operation(const struct connector *c, size_t i, struct str *ret_name)
{
    for (size_t k = 0; k < c->n_ops; k++) {
        if (!c->ops[k].settle.get.n || i-- > 0)
            continue;
        *ret_name = c->ops[k].name;
        return &c->ops[k];
    }
    return NULL;
}

enum saas_polled saas_poll_read(const struct operation *op, uint16_t status, struct str body, struct cost *ret)
{
    struct arena a;
    struct json root;
    if (status == 404 || status == 410)
        return SAAS_POLLED_NEVER; /* deleted meanwhile */
    if (status != 200)
        return SAAS_POLLED_NOT_YET;
    arena_init(&a, body.n * SCRATCH_BYTES_PER_BYTE + SCRATCH_BYTES_LEAST);
    enum saas_polled polled = SAAS_POLLED_NOT_YET;
    if (json_parse(&a, body, CONNECTOR_JSON_DEPTH_MAX, &root) == 0)
        polled = price_of(&op->settle, root, ret);
    arena_deinit(&a);
    return polled;
}
