/*
 * admin/sign_ins.c - see sign_ins.h.
 */
#include "admin/sign_ins.h"

#include "base/check.h"
#include "base/err.h"
#include "base/map.h"
#include "codec/b64.h"
#include "codec/base62.h"
#include "crypto/hash.h"

#include <stdlib.h>
#include <string.h>

struct sign_ins {
    const struct limits *limits;
    struct rng *rng;
    struct map by_state; /* keys are hashes: nobody chooses them */
    struct list by_age;
};

static struct str bytes_of(const uint8_t hash[32]) { return (struct str){(const char *)hash, 32}; }

int sign_ins_new(const struct limits *l, struct rng *rng, struct sign_ins **ret)
{
    struct sign_ins *s = calloc(1, sizeof *s);
    if (!s)
        return err_trace(-ERR_NOMEM);
    s->limits = l;
    s->rng = rng;
    map_init(&s->by_state, (size_t)l->sign_ins_max, NULL);
    list_init(&s->by_age);
    *ret = s;
    return 0;
}

static void drop(struct sign_ins *s, struct sign_in *one)
{
    (void)map_remove(&s->by_state, bytes_of(one->state));
    list_remove(&one->node);
    bytes_wipe(one, sizeof *one);
    free(one);
}

void sign_ins_free(struct sign_ins *s)
{
    if (!s)
        return;
    list_each_safe(n, tmp, &s->by_age) drop(s, list_entry(n, struct sign_in, node));
    map_deinit(&s->by_state);
    free(s);
}

static void make_text(struct rng *r, struct session_text *ret)
{
    base62_random(r, ret->text, SESSION_TEXT_CHARS);
    ret->text[SESSION_TEXT_CHARS] = 0;
}

void sign_ins_begin(struct sign_ins *s, mono_t now, struct sign_in_texts *ret)
{
    uint8_t digest[SHA256_BYTES];
    if (s->by_state.n >= (size_t)s->limits->sign_ins_max)
        drop(s, list_entry(list_first(&s->by_age), struct sign_in, node));
    struct sign_in *one = calloc(1, sizeof *one);
    check(one != NULL);
    make_text(s->rng, &ret->state);
    make_text(s->rng, &ret->browser);
    make_text(s->rng, &ret->nonce);
    base62_random(s->rng, one->verifier, SIGN_IN_VERIFIER_CHARS);
    one->nonce = ret->nonce;
    one->began_at = now;
    sha256(str_c(ret->state.text), one->state);
    sha256(str_c(ret->browser.text), one->browser);
    sha256((struct str){one->verifier, SIGN_IN_VERIFIER_CHARS}, digest);
    check(b64url_encode(bytes_of(digest), ret->challenge).n == SIGN_IN_CHALLENGE_CHARS);
    check(map_put(&s->by_state, bytes_of(one->state), one, NULL) == 0); /* there is room: only memory can be short */
    list_add_tail(&s->by_age, &one->node);
}

int sign_ins_take(struct sign_ins *s, struct str state, struct str browser, mono_t now, struct sign_in *ret)
{
    uint8_t hash[SHA256_BYTES];
    sha256(state, hash);
    struct sign_in *one = map_get(&s->by_state, bytes_of(hash));
    if (!one)
        return -ERR_NOT_FOUND;
    sha256(browser, hash);
    bool is_late = now - one->began_at > s->limits->sign_in_ms * NS_PER_MS;
    bool is_its = bytes_equal(hash, one->browser, SHA256_BYTES);
    if (!is_late && is_its)
        *ret = *one;
    drop(s, one);
    return is_late ? -ERR_NOT_FOUND : is_its ? 0 : -ERR_DENIED;
}
