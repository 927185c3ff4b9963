/*
 * admin/h_policy_suggest.c - the narrowest document that permits what was seen. Read a stretch at a time, as a plan is.
 */
#include "admin/handlers.h"
#include "admin/request.h"
#include "base/err.h"
#include "base/map.h"
#include "policy/policy.h"
#include "proxy/core_keys.h"
#include "replay/suggest.h"

#define STRETCH_FRAMES 20000
#define SINCE_NS (7 * 86400 * NS_PER_S)

struct suggest_job {
    struct suggest *suggest;
    struct core *core;
    struct str name;
    wall_t since;
    bool is_over;
};

static void job_free(void *ctx) { suggest_free(((struct suggest_job *)ctx)->suggest); }

static bool key_obeys(void *ctx, struct str id, struct str *ret_policy, const struct key_limits **ret_limits)
{
    const struct suggest_job *job = ctx;
    const struct key_entry *k = core_key_named(job->core, id);
    if (!k)
        return false;
    *ret_policy = k->policy;
    *ret_limits = k->limits;
    return true;
}

static int on_frame(void *ctx, const struct frame *f) { return suggest_frame(ctx, f); }

static int work(void *ctx, struct store *s, struct store_reader *reader, struct buf *out)
{
    struct suggest_job *job = ctx;
    (void)out;
    int r = s->ops->walk(reader, suggest_seq(job->suggest), job->since, STRETCH_FRAMES, on_frame, job->suggest);
    job->is_over = r == STORE_R_END;
    return r < 0 ? r : 0;
}

static void then_suggest(struct request *r)
{
    struct suggest_job *job = r->ask.work_ctx;
    struct json_writer w;
    struct buf text;
    if (!job->is_over) {
        request_ask(r, then_suggest);
        return;
    }
    buf_init(&text, ADMIN_ANSWER_BYTES_MAX / 8);
    int e = suggest_yaml(job->suggest, &text);
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_str(&w, STR("name"), job->name);
    jw_put_str(&w, STR("document"), buf_str(&text));
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n'); /* noted in the buf */
    buf_deinit(&text);
    if (e < 0)
        request_fail_err(r, e);
    else
        request_answer(r, 200);
}

/* The version behind the one in force. */
static int64_t next_version(struct core *core, struct str name)
{
    const struct policy *p = core_policy_named(core, name);
    int64_t version = p ? policy_version(p) + 1 : 1;
    policy_unref(p);
    return version;
}

void admin_on_policy_suggest(struct request *r)
{
    struct str name = request_param(r, STR("policy"));
    struct suggest_job *job = arena_alloc(&r->arena, sizeof *job);
    struct suggest_options o = {.name = name.n ? name : STR("default"), .agent = request_param(r, STR("agent")),
                                .key = key_obeys, .key_ctx = job};
    if (!id_is_valid(o.name)) {
        request_fail(r, 400, "parameter_invalid",
                     "policy is 1 to 64 of a-z 0-9 - _, and begins with a letter or digit");
        return;
    }
    if (!request_time(r, STR("since"), &o.since))
        return;
    if (!o.since)
        o.since = loop_wall(r->admin->loop) - SINCE_NS;
    o.version = next_version(r->admin->core, o.name);
    *job = (struct suggest_job){.core = r->admin->core, .name = o.name, .since = o.since};
    int e = suggest_new(&o, &job->suggest);
    if (e < 0) {
        request_fail_err(r, e);
        return;
    }
    arena_cleanup(&r->arena, job_free, job);
    r->ask.work = work;
    r->ask.work_ctx = job;
    request_ask(r, then_suggest);
}
