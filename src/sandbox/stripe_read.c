/*
 * sandbox/stripe_read.c - parameters of a request to the simulated Stripe, and its errors, in Stripe's words and
 * shapes.
 */
#include "sandbox/stripe_impl.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#define AMOUNT_MAX 99999999 /* Stripe's: eight digits */
#define ERROR_BYTES_MAX 8192

int stripe_fail(struct stripe_turn *t, uint16_t status, const char *type, const char *code, const char *param,
                const char *fmt, ...)
{
    struct json_writer w;
    struct buf b;
    va_list ap;
    va_start(ap, fmt);
    struct str message = arena_vprintf(t->a, fmt, ap);
    va_end(ap);
    buf_init(&b, ERROR_BYTES_MAX + 6 * message.n);
    jw_init(&w, &b);
    jw_object(&w);
    jw_key(&w, STR("error"));
    jw_object(&w);
    if (code)
        jw_put_str(&w, STR("code"), str_c(code));
    jw_put_str(&w, STR("message"), message);
    if (param)
        jw_put_str(&w, STR("param"), str_c(param));
    jw_put_str(&w, STR("type"), str_c(type));
    jw_object_end(&w);
    jw_object_end(&w);
    jw_end(&w);
    t->answer->status = status;
    int r = buf_ok(&b) < 0 ? buf_ok(&b) : arena_try_str(t->a, buf_str(&b), &t->answer->body);
    buf_deinit(&b);
    return r < 0 ? err_trace(r) : STRIPE_R_FAILED;
}

struct str stripe_param(const struct stripe_turn *t, const char *name)
{
    const struct form_field *f = form_get(&t->form, str_c(name));
    return f && f->value.n ? f->value : STR_NONE;
}

bool stripe_param_is(const struct stripe_turn *t, const char *name, const char *value)
{
    return str_eq(stripe_param(t, name), str_c(value));
}

int stripe_need_amount(struct stripe_turn *t, const char *name, int64_t *ret)
{
    struct str s = stripe_param(t, name);
    int64_t n;
    if (!s.n)
        return stripe_fail(t, 400, "invalid_request_error", "parameter_missing", name, "Missing required param: %s.",
                           name);
    if (str_to_i64(s, &n) < 0)
        return stripe_fail(t, 400, "invalid_request_error", "parameter_invalid_integer", name,
                           "Invalid integer: " STR_FMT, STR_ARG(s));
    if (n < 1)
        return stripe_fail(t, 400, "invalid_request_error", "parameter_invalid_integer", name,
                           "This value must be greater than or equal to 1.");
    if (n > AMOUNT_MAX)
        return stripe_fail(t, 400, "invalid_request_error", "amount_too_large", name,
                           "Amount must be no more than $999,999.99");
    *ret = n;
    return 0;
}

int stripe_may_amount(struct stripe_turn *t, const char *name, int64_t def, int64_t *ret)
{
    if (stripe_param(t, name).n)
        return stripe_need_amount(t, name, ret);
    *ret = def;
    return 0;
}

int stripe_need_currency(struct stripe_turn *t, char ret[4])
{
    struct str s = stripe_param(t, "currency");
    if (!s.n)
        return stripe_fail(t, 400, "invalid_request_error", "parameter_missing", "currency",
                           "Missing required param: currency.");
    if (s.n != 3 || !str_is_token(s, "", 3))
        return stripe_fail(t, 400, "invalid_request_error", NULL, "currency", "Invalid currency: " STR_FMT ".",
                           STR_ARG(s));
    for (size_t i = 0; i < 3; i++)
        ret[i] = (char)(s.p[i] | 0x20); /* lower case: letters and digits keep their meaning */
    ret[3] = 0;
    return 0;
}

int stripe_need_object(struct stripe_turn *t, enum stripe_type type, const char *param, struct str id,
                       struct stripe_object **ret)
{
    static const char *const names[STRIPE_TYPES] = {"customer", "payment_intent", "charge",   "refund",
                                                    "payout",   "transfer",       "reversal", "PaymentMethod"};
    struct stripe_object *o = stripe_find(t->s, type, id);
    if (!o)
        return stripe_fail(t, param ? 400 : 404, "invalid_request_error", "resource_missing", param ? param : "id",
                           "No such %s: '" STR_FMT "'", names[type], STR_ARG(id));
    *ret = o;
    return 0;
}

void stripe_copy_id(char to[STRIPE_ID_BYTES], struct str from)
{
    size_t n = from.n < STRIPE_ID_BYTES - 1 ? from.n : STRIPE_ID_BYTES - 1;
    if (n)
        memcpy(to, from.p, n);
    to[n] = 0;
}

static int copy_text(struct stripe_turn *t, const char *name, char **to)
{
    const struct form_field *f = form_get(&t->form, str_c(name));
    if (!f)
        return 0;
    char *copy = strndup(f->value.p ? f->value.p : "", f->value.n);
    if (!copy)
        return err_trace(-ERR_NOMEM);
    free(*to);
    *to = copy;
    return 0;
}

static void pair_free(struct stripe_pair *p)
{
    free(p->key);
    free(p->value);
    free(p);
}

/* Sets, or removes when the value is empty, as Stripe does. */
static int metadata_set(struct stripe_object *o, struct str key, struct str value)
{
    struct stripe_pair **at = &o->metadata;
    size_t n = 0;
    for (; *at && !str_eq(str_c((*at)->key), key); at = &(*at)->next)
        n++;
    if (*at) {
        struct stripe_pair *old = *at;
        *at = old->next;
        pair_free(old);
    }
    if (!value.n || n >= STRIPE_METADATA_MAX)
        return 0;
    struct stripe_pair *p = calloc(1, sizeof(*p));
    if (!p)
        return err_trace(-ERR_NOMEM);
    p->key = strndup(key.p, key.n);
    p->value = strndup(value.p, value.n);
    if (!p->key || !p->value) {
        pair_free(p);
        return err_trace(-ERR_NOMEM);
    }
    p->next = *at;
    *at = p;
    return 0;
}

int stripe_apply_common(struct stripe_turn *t, struct stripe_object *o)
{
    int r = copy_text(t, "description", &o->description);
    if (r == 0)
        r = copy_text(t, "email", &o->email);
    if (r == 0)
        r = copy_text(t, "name", &o->name);
    for (size_t i = 0; r == 0 && i < t->form.n; i++) {
        const struct form_field *f = &t->form.fields[i];
        if (f->n_keys == 2 && str_eq(f->keys[0], STR("metadata")))
            r = metadata_set(o, f->keys[1], f->value);
    }
    if (stripe_param(t, "customer").n && o->type != STRIPE_REFUND)
        stripe_copy_id(o->customer, stripe_param(t, "customer"));
    if (stripe_param(t, "payment_method").n)
        stripe_copy_id(o->method, stripe_param(t, "payment_method"));
    return err_trace(r);
}
