/*
 * proxy/admit.c - stage admit: who calls, for which run, and which vendor is meant. Before any byte of the body is
 * read.
 */
#include "proxy/identity.h"

#include "base/counter.h"
#include "codec/find.h"
#include "identity/carrier.h"
#include "proxy/core_limits.h"
#include "proxy/llm.h"

#define N(table) (sizeof(table) / sizeof((table)[0]))

static struct str field(struct call *c, struct str name)
{
    struct str v;
    return http_head_get(c->head, name, &v) ? v : STR_NONE;
}

/* The vendor by prefix only, and the run of a /r/<run>/ path, so that refusals before the key is known have a form. */
static struct str peek(struct call *c)
{
    struct str path = c->head->path, run = STR_NONE, first, rest;
    while (path.n > 1 && path.p[1] == '/')
        path = (struct str){path.p + 1, path.n - 1};
    if (str_starts(path, STR("/r/")) && str_cut((struct str){path.p + 3, path.n - 3}, '/', &run, &rest))
        path = (struct str){rest.p - 1, rest.n + 1};
    while (path.n > 1 && path.p[1] == '/')
        path = (struct str){path.p + 1, path.n - 1};
    if (path.n > 1 && str_cut((struct str){path.p + 1, path.n - 1}, '/', &first, &rest))
        c->vendor = vendors_find(c->w->shared->vendors, first);
    return run;
}

/* Fields that say who and for which run: of two, each reader may believe another. */
static const struct str credentials[] = {STR_INIT("authorization"), STR_INIT("x-api-key"), STR_INIT("x-goog-api-key")};
static const struct str singular[] = {
    STR_INIT("x-agent-run-id"), STR_INIT("x-agent-parent-run-id"), STR_INIT("x-claude-code-session-id"),
    STR_INIT("traceparent"),    STR_INIT("x-agent-identity"),      STR_INIT("x-flyball-dry-run"),
    STR_INIT("x-flyball-prompt"), STR_INIT("helicone-prompt-id"),  STR_INIT("x-agent-tool-call-id"),
    STR_INIT("x-flyball-user"), STR_INIT("helicone-user-id"),      STR_INIT("x-flyball-customer"),
    STR_INIT("x-flyball-wait")};

static bool refuses_twice(struct call *c, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (http_head_count(c->head, names[i]) < 2)
            continue;
        call_refusef(c, CODE_REQUEST_AMBIGUOUS, 400, "The header " STR_FMT " is there twice", STR_ARG(names[i]));
        return true;
    }
    return false;
}

bool call_shows_key(const struct call *c, struct str s)
{
    return c->presented.n > 0 && find_bytes(s, c->presented) < s.n;
}

static bool is_credential(struct str name)
{
    for (size_t i = 0; i < N(credentials); i++)
        if (str_eq_nocase(name, credentials[i]))
            return true;
    return false;
}

static bool head_shows_key(const struct call *c)
{
    if (call_shows_key(c, c->head->target))
        return true;
    for (size_t i = 0; i < c->head->n_fields; i++) {
        const struct http_field *f = &c->head->fields[i];
        if (call_shows_key(c, f->value) && !is_credential(f->name))
            return true;
    }
    return false;
}

static enum code find_key(struct call *c, struct str *ret_suffix)
{
    struct key_presented k;
    struct str token;
    uint8_t hash[KEY_HASH_BYTES];
    struct key_carriers from = {
        .authorization = field(c, STR("authorization")),
        .x_api_key = field(c, STR("x-api-key")),
        .x_goog_api_key = field(c, STR("x-goog-api-key")),
    };
    int r = carrier_token(&from, &c->arena, &token);
    if (r == -ERR_NOT_FOUND)
        return CODE_KEY_MISSING;
    if (r < 0 || key_parse(token, &k) < 0)
        return CODE_KEY_UNKNOWN;
    *ret_suffix = arena_str(&c->arena, k.run_id);
    c->presented = arena_str(&c->arena, k.key);
    c->dress = arena_str(&c->arena, k.dress);
    key_hash(k.key, hash);
    core_admit(c->w->shared->core, hash, c->started_at, &c->arena, &c->adm);
    return c->adm.code;
}

