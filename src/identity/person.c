/*
 * identity/person.c - roles by name, and credentials as text.
 *
 *   fba_0123456789abcdef0123456789ABCDEF012345
 *       secret(32)                      check(6)
 *
 * The check is CRC-32 of all that stands before it: it finds typing mistakes, and proves nothing.
 */
#include "identity/person.h"

#include <string.h>

#include "base/err.h"
#include "codec/base62.h"
#include "codec/crc32.h"
#include "crypto/hash.h"

#define PREFIX "fba_"
#define SECRET_AT (sizeof(PREFIX) - 1)
#define SECRET_CHARS 32
#define CHECK_AT (SECRET_AT + SECRET_CHARS)
#define TOKEN_CHARS (CHECK_AT + BASE62_U32_BYTES)

_Static_assert(TOKEN_CHARS < PERSON_TOKEN_BYTES, "a credential and its NUL fit");

static const struct str names[] = {
#define ROLE(name, text, what) STR_INIT(text),
#include "identity/role.tbl.h"
#undef ROLE
};

const struct str *role_names(size_t *ret_n)
{
    *ret_n = sizeof(names) / sizeof(names[0]);
    return names;
}

const char *role_text(enum role r) { return r == ROLE_PUBLIC ? "public" : names[r - 1].p; }

int role_parse(struct str s, enum role *ret)
{
    for (enum role r = ROLE_PUBLIC + 1; r < ROLE_COUNT; r++) {
        if (!str_eq(s, names[r - 1]))
            continue;
        *ret = r;
        return 0;
    }
    return -ERR_INVALID;
}

bool roles_allow(unsigned set, enum role wanted)
{
    if (wanted == ROLE_PUBLIC || (wanted == ROLE_VIEWER && set != 0))
        return true;
    return (set & (ROLE_BIT(wanted) | ROLE_BIT(ROLE_OWNER))) != 0;
}

bool person_name_is_valid(struct str name) { return str_is_token(name, "._:@/+-", PERSON_NAME_CHARS_MAX); }

void person_token_mint(struct rng *r, struct person_token *ret)
{
    *ret = (struct person_token){.text = PREFIX};
    base62_random(r, ret->text + SECRET_AT, SECRET_CHARS);
    (void)base62_u32(crc32_ieee(0, ret->text, CHECK_AT), ret->text + CHECK_AT);
    sha256((struct str){ret->text, TOKEN_CHARS}, ret->hash);
}

int person_token_hash(struct str presented, uint8_t ret[PERSON_HASH_BYTES])
{
    char check[BASE62_U32_BYTES];
    if (presented.n != TOKEN_CHARS || !str_starts(presented, STR(PREFIX)) ||
        !base62_is(str_sub(presented, SECRET_AT, SIZE_MAX)))
        return -ERR_INVALID;
    (void)base62_u32(crc32_ieee(0, presented.p, CHECK_AT), check);
    if (!bytes_equal(check, presented.p + CHECK_AT, sizeof(check)))
        return -ERR_INVALID;
    sha256(presented, ret);
    return 0;
}
