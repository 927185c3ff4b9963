/*
 * base/err_tls.tbl.h - how TLS fails: ERR(name, text), part of err.tbl.h; http/reset.tbl.h has the same under the same
 * names. The text is for who is woken by it: what is wrong, and with whom.
 */
ERR(TLS_EXPIRED, "TLS: the certificate has expired")
ERR(TLS_NOT_YET_VALID, "TLS: the certificate is not valid yet, or the clock here is wrong")
ERR(TLS_WRONG_HOST, "TLS: the certificate is for another host")
ERR(TLS_UNKNOWN_ISSUER, "TLS: the certificate's issuer is not known here, or an intermediate certificate is missing")
ERR(TLS_SELF_SIGNED, "TLS: the certificate is self-signed, and not among those trusted here")
ERR(TLS_WEAK, "TLS: a key or signature is too weak")
ERR(TLS_BAD_CERTIFICATE, "TLS: the certificate is malformed, or not made for this use")
ERR(TLS_TOO_OLD, "TLS: the peer speaks no version from 1.2 on")
ERR(TLS_NOTHING_IN_COMMON, "TLS: no cipher suite in common")
ERR(TLS_NOT_TLS, "TLS: the peer does not speak TLS")
ERR(TLS_WRONG_PROTOCOL, "TLS: the peer does not speak HTTP/1.1 (ALPN)")
ERR(TLS_CERT_REQUIRED, "TLS: the peer asks for a client certificate")
ERR(TLS_CERT_REFUSED, "TLS: the peer does not accept our certificate, or we not its")
ERR(TLS_REFUSED, "TLS: the peer refused the handshake")
ERR(TLS_CLOSED, "TLS: the peer closed the connection during the handshake")
ERR(TLS_FAILED, "TLS: the handshake failed")
ERR(TLS_BROKEN, "TLS: the peer broke the protocol, or someone changed bytes on the way")
ERR(TLS_TRUNCATED, "TLS: the connection ended without a proper end, so what came may not be all")
