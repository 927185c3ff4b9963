/*
 * proxy/core_people.c - people and services: changed under the ledger mutex, written as EVENT first, found by the hash
 * of what they present.
 */
#include "proxy/core_people.h"

#include "codec/hex.h"
#include "codec/json_read.h"
#include "proxy/core_agents.h"
#include "proxy/core_impl.h"
#include "proxy/core_members.h"

#include <stdlib.h>
#include <string.h>

static struct str hash_of(const struct person *p) { return (struct str){(const char *)p->hash, PERSON_HASH_BYTES}; }

static void person_free(struct person *p)
{
    free((char *)p->name.p);
    free((char *)p->tenant.p);
    free(p);
}

void core_people_free(struct core *c)
{
    list_each_safe(n, tmp, &c->people)
        person_free(list_entry(n, struct person, node));
    map_deinit(&c->people_by_name);
    map_deinit(&c->people_by_hash);
}

/* Takes p over. What had the name before is found by its own credential only, to be told that it is over. */
static int person_add(struct core *c, struct person *p)
{
    int r = map_put(&c->people_by_hash, hash_of(p), p, NULL);
    if (r == 0)
        r = map_put(&c->people_by_name, p->name, p, NULL);
    if (r < 0) {
        (void)map_remove(&c->people_by_hash, hash_of(p));
        person_free(p);
        return err_trace(r);
    }
    list_add_tail(&c->people, &p->node);
    return 0;
}

static int status_of(const struct person *p, wall_t now)
{
    return p->is_revoked                           ? PERSON_R_REVOKED
           : p->expires_at && now >= p->expires_at ? PERSON_R_EXPIRED
                                                   : 0;
}

/* --- create ------------------------------------------------------------------------------------------------------- */

static bool spec_is_valid(const struct person_spec *s, struct diag_list *diags)
{
    struct str file = STR("person");
    if (!person_name_is_valid(s->name))
        diag_add(diags, file, 0, 0, "bad_name", "name must be 1 to %d of letters, digits and ._:@/+-",
                 PERSON_NAME_CHARS_MAX);
    if (s->tenant.n && !person_name_is_valid(s->tenant))
        diag_add(diags, file, 0, 0, "bad_name", "tenant must be 1 to %d of letters, digits and ._:@/+-",
                 PERSON_NAME_CHARS_MAX);
    if (!s->roles)
        diag_add(diags, file, 0, 0, "no_role", "name at least one role");
    return diags->n_errors == 0;
}

static void put_roles(struct json_writer *w, unsigned roles)
{
    jw_array(w);
    for (enum role r = ROLE_PUBLIC + 1; r < ROLE_COUNT; r++)
        if (roles & ROLE_BIT(r))
            jw_str(w, str_c(role_text(r)));
    jw_array_end(w);
}

static struct str kind_of(const struct person *p) { return p->is_service ? STR("service") : STR("person"); }

static int create_event(struct core *c, const struct person *p, struct str by, uint64_t *ret_seq)
{
    struct member_text t = {.n = 0};
    char hex[2 * PERSON_HASH_BYTES], when[WALL_TEXT_BYTES];

    member_str(&t, STR("name"), p->name, false);
    member_str(&t, STR("kind"), kind_of(p), false);
    struct json_writer w = member_begin(&t, STR("roles"), false);
    put_roles(&w, p->roles);
    member_end(&t);
    member_str(&t, STR("hash"), hex_encode(p->hash, PERSON_HASH_BYTES, hex), false);
    w = member_begin(&t, STR("expires_at"), false);
    if (p->expires_at)
        jw_str(&w, wall_text(p->expires_at, when));
    else
        jw_null(&w);
    member_end(&t);
    member_str(&t, STR("tenant"), p->tenant, true);
    int r = core_event(c, STR("person.create"), by, t.m, t.n, ret_seq);
    members_free(&t);
    return r;
}

static struct person *person_new(const struct person_spec *s, wall_t now)
{
    struct person *p = calloc(1, sizeof(*p));
    check(p != NULL);
    p->name = (struct str){core_dup(s->name), s->name.n};
    p->tenant = (struct str){core_dup(s->tenant), s->tenant.n};
    p->roles = s->roles;
    p->is_service = s->is_service;
    p->created_at = now;
    p->expires_at = s->expires_at;
    return p;
}

int core_person_create(struct core *c, const struct person_spec *s, struct str by, struct diag_list *diags,
                       struct person_token *ret_token, uint64_t *ret_seq)
{
    struct person_token token;
    int r = 0;
    if (!spec_is_valid(s, diags))
        return -ERR_INVALID;

