/*
 * sandbox/resend_vendor.c - a simulated Resend: e-mails that nobody gets, with idempotency keys as the vendor has them.
 *
 *   (1) a known key with the same body sends nothing and gets the first answer again; with another body it is a 409.
 *   (2) state is bounded: beyond EMAILS_MAX e-mails, or KEYS_MAX keys, the oldest is forgotten.
 *
 * An e-mail to bounced@resend.dev bounces, one to complained@resend.dev is complained about, as with the vendor.
 */
#include "base/err.h"
#include "codec/json_read.h"
#include "codec/json_write.h"
#include "crypto/hash.h"
#include "sandbox/vendors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EMAILS_MAX 10000
#define KEYS_MAX 2000
#define BATCH_MAX 100
#define LIST_MAX 20
#define TEXT_BYTES_MAX 256
#define ID_BYTES 37
#define JSON_DEPTH_MAX 32

struct email {
    char id[ID_BYTES], from[TEXT_BYTES_MAX], to[TEXT_BYTES_MAX], subject[TEXT_BYTES_MAX], at[TEXT_BYTES_MAX];
    wall_t made_at;
    bool is_canceled;
};

struct replay {
    uint8_t key[SHA256_BYTES], body[SHA256_BYTES];
    char *answer; /* NULL: the place is free */
};

struct resend {
    struct email *emails; /* rings: i stands at i % MAX */
    uint64_t n_emails;
    struct replay *replays;
    uint64_t n_replays;
};

struct turn {
    struct resend *s;
    const struct sandbox_request *r;
    struct arena *a;
    struct sandbox_answer *ret;
};

/* --- answers ------------------------------------------------------------------------------------------------------ */

static int reply(struct turn *t, uint16_t status, struct buf *b)
{
    struct str text = STR_NONE;
    int r = buf_ok(b);
    if (r == 0)
        r = arena_try_str(t->a, buf_str(b), &text);
    buf_deinit(b);
    if (r == 0)
        sandbox_put_json(t->ret, status, text, t->a);
    return err_trace(r);
}

static int refuse(struct turn *t, uint16_t status, const char *name, const char *message)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_i64(&w, STR("statusCode"), status);
    jw_put_str(&w, STR("name"), str_c(name));
    jw_put_str(&w, STR("message"), str_c(message));
    jw_object_end(&w);
    jw_end(&w);
    return reply(t, status, &b);
}

static const char *last_event(const struct email *e)
{
    if (e->is_canceled)
        return "canceled";
    if (e->at[0])
        return "scheduled";
    return strstr(e->to, "bounced@resend.dev")      ? "bounced"
           : strstr(e->to, "complained@resend.dev") ? "complained"
                                                    : "delivered";
}

static void put_email(struct json_writer *w, const struct email *e)
{
    char at[WALL_TEXT_BYTES];
    jw_object(w);
    jw_put_str(w, STR("object"), STR("email"));
    jw_put_str(w, STR("id"), str_c(e->id));
    jw_put_str(w, STR("from"), str_c(e->from));
    jw_key(w, STR("to"));
    jw_array(w);
    jw_str(w, str_c(e->to));
    jw_array_end(w);
    jw_put_str(w, STR("subject"), str_c(e->subject));
    jw_put_str_or_null(w, STR("scheduled_at"), str_c(e->at));
    jw_put_str(w, STR("created_at"), wall_text(e->made_at, at));
    jw_put_str(w, STR("last_event"), str_c(last_event(e)));
    jw_object_end(w);
}

static int reply_id(struct turn *t, const struct email *e)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 4096);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("object"), STR("email"));
    jw_put_str(&w, STR("id"), str_c(e->id));
    jw_object_end(&w);
    jw_end(&w);
    return reply(t, 200, &b);
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

static void keep(char *to, struct json from)
{
    struct str s = STR_NONE;
    if (json_type(from) == JSON_ARRAY)
        from = json_at(from, 0);
    (void)json_str(from, &s); /* absent: empty */
    (void)snprintf(to, TEXT_BYTES_MAX, STR_FMT, STR_ARG(s));
}

