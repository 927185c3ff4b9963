/*
 * daemon/file_secrets.h - secrets of vendors that are in files, read again by each reload.
 *
 * A secret for another mode is refused: which keys may use the vendor was said at start.
 */
#pragma once

#include "daemon/vendors.h"

struct file_secrets {
    struct credential **items; /* one a vendor; NULL: as it was, or in no file */
    size_t n;
};

/* Nothing is in force yet: put or drop it. From any thread. Negative: `error` says which vendor's, and why. */
int file_secrets_read(const struct vendor_set *v, const struct config *c, struct buf *error, struct file_secrets *ret);
void file_secrets_put(const struct vendor_set *v, struct file_secrets *f);
void file_secrets_drop(struct file_secrets *f); /* fine when it was put, or is zero */
