/*
 * tests/unit/admin/fake.c - see fake.h.
 */
#include "fake.h"

#include "base/err.h"
#include "export/export.h"
#include "http/server.h"
#include "net/timer.h"
#include "identity/run.h"
#include "policy/diff.h"
#include "policy/explain.h"
#include "policy/trial.h"
#include "proxy/core_keys.h"
#include "replay/plan.h"
#include "replay/suggest.h"
#include "proxy/core_erase.h"
#include "proxy/core_limits.h"
#include "proxy/core_raises.h"
#include "proxy/core_follow.h"
#include "proxy/core_people.h"
#include "proxy/core_agents.h"
#include "proxy/core_secrets.h"
#include "store/audit.h"

struct fake_core fake_core;

/* --- loop and server ---------------------------------------------------------------------------------------------- */

static wall_t loop_wall_now(struct loop *l) { return 1000000000LL * NS_PER_S; }
static mono_t loop_mono_now(struct loop *l) { return fake_core.now; }
static void loop_wake_at(struct loop *l, mono_t at) {}
static const struct loop_ops loop_ops = {.wall = loop_wall_now, .now = loop_mono_now, .wake_at = loop_wake_at};
static struct loop loop = {.ops = &loop_ops};

static const struct http_server_handler *handler;
static void *handler_ctx;

int http_server_new(struct loop *l, const struct limits *limits, const struct http_server_handler *h, void *ctx,
                    struct http_server **ret)
{
    handler = h;
    handler_ctx = ctx;
    *ret = (struct http_server *)&loop;
    return 0;
}
int http_server_take(struct http_server *s, struct stream *st) { return -ERR_TOO_LARGE; }
void http_server_drain(struct http_server *s, void (*on_drained)(void *ctx), void *ctx) { on_drained(ctx); }
void http_server_free(struct http_server *s) {}

bool http_head_get(const struct http_head *h, struct str name, struct str *ret_value)
{
    for (size_t i = 0; i < h->n_fields; i++) {
        if (!str_eq_nocase(h->fields[i].name, name))
            continue;
        *ret_value = h->fields[i].value;
        return true;
    }
    return false;
}

bool run_id_is_valid(struct str s) { return str_is_token(s, "._:-", 128); }

/* --- exchange ----------------------------------------------------------------------------------------------------- */

static void x_credit(struct http_exchange *x, size_t n) { ((struct fake_exchange *)x)->credit += n; }
static void x_send_head(struct http_exchange *x, const struct http_head *h)
{
    struct fake_exchange *fx = (struct fake_exchange *)x;
    assert_int_equal(fx->status, 0);
    fx->status = h->status;
    for (size_t i = 0; i < h->n_fields; i++) {
        size_t n = strlen(fx->fields);
        snprintf(fx->fields + n, sizeof(fx->fields) - n, STR_FMT ": " STR_FMT "\n", STR_ARG(h->fields[i].name),
                 STR_ARG(h->fields[i].value));
    }
}
static size_t x_write(struct http_exchange *x, struct str b)
{
    struct fake_exchange *fx = (struct fake_exchange *)x;
    assert_true(fx->status != 0);
    assert_int_equal(buf_add(&fx->body, b), 0);
    return fx->queued;
}
static void x_finish(struct http_exchange *x, const struct http_field *t, size_t n)
{
    ((struct fake_exchange *)x)->is_finished = true;
}
static void x_reset(struct http_exchange *x, enum http_reset why) {}
static void x_release(struct http_exchange *x)
{
    assert_false(((struct fake_exchange *)x)->is_released);
    ((struct fake_exchange *)x)->is_released = true;
}
static const struct http_exchange_ops x_ops = {.credit = x_credit,
                                               .send_head = x_send_head,
                                               .write = x_write,
                                               .finish = x_finish,
                                               .reset = x_reset,
                                               .release = x_release};

/* --- core and policy ---------------------------------------------------------------------------------------------- */

