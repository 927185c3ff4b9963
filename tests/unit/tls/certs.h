/*
 * tests/unit/tls/certs.h - authorities and certificates made on the spot, as files in a folder of the test's own.
 */
#pragma once

#include "base/str.h"

#include <openssl/x509.h>

struct cert {
    X509 *x509;
    EVP_PKEY *key;
    char file[128], key_file[128]; /* `file`: the certificate, then those above it without the root */
};

/* What is asked for; all zero: an EC certificate that is good for a month. */
struct cert_want {
    const struct cert *by;      /* NULL: signs itself */
    const char *hosts;          /* "DNS:a.example,IP:127.0.0.1"; NULL: none */
    int from_days, to_days;     /* both 0: -1 and 30 */
    int rsa_bits;               /* 0: EC P-256 */
    const char *digest;         /* NULL: SHA256 */
    bool is_authority, is_client;
    bool hides_chain;           /* the authority above is left out of the file */
};

void certs_begin(void); /* makes the folder */
void certs_end(void);   /* removes it */
struct cert cert_make(const char *name, const struct cert_want *want);
void cert_free(struct cert *c);
/* A file of that content in the folder; its path, valid until certs_end(). */
const char *certs_put(const char *name, const char *content);