    core_lock(c);
    wall_t now = c->clock->wall(c->clock->ctx);
    const struct person *namesake = map_get(&c->people_by_name, s->name);
    if (namesake && status_of(namesake, now) == 0)
        r = PERSON_R_EXISTS;
    else if (c->people_by_hash.n >= (size_t)c->limits->people_max)
        r = -ERR_TOO_LARGE;
    if (r == 0) {
        struct person *p = person_new(s, now);
        person_token_mint(c->rng, &token);
        memcpy(p->hash, token.hash, sizeof(p->hash));
        r = create_event(c, p, by, ret_seq);
        if (r < 0)
            person_free(p);
        else
            r = person_add(c, p);
    }
    core_unlock(c);
    if (r == 0)
        *ret_token = token;
    return err_trace(r);
}

/* --- revoke ------------------------------------------------------------------------------------------------------- */

/*
 * Under the mutex. Agents that the person answers for go first: who dies in between has revoked nobody yet, and says so
 * again. What waits for room on the disk is in force.
 */
static int revoke(struct core *c, struct person *p, struct str by, uint64_t *ret_seq)
{
    struct member_text t = {.n = 0};
    int e = core_owner_disable_locked(c, p->name, true, by, ret_seq);
    if (e < 0 && e != -ERR_NOT_FOUND && e != -ERR_NO_SPACE && e != -ERR_TOO_LARGE)
        return e;
    member_str(&t, STR("name"), p->name, false);
    member_str(&t, STR("tenant"), p->tenant, true);
    int r = core_event_late(c, STR("person.revoke"), by, t.m, t.n, ret_seq);
    members_free(&t);
    if (r < 0 && r != -ERR_NO_SPACE)
        return r;
    p->is_revoked = true; /* on a full disk too */
    p->revoked_at = c->clock->wall(c->clock->ctx);
    return r == 0 && e == -ERR_TOO_LARGE ? e : r;
}

int core_person_revoke(struct core *c, struct str name, struct str tenant, struct str by, uint64_t *ret_seq)
{
    int r = 0;
    core_lock(c);
    struct person *p = map_get(&c->people_by_name, name);
    if (!p || (tenant.n && !str_eq(p->tenant, tenant)))
        r = -ERR_NOT_FOUND;
    else if (p->is_revoked && !list_is_empty(&c->late))
        r = -ERR_NO_SPACE; /* its frame may be among those that wait */
    else if (p->is_revoked)
        *ret_seq = journal_last_seq(c->journal);
    else
        r = revoke(c, p, by, ret_seq);
    core_unlock(c);
    return r;
}

/* --- who is it ---------------------------------------------------------------------------------------------------- */

static int look(struct core *c, struct person *p)
{
    wall_t now = c->clock->wall(c->clock->ctx);
    int r = status_of(p, now);
    if (r == 0)
        p->seen_at = now;
    return r;
}

static int find(struct core *c, const struct map *people, struct str key, const struct person **ret)
{
    core_lock(c);
    struct person *p = map_get(people, key);
    int r = p ? look(c, p) : -ERR_NOT_FOUND;
    core_unlock(c);
    if (p)
        *ret = p;
    return r;
}

int core_person_by_hash(struct core *c, const uint8_t hash[PERSON_HASH_BYTES], const struct person **ret)
{
    return find(c, &c->people_by_hash, (struct str){(const char *)hash, PERSON_HASH_BYTES}, ret);
}

int core_person_by_name(struct core *c, struct str name, const struct person **ret)
{
    return find(c, &c->people_by_name, name, ret);
}

int core_person_look(struct core *c, const struct person *p)
{
    core_lock(c);
    int r = look(c, (struct person *)p);
    core_unlock(c);
    return r;
}

unsigned core_person_roles(struct core *c, struct str name)
{
    core_lock(c);
    const struct person *p = map_get(&c->people_by_name, name);
    unsigned roles = p && status_of(p, c->clock->wall(c->clock->ctx)) == 0 ? p->roles : 0;
    core_unlock(c);
    return roles;
}

/* --- list --------------------------------------------------------------------------------------------------------- */