static int note(const char *called, struct str arg, struct str by, uint64_t *ret_seq)
{
    snprintf(fake_core.called, sizeof(fake_core.called), "%s", called);
    snprintf(fake_core.arg, sizeof(fake_core.arg), STR_FMT, STR_ARG(arg));
    snprintf(fake_core.by, sizeof(fake_core.by), STR_FMT, STR_ARG(by));
    if (ret_seq && fake_core.result == 0)
        *ret_seq = 7;
    return fake_core.result;
}
static void note_tenant(struct str tenant)
{
    snprintf(fake_core.tenant, sizeof(fake_core.tenant), STR_FMT, STR_ARG(tenant));
}
static int text(struct buf *out)
{
    (void)buf_add_c(out, fake_core.json ? fake_core.json : "[]");
    return buf_ok(out);
}

int core_key_create(struct core *c, const struct key_spec *k, struct str by, struct diag_list *diags,
                    struct key_text *ret_key, uint64_t *ret_seq)
{
    int r = note("key_create", k->agent, by, ret_seq);
    fake_core.spec = *k;
    snprintf(fake_core.spec_limit, sizeof(fake_core.spec_limit), STR_FMT,
             STR_ARG(k->n_limits ? k->limits[0] : STR("")));
    if (r == -ERR_INVALID)
        diag_add(diags, STR("key"), 0, 0, "bad_limit", "%s", fake_core.diag);
    if (r == 0) {
        strcpy(ret_key->text, "fb_test_0123456789_secret");
        strcpy(ret_key->id, "0123456789");
    }
    return r;
}
int core_key_revoke(struct core *c, struct str id, struct str by, uint64_t *ret_seq)
{
    return note("key_revoke", id, by, ret_seq);
}
bool core_key_is_of(struct core *c, struct str id, struct str tenant)
{
    return fake_core.key_tenant && str_eq(tenant, str_c(fake_core.key_tenant));
}
int core_revoke_agent(struct core *c, struct str agent, struct str tenant, struct str by, size_t *ret_n,
                      uint64_t *ret_seq)
{
    note_tenant(tenant);
    *ret_n = 3;
    return note("revoke_agent", agent, by, ret_seq);
}
int core_revoke_tenant(struct core *c, struct str tenant, struct str by, size_t *ret_n, uint64_t *ret_seq)
{
    *ret_n = 2;
    return note("revoke_tenant", tenant, by, ret_seq);
}
int core_run_stop(struct core *c, struct str run_id, struct str tenant, struct str by, uint64_t *ret_seq)
{
    note_tenant(tenant);
    return note("run_stop", run_id, by, ret_seq);
}
int core_kill(struct core *c, struct str reason, struct str by, uint64_t *ret_seq)
{
    return note("kill", reason, by, ret_seq);
}
bool core_is_killed(struct core *c) { return false; }
int core_unkill(struct core *c, struct str by, uint64_t *ret_seq) { return note("unkill", STR(""), by, ret_seq); }
int core_policy_apply(struct core *c, struct str document, struct str file, struct str by, struct diag_list *diags,
                      const struct policy **ret_p, uint64_t *ret_seq)
{
    int r = note("policy_apply", document, by, ret_seq);
    if (r < 0)
        diag_add(diags, file, 3, 5, "unknown_key", "%s", fake_core.diag);
    else
        *ret_p = (const struct policy *)&loop;
    return r;
}
const struct policy *core_policy_named(struct core *c, struct str name)
{
    return str_eq(name, STR("default")) ? (const struct policy *)&loop : NULL;
}
int policy_diff_json(const struct policy *old, const struct policy *new, struct buf *out)
{
    (void)buf_add_c(out, old ? "{\"changes\":[]}" : "{\"old\":null}"); /* small enough */
    return buf_ok(out);
}
int suggest_new(const struct suggest_options *o, struct suggest **ret)
{
    *ret = (struct suggest *)&loop;
    return 0;
}
void suggest_free(struct suggest *s) {}
int suggest_frame(struct suggest *s, const struct frame *f) { return 0; }
uint64_t suggest_seq(const struct suggest *s) { return 0; }
int suggest_yaml(const struct suggest *s, struct buf *out) { return text(out); }
int64_t policy_version(const struct policy *p) { return 1; }
int policy_explain_given(const struct policy *p, struct str given, struct str file, const struct limits *limits,
                         const struct known *known, struct arena *a, struct diag_list *diags, struct buf *out)
{
    return text(out);
}
int policy_explain_json(const struct policy *p, const struct facts *f, const struct verdict *v, struct arena *a,
                        struct buf *out)
{
    return text(out);
}
void policy_decide(const struct policy *p, const struct key_limits *k, const struct facts *f, unsigned may,
                   struct arena *a, struct verdict *ret)
{
    *ret = (struct verdict){0};
}
const struct limit_need *policy_ask_limits(struct verdict *v, const struct facts *f, struct arena *a) { return NULL; }
void policy_refuse_limit(const struct limit_need *need, const struct facts *f, struct arena *a, struct verdict *ret) {}
const struct key_entry *core_key_named(struct core *c, struct str id) { return NULL; }
int plan_new(const struct plan_options *o, struct plan **ret)
{
    *ret = (struct plan *)&loop;
    return 0;
}
void plan_free(struct plan *p) {}
int plan_frame(struct plan *p, const struct frame *f) { return 0; }
uint64_t plan_seq(const struct plan *p) { return 0; }
int plan_json(const struct plan *p, struct buf *out)
{
    (void)buf_add_c(out, "{\"is_safe\":true}"); /* small enough */
    return buf_ok(out);
}
int core_keys_json(struct core *c, struct str id, struct str tenant, struct buf *out)
{
    note_tenant(tenant);
    return text(out);
}
int core_limits_json(struct core *c, struct buf *out) { return text(out); }
int core_policies_json(struct core *c, struct buf *out) { return text(out); }
void core_budget_metrics(struct core *c, struct buf *out) {}
int core_fates_json(struct core *c, const struct policy *p, struct buf *out) { return buf_add(out, STR("[]")); }
int core_raise(struct core *c, const struct raise_spec *spec, struct str who, struct arena *a, struct raised *ret,
               struct str *ret_why, uint64_t *ret_seq)
{
    *ret_why = STR("there is none");
    return -ERR_NOT_FOUND;
}
size_t core_observed_json(struct core *c, struct json_writer *w) { return 0; }
int core_health_json(struct core *c, struct buf *out, bool *ret_is_ready)
{
    *ret_is_ready = fake_core.is_ready;
    (void)buf_add_c(out, fake_core.json ? fake_core.json : "{}");
    return buf_ok(out);
}
int core_agent_create(struct core *c, struct str name, struct str owner, struct str by, uint64_t *ret_seq)
{
    return note("agent_create", name, by, ret_seq);
}
int core_agent_disable(struct core *c, struct str name, bool is_disabled, struct str by, uint64_t *ret_seq)
{
    return note(is_disabled ? "agent_disable" : "agent_enable", name, by, ret_seq);
}
int core_owner_disable(struct core *c, struct str owner, bool is_disabled, struct str by, uint64_t *ret_seq)
{
    return note(is_disabled ? "owner_disable" : "owner_enable", owner, by, ret_seq);
}
bool core_owner_is_disabled(struct core *c, struct str owner) { return false; }
int core_agents_json(struct core *c, struct str name, struct buf *out)
{
    (void)buf_add_c(out, "[{\"agent\":\"bot\",\"owner\":\"ann\"}]");
    return buf_ok(out);
}
static int note_secret(const char *called, struct str name, const struct secret *value, struct str by,
                       uint64_t *ret_seq)
{
    snprintf(fake_core.secret, sizeof(fake_core.secret), STR_FMT, STR_ARG(value ? secret_reveal(value) : STR("")));
    return note(called, name, by, ret_seq);
}
int core_secret_set(struct core *c, struct str name, const struct secret *value, struct str by, uint64_t *ret_seq)
{
    return note_secret("secret_set", name, value, by, ret_seq);
}
int core_secret_rotate(struct core *c, struct str name, const struct secret *value, int64_t overlap_ns, struct str by,
                       uint64_t *ret_seq)
{
    fake_core.overlap_ns = overlap_ns;
    return note_secret("secret_rotate", name, value, by, ret_seq);
}
int core_secret_back(struct core *c, struct str name, struct str by, uint64_t *ret_seq)
{
    return note_secret("secret_back", name, NULL, by, ret_seq);
}
int core_secret_remove(struct core *c, struct str name, struct str by, uint64_t *ret_seq)
{
    return note_secret("secret_remove", name, NULL, by, ret_seq);
}
int core_secrets_json(struct core *c, struct str name, struct buf *out)
{
    (void)buf_add_c(out, fake_core.secrets ? fake_core.secrets : "[]");
    return buf_ok(out);
}
int core_approvals_json(struct core *c, const struct approval_filter *f, struct buf *out)
{
    note_tenant(f->tenant);
    fake_core.has_over = f->has_over;
    (void)buf_add_c(out, fake_core.approvals ? fake_core.approvals : "[]");
    return buf_ok(out);
}
int core_approval_decide(struct core *c, const struct approval_decision *d, uint64_t *ret_seq)
{
    snprintf(fake_core.note, sizeof(fake_core.note), STR_FMT, STR_ARG(d->note));
    return note(d->is_yes ? "approve" : "deny", d->id, d->by->name, ret_seq);
}
int core_person_create(struct core *c, const struct person_spec *s, struct str by, struct diag_list *diags,
                       struct person_token *ret_token, uint64_t *ret_seq)
{
    fake_core.roles = s->roles;
    note_tenant(s->tenant);
    if (!s->roles) {
        diag_add(diags, STR("person"), 0, 0, "no_role", "name at least one role");
        return -ERR_INVALID;
    }
    strcpy(ret_token->text, "fba_secret");
    return note("person_create", s->name, by, ret_seq);
}
int core_person_revoke(struct core *c, struct str name, struct str tenant, struct str by, uint64_t *ret_seq)
{
    note_tenant(tenant);
    return note("person_revoke", name, by, ret_seq);
}
int core_person_by_hash(struct core *c, const uint8_t hash[PERSON_HASH_BYTES], const struct person **ret)
{
    uint8_t want[PERSON_HASH_BYTES];
    if (!fake_core.person || person_token_hash(STR(FAKE_PERSON_TOKEN), want) < 0 ||
        memcmp(hash, want, sizeof(want)) != 0)
        return -ERR_NOT_FOUND;
    *ret = fake_core.person;
    return fake_core.person_status;
}
int core_person_by_name(struct core *c, struct str name, const struct person **ret)
{
    const struct person *both[] = {fake_core.person, fake_core.other};
    for (size_t i = 0; i < 2; i++) {
        if (!both[i] || !str_eq(both[i]->name, name))
            continue;
        *ret = both[i];
        return fake_core.person_status;
    }
    return -ERR_NOT_FOUND;
}
int core_person_look(struct core *c, const struct person *p) { return fake_core.person_status; }
int core_people_json(struct core *c, struct str tenant, struct buf *out)
{
    note_tenant(tenant);
    return text(out);
}
int core_admin_action(struct core *c, const struct admin_action *a, uint64_t *ret_seq)
{
    snprintf(fake_core.action, sizeof(fake_core.action), STR_FMT " by " STR_FMT " as " STR_FMT " on " STR_FMT,
             STR_ARG(a->action), STR_ARG(a->by), STR_ARG(a->role), STR_ARG(a->target));
    snprintf(fake_core.before, sizeof(fake_core.before), STR_FMT, STR_ARG(a->before));
    snprintf(fake_core.after, sizeof(fake_core.after), STR_FMT, STR_ARG(a->after));
    fake_core.is_target_personal = a->is_target_personal;
    fake_core.n_actions++;
    *ret_seq = 8;
    return fake_core.action_result;
}
unsigned core_person_roles(struct core *c, struct str name)
{
    return fake_core.other && !fake_core.person_status ? fake_core.other->roles : 0;
}
int core_sign_ins_failed(struct core *c, uint64_t n, struct str reason, struct str address)
{
    fake_core.n_failed_news++;
    fake_core.n_failed = n;
    snprintf(fake_core.failed, sizeof(fake_core.failed), STR_FMT " " STR_FMT, STR_ARG(reason), STR_ARG(address));
    return fake_core.failed_news_result;
}
bool core_counter(struct core *c, struct str counter, struct str bucket, struct counter_state *ret)
{
    *ret = (struct counter_state){.settled = 2000000000, .held = 1000000000, .resets_at = 1000000000LL * NS_PER_S};
    return !str_eq(bucket, STR("gone"));
}
uint64_t core_last_seq(struct core *c) { return fake_core.last_seq; }
struct str core_secrets_problem(struct core *c)
{
    return fake_core.problem ? str_c(fake_core.problem) : STR_NONE;
}
uint64_t core_store_seq(struct core *c) { return 100; }

