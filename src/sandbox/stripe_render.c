/*
 * sandbox/stripe_render.c - objects of the simulated Stripe as JSON, with `expand` and lists.
 */
#include "sandbox/stripe_impl.h"

#include "base/err.h"

#include <string.h>

#define BODY_BYTES_MAX (4 << 20)
#define EXPAND_DEPTH_MAX 4
#define LIST_LIMIT_MAX 100

const char *stripe_type_name(enum stripe_type type)
{
    static const char *const names[STRIPE_TYPES] = {
        "customer", "payment_intent", "charge", "refund", "payout", "transfer", "transfer_reversal", "payment_method"};
    return names[type];
}

static void render(struct stripe_turn *t, struct json_writer *w, const struct stripe_object *o, struct str prefix,
                   int depth);

static void put_c(struct json_writer *w, const char *key, const char *value)
{
    jw_put_str_or_null(w, str_c(key), str_c(value));
}

/* True when the request says expand[]=<prefix><key>, or a longer path behind it. */
static bool is_expanded(const struct stripe_turn *t, struct str path)
{
    for (size_t i = 0; i < t->form.n; i++) {
        const struct form_field *f = &t->form.fields[i];
        if (str_eq(f->keys[0], STR("expand")) && str_starts(f->value, path) &&
            (f->value.n == path.n || f->value.p[path.n] == '.'))
            return true;
    }
    return false;
}

/* An id, or the object itself where the request asks for it. */
static void put_link(struct stripe_turn *t, struct json_writer *w, enum stripe_type type, const char *key,
                     const char *id, struct str prefix, int depth)
{
    struct str path = arena_printf(t->a, STR_FMT "%s", STR_ARG(prefix), key);
    const struct stripe_object *o =
        id[0] && depth < EXPAND_DEPTH_MAX && is_expanded(t, path) ? stripe_find(t->s, type, str_c(id)) : NULL;
    if (!o) {
        put_c(w, key, id);
        return;
    }
    jw_key(w, str_c(key));
    render(t, w, o, arena_printf(t->a, STR_FMT ".", STR_ARG(path)), depth + 1);
}

static void put_metadata(struct json_writer *w, const struct stripe_object *o)
{
    jw_key(w, STR("metadata"));
    jw_object(w);
    for (const struct stripe_pair *p = o->metadata; p; p = p->next)
        jw_put_str(w, str_c(p->key), str_c(p->value));
    jw_object_end(w);
}

static void render_customer(struct json_writer *w, const struct stripe_object *o)
{
    jw_put_i64(w, STR("balance"), o->amount);
    put_c(w, "email", o->email);
    put_c(w, "name", o->name);
    jw_put_bool(w, STR("delinquent"), false);
}

static void render_intent(struct stripe_turn *t, struct json_writer *w, const struct stripe_object *o,
                          struct str prefix, int depth)
{
    bool is_capturable = strcmp(o->status, "requires_capture") == 0;
    jw_put_i64(w, STR("amount"), o->amount);
    jw_put_i64(w, STR("amount_capturable"), is_capturable ? o->amount - o->taken : 0);
    jw_put_i64(w, STR("amount_received"), o->taken);
    put_c(w, "capture_method", o->is_manual ? "manual" : "automatic");
    jw_put_str(w, STR("client_secret"), arena_printf(t->a, "%s_secret_sandbox", o->id));
    put_c(w, "currency", o->currency);
    put_link(t, w, STRIPE_CUSTOMER, "customer", o->customer, prefix, depth);
    put_link(t, w, STRIPE_CHARGE, "latest_charge", o->charge, prefix, depth);
    put_c(w, "payment_method", o->method);
    put_c(w, "status", o->status);
    jw_key(w, STR("last_payment_error"));
    if (o->failure) {
        jw_object(w);
        put_c(w, "code", "card_declined");
        put_c(w, "decline_code", o->failure);
        put_c(w, "type", "card_error");
        jw_object_end(w);
    } else {
        jw_null(w);
    }
}