/* The field that an e-mail lacks; NULL: none. */
static const char *missing(struct json mail)
{
    static const char *const names[] = {"from", "to", "subject"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct json v = json_get(mail, str_c(names[i]));
        if (json_type(v) != JSON_STR && (json_type(v) != JSON_ARRAY || json_len(v) == 0))
            return names[i];
    }
    return NULL;
}

static const struct email *send_one(struct turn *t, struct json mail)
{
    struct resend *s = t->s;
    struct email *e = &s->emails[s->n_emails++ % EMAILS_MAX];
    *e = (struct email){.made_at = t->r->now};
    (void)snprintf(e->id, sizeof(e->id), "00000000-0000-4000-8000-%012llx", (unsigned long long)s->n_emails);
    keep(e->from, json_get(mail, STR("from")));
    keep(e->to, json_get(mail, STR("to")));
    keep(e->subject, json_get(mail, STR("subject")));
    keep(e->at, json_get(mail, STR("scheduled_at")));
    return e;
}

static int refuse_missing(struct turn *t, const char *name)
{
    return refuse(t, 422, "missing_required_field", arena_printf(t->a, "Missing `%s` field.", name).p);
}

static int send_batch(struct turn *t, struct json root)
{
    struct buf b;
    struct json_writer w;
    struct json mail;
    if (json_type(root) != JSON_ARRAY || json_len(root) == 0 || json_len(root) > BATCH_MAX)
        return refuse(t, 422, "validation_error", "The batch must have 1 to 100 e-mails.");
    for (struct json_iter it = json_each(root); json_next(&it, NULL, &mail);) {
        if (missing(mail))
            return refuse_missing(t, missing(mail));
    }
    buf_init(&b, 1 << 16);
    jw_init(&w, &b);
    jw_object(&w);
    jw_key(&w, STR("data"));
    jw_array(&w);
    for (struct json_iter it = json_each(root); json_next(&it, NULL, &mail);) {
        jw_object(&w);
        jw_put_str(&w, STR("id"), str_c(send_one(t, mail)->id));
        jw_object_end(&w);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    jw_end(&w);
    return reply(t, 200, &b);
}

static int send_what(struct turn *t, bool is_batch)
{
    struct json root;
    if (json_parse(t->a, t->r->body, JSON_DEPTH_MAX, &root) < 0)
        return refuse(t, 422, "validation_error", "The body is not valid JSON.");
    if (is_batch)
        return send_batch(t, root);
    return missing(root) ? refuse_missing(t, missing(root)) : reply_id(t, send_one(t, root));
}

/* --- idempotency -------------------------------------------------------------------------------------------------- */

static struct replay *replay_find(struct resend *s, const uint8_t key[SHA256_BYTES])
{
    for (size_t i = 0; i < KEYS_MAX && i < s->n_replays; i++) {
        if (s->replays[i].answer && bytes_equal(s->replays[i].key, key, SHA256_BYTES))
            return &s->replays[i];
    }
    return NULL;
}

static int replay_put(struct resend *s, const struct replay *of, struct str answer)
{
    struct replay *p = &s->replays[s->n_replays++ % KEYS_MAX];
    free(p->answer);
    *p = *of;
    p->answer = calloc(1, answer.n + 1);
    if (!p->answer)
        return err_trace(-ERR_NOMEM);
    memcpy(p->answer, answer.p, answer.n);
    return 0;
}

static int send_once(struct turn *t, bool is_batch)
{
    struct replay of = {.answer = NULL};
    struct str key = sandbox_field(t->r, STR("idempotency-key"));
    if (!key.n)
        return send_what(t, is_batch);
    sha256(key, of.key);
    sha256(t->r->body, of.body);
    const struct replay *first = replay_find(t->s, of.key);
    if (first && !bytes_equal(first->body, of.body, SHA256_BYTES))
        return refuse(t, 409, "invalid_idempotent_request",
                      "This idempotency key was used with another request body.");
    if (first) {
        sandbox_put_json(t->ret, 200, arena_str(t->a, str_c(first->answer)), t->a);
        return 0;
    }
    int r = send_what(t, is_batch);
    return r == 0 && t->ret->status == 200 ? replay_put(t->s, &of, t->ret->pieces[0]) : r;
}

/* --- what was sent ------------------------------------------------------------------------------------------------ */

static struct email *email_find(struct resend *s, struct str id)
{
    for (size_t i = 0; i < EMAILS_MAX && i < s->n_emails; i++) {
        if (str_eq(str_c(s->emails[i].id), id))
            return &s->emails[i];
    }
    return NULL;
}

static int reply_email(struct turn *t, const struct email *e)
{
    struct buf b;
    struct json_writer w;
    buf_init(&b, 1 << 14);
    jw_init(&w, &b);
    put_email(&w, e);
    jw_end(&w);
    return reply(t, 200, &b);
}

static int reply_list(struct turn *t)
{
    struct buf b;
    struct json_writer w;
    const struct resend *s = t->s;
    buf_init(&b, 1 << 18);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("object"), STR("list"));
    jw_put_bool(&w, STR("has_more"), s->n_emails > LIST_MAX);
    jw_key(&w, STR("data"));
    jw_array(&w);
    for (uint64_t i = s->n_emails; i > 0 && s->n_emails - i < LIST_MAX; i--)
        put_email(&w, &s->emails[(i - 1) % EMAILS_MAX]);
    jw_array_end(&w);
    jw_object_end(&w);
    jw_end(&w);
    return reply(t, 200, &b);
}

