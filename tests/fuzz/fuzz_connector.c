/*
 * tests/fuzz/fuzz_connector.c - connectors: files are read or refused, requests are refused or mean what is sent on.
 *
 * The first line of the input says what the rest is:
 *   "file"            connector.yaml: parsed, or every fault has a place.
 *   "answer STATUS"   a vendor's answer to a refund: an outcome, never a settled number without a source.
 *   "lookup STATUS"   a look-up's answer: it fills amounts that are integers, or none.
 *   "poll STATUS"     a poll of a message's price: a price, or none.
 *   "prices"          a table of e-mail prices of one's own: obeyed, or every fault has a place.
 *   "METHOD PATH?QUERY"  a request to Stripe with the rest as its form: what is forwarded is read again the same.
 *   "twilio METHOD PATH?QUERY", "resend METHOD PATH?QUERY"  the same to these, Resend's in JSON.
 */
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "fuzz.h"
#include "saas/call.h"

static struct connector *parse(struct str name, const struct limits *limits)
{
    struct connector *c = NULL;
    struct arena a;
    struct diag_list diags;
    struct str text;
    arena_init(&a, 1 << 20);
    diag_list_init(&diags, &a, 10);
    fuzz_check(connector_builtin(name, &text));
    fuzz_check(connector_parse(text, STR("connector.yaml"), limits, &diags, &c) == 0);
    arena_deinit(&a);
    return c;
}

enum vendor { STRIPE, TWILIO, RESEND, VENDORS };
static const struct str names[VENDORS] = {STR_INIT("stripe"), STR_INIT("twilio"), STR_INIT("resend")};

static const struct connector *connector_of(enum vendor v, const struct limits *limits)
{
    static struct connector *read[VENDORS]; /* once a process: they are immutable */
    if (!read[v])
        read[v] = parse(names[v], limits);
    return read[v];
}

static void fuzz_file(struct str text, const struct limits *limits)
{
    struct arena a;
    struct diag_list diags;
    struct connector *c = NULL;
    arena_init(&a, 4 << 20);
    diag_list_init(&diags, &a, 20);
    int r = connector_parse(text, STR("f"), limits, &diags, &c);
    fuzz_check((r == 0) == (c != NULL) && (r == 0) == (diags.n_errors == 0));
    connector_free(c);
    arena_deinit(&a);
}

static void fuzz_prices(struct str text, const struct limits *limits)
{
    struct connector *c = parse(STR("resend"), limits);
    struct arena a;
    struct diag_list diags;
    arena_init(&a, 4 << 20);
    diag_list_init(&diags, &a, 20);
    int r = connector_override_prices(c, text, STR("f"), &diags);
    fuzz_check((r == 0) == (diags.n_errors == 0));
    connector_free(c);
    arena_deinit(&a);
}

static void check_problem(const struct saas_problem *p)
{
    fuzz_check(p->code == CODE_REQUEST_INVALID || p->code == CODE_REQUEST_AMBIGUOUS ||
               p->code == CODE_REQUEST_TOO_LARGE);
    fuzz_check(p->status >= 400 && p->status < 500 && p->text.n > 0);
}

/* An error is no memory or a cap; it cannot be a problem without words. */
static int read_request(const struct connector *c, struct saas_request *r, const struct limits *limits, struct arena *a,
                        struct saas_call *ret)
{
    struct saas_problem problem = {0};
    int err = saas_read(c, saas_find(c, r->method, r->path), r, limits, a, ret, &problem);
    if (err == SAAS_R_PROBLEM)
        check_problem(&problem);
    fuzz_check(err == 0 || err == SAAS_R_PROBLEM || err == -ERR_TOO_LARGE);
    return err;
}

static void check_same(const struct saas_call *x, const struct saas_call *y)
{
    fuzz_check(x->op == y->op && x->class == y->class && x->n_params == y->n_params);
    fuzz_check(str_eq(x->body, y->body) && str_eq(x->query, y->query) && str_eq(x->path, y->path));
    fuzz_check(x->amount.is_known == y->amount.is_known && x->amount.minor == y->amount.minor);
    fuzz_check(memcmp(x->amount.currency, y->amount.currency, 4) == 0 && x->amount.exponent == y->amount.exponent);
    fuzz_check(str_eq(x->customer, y->customer) && str_eq(x->subject, y->subject));
    struct cost cost = saas_predict(x), again = saas_predict(y);
    fuzz_check(cost.how == again.how && cost.usd == again.usd && cost.usd >= 0);
    for (size_t i = 0; i < x->n_params; i++)
        fuzz_check(str_eq(x->params[i].name, y->params[i].name) && str_eq(x->params[i].s, y->params[i].s));
}

