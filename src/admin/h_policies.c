/*
 * admin/h_policies.c - policy documents: read, checked, put in force, and their history.
 */
#include "admin/handlers.h"
#include "admin/policy_request.h"
#include "base/err.h"
#include "proxy/core_limits.h"

#define FATES_BYTES_MAX (4u << 20)

static const struct str document_members[] = {STR_INIT("document"), STR_INIT("file")};

static void write_diags(struct json_writer *w, const struct diag_list *diags)
{
    jw_key(w, STR("diags"));
    jw_array(w);
    for (size_t i = 0; i < diags->n; i++) {
        const struct diag *d = &diags->items[i];
        jw_object(w);
        jw_put_str(w, STR("file"), d->file);
        jw_put_i64(w, STR("line"), d->line);
        jw_put_i64(w, STR("col"), d->col);
        jw_put_str(w, STR("code"), str_c(d->code));
        jw_put_str(w, STR("message"), d->message);
        jw_put_bool(w, STR("is_warning"), d->is_warning);
        jw_object_end(w);
    }
    jw_array_end(w);
}

void admin_on_policies(struct request *r)
{
    int e = core_policies_json(r->admin->core, &r->ask.json);
    if (e < 0)
        request_fail_err(r, e);
    else
        request_answer_list(r, STR("policies"));
}

static void then_history(struct request *r)
{
    if (buf_str(&r->ask.json).n <= 2) {
        request_fail(r, 404, "not_found", "there was never a policy named `" STR_FMT "`",
                     STR_ARG(str_sub(r->args[0], 0, 64)));
        return;
    }
    request_answer_list(r, STR("policies"));
}

void admin_on_policy_history(struct request *r)
{
    r->ask.q = (struct query){.kind = QUERY_POLICIES, .id = r->args[0], .rows_max = r->admin->limits->query_rows_max};
    request_ask(r, then_history);
}

bool policy_request_text(struct request *r, const struct str *names, size_t n_names, struct str *ret_text,
                         struct str *ret_file)
{
    struct str file = request_param(r, STR("file")), given = STR("");

    if (r->is_yaml) {
        *ret_text = buf_str(&r->body);
    } else {
        if (!request_members_known(r, names, n_names) || !request_member(r, STR("document"), ret_text) ||
            !request_member(r, STR("file"), &given))
            return false;
        if (json_type(json_get(r->json, STR("document"))) == JSON_NONE) {
            request_fail(r, 400, "request_invalid", "`document` is required: the policy document's text");
            return false;
        }
    }
    *ret_file = given.n ? given : file.n ? file : STR("policy");
    return true;
}

void policy_request_fail(struct request *r, const struct diag_list *diags)
{
    struct json_writer w;
    struct buf text;
    buf_init(&text, 4096);
    for (size_t i = 0; i < diags->n && !text.n; i++) {
        if (!diags->items[i].is_warning)
            (void)diag_text(&diags->items[i], &text); /* cut short at worst */
    }
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_key(&w, STR("error"));
    jw_object(&w);
    jw_put_str(&w, STR("code"), STR("policy_invalid"));
    jw_put_str(&w, STR("message"), buf_str(&text));
    jw_object_end(&w);
    write_diags(&w, diags);
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n');
    buf_deinit(&text);
    request_answer(r, 400);
}

bool policy_request_parse(struct request *r, struct str text, struct str file, struct policy **ret)
{
    struct diag_list diags;
    diag_list_init(&diags, &r->arena, POLICY_DIAGS_MAX);
    int e = policy_parse(text, file, r->admin->limits, core_known(r->admin->core), &diags, ret);
    if (e < 0 && diags.n_errors)
        policy_request_fail(r, &diags);
    else if (e < 0)
        request_fail_err(r, e);
    return e == 0;
}

/* What would become of the counters of what is in force. */
static void put_fates(struct request *r, const struct policy *p, struct json_writer *w)
{
    struct buf fates;
    if (r->who.tenant.n)
        return; /* counters are of all tenants */
    buf_init(&fates, FATES_BYTES_MAX);
    if (core_fates_json(r->admin->core, p, &fates) == 0)
        jw_put_raw(w, STR("limits"), buf_str(&fates));
    buf_deinit(&fates);
}

static struct str version_json(struct request *r, const struct policy *p)
{
    return arena_printf(&r->arena, "{\"version\":%lld,\"digest\":\"" STR_FMT "\"}", (long long)policy_version(p),
                        STR_ARG(policy_digest(p)));
}

/* What the document takes the place of, for the record. */
static void note_before(struct request *r, struct str name)
{
    const struct policy *old = core_policy_named(r->admin->core, name);
    if (old)
        r->before = version_json(r, old);
    policy_unref(old);
}

/* Said of what is in force before it goes; a document that cannot be read has none, and is refused next. */
static void read_fates(struct request *r, struct str text, struct str file, struct buf *ret)
{
    struct policy *p;
    struct diag_list diags;
    diag_list_init(&diags, &r->arena, 1);
    if (policy_parse(text, file, r->admin->limits, core_known(r->admin->core), &diags, &p) < 0)
        return;
    note_before(r, policy_name(p));
    (void)core_fates_json(r->admin->core, p, ret); /* cut short: left out of the answer */
    policy_unref(p);
}

void policy_request_apply(struct request *r, struct str text, struct str file)
{
    const struct policy *p;
    struct diag_list diags;
    struct json_writer w;
    struct buf fates;
    uint64_t seq = 0;

    buf_init(&fates, FATES_BYTES_MAX);
    read_fates(r, text, file, &fates);
    diag_list_init(&diags, &r->arena, POLICY_DIAGS_MAX);
    int e = core_policy_apply(r->admin->core, text, file, r->who.name, &diags, &p, &seq);
    if (e < 0 && diags.n_errors) {
        policy_request_fail(r, &diags);
        buf_deinit(&fates);
        return;
    }
    if (e < 0) {
        request_fail_err(r, e);
        buf_deinit(&fates);
        return;
    }
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_str(&w, STR("name"), policy_name(p));
    jw_put_str(&w, STR("digest"), policy_digest(p));
    jw_put_str(&w, STR("mode"), policy_mode_text(policy_mode(p)));
    write_diags(&w, &diags);
    if (buf_ok(&fates) == 0)
        jw_put_raw(&w, STR("limits"), buf_str(&fates));
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n');
    buf_deinit(&fates);
    r->target = policy_name(p).n ? arena_str(&r->arena, policy_name(p)) : STR_NONE;
    r->after = version_json(r, p);
    policy_unref(p);
    request_answer_synced(r, 200, seq);
}

void admin_on_policy_apply(struct request *r)
{
    struct str text, file;
    if (policy_request_text(r, document_members, 2, &text, &file))
        policy_request_apply(r, text, file);
}

void admin_on_policy_check(struct request *r)
{
    struct policy *p = NULL;
    struct diag_list diags;
    struct json_writer w;
    struct str text, file;

    if (!policy_request_text(r, document_members, 2, &text, &file))
        return;
    diag_list_init(&diags, &r->arena, POLICY_DIAGS_MAX);
    int e = policy_parse(text, file, r->admin->limits, core_known(r->admin->core), &diags, &p);
    if (e < 0 && e != -ERR_INVALID && !diags.n_errors) {
        request_fail_err(r, e);
        return;
    }
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_bool(&w, STR("ok"), e == 0);
    write_diags(&w, &diags);
    if (e == 0)
        put_fates(r, p, &w);
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n');
    if (e == 0)
        policy_unref(p);
    request_answer(r, 200);
}
