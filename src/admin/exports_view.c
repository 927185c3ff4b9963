/*
 * admin/exports_view.c - reads what exports_status() says, nothing more.
 */
#include "admin/exports_view.h"

static uint64_t lag(const struct export_status *s, uint64_t store_seq)
{
    return s->seq < store_seq ? store_seq - s->seq : 0;
}

static void put_u64(struct json_writer *w, struct str key, uint64_t n)
{
    jw_key(w, key);
    jw_u64(w, n);
}

static void put_details(const struct export_status *s, struct json_writer *w)
{
    char text[WALL_TEXT_BYTES];
    put_u64(w, STR("calls_sent"), s->calls_sent);
    put_u64(w, STR("spans_sent"), s->spans_sent);
    put_u64(w, STR("spans_rejected"), s->spans_rejected);
    put_u64(w, STR("failures"), s->failures);
    put_u64(w, STR("last_status"), s->last_status);
    jw_put_str_or_null(w, STR("last_sent_at"), s->last_sent_at ? wall_text(s->last_sent_at, text) : STR_NONE);
    jw_put_str_or_null(w, STR("last_error"), str_c(s->error));
}

void exports_view(struct exports *x, uint64_t store_seq, bool is_full, struct json_writer *w)
{
    jw_array(w);
    for (size_t i = 0; i < exports_n(x); i++) {
        struct export_status s;
        exports_status(x, i, &s);
        jw_object(w);
        jw_put_str(w, STR("name"), exports_name(x, i));
        jw_put_str(w, STR("state"), export_state_text(s.state));
        put_u64(w, STR("lag_frames"), lag(&s, store_seq));
        if (is_full)
            put_details(&s, w);
        jw_object_end(w);
    }
    jw_array_end(w);
}

size_t exports_failing(struct exports *x, struct arena *a, struct str *ret_names)
{
    struct str names = STR_NONE;
    size_t n = 0;
    for (size_t i = 0; i < exports_n(x); i++) {
        struct export_status s;
        exports_status(x, i, &s);
        if (s.state != EXPORT_FAILING)
            continue;
        names = n++ ? arena_join(a, (const struct str[]){names, STR(", "), exports_name(x, i)}, 3) : exports_name(x, i);
    }
    *ret_names = names;
    return n;
}

/* --- Prometheus --------------------------------------------------------------------------------------------------- */

static uint64_t value_up(const struct export_status *s, uint64_t store_seq) { return s->state != EXPORT_FAILING; }
static uint64_t value_calls(const struct export_status *s, uint64_t store_seq) { return s->calls_sent; }
static uint64_t value_spans(const struct export_status *s, uint64_t store_seq) { return s->spans_sent; }
static uint64_t value_rejected(const struct export_status *s, uint64_t store_seq) { return s->spans_rejected; }
static uint64_t value_failures(const struct export_status *s, uint64_t store_seq) { return s->failures; }

static const struct export_metric {
    const char *name, *type, *help;
    uint64_t (*value)(const struct export_status *s, uint64_t store_seq);
} METRICS[] = {
#define EXPORT_METRIC(name, type, value, help) {"flyball_" #name, #type, help, value},
#include "admin/export_metric.tbl.h"
#undef EXPORT_METRIC
};

void exports_metrics(struct exports *x, uint64_t store_seq, struct buf *out)
{
    for (size_t m = 0; m < sizeof METRICS / sizeof METRICS[0] && exports_n(x) > 0; m++) {
        (void)buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", METRICS[m].name, METRICS[m].help, METRICS[m].name,
                         METRICS[m].type); /* noted in the buf, here and below */
        for (size_t i = 0; i < exports_n(x); i++) {
            struct export_status s;
            exports_status(x, i, &s);
            (void)buf_printf(out, "%s{target=\"" STR_FMT "\"} %llu\n", METRICS[m].name, STR_ARG(exports_name(x, i)),
                             (unsigned long long)METRICS[m].value(&s, store_seq));
        }
    }
}
