/*
 * daemon/secrets_key.c - reads the key, or makes it.
 */
#include "daemon/secrets_key.h"

#include "base/err.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "io/whole_file.h"

#include <stdlib.h>
#include <unistd.h>

#define VARIABLE "FLYBALL_SECRETS_KEY"
#define CREDENTIAL "flyball-secrets-key"

static void use(struct str ref, struct arena *a, struct secrets_key *k)
{
    struct secret *text = NULL;
    struct buf error;
    buf_init(&error, 1024);
    int r = secret_load(ref, &error, &text);
    if (r == 0 && (r = keyring_new(secret_reveal(text), &k->keyring)) < 0)
        (void)buf_printf(&error, STR_FMT " does not hold 32 bytes in hexadecimal or base64", STR_ARG(ref));
    if (r < 0)
        k->problem = arena_str(a, buf_str(&error));
    secret_free(text);
    secret_env_wipe(ref);
    buf_deinit(&error);
}

static struct str credential_path(struct arena *a)
{
    const char *dir = getenv("CREDENTIALS_DIRECTORY");
    struct str path = dir ? arena_printf(a, "%s/" CREDENTIAL, dir) : STR_NONE;
    return path.n && access(path.p, F_OK) == 0 ? path : STR_NONE;
}

void secrets_key_load(struct str dir, struct arena *a, struct secrets_key *ret)
{
    struct secrets_key k = {.path = arena_printf(a, STR_FMT "/secrets.key", STR_ARG(dir))};
    struct str credential = credential_path(a);
    if (getenv(VARIABLE))
        use(STR("env:" VARIABLE), a, &k);
    else if (credential.n)
        use(arena_printf(a, "file:" STR_FMT, STR_ARG(credential)), a, &k);
    else if (access(k.path.p, F_OK) == 0)
        use(arena_printf(a, "file:" STR_FMT, STR_ARG(k.path)), a, &k);
    else
        k.may_make = true;
    *ret = k;
}

int secrets_key_make(void *ctx, struct keyring **ret)
{
    const struct secrets_key *k = ctx;
    uint8_t key[KEYRING_KEY_BYTES];
    char hex[2 * KEYRING_KEY_BYTES + 1];
    struct rng rng;
    rng_system_init(&rng);
    rng_fill(&rng, key, sizeof(key));
    struct str text = hex_encode(key, sizeof(key), hex);
    hex[text.n] = '\n';
    int r = io_replace_file(io_system(), k->path, (struct str){hex, sizeof(hex)});
    if (r == 0)
        r = keyring_new(text, ret);
    bytes_wipe(key, sizeof(key));
    bytes_wipe(hex, sizeof(hex));
    return err_trace(r);
}
