/*
 * admin/access.c - reads the credential of a request, asks whose it is, and holds it against the verb.
 */
#include "admin/access.h"

#include "admin/failed_news.h"
#include "admin/guard.h"
#include "admin/request.h"
#include "base/counter.h"
#include "base/err.h"
#include "crypto/hash.h"
#include "http/head.h"

#define FAILURES_PER_NS (60 * NS_PER_S)

static struct str field(const struct http_head *head, const char *name)
{
    struct str value = STR("");
    (void)http_head_get(head, str_c(name), &value); /* absent is "" */
    return value;
}

/* --- refusals ----------------------------------------------------------------------------------------------------- */

bool access_may_fail(const struct admin *a, struct failures *f)
{
    mono_t now = loop_now(a->loop);
    if (now - f->since > FAILURES_PER_NS)
        *f = (struct failures){.since = now};
    counter_add(COUNTER_admin_failures, 1);
    return ++f->n <= a->limits->sign_in_failures_max;
}

bool access_failed_too_often(const struct admin *a, const struct failures *f)
{
    return f->n > a->limits->sign_in_failures_max && loop_now(a->loop) - f->since <= FAILURES_PER_NS;
}

void access_note(struct request *r, const char *reason)
{
    char text[64];
    failed_news_add(&r->admin->failed_news, reason, request_address(r, text));
}

void access_fail(struct request *r, const char *code, const char *sentence)
{
    access_note(r, code);
    if (access_may_fail(r->admin, &r->admin->failures))
        request_fail(r, 401, code, "%s", sentence);
    else
        request_fail(r, 429, "rate_limited", "too many credentials that do not exist were tried: wait a minute");
}

void access_fail_person(struct request *r, int result)
{
    bool is_revoked = result == PERSON_R_REVOKED, is_over = is_revoked || result == PERSON_R_EXPIRED;
    if (is_over)
        access_note(r, is_revoked ? "credential_revoked" : "credential_expired");
    if (is_revoked)
        request_fail(r, 401, "credential_revoked", "this credential was revoked");
    else if (is_over)
        request_fail(r, 401, "credential_expired", "this credential has expired");
    else
        access_fail(r, "unauthorized",
                    "this credential is not known: take the one in admin.token of the data folder, or one that "
                    "`flyball admin create` showed");
}

/* --- who ---------------------------------------------------------------------------------------------------------- */

static bool by_bearer(struct request *r, struct str token)
{
    struct admin *a = r->admin;
    uint8_t hash[PERSON_HASH_BYTES];
    const struct person *p = NULL;
    if (a->token.n && token.n == a->token.n && bytes_equal(token.p, a->token.p, token.n)) {
        r->who = principal_of_folder();
        return true;
    }
    int e = person_token_hash(token, hash) < 0 ? -ERR_NOT_FOUND : core_person_by_hash(a->core, hash, &p);
    if (e) {
        access_fail_person(r, e);
        return false;
    }
    r->who = principal_of(p);
    return true;
}

static bool by_session(struct request *r, struct str id)
{
    struct admin *a = r->admin;
    const struct session *s = sessions_find(a->sessions, id, loop_now(a->loop));
    int e = s && s->who.person ? core_person_look(a->core, s->who.person) : 0;
    if (!s) {
        request_fail(r, 401, "session_ended", "the session is over, or never was: sign in again");
        return false;
    }
    if (e) {
        sessions_end(a->sessions, s);
        access_fail_person(r, e);
        return false;
    }
    r->who = s->who;
    r->session_id = id;
    return true;
}

static struct str cookie_name(const struct admin *a)
{
    return str_c(a->cookie_name);
}

static bool find_principal(struct request *r, const struct http_head *head)
{
    struct str authorization = field(head, "authorization"), scheme, token, id;
    if (authorization.n) {
        if (str_cut(authorization, ' ', &scheme, &token) && str_eq_nocase(scheme, STR("Bearer")))
            return by_bearer(r, str_trim(token));
        access_fail_person(r, -ERR_NOT_FOUND);
        return false;
    }
    if (cookie_value(field(head, "cookie"), cookie_name(r->admin), &id))
        return by_session(r, id);
    request_fail(r, 401, "unauthorized",
                 "send `Authorization: Bearer TOKEN`, with the token in the data folder's admin.token or one of "
                 "`flyball admin create`; or sign in with a link of `flyball admin link`");
    return false;
}

/* --- may they ----------------------------------------------------------------------------------------------------- */

static bool role_fits(struct request *r)
{
    if (!roles_allow(r->who.roles, r->verb->role)) {
        request_fail(r, 403, "role_missing", "this takes the role %s, which " STR_FMT " has not",
                     role_text(r->verb->role), STR_ARG(r->who.name));
        return false;
    }
    if (r->who.tenant.n && !verb_keeps_tenant(r->verb)) {
        request_fail(r, 403, "tenant_denied",
                     "this is about all tenants, and " STR_FMT " is of tenant " STR_FMT " only", STR_ARG(r->who.name),
                     STR_ARG(r->who.tenant));
        return false;
    }
    return true;
}

/*
 * What a page of another origin makes a browser send says so; programs say nothing of the kind. Sec-Fetch-Site is the
 * browser's own word, and counts more: behind a proxy of another name Origin is that name, and our page is our page.
 */
static bool origin_fits(struct request *r, const struct http_head *head)
{
    struct str origin = field(head, "origin"), site = field(head, "sec-fetch-site");
    bool is_foreign = site.n     ? str_eq(site, STR("cross-site")) || str_eq(site, STR("same-site"))
                      : origin.n ? !origin_is_ours(origin, head->host, r->admin->tls != NULL)
                                 : false;
    if (!is_foreign)
        return true;
    request_fail(r, 403, "origin_denied", "requests of pages from elsewhere are not answered");
    return false;
}

static bool csrf_fits(struct request *r, const struct http_head *head)
{
    struct session_text want;
    struct str got = field(head, "x-flyball-csrf");
    if (!r->session_id.n || r->verb->method == METHOD_GET)
        return true;
    session_csrf(r->session_id, &want);
    if (got.n == SESSION_TEXT_CHARS && bytes_equal(got.p, want.text, SESSION_TEXT_CHARS))
        return true;
    request_fail(r, 403, "csrf_missing", "a change by cookie needs the session's csrf token in x-flyball-csrf");
    return false;
}

bool access_allows(struct request *r, const struct http_head *head)
{
    bool is_read = r->verb->method == METHOD_GET;
    if (r->verb->role == ROLE_PUBLIC)
        return is_read || origin_fits(r, head);
    return origin_fits(r, head) && find_principal(r, head) && role_fits(r) && csrf_fits(r, head);
}

/* --- the cookie --------------------------------------------------------------------------------------------------- */

struct str access_cookie(struct request *r, struct str id)
{
    const struct admin *a = r->admin;
    long long seconds = id.n ? (long long)(a->limits->session_ms / 1000) : 0;
    return arena_printf(&r->arena, STR_FMT "=" STR_FMT "; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s",
                        STR_ARG(cookie_name(a)), STR_ARG(id), seconds, a->tls ? "; Secure" : "");
}
