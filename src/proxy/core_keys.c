/*
 * proxy/core_keys.c - keys, the stop button and stopped runs: changed under the ledger mutex, written as EVENT first.
 *
 * A change that could not be written does not happen: nothing is in force that a restart would forget.
 */
#include "proxy/core_impl.h"
#include "proxy/stats.h"

#include "codec/hex.h"
#include "proxy/core_members.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct key_entry *core_key_add(struct core *c, struct key_entry *k)
{
    if (map_put(&c->keys_by_hash, (struct str){(const char *)k->hash, KEY_HASH_BYTES}, k, NULL) < 0)
        return NULL;
    if (map_put(&c->keys_by_id, str_c(k->id), k, NULL) < 0) {
        map_remove(&c->keys_by_hash, (struct str){(const char *)k->hash, KEY_HASH_BYTES});
        return NULL;
    }
    return k;
}

static struct key_entry *key_from_spec(const struct key_spec *s, const struct key_text *t, wall_t now)
{
    struct key_entry *k = calloc(1, sizeof(*k));
    check(k != NULL);
    memcpy(k->id, t->id, sizeof(k->id));
    memcpy(k->hash, t->hash, sizeof(k->hash));
    k->mode = s->mode;
    k->agent = (struct str){core_dup(s->agent), s->agent.n};
    k->owner = (struct str){core_dup(s->owner), s->owner.n};
    k->tenant = (struct str){core_dup(s->tenant), s->tenant.n};
    struct str policy = s->policy.n ? s->policy : STR("default");
    k->policy = (struct str){core_dup(policy), policy.n};
    k->created_at = now;
    k->expires_at = s->expires_at;
    k->n_limit_specs = s->n_limits;
    k->limit_specs = calloc(s->n_limits + 1, sizeof(struct str));
    check(k->limit_specs != NULL);
    for (size_t i = 0; i < s->n_limits; i++)
        k->limit_specs[i] = (struct str){core_dup(s->limits[i]), s->limits[i].n};
    core_key_label(k, s->labels, s->n_labels);
    return k;
}

void core_key_label(struct key_entry *k, const struct str *specs, size_t n)
{
    k->labels = calloc(n + 1, sizeof(struct label));
    check(k->labels != NULL);
    for (size_t i = 0; i < n; i++) {
        struct str text = {core_dup(specs[i]), specs[i].n};
        check(label_parse(text, &k->labels[k->n_labels++]) == 0);
    }
}

void core_key_free(struct key_entry *k)
{
    key_limits_free(k->limits);
    for (size_t i = 0; i < k->n_limit_specs; i++)
        free((char *)k->limit_specs[i].p);
    free(k->limit_specs);
    for (size_t i = 0; i < k->n_labels; i++)
        free((char *)k->labels[i].name.p); /* where its text begins */
    free(k->labels);
    free((char *)k->agent.p);
    free((char *)k->owner.p);
    free((char *)k->tenant.p);
    free((char *)k->policy.p);
    free(k);
}

static void check_labels(const struct key_spec *s, struct diag_list *diags)
{
    struct label labels[LABELS_MAX];
    if (s->n_labels > LABELS_MAX)
        diag_add(diags, STR("key"), 0, 0, "too_many", "a key has at most %d labels", LABELS_MAX);
    for (size_t i = 0; i < s->n_labels && i < LABELS_MAX; i++) {
        if (label_parse(s->labels[i], &labels[i]) < 0)
            diag_add(diags, STR("key"), 0, 0, "bad_label",
                     "a label is name=value: 1 to %d of a-z 0-9 - _, then 1 to %d of letters, digits and ._:@/+-",
                     LABEL_NAME_CHARS_MAX, LABEL_VALUE_CHARS_MAX);
        for (size_t j = 0; j < i && !diags->n_errors; j++)
            if (str_eq(labels[j].name, labels[i].name))
                diag_add(diags, STR("key"), 0, 0, "bad_label", "the label " STR_FMT " stands twice",
                         STR_ARG(labels[i].name));
    }
}