/* /emails/{id} and /emails/{id}/cancel */
static int on_email(struct turn *t, struct str rest)
{
    struct str id = rest, verb = STR_NONE;
    struct json root;
    (void)str_cut(rest, '/', &id, &verb); /* an e-mail itself has no verb */
    struct email *e = email_find(t->s, id);
    if (!e)
        return refuse(t, 404, "not_found", "Email not found");
    if (str_eq(verb, STR("cancel"))) {
        if (!e->at[0] || e->is_canceled)
            return refuse(t, 422, "validation_error", "Only scheduled e-mails can be canceled.");
        e->is_canceled = true;
        return reply_id(t, e);
    }
    if (str_eq(t->r->method, STR("PATCH"))) {
        if (json_parse(t->a, t->r->body, JSON_DEPTH_MAX, &root) < 0)
            return refuse(t, 422, "validation_error", "The body is not valid JSON.");
        keep(e->at, json_get(root, STR("scheduled_at")));
        return reply_id(t, e);
    }
    return reply_email(t, e);
}

static int answer(void *state, const struct sandbox_request *r, struct arena *a, struct sandbox_answer *ret)
{
    struct turn t = {state, r, a, ret};
    bool is_post = str_eq(r->method, STR("POST"));
    if (!str_starts(sandbox_field(r, STR("authorization")), STR("Bearer re_")))
        return refuse(&t, 401, "missing_api_key", "Missing API Key");
    if (str_eq(r->path, STR("/emails")))
        return is_post ? send_once(&t, false) : reply_list(&t);
    if (str_eq(r->path, STR("/emails/batch")) && is_post)
        return send_once(&t, true);
    if (str_starts(r->path, STR("/emails/")))
        return on_email(&t, str_sub(r->path, 8, r->path.n));
    return refuse(&t, 404, "not_found", "The requested endpoint does not exist");
}

static void free_state(void *state)
{
    struct resend *s = state;
    for (size_t i = 0; s->replays && i < KEYS_MAX; i++)
        free(s->replays[i].answer);
    free(s->replays);
    free(s->emails);
    free(s);
}

int sandbox_resend(const struct limits *limits, wall_t now, struct sandbox_vendor *ret)
{
    struct resend *s = calloc(1, sizeof(*s));
    if (!s)
        return err_trace(-ERR_NOMEM);
    s->emails = calloc(EMAILS_MAX, sizeof(*s->emails));
    s->replays = calloc(KEYS_MAX, sizeof(*s->replays));
    if (!s->emails || !s->replays) {
        free_state(s);
        return err_trace(-ERR_NOMEM);
    }
    *ret = (struct sandbox_vendor){.state = s, .answer = answer, .free = free_state};
    return 0;
}
