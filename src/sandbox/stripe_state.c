/*
 * sandbox/stripe_state.c - objects, keys and balance of the simulated Stripe, and the way of a request through them:
 * credential, idempotency key, route, operation, fault.
 */
#include "sandbox/stripe_impl.h"

#include "base/err.h"
#include "crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_BALANCE_MINOR 100000000 /* USD 1,000,000.00 */

/* ---- objects ---- */

static void object_free(struct stripe_object *o)
{
    for (struct stripe_pair *p = o->metadata, *next; p; p = next) {
        next = p->next;
        free(p->key);
        free(p->value);
        free(p);
    }
    free(o->description);
    free(o->email);
    free(o->name);
    free(o);
}

static void forget_oldest(struct stripe_state *s, enum stripe_type type)
{
    struct list *it = list_first(&s->lists[type]);
    for (size_t i = 0; !it && i < STRIPE_TYPES; i++)
        it = list_first(&s->lists[i]); /* none of that type: some other must go */
    if (!it)
        return;
    struct stripe_object *o = list_entry(it, struct stripe_object, node);
    list_remove(&o->node);
    (void)map_remove(&s->objects, str_c(o->id)); /* it is `o` */
    s->n_objects--;
    object_free(o);
}

struct stripe_object *stripe_add(struct stripe_state *s, enum stripe_type type, const char *id, wall_t now)
{
    static const char *const prefixes[STRIPE_TYPES] = {"cus", "pi", "ch", "re", "po", "tr", "trr", "pm"};
    if (s->n_objects == STRIPE_OBJECTS_MAX)
        forget_oldest(s, type);
    struct stripe_object *o = calloc(1, sizeof(*o));
    if (!o)
        return NULL;
    if (id)
        stripe_copy_id(o->id, str_c(id));
    else
        snprintf(o->id, sizeof(o->id), "%s_1Sandbox%010lld", prefixes[type], (long long)++s->n_ids);
    o->type = type;
    o->created = now;
    o->status = "";
    if (map_put(&s->objects, str_c(o->id), o, NULL) < 0) {
        object_free(o);
        return NULL;
    }
    list_add_tail(&s->lists[type], &o->node);
    s->n_objects++;
    return o;
}

struct stripe_object *stripe_find(struct stripe_state *s, enum stripe_type type, struct str id)
{
    struct stripe_object *o = id.n ? map_get(&s->objects, id) : NULL;
    return o && o->type == type && !o->is_deleted ? o : NULL;
}

bool stripe_balance_add(struct stripe_state *s, const char *currency, int64_t minor)
{
    size_t i = 0;
    while (i < s->n_balance && strcmp(s->balance[i].currency, currency) != 0)
        i++;
    if (i == STRIPE_CURRENCIES_MAX)
        return false;
    if (i == s->n_balance) {
        memcpy(s->balance[i].currency, currency, 4);
        s->n_balance++;
    }
    return !__builtin_add_overflow(s->balance[i].minor, minor, &s->balance[i].minor);
}

int64_t stripe_balance_get(const struct stripe_state *s, const char *currency)
{
    for (size_t i = 0; i < s->n_balance; i++) {
        if (strcmp(s->balance[i].currency, currency) == 0)
            return s->balance[i].minor;
    }
    return 0;
}

void stripe_count(struct stripe_state *s, enum stripe_type type, int64_t minor)
{
    s->totals[type].n++;
    s->totals[type].minor += minor; /* 8 digits each: 2^63 is far */
}

struct stripe_totals stripe_state_totals(const struct stripe_state *s, struct str type)
{
    for (size_t i = 0; i < STRIPE_TYPES; i++) {
        if (str_eq(type, str_c(stripe_type_name(i))))
            return s->totals[i];
    }
    return (struct stripe_totals){0, 0};
}

int64_t stripe_state_requests(const struct stripe_state *s) { return s->n_requests; }

/* ---- starter data ---- */

static int add_demo(struct stripe_state *s, const char *customer, const char *name, const char *intent,
                    const char *charge, int64_t amount, wall_t now)
{
    struct stripe_object *cus = stripe_add(s, STRIPE_CUSTOMER, customer, now);
    struct stripe_object *pi = stripe_add(s, STRIPE_INTENT, intent, now);
    struct stripe_object *ch = stripe_add(s, STRIPE_CHARGE, charge, now);
    if (!cus || !pi || !ch)
        return err_trace(-ERR_NOMEM);
    cus->name = strdup(name);
    pi->amount = pi->taken = ch->amount = ch->taken = amount;
    pi->status = ch->status = "succeeded";
    memcpy(pi->currency, "usd", 4);
    memcpy(ch->currency, "usd", 4);
    stripe_copy_id(pi->customer, str_c(customer));
    stripe_copy_id(pi->charge, str_c(charge));
    stripe_copy_id(ch->customer, str_c(customer));
    stripe_copy_id(ch->intent, str_c(intent));
    stripe_copy_id(pi->method, STR("pm_card_visa"));
    stripe_copy_id(ch->method, STR("pm_card_visa"));
    return cus->name ? 0 : err_trace(-ERR_NOMEM);
}

