/*
 * tests/unit/llm/llm_fixture.h - one request to a model, and what is read of it.
 */
#pragma once

#include "base/err.h"
#include "llm/request.h"
#include "unit.h"

struct fixture {
    struct limits limits;
    struct arena arena;
    struct buf buf;
};

static struct fixture fx;

static inline int set_up(void **state)
{
    limits_default(&fx.limits);
    arena_init(&fx.arena, 4 << 20);
    buf_init(&fx.buf, 64 << 20);
    return 0;
}

static inline int tear_down(void **state)
{
    arena_deinit(&fx.arena);
    buf_deinit(&fx.buf);
    return 0;
}

static inline struct llm_request request(enum llm_shape shape, struct str body)
{
    return (struct llm_request){.shape = shape, .content_type = STR("application/json"), .body = body};
}

static inline struct llm_call read_ok(struct llm_request r)
{
    struct llm_call call;
    struct llm_problem problem = {0};
    int err = llm_read(&r, &fx.limits, &fx.arena, &call, &problem);
    if (err != 0)
        fail_msg("%d: " STR_FMT " in " STR_FMT, err, STR_ARG(problem.text), STR_ARG(str_sub(r.body, 0, 300)));
    return call;
}

static inline struct llm_problem read_bad(struct llm_request r)
{
    struct llm_call call;
    struct llm_problem problem = {0};
    assert_int_equal(llm_read(&r, &fx.limits, &fx.arena, &call, &problem), LLM_R_PROBLEM);
    return problem;
}
