/*
 * admin/hooks.c - connections of the hooks listener, and the one page behind them.
 */
#include "admin/hooks.h"

#include <stdlib.h>

#include "admin/access.h"
#include "admin/guard.h"
#include "admin/html.h"
#include "admin/request.h"
#include "base/err.h"
#include "base/log.h"
#include "codec/form.h"
#include "http/head.h"
#include "http/server.h"
#include "proxy/core_approvals.h"
#include "tls/server.h"

#define PREFIX STR("/hooks/approvals/")
#define BODY_BYTES_MAX 8192
#define FORM_FIELDS_MAX 8
#define ARENA_BYTES_MAX ((size_t)1 << 20)
#define PAGE_BYTES_MAX ((size_t)256 << 10)
#define DEPTH_MAX 8

struct hooks {
    struct admin *admin;
    struct limits limits; /* of connections and bodies here */
    struct http_server *server;
    struct net_listener *listener;
    struct list calls; /* struct hook */
    struct failures failures;
};

/* One request. */
struct hook {
    struct list node;
    struct hooks *set;
    struct http_exchange *x; /* NULL: answered, or the client left */
    struct arena arena;
    struct str token, cookies;
    struct buf body, out;
    bool is_post, is_waiting; /* for the disk */
    struct sync_wait sync;
};

