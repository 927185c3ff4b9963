/*
 * admin/request.h - one admin request from its head to its answer; what handlers work with.
 *
 *   (1) lives on the admin loop's thread only. Referenced by its exchange until answered or the client left, and by
 *       each wait; freed with the last reference, so a client that leaves while a reader thread works is safe.
 *   (2) answered at most once; after the client left, answers go nowhere and continuations are not run.
 *   (3) `out` is the answer's body. What handlers put in it must be JSON, but for metrics.
 */
#pragma once

#include "admin/access.h"
#include "admin/admin.h"
#include "admin/failed_news.h"
#include "admin/session.h"
#include "admin/verbs.h"
#include "base/list.h"
#include "codec/form.h"
#include "codec/json_read.h"
#include "codec/json_write.h"
#include "http/exchange.h"
#include "net/timer.h"

#define ADMIN_ANSWER_BYTES_MAX (128u << 20) /* 10,000 large records */
#define ADMIN_REQUEST_BYTES_MAX (64u << 20) /* the arena: a parsed body takes about 20 bytes a byte */

struct request {
    struct list node; /* of admin->requests */
    struct admin *admin;
    struct http_exchange *x; /* NULL: answered, or the client left */
    int n_refs;
    const struct verb *verb; /* NULL: there is none */
    struct principal who;          /* of a verb that is not public */
    struct str session_id;         /* of the cookie it came by; empty: none */
    const struct http_head *head;  /* as long as `x` */
    struct watcher *watcher;       /* of a feed */
    struct arena arena;
    struct str args[VERB_ARGS_MAX]; /* variable segments of the path, decoded */
    struct form query;
    struct buf body;
    bool is_yaml;     /* the body is a document as it is, not JSON */
    struct json json; /* the body, when it is JSON; JSON_ABSENT when it is empty */
    struct buf out;
    size_t n_sent;
    bool has_secret; /* all of it is wiped */
    int status;      /* of the answer, while waiting */
    const char *content_type;
    struct str set_cookie; /* empty: none */
    /* What an action leaves on record; the path's first argument where `target` is empty. */
    struct str target, before, after;
    bool is_target_personal;
    bool is_recorded;
    struct ask ask;
    struct sync_wait sync;
    void (*then)(struct request *r); /* after the ask, ask.result 0 */
    uint64_t stopped_at; /* of the ask: see struct query */
    /* Of an answer that is sent piece by piece. */
    void *stream;
    bool takes_errors;                      /* `then` is told of an ask that failed, too */
    void (*on_writable)(struct request *r); /* NULL: nobody waits for it */
    /* of the handler, across waits */
    struct str note;
    struct erase_job *erase;
    /* of the head, for files: empty where it has none */
    struct str if_none_match, accept_encoding;
};

struct admin {
    struct loop *loop;
    struct core *core;
    const struct limits *limits;
    struct sessions *sessions;
    struct oidc *oidc;           /* NULL: no provider */
    struct sign_ins *sign_ins;
    struct list comings;         /* of h_sign_in.c */
    char cookie_name[32];
    struct failures failures;
    struct failed_news failed_news;
    struct limits http_limits; /* the same with the listener's own maxima */
    struct str token, vendors_json, version, ui_dir;
    enum mode default_mode;
    struct tls_server *tls;
    struct exports *exports; /* NULL: none */
    struct stats *stats;
    struct admin_config config;
    struct http_server *server;
    struct net_listener *listener;
    struct net_addr bound;
    struct list requests;
    struct list watchers;
    size_t n_watchers;
    struct timer feed_timer;
    struct arena arena; /* of the admin's life: vendor names */
    struct buf openapi;
    void (*on_drained)(void *ctx);
    void *on_drained_ctx;
    bool is_server_drained;
};

/* --- admin.c ------------------------------------------------------------------------------------------------------ */

/* Called when a request is freed: the last one ends a drain. */
void admin_request_gone(struct admin *a);