static bool spec_is_valid(const struct key_spec *s, struct diag_list *diags)
{
    struct str file = STR("key");
    const struct {
        const char *what;
        struct str value;
        bool is_required;
    } names[] = {{"agent", s->agent, true},
                 {"owner", s->owner, false},
                 {"tenant", s->tenant, false},
                 {"policy", s->policy, false}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].value.n == 0 && !names[i].is_required)
            continue;
        if (!str_is_token(names[i].value, "._:@/+-", 128))
            diag_add(diags, file, 0, 0, "bad_name", "%s must be 1 to 128 of letters, digits and ._:@/+-",
                     names[i].what);
    }
    if (s->mode == MODE_ANY)
        diag_add(diags, file, 0, 0, "bad_mode", "mode must be live or test");
    check_labels(s, diags);
    return diags->n_errors == 0;
}

void key_put_labels(struct json_writer *w, const struct key_entry *k)
{
    char text[LABEL_NAME_CHARS_MAX + LABEL_VALUE_CHARS_MAX + 2];
    jw_array(w);
    for (size_t i = 0; i < k->n_labels; i++) {
        int n = snprintf(text, sizeof text, STR_FMT "=" STR_FMT, STR_ARG(k->labels[i].name),
                         STR_ARG(k->labels[i].value));
        jw_str(w, (struct str){text, (size_t)n});
    }
    jw_array_end(w);
}

static int key_event(struct core *c, const struct key_entry *k, struct str by, uint64_t *ret_seq)
{
    struct member_text t = {.n = 0};
    char hex[2 * KEY_HASH_BYTES], when[WALL_TEXT_BYTES];

    member_str(&t, STR("id"), str_c(k->id), false);
    member_str(&t, STR("hash"), hex_encode(k->hash, KEY_HASH_BYTES, hex), false);
    member_str(&t, STR("mode"), mode_text(k->mode), false);
    member_str(&t, STR("agent"), k->agent, false);
    member_str(&t, STR("policy"), k->policy, false);
    struct json_writer w = member_begin(&t, STR("limits"), false);
    jw_array(&w);
    for (size_t i = 0; i < k->n_limit_specs; i++)
        jw_str(&w, k->limit_specs[i]);
    jw_array_end(&w);
    member_end(&t);
    if (k->n_labels) {
        w = member_begin(&t, STR("labels"), false);
        key_put_labels(&w, k);
        member_end(&t);
    }
    w = member_begin(&t, STR("expires_at"), false);
    if (k->expires_at)
        jw_str(&w, wall_text(k->expires_at, when));
    else
        jw_null(&w);
    member_end(&t);
    member_str(&t, STR("owner"), k->owner, true);
    member_str(&t, STR("tenant"), k->tenant, true);
    int r = core_event(c, STR("key.create"), by, t.m, t.n, ret_seq);
    members_free(&t);
    return r;
}

int core_key_create(struct core *c, const struct key_spec *s, struct str by, struct diag_list *diags,
                    struct key_text *ret_key, uint64_t *ret_seq)
{
    struct key_limits *limits = NULL;
    if (!spec_is_valid(s, diags))
        return -ERR_INVALID;
    if (s->n_limits) {
        int r = key_limits_parse(s->limits, s->n_limits, c->limits, diags, &limits);
        if (r < 0)
            return r;
    }

    core_lock(c);
    struct key_text text;
    struct key_spec spec = *s;
    const struct agent_entry *agent = map_get(&c->agents, s->agent);
    if (!spec.owner.n && agent)
        spec.owner = agent->owner;
    key_mint(s->mode, c->rng, &text);
    struct key_entry *k = key_from_spec(&spec, &text, c->clock->wall(c->clock->ctx));
    k->limits = limits;
    int r = c->keys_by_id.n >= (size_t)c->limits->keys_max ? -ERR_TOO_LARGE : key_event(c, k, by, ret_seq);
    if (r == 0 && !core_key_add(c, k))
        r = -ERR_TOO_LARGE;
    core_unlock(c);
    if (r < 0) {
        core_key_free(k);
        return err_trace(r);
    }
    *ret_key = text;
    return 0;
}