int core_erase(struct core *c, struct erase_job *job)
{
    fake_core.job = job;
    return fake_core.result;
}

void fake_erased(int result, const struct erased *done)
{
    fake_core.job->result = result;
    fake_core.job->done = *done;
    fake_core.job->post.fn(fake_core.job->post.ctx);
}

/* One target that is two frames behind, where the test wants one. */
size_t exports_n(const struct exports *x) { return fake_core.has_exports; }
struct str exports_name(const struct exports *x, size_t i) { return STR("far"); }
void exports_status(struct exports *x, size_t i, struct export_status *ret)
{
    *ret = (struct export_status){.state = fake_core.is_export_failing ? EXPORT_FAILING : EXPORT_OK,
                                  .seq = 98,
                                  .spans_sent = 7,
                                  .error = "answered with status 503"};
}
struct str export_state_text(enum export_state s) { return s == EXPORT_FAILING ? STR("failing") : STR("ok"); }

size_t core_vendors_without_secret(struct core *c) { return fake_core.n_without_secret; }
void core_ask(struct core *c, struct ask *a) { fake_core.ask = a; }
bool core_synced(struct core *c, struct sync_wait *w)
{
    fake_core.sync = w;
    return fake_core.is_durable;
}

int audit_verify(struct store *s, struct store_reader *r, struct audit_report *ret)
{
    *ret = fake_core.report;
    return fake_core.audit;
}