static void put_person(struct json_writer *w, const struct person *p, wall_t now)
{
    int status = status_of(p, now);
    jw_object(w);
    jw_put_str(w, STR("name"), p->name);
    jw_put_str(w, STR("kind"), kind_of(p));
    jw_key(w, STR("roles"));
    put_roles(w, p->roles);
    jw_put_str_or_null(w, STR("tenant"), p->tenant);
    jw_put_str(w, STR("status"),
               status == PERSON_R_REVOKED   ? STR("revoked")
               : status == PERSON_R_EXPIRED ? STR("expired")
                                            : STR("active"));
    jw_put_wall_or_null(w, STR("created_at"), p->created_at);
    jw_put_wall_or_null(w, STR("expires_at"), p->expires_at);
    jw_put_wall_or_null(w, STR("revoked_at"), p->revoked_at);
    jw_put_wall_or_null(w, STR("last_seen_at"), p->seen_at);
    jw_object_end(w);
}

int core_people_json(struct core *c, struct str tenant, struct buf *out)
{
    struct json_writer w;
    jw_init(&w, out);
    jw_array(&w);
    core_lock(c);
    wall_t now = c->clock->wall(c->clock->ctx);
    list_each(n, &c->people) {
        const struct person *p = list_entry(n, struct person, node);
        bool is_newest = map_get(&c->people_by_name, p->name) == p;
        if (is_newest && (!tenant.n || str_eq(p->tenant, tenant)))
            put_person(&w, p, now);
    }
    core_unlock(c);
    jw_array_end(&w);
    jw_end(&w);
    return buf_ok(out);
}

/* --- what they do ------------------------------------------------------------------------------------------------- */

static void member_raw(struct member_text *t, struct str name, struct str json)
{
    if (!json.n)
        return;
    struct json_writer w = member_begin(t, name, false);
    jw_raw(&w, json);
    member_end(t);
}

int core_admin_action(struct core *c, const struct admin_action *a, uint64_t *ret_seq)
{
    struct member_text t = {.n = 0};
    member_str(&t, STR("action"), a->action, false);
    member_str(&t, STR("role"), a->role, false);
    if (a->target.n)
        member_str(&t, STR("target"), a->target, a->is_target_personal);
    member_raw(&t, STR("before"), a->before);
    member_raw(&t, STR("after"), a->after);
    member_str(&t, STR("address"), a->address, true);
    if (a->tenant.n)
        member_str(&t, STR("tenant"), a->tenant, true);
    core_lock(c);
    int r = core_event_late(c, STR("admin.action"), a->by, t.m, t.n, ret_seq);
    core_unlock(c);
    members_free(&t);
    return err_trace(r);
}

int core_sign_ins_failed(struct core *c, uint64_t n, struct str reason, struct str address)
{
    struct member_text t = {.n = 0};
    uint64_t seq;
    struct json_writer w = member_begin(&t, STR("count"), false);
    jw_u64(&w, n);
    member_end(&t);
    member_str(&t, STR("reason"), reason, false);
    member_str(&t, STR("address"), address, true);
    core_lock(c);
    int r = core_event(c, STR("sign_in.failed"), STR("daemon"), t.m, t.n, &seq);
    core_unlock(c);
    members_free(&t);
    return err_trace(r);
}

/* --- start -------------------------------------------------------------------------------------------------------- */

static struct str text_of(struct json object, const char *name)
{
    return json_text_of(json_get(object, str_c(name)));
}

/* Roles that this version does not know are not had. */
static unsigned roles_of(struct json list)
{
    unsigned set = 0;
    struct json one;
    struct str text;
    enum role r;
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &one);)
        if (json_str(one, &text) && role_parse(text, &r) == 0)
            set |= ROLE_BIT(r);
    return set;
}

int core_person_load(struct core *c, const struct state_row *row, struct json body, struct json personal)
{
    struct person_spec s = {.name = text_of(body, "name"),
                            .tenant = text_of(personal, "tenant"),
                            .roles = roles_of(json_get(body, STR("roles"))),
                            .is_service = str_eq(text_of(body, "kind"), STR("service"))};
    wall_t created_at = 0;
    bool had_tenant = json_type(json_get(body, STR("personal"))) != JSON_NONE; /* nothing else of a person is erased */
    (void)wall_parse(text_of(body, "at"), &created_at);            /* absent: 0 */
    (void)wall_parse(text_of(body, "expires_at"), &s.expires_at); /* null: never */
    struct person *p = person_new(&s, created_at);
    if (!p->name.n || hex_decode(text_of(body, "hash"), p->hash, PERSON_HASH_BYTES) < 0) {
        person_free(p);
        return err_trace(-ERR_CORRUPT);
    }
    /* One whose tenant was erased must not see all tenants. */
    p->is_revoked = row->is_over || (had_tenant && json_type(json_get(personal, STR("tenant"))) != JSON_STR);
    p->revoked_at = row->over_at;
    return person_add(c, p);
}
