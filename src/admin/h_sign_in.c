/*
 * admin/h_sign_in.c - signing in at the provider (OpenID Connect, authorization code with PKCE):
 *
 *     begin: provider known? -> the browser is sent there, with state, nonce, challenge and a cookie
 *     back:  state and cookie -> provider's keys -> the code becomes an ID token -> whose name -> a link, used at once
 *
 *   (1) a browser is led to the provider's authorization endpoint or to our own page, never to what a request says.
 *   (2) an answer counts once, in the browser that asked, of the provider that was asked (RFC 9207).
 *   (3) who comes back gets the code of a link (session.h): the session begins as with every other one, from our page.
 *   (4) nothing of code, secret and tokens is logged; why a token was refused is.
 */
#include "admin/h_sign_in.h"

#include "admin/access.h"
#include "admin/guard.h"
#include "admin/handlers.h"
#include "admin/oidc.h"
#include "admin/request.h"
#include "admin/sign_ins.h"
#include "base/err.h"
#include "base/log.h"
#include "codec/b64.h"
#include "crypto/hash.h"
#include "crypto/secret.h"
#include "http/head.h"
#include "identity/id_token.h"

#include <string.h>

#define BACK_PATH "/api/v1/sign-in/oidc/back"
#define TOKEN_DEPTH_MAX 16

enum sign_in_fault {
#define SIGN_IN_FAULT(name, text, sentence) FAULT_##name,
#include "admin/sign_in_fault.tbl.h"
#undef SIGN_IN_FAULT
    FAULT_COUNT
};

static const struct {
    const char *text, *sentence;
} faults[FAULT_COUNT] = {
#define SIGN_IN_FAULT(name, text, sentence) [FAULT_##name] = {text, sentence},
#include "admin/sign_in_fault.tbl.h"
#undef SIGN_IN_FAULT
};

/* One request on its way, in the request's arena; the request is held as long as it is in the list. */
struct coming {
    struct list node; /* of admin->comings */
    struct request *r;
    struct oidc_wait wait;
    struct fetch fetch; /* of the token; initialised when `has_fetch` */
    bool has_fetch;
    struct sign_in sign_in;
    struct str redirect_uri, code;
    struct str id_token, access_token;
};

/* --- ways to sign in ---------------------------------------------------------------------------------------------- */

void admin_on_sign_in(struct request *r)
{
    struct json_writer w;
    const struct config_oidc *c = r->admin->oidc ? oidc_options(r->admin->oidc)->config : NULL;
    jw_init(&w, &r->out);
    jw_object(&w);
    jw_put_str_or_null(&w, STR("label"), c ? c->label : STR_NONE);
    jw_key(&w, STR("faults"));
    jw_object(&w);
    for (size_t i = 0; i < FAULT_COUNT; i++)
        jw_put_str(&w, str_c(faults[i].text), str_c(faults[i].sentence));
    jw_object_end(&w);
    jw_object_end(&w);
    (void)buf_add_byte(&r->out, '\n'); /* noted in the buf */
    request_answer(r, 200);
}

/* --- where the browser goes --------------------------------------------------------------------------------------- */

/* Lax: the way back begins at the provider's page, and a Strict one would stay at home. */
static struct str cookie(struct request *r, struct str value)
{
    const struct admin *a = r->admin;
    long long seconds = value.n ? (long long)(a->limits->sign_in_ms / 1000) : 0;
    return arena_printf(&r->arena, "%s-sign-in=" STR_FMT "; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s",
                        a->cookie_name, STR_ARG(value), seconds, a->tls ? "; Secure" : "");
}

static struct str cookie_of(struct request *r)
{
    struct str all, value, name = arena_printf(&r->arena, "%s-sign-in", r->admin->cookie_name);
    return http_head_get(r->head, STR("cookie"), &all) && cookie_value(all, name, &value) ? value : STR_NONE;
}

static void lead(struct request *r, struct str to, struct str browser)
{
    struct http_field fields[] = {{STR("location"), to},
                                  {STR("set-cookie"), cookie(r, browser)},
                                  {STR("cache-control"), STR("no-store")},
                                  {STR("referrer-policy"), STR("no-referrer")}};
    r->content_type = "text/plain; charset=utf-8"; /* of nothing: the address says all */
    request_answer_file(r, 303, fields, sizeof fields / sizeof fields[0]);
}

