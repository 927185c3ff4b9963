/*
 * admin/h_people.c - people and services with roles, and signing them in.
 *
 * Nobody gives away what they have not: an owner of one tenant makes and finds people of that tenant only.
 */
#include "admin/access.h"
#include "admin/handlers.h"
#include "admin/request.h"
#include "base/err.h"
#include "crypto/hash.h"

#define DIAGS_MAX 8

static void put_roles(struct json_writer *w, unsigned roles)
{
    jw_key(w, STR("roles"));
    jw_array(w);
    for (enum role r = ROLE_PUBLIC + 1; r < ROLE_COUNT; r++)
        if (roles & ROLE_BIT(r))
            jw_str(w, str_c(role_text(r)));
    jw_array_end(w);
}

static void write_end(struct json_writer *w, struct buf *out)
{
    jw_object_end(w);
    (void)buf_add_byte(out, '\n'); /* noted in the buf */
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

/* `id` empty: the credential itself, which has no csrf token. */
static void put_session(struct request *r, const struct principal *who, wall_t ends_at, struct str id)
{
    struct json_writer w;
    struct session_text csrf;
    wall_t expires = who->person ? who->person->expires_at : 0;
    if (ends_at && (!expires || ends_at < expires))
        expires = ends_at;
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_str(&w, STR("name"), who->name);
    put_roles(&w, who->roles);
    jw_put_str_or_null(&w, STR("tenant"), who->tenant);
    jw_put_wall_or_null(&w, STR("expires_at"), expires);
    if (id.n)
        session_csrf(id, &csrf);
    jw_put_str_or_null(&w, STR("csrf"), id.n ? str_c(csrf.text) : STR_NONE);
    write_end(&w, &r->out);
}

/* The wall's time of a moment of the loop's. */
static wall_t wall_at(struct request *r, mono_t at)
{
    struct loop *l = r->admin->loop;
    return loop_wall(l) + (at - loop_now(l));
}

void admin_on_session_begin(struct request *r)
{
    static const struct str names[] = {STR_INIT("code")};
    struct admin *a = r->admin;
    const struct session *s;
    struct session_text id;
    struct str code;

    if (!request_members_known(r, names, 1) || !request_member(r, STR("code"), &code))
        return;
    r->has_secret = true;
    if (sessions_begin(a->sessions, code, loop_now(a->loop), &id, &s) < 0) {
        access_fail(r, "link_unknown",
                    "this link was used, is too old, or never was: `flyball admin link` makes another");
        return;
    }
    int e = s->who.person ? core_person_look(a->core, s->who.person) : 0;
    if (e) {
        sessions_end(a->sessions, s);
        access_fail_person(r, e);
        return;
    }
    r->who = s->who;
    r->after = arena_printf(&r->arena, "{\"how\":\"%s\"}", s->who.how ? s->who.how : "link");
    r->set_cookie = access_cookie(r, str_c(id.text));
    put_session(r, &s->who, wall_at(r, session_ends_at(a->sessions, s)), str_c(id.text));
    bytes_wipe(&id, sizeof(id));
    request_answer(r, 200);
}

/* The session of the request, if it came by one that has not ended meanwhile. */
static const struct session *session_of(struct request *r)
{
    return r->session_id.n ? sessions_find(r->admin->sessions, r->session_id, loop_now(r->admin->loop)) : NULL;
}

void admin_on_session(struct request *r)
{
    const struct session *s = session_of(r);
    put_session(r, &r->who, s ? wall_at(r, session_ends_at(r->admin->sessions, s)) : 0, s ? r->session_id : STR_NONE);
    request_answer(r, 200);
}

void admin_on_session_end(struct request *r)
{
    const struct session *s = session_of(r);
    if (!s) {
        request_fail(r, 400, "no_session", "this request came with a credential, not with a session");
        return;
    }
    sessions_end(r->admin->sessions, s);
    r->set_cookie = access_cookie(r, STR(""));
    (void)buf_add(&r->out, STR("{\"ended\":true}\n")); /* noted in the buf */
    request_answer(r, 200);
}

/* --- links -------------------------------------------------------------------------------------------------------- */

static void answer_link(struct request *r, const struct principal *who)
{
    struct admin *a = r->admin;
    struct session_text code;
    struct json_writer w;
    sessions_link(a->sessions, who, loop_now(a->loop), &code);
    r->has_secret = true;
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_str(&w, STR("name"), who->name);
    jw_put_str(&w, STR("url"),
               arena_printf(&r->arena, "%s://" STR_FMT "/ui/?t=%s", a->tls ? "https" : "http", STR_ARG(r->head->host),
                            code.text));
    jw_put_str(&w, STR("code"), str_c(code.text));
    jw_put_wall_or_null(&w, STR("expires_at"), loop_wall(a->loop) + a->limits->sign_in_link_ms * NS_PER_MS);
    write_end(&w, &r->out);
    bytes_wipe(&code, sizeof(code));
    request_answer(r, 200);
}

void admin_on_session_link(struct request *r)
{
    if (!request_members_known(r, NULL, 0))
        return;
    r->target = r->who.name;
    answer_link(r, &r->who);
}

static void fail_unknown(struct request *r)
{
    request_fail(r, 404, "not_found", "there is nobody named `" STR_FMT "`", STR_ARG(str_sub(r->args[0], 0, 128)));
}

void admin_on_person_link(struct request *r)
{
    const struct person *p = NULL;
    if (!request_members_known(r, NULL, 0))
        return;
    int e = core_person_by_name(r->admin->core, r->args[0], &p);
    if (!p || (r->who.tenant.n && !str_eq(p->tenant, r->who.tenant))) {
        fail_unknown(r);
        return;
    }
    if (e) {
        request_fail(r, 409, e == PERSON_R_REVOKED ? "credential_revoked" : "credential_expired",
                     STR_FMT " %s, and cannot sign in", STR_ARG(p->name),
                     e == PERSON_R_REVOKED ? "was revoked" : "has expired");
        return;
    }
    struct principal who = principal_of(p);
    answer_link(r, &who);
}

/* --- people ------------------------------------------------------------------------------------------------------- */

void admin_on_people(struct request *r)
{
    int e = core_people_json(r->admin->core, r->who.tenant, &r->ask.json);
    if (e < 0)
        request_fail_err(r, e);
    else
        request_answer_list(r, STR("people"));
}

static bool read_roles(struct request *r, unsigned *ret)
{
    const struct str *texts = NULL;
    size_t n = 0, n_names;
    const struct str *names = role_names(&n_names);
    if (!request_member_strings(r, STR("roles"), &texts, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        enum role role;
        if (role_parse(texts[i], &role) < 0) {
            struct str near = diag_nearest(texts[i], names, n_names);
            request_fail(r, 400, "request_invalid", "there is no role `" STR_FMT "`%s" STR_FMT "%s",
                         STR_ARG(str_sub(texts[i], 0, 64)), near.n ? "; did you mean `" : "", STR_ARG(near),
                         near.n ? "`?" : "");
            return false;
        }
        *ret |= ROLE_BIT(role);
    }
    return true;
}

/* The tenant: of one who has one, no other can be given. */
static bool read_tenant(struct request *r, struct str *ret)
{
    if (!request_member(r, STR("tenant"), ret))
        return false;
    if (!r->who.tenant.n || str_eq(*ret, r->who.tenant))
        return true;
    if (!ret->n) {
        *ret = r->who.tenant;
        return true;
    }
    request_fail(r, 403, "tenant_denied", STR_FMT " can give roles for tenant " STR_FMT " only", STR_ARG(r->who.name),
                 STR_ARG(r->who.tenant));
    return false;
}

static bool read_person(struct request *r, struct person_spec *ret)
{
    static const struct str names[] = {STR_INIT("name"), STR_INIT("kind"), STR_INIT("roles"), STR_INIT("tenant"),
                                       STR_INIT("expires")};
    static const struct str kinds[] = {STR_INIT("person"), STR_INIT("service")};
    struct str kind;
    *ret = (struct person_spec){.roles = 0};
    if (!request_members_known(r, names, sizeof(names) / sizeof(names[0])) ||
        !request_member(r, STR("name"), &ret->name) || !request_member(r, STR("kind"), &kind) ||
        !read_roles(r, &ret->roles) || !read_tenant(r, &ret->tenant) || !request_member_expires(r, &ret->expires_at))
        return false;
    if (kind.n && !str_eq(kind, kinds[0]) && !str_eq(kind, kinds[1])) {
        request_fail(r, 400, "request_invalid", "`kind` must be person or service");
        return false;
    }
    ret->is_service = str_eq(kind, kinds[1]);
    if (str_eq(ret->name, principal_of_folder().name)) {
        request_fail(r, 409, "person_exists", "`admin` is whoever has the token of the data folder");
        return false;
    }
    return true;
}

/* What the action leaves on record: roles. */
static struct str roles_json(struct request *r, unsigned roles)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w);
    put_roles(&w, roles);
    jw_object_end(&w);
    struct str s = arena_str(&r->arena, buf_str(&b));
    buf_deinit(&b);
    return s;
}

