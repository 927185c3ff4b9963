/*
 * tests/sim/book.c - see book.h.
 */
#include "book.h"

#include "base/check.h"
#include "base/map.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHARGES_MAX 2000
#define REQUESTS_MAX 8192
#define ANSWER_BYTES_MAX 65536

struct charge {
    int64_t amount, refunded;
    char customer[16];
};

struct kept { /* one idempotency key */
    struct kept *next;
    char *body;
    size_t n_body;
    bool is_done;
    uint16_t status;
    struct buf answer;
};

struct book {
    enum book_fault fault;
    struct charge charges[CHARGES_MAX];
    size_t n_charges, n_refunds;
    int64_t moved[REQUESTS_MAX], moved_in_all;
    struct map keys;
    struct kept *all_kept;
};

struct book *book_new(struct rng *r, enum book_fault fault)
{
    struct book *b = calloc(1, sizeof(*b));

    check(b);
    b->fault = fault;
    map_init(&b->keys, 100000, NULL);
    for (b->n_charges = 0; b->n_charges < BOOK_CHARGES_MIN; b->n_charges++) {
        struct charge *c = &b->charges[b->n_charges];
        c->amount = 500 + (int64_t)rng_below(r, 9500);
        snprintf(c->customer, sizeof(c->customer), "cus_%d", (int)rng_below(r, BOOK_CUSTOMERS));
    }
    return b;
}

void book_free(struct book *b)
{
    if (!b)
        return;
    while (b->all_kept) {
        struct kept *k = b->all_kept;
        b->all_kept = k->next;
        buf_deinit(&k->answer);
        free(k->body);
        free(k);
    }
    map_deinit(&b->keys);
    free(b);
}

/* -------- reading -------- */

static struct str field(struct str body, const char *name)
{
    struct str pair, rest = body, key, value;

    while (rest.n) {
        pair = rest;
        if (!str_cut(rest, '&', &pair, &rest))
            rest = STR_NONE;
        if (str_cut(pair, '=', &key, &value) && str_eq(key, str_c(name)))
            return value;
    }
    return STR_NONE;
}

int64_t book_request_number(struct str body)
{
    int64_t n = 0;

    if (str_to_i64(field(body, "metadata[sim]"), &n) < 0)
        (void)str_to_i64(field(body, "metadata%5Bsim%5D"), &n);
    return n;
}

static bool is_refund(const struct book_request *q)
{
    return str_eq(q->method, STR("POST")) && str_eq(q->path, STR("/v1/refunds"));
}

static bool is_charge(const struct book_request *q)
{
    return str_eq(q->method, STR("POST")) && str_eq(q->path, STR("/v1/charges"));
}

bool book_is_money(const struct book_request *q) { return is_refund(q) || is_charge(q); }

static struct charge *find_charge(struct book *b, struct str id, size_t *ret_i)
{
    int64_t i;

    if (!str_starts(id, STR("ch_")) || str_to_i64(str_sub(id, 3, SIZE_MAX), &i) < 0 || (size_t)i >= b->n_charges)
        return NULL;
    *ret_i = (size_t)i;
    return &b->charges[i];
}

/* -------- idempotency keys -------- */

static struct kept *kept_of(struct book *b, const struct book_request *q)
{
    return q->key.n && b->fault != BOOK_FORGETS_KEYS ? map_get(&b->keys, q->key) : NULL;
}

uint16_t book_enter(struct book *b, const struct book_request *q, struct buf *out, bool *ret_is_replay)
{
    struct kept *k = kept_of(b, q);

    *ret_is_replay = false;
    if (!k && (!q->key.n || str_eq(q->method, STR("GET"))))
        return 0;
    if (!k) {
        k = calloc(1, sizeof(*k));
        check(k);
        k->body = malloc(q->body.n + 1);
        check(k->body);
        if (q->body.n)
            memcpy(k->body, q->body.p, q->body.n);
        k->n_body = q->body.n;
        buf_init(&k->answer, ANSWER_BYTES_MAX);
        k->next = b->all_kept;
        b->all_kept = k;
        check(map_put(&b->keys, q->key, k, NULL) == 0);
        return 0;
    }
    if (!str_eq(q->body, (struct str){k->body, k->n_body})) {
        buf_printf(out, "{\"error\":{\"type\":\"idempotency_error\"}}");
        return 400;
    }
    if (!k->is_done) {
        buf_printf(out, "{\"error\":{\"type\":\"idempotency_error\",\"code\":\"idempotency_key_in_use\"}}");
        return 409;
    }
    *ret_is_replay = true;
    check(buf_add(out, buf_str(&k->answer)) == 0);
    return k->status;
}

void book_forget(struct book *b, const struct book_request *q)
{
    struct kept *k = kept_of(b, q);

    if (k && !k->is_done)
        map_remove(&b->keys, q->key);
}

/* -------- running -------- */

static void move(struct book *b, const struct book_request *q, int64_t cents)
{
    int64_t request = book_request_number(q->body);

    check(request > 0 && request < REQUESTS_MAX && cents > 0);
    cents += b->fault == BOOK_MOVES_MORE;
    b->moved[request] += cents;
    b->moved_in_all += cents;
}

static uint16_t refuse(struct buf *out, uint16_t status, const char *code)
{
    buf_printf(out, "{\"error\":{\"type\":\"%s\",\"code\":\"%s\"}}",
               status == 402 ? "card_error" : status >= 500 ? "api_error" : "invalid_request_error", code);
    return status;
}