static void refuse(struct request *r, enum sign_in_fault f)
{
    if (f != FAULT_TOO_MANY && !access_may_fail(r->admin, &r->admin->failures))
        f = FAULT_TOO_MANY;
    access_note(r, faults[f].text);
    log_at(LOG_WARN, "sign_in_refused", "reason=%s", faults[f].text);
    lead(r, arena_printf(&r->arena, "/ui/?sign_in=%s", faults[f].text), STR(""));
}

static struct str redirect_uri(struct request *r)
{
    struct str url = oidc_options(r->admin->oidc)->config->url;
    while (str_ends(url, STR("/")))
        url.n--;
    return url.n ? arena_printf(&r->arena, STR_FMT BACK_PATH, STR_ARG(url))
                 : arena_printf(&r->arena, "%s://" STR_FMT BACK_PATH, r->admin->tls ? "https" : "http",
                                STR_ARG(r->head->host));
}

/* --- a request on its way ----------------------------------------------------------------------------------------- */

static struct coming *coming_new(struct request *r)
{
    struct coming *c = arena_alloc(&r->arena, sizeof *c);
    *c = (struct coming){.r = r, .redirect_uri = redirect_uri(r)};
    list_add_tail(&r->admin->comings, &c->node);
    request_hold(r);
    return c;
}

/* The answer is given, or nobody waits for one. `c` is gone behind it, perhaps with its request. */
static void coming_end(struct coming *c)
{
    struct request *r = c->r;
    list_remove(&c->node);
    if (c->has_fetch)
        fetch_deinit(&c->fetch);
    bytes_wipe(&c->sign_in, sizeof c->sign_in);
    request_let_go(r);
}

static void coming_refuse(struct coming *c, enum sign_in_fault f)
{
    refuse(c->r, f);
    coming_end(c);
}

void sign_in_stop(struct admin *a)
{
    list_each_safe(n, tmp, &a->comings) {
        struct coming *c = list_entry(n, struct coming, node);
        oidc_forget(&c->wait);
        coming_end(c);
    }
}

/* False: there is no provider, answered. */
static bool has_provider(struct request *r)
{
    if (r->admin->oidc)
        return true;
    request_fail(r, 404, "not_found", "no provider to sign in at is configured (people.oidc)");
    return false;
}

/* --- begin -------------------------------------------------------------------------------------------------------- */

static void put_param(struct buf *b, const char *name, struct str value)
{
    (void)buf_printf(b, "&%s=", name); /* noted in the buf, here and below */
    (void)form_quote(b, value);
}

static void put_scopes(struct buf *b, const struct config_oidc *c)
{
    (void)buf_add(b, STR("&scope="));
    for (size_t i = 0; i < c->n_scopes; i++) {
        (void)buf_add(b, i ? STR("+") : STR(""));
        (void)form_quote(b, c->scopes[i]);
    }
}

/* RFC 6749 4.1.1, RFC 7636 4.3 */
static void put_request(struct buf *b, const struct coming *c, const struct oidc *o, const struct sign_in_texts *t)
{
    struct str at = oidc_provider(o)->authorization;
    (void)buf_add(b, at);
    (void)buf_add(b, str_has(at, '?') ? STR("&response_type=code") : STR("?response_type=code"));
    put_param(b, "client_id", oidc_options(o)->config->client_id);
    put_param(b, "redirect_uri", c->redirect_uri);
    put_scopes(b, oidc_options(o)->config);
    put_param(b, "state", str_c(t->state.text));
    put_param(b, "nonce", str_c(t->nonce.text));
    put_param(b, "code_challenge", (struct str){t->challenge, SIGN_IN_CHALLENGE_CHARS});
    put_param(b, "code_challenge_method", STR("S256"));
}

static void then_send(struct oidc_wait *w, const char *problem)
{
    struct coming *c = list_entry(w, struct coming, wait);
    struct admin *a = c->r->admin;
    struct sign_in_texts t;
    struct buf to;
    if (problem) {
        coming_refuse(c, FAULT_UNREACHABLE);
        return;
    }
    sign_ins_begin(a->sign_ins, loop_now(a->loop), &t);
    buf_init(&to, 3 * PROVIDER_URL_BYTES_MAX + 65536);
    put_request(&to, c, a->oidc, &t);
    lead(c->r, arena_str(&c->r->arena, buf_str(&to)), str_c(t.browser.text));
    buf_deinit(&to);
    bytes_wipe(&t, sizeof t);
    coming_end(c);
}

void admin_on_sign_in_oidc(struct request *r)
{
    if (!has_provider(r))
        return;
    struct coming *c = coming_new(r);
    c->wait.then = then_send;
    oidc_need(r->admin->oidc, false, &c->wait);
}