/* NULL, or the carrier that is malformed; then, and where one shows the key, the call gets a run that nobody named. */
static const char *choose_run(struct call *c, struct str suffix, struct str in_path, bool shows_key)
{
    static const struct run_carriers none;
    const char *bad = NULL, *not_bad;
    struct run_carriers from = {
        .header = field(c, STR("x-agent-run-id")),
        .key_suffix = suffix,
        .path = in_path,
        .session = field(c, STR("x-claude-code-session-id")),
        .traceparent = field(c, STR("traceparent")),
        .parent = field(c, STR("x-agent-parent-run-id")),
    };
    if (shows_key || run_choose(&from, c->adm.made_run_id, c->w->rng, &c->arena, &c->run, &bad) < 0)
        check(run_choose(&none, c->adm.made_run_id, c->w->rng, &c->arena, &c->run, &not_bad) == 0);
    return bad;
}

static struct str sentence_of(enum code code, const struct admission *adm)
{
    if (code == CODE_KEY_REVOKED && adm->agent_state != AGENT_ACTIVE)
        return adm->agent_state == AGENT_DISABLED
                   ? STR("The agent of this key is disabled (flyball agent enable lets it go on)")
                   : STR("The owner of this key's agent is disabled, and with them their agents (flyball agent enable "
                         "--owner lets them go on)");
    switch (code) {
    case CODE_KEY_MISSING:
        return STR(
            "No Flyball key was presented; send one as Authorization: Bearer fb_... (flyball key create makes one)");
    case CODE_KEY_REVOKED:
        return STR("This key was revoked");
    case CODE_KEY_EXPIRED:
        return STR("This key has expired");
    case CODE_STOPPED:
        return STR("All calls are stopped by an operator (flyball kill); flyball unkill lets them go on");
    default:
        return STR("This key is not known here");
    }
}

static void facts_of_who(struct call *c)
{
    const struct key_entry *k = c->adm.key;
    struct facts *f = &c->facts;
    f->key = str_c(k->id);
    f->agent = k->agent;
    f->owner = k->owner;
    f->tenant = k->tenant;
    f->tenant_source = k->tenant.n ? SOURCE_KEY : SOURCE_NONE;
    f->labels = k->labels;
    f->n_labels = k->n_labels;
    f->run_id = c->run.id;
    f->parent_run_id = c->run.parent;
    f->run_source = c->run.source;
    f->run_trust = c->run.trust;
    f->layer = STR("saas");
    f->method = c->method;
    f->mode = k->mode;
    f->now = c->started_at;
}

static void facts_of_vendor(struct call *c)
{
    c->facts.vendor = c->vendor->name;
    c->facts.host = c->vendor->target.host;
    c->facts.layer = connector_layer(c->vendor->connector);
}

/* Headers the later stages need, copied: the head is gone when the agent is. */
static void keep_headers(struct call *c)
{
    struct str v;
    c->has_idempotency_key = http_head_get(c->head, STR("idempotency-key"), &v) && !call_shows_key(c, v);
    if (c->has_idempotency_key)
        c->idempotency_key = arena_str(&c->arena, v);
    c->facts.has_idempotency_key = c->has_idempotency_key;
    c->is_dry_run = http_head_get(c->head, STR("x-flyball-dry-run"), &v) && str_eq_nocase(v, STR("true"));
}

/* How long the agent waits for a person: less than we would, or it cannot. */
static bool read_wait(struct call *c)
{
    struct str v;
    int64_t s;
    c->wait_ms = c->w->shared->limits->approval_wait_ms;
    if (!http_head_get(c->head, STR("x-flyball-wait"), &v))
        return true;
    if (str_to_i64(v, &s) < 0) {
        call_refuse(c, CODE_REQUEST_INVALID, 400,
                    STR("x-flyball-wait is how many seconds the call may wait for a person: a whole number"));
        return false;
    }
    if (s < c->wait_ms / 1000)
        c->wait_ms = s * 1000;
    return true;
}

/* Names that the agent gives to what it does; as with runs, what is there must be well formed, whether used or not. */
static const struct {
    struct str name;
    const char *more;
    size_t chars_max;
} named[] = {{STR_INIT("x-flyball-prompt"), "._:-@/+", PROMPT_CHARS_MAX},
             {STR_INIT("helicone-prompt-id"), "._:-@/+", PROMPT_CHARS_MAX},
             {STR_INIT("x-agent-tool-call-id"), "._:-/+=|", LLM_NAME_BYTES_MAX}};

