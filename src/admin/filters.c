/*
 * admin/filters.c - see filters.h.
 */
#include "admin/filters.h"

#include "store/find.h"

bool filter_is_one_of(struct request *r, const char *name, struct str got, const struct str *names, size_t n)
{
    if (!got.n)
        return true;
    for (size_t i = 0; i < n; i++) {
        if (str_eq(got, names[i]))
            return true;
    }
    struct str near = diag_nearest(got, names, n), all = STR("");
    for (size_t i = 0; i < n; i++)
        all = arena_printf(&r->arena, STR_FMT "%s" STR_FMT, STR_ARG(all), i ? ", " : "", STR_ARG(names[i]));
    request_fail(r, 400, "parameter_invalid", "%s `" STR_FMT "` is not known; %s" STR_FMT "%s", name,
                 STR_ARG(str_sub(got, 0, 64)), near.n ? "did you mean `" : "there is ", STR_ARG(near.n ? near : all),
                 near.n ? "`?" : "");
    return false;
}

static bool read_amount(struct request *r, money_t *ret)
{
    struct str text = request_param(r, STR("min_usd"));
    if (text.n && (money_parse(text, ret) < 0 || *ret < 0)) {
        request_fail(r, 400, "parameter_invalid", "min_usd must be an amount of dollars such as 0.25");
        return false;
    }
    return true;
}

static bool read_status(struct request *r, int64_t *ret)
{
    struct str text = request_param(r, STR("status"));
    if (text.n && (str_to_i64(text, ret) < 0 || *ret < 100 || *ret > 599)) {
        request_fail(r, 400, "parameter_invalid", "status must be an HTTP status: 100 to 599");
        return false;
    }
    return true;
}

static bool words_are_known(struct request *r, struct str unknown)
{
    static const struct str verdicts[] = {STR_INIT("permit"), STR_INIT("deny"), STR_INIT("approve")};
    static const struct str outcomes[] = {STR_INIT("settled"), STR_INIT("released"), STR_INIT("unknown"),
                                          STR_INIT("none")};
    static const struct str layers[] = {STR_INIT("llm"), STR_INIT("saas")};
    static const struct str switches[] = {STR_INIT("1"), STR_INIT("0"), STR_INIT("true"), STR_INIT("false")};
    return filter_is_one_of(r, "verdict", request_param(r, STR("verdict")), verdicts, 3) &&
           filter_is_one_of(r, "outcome", request_param(r, STR("outcome")), outcomes, 4) &&
           filter_is_one_of(r, "layer", request_param(r, STR("layer")), layers, 2) &&
           filter_is_one_of(r, "unknown", unknown, switches, 4);
}

bool filters_keep_to_tenant(struct request *r, struct query *q)
{
    struct str asked = q->tenant;
    if (!r->who.tenant.n)
        return true;
    q->tenant = r->who.tenant;
    return !asked.n || str_eq(asked, r->who.tenant);
}

bool filters_read(struct request *r, enum query_kind kind)
{
    struct query *q = &r->ask.q;
    struct str unknown = request_param(r, STR("unknown"));
    uint64_t before, after;

    if (!words_are_known(r, unknown))
        return false;
    *q = (struct query){.kind = kind};
    q->run = request_param(r, STR("run"));
    q->agent = request_param(r, STR("agent"));
    q->tenant = request_param(r, STR("tenant"));
    q->key = request_param(r, STR("key"));
    q->vendor = request_param(r, STR("vendor"));
    q->model = request_param(r, STR("model"));
    q->operation = request_param(r, STR("operation"));
    q->verdict = request_param(r, STR("verdict"));
    q->outcome = request_param(r, STR("outcome"));
    q->layer = request_param(r, STR("layer"));
    q->class = request_param(r, STR("class"));
    q->owner = request_param(r, STR("owner"));
    q->user = request_param(r, STR("user"));
    q->customer = request_param(r, STR("customer"));
    q->code = request_param(r, STR("code"));
    q->text = request_param(r, STR("q"));
    if (q->text.n > FIND_BYTES_MAX) {
        request_fail(r, 400, "parameter_invalid", "q is at most %d bytes", FIND_BYTES_MAX);
        return false;
    }
    if (!request_limit(r, &q->rows_max) || !request_seq(r, STR("before"), &before) ||
        !request_seq(r, STR("after"), &after) || !request_time(r, STR("since"), &q->since) ||
        !request_time(r, STR("until"), &q->until) || !read_amount(r, &q->min_usd) || !read_status(r, &q->status))
        return false;
    q->before_seq = before;
    q->after_seq = after;
    if (str_eq(unknown, STR("1")) || str_eq(unknown, STR("true")))
        q->outcome = STR("unknown");
    if (!filters_keep_to_tenant(r, q))
        q->run = STR(" "); /* which no run id is */
    return true;
}