static void render_charge(struct stripe_turn *t, struct json_writer *w, const struct stripe_object *o,
                          struct str prefix, int depth)
{
    bool is_captured = o->taken > 0;
    jw_put_i64(w, STR("amount"), o->amount);
    jw_put_i64(w, STR("amount_captured"), o->taken);
    jw_put_i64(w, STR("amount_refunded"), o->back);
    put_c(w, "currency", o->currency);
    put_link(t, w, STRIPE_CUSTOMER, "customer", o->customer, prefix, depth);
    jw_put_bool(w, STR("captured"), is_captured);
    jw_put_bool(w, STR("disputed"), false);
    jw_put_bool(w, STR("paid"), true);
    jw_put_bool(w, STR("refunded"), o->back == o->amount);
    put_c(w, "failure_code", o->failure);
    put_link(t, w, STRIPE_INTENT, "payment_intent", o->intent, prefix, depth);
    put_c(w, "payment_method", o->method);
    put_c(w, "status", o->status);
}

static void render_refund(struct stripe_turn *t, struct json_writer *w, const struct stripe_object *o,
                          struct str prefix, int depth)
{
    jw_put_i64(w, STR("amount"), o->amount);
    put_link(t, w, STRIPE_CHARGE, "charge", o->charge, prefix, depth);
    put_c(w, "currency", o->currency);
    put_link(t, w, STRIPE_INTENT, "payment_intent", o->intent, prefix, depth);
    put_c(w, "reason", o->reason);
    put_c(w, "status", o->status);
}

static void render_payout(struct json_writer *w, const struct stripe_object *o)
{
    jw_put_i64(w, STR("amount"), o->amount);
    jw_put_bool(w, STR("automatic"), false);
    put_c(w, "currency", o->currency);
    put_c(w, "destination", o->other);
    put_c(w, "method", o->reason);
    put_c(w, "status", o->status);
}

static void render_transfer(struct json_writer *w, const struct stripe_object *o)
{
    jw_put_i64(w, STR("amount"), o->amount);
    jw_put_i64(w, STR("amount_reversed"), o->back);
    put_c(w, "currency", o->currency);
    put_c(w, "destination", o->other);
    jw_put_bool(w, STR("reversed"), o->back == o->amount);
    put_c(w, "source_transaction", o->charge);
}

static void render_reversal(struct json_writer *w, const struct stripe_object *o)
{
    jw_put_i64(w, STR("amount"), o->amount);
    put_c(w, "currency", o->currency);
    put_c(w, "transfer", o->other);
}

static void render_method(struct json_writer *w, const struct stripe_object *o)
{
    put_c(w, "customer", o->customer);
    put_c(w, "type", "card");
    jw_key(w, STR("card"));
    jw_object(w);
    put_c(w, "brand", "visa");
    put_c(w, "last4", "4242");
    jw_object_end(w);
}

static void render(struct stripe_turn *t, struct json_writer *w, const struct stripe_object *o, struct str prefix,
                   int depth)
{
    jw_object(w);
    put_c(w, "id", o->id);
    put_c(w, "object", stripe_type_name(o->type));
    jw_put_i64(w, STR("created"), o->created / NS_PER_S);
    switch (o->type) {
    case STRIPE_CUSTOMER:
        render_customer(w, o);
        break;
    case STRIPE_INTENT:
        render_intent(t, w, o, prefix, depth);
        break;
    case STRIPE_CHARGE:
        render_charge(t, w, o, prefix, depth);
        break;
    case STRIPE_REFUND:
        render_refund(t, w, o, prefix, depth);
        break;
    case STRIPE_PAYOUT:
        render_payout(w, o);
        break;
    case STRIPE_TRANSFER:
        render_transfer(w, o);
        break;
    case STRIPE_REVERSAL:
        render_reversal(w, o);
        break;
    case STRIPE_METHOD:
        render_method(w, o);
        break;
    case STRIPE_TYPES:
        break;
    }
    put_c(w, "description", o->description);
    if (o->type != STRIPE_REFUND && o->type != STRIPE_REVERSAL)
        jw_put_bool(w, STR("livemode"), false);
    put_metadata(w, o);
    jw_object_end(w);
}

static int done(struct stripe_turn *t, struct json_writer *w)
{
    jw_end(w);
    if (!t->answer->status)
        t->answer->status = 200;
    int r = buf_ok(w->out) < 0 ? buf_ok(w->out) : arena_try_str(t->a, buf_str(w->out), &t->answer->body);
    buf_deinit(w->out);
    return err_trace(r);
}

int stripe_answer_object(struct stripe_turn *t, const struct stripe_object *o)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, BODY_BYTES_MAX);
    jw_init(&w, &b);
    render(t, &w, o, STR_NONE, 0);
    return done(t, &w);
}