/* True when one is malformed: the call was refused. */
static bool refuses_name(struct call *c)
{
    for (size_t i = 0; i < N(named); i++) {
        struct str v;
        if (!http_head_get(c->head, named[i].name, &v) || str_is_token(v, named[i].more, named[i].chars_max))
            continue;
        call_refusef(c, CODE_REQUEST_INVALID, 400, STR_FMT " is not a name: 1 to %zu of letters, digits and %s",
                     STR_ARG(named[i].name), named[i].chars_max, named[i].more);
        return true;
    }
    return false;
}

static void keep_names(struct call *c)
{
    struct str prompt = field(c, STR("x-flyball-prompt")), tool_call = field(c, STR("x-agent-tool-call-id"));
    if (!prompt.n)
        prompt = field(c, STR("helicone-prompt-id"));
    c->facts.prompt = arena_str(&c->arena, prompt);
    if (tool_call.n)
        core_cause_find(c->w->shared->core, &c->facts, arena_str(&c->arena, tool_call), &c->arena, &c->cause);
}

void stage_admit(struct call *c)
{
    struct str suffix = STR_NONE;
    struct str run_in_path = arena_str(&c->arena, peek(c));
    if (refuses_twice(c, credentials, N(credentials)))
        return;
    enum code code = find_key(c, &suffix);

    c->has_key = c->adm.key != NULL;
    if (!c->has_key) {
        call_refuse(c, code, 0, sentence_of(code, &c->adm));
        return;
    }
    counter_add(COUNTER_calls, 1);
    bool shows_key = head_shows_key(c);
    const char *bad_run = choose_run(c, suffix, run_in_path, shows_key);
    facts_of_who(c);
    keep_headers(c);
    if (c->vendor)
        facts_of_vendor(c);
    if (code != CODE_NONE) {
        call_refuse(c, code, 0, sentence_of(code, &c->adm));
        return;
    }
    if (shows_key) {
        call_refuse(c, CODE_REQUEST_INVALID, 400, CALL_SHOWS_KEY);
        return;
    }
    if (bad_run) {
        call_refusef(c, CODE_REQUEST_INVALID, 400, "%s is not a run id: 1 to 128 of letters, digits and ._:-", bad_run);
        return;
    }
    if (refuses_twice(c, singular, N(singular)) || refuses_name(c) || !read_wait(c))
        return;
    if (!call_identity(c))
        return;
    c->facts.root_run_id =
        core_root_run(c->w->shared->core, c->facts.tenant, c->facts.run_id, c->facts.parent_run_id, &c->arena);
    keep_names(c);
    if (!call_route(c))
        return;
    facts_of_vendor(c);
    c->vendor_mode = vendor_mode(c->vendor);
    if (!vendor_allows_mode(c->vendor_mode, c->adm.key->mode)) {
        call_refusef(c, CODE_POLICY_DENIED, 0,
                     "This is a test key, and " STR_FMT " is configured with a live secret; use a live key",
                     STR_ARG(c->vendor->name));
        return;
    }
    if (c->vendor_mode != MODE_ANY)
        c->facts.mode = c->vendor_mode;
    (void)call_is_to_model(c);
    c->phases.admit = call_us(c);
    stage_read(c);
}

const char *call_body_limit(const struct call *c) { return c->llm ? "llm_body_bytes_max" : "body_bytes_max"; }

void stage_read(struct call *c)
{
    int64_t n = c->head->body_bytes, max = (int64_t)c->body.max_bytes;
    if (n == 0) {
        c->is_body_read = true;
        call_go(c, CALL_DECIDING);
        stage_classify(c);
        return;
    }
    if (n > max) {
        call_refusef(c, CODE_REQUEST_TOO_LARGE, 413, "The request body of %lld bytes is larger than %s (%lld)",
                     (long long)n, call_body_limit(c), (long long)max);
        return;
    }
    call_go(c, CALL_READING);
    http_credit(c->client, (size_t)max + 1);
}
