/*
 * admin/h_keys.c - agent keys, revoke, and the stop button. Each change is in force when the core returns, and answered
 * when its frame is durable: a restart cannot forget what an operator was told.
 */
#include "admin/handlers.h"
#include "admin/request.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "identity/run.h"

#define DIAGS_MAX 20

static void write_end(struct json_writer *w, struct buf *out)
{
    jw_object_end(w);
    (void)buf_add_byte(out, '\n'); /* noted in the buf */
}

void admin_on_keys(struct request *r)
{
    int e = core_keys_json(r->admin->core, STR_NONE, r->who.tenant, &r->ask.json);
    if (e < 0)
        request_fail_err(r, e);
    else
        request_answer_list(r, STR("keys"));
}

void admin_on_key(struct request *r)
{
    struct json rows, row;
    struct buf *found = &r->ask.json;
    int e = core_keys_json(r->admin->core, r->args[0], r->who.tenant, found);
    if (e == 0)
        e = json_parse(&r->arena, buf_str(found), 16, &rows);
    if (e < 0 && e != -ERR_NOT_FOUND) {
        request_fail_err(r, e);
        return;
    }
    row = e < 0 ? JSON_ABSENT : json_type(rows) == JSON_ARRAY ? json_at(rows, 0) : rows;
    if (json_type(row) != JSON_OBJECT) {
        request_fail(r, 404, "not_found", "there is no key `" STR_FMT "`", STR_ARG(str_sub(r->args[0], 0, 64)));
        return;
    }
    struct str text = str_trim(buf_str(found));
    (void)buf_add(&r->out, str_starts(text, STR("[")) ? str_sub(text, 1, text.n - 2) : text);
    (void)buf_add_byte(&r->out, '\n');
    request_answer(r, 200);
}

static bool read_spec(struct request *r, struct key_spec *ret)
{
    static const struct str names[] = {STR_INIT("agent"), STR_INIT("owner"),   STR_INIT("tenant"), STR_INIT("policy"),
                                       STR_INIT("mode"),  STR_INIT("expires"), STR_INIT("limits"),
                                       STR_INIT("labels")};
    struct str mode;
    *ret = (struct key_spec){.mode = r->admin->default_mode};

    if (!request_members_known(r, names, sizeof(names) / sizeof(names[0])) ||
        !request_member(r, STR("agent"), &ret->agent) || !request_member(r, STR("owner"), &ret->owner) ||
        !request_member(r, STR("tenant"), &ret->tenant) || !request_member(r, STR("policy"), &ret->policy) ||
        !request_member(r, STR("mode"), &mode) || !request_member_expires(r, &ret->expires_at) ||
        !request_member_strings(r, STR("limits"), &ret->limits, &ret->n_limits) ||
        !request_member_strings(r, STR("labels"), &ret->labels, &ret->n_labels))
        return false;
    if (r->who.tenant.n && ret->tenant.n && !str_eq(ret->tenant, r->who.tenant)) {
        request_fail(r, 403, "tenant_denied", STR_FMT " can make keys of tenant " STR_FMT " only", STR_ARG(r->who.name),
                     STR_ARG(r->who.tenant));
        return false;
    }
    if (r->who.tenant.n)
        ret->tenant = r->who.tenant;
    if (mode.n && (mode_parse(mode, &ret->mode) < 0 || ret->mode == MODE_ANY)) {
        request_fail(r, 400, "request_invalid", "`mode` must be live or test");
        return false;
    }
    if (!ret->agent.n) {
        request_fail(r, 400, "request_invalid", "`agent` is required: the name of the agent that will present the key");
        return false;
    }
    return true;
}

void admin_on_key_create(struct request *r)
{
    struct key_spec spec;
    struct key_text key;
    struct diag_list diags;
    struct json_writer w;
    uint64_t seq = 0;

    if (!read_spec(r, &spec))
        return;
    diag_list_init(&diags, &r->arena, DIAGS_MAX);
    int e = core_key_create(r->admin->core, &spec, r->who.name, &diags, &key, &seq);
    if (e == -ERR_INVALID && diags.n) {
        request_fail(r, 400, "key_invalid", STR_FMT, STR_ARG(diags.items[0].message));
        return;
    }
    if (e == -ERR_TOO_LARGE) {
        request_fail(r, 403, "keys_max", "there are as many keys as keys_max allows");
        return;
    }
    if (e < 0) {
        request_fail_err(r, e);
        return;
    }

    r->has_secret = true;
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_str(&w, STR("key"), str_c(key.text));
    jw_put_str(&w, STR("id"), str_c(key.id));
    jw_put_str(&w, STR("agent"), spec.agent);
    jw_put_str(&w, STR("mode"), mode_text(spec.mode));
    jw_put_str(&w, STR("policy"), spec.policy.n ? spec.policy : STR("default"));
    write_end(&w, &r->out);
    r->target = arena_str(&r->arena, str_c(key.id));
    bytes_wipe(&key, sizeof(key));
    request_answer_synced(r, 201, seq);
}

