/*
 * saas/lookup.c - the one GET that fills what a request leaves out: amount, currency, customer.
 *
 * A look-up never overrules the request: where both speak they must agree, else the facts stay unknown and the reason
 * says so.
 */
#include "saas/connector_impl.h"

#include "base/check.h"
#include "base/err.h"

#include <string.h>

#define LOOKUP_PATH_BYTES_MAX 2048

bool saas_lookup_path(const struct saas_call *call, bool wants_amount, bool wants_customer, struct arena *a,
                      struct str *ret_path)
{
    if (!((wants_amount && call->can_look_up_amount) || (wants_customer && call->can_look_up_customer)))
        return false;
    struct buf b;
    buf_init(&b, LOOKUP_PATH_BYTES_MAX);
    struct str rest = call->lookup->get, before, name;
    while (str_cut(rest, '{', &before, &rest) && str_cut(rest, '}', &name, &rest)) {
        const struct param *p = param_get(call, name);
        check(p); /* lookup_choose() saw it, and it is an id or was checked as one */
        (void)buf_add(&b, before);
        (void)buf_add(&b, p->s);
    }
    (void)buf_add(&b, rest);
    bool is_ok = buf_ok(&b) == 0 && arena_try_str(a, buf_str(&b), ret_path) == 0;
    buf_deinit(&b);
    return is_ok;
}

struct str saas_lookup_path_template(const struct saas_call *call)
{
    struct str path = call->lookup ? call->lookup->get : STR_NONE, query;
    (void)str_cut(path, '?', &path, &query); /* mostly it has none */
    return path;
}

static int refuse(struct saas_call *call, struct arena *a, struct saas_problem *ret, const char *why)
{
    *ret = (struct saas_problem){
        CODE_REQUEST_INVALID, 400,
        arena_printf(a, "The look-up for " STR_FMT " did not help: %s.", STR_ARG(call->operation), why)};
    return SAAS_R_PROBLEM;
}

static void fill_amount(struct saas_call *call, struct json root, const char code[4])
{
    const struct lookup *l = call->lookup;
    int64_t minor = call->asked_minor;
    bool has_minor = call->has_asked_amount;
    for (size_t i = 0; !has_minor && i < l->n_amounts; i++)
        has_minor = amount_eval(root, &l->amounts[i], &minor);
    if (!has_minor || call->amount.is_known)
        return;
    call->amount = (struct amount){true, minor, currency_exponent(call->connector, call->op, code), {0}};
    memcpy(call->amount.currency, code, 4);
}

int saas_lookup_apply(struct saas_call *call, uint16_t status, struct str body, struct arena *a,
                      struct saas_object *ret_objects, size_t objects_max, size_t *ret_n,
                      struct saas_problem *ret_problem)
{
    const struct lookup *l = call->lookup;
    struct json root;
    char code[4] = {0};
    *ret_n = 0;
    call->can_look_up_amount = call->can_look_up_customer = false; /* asked once, whatever comes of it */
    if (!l)
        return refuse(call, a, ret_problem, "the operation has none");
    if (status != 200)
        return refuse(call, a, ret_problem,
                      status == 404 ? "the vendor knows no such object" : "the vendor refused it");
    if (json_parse(a, body, CONNECTOR_JSON_DEPTH_MAX, &root) < 0 || json_type(root) != JSON_OBJECT)
        return refuse(call, a, ret_problem, "the answer is not a JSON object");
    bool has_currency = l->currency.n && currency_code(json_text_at(root, l->currency), code);
    if (has_currency && call->asked_currency[0] && memcmp(code, call->asked_currency, 4) != 0)
        return refuse(call, a, ret_problem, "the object has another currency than the request");
    struct str customer = json_first_text(root, &l->customers);
    if (customer.n && call->asked_customer.n && !str_eq(customer, call->asked_customer))
        return refuse(call, a, ret_problem, "the object belongs to another customer than the request names");
    if (has_currency)
        fill_amount(call, root, code);
    if (str_is_token(customer, "_-.", 255)) {
        call->customer = arena_str(a, customer);
        call->customer_source = SOURCE_LOOKUP;
    }
    *ret_n = objects_learn(call->connector, root, STR_NONE, false, call->customer, a, ret_objects, objects_max);
    return 0;
}