static void answer_created(struct request *r, const struct person_spec *s, struct person_token *token, uint64_t seq)
{
    struct json_writer w;
    r->has_secret = true;
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_str(&w, STR("token"), str_c(token->text));
    jw_put_str(&w, STR("name"), s->name);
    jw_put_str(&w, STR("kind"), s->is_service ? STR("service") : STR("person"));
    put_roles(&w, s->roles);
    jw_put_str_or_null(&w, STR("tenant"), s->tenant);
    jw_put_wall_or_null(&w, STR("expires_at"), s->expires_at);
    write_end(&w, &r->out);
    bytes_wipe(token, sizeof(*token));
    r->target = s->name;
    r->before = roles_json(r, 0); /* who has some cannot be created */
    r->after = roles_json(r, s->roles);
    request_answer_synced(r, 201, seq);
}

void admin_on_person_create(struct request *r)
{
    struct person_spec spec;
    struct person_token token;
    struct diag_list diags;
    uint64_t seq = 0;

    if (!read_person(r, &spec))
        return;
    diag_list_init(&diags, &r->arena, DIAGS_MAX);
    int e = core_person_create(r->admin->core, &spec, r->who.name, &diags, &token, &seq);
    if (e == -ERR_INVALID && diags.n)
        request_fail(r, 400, "person_invalid", STR_FMT, STR_ARG(diags.items[0].message));
    else if (e == PERSON_R_EXISTS)
        request_fail(r, 409, "person_exists", "there is a `" STR_FMT "` already: revoke it first", STR_ARG(spec.name));
    else if (e == -ERR_TOO_LARGE)
        request_fail(r, 403, "people_max", "there are as many people as people_max allows");
    else if (e < 0)
        request_fail_err(r, e);
    else
        answer_created(r, &spec, &token, seq);
}

void admin_on_person_revoke(struct request *r)
{
    struct json_writer w;
    uint64_t seq = 0;
    if (!request_members_known(r, NULL, 0))
        return;
    r->before = roles_json(r, core_person_roles(r->admin->core, r->args[0]));
    r->after = roles_json(r, 0);
    int e = core_person_revoke(r->admin->core, r->args[0], r->who.tenant, r->who.name, &seq);
    if (e == -ERR_NOT_FOUND) {
        fail_unknown(r);
        return;
    }
    if (e < 0) {
        request_fail_stop(r, e);
        return;
    }
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_i64(&w, STR("revoked"), 1);
    write_end(&w, &r->out);
    request_answer_synced(r, 200, seq);
}