int stripe_state_new(const struct limits *limits, wall_t now, struct stripe_state **ret)
{
    struct stripe_state *s = calloc(1, sizeof(*s));
    if (!s)
        return err_trace(-ERR_NOMEM);
    s->limits = limits;
    map_init(&s->objects, STRIPE_OBJECTS_MAX, NULL);
    map_init(&s->keys, STRIPE_KEYS_MAX, NULL);
    for (size_t i = 0; i < STRIPE_TYPES; i++)
        list_init(&s->lists[i]);
    list_init(&s->order_of_keys);
    int r = add_demo(s, "cus_demo", "Ada Demo", "pi_demo", "ch_demo", 10000, now);
    if (r == 0)
        r = add_demo(s, "cus_demo_2", "Bob Demo", "pi_demo_2", "ch_demo_2", 2500, now);
    if (r < 0) {
        stripe_state_free(s);
        return err_trace(r);
    }
    (void)stripe_balance_add(s, "usd", START_BALANCE_MINOR); /* the first currency */
    *ret = s;
    return 0;
}

static void key_free(struct stripe_key *k)
{
    free(k->key);
    free(k->body);
    free(k);
}

void stripe_state_free(struct stripe_state *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < STRIPE_TYPES; i++) {
        list_each_safe(it, next, &s->lists[i]) object_free(list_entry(it, struct stripe_object, node));
    }
    list_each_safe(it, next, &s->order_of_keys) key_free(list_entry(it, struct stripe_key, node));
    map_deinit(&s->objects);
    map_deinit(&s->keys);
    free(s);
}

/* ---- idempotency ---- */

static void digest_of(const struct stripe_request *r, uint8_t ret[SHA256_BYTES])
{
    const struct str parts[] = {r->method, STR("\0"), r->path, STR("\0"), r->body};
    sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), ret);
}

/* True when the key is known: the answer is the first one, or an idempotency_error. */
static int answer_again(struct stripe_turn *t, bool *ret_is_known)
{
    uint8_t digest[SHA256_BYTES];
    const struct stripe_key *k = t->r->idempotency_key.n ? map_get(&t->s->keys, t->r->idempotency_key) : NULL;
    *ret_is_known = k != NULL;
    if (!k)
        return 0;
    digest_of(t->r, digest);
    if (memcmp(digest, k->digest, sizeof(digest)) != 0)
        return stripe_fail(
            t, 400, "idempotency_error", NULL, NULL,
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
            "using a key other than '" STR_FMT "' if you meant to execute a different request.",
            STR_ARG(t->r->idempotency_key));
    t->answer->status = k->status;
    t->answer->is_replay = true;
    return err_trace(arena_try_str(t->a, (struct str){k->body, k->body_n}, &t->answer->body));
}

/* Keeps what was carried out; a request that failed its checks may be sent again, changed, with the same key. */
static int keep_answer(struct stripe_turn *t)
{
    struct stripe_state *s = t->s;
    uint16_t status = t->answer->status;
    if (!t->r->idempotency_key.n || !str_eq(t->r->method, STR("POST")) ||
        !(status < 300 || status == 402 || status >= 500))
        return 0;
    if (s->keys.n == STRIPE_KEYS_MAX) {
        struct stripe_key *old = list_entry(list_first(&s->order_of_keys), struct stripe_key, node);
        list_remove(&old->node);
        (void)map_remove(&s->keys, str_c(old->key)); /* it is `old` */
        key_free(old);
    }
    struct stripe_key *k = calloc(1, sizeof(*k));
    if (!k)
        return err_trace(-ERR_NOMEM);
    k->key = strndup(t->r->idempotency_key.p, t->r->idempotency_key.n);
    k->body = malloc(t->answer->body.n + 1);
    k->body_n = t->answer->body.n;
    k->status = status;
    digest_of(t->r, k->digest);
    if (!k->key || !k->body || map_put(&s->keys, str_c(k->key), k, NULL) < 0) {
        key_free(k);
        return err_trace(-ERR_NOMEM);
    }
    memcpy(k->body, t->answer->body.p, k->body_n);
    list_add_tail(&s->order_of_keys, &k->node);
    return 0;
}

/* ---- routes ---- */

