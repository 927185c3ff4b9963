/*
 * tls/fault.c - OpenSSL's many reasons as the few that an operator can act on.
 */
#include "tls/tls_impl.h"

#include "base/err.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

struct row {
    long code;
    int err;
};

/* Why a chain was not believed. */
static const struct row verify_rows[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED, ERR_TLS_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, ERR_TLS_NOT_YET_VALID},
    {X509_V_ERR_HOSTNAME_MISMATCH, ERR_TLS_WRONG_HOST},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, ERR_TLS_WRONG_HOST},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, ERR_TLS_UNKNOWN_ISSUER},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, ERR_TLS_UNKNOWN_ISSUER},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, ERR_TLS_UNKNOWN_ISSUER},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, ERR_TLS_UNKNOWN_ISSUER},
    {X509_V_ERR_CERT_UNTRUSTED, ERR_TLS_UNKNOWN_ISSUER},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, ERR_TLS_SELF_SIGNED},
    {X509_V_ERR_EE_KEY_TOO_SMALL, ERR_TLS_WEAK},
    {X509_V_ERR_CA_KEY_TOO_SMALL, ERR_TLS_WEAK},
    {X509_V_ERR_CA_MD_TOO_WEAK, ERR_TLS_WEAK},
};

/* What OpenSSL found, or was told by an alert. */
static const struct row library_rows[] = {
    {SSL_R_UNSUPPORTED_PROTOCOL, ERR_TLS_TOO_OLD},
    {SSL_R_WRONG_SSL_VERSION, ERR_TLS_TOO_OLD},
    {SSL_R_VERSION_TOO_LOW, ERR_TLS_TOO_OLD},
    {SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, ERR_TLS_TOO_OLD},
    {SSL_R_NO_SHARED_CIPHER, ERR_TLS_NOTHING_IN_COMMON},
    {SSL_R_WRONG_CIPHER_RETURNED, ERR_TLS_NOTHING_IN_COMMON},
    {SSL_R_UNKNOWN_CIPHER_RETURNED, ERR_TLS_NOTHING_IN_COMMON},
    {SSL_R_NO_SUITABLE_KEY_SHARE, ERR_TLS_NOTHING_IN_COMMON},
    {SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, ERR_TLS_NOTHING_IN_COMMON},
    {SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, ERR_TLS_NOTHING_IN_COMMON},
    {SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, ERR_TLS_NOTHING_IN_COMMON},
    {SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY, ERR_TLS_NOTHING_IN_COMMON},
    {SSL_R_DH_KEY_TOO_SMALL, ERR_TLS_WEAK},
    {SSL_R_EE_KEY_TOO_SMALL, ERR_TLS_WEAK},
    {SSL_R_CA_KEY_TOO_SMALL, ERR_TLS_WEAK},
    {SSL_R_CA_MD_TOO_WEAK, ERR_TLS_WEAK},
    {SSL_R_WRONG_SIGNATURE_TYPE, ERR_TLS_WEAK},
    {SSL_R_BAD_ECPOINT, ERR_TLS_WEAK},
    {SSL_R_NO_APPLICATION_PROTOCOL, ERR_TLS_WRONG_PROTOCOL},
    {SSL_R_TLSV1_ALERT_NO_RENEGOTIATION, ERR_TLS_BROKEN},
    {SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, ERR_TLS_CERT_REQUIRED},
    {SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, ERR_TLS_CERT_REQUIRED},
    {SSL_R_CERTIFICATE_VERIFY_FAILED, ERR_TLS_CERT_REFUSED},
    {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, ERR_TLS_CERT_REFUSED},
    {SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, ERR_TLS_CERT_REFUSED},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, ERR_TLS_CERT_REFUSED},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED, ERR_TLS_CERT_REFUSED},
    {SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, ERR_TLS_CERT_REFUSED},
    {SSL_R_TLSV1_ALERT_UNKNOWN_CA, ERR_TLS_CERT_REFUSED},
    {SSL_AD_REASON_OFFSET + SSL_AD_NO_APPLICATION_PROTOCOL, ERR_TLS_WRONG_PROTOCOL},
};

/* Reasons that before the first good record mean: these are not TLS records at all. */
static const long gibberish[] = {SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST,          SSL_R_HTTPS_PROXY_REQUEST,
                                 SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_UNEXPECTED_MESSAGE,  SSL_R_RECORD_LENGTH_MISMATCH,
                                 SSL_R_BAD_RECORD_TYPE,        SSL_R_UNEXPECTED_RECORD,   SSL_R_RECORD_TOO_SMALL,
                                 SSL_R_ENCRYPTED_LENGTH_TOO_LONG};

static int find(const struct row *rows, size_t n, long code)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].code == code)
            return rows[i].err;
    return 0;
}
#define FIND(rows, code) find(rows, sizeof(rows) / sizeof(rows[0]), code)

static bool is_gibberish(long reason)
{
    for (size_t i = 0; i < sizeof(gibberish) / sizeof(gibberish[0]); i++)
        if (gibberish[i] == reason)
            return true;
    return false;
}

static bool is_alert(long reason) { return reason > SSL_AD_REASON_OFFSET && reason <= SSL_AD_REASON_OFFSET + 255; }

/* Nothing of the peer made sense so far. */
static bool is_first_word(const struct tls_stream *t)
{
    OSSL_HANDSHAKE_STATE state = SSL_get_state(t->ssl);

    return state == TLS_ST_BEFORE || state == TLS_ST_CW_CLNT_HELLO || state == TLS_ST_CR_SRVR_HELLO ||
           state == TLS_ST_SR_CLNT_HELLO;
}

static int of_handshake(struct tls_stream *t, long reason)
{
    long verdict = SSL_get_verify_result(t->ssl);
    int err = FIND(library_rows, reason);

    if (verdict != X509_V_OK && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        err = FIND(verify_rows, verdict);
        return err ? err : ERR_TLS_BAD_CERTIFICATE;
    }
    if (t->was_asked && (is_alert(reason) && (err == ERR_TLS_NOTHING_IN_COMMON || err == ERR_TLS_CERT_REFUSED)))
        return ERR_TLS_CERT_REQUIRED; /* TLS 1.2 says it so */
    if (err)
        return err;
    if (is_alert(reason))
        return ERR_TLS_REFUSED;
    return is_gibberish(reason) && is_first_word(t) ? ERR_TLS_NOT_TLS : ERR_TLS_FAILED;
}

int tls_fault(struct tls_stream *t)
{
    long reason = ERR_GET_REASON(ERR_peek_error());

    ERR_clear_error();
    if (t->state != TLS_OPEN)
        return -of_handshake(t, reason);
    /* The end of a TLS 1.3 handshake that only the server saw: behind it, but before any answer. */
    if (t->was_asked && t->s.bytes_in == 0 && is_alert(reason))
        return -ERR_TLS_CERT_REQUIRED;
    return -ERR_TLS_BROKEN;
}

const char *tls_library_reason(void)
{
    unsigned long e = ERR_peek_error();
    const char *text = ERR_SYSTEM_ERROR(e) ? strerror(ERR_GET_REASON(e)) : ERR_reason_error_string(e);

    ERR_clear_error();
    return text ? text : "no reason given";
}
