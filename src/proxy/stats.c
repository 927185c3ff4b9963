/*
 * proxy/stats.c - the block, and its text.
 */
#include "proxy/stats.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"

#define BOUNDS_MAX 16
#define STATUS_CLASSES 6 /* 0: no answer; 1xx to 5xx */
#define LAYERS 2
#define EFFECTS 3

/* --- histograms --------------------------------------------------------------------------------------------------- */

struct histogram {
    atomic_uint_fast64_t counts[BOUNDS_MAX + 1], sum_us;
};

/* Microseconds. */
struct bounds {
    int64_t us[BOUNDS_MAX];
    size_t n;
};
static const struct bounds UPSTREAM_BOUNDS = {{10000, 20000, 40000, 80000, 160000, 320000, 640000, 1280000, 2560000,
                                               5120000, 10240000, 20480000, 40960000, 81920000},
                                              14};
static const struct bounds OVERHEAD_BOUNDS = {
    {25, 50, 75, 100, 150, 200, 300, 500, 1000, 2500, 5000, 10000, 50000, 250000}, 14};
static const struct bounds REVOCATION_BOUNDS = {{10, 25, 50, 100, 250, 500, 1000, 5000, 10000, 100000}, 10};
static const struct bounds STORE_BOUNDS = {{500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 1000000}, 10};

static void add(atomic_uint_fast64_t *to, uint64_t n) { atomic_fetch_add_explicit(to, n, memory_order_relaxed); }

static uint64_t get(const atomic_uint_fast64_t *from)
{
    return atomic_load_explicit((atomic_uint_fast64_t *)from, memory_order_relaxed);
}

static void observe(struct histogram *h, const struct bounds *b, int64_t us)
{
    size_t i = 0;
    us = us < 0 ? 0 : us;
    while (i < b->n && us > b->us[i])
        i++;
    add(&h->counts[i], 1);
    add(&h->sum_us, (uint64_t)us);
}

enum flag { FLAG_UNKNOWN, FLAG_NO, FLAG_YES };

/* --- the block ---------------------------------------------------------------------------------------------------- */

struct of_vendor {
    atomic_uint_fast64_t decisions[EFFECTS][CODE_COUNT], spent_nano, unattributed;
    struct histogram upstream[STATUS_CLASSES];
};

struct stats {
    const struct vendors *vendors;
    struct histogram overhead[LAYERS], store_write, revocation;
    atomic_int chain, reload; /* FLAG_x */
    wall_t priced_at;         /* 0: there is no catalog */
    struct of_vendor items[]; /* one a vendor, then that of calls without one */
};

int stats_new(const struct vendors *v, struct stats **ret)
{
    struct stats *s = calloc(1, sizeof *s + (v->n + 1) * sizeof s->items[0]);
    if (!s)
        return err_trace(-ERR_NOMEM);
    s->vendors = v;
    *ret = s;
    return 0;
}

void stats_free(struct stats *s) { free(s); }

static struct of_vendor *of(struct stats *s, const struct vendor *v)
{
    return &s->items[v ? (size_t)(v - s->vendors->items) : s->vendors->n];
}

static bool is_model(const struct vendor *v) { return v && str_eq(connector_layer(v->connector), STR("llm")); }

void stats_decided(struct stats *s, const struct vendor *v, enum effect e, enum code code)
{
    if (s)
        add(&of(s, v)->decisions[e][code], 1);
}

void stats_upstream(struct stats *s, const struct vendor *v, uint16_t status, int64_t us)
{
    if (s)
        observe(&of(s, v)->upstream[status / 100 < STATUS_CLASSES ? status / 100 : 0], &UPSTREAM_BOUNDS, us);
}

void stats_overhead(struct stats *s, const struct vendor *v, int64_t us)
{
    if (s)
        observe(&s->overhead[is_model(v)], &OVERHEAD_BOUNDS, us);
}

void stats_spent(struct stats *s, const struct vendor *v, money_t nano)
{
    if (s && nano > 0)
        add(&of(s, v)->spent_nano, (uint64_t)nano);
}