static int list_of(struct stripe_turn *t, enum stripe_type type) { return stripe_answer_list(t, type, false); }
static int search_of(struct stripe_turn *t, enum stripe_type type) { return stripe_answer_list(t, type, true); }

static int retrieve(struct stripe_turn *t, enum stripe_type type)
{
    struct stripe_object *o;
    int r = stripe_need_object(t, type, NULL, t->ids[1].n ? t->ids[1] : t->ids[0], &o);
    return r ? r : stripe_answer_object(t, o);
}

static int empty_list(struct stripe_turn *t, enum stripe_type type)
{
    t->answer->status = 200;
    t->answer->body = arena_printf(t->a, "{\"object\":\"list\",\"data\":[],\"has_more\":false,\"url\":\"" STR_FMT "\"}",
                                   STR_ARG(t->r->path));
    return 0;
}

struct route {
    const char *method, *path; /* `:` stands for an id */
    int (*run)(struct stripe_turn *t);
    int (*run_type)(struct stripe_turn *t, enum stripe_type type);
    enum stripe_type type;
};

static const struct route routes[] = {
    {"POST", "/v1/customers", stripe_customer_create},
    {"GET", "/v1/customers", NULL, list_of, STRIPE_CUSTOMER},
    {"GET", "/v1/customers/search", NULL, search_of, STRIPE_CUSTOMER},
    {"GET", "/v1/customers/:", NULL, retrieve, STRIPE_CUSTOMER},
    {"POST", "/v1/customers/:", stripe_customer_update},
    {"DELETE", "/v1/customers/:", stripe_customer_delete},
    {"POST", "/v1/payment_intents", stripe_intent_create},
    {"GET", "/v1/payment_intents", NULL, list_of, STRIPE_INTENT},
    {"GET", "/v1/payment_intents/search", NULL, search_of, STRIPE_INTENT},
    {"GET", "/v1/payment_intents/:", NULL, retrieve, STRIPE_INTENT},
    {"POST", "/v1/payment_intents/:", stripe_intent_update},
    {"POST", "/v1/payment_intents/:/confirm", stripe_intent_confirm},
    {"POST", "/v1/payment_intents/:/capture", stripe_intent_capture},
    {"POST", "/v1/payment_intents/:/cancel", stripe_intent_cancel},
    {"POST", "/v1/payment_intents/:/increment_authorization", stripe_intent_increment},
    {"POST", "/v1/charges", stripe_charge_create},
    {"GET", "/v1/charges", NULL, list_of, STRIPE_CHARGE},
    {"GET", "/v1/charges/search", NULL, search_of, STRIPE_CHARGE},
    {"GET", "/v1/charges/:", NULL, retrieve, STRIPE_CHARGE},
    {"POST", "/v1/charges/:", stripe_charge_update},
    {"POST", "/v1/charges/:/capture", stripe_charge_capture},
    {"POST", "/v1/charges/:/refund", stripe_refund_create},
    {"POST", "/v1/charges/:/refunds", stripe_refund_create},
    {"GET", "/v1/charges/:/refunds", NULL, list_of, STRIPE_REFUND},
    {"GET", "/v1/charges/:/refunds/:", NULL, retrieve, STRIPE_REFUND},
    {"POST", "/v1/charges/:/refunds/:", stripe_refund_update},
    {"POST", "/v1/refunds", stripe_refund_create},
    {"GET", "/v1/refunds", NULL, list_of, STRIPE_REFUND},
    {"GET", "/v1/refunds/:", NULL, retrieve, STRIPE_REFUND},
    {"POST", "/v1/refunds/:", stripe_refund_update},
    {"POST", "/v1/refunds/:/cancel", stripe_refund_cancel},
    {"POST", "/v1/payouts", stripe_payout_create},
    {"GET", "/v1/payouts", NULL, list_of, STRIPE_PAYOUT},
    {"GET", "/v1/payouts/:", NULL, retrieve, STRIPE_PAYOUT},
    {"POST", "/v1/payouts/:", stripe_payout_update},
    {"POST", "/v1/payouts/:/cancel", stripe_payout_cancel},
    {"POST", "/v1/payouts/:/reverse", stripe_payout_reverse},
    {"POST", "/v1/transfers", stripe_transfer_create},
    {"GET", "/v1/transfers", NULL, list_of, STRIPE_TRANSFER},
    {"GET", "/v1/transfers/:", NULL, retrieve, STRIPE_TRANSFER},
    {"POST", "/v1/transfers/:", stripe_transfer_update},
    {"POST", "/v1/transfers/:/reversals", stripe_reversal_create},
    {"GET", "/v1/transfers/:/reversals", NULL, list_of, STRIPE_REVERSAL},
    {"GET", "/v1/transfers/:/reversals/:", NULL, retrieve, STRIPE_REVERSAL},
    {"GET", "/v1/payment_methods", NULL, list_of, STRIPE_METHOD},
    {"GET", "/v1/payment_methods/:", stripe_method_retrieve},
    {"POST", "/v1/payment_methods/:/attach", stripe_method_attach},
    {"POST", "/v1/payment_methods/:/detach", stripe_method_detach},
    {"GET", "/v1/balance", stripe_answer_balance},
    {"GET", "/v1/balance_transactions", NULL, empty_list, STRIPE_TYPES},
    {"GET", "/v1/events", NULL, empty_list, STRIPE_TYPES},
};