/* Under the mutex. */
static int revoke(struct core *c, struct key_entry *k, struct str by, uint64_t *ret_seq)
{
    struct member_text t = {.n = 0};
    member_str(&t, STR("id"), str_c(k->id), false);
    member_str(&t, STR("agent"), k->agent, false);
    member_str(&t, STR("tenant"), k->tenant, true);
    int r = core_event_late(c, STR("key.revoke"), by, t.m, t.n, ret_seq);
    members_free(&t);
    if (r < 0 && r != -ERR_NO_SPACE)
        return r;
    k->is_revoked = true; /* on a full disk too */
    k->revoked_at = c->clock->wall(c->clock->ctx);
    return r;
}

int core_key_revoke(struct core *c, struct str id, struct str by, uint64_t *ret_seq)
{
    int r = 0;
    mono_t began = c->clock->mono(c->clock->ctx);
    core_lock(c);
    struct key_entry *k = map_get(&c->keys_by_id, id);
    if (!k)
        r = -ERR_NOT_FOUND;
    else if (k->is_revoked && !list_is_empty(&c->late))
        r = -ERR_NO_SPACE; /* its frame may be among those that wait */
    else if (k->is_revoked)
        *ret_seq = journal_last_seq(c->journal);
    else
        r = revoke(c, k, by, ret_seq);
    core_unlock(c);
    stats_revoked(c->stats, (c->clock->mono(c->clock->ctx) - began) / NS_PER_US);
    return r;
}

bool core_key_is_of(struct core *c, struct str id, struct str tenant)
{
    core_lock(c);
    const struct key_entry *k = map_get(&c->keys_by_id, id);
    bool is = k && str_eq(k->tenant, tenant);
    core_unlock(c);
    return is;
}

/* Empty: whatever it is. */
static bool fits(struct str want, struct str have) { return want.n == 0 || str_eq(want, have); }

static int revoke_all(struct core *c, struct str agent, struct str tenant, struct str by, size_t *ret_n,
                      uint64_t *ret_seq)
{
    size_t i = 0, n = 0;
    struct str key;
    void *v;
    int r = 0;

    core_lock(c);
    *ret_seq = journal_last_seq(c->journal);
    while ((r == 0 || r == -ERR_NO_SPACE) && map_next(&c->keys_by_id, &i, &key, &v)) {
        struct key_entry *k = v;
        if (!fits(agent, k->agent) || !fits(tenant, k->tenant) || k->is_revoked)
            continue;
        int one = revoke(c, k, by, ret_seq);
        r = one < 0 ? one : r;
        n += one == 0 || one == -ERR_NO_SPACE;
    }
    core_unlock(c);
    *ret_n = n;
    return r;
}

int core_revoke_agent(struct core *c, struct str agent, struct str tenant, struct str by, size_t *ret_n,
                      uint64_t *ret_seq)
{
    check(agent.n > 0);
    return revoke_all(c, agent, tenant, by, ret_n, ret_seq);
}

int core_revoke_tenant(struct core *c, struct str tenant, struct str by, size_t *ret_n, uint64_t *ret_seq)
{
    check(tenant.n > 0);
    return revoke_all(c, STR_NONE, tenant, by, ret_n, ret_seq);
}

/* What `stopped_runs` is asked for: neither id has a '/', a tenant's name may. */
static struct str stop_name(char text[STOP_NAME_BYTES_MAX], struct str tenant, struct str run_id)
{
    if (tenant.n == 0)
        return run_id;
    check(tenant.n + 1 + run_id.n <= STOP_NAME_BYTES_MAX);
    memcpy(text, tenant.p, tenant.n);
    text[tenant.n] = '/';
    memcpy(text + tenant.n + 1, run_id.p, run_id.n);
    return (struct str){text, tenant.n + 1 + run_id.n};
}

bool core_run_is_stopped(const struct core *c, struct str tenant, struct str run_id)
{
    char text[STOP_NAME_BYTES_MAX];
    if (c->stopped_runs.n == 0)
        return false; /* as it nearly always is, on the way of every call */
    return map_get(&c->stopped_runs, run_id) ||
           (tenant.n && map_get(&c->stopped_runs, stop_name(text, tenant, run_id)));
}

/* Of one tenant, the tenant's name can be erased: then the stop is gone with what it stopped. */
static void stop_member(struct member_text *t, struct str name, struct str tenant)
{
    if (tenant.n == 0) {
        member_str(t, STR("run_id"), name, false);
        return;
    }
    member_str(t, STR("of"), name, true);
    member_str(t, STR("tenant"), tenant, true);
}

