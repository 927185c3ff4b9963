/*
 * tls/sessions.h - sessions to resume, of all workers together: bounded, behind one mutex.
 *
 *   (1) a session is found under the key it was stored with only: host, port and whom we believed.
 *   (2) one of TLS 1.3 is handed out once (RFC 8446 C.4), one of TLS 1.2 any number of times.
 *   (3) at most SESSIONS_MAX, and SESSIONS_OF_KEY_MAX of one key; the oldest go.
 */
#pragma once

#include "tls/client.h"

#include <openssl/ssl.h>

#define SESSIONS_MAX 256
#define SESSIONS_OF_KEY_MAX 8

/* Takes `session` over. */
void tls_sessions_put(struct tls_sessions *s, struct str key, SSL_SESSION *session);
/* The caller's own reference, to be freed; NULL: none. */
SSL_SESSION *tls_sessions_take(struct tls_sessions *s, struct str key);
size_t tls_sessions_count(struct tls_sessions *s);
