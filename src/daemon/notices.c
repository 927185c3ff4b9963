/*
 * daemon/notices.c - fails at start, with a sentence, rather than at the first question.
 */
#include "daemon/notices.h"

#include <string.h>

#include "base/err.h"
#include "codec/json_read.h"
#include "crypto/secret.h"
#include "proxy/core_approvals.h"
#include "proxy/core_notices.h"
#include "tls/client.h"

#define ARENA_BYTES_MAX (1u << 20)
#define DEPTH_MAX 8

/* --- load --------------------------------------------------------------------------------------------------------- */

static int reveal(struct notice_set *s, const struct config_approval *x, const char *key, struct str reference,
                  struct buf *error, struct str *ret)
{
    struct secret *secret;
    int r = secret_load(reference, error, &secret);
    if (r < 0) {
        buf_printf(error, " (%s." STR_FMT ".%s)", s->section, STR_ARG(x->name), key);
        return r;
    }
    s->secrets[s->n_secrets++] = secret;
    *ret = secret_reveal(secret);
    return 0;
}

static int load_url(struct notice_set *s, const struct config_approval *x, struct buf *error,
                    struct config_webhook *ret)
{
    struct str text = x->webhook;
    bool is_reference = str_starts(text, STR("env:")) || str_starts(text, STR("file:"));
    int r = is_reference ? reveal(s, x, "webhook", text, error, &text) : 0;
    if (r < 0)
        return r;
    const char *fault = config_webhook_parse(text, x->is_insecure, &s->arena, ret);
    if (!fault)
        return 0;
    buf_printf(error, "the URL behind %s." STR_FMT ".webhook: %s", s->section, STR_ARG(x->name), fault);
    return -ERR_INVALID;
}

static int load_tls(struct notice_set *s, const struct config_approval *x, struct buf *error, struct notice_target *t)
{
    int r = s->sessions ? 0 : tls_sessions_new(&s->sessions);
    if (r == 0)
        r = tls_client_new(x->ca_file, s->sessions, error, &t->at.tls);
    if (r < 0 && x->ca_file.n)
        buf_printf(error, " (%s." STR_FMT ".ca_file)", s->section, STR_ARG(x->name));
    return r;
}

static int load_one(struct notice_set *s, const struct config_approval *x, struct buf *error, struct notice_target *t)
{
    struct config_webhook w = {.port = 0};
    *t = (struct notice_target){.name = x->name, .page = x->page, .link = x->link, .has_personal = x->has_personal};
    int r = load_url(s, x, error, &w);
    if (r == 0)
        r = reveal(s, x, "secret", x->secret, error, &t->secret);
    t->at = (struct http_target){.host = w.host, .port = w.port, .allows_private = x->is_private || w.is_numeric};
    t->path = w.path;
    return r == 0 && w.is_tls ? load_tls(s, x, error, t) : r;
}

static int load(struct notice_set *s, const struct config_approval *items, size_t n, struct buf *error)
{
    int r = 0;
    arena_init(&s->arena, ARENA_BYTES_MAX);
    s->targets = arena_alloc(&s->arena, (n + 1) * sizeof *s->targets);
    s->names = arena_alloc(&s->arena, (n + 1) * sizeof *s->names);
    s->secrets = arena_alloc(&s->arena, (2 * n + 1) * sizeof(struct secret *));
    for (size_t i = 0; i < n && r == 0; i++) {
        s->names[i] = items[i].name;
        r = load_one(s, &items[s->n++], error, &s->targets[i]);
    }
    return r;
}

/* Two may name one variable: they go when all are read. */
static void wipe(const struct config_approval *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        secret_env_wipe(items[i].secret);
        secret_env_wipe(items[i].webhook);
    }
}

int notice_sets_load(const struct config *c, struct buf *error, struct notice_set *approvals,
                     struct notice_set *notices)
{
    *approvals = (struct notice_set){.section = "approvals"};
    *notices = (struct notice_set){.section = "notices", .is_events = true};
    int r = load(approvals, c->approvals, c->n_approvals, error);
    if (r == 0)
        r = load(notices, c->notices, c->n_notices, error);
    if (r == 0) {
        wipe(c->approvals, c->n_approvals);
        wipe(c->notices, c->n_notices);
    }
    return err_trace(r);
}

