/*
 * saas/fx_table.c - reads a table of rates; every fault has its place.
 */
#include "saas/fx_table.h"

#include "base/err.h"
#include "codec/yaml.h"

#include <string.h>

#define BYTES_MAX 65536
#define MARGIN_MAX (100 * MONEY_PER_USD) /* 100 percent, as money_parse reads it */

struct reader {
    struct str file;
    struct diag_list *diags;
    struct fx_table *t;
};

static void fault(struct reader *r, const struct yaml *y, const char *code, const char *text)
{
    diag_add(r->diags, r->file, y->line, y->col, code, "%s", text);
}

/* The text of a member; false after a diag, also where it is not there. */
static bool text_of(struct reader *r, const struct yaml *map, struct str key, struct str *ret)
{
    const struct yaml *y = yaml_get(map, key);
    if (y && yaml_str(y, ret))
        return true;
    diag_add(r->diags, r->file, y ? y->line : map->line, y ? y->col : map->col, y ? "wrong_type" : "missing_key",
             "`" STR_FMT "` is a text in quotes", STR_ARG(key));
    return false;
}

static void read_date(struct reader *r, const struct yaml *map)
{
    char at[] = "yyyy-mm-ddT00:00:00Z";
    struct str date;
    if (!text_of(r, map, STR("date"), &date))
        return;
    if (date.n == FX_DATE_BYTES - 1) {
        memcpy(at, date.p, date.n);
        if (wall_parse(str_c(at), &r->t->from) == 0) {
            memcpy(r->t->date, date.p, date.n);
            return;
        }
    }
    fault(r, yaml_get(map, STR("date")), "bad_value", "`date` is a day: \"2026-11-27\"");
}

static void read_bounds(struct reader *r, const struct yaml *map)
{
    struct str text;
    if (text_of(r, map, STR("margin_percent"), &text) &&
        (money_parse(text, &r->t->margin_nano_percent) < 0 || r->t->margin_nano_percent > MARGIN_MAX))
        fault(r, yaml_get(map, STR("margin_percent")), "bad_value", "`margin_percent` is 0 to 100: \"2.5\"");
    if (text_of(r, map, STR("max_age"), &text) && duration_parse(text, &r->t->max_age_ns) < 0)
        fault(r, yaml_get(map, STR("max_age")), "bad_value", "`max_age` is a duration: 36h, 7d");
}

static bool is_code(struct str s)
{
    bool is_ok = s.n == 3 && !str_eq(s, STR("USD"));
    for (size_t i = 0; is_ok && i < s.n; i++)
        is_ok = s.p[i] >= 'A' && s.p[i] <= 'Z';
    return is_ok;
}

static void read_rates(struct reader *r, const struct yaml *map)
{
    const struct yaml *rates = yaml_get(map, STR("usd"));
    struct str text;
    if (!yaml_is(rates, YAML_MAP) || rates->n > FX_RATES_MAX) {
        fault(r, rates ? rates : map, "bad_value", "`usd` is a map of at most 200 rates: {EUR: \"1.0835\"}");
        return;
    }
    yaml_each(y, rates) {
        struct fx_rate *rate = &r->t->rates[r->t->n];
        if (!is_code(y->key))
            fault(r, y, "bad_value", "a currency is a code of three capital letters, and no USD: EUR");
        else if (!yaml_str(y, &text) || money_parse(text, &rate->nano_usd) < 0 || rate->nano_usd == 0)
            fault(r, y, "bad_value", "a rate is what one unit is in dollars, in quotes and more than 0: \"1.0835\"");
        else
            memcpy(r->t->rates[r->t->n++].currency, y->key.p, 3);
    }
}

static void read_keys(struct reader *r, const struct yaml *map)
{
    static const struct str keys[] = {STR_INIT("date"), STR_INIT("margin_percent"), STR_INIT("max_age"),
                                      STR_INIT("usd")};
    yaml_each(y, map) {
        size_t i = 0;
        while (i < 4 && !str_eq(keys[i], y->key))
            i++;
        if (i == 4)
            diag_add_unknown(r->diags, r->file, y->key_line, y->key_col, "unknown_key", "key", y->key, keys, 4);
    }
}

int fx_table_read(struct str text, struct str file, struct diag_list *diags, struct fx_table *ret)
{
    const struct yaml_limits bounds = {.bytes_max = BYTES_MAX, .depth_max = 4, .nodes_max = 1000};
    struct arena a;
    const struct yaml *root;
    struct fx_table t = {.n = 0};
    struct reader r = {file, diags, &t};
    size_t n_errors = diags->n_errors;
    arena_init(&a, 4u << 20);
    int e = yaml_parse(&a, file, text, &bounds, diags, &root);
    if (e == 0 && root->type != YAML_MAP)
        fault(&r, root, "wrong_type", "a table of rates is an object");
    if (e == 0 && root->type == YAML_MAP) {
        read_keys(&r, root);
        read_date(&r, root);
        read_bounds(&r, root);
        read_rates(&r, root);
    }
    arena_deinit(&a);
    if (e < 0 || diags->n_errors > n_errors)
        return err_trace(-ERR_INVALID);
    *ret = t;
    return 0;
}
