/*
 * admin/metrics.c - Prometheus text: the counters of base/counter.tbl.h, and a gauge for each number of
 * core_health_json.
 *
 * Labels would let one agent's run ids grow a scraper's memory without end: there are none but the version.
 */
#include "admin/exports_view.h"
#include "admin/handlers.h"
#include "admin/request.h"
#include "base/counter.h"
#include "proxy/core_follow.h"
#include "proxy/core_limits.h"
#include "proxy/stats.h"

#define METRIC_NAME_BYTES_MAX 120

/* flyball_<prefix><name>; characters that Prometheus does not take become '_'. */
static void gauge(struct buf *out, struct str name, struct str value)
{
    char clean[METRIC_NAME_BYTES_MAX];
    size_t n = name.n < sizeof(clean) ? name.n : sizeof(clean);
    for (size_t i = 0; i < n; i++) {
        char c = name.p[i];
        bool is_fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        clean[i] = is_fine ? c : '_';
    }
    (void)buf_printf(out, "# TYPE flyball_%.*s gauge\nflyball_%.*s " STR_FMT "\n", (int)n, clean, (int)n, clean,
                     STR_ARG(value));
}

/* One level of nesting is enough for health: {"journal":{"seq":1}} is flyball_journal_seq. */
static void gauges(struct request *r, struct json object, struct str prefix, struct buf *out)
{
    struct str key, number;
    struct json value;
    bool flag;
    for (struct json_iter it = json_each(object); json_next(&it, &key, &value);) {
        struct str name = arena_printf(&r->arena, STR_FMT STR_FMT, STR_ARG(prefix), STR_ARG(key));
        if (json_number_text(value, &number))
            gauge(out, name, number);
        else if (json_bool(value, &flag))
            gauge(out, name, flag ? STR("1") : STR("0"));
        else if (json_type(value) == JSON_OBJECT && !prefix.n)
            gauges(r, value, arena_printf(&r->arena, STR_FMT "_", STR_ARG(key)), out);
    }
}

void admin_on_metrics(struct request *r)
{
    struct json health;
    bool is_ready = false;

    (void)buf_printf(&r->out, "# TYPE flyball_build_info gauge\nflyball_build_info{version=\"" STR_FMT "\"} 1\n",
                     STR_ARG(r->admin->version));
    for (int c = 0; c < COUNTER_COUNT; c++)
        (void)buf_printf(
            &r->out, "# HELP flyball_%s_total %s\n# TYPE flyball_%s_total counter\nflyball_%s_total %llu\n",
            counter_name(c), counter_help(c), counter_name(c), counter_name(c), (unsigned long long)counter_get(c));
    if (core_health_json(r->admin->core, &r->ask.json, &is_ready) == 0 &&
        json_parse(&r->arena, buf_str(&r->ask.json), 16, &health) == 0)
        gauges(r, health, STR(""), &r->out);
    core_budget_metrics(r->admin->core, &r->out);
    stats_render(r->admin->stats, loop_wall(r->admin->loop), &r->out);
    exports_metrics(r->admin->exports, core_store_seq(r->admin->core), &r->out);
    r->content_type = "text/plain; version=0.0.4; charset=utf-8";
    request_answer(r, 200);
}