const struct known *core_known(const struct core *c)
{
    return NULL;
}

int policy_parse(struct str document, struct str file, const struct limits *limits, const struct known *known,
                 struct diag_list *diags, struct policy **ret)
{
    if (fake_core.result < 0)
        diag_add(diags, file, 3, 5, "unknown_key", "%s", fake_core.diag);
    *ret = (struct policy *)&loop;
    return fake_core.result;
}
bool policy_names_host(const struct policy *p) { return false; }
void policy_unref(const struct policy *p) {}
struct str policy_name(const struct policy *p) { return STR("default"); }
struct str policy_digest(const struct policy *p) { return STR("d1gest"); }
enum policy_mode policy_mode(const struct policy *p) { return POLICY_ENFORCE; }
struct str policy_mode_text(enum policy_mode m) { return STR("enforce"); }

/* --- what tests call ---------------------------------------------------------------------------------------------- */

static int reload(void *ctx, struct buf *error)
{
    snprintf(fake_core.called, sizeof(fake_core.called), "reload");
    if (fake_core.result < 0)
        buf_printf(error, "%s", fake_core.diag);
    return fake_core.result;
}

static wall_t refused(void *ctx, struct buf *why)
{
    (void)buf_add(why, str_c(fake_core.refused)); /* tests are short */
    return fake_core.refused ? 1800000000 * NS_PER_S : 0;
}

