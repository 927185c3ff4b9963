/*
 * export/notice.h - tells persons that a call waits for them: one signed POST a question, to the webhook of its
 * approval. And whoever wants to know that a rule noted a call: one a notice, to the webhook of its name.
 *
 *   body       {"text", "blocks", "metadata": {"event_type": "approval_pending", "event_payload": {...}}}: a message as
 *              Slack's incoming webhooks take it, and the same as data for programs; of a notice the type is
 *              "policy_notice", and its payload says which call, by which rule
 *   signature  x-flyball-timestamp: seconds since 1970; x-flyball-signature: v1=HMAC-SHA-256 in hex, by the webhook's
 *              secret, over the timestamp, "." and the body
 *
 *   (1) no call waits for it: it lives on a loop of its own.
 *   (2) one notice a webhook is on its way. It is tried at most notice_attempts_max times, further and further apart,
 *       and only while its question stands. Every try of one question has the same x-flyball-delivery.
 *   (3) what agents wrote is escaped as Slack wants it: it can name nobody, and link nowhere.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/rand.h"
#include "http/client.h"

struct notices;

/* One question, or notice of a rule, that nobody was told of yet. Texts live in the arena that was given. */
struct notice {
    bool is_event;           /* a notice: id, approval, text, reason and action are set */
    struct str id, approval; /* which webhook */
    struct str text, text_personal; /* without personal values, and with them; the latter empty: they were erased */
    struct str reason;
    struct str link; /* token for one answer; empty: there is none */
    struct str action; /* a JSON object */
    int64_t quorum;
    wall_t expires_at;
};
/* The questions, as this sees them. Called on its loop; neither waits. */
struct notice_feed {
    /* The oldest of that approval that is pending, and of which nobody was told; false: there is none. */
    bool (*next)(void *ctx, struct str approval, bool with_link, struct arena *a, struct notice *ret);
    bool (*is_pending)(void *ctx, struct str id);
    void (*done)(void *ctx, struct str id, bool was_told);
    void *ctx;
};

struct notice_target {
    struct str name;
    struct http_target at;
    struct str path;
    struct str secret; /* valid as long as the target */
    struct str page;   /* of the dashboard, with a slash at the end */
    struct str link;   /* of the hooks listener, with a slash at the end; empty: there is none */
    bool has_personal;
};

struct notices_options {
    struct loop *loop;
    const struct limits *limits;
    struct rng *rng; /* the loop's own */
    struct notice_feed feed;
    const struct notice_target *targets; /* outlive it */
    size_t n_targets;
};
int notices_new(const struct notices_options *o, struct notices **ret);
/* On the loop: there may be a new question. */
void notices_look(void *notices);
/* On the loop, before the end. NULL is fine. */
void notices_free(struct notices *n);

/* The body of one notice, and its signature "v1=<64 hex>" for that second. */
void notice_body(const struct notice *n, const struct notice_target *t, struct buf *out);
#define NOTICE_SIGNATURE_CHARS 67
struct str notice_signature(struct str secret, int64_t unix_s, struct str body, char out[NOTICE_SIGNATURE_CHARS + 1]);