/* --- who it is ---------------------------------------------------------------------------------------------------- */

static enum sign_in_fault fault_of_person(int e)
{
    return e == PERSON_R_REVOKED ? FAULT_PERSON_REVOKED : e == PERSON_R_EXPIRED ? FAULT_PERSON_EXPIRED
                                                                                : FAULT_PERSON_UNKNOWN;
}

/* Services have credentials, and no browser. */
static void let_in(struct coming *c, struct str name)
{
    struct admin *a = c->r->admin;
    const struct person *p = NULL;
    struct session_text code;
    int e = core_person_by_name(a->core, name, &p);
    if (e == 0 && p->is_service)
        e = -ERR_NOT_FOUND;
    if (e) {
        coming_refuse(c, fault_of_person(e));
        return;
    }
    struct principal who = principal_of(p);
    who.how = "oidc";
    sessions_link(a->sessions, &who, loop_now(a->loop), &code);
    lead(c->r, arena_printf(&c->r->arena, "/ui/?t=%s", code.text), STR(""));
    bytes_wipe(&code, sizeof code);
    coming_end(c);
}

static bool is_of_keys(enum jwt_fault f) { return f == JWT_KEY_UNKNOWN || f == JWT_KEY_AMBIGUOUS; }

/* False: a newer key may be what is missing. */
static bool read_id_token(struct coming *c, bool is_last)
{
    struct admin *a = c->r->admin;
    const struct config_oidc *config = oidc_options(a->oidc)->config;
    struct id_token_terms t = {config->issuer, config->client_id, config->claim, a->limits->identity_skew_ms / 1000};
    struct id_token_refusal why;
    struct str name;
    if (id_token_read(&t, oidc_keys(a->oidc), c->id_token, str_c(c->sign_in.nonce.text), c->access_token,
                      loop_wall(a->loop), &c->r->arena, &name, &why)) {
        let_in(c, name);
        return true;
    }
    if (is_of_keys(why.jwt) && !is_last)
        return false;
    bool is_nameless = why.fault == ID_TOKEN_CLAIM_MISSING || why.fault == ID_TOKEN_EMAIL_UNVERIFIED;
    log_at(LOG_WARN, "id_token_refused", "reason=" STR_FMT " text=\"" STR_FMT "\"", STR_ARG(why.text),
           STR_ARG(why.sentence));
    coming_refuse(c, is_nameless ? FAULT_NAME_UNKNOWN : FAULT_TOKEN_REFUSED);
    return true;
}

static void then_read_again(struct oidc_wait *w, const char *problem)
{
    (void)read_id_token(list_entry(w, struct coming, wait), true); /* the last word, with the keys that there are */
}

/* --- the code becomes a token ------------------------------------------------------------------------------------- */

static bool read_answer(struct coming *c, struct str body)
{
    struct json doc;
    struct arena *a = &c->r->arena;
    if (json_parse(a, body, TOKEN_DEPTH_MAX, &doc) < 0 || !json_str(json_get(doc, STR("id_token")), &c->id_token))
        return false;
    (void)json_str(json_get(doc, STR("access_token")), &c->access_token); /* absent is empty */
    return true;
}

static void on_token(void *ctx, const char *problem, uint16_t status, struct str body)
{
    struct coming *c = ctx;
    struct oidc *o = c->r->admin->oidc;
    if (problem)
        log_at(LOG_WARN, "sign_in_provider_failed", "at=token_endpoint reason=\"%s\"", problem);
    else if (status != 200)
        log_at(LOG_WARN, "sign_in_provider_failed", "at=token_endpoint status=%d", status);
    if (problem || status != 200 || !read_answer(c, body)) {
        coming_refuse(c, problem ? FAULT_UNREACHABLE : FAULT_CODE_REFUSED);
        return;
    }
    if (!c->r->x) { /* the client left */
        coming_end(c);
        return;
    }
    c->wait.then = then_read_again;
    if (!read_id_token(c, false))
        oidc_need(o, true, &c->wait);
}

/* RFC 6749 2.3.1: id and secret are encoded as in a form, then as Basic. */
static struct str basic(struct coming *c, const struct oidc_options *o)
{
    struct arena *a = &c->r->arena;
    struct buf b;
    buf_init(&b, 3 * SECRET_BYTES_MAX + 4096);
    check(buf_reserve(&b, b.max_bytes) == 0); /* one place, to be wiped */
    (void)form_quote(&b, o->config->client_id);
    (void)buf_add_byte(&b, ':');
    (void)form_quote(&b, secret_reveal(o->secret));
    check(buf_ok(&b) == 0);
    char *text = arena_alloc(a, 6 + B64_SIZE(b.n));
    memcpy(text, "Basic ", 6);
    struct str coded = b64_encode(buf_str(&b), text + 6);
    bytes_wipe(b.p, b.cap);
    buf_deinit(&b);
    return (struct str){text, 6 + coded.n};
}