static int config_json(void *ctx, struct buf *out)
{
    return buf_add(out, STR("{\"workers\":{\"value\":2,\"origin\":\"default\"}}"));
}

void fake_setup(struct fake *f)
{
    *f = (struct fake){.ui_dir = f->ui_dir};
    memset(&fake_core, 0, sizeof(fake_core));
    fake_core.is_durable = true;
    fake_core.now = 1000 * NS_PER_S;
    timer_wheel_free(loop.wheel); /* of a setting that was left half-way */
    loop.wheel = timer_wheel_new(&loop);
    rng_seeded_init(&f->rng, 1);
    limits_default(&f->limits);
    struct admin_options o = {.loop = &loop,
                              .core = (struct core *)&fake_core,
                              .limits = &f->limits,
                              .rng = &f->rng,
                              .token = STR(FAKE_TOKEN),
                              .vendors_json = STR("[{\"name\":\"stripe\",\"operations\":[]}]"),
                              .default_mode = MODE_TEST,
                              .version = STR("1.2.3"),
                              .ui_dir = str_c(f->ui_dir),
                              .config = {reload, refused, config_json, NULL}};
    assert_int_equal(admin_new(&o, &f->admin), 0);
}

static void exchange_drop(struct fake *f)
{
    if (!f->x)
        return;
    buf_deinit(&f->x->body);
    free(f->x);
    f->x = NULL;
}

