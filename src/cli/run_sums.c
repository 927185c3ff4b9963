/*
 * cli/run_sums.c - the end of a timeline: what the run cost by layer and vendor, and how far its limits are.
 */
#include "base/money.h"
#include "call/names.h"
#include "cli/flow.h"
#include "cli/limit_table.h"
#include "cli/timeline.h"
#include "cli/tokens.h"

struct sum {
    int64_t calls, denied, unknown;
    money_t settled, held;
    enum how how; /* of the weakest part of settled */
};

static int64_t number(struct json row, const char *name)
{
    int64_t n = 0;
    (void)json_i64(json_get(row, str_c(name)), &n); /* absent: none */
    return n;
}

static money_t nano(struct json row, const char *name)
{
    money_t m = 0;
    (void)money_parse(show_text(json_get(row, str_c(name)), "usd"), &m); /* null: nothing */
    return m;
}

static enum how how_of(struct json row)
{
    struct str text = show_text(json_get(row, STR("settled")), "how");
    for (enum how h = HOW_UNKNOWN; h <= HOW_PARSED; h++)
        if (str_eq(text, how_text(h)))
            return h;
    return HOW_UNKNOWN;
}

/* A sum of what the daemon added up cannot be larger than a sum of the daemon's: no overflow. */
static void add(struct sum *s, struct json row)
{
    enum how how = how_of(row);
    s->calls += number(row, "calls");
    s->denied += number(row, "denied");
    s->unknown += number(row, "unknown");
    s->held += nano(row, "held");
    s->settled += nano(row, "settled");
    if (nano(row, "settled") && how < s->how)
        s->how = how;
}

static struct str usd(struct cli *c, money_t m, enum how how)
{
    char text[MONEY_TEXT_BYTES];
    if (m == 0)
        return STR("0.00 USD");
    return arena_printf(&c->arena, STR_FMT " USD%s" STR_FMT, STR_ARG(money_text_short(m, text)),
                        how == HOW_UNKNOWN ? "" : " ", STR_ARG(how == HOW_UNKNOWN ? STR("") : how_text(how)));
}

static struct str count(struct cli *c, int64_t n) { return arena_printf(&c->arena, "%lld", (long long)n); }

static void put_sum(struct table *t, struct str layer, struct str vendor, const struct sum *s)
{
    struct cli *c = t->cli;
    table_add(t, layer);
    table_add(t, vendor);
    table_add(t, count(c, s->calls));
    table_add_styled(t, count(c, s->denied), s->denied ? STYLE_BAD : STYLE_PLAIN);
    table_add_styled(t, count(c, s->unknown), s->unknown ? STYLE_WARN : STYLE_PLAIN);
    table_add(t, usd(c, s->settled, s->how));
    table_add_styled(t, usd(c, s->held, HOW_UNKNOWN), s->held ? STYLE_WARN : STYLE_PLAIN);
}

/* Rows of one layer, and their sum where there are several. */
static void put_layer(struct table *t, struct json totals, struct str layer)
{
    struct sum all = {.how = HOW_PARSED};
    struct json row;
    size_t n = 0;
    for (struct json_iter it = json_each(totals); json_next(&it, NULL, &row);) {
        struct sum one = {.how = HOW_PARSED};
        if (!str_eq(show_text(row, "layer"), layer))
            continue;
        add(&one, row);
        add(&all, row);
        put_sum(t, layer, show_text(row, "vendor"), &one);
        n++;
    }
    if (n > 1)
        put_sum(t, layer, STR("all"), &all);
}

static bool is_first_of_layer(struct json totals, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (str_eq(show_text(json_at(totals, k), "layer"), show_text(json_at(totals, i), "layer")))
            return false;
    return true;
}

static void put_totals(struct cli *c, struct json totals)
{
    static const char *const titles[] = {"LAYER", "VENDOR", ">CALLS", ">REFUSED", ">UNKNOWN", ">COST", ">STILL HELD"};
    struct sum all = {.how = HOW_PARSED};
    struct table t;
    table_init(&t, c, titles, sizeof(titles) / sizeof(titles[0]));
    for (size_t i = 0; i < json_len(totals); i++) {
        add(&all, json_at(totals, i));
        if (is_first_of_layer(totals, i))
            put_layer(&t, totals, show_text(json_at(totals, i), "layer"));
    }
    put_sum(&t, STR("run"), STR("all"), &all);
    table_print(&t);
}

static struct str units(struct cli *c, struct json limit, const char *name)
{
    struct str meter = show_text(limit, "meter"), amount = limit_amount(c, meter, limit, name);
    if (show_currency(c, meter).n)
        return amount;
    return arena_printf(&c->arena, STR_FMT " " STR_FMT, STR_ARG(amount), STR_ARG(meter));
}

static void put_limit(struct cli *c, struct json limit, size_t columns)
{
    struct flow f;
    flow_begin(&f, c, columns, STR("limit  "));
    flow_add(&f, STYLE_BOLD, show_text(limit, "id"));
    flow_add(&f, STYLE_DIM, show_text(limit, "bucket"));
    flow_add(&f, STYLE_PLAIN, arena_printf(&c->arena, "spent " STR_FMT, STR_ARG(units(c, limit, "settled"))));
    flow_add(&f, STYLE_PLAIN, arena_printf(&c->arena, "held " STR_FMT, STR_ARG(units(c, limit, "held"))));
    flow_add(&f, STYLE_PLAIN, arena_printf(&c->arena, "max " STR_FMT, STR_ARG(units(c, limit, "max"))));
    flow_end(&f);
}

void print_run_sums(struct cli *c, struct json run, size_t columns)
{
    struct json limit;
    struct str tokens = show_tokens(c, run);
    put_totals(c, json_get(run, STR("totals")));
    if (tokens.n) {
        struct flow f;
        fputc('\n', c->out);
        flow_begin(&f, c, columns, STR("tokens  "));
        flow_add(&f, STYLE_PLAIN, tokens);
        flow_add(&f, STYLE_PLAIN, arena_printf(&c->arena, "tool calls " STR_FMT,
                                               STR_ARG(show_number(c, run, "tool_calls"))));
        flow_end(&f);
    }
    for (struct json_iter it = json_each(json_get(run, STR("limits"))); json_next(&it, NULL, &limit);)
        put_limit(c, limit, columns);
}