void stats_unattributed(struct stats *s, const struct vendor *v)
{
    if (s)
        add(&of(s, v)->unattributed, 1);
}

void stats_store_write(struct stats *s, int64_t us)
{
    if (s)
        observe(&s->store_write, &STORE_BOUNDS, us);
}

void stats_revoked(struct stats *s, int64_t us)
{
    if (s)
        observe(&s->revocation, &REVOCATION_BOUNDS, us);
}

void stats_chain(struct stats *s, bool is_whole)
{
    if (s)
        atomic_store(&s->chain, is_whole ? FLAG_YES : FLAG_NO);
}

void stats_reloaded(struct stats *s, bool is_done)
{
    if (s)
        atomic_store(&s->reload, is_done ? FLAG_YES : FLAG_NO);
}

void stats_prices(struct stats *s, wall_t from) { s->priced_at = from; }

/* --- as text ------------------------------------------------------------------------------------------------------ */

enum stat {
#define STAT(id, name, type, labels, help) STAT_##id,
#include "proxy/stats.tbl.h"
#undef STAT
};

static const struct {
    const char *name, *type, *help;
} INFOS[] = {
#define STAT(id, name, type, labels, help) {"flyball_" #name, #type, help},
#include "proxy/stats.tbl.h"
#undef STAT
};

static void put_head(enum stat i, struct buf *out)
{
    (void)buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", INFOS[i].name, INFOS[i].help, INFOS[i].name,
                     INFOS[i].type); /* noted in the buf, here and below */
}

/* Micro- or nanounits as a decimal number of units. */
static void put_decimal(uint64_t n, uint64_t unit, int digits, struct buf *out)
{
    (void)buf_printf(out, "%llu.%0*llu\n", (unsigned long long)(n / unit), digits, (unsigned long long)(n % unit));
}

/* `labels` without braces; empty: none. */
static void put_histogram(enum stat i, const struct histogram *h, const struct bounds *b, const char *labels,
                          struct buf *out)
{
    const char *comma = labels[0] ? "," : "";
    uint64_t n = 0;
    for (size_t k = 0; k <= b->n; k++) {
        n += get(&h->counts[k]);
        if (k < b->n)
            (void)buf_printf(out, "%s_bucket{%s%sle=\"%.9g\"} %llu\n", INFOS[i].name, labels, comma,
                             (double)b->us[k] / 1e6, (unsigned long long)n);
        else
            (void)buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", INFOS[i].name, labels, comma,
                             (unsigned long long)n);
    }
    (void)buf_printf(out, labels[0] ? "%s_sum{%s} " : "%s_sum%s ", INFOS[i].name, labels);
    put_decimal(get(&h->sum_us), 1000000, 6, out);
    (void)buf_printf(out, labels[0] ? "%s_count{%s} %llu\n" : "%s_count%s %llu\n", INFOS[i].name, labels,
                     (unsigned long long)n);
}

static uint64_t count_of(const struct histogram *h)
{
    uint64_t n = 0;
    for (size_t k = 0; k <= BOUNDS_MAX; k++)
        n += get(&h->counts[k]);
    return n;
}

#define LABELS_BYTES 256

/* layer="saas",vendor="stripe" */
static void vendor_labels(const struct stats *s, size_t i, char out[LABELS_BYTES])
{
    const struct vendor *v = i < s->vendors->n ? &s->vendors->items[i] : NULL;
    struct str name = v ? v->name : STR("");
    (void)snprintf(out, LABELS_BYTES, "layer=\"%s\",vendor=\"" STR_FMT "\"",
                   !v            ? ""
                   : is_model(v) ? "llm"
                                 : "saas",
                   STR_ARG(name)); /* names are short */
}

