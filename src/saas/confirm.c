/*
 * saas/confirm.c - what the vendor's complete answer means for the hold.
 *
 *   (1) released only on proof that nothing moved: a status of the connector's `no_charge`, or a row that says so.
 *   (2) a success that cannot be read, an amount that is no amount, another currency than asked for: unknown.
 *   (3) a settled number says how it is known: parsed from the answer, or the prediction, as an estimate.
 */
#include "saas/connector_impl.h"

#include "base/err.h"

#include <string.h>

#define SCRATCH_BYTES_PER_BYTE 24
#define SCRATCH_BYTES_LEAST 65536
#define OBJECTS_MAX 8

static bool is_no_charge(const struct connector *c, uint16_t status)
{
    for (size_t i = 0; i < c->n_no_charge; i++) {
        if (c->no_charge[i] == status)
            return true;
    }
    return false;
}

static bool has_outcome(enum op_class class) { return class_is_money(class) || class == CLASS_AUTHORITY; }

enum outcome saas_outcome_of_status(const struct saas_call *call, uint16_t status)
{
    if (!has_outcome(call->class))
        return OUTCOME_NONE;
    if (status >= 200 && status < 300)
        return OUTCOME_SETTLED;
    return is_no_charge(call->connector, status) ? OUTCOME_RELEASED : OUTCOME_UNKNOWN;
}

static const struct confirm_row *row_find(const struct saas_call *call, struct json root)
{
    for (size_t i = 0; i < call->op->n_confirms; i++) {
        const struct confirm_row *r = &call->op->confirms[i];
        const struct param *p = param_get(call, r->param);
        struct str value = r->param.n ? (p ? p->s : STR_NONE) : json_text_at(root, r->path);
        if ((!r->param.n && !r->path.n) || strs_has(&r->is, value))
            return r;
    }
    return NULL;
}

/* The currency that the call is known to be in; empty: not known. */
static const char *currency_known(const struct saas_call *call)
{
    return call->amount.is_known ? call->amount.currency : call->asked_currency;
}

static struct cost cost_of(const struct amount *m)
{
    struct cost cost = {HOW_UNKNOWN, 0};
    if (memcmp(m->currency, "USD", 4) == 0 && money_from_minor(m->minor, m->exponent, &cost.usd) == 0)
        cost.how = HOW_PARSED;
    return cost;
}

/* Settles at the answer's amount. */
static void settle_at(const struct saas_call *call, const struct confirm_row *row, struct json root,
                      struct saas_result *ret)
{
    int64_t minor;
    char code[4];
    const char *known = currency_known(call);
    if (!json_i64(json_path(root, row->amount), &minor) || minor < 0) {
        ret->outcome = OUTCOME_UNKNOWN;
        return;
    }
    if (!currency_code(json_text_at(root, call->op->confirm_currency), code))
        return; /* an amount without currency is none: the prediction stands */
    if (known[0] && memcmp(known, code, 4) != 0) {
        ret->outcome = OUTCOME_UNKNOWN;
        return;
    }
    if (row->is_cumulative && call->amount.is_known && minor > call->amount.minor)
        minor = call->amount.minor;
    ret->amount = (struct amount){true, minor, currency_exponent(call->connector, call->op, code), {0}};
    memcpy(ret->amount.currency, code, 4);
    ret->cost = cost_of(&ret->amount);
}

static void confirm_money(const struct saas_call *call, struct json root, struct cost predicted, struct arena *a,
                          struct saas_result *ret)
{
    ret->cost = predicted;
    if (predicted.how == HOW_PARSED)
        ret->cost.how = HOW_ESTIMATED;
    if (call->op && call->op->settle.get.n)
        settle_read(call, root, a, ret);
    if (!call->op || !call->op->n_confirms)
        return;
    const struct confirm_row *row = row_find(call, root);
    ret->outcome = row ? row->outcome : OUTCOME_UNKNOWN;
    if (row && row->outcome == OUTCOME_SETTLED && row->amount.n)
        settle_at(call, row, root, ret);
}