/* False: there is nothing to move; *ret_status says what to answer. */
static bool amount_of(struct book *b, const struct book_request *q, struct buf *out, int64_t *ret_cents, size_t *ret_i,
                      uint16_t *ret_status)
{
    struct str amount = field(q->body, "amount");
    int64_t cents = 0;

    if (amount.n && str_to_i64(amount, &cents) < 0) {
        *ret_status = refuse(out, 400, "parameter_invalid_integer");
        return false;
    }
    if (is_charge(q)) {
        *ret_cents = cents;
        *ret_status = cents == 0 ? refuse(out, 400, "amount_too_small") : 0;
        return cents > 0;
    }
    struct charge *c = find_charge(b, field(q->body, "charge"), ret_i);
    int64_t left = c ? c->amount - c->refunded : 0;
    *ret_cents = amount.n ? cents : left;
    *ret_status = !c ? refuse(out, 404, "resource_missing")
                     : *ret_cents == 0 || *ret_cents > left ? refuse(out, 400, "charge_already_refunded") : 0;
    return *ret_status == 0;
}

static void put_charge(struct book *b, size_t i, struct buf *out)
{
    const struct charge *c = &b->charges[i];

    buf_printf(
        out,
        "{\"id\":\"ch_%zu\",\"object\":\"charge\",\"amount\":%lld,\"amount_refunded\":%lld,\"amount_captured\":%lld,"
        "\"currency\":\"usd\",\"customer\":\"%s\",\"status\":\"succeeded\"}",
        i, (long long)c->amount, (long long)c->refunded, (long long)c->amount, c->customer);
}

static void do_refund(struct book *b, const struct book_request *q, int64_t cents, size_t i, struct buf *out)
{
    b->charges[i].refunded += cents;
    move(b, q, cents);
    buf_printf(out,
               "{\"id\":\"re_%zu\",\"object\":\"refund\",\"amount\":%lld,\"charge\":\"ch_%zu\",\"currency\":\"usd\","
               "\"status\":\"succeeded\"}",
               b->n_refunds++, (long long)cents, i);
}

static void do_charge(struct book *b, const struct book_request *q, int64_t cents, struct buf *out)
{
    struct str customer = field(q->body, "customer");

    check(b->n_charges < CHARGES_MAX && customer.n < sizeof(b->charges[0].customer));
    struct charge *c = &b->charges[b->n_charges];
    c->amount = cents;
    memcpy(c->customer, customer.p ? customer.p : "", customer.n);
    move(b, q, cents);
    put_charge(b, b->n_charges++, out);
}

static uint16_t run_money(struct book *b, const struct book_request *q, enum book_fate fate, struct buf *out)
{
    int64_t cents;
    size_t i = 0;
    uint16_t status;

    if (fate == BOOK_BREAKS_BEFORE)
        return refuse(out, 500, "api_error");
    if (fate == BOOK_DECLINES && b->fault != BOOK_MOVES_AND_DECLINES)
        return refuse(out, 402, "card_declined");
    if (!amount_of(b, q, out, &cents, &i, &status))
        return status;
    if (fate == BOOK_FAILS_OBJECT) {
        buf_printf(out, "{\"id\":\"x_1\",\"object\":\"%s\",\"amount\":%lld,\"currency\":\"usd\",\"status\":\"failed\"}",
                   is_refund(q) ? "refund" : "charge", (long long)cents);
        return 200;
    }
    if (is_refund(q))
        do_refund(b, q, cents, i, out);
    else
        do_charge(b, q, cents, out);
    if (fate == BOOK_DOES)
        return 200;
    buf_reset(out);
    return fate == BOOK_DECLINES ? refuse(out, 402, "card_declined") : refuse(out, 500, "api_error");
}

static uint16_t run_other(struct book *b, const struct book_request *q, enum book_fate fate, struct buf *out)
{
    size_t i;

    if (fate == BOOK_BREAKS_BEFORE || fate == BOOK_BREAKS_AFTER)
        return refuse(out, 500, "api_error");
    if (str_eq(q->method, STR("GET")) && str_starts(q->path, STR("/v1/charges/"))) {
        if (!find_charge(b, str_sub(q->path, 12, SIZE_MAX), &i))
            return refuse(out, 404, "resource_missing");
        put_charge(b, i, out);
    } else {
        buf_printf(out, "{\"id\":\"cus_9\",\"object\":\"customer\"}");
    }
    return 200;
}

uint16_t book_run(struct book *b, const struct book_request *q, enum book_fate fate, struct buf *out)
{
    struct kept *k = kept_of(b, q);
    uint16_t status = book_is_money(q) ? run_money(b, q, fate, out) : run_other(b, q, fate, out);

    if (k && !k->is_done) {
        k->is_done = true;
        k->status = status;
        check(buf_add(&k->answer, buf_str(out)) == 0);
    }
    return status;
}

/* -------- questions -------- */

int64_t book_moved(const struct book *b, int64_t request)
{
    return request > 0 && request < REQUESTS_MAX ? b->moved[request] : 0;
}

int64_t book_moved_in_all(const struct book *b) { return b->moved_in_all; }
size_t book_charges(const struct book *b) { return b->n_charges; }
