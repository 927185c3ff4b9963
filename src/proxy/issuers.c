/*
 * proxy/issuers.c - one token: issuer by its word, keys of that issuer, signature and claims, then whose key it came
 * with.
 */
#include "proxy/issuers.h"

#include "base/check.h"
#include "base/err.h"
#include "io/files.h"
#include "io/whole_file.h"
#include "proxy/token_cache.h"
#include "proxy/token_used.h"

#include <stdlib.h>

struct issuers {
    const struct limits *limits;
    struct token_cache *cache;
    struct token_used *used; /* since started_at */
    wall_t started_at;
    size_t n;
    struct issuer items[];
};

/* --- the list ----------------------------------------------------------------------------------------------------- */

static unsigned algs_of(const struct config_issuer *c)
{
    unsigned algs = 0;
    enum jwt_alg a;
    for (size_t i = 0; i < c->n_algorithms; i++) {
        check(jwt_alg_parse(c->algorithms[i], &a) == 0);
        algs |= JWT_ALG_BIT(a);
    }
    return algs;
}

static void issuer_init(struct issuer *i, const struct config_issuer *c, const struct limits *l)
{
    i->config = c;
    i->algs = algs_of(c);
    i->is_single_use = c->is_single_use;
    i->customers_of = c->customers_of;
    i->n_customers_of = c->n_customers_of;
    i->keys = issuer_keys_new(l->jwks_stale_ms);
    i->terms = (struct token_terms){
        .name = c->name,
        .issuer = c->issuer,
        .audience = c->audience,
        .typ = str_eq_nocase(c->typ, STR("JWT")) ? STR_NONE : c->typ,
        .claim_user = c->claim_user,
        .claim_tenant = c->claim_tenant,
        .claim_customer = c->claim_customer,
        .claim_agent = c->claim_agent,
        .skew_s = l->identity_skew_ms / 1000,
        .age_s_max = c->age_s_max,
        .actors_max = (size_t)l->identity_chain_max,
    };
}

struct issuers *issuers_new(const struct config *c, const struct limits *l, wall_t now)
{
    struct issuers *s = calloc(1, sizeof *s + c->n_issuers * sizeof s->items[0]);
    check(s != NULL);
    s->limits = l;
    s->started_at = now;
    s->cache = token_cache_new((size_t)l->identity_cache_max);
    s->used = token_used_new((size_t)l->identity_used_max);
    s->n = c->n_issuers;
    for (size_t i = 0; i < s->n; i++)
        issuer_init(&s->items[i], &c->issuers[i], l);
    return s;
}

void issuers_free(struct issuers *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->n; i++)
        issuer_keys_free(s->items[i].keys);
    token_cache_free(s->cache);
    token_used_free(s->used);
    free(s);
}

size_t issuers_len(const struct issuers *s) { return s->n; }

struct issuer *issuers_at(struct issuers *s, size_t i)
{
    check(i < s->n);
    return &s->items[i];
}

const struct issuer *issuers_find(const struct issuers *s, struct str name)
{
    for (size_t i = 0; s && i < s->n; i++)
        if (str_eq(s->items[i].terms.name, name))
            return &s->items[i];
    return NULL;
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

int issuer_take_keys(const struct issuer *i, const struct limits *l, struct str text, struct jwk_set **ret,
                     const char **ret_why)
{
    if (text.n > (size_t)l->jwks_bytes_max) {
        *ret_why = "it is larger than jwks_bytes_max";
        return -ERR_TOO_LARGE;
    }
    return jwk_set_parse(text, i->algs, (size_t)l->jwks_keys_max, ret, ret_why);
}

static int read_file(const struct issuers *s, const struct issuer *i, struct str file, struct buf *error,
                     struct jwk_set **ret)
{
    const char *why = "it cannot be read";
    struct buf text;
    buf_init(&text, (size_t)s->limits->jwks_bytes_max + 1);
    int r = io_read_file(io_system(), file, (size_t)s->limits->jwks_bytes_max, &text);
    if (r == 0)
        r = issuer_take_keys(i, s->limits, buf_str(&text), ret, &why);
    if (r < 0)
        (void)buf_printf(error, "issuers." STR_FMT ".jwks: " STR_FMT ": %s (%s)", STR_ARG(i->terms.name),
                         STR_ARG(file), why, err_text(r));
    buf_deinit(&text);
    return err_trace(r);
}

int issuers_read_files(const struct issuers *s, const struct config *c, struct buf *error, struct jwk_set ***ret)
{
    struct jwk_set **sets = calloc(s->n + 1, sizeof *sets);
    int r = 0;
    check(sets != NULL);
    for (size_t i = 0; r == 0 && i < s->n; i++) {
        const struct config_issuer *now = config_issuer(c, s->items[i].terms.name);
        check(now != NULL);
        if (now->jwks.file.n)
            r = read_file(s, &s->items[i], now->jwks.file, error, &sets[i]);
    }
    if (r == 0)
        *ret = sets;
    else
        issuers_drop_files(s, sets);
    return r;
}

void issuers_put_files(struct issuers *s, struct jwk_set **sets, wall_t now)
{
    for (size_t i = 0; i < s->n; i++)
        if (sets[i])
            issuer_keys_put(s->items[i].keys, sets[i], now, true);
    free(sets);
}

void issuers_drop_files(const struct issuers *s, struct jwk_set **sets)
{
    for (size_t i = 0; sets && i < s->n; i++)
        jwk_set_unref(sets[i]);
    free(sets);
}

/* --- one token ---------------------------------------------------------------------------------------------------- */

static bool refused(struct token_refusal why, struct token_refusal *ret_why)
{
    *ret_why = why;
    return false;
}

/* `iss` is the token's word, and only chooses whose keys it must be signed with. */
static struct issuer *issuer_of(struct issuers *s, struct str token, struct arena *a, struct token_refusal *ret_why)
{
    struct str iss;
    enum jwt_fault f = jwt_peek_issuer(token, a, &iss);
    if (f != JWT_OK) {
        *ret_why = token_refusal_of_jwt(f);
        return NULL;
    }
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->items[i].terms.issuer, iss))
            return &s->items[i];
    *ret_why = token_refusal_of(TOKEN_ISSUER_UNKNOWN);
    return NULL;
}

