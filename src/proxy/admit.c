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

static void read_head(struct call *c)
{
    struct agent_fields *fields = arena_alloc(&c->arena, sizeof(*fields));
    agent_fields_read(c->head, fields);
    c->fields = fields;
}

static bool refuses_twice(struct call *c, enum field_often kind)
{
    enum agent_field f = c->fields->twice[kind];
    if (f == AGENT_FIELD_COUNT)
        return false;
    call_refusef(c, CODE_REQUEST_AMBIGUOUS, 400, "The header " STR_FMT " is there twice", STR_ARG(agent_field_text(f)));
    return true;
}

bool call_shows_key(const struct call *c, struct str s)
{
    return c->presented.n > 0 && find_bytes(s, c->presented) < s.n;
}

static bool is_credential(struct str name)
{
    enum agent_field f = agent_field_find(name);
    return f < AGENT_FIELD_COUNT && agent_field_often(f) == FIELD_KEY;
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
        .authorization = c->fields->first[AGENT_FIELD_AUTHORIZATION],
        .x_api_key = c->fields->first[AGENT_FIELD_X_API_KEY],
        .x_goog_api_key = c->fields->first[AGENT_FIELD_X_GOOG_API_KEY],
    };
    int r = carrier_token(&from, &c->arena, &token);
    if (r == -ERR_NOT_FOUND)
        return CODE_KEY_MISSING;
    if (r < 0 || key_parse(token, &k) < 0)
        return CODE_KEY_UNKNOWN;
    *ret_suffix = k.run_id;
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
    const struct str *first = c->fields->first;
    struct run_carriers from = {
        .header = first[AGENT_FIELD_RUN],
        .key_suffix = suffix,
        .path = in_path,
        .session = first[AGENT_FIELD_SESSION],
        .traceparent = first[AGENT_FIELD_TRACEPARENT],
        .parent = first[AGENT_FIELD_PARENT_RUN],
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
    struct str key = c->fields->first[AGENT_FIELD_IDEMPOTENCY_KEY];
    c->has_idempotency_key = c->fields->n[AGENT_FIELD_IDEMPOTENCY_KEY] && !call_shows_key(c, key);
    if (c->has_idempotency_key)
        c->idempotency_key = arena_str(&c->arena, key);
    c->facts.has_idempotency_key = c->has_idempotency_key;
    c->is_dry_run = str_eq_nocase(c->fields->first[AGENT_FIELD_DRY_RUN], STR("true"));
}

/* How long the agent waits for a person: less than we would, or it cannot. */
static bool read_wait(struct call *c)
{
    int64_t s;
    c->wait_ms = c->w->shared->limits->approval_wait_ms;
    if (!c->fields->n[AGENT_FIELD_WAIT])
        return true;
    if (str_to_i64(c->fields->first[AGENT_FIELD_WAIT], &s) < 0) {
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
    enum agent_field field;
    const char *more;
    size_t chars_max;
} named[] = {{AGENT_FIELD_PROMPT, "._:-@/+", PROMPT_CHARS_MAX},
             {AGENT_FIELD_HELICONE_PROMPT, "._:-@/+", PROMPT_CHARS_MAX},
             {AGENT_FIELD_TOOL_CALL, "._:-/+=|", LLM_NAME_BYTES_MAX}};

/* True when one is malformed: the call was refused. */
static bool refuses_name(struct call *c)
{
    for (size_t i = 0; i < N(named); i++) {
        enum agent_field f = named[i].field;
        if (!c->fields->n[f] || str_is_token(c->fields->first[f], named[i].more, named[i].chars_max))
            continue;
        call_refusef(c, CODE_REQUEST_INVALID, 400, STR_FMT " is not a name: 1 to %zu of letters, digits and %s",
                     STR_ARG(agent_field_text(f)), named[i].chars_max, named[i].more);
        return true;
    }
    return false;
}

static void keep_names(struct call *c)
{
    const struct str *first = c->fields->first;
    struct str prompt = first[AGENT_FIELD_PROMPT], tool_call = first[AGENT_FIELD_TOOL_CALL];
    if (!prompt.n)
        prompt = first[AGENT_FIELD_HELICONE_PROMPT];
    c->facts.prompt = arena_str(&c->arena, prompt);
    if (tool_call.n)
        core_cause_find(c->w->shared->core, &c->facts, arena_str(&c->arena, tool_call), &c->arena, &c->cause);
}

void stage_admit(struct call *c)
{
    struct str suffix = STR_NONE;
    struct str run_in_path = peek(c);
    read_head(c);
    if (refuses_twice(c, FIELD_KEY))
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
    if (refuses_twice(c, FIELD_ONCE) || refuses_name(c) || !read_wait(c))
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