static void put_decisions(const struct stats *s, struct buf *out)
{
    char labels[LABELS_BYTES];
    put_head(STAT_DECISIONS, out);
    for (size_t i = 0; i <= s->vendors->n; i++)
        for (enum effect e = 0; e < EFFECTS; e++)
            for (enum code code = 0; code < CODE_COUNT; code++) {
                uint64_t n = get(&s->items[i].decisions[e][code]);
                if (n == 0)
                    continue;
                vendor_labels(s, i, labels);
                (void)buf_printf(out, "%s{%s,verdict=\"" STR_FMT "\",reason=\"" STR_FMT "\"} %llu\n",
                                 INFOS[STAT_DECISIONS].name, labels, STR_ARG(effect_text(e)), STR_ARG(code_text(code)),
                                 (unsigned long long)n);
            }
}

static void put_upstream(const struct stats *s, struct buf *out)
{
    char labels[LABELS_BYTES], all[LABELS_BYTES + 32];
    put_head(STAT_UPSTREAM, out);
    for (size_t i = 0; i < s->vendors->n; i++)
        for (int k = 0; k < STATUS_CLASSES; k++) {
            if (count_of(&s->items[i].upstream[k]) == 0)
                continue;
            vendor_labels(s, i, labels);
            (void)snprintf(all, sizeof all, "%s,status_class=\"%d%s\"", labels, k, k ? "xx" : "");
            put_histogram(STAT_UPSTREAM, &s->items[i].upstream[k], &UPSTREAM_BOUNDS, all, out);
        }
}

static void put_spend(const struct stats *s, struct buf *out)
{
    char labels[LABELS_BYTES];
    put_head(STAT_SPEND, out);
    for (size_t i = 0; i < s->vendors->n; i++) {
        vendor_labels(s, i, labels);
        (void)buf_printf(out, "%s{%s} ", INFOS[STAT_SPEND].name, labels);
        put_decimal(get(&s->items[i].spent_nano), 1000000000, 9, out);
    }
}

static void put_unattributed(const struct stats *s, struct buf *out)
{
    put_head(STAT_UNATTRIBUTED, out);
    for (size_t i = 0; i < s->vendors->n; i++)
        if (!is_model(&s->vendors->items[i]))
            (void)buf_printf(out, "%s{vendor=\"" STR_FMT "\"} %llu\n", INFOS[STAT_UNATTRIBUTED].name,
                             STR_ARG(s->vendors->items[i].name), (unsigned long long)get(&s->items[i].unattributed));
}

static void put_flag(enum stat i, const atomic_int *flag, struct buf *out)
{
    int value = atomic_load((atomic_int *)flag);
    if (value == FLAG_UNKNOWN)
        return;
    put_head(i, out);
    (void)buf_printf(out, "%s %d\n", INFOS[i].name, value == FLAG_YES);
}

static void put_price_age(const struct stats *s, wall_t now, struct buf *out)
{
    if (s->priced_at == 0 || now < s->priced_at)
        return;
    put_head(STAT_PRICES, out);
    (void)buf_printf(out, "%s %lld\n", INFOS[STAT_PRICES].name, (long long)((now - s->priced_at) / NS_PER_S));
}

void stats_render(const struct stats *s, wall_t now, struct buf *out)
{
    if (!s)
        return;
    put_decisions(s, out);
    put_upstream(s, out);
    put_head(STAT_OVERHEAD, out);
    put_histogram(STAT_OVERHEAD, &s->overhead[0], &OVERHEAD_BOUNDS, "layer=\"saas\"", out);
    put_histogram(STAT_OVERHEAD, &s->overhead[1], &OVERHEAD_BOUNDS, "layer=\"llm\"", out);
    put_spend(s, out);
    put_unattributed(s, out);
    put_head(STAT_STORE_WRITE, out);
    put_histogram(STAT_STORE_WRITE, &s->store_write, &STORE_BOUNDS, "", out);
    put_head(STAT_REVOCATION, out);
    put_histogram(STAT_REVOCATION, &s->revocation, &REVOCATION_BOUNDS, "", out);
    put_flag(STAT_CHAIN, &s->chain, out);
    put_flag(STAT_RELOAD, &s->reload, out);
    put_price_age(s, now, out);
}
