/*
 * tests/cases/jwt/run.c - runs one file of cases: run FILE N_LEAST. Exit 1 when one ends in another way than it says,
 * or when there are fewer than N_LEAST. A case names the fault by which its token is refused (jwt_fault.tbl.h), or of a
 * set how many keys of it can be used, and what stands in the sentence where none can. What a case does not say stands
 * at the top of its file. Of an accepted token every single character is changed as well, and then it is refused.
 */
#include "codec/json_read.h"
#include "codec/json_write.h"
#include "crypto/jwt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX (1 << 20)
#define KEYS_MAX 64
#define CHANGED_BYTES_MAX 2048

static struct json root;

/* The case's own, or the file's. */
static struct json member(struct json c, struct str name)
{
    struct json own = json_get(c, name);
    return json_type(own) == JSON_NONE ? json_get(root, name) : own;
}

static struct str text_of(struct json c, const char *name)
{
    struct str s = STR_NONE;
    (void)json_str(member(c, str_c(name)), &s);
    return s;
}

static int64_t number_of(struct json c, const char *name)
{
    int64_t n = 0;
    (void)json_i64(member(c, str_c(name)), &n);
    return n;
}

static bool says(struct str sentence, struct str part)
{
    size_t at;
    return str_find(sentence, part, &at);
}

/* --- sets of keys ------------------------------------------------------------------------------------------------- */

static bool set_is_as_said(struct json c)
{
    struct jwk_set *s = NULL;
    const char *why = "";
    int r = jwk_set_parse(text_of(c, "set"), JWT_ALGS_ALL, KEYS_MAX, &s, &why);
    int64_t n = r == 0 ? (int64_t)jwk_set_len(s) : 0;
    bool is_good = n == number_of(c, "usable") && (n > 0 || says(str_c(why), text_of(c, "why")));
    if (!is_good)
        printf("%lld usable keys: %s\n", (long long)n, why);
    jwk_set_unref(s);
    return is_good;
}

/* --- tokens ------------------------------------------------------------------------------------------------------- */

static struct jwk_set *keys_of(struct json c)
{
    struct buf text;
    struct json_writer w;
    struct jwk_set *s = NULL;
    const char *why;
    buf_init(&text, 1 << 16);
    jw_init(&w, &text);
    jw_json(&w, member(c, STR("keys")));
    if (jwk_set_parse(buf_str(&text), JWT_ALGS_ALL, KEYS_MAX, &s, &why) < 0)
        printf("keys: %s\n", why);
    buf_deinit(&text);
    return s;
}

static enum jwt_fault verify(struct str token, const struct jwk_set *keys, const struct jwt_expect *e)
{
    struct arena a;
    struct jwt t;
    arena_init(&a, 4 << 20);
    enum jwt_fault f = jwt_verify(token, keys, e, &a, &t);
    arena_deinit(&a);
    return f;
}

static bool no_change_passes(struct str token, const struct jwk_set *keys, const struct jwt_expect *e)
{
    char changed[CHANGED_BYTES_MAX];
    size_t n = token.n <= sizeof changed ? token.n : 0;
    memcpy(changed, token.p, n);
    for (size_t i = 0; i < n; i++) {
        changed[i] = token.p[i] == 'A' ? 'B' : 'A';
        if (verify((struct str){changed, n}, keys, e) == JWT_OK) {
            printf("accepted with character %zu changed\n", i);
            return false;
        }
        changed[i] = token.p[i];
    }
    return true;
}

static bool token_is_as_said(struct json c)
{
    struct jwt_expect e = {
        .issuer = text_of(c, "issuer"),
        .audience = text_of(c, "audience"),
        .typ = text_of(c, "typ"),
        .skew_s = number_of(c, "skew_s"),
        .age_s_max = number_of(c, "age_s_max"),
        .actors_max = (size_t)number_of(c, "actors_max"),
        .now = number_of(c, "now") * NS_PER_S,
    };
    struct jwk_set *keys = keys_of(c);
    if (!keys)
        return false;
    struct str token = text_of(c, "token"), want = text_of(c, "fault");
    enum jwt_fault f = verify(token, keys, &e);
    bool is_good = str_eq(jwt_fault_text(f), want);
    if (!is_good)
        printf(STR_FMT " instead of " STR_FMT "\n", STR_ARG(jwt_fault_text(f)), STR_ARG(want));
    is_good = is_good && (f != JWT_OK || no_change_passes(token, keys, &e));
    jwk_set_unref(keys);
    return is_good;
}

static bool case_is_as_said(struct json c)
{
    bool is_set = json_type(json_get(c, STR("set"))) != JSON_NONE;
    bool is_good = is_set ? set_is_as_said(c) : token_is_as_said(c);
    if (!is_good)
        printf("failed: " STR_FMT "\n", STR_ARG(text_of(c, "name")));
    return is_good;
}

int main(int argc, char **argv)
{
    static char text[FILE_BYTES_MAX];
    struct arena a;
    struct json c;
    size_t n = 0, n_bad = 0;
    FILE *f = argc == 3 ? fopen(argv[1], "rb") : NULL;
    if (!f)
        return 2;
    struct str s = {text, fread(text, 1, sizeof text, f)};
    fclose(f);
    arena_init(&a, 64 << 20);
    if (json_parse(&a, s, 16, &root) < 0)
        return 2;
    for (struct json_iter it = json_each(json_get(root, STR("cases"))); json_next(&it, NULL, &c); n++)
        n_bad += !case_is_as_said(c);
    printf("%zu cases, %zu failed\n", n, n_bad);
    arena_deinit(&a);
    return n_bad || n < (size_t)atoi(argv[2]);
}