int stripe_answer_deleted(struct stripe_turn *t, const struct stripe_object *o)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, BODY_BYTES_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    put_c(&w, "id", o->id);
    put_c(&w, "object", stripe_type_name(o->type));
    jw_put_bool(&w, STR("deleted"), true);
    jw_object_end(&w);
    return done(t, &w);
}

int stripe_answer_decline(struct stripe_turn *t, const char *decline_code, const char *message,
                          const struct stripe_object *intent)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, BODY_BYTES_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    jw_key(&w, STR("error"));
    jw_object(&w);
    put_c(&w, "code", "card_declined");
    put_c(&w, "decline_code", decline_code);
    put_c(&w, "message", message);
    if (intent) {
        jw_key(&w, STR("payment_intent"));
        render(t, &w, intent, STR("payment_intent."), EXPAND_DEPTH_MAX);
    }
    put_c(&w, "type", "card_error");
    jw_object_end(&w);
    jw_object_end(&w);
    t->answer->status = 402;
    int r = done(t, &w);
    return r < 0 ? err_trace(r) : STRIPE_R_FAILED;
}

static bool fits(const struct stripe_turn *t, const struct stripe_object *o)
{
    const struct {
        const char *param, *value;
    } filters[] = {{"customer", o->customer}, {"charge", o->charge}, {"payment_intent", o->intent},
                   {"destination", o->other}, {"email", o->email},   {"status", o->status}};
    int64_t since;
    if (o->is_deleted)
        return false;
    if (o->type == STRIPE_REVERSAL && t->ids[0].n && !str_eq(str_c(o->other), t->ids[0]))
        return false;
    if (o->type == STRIPE_REFUND && t->ids[0].n && !str_eq(str_c(o->charge), t->ids[0]))
        return false;
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        struct str want = stripe_param(t, filters[i].param);
        if (want.n && !str_eq(want, str_c(filters[i].value)))
            return false;
    }
    return str_to_i64(stripe_param(t, "created[gte]"), &since) < 0 || o->created / NS_PER_S >= since;
}

/* Newest first. Starts behind `after`; the objects between the end and `before` come in the same order. */
int stripe_answer_list(struct stripe_turn *t, enum stripe_type type, bool is_search)
{
    struct json_writer w;
    struct buf b;
    int64_t limit = 10, n = 0;
    struct str after = stripe_param(t, "starting_after"), before = stripe_param(t, "ending_before");
    bool is_on = !after.n, has_more = false;
    if (stripe_param(t, "limit").n &&
        (str_to_i64(stripe_param(t, "limit"), &limit) < 0 || limit < 1 || limit > LIST_LIMIT_MAX))
        return stripe_fail(t, 400, "invalid_request_error", "parameter_invalid_integer", "limit", "Invalid limit.");
    buf_init(&b, BODY_BYTES_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    put_c(&w, "object", is_search ? "search_result" : "list");
    jw_key(&w, STR("data"));
    jw_array(&w);
    const struct list *head = &t->s->lists[type];
    for (const struct list *it = head->prev; it != head; it = it->prev) {
        const struct stripe_object *o = list_entry(it, struct stripe_object, node);
        if (before.n && str_eq(before, str_c(o->id)))
            break;
        if (is_on && fits(t, o)) {
            has_more = n == limit;
            if (has_more)
                break;
            render(t, &w, o, STR("data."), 0);
            n++;
        }
        is_on = is_on || str_eq(after, str_c(o->id));
    }
    jw_array_end(&w);
    jw_put_bool(&w, STR("has_more"), has_more);
    jw_put_str(&w, STR("url"), t->r->path);
    jw_object_end(&w);
    return done(t, &w);
}

int stripe_answer_balance(struct stripe_turn *t)
{
    static const char *const keys[] = {"available", "pending"};
    struct json_writer w;
    struct buf b;
    buf_init(&b, BODY_BYTES_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    put_c(&w, "object", "balance");
    for (size_t k = 0; k < 2; k++) {
        jw_key(&w, str_c(keys[k]));
        jw_array(&w);
        for (size_t i = 0; i < t->s->n_balance; i++) {
            jw_object(&w);
            jw_put_i64(&w, STR("amount"), k == 0 ? t->s->balance[i].minor : 0);
            put_c(&w, "currency", t->s->balance[i].currency);
            jw_object_end(&w);
        }
        jw_array_end(&w);
    }
    jw_put_bool(&w, STR("livemode"), false);
    jw_object_end(&w);
    return done(t, &w);
}