static struct str error_name(const struct connector *c, struct json root, struct arena *a)
{
    struct str s = json_text_at(root, c->error_code_path);
    if (!s.n && !json_number_text(json_path(root, c->error_code_path), &s))
        s = json_text_at(root, c->error_type_path);
    return str_is_token(s, "_-.", 64) ? arena_str(a, s) : STR_NONE;
}

static void learn(const struct saas_call *call, struct json object, bool is_created, struct arena *a,
                  struct saas_result *ret)
{
    struct saas_object found[OBJECTS_MAX];
    struct str type = call->op ? call->op->object : STR_NONE;
    size_t n = objects_learn(call->connector, object, type, is_created, call->customer, a, found, OBJECTS_MAX);
    if (!n)
        return;
    ret->objects = arena_alloc(a, n * sizeof(*found));
    memcpy(ret->objects, found, n * sizeof(*found));
    ret->n_objects = n;
    if (!ret->customer.n)
        ret->customer = found[0].customer;
}

/* One of each item, at most as many as one request can make. */
static void learn_list(const struct saas_call *call, struct json list, struct arena *a, struct saas_result *ret)
{
    const struct operation *op = call->op;
    struct json item;
    if (!op->items_max)
        return;
    ret->objects = arena_alloc(a, (size_t)op->items_max * sizeof(*ret->objects));
    for (struct json_iter it = json_each(list); ret->n_objects < (size_t)op->items_max && json_next(&it, NULL, &item);)
        ret->n_objects += objects_learn(call->connector, item, op->object, op->is_create, call->customer, a,
                                        &ret->objects[ret->n_objects], 1);
}

static void confirm_answer(const struct saas_call *call, bool is_success, struct str body, struct cost predicted,
                           struct arena *scratch, struct arena *a, struct saas_result *ret)
{
    struct json root;
    bool is_object = json_parse(scratch, body, CONNECTOR_JSON_DEPTH_MAX, &root) == 0 && json_type(root) == JSON_OBJECT;
    if (!is_object) {
        if (is_success && ret->outcome == OUTCOME_SETTLED && call->op && call->op->n_confirms)
            ret->outcome = OUTCOME_UNKNOWN; /* it may have happened, we cannot say what */
        else if (is_success && ret->outcome == OUTCOME_SETTLED)
            confirm_money(call, JSON_ABSENT, predicted, a, ret);
        return;
    }
    if (!is_success) {
        ret->error = error_name(call->connector, root, a);
        if (call->connector->error_object_path.n)
            learn(call, json_path(root, call->connector->error_object_path), false, a, ret);
        return;
    }
    if (ret->outcome == OUTCOME_SETTLED)
        confirm_money(call, root, predicted, a, ret);
    if (call->op && call->op->object_list.n)
        learn_list(call, json_path(root, call->op->object_list), a, ret);
    else
        learn(call, root, call->op && call->op->is_create, a, ret);
}

int saas_confirm(const struct saas_call *call, uint16_t status, struct str body, bool replay_header,
                 struct cost predicted, struct arena *a, struct saas_result *ret)
{
    struct arena scratch; /* answers may be larger than a call's arena; only what is kept is copied */
    bool is_success = status >= 200 && status < 300;
    *ret = (struct saas_result){
        .outcome = saas_outcome_of_status(call, status), .customer = call->customer, .is_replay = replay_header};
    arena_init(&scratch, body.n * SCRATCH_BYTES_PER_BYTE + SCRATCH_BYTES_LEAST);
    confirm_answer(call, is_success, body, predicted, &scratch, a, ret);
    arena_deinit(&scratch);
    if (ret->outcome == OUTCOME_RELEASED)
        ret->cost = (struct cost){HOW_PARSED, 0};
    else if (!class_is_money(call->class))
        ret->cost = (struct cost){HOW_PRICED, 0};
    else if (ret->outcome == OUTCOME_UNKNOWN)
        ret->cost = (struct cost){HOW_UNKNOWN, 0};
    return 0;
}