void fake_teardown(struct fake *f)
{
    admin_free(f->admin);
    timer_wheel_free(loop.wheel);
    loop.wheel = NULL;
    exchange_drop(f);
    free(f->sent);
}

void fake_send(struct fake *f, const char *method, const char *target, const char *host, const char *auth,
               const char *type, const char *body)
{
    struct http_field fields[8];
    struct http_head h = {.method = str_c(method),
                          .target = str_c(target),
                          .path = str_c(target),
                          .host = str_c(host),
                          .fields = fields,
                          .body_bytes = body ? (int64_t)strlen(body) : 0};
    h.has_query = str_cut(h.target, '?', &h.path, &h.query);
    if (auth)
        fields[h.n_fields++] = (struct http_field){STR("Authorization"), str_c(auth)};
    if (type)
        fields[h.n_fields++] = (struct http_field){STR("Content-Type"), str_c(type)};
    if (f->if_none_match)
        fields[h.n_fields++] = (struct http_field){STR("If-None-Match"), str_c(f->if_none_match)};
    if (f->accept_encoding)
        fields[h.n_fields++] = (struct http_field){STR("Accept-Encoding"), str_c(f->accept_encoding)};

    for (size_t i = 0; i < f->n_more; i++)
        fields[h.n_fields++] = f->more[i];

    exchange_drop(f);
    f->sent = realloc(f->sent, body ? strlen(body) + 1 : 1);
    f->x = calloc(1, sizeof(*f->x));
    f->x->x.ops = &x_ops;
    buf_init(&f->x->body, 8u << 20);
    handler->on_request(handler_ctx, &f->x->x, &h);
    if (body && !f->x->is_released)
        f->x->x.ev->on_body(f->x->x.ev_ctx, str_c(strcpy(f->sent, body)));
    if (!f->x->is_released)
        f->x->x.ev->on_end(f->x->x.ev_ctx, NULL, 0);
}

void fake_get(struct fake *f, const char *target)
{
    fake_send(f, "GET", target, "127.0.0.1:4748", "Bearer " FAKE_TOKEN, NULL, NULL);
}

void fake_post(struct fake *f, const char *target, const char *body)
{
    fake_send(f, "POST", target, "localhost:4748", "Bearer " FAKE_TOKEN, "application/json", body);
}

void fake_answer(int result, const char *json)
{
    struct ask *a = fake_core.ask;
    assert_non_null(a);
    fake_core.ask = NULL;
    a->result = result;
    if (json)
        (void)buf_add_c(&a->json, json);
    a->done.fn(a->done.ctx);
}

void fake_work(struct store *s)
{
    struct ask *a = fake_core.ask;
    assert_non_null(a);
    assert_non_null(a->work);
    fake_core.ask = NULL;
    a->result = a->work(a->work_ctx, s, NULL, &a->json);
    a->done.fn(a->done.ctx);
}

void fake_synced(int result)
{
    struct sync_wait *w = fake_core.sync;
    assert_non_null(w);
    w->result = result;
    w->done.fn(w->done.ctx);
}

void fake_pass(int64_t ms)
{
    fake_core.now += ms * NS_PER_MS;
    timer_wheel_advance(loop.wheel, fake_core.now);
}

void fake_writable(struct fake *f) { f->x->x.ev->on_writable(f->x->x.ev_ctx); }

const char *fake_field(struct fake *f, const char *name, char end)
{
    static char value[512];
    const char *at = strstr(f->x->fields, name);
    value[0] = 0;
    if (at) {
        at += strlen(name) + 2; /* ": " */
        snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, (char[]){end, '\n', 0}), at);
    }
    return value;
}

void fake_leave(struct fake *f) { f->x->x.ev->on_reset(f->x->x.ev_ctx, HTTP_RESET_PEER_CLOSED); }

void fake_assert_answer(struct fake *f, int status, const char *part, const char *file, int line)
{
    struct str body = buf_str(&f->x->body);
    size_t at;
    if (f->x->status == status && f->x->is_finished && f->x->is_released && str_find(body, str_c(part), &at))
        return;
    print_error("status %d, finished %d, released %d, body %.*s\nwant %d with %s\n", f->x->status, f->x->is_finished,
                f->x->is_released, (int)body.n, body.p ? body.p : "", status, part);
    _fail(file, line);
}