/* --- what the core knows ------------------------------------------------------------------------------------------ */

static struct str member(struct json object, const char *name)
{
    return json_text_of(json_get(object, str_c(name)));
}

static bool next(void *ctx, struct str approval, bool with_link, struct arena *a, struct notice *ret)
{
    struct approval_question q;
    struct json action, who = JSON_ABSENT;
    if (!core_approval_untold(ctx, approval, with_link, a, &q))
        return false;
    if (json_parse(a, q.action, DEPTH_MAX, &action) < 0 || (q.who.n && json_parse(a, q.who, DEPTH_MAX, &who) < 0))
        return false;
    *ret = (struct notice){.id = q.id,
                           .approval = approval,
                           .text = member(action, "text"),
                           .text_personal = member(who, "text"),
                           .reason = member(action, "reason"),
                           .action = q.action,
                           .link = arena_str(a, str_c(q.link)),
                           .quorum = q.quorum,
                           .expires_at = q.expires_at};
    return true;
}

static bool is_pending(void *ctx, struct str id) { return core_approval_is_pending(ctx, id); }

static void done(void *ctx, struct str id, bool was_told) { core_approval_told(ctx, id, was_told); }

static bool next_event(void *ctx, struct str name, bool with_link, struct arena *a, struct notice *ret)
{
    struct waiting_notice n;
    if (!core_notice_next(ctx, name, a, &n))
        return false;
    *ret = (struct notice){.is_event = true, .id = n.id, .approval = name, .text = n.text, .reason = n.reason,
                           .action = n.payload};
    return true;
}

static bool is_waiting(void *ctx, struct str id) { return true; }

static void event_done(void *ctx, struct str id, bool was_told) { core_notice_done(ctx, id); }

/* --- life --------------------------------------------------------------------------------------------------------- */

/* Empty where neither is said. */
static struct str address_of(struct notice_set *s, struct str configured, struct str own)
{
    struct str chosen = configured.n ? configured : own;
    if (!chosen.n || str_ends(chosen, STR("/")))
        return chosen;
    return arena_join(&s->arena, (const struct str[]){chosen, STR("/")}, 2);
}

/* box NULL: no more. */
static void listen_to(struct notice_set *s, struct post_box *box, struct post look)
{
    if (s->is_events)
        core_on_notice(s->core, s->names, s->n, box, look);
    else
        core_on_approval(s->core, box, look);
}

int notice_set_start(struct notice_set *s, struct core *core, const struct limits *limits, struct str page,
                     struct str link)
{
    struct notices_options o = {.limits = limits,
                                .feed = s->is_events ? (struct notice_feed){next_event, is_waiting, event_done, core}
                                                     : (struct notice_feed){next, is_pending, done, core},
                                .targets = s->targets,
                                .n_targets = s->n};
    if (s->n == 0)
        return 0;
    for (size_t i = 0; i < s->n; i++) {
        s->targets[i].page = address_of(s, s->targets[i].page, page);
        s->targets[i].link = address_of(s, s->targets[i].link, link);
    }
    rng_buffered_init(&s->rng);
    o.rng = &s->rng.rng;
    int r = loop_thread_new(&s->loop);
    o.loop = s->loop.loop;
    if (r == 0)
        r = notices_new(&o, &s->notices);
    if (r == 0)
        r = loop_thread_start(&s->loop, "notices");
    if (r < 0)
        return r;
    s->core = core;
    listen_to(s, &s->loop.loop->box, (struct post){notices_look, s->notices});
    loop_post(s->loop.loop, (struct post){notices_look, s->notices}); /* what was asked before the start */
    return 0;
}

static void free_now(void *ctx) { notices_free(ctx); }

void notice_set_stop(struct notice_set *s)
{
    if (s->core)
        listen_to(s, NULL, (struct post){NULL, NULL});
    if (s->notices)
        loop_thread_call(&s->loop, free_now, s->notices);
    loop_thread_stop(&s->loop);
    for (size_t i = 0; i < s->n; i++)
        tls_client_free(s->targets[i].at.tls);
    for (size_t i = 0; i < s->n_secrets; i++)
        secret_free(s->secrets[i]);
    tls_sessions_free(s->sessions);
    arena_deinit(&s->arena);
}