static void fuzz_request(enum vendor v, struct str method, struct str target, struct str body,
                         const struct limits *limits)
{
    const struct connector *c = connector_of(v, limits);
    struct str path = target, query = STR_NONE;
    struct arena a;
    struct saas_call call, back;
    bool has_query = str_cut(target, '?', &path, &query);
    struct saas_request r = {.method = method,
                             .path = path,
                             .query = query,
                             .has_query = has_query,
                             .body = body,
                             .content_type = v == RESEND ? STR("application/json")
                                                         : STR("application/x-www-form-urlencoded")};
    arena_init(&a, 4 << 20);
    if (read_request(c, &r, limits, &a, &call) == 0) {
        fuzz_check(saas_find(c, method, path) == call.op);
        fuzz_check(call.op || str_ends(call.operation, STR(".unknown")));
        fuzz_check(!call.amount.is_known || call.amount.minor >= 0);
        struct saas_request again = {.method = method,
                                     .path = call.path,
                                     .query = call.query,
                                     .has_query = call.query.n > 0,
                                     .body = call.body,
                                     .content_type = call.content_type};
        if (call.op) {
            fuzz_check(read_request(c, &again, limits, &a, &back) == 0);
            check_same(&call, &back);
        }
    }
    arena_deinit(&a);
}

static void fuzz_answer(bool is_lookup, struct str status_text, struct str body, const struct limits *limits)
{
    struct saas_request r = {.method = STR("POST"),
                             .path = STR("/v1/refunds"),
                             .body = STR("charge=ch_1"),
                             .content_type = STR("application/x-www-form-urlencoded")};
    struct arena a;
    struct saas_call call;
    struct saas_result result;
    struct saas_object objects[4];
    struct saas_problem problem;
    int64_t status = 200;
    size_t n;
    (void)str_to_i64(status_text, &status); /* else 200 */
    arena_init(&a, 4 << 20);
    fuzz_check(read_request(connector_of(STRIPE, limits), &r, limits, &a, &call) == 0);
    if (is_lookup) {
        int err = saas_lookup_apply(&call, (uint16_t)status, body, &a, objects, 4, &n, &problem);
        fuzz_check(n <= 4 && (err == 0 || (err == SAAS_R_PROBLEM && !call.amount.is_known)));
        fuzz_check(!call.amount.is_known || call.amount.minor >= 0);
    } else {
        fuzz_check(saas_confirm(&call, (uint16_t)status, body, false, saas_predict(&call), &a, &result) == 0);
        fuzz_check(result.outcome != OUTCOME_OPEN && result.outcome != OUTCOME_NONE);
        fuzz_check(result.outcome != OUTCOME_SETTLED || ((uint16_t)status >= 200 && (uint16_t)status < 300));
        fuzz_check(result.cost.how != HOW_PARSED || result.cost.usd >= 0);
    }
    arena_deinit(&a);
}

static void fuzz_poll(struct str status_text, struct str body, const struct limits *limits)
{
    struct saas_request r = {.method = STR("POST"),
                             .path = STR("/2010-04-01/Accounts/AC1/Messages.json"),
                             .body = STR("To=%2B14155550123&Body=a"),
                             .content_type = STR("application/x-www-form-urlencoded")};
    struct arena a;
    struct saas_call call;
    struct saas_result result;
    struct cost cost = {HOW_UNKNOWN, 0};
    int64_t status = 200;
    (void)str_to_i64(status_text, &status); /* else 200 */
    arena_init(&a, 4 << 20);
    fuzz_check(read_request(connector_of(TWILIO, limits), &r, limits, &a, &call) == 0);
    enum saas_polled polled = saas_poll_read(call.op, (uint16_t)status, body, &cost);
    fuzz_check((polled == SAAS_POLLED_PRICE) == (cost.how == HOW_PARSED) && cost.usd >= 0);
    fuzz_check(saas_confirm(&call, (uint16_t)status, body, false, saas_predict(&call), &a, &result) == 0);
    fuzz_check(!result.poll.n || str_starts(result.poll, STR("/2010-04-01/Accounts/AC1/Messages/")));
    arena_deinit(&a);
}

static void fuzz_line(struct str line, struct str rest, const struct limits *limits)
{
    struct str word, more, method;
    if (!str_cut(line, ' ', &word, &more))
        return;
    if (str_eq(word, STR("answer")) || str_eq(word, STR("lookup")))
        fuzz_answer(str_eq(word, STR("lookup")), more, rest, limits);
    else if (str_eq(word, STR("poll")))
        fuzz_poll(more, rest, limits);
    else if (str_eq(word, STR("twilio")) && str_cut(more, ' ', &method, &more))
        fuzz_request(TWILIO, method, more, rest, limits);
    else if (str_eq(word, STR("resend")) && str_cut(more, ' ', &method, &more))
        fuzz_request(RESEND, method, more, rest, limits);
    else
        fuzz_request(STRIPE, word, more, rest, limits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct limits limits;
    struct str text = fuzz_str(data, n), line, rest;
    limits_default(&limits);
    if (!str_cut(text, '\n', &line, &rest))
        return 0;
    if (str_eq(line, STR("file")))
        fuzz_file(rest, &limits);
    else if (str_eq(line, STR("prices")))
        fuzz_prices(rest, &limits);
    else
        fuzz_line(line, rest, &limits);
    return 0;
}
