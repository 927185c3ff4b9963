/*
 * admin/h_policy_plan.c - what a document would have made of recorded calls. The reader thread replays a stretch of
 * frames at a time and then takes its turn again behind other questions, so that a long plan keeps nobody waiting; when
 * the client leaves, no further stretch is begun.
 */
#include "admin/handlers.h"
#include "admin/policy_request.h"
#include "base/err.h"
#include "base/map.h"
#include "proxy/core_keys.h"
#include "replay/plan.h"

#define STRETCH_FRAMES 20000
#define CHANGED_DEFAULT 100
#define KEYS_MAX 100000
#define DAY_NS (86400 * NS_PER_S)

struct plan_job {
    struct plan *plan;
    struct core *core;
    struct map keys; /* id -> struct key_entry, which stays for good */
    wall_t since;
    bool is_over;
};

static void job_free(void *ctx)
{
    struct plan_job *job = ctx;
    plan_free(job->plan);
    map_deinit(&job->keys);
}

/* --- on the reader's thread ------------------------------------------------------------------------------------ */

static bool key_obeys(void *ctx, struct str id, struct str *ret_policy, const struct key_limits **ret_limits)
{
    struct plan_job *job = ctx;
    const struct key_entry *k = map_get(&job->keys, id);
    if (!k) {
        k = core_key_named(job->core, id);
        if (!k)
            return false;
        (void)map_put(&job->keys, id, (void *)(uintptr_t)k, NULL); /* else it is asked for again */
    }
    *ret_policy = k->policy;
    *ret_limits = k->limits;
    return true;
}

static int on_frame(void *ctx, const struct frame *f)
{
    return plan_frame(ctx, f);
}

static int work(void *ctx, struct store *s, struct store_reader *reader, struct buf *out)
{
    struct plan_job *job = ctx;
    (void)out;
    int r = s->ops->walk(reader, plan_seq(job->plan), job->since, STRETCH_FRAMES, on_frame, job->plan);
    job->is_over = r == STORE_R_END;
    return r < 0 ? r : 0;
}

/* --- on the admin's thread ------------------------------------------------------------------------------------- */

static void then_plan(struct request *r)
{
    struct plan_job *job = r->ask.work_ctx;
    if (!job->is_over) {
        request_ask(r, then_plan);
        return;
    }
    int e = plan_json(job->plan, &r->out);
    (void)buf_add_byte(&r->out, '\n'); /* noted in the buf */
    if (e < 0)
        request_fail_err(r, e);
    else
        request_answer(r, 200);
}

static bool read_options(struct request *r, struct plan_options *o)
{
    struct json changed = json_get(r->json, STR("changed"));
    int64_t n = CHANGED_DEFAULT;
    if (!request_member_time(r, STR("since"), &o->since) || !request_member_time(r, STR("until"), &o->until))
        return false;
    if (!o->since)
        o->since = loop_wall(r->admin->loop) - DAY_NS;
    if (json_type(changed) != JSON_NONE &&
        (!json_i64(changed, &n) || n < 0 || n > r->admin->limits->query_rows_max)) {
        request_fail(r, 400, "request_invalid", "`changed` must be a number from 0 to %lld",
                     (long long)r->admin->limits->query_rows_max);
        return false;
    }
    o->changed_max = (size_t)n;
    o->buckets_max = (size_t)r->admin->limits->buckets_max;
    return true;
}

static int begin(struct request *r, struct plan_options *o, struct plan_job **ret)
{
    struct plan_job *job = arena_alloc(&r->arena, sizeof *job);
    o->key = key_obeys;
    o->key_ctx = job;
    job->core = r->admin->core;
    job->since = o->since;
    map_init(&job->keys, KEYS_MAX, NULL);
    int e = plan_new(o, &job->plan);
    if (e == 0)
        arena_cleanup(&r->arena, job_free, job);
    else
        map_deinit(&job->keys);
    *ret = job;
    return e;
}

void admin_on_policy_plan(struct request *r)
{
    static const struct str names[] = {STR_INIT("document"), STR_INIT("file"), STR_INIT("since"), STR_INIT("until"),
                                       STR_INIT("changed")};
    struct plan_options o = {0};
    struct plan_job *job;
    struct policy *new;
    struct str text, file;
    if (!policy_request_text(r, names, 5, &text, &file) || !read_options(r, &o) ||
        !policy_request_parse(r, text, file, &new))
        return;
    o.new = new;
    o.old = core_policy_named(r->admin->core, policy_name(new));
    int e = begin(r, &o, &job);
    policy_unref(o.old);
    policy_unref(new);
    if (e < 0) {
        request_fail_err(r, e);
        return;
    }
    r->ask.work = work;
    r->ask.work_ctx = job;
    request_ask(r, then_plan);
}