/* `now`: streams that are open end too. */
static void sweep_if_asked(struct request *r)
{
    struct str now = request_param(r, STR("now"));
    if (str_eq(now, STR("1")) || str_eq(now, STR("true")))
        core_sweep(r->admin->core);
}

static void answer_revoked(struct request *r, size_t n, uint64_t seq)
{
    struct json_writer w;
    sweep_if_asked(r);
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_i64(&w, STR("revoked"), (int64_t)n);
    write_end(&w, &r->out);
    request_answer_synced(r, 200, seq);
}

/* A key of another tenant is as one that does not exist. */
static bool may_revoke(struct request *r, struct str id)
{
    return !r->who.tenant.n || core_key_is_of(r->admin->core, id, r->who.tenant);
}

/* What the key is, for the record: nothing personal. */
static struct str key_now(struct request *r)
{
    static const struct str names[] = {STR_INIT("status"), STR_INIT("mode"), STR_INIT("agent"), STR_INIT("policy")};
    buf_reset(&r->ask.json);
    int e = core_keys_json(r->admin->core, r->args[0], r->who.tenant, &r->ask.json);
    return e < 0 ? STR_NONE : request_row_members(r, names, sizeof names / sizeof names[0]);
}

void admin_on_key_revoke(struct request *r)
{
    uint64_t seq = 0;
    r->before = key_now(r);
    int e = may_revoke(r, r->args[0]) ? core_key_revoke(r->admin->core, r->args[0], r->who.name, &seq)
                                      : -ERR_NOT_FOUND;
    if (e == -ERR_NOT_FOUND)
        request_fail(r, 404, "not_found", "there is no key `" STR_FMT "`; give its id, not the key",
                     STR_ARG(str_sub(r->args[0], 0, 64)));
    else if (e < 0)
        request_fail_stop(r, e);
    else {
        r->after = key_now(r);
        answer_revoked(r, 1, seq);
    }
}

void admin_on_revoke(struct request *r)
{
    static const struct str names[] = {STR_INIT("agent"), STR_INIT("tenant"), STR_INIT("run")};
    struct core *core = r->admin->core;
    struct str agent, tenant, run;
    uint64_t seq = 0;
    size_t n = 1;
    int e;

    if (!request_members_known(r, names, 3) || !request_member(r, STR("agent"), &agent) ||
        !request_member(r, STR("tenant"), &tenant) || !request_member(r, STR("run"), &run))
        return;
    if (!!agent.n + !!tenant.n + !!run.n != 1) {
        request_fail(r, 400, "request_invalid", "name exactly one of agent, tenant and run");
        return;
    }
    if (tenant.n && r->who.tenant.n && !str_eq(tenant, r->who.tenant)) {
        request_fail(r, 404, "not_found", "there is no tenant `" STR_FMT "`", STR_ARG(str_sub(tenant, 0, 128)));
        return;
    }
    if (run.n && !run_id_is_valid(run)) {
        request_fail(r, 400, "request_invalid", "a run id is 1 to 128 of letters, digits and ._:-");
        return;
    }
    if (agent.n)
        e = core_revoke_agent(core, agent, r->who.tenant, r->who.name, &n, &seq);
    else if (tenant.n)
        e = core_revoke_tenant(core, tenant, r->who.name, &n, &seq);
    else
        e = core_run_stop(core, run, r->who.tenant, r->who.name, &seq);
    r->target = agent.n ? agent : tenant.n ? tenant : run;
    r->is_target_personal = tenant.n > 0;
    r->after = arena_printf(&r->arena, "{\"revoked\":%zu}", n);
    if (e < 0)
        request_fail_stop(r, e);
    else
        answer_revoked(r, n, seq);
}

static void answer_killed(struct request *r, bool is_killed, uint64_t seq)
{
    struct json_writer w;
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_bool(&w, STR("killed"), is_killed);
    write_end(&w, &r->out);
    request_answer_synced(r, 200, seq);
}

/* How the stop button stood, and how it stands, for the record. */
static void note_killed(struct request *r, bool is_killed)
{
    r->before = core_is_killed(r->admin->core) ? STR("{\"killed\":true}") : STR("{\"killed\":false}");
    r->after = is_killed ? STR("{\"killed\":true}") : STR("{\"killed\":false}");
}

void admin_on_kill(struct request *r)
{
    static const struct str names[] = {STR_INIT("reason")};
    struct str reason;
    uint64_t seq = 0;

    if (!request_members_known(r, names, 1) || !request_member(r, STR("reason"), &reason))
        return;
    if (reason.n > 1024) {
        request_fail(r, 400, "request_invalid", "`reason` is longer than 1024 bytes");
        return;
    }
    note_killed(r, true);
    int e = core_kill(r->admin->core, reason, r->who.name, &seq);
    if (e < 0) {
        request_fail_stop(r, e);
    } else {
        sweep_if_asked(r);
        answer_killed(r, true, seq);
    }
}

void admin_on_unkill(struct request *r)
{
    uint64_t seq = 0;
    if (!request_members_known(r, NULL, 0))
        return;
    note_killed(r, false);
    int e = core_unkill(r->admin->core, r->who.name, &seq);
    if (e < 0)
        request_fail_err(r, e);
    else
        answer_killed(r, false, seq);
}