/* --- request.c ---------------------------------------------------------------------------------------------------- */

/* Takes over the exchange; what is refused at once is answered here, else the handler runs when the body is there. */
void request_start(struct admin *a, struct http_exchange *x, const struct http_head *head);
/* At the end of the API: gives up the exchange; frees the request unless another thread still works for it. */
void request_drop(struct request *r);

/* --- request_read.c ----------------------------------------------------------------------------------------------- */

/* A query parameter; empty: not given. */
struct str request_param(const struct request *r, struct str name);
/* `limit`, 1 to query_rows_max; false: refused, answered. */
bool request_limit(struct request *r, int64_t *ret_n);
/* A seq; 0: not given. */
bool request_seq(struct request *r, struct str name, uint64_t *ret_seq);
/* A time, or a duration back from now; 0: not given. */
bool request_time(struct request *r, struct str name, wall_t *ret_at);
/* A string member of the body's object, "" when absent; false: it has another type, answered. */
bool request_member(struct request *r, struct str name, struct str *ret);
/* A member that is a time, as request_time() reads a parameter. */
bool request_member_time(struct request *r, struct str name, wall_t *ret_at);
/* All members of the body are among `names`; false: answered, with the nearest name. */
bool request_members_known(struct request *r, const struct str *names, size_t n);

/* A list of strings as a member, untouched when absent; false: answered. */
bool request_member_strings(struct request *r, struct str name, const struct str **ret, size_t *ret_n);
/* The member `expires`: a time, or a duration from now; 0: not given; false: answered. */
bool request_member_expires(struct request *r, wall_t *ret);

/* --- request.c ---------------------------------------------------------------------------------------------------- */

/* Sends `out`; a success of an action is put on record, and sent when that is durable. */
void request_answer(struct request *r, int status);
/* The same with fields of the handler's own beside Content-Type and nosniff; `out` fits. */
void request_answer_file(struct request *r, int status, const struct http_field *own, size_t n_own);
/* {"error":{"code","message"}} in place of what stands in `out`. */
void request_fail(struct request *r, int status, const char *code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for a failed call into the core. */
void request_fail_err(struct request *r, int err);
/* For one that stops something: -ERR_NO_SPACE means that it is in force, and the operator must not think otherwise. */
void request_fail_stop(struct request *r, int err);
/* Sends `out` with `status` once the frame `seq` is durable. */
void request_answer_synced(struct request *r, int status, uint64_t seq);
/* The same with the first row of the array in ask.json. */
void request_answer_row(struct request *r, int status, uint64_t seq);
/* Those members of that row, as one object for the record; empty: there is no row. In the request's arena. */
struct str request_row_members(struct request *r, const struct str *names, size_t n);
/* Where it came from; empty: the client left. */
struct str request_address(struct request *r, char text[64]);
/* Another thread works for it, until request_let_go(). */
void request_hold(struct request *r);
void request_let_go(struct request *r);
/* Puts the question r->ask (kind and filters set, or work); then(r) runs with the answer in r->ask.json. */
void request_ask(struct request *r, void (*then)(struct request *r));
/* The end of an answer that was sent piece by piece. */
void request_finish(struct request *r);
/* It cannot be ended as it should: the client sees that something is missing. */
void request_break(struct request *r);
/*
 * {"<name>": <what r->ask.json holds>, "next": n}: where the next page goes on (`before`); not there when nothing
 * is left. A page may have fewer rows than it could, and yet a next one. The rows have "seq".
 */
void request_answer_page(struct request *r, struct str name);
/* How many rows an answer of the store has, and the seq of the last; with `lines` each is added there with a line end.
 * Negative: it is no list of objects. */
int request_walk_rows(struct str answer, int64_t *ret_n, int64_t *ret_last, struct buf *lines);
/* {"<name>": <what r->ask.json holds>} as the answer. */
void request_answer_list(struct request *r, struct str name);
