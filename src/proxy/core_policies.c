/*
 * proxy/core_policies.c - documents in force: replaced whole, under the ledger mutex, by name.
 */
#include "proxy/core_impl.h"

#include "codec/json_write.h"

#include <stdlib.h>

int core_policy_put(struct core *c, const struct policy *p, wall_t at)
{
    struct policy_entry *e = calloc(1, sizeof(*e));
    void *old = NULL;
    check(e != NULL);
    e->policy = p;
    e->applied_at = at;
    int r = map_put(&c->policies, policy_name(p), e, &old);
    if (r < 0) {
        free(e);
        return err_trace(r);
    }
    policy_ref(p);
    if (old) {
        policy_unref(((struct policy_entry *)old)->policy);
        free(old);
    }
    return 0;
}

const struct policy *core_policy_named(struct core *c, struct str name)
{
    core_lock(c);
    const struct policy_entry *e = map_get(&c->policies, name);
    const struct policy *p = e ? e->policy : NULL;
    if (p)
        policy_ref(p);
    core_unlock(c);
    return p;
}

static void add_str(struct record_member *m, struct buf *b, const char *name, struct str value)
{
    buf_init(b, 2 * value.n + 1024 + value.n * 4);
    json_quote(b, value);
    *m = (struct record_member){.name = str_c(name), .json = buf_str(b)};
}

static int apply_event(struct core *c, const struct policy *p, struct str by, uint64_t *ret_seq)
{
    struct buf name, digest, version, document;
    struct record_member m[4];

    add_str(&m[0], &name, "name", policy_name(p));
    add_str(&m[1], &digest, "digest", policy_digest(p));
    buf_init(&version, 32);
    buf_printf(&version, "%lld", (long long)policy_version(p));
    m[2] = (struct record_member){.name = STR("version"), .json = buf_str(&version)};
    add_str(&m[3], &document, "document", policy_text(p));
    int r = core_event(c, STR("policy.apply"), by, m, 4, ret_seq);
    buf_deinit(&name);
    buf_deinit(&digest);
    buf_deinit(&version);
    buf_deinit(&document);
    return r;
}

int core_policy_apply(struct core *c, struct str text, struct str file, struct str by, struct diag_list *diags,
                      const struct policy **ret_p, uint64_t *ret_seq)
{
    struct policy *p;
    int r = policy_parse(text, file, c->limits, c->known, diags, &p);
    if (r < 0)
        return r;

    core_lock(c);
    bool is_new = map_get(&c->policies, policy_name(p)) == NULL;
    r = is_new && c->policies.n >= c->policies.n_max ? -ERR_TOO_LARGE : apply_event(c, p, by, ret_seq);
    if (r == 0)
        r = core_policy_put(c, p, c->clock->wall(c->clock->ctx));
    core_unlock(c);
    if (r < 0) {
        policy_unref(p);
        return err_trace(r);
    }
    *ret_p = p;
    return 0;
}
