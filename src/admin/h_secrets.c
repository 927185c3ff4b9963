/*
 * admin/h_secrets.c - secrets put in by hand: set, rotated, taken back, removed, listed. No answer holds a value.
 */
#include "admin/handlers.h"
#include "admin/request.h"
#include "base/err.h"
#include "proxy/core_secrets.h"

#define OVERLAP_NS_DEFAULT (24 * 3600 * NS_PER_S)

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* How it stands, for the record: never a value. */
static struct str secret_now(struct request *r, struct str name)
{
    static const struct str names[] = {STR_INIT("status"), STR_INIT("version")};
    buf_reset(&r->ask.json);
    int e = core_secrets_json(r->admin->core, name, &r->ask.json);
    return e < 0 ? STR_NONE : request_row_members(r, names, 2);
}

/* The secret as it stands now, when the change is durable. */
static void answer_secret(struct request *r, int status, struct str name, uint64_t seq)
{
    r->after = secret_now(r, name);
    request_answer_row(r, status, seq);
}

static void fail_change(struct request *r, int e, struct str name)
{
    const struct limits *l = r->admin->limits;
    if (e == -ERR_NOT_FOUND)
        request_fail(r, 404, "not_found", "there is no secret `" STR_FMT "`; flyball secret list shows them",
                     STR_ARG(name));
    else if (e == SECRET_R_NO_KEY)
        request_fail(r, 409, "secrets_key", STR_FMT, STR_ARG(core_secrets_problem(r->admin->core)));
    else if (e == SECRET_R_CLOSED)
        request_fail(r, 409, "secret_closed",
                     "the present value of `" STR_FMT "` cannot be opened, so nothing can overlap with it: put the key "
                     "back, or set the secret anew", STR_ARG(name));
    else if (e == SECRET_R_NO_BEFORE)
        request_fail(r, 409, "secret_no_before", "no earlier value of `" STR_FMT "` is known any more", STR_ARG(name));
    else if (e == SECRET_R_FULL)
        request_fail(r, 403, "secrets_max", "there are as many names of secrets as secrets_max allows (%lld)",
                     (long long)l->secrets_max);
    else if (e == SECRET_R_TOO_LONG)
        request_fail(r, 413, "secret_too_long", "the value is longer than secret_bytes_max (%lld bytes)",
                     (long long)l->secret_bytes_max);
    else if (e == SECRET_R_OVERLAP)
        request_fail(r, 400, "request_invalid", "`overlap` is longer than secret_overlap_ms_max (%lld ms)",
                     (long long)l->secret_overlap_ms_max);
    else
        request_fail_err(r, e);
}

/* --- what was sent ------------------------------------------------------------------------------------------------ */

static bool name_is_valid(struct request *r, struct str name)
{
    if (secret_name_is_valid(name))
        return true;
    request_fail(r, 400, "request_invalid", "the name of a secret is 1 to %d of letters, digits and ._-",
                 SECRET_NAME_CHARS_MAX);
    return false;
}

/* The caller frees it. False: answered, without repeating what was sent. */
static bool read_value(struct request *r, struct secret **ret)
{
    struct str text;
    if (!request_member(r, STR("value"), &text))
        return false;
    int e = secret_new(text, ret);
    if (e == -ERR_TOO_LARGE)
        fail_change(r, SECRET_R_TOO_LONG, STR_NONE);
    else if (e < 0)
        request_fail(r, 400, "secret_invalid",
                     "a secret is 1 or more visible ASCII bytes without a space at an end: what a header field can "
                     "carry");
    return e == 0;
}

/* A value in the name's place by mistake would be on record in the clear. */
static bool is_own_name(struct request *r, const struct secret *value, struct str name)
{
    if (!secret_equals(value, name))
        return false;
    request_fail(r, 400, "request_invalid",
                 "the name is the value itself: names are shown and recorded; nothing was kept");
    return true;
}

/* --- handlers ----------------------------------------------------------------------------------------------------- */

void admin_on_secrets(struct request *r)
{
    int e = core_secrets_json(r->admin->core, STR_NONE, &r->ask.json);
    if (e < 0)
        request_fail_err(r, e);
    else
        request_answer_list(r, STR("secrets"));
}

void admin_on_secret_set(struct request *r)
{
    static const struct str names[] = {STR_INIT("name"), STR_INIT("value")};
    struct secret *value;
    struct str name;
    uint64_t seq = 0;
    if (!request_members_known(r, names, 2) || !request_member(r, STR("name"), &name) || !name_is_valid(r, name) ||
        !read_value(r, &value))
        return;
    if (is_own_name(r, value, name)) {
        secret_free(value);
        return;
    }
    r->target = name;
    r->before = secret_now(r, name);
    int e = core_secret_set(r->admin->core, name, value, r->who.name, &seq);
    secret_free(value);
    if (e)
        fail_change(r, e, name);
    else
        answer_secret(r, 201, name, seq);
}

static bool read_overlap(struct request *r, int64_t *ret_ns)
{
    struct str text;
    *ret_ns = OVERLAP_NS_DEFAULT;
    if (!request_member(r, STR("overlap"), &text))
        return false;
    if (!text.n || duration_parse(text, ret_ns) == 0)
        return true;
    request_fail(r, 400, "request_invalid", "`overlap` is a duration such as 15m, 24h or 7d");
    return false;
}

void admin_on_secret_rotate(struct request *r)
{
    static const struct str names[] = {STR_INIT("value"), STR_INIT("overlap")};
    struct secret *value;
    int64_t overlap_ns;
    uint64_t seq = 0;
    if (!name_is_valid(r, r->args[0]) || !request_members_known(r, names, 2) || !read_overlap(r, &overlap_ns) ||
        !read_value(r, &value))
        return;
    r->before = secret_now(r, r->args[0]);
    int e = core_secret_rotate(r->admin->core, r->args[0], value, overlap_ns, r->who.name, &seq);
    secret_free(value);
    if (e)
        fail_change(r, e, r->args[0]);
    else
        answer_secret(r, 200, r->args[0], seq);
}

void admin_on_secret_back(struct request *r)
{
    uint64_t seq = 0;
    if (!name_is_valid(r, r->args[0]) || !request_members_known(r, NULL, 0))
        return;
    r->before = secret_now(r, r->args[0]);
    int e = core_secret_back(r->admin->core, r->args[0], r->who.name, &seq);
    if (e)
        fail_change(r, e, r->args[0]);
    else
        answer_secret(r, 200, r->args[0], seq);
}

void admin_on_secret_remove(struct request *r)
{
    uint64_t seq = 0;
    if (!name_is_valid(r, r->args[0]) || !request_members_known(r, NULL, 0))
        return;
    r->before = secret_now(r, r->args[0]);
    int e = core_secret_remove(r->admin->core, r->args[0], r->who.name, &seq);
    if (e == -ERR_NO_SPACE) {
        request_fail_stop(r, e);
        return;
    }
    if (e) {
        fail_change(r, e, r->args[0]);
        return;
    }
    r->after = secret_now(r, r->args[0]);
    (void)buf_add(&r->out, STR("{\"removed\":true}\n")); /* noted in the buf */
    request_answer_synced(r, 200, seq);
}