static void free_if_over(struct hook *h)
{
    if (h->x || h->is_waiting)
        return;
    list_remove(&h->node);
    buf_deinit(&h->body);
    buf_deinit(&h->out);
    arena_wipe(&h->arena); /* a credential was in it */
    arena_deinit(&h->arena);
    free(h);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void answer(struct hook *h, uint16_t status)
{
    /* same-origin, not no-referrer: with that, the form would say `Origin: null` (Fetch, "append a request Origin"). */
    static const struct http_field fields[] = {
        {STR_INIT("content-type"), STR_INIT("text/html; charset=utf-8")},
        {STR_INIT("content-security-policy"),
         STR_INIT("default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")},
        {STR_INIT("cache-control"), STR_INIT("no-store")},
        {STR_INIT("referrer-policy"), STR_INIT("same-origin")},
        {STR_INIT("x-content-type-options"), STR_INIT("nosniff")},
    };
    struct http_head head = {.status = status,
                             .fields = (struct http_field *)fields,
                             .n_fields = sizeof fields / sizeof fields[0],
                             .body_bytes = (int64_t)h->out.n};
    if (h->x) {
        http_send_head(h->x, &head);
        (void)http_write(h->x, buf_str(&h->out)); /* small: PAGE_BYTES_MAX */
        http_finish(h->x, NULL, 0);
        http_release(h->x);
        h->x = NULL;
    }
    free_if_over(h);
}

static void page_begin(struct hook *h, const char *title)
{
    buf_reset(&h->out);
    (void)buf_printf(&h->out, "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                              "content=\"width=device-width\"><title>%s</title></head><body><main><h1>%s</h1>\n",
                     title, title);
}

static void page_text(struct hook *h, struct str text)
{
    (void)buf_add(&h->out, STR("<p>"));
    html_text(&h->out, text);
    (void)buf_add(&h->out, STR("</p>\n"));
}

static void page_end(struct hook *h) { (void)buf_add(&h->out, STR("</main></body></html>\n")); }

static void say(struct hook *h, uint16_t status, const char *title, const char *text)
{
    page_begin(h, title);
    page_text(h, str_c(text));
    page_end(h);
    answer(h, status);
}

static void say_unknown(struct hook *h)
{
    if (access_may_fail(h->set->admin, &h->set->failures))
        say(h, 404, "No such question", "This link was used, its question is over, or it never was.");
    else
        say(h, 429, "Too many tries", "Too many links and credentials that do not exist were tried: wait a minute.");
}

/* --- the question ------------------------------------------------------------------------------------------------- */

static struct str text_of(struct hook *h, struct str object, const char *name)
{
    struct json v;
    return object.n && json_parse(&h->arena, object, DEPTH_MAX, &v) == 0 ? json_text_of(json_get(v, str_c(name)))
                                                                         : STR_NONE;
}

static void show(struct hook *h)
{
    struct approval_question q;
    if (!core_approval_by_link(h->set->admin->core, h->token, &h->arena, &q)) {
        say_unknown(h);
        return;
    }
    page_begin(h, "An action waits for a person");
    page_text(h, text_of(h, q.action, "text"));
    page_text(h, text_of(h, q.action, "reason"));
    (void)buf_add(&h->out,
                  STR("<form method=\"post\"><p><label>Your own credential (fba_...), or the code of a sign-in link; "
                      "empty where this browser is signed in to the dashboard<br><input type=\"password\" "
                      "name=\"credential\" autocomplete=\"off\"></label></p>\n<p><label>Note, or why not<br><input "
                      "name=\"note\" maxlength=\"500\"></label></p>\n<p><button name=\"say\" value=\"yes\">Approve "
                      "once</button> <button name=\"say\" value=\"no\">Deny</button></p></form>\n"));
    page_end(h);
    answer(h, 200);
}

/* --- who answers -------------------------------------------------------------------------------------------------- */

static const struct person *by_code(struct admin *a, struct str code)
{
    struct session_text id;
    const struct session *s;
    if (sessions_begin(a->sessions, code, loop_now(a->loop), &id, &s) < 0)
        return NULL;
    const struct person *p = s->who.person;
    sessions_end(a->sessions, s);
    return p;
}

static const struct person *by_session(struct admin *a, struct str cookies)
{
    struct str id;
    const struct session *s = cookie_value(cookies, str_c(a->cookie_name), &id)
                                  ? sessions_find(a->sessions, id, loop_now(a->loop))
                                  : NULL;
    return s ? s->who.person : NULL;
}

/* NULL: nobody, or nobody who may do anything now. */
static const struct person *person_of(struct hook *h, struct str credential)
{
    struct admin *a = h->set->admin;
    uint8_t hash[PERSON_HASH_BYTES];
    const struct person *p = NULL;
    if (!credential.n)
        p = by_session(a, h->cookies);
    else if (person_token_hash(credential, hash) == 0)
        (void)core_person_by_hash(a->core, hash, &p); /* what it found is looked at below */
    else
        p = by_code(a, credential);
    return p && core_person_look(a->core, p) == 0 ? p : NULL;
}

/* --- deciding ----------------------------------------------------------------------------------------------------- */

static void on_synced(void *ctx)
{
    struct hook *h = ctx;
    h->is_waiting = false;
    if (h->sync.result < 0)
        say(h, 503, "Not decided", "The journal failed; the daemon stops and recovers at its next start.");
    else
        say(h, 200, "Decided", "Your answer is on record, with your name. You can close this page.");
}

static void decided(struct hook *h, uint64_t seq)
{
    h->is_waiting = true;
    h->sync = (struct sync_wait){.seq = seq, .box = &h->set->admin->loop->box, .done = {on_synced, h}};
    if (core_synced(h->set->admin->core, &h->sync))
        on_synced(h);
}

static void refused(struct hook *h, int r)
{
    if (r == -ERR_NOT_FOUND)
        say_unknown(h);
    else if (r == APPROVAL_R_SELF)
        say(h, 403, "Not decided", "You stand behind the call: nobody decides an own one.");
    else if (r == APPROVAL_R_SERVICE)
        say(h, 403, "Not decided", "This is a service's credential: a person decides.");
    else if (r > 0)
        say(h, 409, "Not decided", "It is decided already, or you have said yes already.");
    else
        say(h, 503, "Not decided", "The journal cannot be written now; try again later.");
}

static struct str field_of(const struct form *f, const char *name)
{
    const struct form_field *field = form_get(f, str_c(name));
    return field ? field->value : STR("");
}

static void decide(struct hook *h, const struct form *f)
{
    struct str note = field_of(f, "note"), word = field_of(f, "say");
    uint64_t seq = 0;
    if ((!str_eq(word, STR("yes")) && !str_eq(word, STR("no"))) || note.n > APPROVAL_NOTE_BYTES_MAX) {
        say(h, 400, "Not decided", "Say yes or no, with at most 500 bytes of note.");
        return;
    }
    const struct person *p = person_of(h, field_of(f, "credential")); /* uses a code up: behind what may be mended */
    if (!p || !roles_allow(p->roles, ROLE_APPROVER)) {
        bool may_fail = access_may_fail(h->set->admin, &h->set->failures);
        say(h, may_fail ? 403 : 429, "Not decided",
            may_fail ? "This takes the credential of a person with the role approver."
                     : "Too many links and credentials that do not exist were tried: wait a minute.");
        return;
    }
    const struct approval_decision d = {
        .link = h->token, .is_yes = str_eq(word, STR("yes")), .note = note, .by = p};
    int r = core_approval_decide(h->set->admin->core, &d, &seq);
    if (r == 0)
        decided(h, seq);
    else
        refused(h, r);
}

/* --- a request ---------------------------------------------------------------------------------------------------- */

static void on_body(void *ctx, struct str bytes)
{
    struct hook *h = ctx;
    if (buf_add(&h->body, bytes) < 0)
        say(h, 413, "Not decided", "The form is too large.");
    else
        http_credit(h->x, bytes.n);
}

static void on_end(void *ctx, const struct http_field *trailers, size_t n)
{
    struct hook *h = ctx;
    struct form f;
    if (!h->x)
        return;
    if (!h->is_post)
        show(h);
    else if (form_parse(&h->arena, buf_str(&h->body), FORM_FIELDS_MAX, 1, &f, NULL) < 0)
        say(h, 400, "Not decided", "The form cannot be read.");
    else
        decide(h, &f);
}

static void on_writable(void *ctx) {}

static void on_reset(void *ctx, enum http_reset why)
{
    struct hook *h = ctx;
    http_release(h->x);
    h->x = NULL;
    free_if_over(h);
}

static const struct http_events events = {
    .on_body = on_body, .on_end = on_end, .on_writable = on_writable, .on_reset = on_reset};

/* A page of another origin may not answer for a browser that is signed in: the link's token is what it lacks, and this
 * is checked all the same. */
static bool origin_fits(const struct hook *h, const struct http_head *head)
{
    struct str origin = STR(""), site = STR("");
    (void)http_head_get(head, STR("origin"), &origin);       /* absent is "" */
    (void)http_head_get(head, STR("sec-fetch-site"), &site); /* the same */
    if (site.n)
        return !str_eq(site, STR("cross-site")) && !str_eq(site, STR("same-site"));
    return !origin.n || origin_is_ours(origin, head->host, h->set->admin->tls != NULL);
}

static void on_request(void *ctx, struct http_exchange *x, const struct http_head *head)
{
    struct hooks *s = ctx;
    struct str cookies = STR("");
    struct hook *h = calloc(1, sizeof *h);
    check(h != NULL);
    h->set = s;
    h->x = x;
    list_add_tail(&s->calls, &h->node);
    arena_init(&h->arena, ARENA_BYTES_MAX);
    buf_init(&h->body, BODY_BYTES_MAX);
    buf_init(&h->out, PAGE_BYTES_MAX);
    http_on(x, &events, h);
    h->is_post = str_eq(head->method, STR("POST"));
    (void)http_head_get(head, STR("cookie"), &cookies); /* absent is "" */
    h->cookies = arena_str(&h->arena, cookies);
    if (!str_starts(head->path, PREFIX)) {
        say(h, 404, "Not here", "There is nothing at this address.");
    } else if (!h->is_post && !str_eq(head->method, STR("GET"))) {
        say(h, 405, "Not here", "This address answers GET and POST.");
    } else if (h->is_post && !origin_fits(h, head)) {
        say(h, 403, "Not decided", "Requests of pages from elsewhere are not answered.");
    } else {
        h->token = arena_str(&h->arena, str_sub(head->path, PREFIX.n, head->path.n));
        http_credit(x, BODY_BYTES_MAX + 1);
    }
}

static void on_bad_head(void *ctx, const struct http_refusal *r, struct http_exchange *x, struct arena *a,
                        struct http_refusal_answer *ret)
{
    ret->body = arena_printf(a, "{\"error\":{\"code\":\"request_invalid\",\"message\":\"%s\"}}\n", r->text);
}

static const struct http_server_handler handler = {.on_request = on_request, .on_bad_head = on_bad_head};

/* --- life --------------------------------------------------------------------------------------------------------- */

static void on_accept(void *ctx, struct net_ticket t)
{
    struct hooks *s = ctx;
    struct loop *l = s->admin->loop;
    struct stream *st;
    if (l->ops->adopt(l, t, &st) < 0 || (s->admin->tls && tls_server_wrap(s->admin->tls, st, &st) < 0))
        return;
    if (http_server_take(s->server, st) < 0)
        log_at(LOG_WARN, "hooks_refused", "reason=admin_connections_max");
}

int hooks_new(struct admin *a, struct hooks **ret)
{
    struct hooks *s = calloc(1, sizeof *s);
    if (!s)
        return err_trace(-ERR_NOMEM);
    s->admin = a;
    s->limits = *a->limits;
    s->limits.connections_max = a->limits->admin_connections_max;
    s->limits.body_bytes_max = BODY_BYTES_MAX;
    list_init(&s->calls);
    int r = http_server_new(a->loop, &s->limits, &handler, s, &s->server);
    if (r < 0) {
        free(s);
        return err_trace(r);
    }
    *ret = s;
    return 0;
}

int hooks_listen(struct hooks *s, const struct net_addr *addr, struct net_addr *ret_bound)
{
    struct loop *l = s->admin->loop;
    return err_trace(
        l->ops->listen(l, addr, (int)s->limits.accept_backlog, on_accept, s, &s->listener, ret_bound));
}

void hooks_free(struct hooks *s)
{
    if (!s)
        return;
    if (s->listener)
        s->admin->loop->ops->listener_close(s->listener);
    list_each_safe(n, tmp, &s->calls) {
        struct hook *h = list_entry(n, struct hook, node);
        if (h->x)
            http_release(h->x);
        h->x = NULL;
        h->is_waiting = false; /* nobody reads that mailbox any more */
        free_if_over(h);
    }
    http_server_free(s->server);
    free(s);
}
