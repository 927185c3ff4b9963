/*
 * daemon/folder.h - the data folder: locked while a daemon runs; holds journal, store, admin token and address.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/rand.h"
#include "io/files.h"

struct sign_key;

struct folder {
    struct str dir; /* absolute */
    struct io_file *lock;
    struct str journal, store, token_file, url_file;
    char token[64]; /* the admin credential, NUL-terminated */
    struct sign_key *checkpoint_key; /* of checkpoint.key; its public half is in checkpoint.pub */
};

/*
 * Makes the folder when it is not there (0700), locks it, reads or makes admin.token and checkpoint.key (0600). Other
 * files are left alone. -ERR_BUSY: another daemon runs on it. Texts live in `a`; `error` says what to do.
 */
int folder_open(struct str dir, struct rng *r, struct arena *a, struct buf *error, struct folder *ret);
/* Writes admin.url: where the CLI finds us. */
int folder_write_url(const struct folder *f, struct str url);
void folder_close(struct folder *f); /* removes admin.url */