static bool fits(const char *pattern, struct str path, struct str ids[2])
{
    size_t i = 0, n_ids = 0;
    ids[0] = ids[1] = STR_NONE;
    for (; *pattern; pattern++) {
        if (*pattern != ':') {
            if (i >= path.n || path.p[i++] != *pattern)
                return false;
            continue;
        }
        size_t from = i;
        while (i < path.n && path.p[i] != '/')
            i++;
        if (i == from)
            return false;
        ids[n_ids++] = str_sub(path, from, i - from);
    }
    return i == path.n;
}

static int run(struct stripe_turn *t)
{
    for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
        const struct route *r = &routes[i];
        if (str_eq(t->r->method, str_c(r->method)) && fits(r->path, t->r->path, t->ids))
            return r->run ? r->run(t) : r->run_type(t, r->type);
    }
    return stripe_fail(t, 404, "invalid_request_error", NULL, NULL,
                       "Unrecognized request URL (" STR_FMT ": " STR_FMT
                       "). The sandbox knows customers, payment intents, charges, "
                       "refunds, payouts, transfers, payment methods and balance.",
                       STR_ARG(t->r->method), STR_ARG(t->r->path));
}

/* ---- a request ---- */

static int check_credential(struct stripe_turn *t)
{
    struct str auth = t->r->authorization, scheme, key;
    if (!str_cut(auth, ' ', &scheme, &key) || !str_trim(key).n)
        return stripe_fail(
            t, 401, "invalid_request_error", NULL, NULL,
            "You did not provide an API key. You need to provide your API key in the Authorization header.");
    key = str_trim(key);
    if (str_starts(key, STR("sk_live_")) || str_starts(key, STR("rk_live_")))
        return stripe_fail(t, 401, "invalid_request_error", NULL, NULL,
                           "A live key was sent to the sandbox; use a test key.");
    return 0;
}

static int read_form(struct stripe_turn *t)
{
    struct input_fault f = {"too large", 0};
    bool has_body = str_eq(t->r->method, STR("POST"));
    int r = form_parse(t->a, has_body ? t->r->body : t->r->query, t->s->limits->form_fields_max,
                       t->s->limits->form_depth_max, &t->form, &f);
    if (r == -ERR_INVALID || r == -ERR_AMBIGUOUS || r == -ERR_TOO_LARGE)
        return stripe_fail(t, 400, "invalid_request_error", NULL, NULL, "The request cannot be read: %s.", f.text);
    return err_trace(r);
}

static int carry_out(struct stripe_turn *t)
{
    static const struct {
        const char *name;
        enum stripe_fault fault;
    } faults[] = {{"drop", STRIPE_FAULT_DROP},
                  {"truncate", STRIPE_FAULT_TRUNCATE},
                  {"stall", STRIPE_FAULT_STALL},
                  {"delay", STRIPE_FAULT_DELAY}};
    int r = run(t);
    if (r)
        return r;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (stripe_param_is(t, "metadata[sandbox_fault]", faults[i].name))
            t->answer->fault = faults[i].fault;
    }
    if (stripe_param_is(t, "metadata[sandbox_fault]", "error_500"))
        return stripe_fail(t, 500, "api_error", NULL, NULL, "The sandbox was asked to fail after it carried this out.");
    return 0;
}

int stripe_state_answer(struct stripe_state *s, const struct stripe_request *r, wall_t now, struct arena *a,
                        struct stripe_answer *ret)
{
    struct stripe_turn t = {.s = s, .r = r, .a = a, .now = now, .answer = ret};
    bool is_known = false;
    *ret = (struct stripe_answer){.request_id = arena_printf(a, "req_sandbox%08lld", (long long)++s->n_requests)};
    int err = check_credential(&t);
    if (err == 0)
        err = answer_again(&t, &is_known);
    if (err == 0 && !is_known) {
        err = read_form(&t);
        if (err == 0)
            err = carry_out(&t);
        if (err >= 0)
            err = keep_answer(&t);
    }
    return err < 0 ? err_trace(err) : 0; /* STRIPE_R_FAILED: the error is the answer */
}