/* RFC 6749 4.1.3, RFC 7636 4.5. In the arena, which is wiped. */
static struct str token_request(struct coming *c, const struct oidc_options *o, bool is_basic)
{
    struct arena *a = &c->r->arena;
    struct buf b;
    buf_init(&b, 1u << 20);
    check(buf_reserve(&b, 65536) == 0);
    (void)buf_add(&b, STR("grant_type=authorization_code"));
    put_param(&b, "code", c->code);
    put_param(&b, "redirect_uri", c->redirect_uri);
    put_param(&b, "code_verifier", (struct str){c->sign_in.verifier, SIGN_IN_VERIFIER_CHARS});
    if (!is_basic)
        put_param(&b, "client_id", o->config->client_id);
    if (!is_basic && o->secret)
        put_param(&b, "client_secret", secret_reveal(o->secret));
    struct str text = buf_ok(&b) == 0 ? arena_str(a, buf_str(&b)) : STR_NONE;
    bytes_wipe(b.p, b.cap);
    buf_deinit(&b);
    return text;
}

static void ask_token(struct coming *c)
{
    struct admin *a = c->r->admin;
    const struct oidc_options *o = oidc_options(a->oidc);
    const struct provider *p = oidc_provider(a->oidc);
    bool is_basic = o->secret && (p->takes_basic || !p->takes_post);
    struct http_target at = oidc_target(a->oidc, &p->token);
    struct http_field fields[] = {{STR("content-type"), STR("application/x-www-form-urlencoded")},
                                  {STR("accept"), STR("application/json")},
                                  {STR("accept-encoding"), STR("identity")},
                                  {STR("authorization"), is_basic ? basic(c, o) : STR_NONE}};
    struct fetch_request post = {.at = &at,
                                 .method = STR("POST"),
                                 .path = p->token.path,
                                 .fields = fields,
                                 .n_fields = is_basic ? 4 : 3,
                                 .body = token_request(c, o, is_basic),
                                 .ms = a->limits->jwks_timeout_ms,
                                 .too_large = "the answer is larger than jwks_bytes_max",
                                 .too_late = "no whole answer within jwks_timeout_ms"};
    fetch_init(&c->fetch, a->loop, oidc_pool(a->oidc), (size_t)a->limits->jwks_bytes_max, on_token, c);
    c->has_fetch = true;
    fetch_start(&c->fetch, &post);
}

/* --- back --------------------------------------------------------------------------------------------------------- */

/* RFC 9207 2.4: an answer of another issuer is none, and of one that names itself neither is one without a name. */
static bool issuer_fits(const struct oidc *o, struct str iss)
{
    return iss.n ? str_eq(iss, oidc_options(o)->config->issuer) : !oidc_provider(o)->names_issuer;
}

static void then_exchange(struct oidc_wait *w, const char *problem)
{
    struct coming *c = list_entry(w, struct coming, wait);
    struct request *r = c->r;
    c->code = request_param(r, STR("code"));
    if (problem)
        coming_refuse(c, FAULT_UNREACHABLE);
    else if (!issuer_fits(r->admin->oidc, request_param(r, STR("iss"))))
        coming_refuse(c, FAULT_ISSUER_OTHER);
    else if (request_param(r, STR("error")).n || !c->code.n)
        coming_refuse(c, FAULT_DENIED);
    else
        ask_token(c);
}

void admin_on_sign_in_back(struct request *r)
{
    struct admin *a = r->admin;
    struct sign_in one;
    if (!has_provider(r))
        return;
    r->has_secret = true;
    if (access_failed_too_often(a, &a->failures)) {
        refuse(r, FAULT_TOO_MANY);
        return;
    }
    int e = sign_ins_take(a->sign_ins, request_param(r, STR("state")), cookie_of(r), loop_now(a->loop), &one);
    if (e < 0) {
        refuse(r, e == -ERR_DENIED ? FAULT_OTHER_BROWSER : FAULT_STATE_UNKNOWN);
        return;
    }
    struct coming *c = coming_new(r);
    c->sign_in = one;
    bytes_wipe(&one, sizeof one);
    c->wait.then = then_exchange;
    oidc_need(a->oidc, false, &c->wait);
}