int core_run_stop(struct core *c, struct str run_id, struct str tenant, struct str by, uint64_t *ret_seq)
{
    struct member_text t = {.n = 0};
    char text[STOP_NAME_BYTES_MAX];
    struct str name = stop_name(text, tenant, run_id);
    int r = 0;

    core_lock(c);
    stop_member(&t, name, tenant);
    if (c->stopped_runs.n >= c->stopped_runs.n_max)
        r = -ERR_TOO_LARGE;
    if (r == 0)
        r = core_event_late(c, tenant.n ? STR("run.stop_of") : STR("run.stop"), by, t.m, t.n, ret_seq);
    if (r == 0 || r == -ERR_NO_SPACE) {
        int e = map_put(&c->stopped_runs, name, c, NULL);
        r = e < 0 ? e : r;
    }
    core_unlock(c);
    members_free(&t);
    return err_trace(r);
}

static int set_killed(struct core *c, bool is_killed, struct str reason, struct str by, uint64_t *ret_seq)
{
    struct member_text t = {.n = 0};
    core_lock(c);
    member_str(&t, STR("reason"), reason, false);
    int r = is_killed ? core_event_late(c, STR("kill"), by, t.m, t.n, ret_seq)
                      : core_event(c, STR("unkill"), by, t.m, t.n, ret_seq);
    if (r == 0 || (is_killed && r == -ERR_NO_SPACE))
        c->is_killed = is_killed;
    core_unlock(c);
    members_free(&t);
    return err_trace(r);
}

int core_kill(struct core *c, struct str reason, struct str by, uint64_t *ret_seq)
{
    return set_killed(c, true, reason, by, ret_seq);
}
int core_unkill(struct core *c, struct str by, uint64_t *ret_seq) { return set_killed(c, false, STR(""), by, ret_seq); }

bool core_is_killed(struct core *c)
{
    core_lock(c);
    bool is = c->is_killed;
    core_unlock(c);
    return is;
}

/* --- admit ------------------------------------------------------------------------------------------------------ */

static void touch_made_run(struct core *c, struct key_entry *k, wall_t now)
{
    if (k->made_run[0] == 0 || now - k->made_run_seen > RUN_IDLE_GAP_MS * NS_PER_MS) {
        struct uuid u = uuid_v7(now, c->rng);
        uuid_text(&u, k->made_run);
    }
    k->made_run_seen = now;
}

void core_admit(struct core *c, const uint8_t hash[KEY_HASH_BYTES], wall_t now, struct arena *a, struct admission *ret)
{
    *ret = (struct admission){.code = CODE_NONE};
    core_lock(c);
    struct key_entry *k = map_get(&c->keys_by_hash, (struct str){(const char *)hash, KEY_HASH_BYTES});
    if (!k) {
        ret->code = CODE_KEY_UNKNOWN;
        core_unlock(c);
        return;
    }
    ret->key = k;
    ret->agent_state = core_agent_state(c, k);
    if (k->is_revoked || ret->agent_state != AGENT_ACTIVE)
        ret->code = CODE_KEY_REVOKED;
    else if (k->expires_at && now >= k->expires_at)
        ret->code = CODE_KEY_EXPIRED;
    else if (c->is_killed)
        ret->code = CODE_STOPPED;
    touch_made_run(c, k, now);
    ret->made_run_id = arena_str(a, str_c(k->made_run));
    k->document = core_document_of(c, k);
    if (k->document) {
        policy_ref(k->document->policy);
        ret->policy = k->document->policy;
    }
    core_unlock(c);
}

const struct policy_entry *core_document_of(const struct core *c, const struct key_entry *k)
{
    return k->document ? k->document : map_get(&c->policies, k->policy);
}

const struct key_entry *core_key_named(struct core *c, struct str id)
{
    core_lock(c);
    const struct key_entry *k = map_get(&c->keys_by_id, id);
    core_unlock(c);
    return k;
}

const struct policy *core_policy_of(struct core *c, const struct key_entry *k)
{
    const struct policy *p = NULL;
    core_lock(c);
    const struct policy_entry *e = core_document_of(c, k);
    if (e) {
        policy_ref(e->policy);
        p = e->policy;
    }
    core_unlock(c);
    return p;
}
