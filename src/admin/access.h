/*
 * admin/access.h - who asks, and whether they may: the credential, the role, the tenant, and what browsers are led to
 * do.
 *
 *   (1) a credential is a bearer token, or the cookie of a session; with a bearer token the cookie is not looked at.
 *   (2) whether the person is revoked or expired is asked of the core with every request.
 *   (3) a write by cookie needs the session's csrf token in x-flyball-csrf; no write comes from another origin. There
 *       is no CORS: other origins read nothing.
 *   (4) only credentials that do not exist count as failures: who has a good one is never locked out by others.
 */
#pragma once

#include "base/str.h"
#include "base/time.h"

struct admin;
struct http_head;
struct request;

/* Sets r->who (and the session) for a verb that is known. False: refused, answered. */
bool access_allows(struct request *r, const struct http_head *head);

/* A credential or code that does not exist: 401 with that sentence, or 429 when there are too many of them. */
void access_fail(struct request *r, const char *code, const char *sentence);
/* A sign-in or a credential was refused: counted, and on record at most once a minute. `reason` is static. */
void access_note(struct request *r, const char *reason);
/* Of one listener: who guesses at the hooks keeps nobody from signing in at the admin listener. */
struct failures {
    mono_t since;
    int64_t n;
};
/* One failure more; false: they are more than sign_in_failures_max within a minute. */
bool access_may_fail(const struct admin *a, struct failures *f);
/* They were that already. */
bool access_failed_too_often(const struct admin *a, const struct failures *f);
/* The same for one of the core's people: result of core_person_look() and its kind, not 0. */
void access_fail_person(struct request *r, int result);

/* "Set-Cookie" for a session; empty id: it ends. In the request's arena. */
struct str access_cookie(struct request *r, struct str id);
