/*
 * crypto/secret.h - a vendor's credential, in memory that leaves no copies.
 *
 *   (1) it lives in pages of its own: read-only, in no core dump, not swapped where the system lets us lock them,
 *       zeroed on free.
 *   (2) nothing here prints it, and no error text holds any of its bytes.
 *   (3) it fits a header field: 1 to SECRET_BYTES_MAX visible ASCII bytes and inner spaces.
 */
#pragma once

#include "base/buf.h"

#define SECRET_BYTES_MAX 8192

struct secret;

/* Copies `value`; wiping the caller's copy is the caller's (bytes_wipe). -ERR_INVALID, -ERR_TOO_LARGE, -ERR_NOMEM. */
int secret_new(struct str value, struct secret **ret);
void secret_free(struct secret *s); /* NULL is fine */

/* For the wire only: the bytes as they go into a request. Never into a log, record, error or longer-lived buffer. */
struct str secret_reveal(const struct secret *s);
/* Constant time for equal lengths. */
bool secret_equals(const struct secret *s, struct str presented);

/*
 * Reads what a reference names: "env:NAME", or "file:PATH" (one line end is cut off; the file must be a regular one
 * that others than its owner and group cannot read).
 * -ERR_INVALID (bad reference or content), -ERR_NOT_FOUND, -ERR_DENIED (may not read it, or others can),
 * -ERR_TOO_LARGE, -ERR_IO: *error holds one sentence for the operator (appended; may be NULL).
 */
int secret_load(struct str ref, struct buf *error, struct secret **ret);
/* For an "env:NAME" reference: overwrites and removes the value in our environment. While there is one thread. */
void secret_env_wipe(struct str ref);
