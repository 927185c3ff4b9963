/*
 * admin/session.h - people signed in in browsers: links that can be used once, and the sessions that they begin.
 *
 *   (1) codes of links and ids of sessions are kept as hashes only; their texts leave here once.
 *   (2) bounded: sign_in_links_max and sessions_max; a new one takes the place of the oldest, or the longest idle.
 *   (3) lives on the admin loop's thread, in memory: a restart signs everybody out. Time is an argument.
 *   (4) whether the person was revoked meanwhile is not known here: who finds a session asks the core.
 */
#pragma once

#include "base/limits.h"
#include "base/rand.h"
#include "base/time.h"
#include "proxy/core_people.h"

struct sessions;

/* Who asks: one of the core's people, or who has the token of the data folder. */
struct principal {
    struct str name, tenant;     /* tenant empty: all. Live as long as the core */
    unsigned roles;              /* ROLE_BIT()s; 0: nobody */
    const struct person *person; /* NULL: the token of the data folder */
    const char *how;             /* of a session: "link", "oidc"; NULL: not said */
};
struct principal principal_of(const struct person *p);
/* The owner of the data folder. */
struct principal principal_of_folder(void);

#define SESSION_TEXT_CHARS 39
struct session_text {
    char text[SESSION_TEXT_CHARS + 1]; /* base62, NUL-terminated: 232 bits */
};

struct session {
    struct list node; /* longest idle first */
    uint8_t hash[32];
    struct principal who;
    mono_t began_at, seen_at;
};

int sessions_new(const struct limits *l, struct rng *rng, struct sessions **ret); /* both outlive it */
void sessions_free(struct sessions *s);

/* A code for one sign-in within sign_in_link_ms. */
void sessions_link(struct sessions *s, const struct principal *who, mono_t now, struct session_text *ret_code);
/* Uses the code up. -ERR_NOT_FOUND: there is none, it was used, or its time is over. */
int sessions_begin(struct sessions *s, struct str code, mono_t now, struct session_text *ret_id,
                   const struct session **ret);
/* The session of that id, as its request comes in; NULL: there is none, or its time is over. */
const struct session *sessions_find(struct sessions *s, struct str id, mono_t now);
/* The same without counting as a request. */
const struct session *sessions_look(struct sessions *s, struct str id, mono_t now);
void sessions_end(struct sessions *s, const struct session *which);
/* When it ends at the latest. */
mono_t session_ends_at(const struct sessions *s, const struct session *which);

/* What writes must carry beside the cookie: made of the session's id, and worth nothing without it. */
void session_csrf(struct str id, struct session_text *ret);
