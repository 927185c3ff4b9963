/*
 * admin/session.c - links and sessions, each by the hash of its text.
 */
#include "admin/session.h"

#include "base/err.h"
#include "base/map.h"
#include "codec/base62.h"
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

struct link {
    struct list node; /* oldest first */
    uint8_t hash[32];
    struct principal who;
    mono_t made_at;
};

struct sessions {
    const struct limits *limits;
    struct rng *rng;
    struct map links, sessions; /* by hash */
    struct list links_by_age, sessions_by_idleness;
};

struct principal principal_of(const struct person *p)
{
    return (struct principal){.name = p->name, .tenant = p->tenant, .roles = p->roles, .person = p};
}

struct principal principal_of_folder(void)
{
    return (struct principal){.name = STR("admin"), .tenant = STR(""), .roles = ROLE_BIT(ROLE_OWNER)};
}

static struct str bytes_of(const uint8_t hash[32]) { return (struct str){(const char *)hash, 32}; }

int sessions_new(const struct limits *l, struct rng *rng, struct sessions **ret)
{
    struct sessions *s = calloc(1, sizeof(*s));
    if (!s)
        return err_trace(-ERR_NOMEM);
    s->limits = l;
    s->rng = rng;
    map_init(&s->links, (size_t)l->sign_in_links_max, NULL); /* keys are hashes: nobody chooses them */
    map_init(&s->sessions, (size_t)l->sessions_max, NULL);
    list_init(&s->links_by_age);
    list_init(&s->sessions_by_idleness);
    *ret = s;
    return 0;
}

static void link_drop(struct sessions *s, struct link *l)
{
    (void)map_remove(&s->links, bytes_of(l->hash));
    list_remove(&l->node);
    free(l);
}

static void session_drop(struct sessions *s, struct session *x)
{
    (void)map_remove(&s->sessions, bytes_of(x->hash));
    list_remove(&x->node);
    free(x);
}

void sessions_free(struct sessions *s)
{
    if (!s)
        return;
    list_each_safe(n, tmp, &s->links_by_age)
        link_drop(s, list_entry(n, struct link, node));
    list_each_safe(n, tmp, &s->sessions_by_idleness)
        session_drop(s, list_entry(n, struct session, node));
    map_deinit(&s->links);
    map_deinit(&s->sessions);
    free(s);
}

static void make_text(struct rng *r, struct session_text *ret, uint8_t hash[32])
{
    base62_random(r, ret->text, SESSION_TEXT_CHARS);
    ret->text[SESSION_TEXT_CHARS] = 0;
    sha256((struct str){ret->text, SESSION_TEXT_CHARS}, hash);
}

/* --- links -------------------------------------------------------------------------------------------------------- */

void sessions_link(struct sessions *s, const struct principal *who, mono_t now, struct session_text *ret_code)
{
    if (s->links.n >= (size_t)s->limits->sign_in_links_max)
        link_drop(s, list_entry(list_first(&s->links_by_age), struct link, node));
    struct link *l = calloc(1, sizeof(*l));
    check(l != NULL);
    l->who = *who;
    l->made_at = now;
    make_text(s->rng, ret_code, l->hash);
    check(map_put(&s->links, bytes_of(l->hash), l, NULL) == 0); /* there is room: only memory can be short */
    list_add_tail(&s->links_by_age, &l->node);
}

static struct session *session_new(struct sessions *s, const struct principal *who, mono_t now,
                                   struct session_text *ret_id)
{
    if (s->sessions.n >= (size_t)s->limits->sessions_max)
        session_drop(s, list_entry(list_first(&s->sessions_by_idleness), struct session, node));
    struct session *x = calloc(1, sizeof(*x));
    check(x != NULL);
    x->who = *who;
    x->began_at = x->seen_at = now;
    make_text(s->rng, ret_id, x->hash);
    check(map_put(&s->sessions, bytes_of(x->hash), x, NULL) == 0); /* as above */
    list_add_tail(&s->sessions_by_idleness, &x->node);
    return x;
}

int sessions_begin(struct sessions *s, struct str code, mono_t now, struct session_text *ret_id,
                   const struct session **ret)
{
    uint8_t hash[32];
    sha256(code, hash);
    struct link *l = map_get(&s->links, bytes_of(hash));
    if (!l)
        return -ERR_NOT_FOUND;
    struct principal who = l->who;
    bool is_late = now - l->made_at > s->limits->sign_in_link_ms * NS_PER_MS;
    link_drop(s, l);
    if (is_late)
        return -ERR_NOT_FOUND;
    *ret = session_new(s, &who, now, ret_id);
    return 0;
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

static struct session *look(struct sessions *s, struct str id, mono_t now)
{
    uint8_t hash[32];
    sha256(id, hash);
    struct session *x = map_get(&s->sessions, bytes_of(hash));
    if (!x)
        return NULL;
    if (now - x->seen_at <= s->limits->session_idle_ms * NS_PER_MS && now <= session_ends_at(s, x))
        return x;
    session_drop(s, x);
    return NULL;
}

const struct session *sessions_look(struct sessions *s, struct str id, mono_t now) { return look(s, id, now); }

const struct session *sessions_find(struct sessions *s, struct str id, mono_t now)
{
    struct session *x = look(s, id, now);
    if (!x)
        return NULL;
    x->seen_at = now;
    list_remove(&x->node);
    list_add_tail(&s->sessions_by_idleness, &x->node);
    return x;
}

void sessions_end(struct sessions *s, const struct session *which)
{
    session_drop(s, map_get(&s->sessions, bytes_of(which->hash)));
}

mono_t session_ends_at(const struct sessions *s, const struct session *which)
{
    return which->began_at + s->limits->session_ms * NS_PER_MS;
}

void session_csrf(struct str id, struct session_text *ret)
{
    uint8_t mac[32];
    hmac_sha256(id, STR("csrf"), mac);
    struct str text = base62_encode(mac, 29, ret->text); /* 29 bytes are 39 digits */
    check(text.n == SESSION_TEXT_CHARS);
    ret->text[SESSION_TEXT_CHARS] = 0;
}
