/*
 * cli/doctor_age.c - what was right once: prices, and keys.
 */
#include "base/time.h"
#include "cli/client.h"
#include "cli/doctor.h"
#include "cli/print.h"
#include "llm/catalog.h"

#define DAY_NS (86400 * NS_PER_S)
#define PRICES_WARN_DAYS 90
#define KEY_WARN_DAYS 180

static int64_t days_since(wall_t t)
{
    return (clock_system.wall(clock_system.ctx) - t) / DAY_NS;
}

void doctor_prices(struct doctor *d, const struct config *config)
{
    struct diag_list diags;
    struct catalog *catalog;
    wall_t at;
    diag_list_init(&diags, &d->c->arena, 1);
    if (catalog_parse(catalog_builtin(), STR("catalog/models.yaml"), &config->limits, &diags, &catalog) < 0)
        return; /* a unit test reads it */
    struct str date = arena_str(&d->c->arena, catalog_priced_at(catalog));
    catalog_free(catalog);
    if (wall_parse(DOCTOR_TEXT(d, STR_FMT "T00:00:00Z", STR_ARG(date)), &at) < 0)
        return;
    int64_t days = days_since(at);
    bool is_old = days > PRICES_WARN_DAYS;
    doctor_report(d, is_old && !config->llm_catalog.n ? "warn" : "ok", "prices",
                  DOCTOR_TEXT(d, "prices of models are of " STR_FMT ", %lld days ago%s", STR_ARG(date),
                              (long long)days, config->llm_catalog.n ? "; your own stand before them" : ""),
                  is_old && !config->llm_catalog.n
                      ? STR("compare with the vendors' pages (flyball prices list); name newer ones in llm.catalog")
                      : STR(""));
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static bool time_of(struct json key, const char *name, wall_t *ret)
{
    struct str text = show_text(key, name);
    return text.n && wall_parse(text, ret) == 0;
}

static void report_key(struct doctor *d, struct json key, int64_t days)
{
    struct str id = show_text(key, "id");
    doctor_report(d, "warn", "keys",
                  DOCTOR_TEXT(d, "key " STR_FMT " of " STR_FMT " is %lld days old", STR_ARG(id),
                              STR_ARG(show_text(key, "agent")), (long long)days),
                  DOCTOR_TEXT(d, "flyball key rotate " STR_FMT " --overlap 15m", STR_ARG(id)));
}

int doctor_keys(struct doctor *d)
{
    struct answer a;
    struct json key;
    size_t n = 0, n_old = 0;
    int r = client_call(d->c, "GET", STR("/api/v1/keys"), STR_NONE, &a);
    if (r)
        return r;
    for (struct json_iter it = json_each(json_get(a.json, STR("keys"))); json_next(&it, NULL, &key);) {
        wall_t made;
        if (!str_eq(show_text(key, "status"), STR("active")) || !time_of(key, "created_at", &made))
            continue;
        n++;
        if (days_since(made) <= KEY_WARN_DAYS)
            continue;
        n_old++;
        report_key(d, key, days_since(made));
    }
    if (!n_old)
        doctor_report(d, "ok", "keys", DOCTOR_TEXT(d, "%zu keys in force, none older than %d days", n, KEY_WARN_DAYS),
                      STR(""));
    return 0;
}
