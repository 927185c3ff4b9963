/*
 * tests/unit/saas/stripe_fixture.h - the built-in Stripe connector, read once a test, and one request.
 */
#pragma once

#include "base/err.h"
#include "saas/call.h"
#include "unit.h"

struct fixture {
    struct connector *stripe;
    struct limits limits;
    struct arena arena;
    struct buf out;
};

static struct fixture fx;

static inline int set_up(void **state)
{
    struct diag_list diags;
    struct str text;
    limits_default(&fx.limits);
    arena_init(&fx.arena, 16 << 20);
    buf_init(&fx.out, 1 << 20);
    diag_list_init(&diags, &fx.arena, 20);
    assert_true(connector_builtin(STR("stripe"), &text));
    assert_int_equal(connector_parse(text, STR("stripe/connector.yaml"), &fx.limits, &diags, &fx.stripe), 0);
    return 0;
}

static inline int tear_down(void **state)
{
    connector_free(fx.stripe);
    arena_deinit(&fx.arena);
    buf_deinit(&fx.out);
    return 0;
}

static inline struct saas_request post(const char *path, const char *body)
{
    return (struct saas_request){.method = STR("POST"),
                                 .path = str_c(path),
                                 .body = str_c(body),
                                 .content_type = STR("application/x-www-form-urlencoded")};
}

static inline int read_stripe(const struct saas_request *r, struct arena *a, struct saas_call *ret,
                              struct saas_problem *ret_problem)
{
    const struct operation *op = saas_find(fx.stripe, r->method, r->path);
    return saas_read(fx.stripe, op, r, &fx.limits, a, ret, ret_problem);
}

static inline struct saas_call read_ok(struct saas_request r)
{
    struct saas_call call;
    struct saas_problem problem = {0};
    int err = read_stripe(&r, &fx.arena, &call, &problem);
    if (err != 0)
        fail_msg("%d: " STR_FMT, err, STR_ARG(problem.text));
    return call;
}

static inline struct saas_problem read_bad(struct saas_request r)
{
    struct saas_call call;
    struct saas_problem problem = {0};
    assert_int_equal(read_stripe(&r, &fx.arena, &call, &problem), SAAS_R_PROBLEM);
    return problem;
}
