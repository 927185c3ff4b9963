/*
 * daemon/folder.c - opens the data folder.
 */
#include "daemon/folder.h"

#include "base/buf.h"
#include "base/err.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "crypto/sign.h"
#include "io/whole_file.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static struct str absolute(struct str dir, struct arena *a)
{
    char path[PATH_MAX];
    struct str z = arena_str(a, dir);
    return realpath(z.p, path) ? arena_str(a, str_c(path)) : z;
}

static int make_token(struct folder *f, struct rng *r)
{
    uint8_t random[24];
    char text[48];
    rng_fill(r, random, sizeof(random));
    struct str hex = hex_encode(random, sizeof(random), text);
    memcpy(f->token, "fba_", 4);
    memcpy(f->token + 4, hex.p, hex.n);
    f->token[4 + hex.n] = 0;
    return io_replace_file(io_system(), f->token_file, str_c(f->token));
}

static int load_token(struct folder *f, struct rng *r)
{
    struct buf text;
    buf_init(&text, sizeof(f->token) - 1);
    int ret = io_read_file(io_system(), f->token_file, sizeof(f->token) - 1, &text);
    struct str s = buf_str(&text);
    while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == ' '))
        s.n--;
    if (ret == 0 && s.n >= 16) {
        memcpy(f->token, s.p, s.n);
        f->token[s.n] = 0;
    } else if (ret == 0 || ret == -ERR_NOT_FOUND) {
        ret = make_token(f, r);
    }
    buf_deinit(&text);
    return err_trace(ret);
}

/* Written once: each sync is milliseconds of a start. */
static int put_public_key(struct str path, const uint8_t key[SIGN_PUBLIC_BYTES])
{
    char hex[2 * SIGN_PUBLIC_BYTES];
    struct str want = hex_encode(key, SIGN_PUBLIC_BYTES, hex);
    struct buf have;
    buf_init(&have, sizeof hex);
    int r = io_read_file(io_system(), path, sizeof hex, &have);
    bool is_there = r == 0 && str_eq(buf_str(&have), want);
    buf_deinit(&have);
    return is_there ? 0 : io_replace_file(io_system(), path, want);
}

/* The seed in hex. Its public half is written beside it, to be kept elsewhere: it proves who signed. */
static int load_checkpoint_key(struct folder *f, struct rng *rng, struct arena *a)
{
    uint8_t seed[SIGN_SEED_BYTES], public_key[SIGN_PUBLIC_BYTES];
    char hex[2 * SIGN_SEED_BYTES];
    struct str path = arena_printf(a, STR_FMT "/checkpoint.key", STR_ARG(f->dir));
    struct buf text;
    buf_init(&text, 128);
    int r = io_read_file(io_system(), path, 128, &text);
    if (r == 0)
        r = hex_decode(str_sub(buf_str(&text), 0, sizeof hex), seed, sizeof seed);
    if (r == -ERR_NOT_FOUND) {
        rng_fill(rng, seed, sizeof seed);
        r = io_replace_file(io_system(), path, hex_encode(seed, sizeof seed, hex));
    }
    if (r == 0 && !(f->checkpoint_key = sign_key_new(seed)))
        r = -ERR_NOMEM;
    if (r == 0) {
        sign_key_public(f->checkpoint_key, public_key);
        r = put_public_key(arena_printf(a, STR_FMT "/checkpoint.pub", STR_ARG(f->dir)), public_key);
    }
    bytes_wipe(seed, sizeof seed);
    bytes_wipe(hex, sizeof hex);
    if (text.p)
        bytes_wipe(text.p, text.cap);
    buf_deinit(&text);
    return err_trace(r);
}

int folder_open(struct str dir, struct rng *r, struct arena *a, struct buf *error, struct folder *ret)
{
    struct folder f = {0};
    int e = io_mkdir_all(io_system(), arena_printf(a, STR_FMT "/journal", STR_ARG(dir)));
    if (e < 0) {
        buf_printf(error, "cannot make the data folder " STR_FMT ": %s; choose another with --dir", STR_ARG(dir),
                   err_text(e));
        return e;
    }
    f.dir = absolute(dir, a);
    f.journal = arena_printf(a, STR_FMT "/journal", STR_ARG(f.dir));
    f.store = arena_printf(a, STR_FMT "/flyball.db", STR_ARG(f.dir));
    f.token_file = arena_printf(a, STR_FMT "/admin.token", STR_ARG(f.dir));
    f.url_file = arena_printf(a, STR_FMT "/admin.url", STR_ARG(f.dir));
    e = io_lock(io_system(), arena_printf(a, STR_FMT "/lock", STR_ARG(f.dir)), &f.lock);
    if (e < 0) {
        buf_printf(error, "cannot lock the data folder " STR_FMT ": %s%s", STR_ARG(f.dir), err_text(e),
                   e == -ERR_BUSY ? "; another flyball runs on it: stop it, or choose another folder with --dir" : "");
        return e;
    }
    e = load_token(&f, r);
    if (e < 0) {
        buf_printf(error, "cannot write " STR_FMT ": %s", STR_ARG(f.token_file), err_text(e));
        io_close(f.lock);
        return e;
    }
    e = load_checkpoint_key(&f, r, a);
    if (e < 0) {
        buf_printf(error, "cannot read or write checkpoint.key in " STR_FMT ": %s", STR_ARG(f.dir), err_text(e));
        folder_close(&f);
        return e;
    }
    *ret = f;
    return 0;
}

/* Says where this process listens: nothing to keep over a power loss, so nothing to wait for. */
int folder_write_url(const struct folder *f, struct str url)
{
    struct io_file *file;
    int r = io_open(io_system(), f->url_file, IO_WRITE | IO_CREATE | IO_EMPTY, &file);
    if (r < 0)
        return err_trace(r);
    r = io_write_at(file, url, 0);
    io_close(file);
    return err_trace(r);
}

void folder_close(struct folder *f)
{
    if (!f->lock)
        return;
    (void)io_unlink(io_system(), f->url_file);
    sign_key_free(f->checkpoint_key);
    io_close(f->lock);
    f->lock = NULL;
}
