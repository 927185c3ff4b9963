/*
 * proxy/conceal.h - keeps a vendor's secret out of answers (promise 4): an echoing vendor's bytes lose it on the way.
 *
 * Every form in which it was sent (raw; base64, which is also how base64 of "secret:" begins; what stands behind the
 * colon of "user:password") is overwritten with '*', byte for byte, so that lengths stay. Works across pieces: bytes
 * that could be the beginning of a form are kept back until the next piece.
 */
#pragma once

#include "base/buf.h"
#include "crypto/secret.h"

#define CONCEAL_SECRETS_MAX 2
#define CONCEAL_FORMS (3 * CONCEAL_SECRETS_MAX)

struct conceal_forms {
    const struct secret *forms[CONCEAL_FORMS];
    size_t n;
};

/* -ERR_NOMEM. A NULL secret conceals nothing. */
int conceal_forms_init(struct conceal_forms *f, const struct secret *s);
/* One more, up to CONCEAL_SECRETS_MAX. */
int conceal_forms_add(struct conceal_forms *f, const struct secret *s);
void conceal_forms_deinit(struct conceal_forms *f);

/* In place, a whole text. Returns how often. */
size_t conceal_text(const struct conceal_forms *f, char *p, size_t n);

/* A stream: `kept` holds what waits, behind given_bytes that were given out. */
struct conceal_stream {
    const struct conceal_forms *forms;
    struct buf kept;
    size_t given_bytes;
};
void conceal_stream_init(struct conceal_stream *s, const struct conceal_forms *f);
void conceal_stream_deinit(struct conceal_stream *s);
/* Adds a piece (at most 1 MiB), whose memory is overwritten where it holds a secret; *ret_out may be sent, and stays
 * valid as long as the piece does, until the next call. -ERR_NOMEM, -ERR_TOO_LARGE. */
int conceal_stream_add(struct conceal_stream *s, struct str in, struct str *ret_out);
/* The rest, at the end. */
struct str conceal_stream_end(struct conceal_stream *s);
