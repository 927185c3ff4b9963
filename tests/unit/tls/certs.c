/* tests/unit/tls/certs.c - see certs.h. */
#include "tls/certs.h"

#include "unit.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

static char folder[64];
static long serial;

void certs_begin(void)
{
    strcpy(folder, "/tmp/flyball-tls-XXXXXX");
    assert_non_null(mkdtemp(folder));
}

void certs_end(void)
{
    DIR *d = opendir(folder);
    char path[384];
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        (void)unlink(path);
    }
    closedir(d);
    rmdir(folder);
}

const char *certs_put(const char *name, const char *content)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(content, f);
    fclose(f);
    return path;
}

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

static void fill(X509 *x, const char *name, EVP_PKEY *key, const struct cert_want *w, X509 *issuer)
{
    X509_NAME *subject = X509_get_subject_name(x);
    bool is_usual = !w->from_days && !w->to_days;
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), 86400L * (is_usual ? -1 : w->from_days));
    X509_gmtime_adj(X509_getm_notAfter(x), 86400L * (is_usual ? 30 : w->to_days));
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer));
    X509_set_pubkey(x, key);
    extend(x, issuer, NID_basic_constraints, w->is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(x, issuer, NID_subject_key_identifier, "hash");
    if (!w->is_authority)
        extend(x, issuer, NID_ext_key_usage, w->is_client ? "clientAuth" : "serverAuth");
    if (w->hosts)
        extend(x, issuer, NID_subject_alt_name, w->hosts);
}

static void put_pem(const struct cert *c, const struct cert_want *w)
{
    FILE *f = fopen(c->file, "w");
    assert_non_null(f);
    PEM_write_X509(f, c->x509);
    if (w->by && !w->hides_chain && X509_check_issued(w->by->x509, w->by->x509) != X509_V_OK)
        PEM_write_X509(f, w->by->x509);
    fclose(f);
    f = fopen(c->key_file, "w");
    assert_non_null(f);
    PEM_write_PrivateKey(f, c->key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
}

struct cert cert_make(const char *name, const struct cert_want *w)
{
    struct cert c = {.x509 = X509_new()};
    c.key = w->rsa_bits ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)w->rsa_bits)
                        : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    assert_true(c.x509 && c.key);
    fill(c.x509, name, c.key, w, w->by ? w->by->x509 : c.x509);
    const EVP_MD *md = EVP_get_digestbyname(w->digest ? w->digest : "SHA256");
    assert_true(X509_sign(c.x509, w->by ? w->by->key : c.key, md) > 0);
    snprintf(c.file, sizeof(c.file), "%s/%ld.pem", folder, serial);
    snprintf(c.key_file, sizeof(c.key_file), "%s/%ld.key", folder, serial);
    put_pem(&c, w);
    return c;
}

void cert_free(struct cert *c)
{
    X509_free(c->x509);
    EVP_PKEY_free(c->key);
    *c = (struct cert){.x509 = NULL};
}
