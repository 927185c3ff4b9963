/*
 * admin/h_limits.c - temporary raises of limits. What limits are and count is shown by h_state.c.
 */
#include "admin/handlers.h"
#include "admin/limits_view.h"
#include "admin/request.h"
#include "base/err.h"
#include "proxy/core_raises.h"

static const struct str members[] = {STR_INIT("limit"), STR_INIT("policy"), STR_INIT("bucket"), STR_INIT("mode"),
                                     STR_INIT("by"),    STR_INIT("for"),    STR_INIT("reason")};

static bool read_mode(struct request *r, enum mode *ret)
{
    struct str text;
    if (!request_member(r, STR("mode"), &text))
        return false;
    *ret = str_eq(text, STR("test")) ? MODE_TEST : MODE_LIVE;
    if (text.n == 0 || *ret == MODE_TEST || str_eq(text, STR("live")))
        return true;
    request_fail(r, 400, "request_invalid", "`mode` is live or test");
    return false;
}

static bool read_length(struct request *r, int64_t *ret_ns)
{
    struct str text;
    if (!request_member(r, STR("for"), &text))
        return false;
    if (duration_parse(text, ret_ns) == 0 && *ret_ns <= RAISE_NS_MAX)
        return true;
    request_fail(r, 400, "request_invalid", "`for` is how long it is raised: 90s, 15m, 2h, up to 31d");
    return false;
}

/* A person of one tenant raises what counts this tenant alone. */
static bool is_own(struct request *r, struct str bucket)
{
    struct str first = bucket, rest, name, id;
    if (r->who.tenant.n == 0)
        return true;
    (void)str_cut(bucket, ',', &first, &rest);
    if (str_cut(first, '=', &name, &id) && str_eq(name, STR("key")) &&
        !core_key_is_of(r->admin->core, id, r->who.tenant))
        return false;
    return bucket_is_of(bucket, r->who.tenant, NULL);
}

static bool read_spec(struct request *r, struct raise_spec *ret)
{
    struct raise_spec s = {.mode = MODE_LIVE};
    if (!request_members_known(r, members, sizeof(members) / sizeof(members[0])) ||
        !request_member(r, STR("limit"), &s.limit) || !request_member(r, STR("policy"), &s.policy) ||
        !request_member(r, STR("bucket"), &s.bucket) || !request_member(r, STR("by"), &s.by) ||
        !request_member(r, STR("reason"), &s.reason) || !read_mode(r, &s.mode) || !read_length(r, &s.for_ns))
        return false;
    if (s.limit.n == 0)
        request_fail(r, 400, "request_invalid", "`limit` is required: the limit's name");
    else if (s.reason.n == 0 || s.reason.n > RAISE_REASON_BYTES_MAX)
        request_fail(r, 400, "request_invalid", "`reason` is required, and has %d bytes at most",
                     RAISE_REASON_BYTES_MAX);
    else if (!is_own(r, s.bucket))
        request_fail(r, 404, "not_found",
                     "a person of tenant " STR_FMT " raises only what counts this tenant alone: say whose as `bucket`",
                     STR_ARG(r->who.tenant));
    else {
        *ret = s;
        return true;
    }
    return false;
}

/* How far it goes, for the record: not whose it is. `until` 0: not said. */
static struct str reach_json(struct request *r, const struct raised *d, int64_t max, wall_t until)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w);
    limit_put_units(&w, STR("max"), d->meter, max);
    if (until)
        jw_put_wall_or_null(&w, STR("until"), until);
    jw_object_end(&w);
    struct str s = arena_str(&r->arena, buf_str(&b));
    buf_deinit(&b);
    return s;
}

static void answer(struct request *r, const struct raise_spec *s, const struct raised *d, uint64_t seq)
{
    struct json_writer w;
    char meter[METER_TEXT_BYTES];
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_str(&w, STR("id"), d->id);
    jw_put_str_or_null(&w, STR("policy"), d->policy);
    jw_put_str(&w, STR("limit"), s->limit);
    jw_put_str(&w, STR("bucket"), d->bucket);
    jw_put_str(&w, STR("meter"), meter_text(d->meter, d->currency, meter));
    limit_put_units(&w, STR("raise"), d->meter, d->by);
    limit_put_units(&w, STR("before"), d->meter, d->before);
    limit_put_units(&w, STR("after"), d->meter, d->after);
    jw_put_wall_or_null(&w, STR("until"), d->until);
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n');
    r->target = s->limit;
    r->before = reach_json(r, d, d->before, 0);
    r->after = reach_json(r, d, d->after, d->until);
    request_answer_synced(r, 200, seq);
}

void admin_on_limit_raise(struct request *r)
{
    struct raise_spec s;
    struct raised d;
    struct str why;
    uint64_t seq = 0;
    if (!read_spec(r, &s))
        return;
    int e = core_raise(r->admin->core, &s, r->who.name, &r->arena, &d, &why, &seq);
    if (e == 0)
        answer(r, &s, &d, seq);
    else if (why.n)
        request_fail(r, e == -ERR_NOT_FOUND ? 404 : 400, e == -ERR_NOT_FOUND ? "not_found" : "request_invalid",
                     STR_FMT, STR_ARG(why));
    else
        request_fail_err(r, e);
}