/* Its issuer says whole seconds, so one of the second in which we began is old too. */
static bool is_older_than_we(const struct issuers *s, const struct proven *p)
{
    return p->expires_s - p->lifetime_s <= s->started_at / NS_PER_S;
}

/* A token that may be used once is never remembered as good. */
static bool use(struct issuers *s, const struct issuer *i, const struct proven *p, wall_t expires, wall_t now,
                struct token_refusal *ret_why)
{
    uint8_t digest[SHA256_BYTES];
    struct str parts[] = {i->terms.name, STR("\n"), p->id};
    if (!p->id.n)
        return refused(token_refusal_of(TOKEN_ID_MISSING), ret_why);
    if (is_older_than_we(s, p))
        return refused(token_refusal_of(TOKEN_BEFORE_START), ret_why);
    sha256_parts(parts, 3, digest);
    int r = token_used_add(s->used, digest, expires, now);
    if (r == 0)
        return true;
    return refused(token_refusal_of(r == TOKEN_USED_R_REPLAYED ? TOKEN_REPLAYED : TOKEN_USED_FULL), ret_why);
}

static wall_t end_of(const struct issuer *i, const struct proven *p)
{
    return (p->expires_s + i->terms.skew_s) * NS_PER_S;
}

/* Signature and claims; a kid that is not known may be a new one of the issuer's. */
static bool read_token(struct issuer *i, struct jwk_set *keys, struct str token, wall_t now, struct arena *a,
                       struct proven *ret, struct token_refusal *ret_why)
{
    enum jwt_fault jwt;
    enum token_fault fault;
    if (token_read(&i->terms, keys, token, now, a, ret, &jwt, &fault))
        return true;
    if (jwt == JWT_KEY_UNKNOWN)
        issuer_keys_want(i->keys);
    return refused(jwt != JWT_OK ? token_refusal_of_jwt(jwt) : token_refusal_of(fault), ret_why);
}

/* Found good before, and with keys that are still the issuer's. */
static struct issuer *known_good(struct issuers *s, const uint8_t digest[SHA256_BYTES], wall_t now, struct arena *a,
                                 struct proven *ret)
{
    struct issuer *i = NULL;
    struct jwk_set *keys = token_cache_get(s->cache, digest, now, a, ret);
    if (!keys)
        return NULL;
    for (size_t k = 0; k < s->n; k++)
        if (str_eq(s->items[k].terms.name, ret->issuer))
            i = &s->items[k];
    check(i != NULL);
    struct jwk_set *current = issuer_keys_take(i->keys, now);
    bool is_current = current == keys;
    jwk_set_unref(current);
    jwk_set_unref(keys);
    return is_current ? i : NULL;
}

static struct issuer *found_good(struct issuers *s, const uint8_t digest[SHA256_BYTES], struct str token, wall_t now,
                                 struct arena *a, struct proven *ret, struct token_refusal *ret_why)
{
    struct issuer *i = issuer_of(s, token, a, ret_why);
    struct jwk_set *keys = i ? issuer_keys_take(i->keys, now) : NULL;
    if (i && !keys) {
        issuer_keys_want(i->keys);
        *ret_why = token_refusal_of(TOKEN_KEYS_MISSING);
    }
    bool is_good = keys && read_token(i, keys, token, now, a, ret, ret_why);
    if (is_good && !i->is_single_use)
        token_cache_put(s->cache, digest, keys, end_of(i, ret), ret);
    jwk_set_unref(keys);
    return is_good ? i : NULL;
}

bool issuers_verify(struct issuers *s, struct str token, struct str agent, struct str tenant, wall_t now,
                    struct arena *a, struct proven *ret, struct token_refusal *ret_why)
{
    uint8_t digest[SHA256_BYTES];
    struct proven p;
    if (!s || s->n == 0)
        return refused(token_refusal_of(TOKEN_NO_ISSUERS), ret_why);
    if (token.n > (size_t)s->limits->identity_token_bytes_max)
        return refused(token_refusal_of_jwt(JWT_TOO_LARGE), ret_why);
    sha256(token, digest);
    struct issuer *i = known_good(s, digest, now, a, &p);
    if (!i)
        i = found_good(s, digest, token, now, a, &p, ret_why);
    if (!i)
        return false;
    enum token_fault f = token_agrees(&p, agent, tenant);
    if (f != TOKEN_OK)
        return refused(token_refusal_of(f), ret_why);
    if (i->is_single_use && !use(s, i, &p, end_of(i, &p), now, ret_why))
        return false;
    *ret = p;
    return true;
}
