/*
 * tls/sessions.c - see sessions.h. A list is enough: it is walked once a handshake, which costs a thousand times that.
 */
#include "tls/sessions.h"

#include "base/check.h"
#include "base/err.h"
#include "base/list.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    struct list node;
    SSL_SESSION *session;
    size_t key_n;
    char key[];
};

struct tls_sessions {
    pthread_mutex_t mutex;
    struct list entries; /* newest first */
    size_t n;
};

int tls_sessions_new(struct tls_sessions **ret)
{
    struct tls_sessions *s = calloc(1, sizeof(*s));

    if (!s)
        return err_trace(-ERR_NOMEM);
    pthread_mutex_init(&s->mutex, NULL);
    list_init(&s->entries);
    *ret = s;
    return 0;
}

static void drop(struct tls_sessions *s, struct entry *e)
{
    list_remove(&e->node);
    s->n--;
    SSL_SESSION_free(e->session);
    free(e);
}

void tls_sessions_free(struct tls_sessions *s)
{
    if (!s)
        return;
    list_each_safe(it, tmp, &s->entries)
        drop(s, list_entry(it, struct entry, node));
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

static bool is_of(const struct entry *e, struct str key) { return str_eq((struct str){e->key, e->key_n}, key); }

static void trim_locked(struct tls_sessions *s, struct str key)
{
    size_t n_of_key = 0;

    list_each_safe(it, tmp, &s->entries) {
        struct entry *e = list_entry(it, struct entry, node);
        if (is_of(e, key) && ++n_of_key > SESSIONS_OF_KEY_MAX)
            drop(s, e);
    }
    if (s->n > SESSIONS_MAX)
        drop(s, list_entry(s->entries.prev, struct entry, node));
}

void tls_sessions_put(struct tls_sessions *s, struct str key, SSL_SESSION *session)
{
    struct entry *e = malloc(sizeof(*e) + key.n);

    check(e);
    e->session = session;
    e->key_n = key.n;
    memcpy(e->key, key.p, key.n);
    list_init(&e->node);
    pthread_mutex_lock(&s->mutex);
    list_add_head(&s->entries, &e->node);
    s->n++;
    trim_locked(s, key);
    pthread_mutex_unlock(&s->mutex);
}

static SSL_SESSION *hand_out_locked(struct tls_sessions *s, struct entry *e)
{
    if (SSL_SESSION_get_protocol_version(e->session) < TLS1_3_VERSION)
        return SSL_SESSION_dup(e->session); /* a copy, because a connection writes to the one it has */
    SSL_SESSION *session = e->session;
    SSL_SESSION_up_ref(session);
    drop(s, e);
    return session;
}

SSL_SESSION *tls_sessions_take(struct tls_sessions *s, struct str key)
{
    SSL_SESSION *found = NULL;

    pthread_mutex_lock(&s->mutex);
    list_each_safe(it, tmp, &s->entries) {
        struct entry *e = list_entry(it, struct entry, node);
        if (is_of(e, key)) {
            found = hand_out_locked(s, e);
            break;
        }
    }
    pthread_mutex_unlock(&s->mutex);
    return found;
}

size_t tls_sessions_count(struct tls_sessions *s)
{
    pthread_mutex_lock(&s->mutex);
    size_t n = s->n;
    pthread_mutex_unlock(&s->mutex);
    return n;
}
