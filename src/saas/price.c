/*
 * saas/price.c - what a call costs by a table of prices: which row, which columns, how often.
 *
 *   (1) what a table does not say is not known: no row, an empty column, an overflow. Nothing is guessed from a
 *       neighbour.
 *   (2) a number's row is the one with the longest prefix, and what follows the prefix is digits.
 */
#include "saas/parse_impl.h"

#include "base/err.h"
#include "saas/builtin_impl.h"

#include <string.h>

/* ---- the table ---- */

static bool is_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return true;
}

const struct price_row *price_find(const struct price_table *t, struct str s)
{
    const struct price_row *best = NULL;
    for (size_t i = 0; i < t->n_rows; i++) {
        const struct price_row *row = &t->rows[i];
        if (!t->is_prefix && str_eq(row->match, s))
            return row;
        if (t->is_prefix && str_starts(s, row->match) && is_digits(str_sub(s, row->match.n, s.n)) &&
            (!best || row->match.n > best->match.n))
            best = row;
    }
    return best;
}

static bool row_price(const struct price_table *t, const struct price_row *row, const struct strs *add, money_t *ret)
{
    money_t sum = 0;
    for (size_t i = 0; row && i < add->n; i++) {
        size_t k = 0;
        while (k < t->n_columns && !str_eq(t->columns[k], add->items[i]))
            k++;
        if (k == t->n_columns || row->values[k] < 0 || !money_add(sum, row->values[k], &sum))
            return false;
    }
    *ret = sum;
    return row != NULL;
}

/* ---- the call ---- */

/* One row for each text of a list, added up. */
static bool list_price(const struct price_rule *rule, struct str list, money_t *ret)
{
    money_t sum = 0, one;
    for (bool has_more = true; has_more;) {
        struct str item = list;
        has_more = str_cut(list, ',', &item, &list);
        if (!row_price(rule->table, price_find(rule->table, str_trim(item)), &rule->add, &one) ||
            !money_add(sum, one, &sum))
            return false;
    }
    *ret = sum;
    return true;
}

static bool rule_price(const struct saas_call *call, const struct price_rule *rule, money_t *ret)
{
    const struct param *of = param_get(call, rule->of), *times = param_get(call, rule->times);
    struct str item = rule->of.n ? (of ? of->s : STR_NONE) : rule->item;
    money_t one;
    bool is_priced = rule->table->is_prefix
                         ? row_price(rule->table, price_find(rule->table, item), &rule->add, &one)
                         : list_price(rule, item, &one);
    if (!is_priced || (rule->times.n && (!times || times->kind != KIND_INT || times->i < 0)))
        return false;
    return money_mul(one, rule->times.n ? times->i : 1, ret);
}

static bool rule_holds(const struct saas_call *call, const struct price_rule *rule)
{
    for (size_t i = 0; i < rule->with.n; i++) {
        struct str name = rule->with.items[i], value = STR_NONE;
        bool has_value = str_cut(name, '=', &name, &value);
        const struct param *p = param_get(call, name);
        if (!p || (has_value && !str_eq(p->s, value)))
            return false;
    }
    return true;
}

struct cost price_predict(const struct saas_call *call)
{
    for (size_t i = 0; i < call->op->n_prices; i++) {
        const struct price_rule *rule = &call->op->prices[i];
        struct cost cost = {HOW_PRICED, 0};
        if (!rule_holds(call, rule))
            continue;
        if (rule->is_unknown || (!rule->is_free && !rule_price(call, rule, &cost.usd)))
            cost = (struct cost){HOW_UNKNOWN, 0};
        return cost;
    }
    return (struct cost){HOW_UNKNOWN, 0};
}

/* ---- the file ---- */

static size_t column_of(struct parse *p, const struct yaml *at, struct price_table *t, struct str name)
{
    for (size_t k = 0; k < t->n_columns; k++) {
        if (str_eq(t->columns[k], name))
            return k;
    }
    if (t->n_columns == PRICE_COLUMNS_MAX) {
        read_fault(p, at, "a table of prices has at most %d columns", PRICE_COLUMNS_MAX);
        return 0;
    }
    t->columns[t->n_columns] = arena_str(p->arena, name);
    return t->n_columns++;
}

/* The columns of one row: decimal texts in USD. */
static void parse_values(struct parse *p, const struct yaml *row, struct price_table *t, money_t *values)
{
    for (size_t k = 0; k < PRICE_COLUMNS_MAX; k++)
        values[k] = -1;
    yaml_each(it, row)
    {
        struct str s = STR_NONE;
        if (str_eq(it->key, STR("for")) || str_eq(it->key, STR("name")))
            continue;
        size_t k = column_of(p, it, t, it->key);
        if (!yaml_str(it, &s) || money_parse(s, &values[k]) < 0)
            read_fault(p, it, "a price is a decimal text in USD, like \"0.0083\"");
    }
}

static size_t count_rows(const struct yaml *rows)
{
    size_t n = 0;
    yaml_each(row, rows)
    {
        const struct yaml *f = yaml_get(row, STR("for"));
        n += f && f->n ? f->n : 1;
    }
    return n;
}

static void parse_rows(struct parse *p, const struct yaml *rows, struct price_table *t)
{
    yaml_each(row, rows)
    {
        money_t values[PRICE_COLUMNS_MAX];
        struct strs match = parse_strs(p, row, "for");
        if (!match.n)
            read_fault(p, row, "`for` must say what the row is for");
        parse_values(p, row, t, values);
        for (size_t i = 0; i < match.n; i++) {
            struct price_row *r = &t->rows[t->n_rows++];
            r->match = arena_str(p->arena, match.items[i]);
            memcpy(r->values, values, sizeof(values));
            for (const struct price_row *o = t->rows; o < r; o++) {
                if (str_eq(o->match, r->match))
                    read_fault(p, row, "`" STR_FMT "` stands twice", STR_ARG(r->match));
            }
        }
    }
}

/* Rows of `more` take the place of the old ones of the same name; the others stay. */
static void merge(struct parse *p, struct price_table *into, const struct price_table *more)
{
    struct price_row *rows = arena_alloc(p->arena, (into->n_rows + more->n_rows) * sizeof(*rows));
    struct price_table all = *more;
    memcpy(rows, more->rows, more->n_rows * sizeof(*rows));
    all.rows = rows;
    for (size_t i = 0; i < into->n_rows; i++) {
        const struct price_row *old = &into->rows[i];
        size_t k = 0;
        while (k < more->n_rows && !str_eq(more->rows[k].match, old->match))
            k++;
        if (k < more->n_rows)
            continue;
        struct price_row *r = &rows[all.n_rows++];
        r->match = old->match;
        for (k = 0; k < PRICE_COLUMNS_MAX; k++)
            r->values[k] = -1;
        for (k = 0; k < into->n_columns; k++)
            r->values[column_of(p, NULL, &all, into->columns[k])] = old->values[k];
    }
    *into = all;
}

static void parse_table(struct parse *p, const struct yaml *root, struct price_table *t)
{
    static const char *const keys[] = {"prices", "match", "as_of", "source", "note", "rows"};
    const struct yaml *rows = yaml_get(root, STR("rows"));
    read_keys(p, root, keys, sizeof(keys) / sizeof(keys[0]));
    t->name = arena_str(p->arena, parse_str(p, root, "prices", true));
    struct str match = parse_str(p, root, "match", true);
    if (!str_eq(match, STR("prefix")) && !str_eq(match, STR("exact")))
        read_fault(p, root, "`match` is `prefix` or `exact`");
    t->is_prefix = str_eq(match, STR("prefix"));
    (void)parse_str(p, root, "as_of", true);
    (void)parse_str(p, root, "source", true);
    if (!yaml_is(rows, YAML_SEQ)) {
        read_fault(p, rows ? rows : root, "`rows` must be a list");
        return;
    }
    t->rows = arena_alloc(p->arena, (count_rows(rows) + 1) * sizeof(*t->rows));
    parse_rows(p, rows, t);
}

int price_table_parse(struct arena *a, struct str text, struct str file, struct diag_list *diags,
                      struct price_table *into)
{
    struct parse p = {NULL, file, diags, a};
    struct price_table t = {.n_rows = 0};
    const struct yaml *root = NULL;
    size_t n_errors = diags->n_errors;
    int r = yaml_parse(a, file, text, &yaml_limits_default, diags, &root);
    if (r < 0)
        return err_trace(r);
    parse_table(&p, root, &t);
    if (into->name.n && (!str_eq(into->name, t.name) || into->is_prefix != t.is_prefix))
        read_fault(&p, root, "these are not prices of `" STR_FMT "`", STR_ARG(into->name));
    if (diags->n_errors > n_errors)
        return err_trace(-ERR_INVALID);
    if (into->name.n)
        merge(&p, into, &t);
    else
        *into = t;
    return 0;
}

/* ---- of a connector ---- */

void parse_prices(struct parse *p, const struct yaml *map, struct str name, const struct price_table **ret)
{
    struct connector *c = p->c;
    for (size_t i = 0; i < c->n_prices; i++) {
        if (str_eq(c->prices[i].name, name))
            *ret = &c->prices[i];
    }
    if (*ret)
        return;
    for (const struct embedded *e = prices_builtin; e->name.n && c->n_prices < PRICE_TABLES_MAX; e++) {
        struct price_table *t = &c->prices[c->n_prices];
        if (!str_eq(e->name, name))
            continue;
        if (price_table_parse(p->arena, e->text, e->name, p->diags, t) == 0) {
            *ret = t;
            c->n_prices++;
        }
        return;
    }
    read_fault(p, map, "there is no table of prices `" STR_FMT "`, or there are too many", STR_ARG(name));
}

int connector_override_prices(struct connector *c, struct str text, struct str file, struct diag_list *diags)
{
    struct arena a;
    struct price_table named = {.n_rows = 0};
    arena_init(&a, PRICE_FILE_ARENA_BYTES);
    int r = price_table_parse(&a, text, file, diags, &named);
    for (size_t i = 0; r == 0 && i <= c->n_prices; i++) {
        if (i == c->n_prices) {
            diag_add(diags, file, 1, 1, "prices", "the connector has no prices named `" STR_FMT "`",
                     STR_ARG(named.name));
            r = -ERR_INVALID;
        } else if (str_eq(c->prices[i].name, named.name)) {
            r = price_table_parse(&c->arena, text, file, diags, &c->prices[i]);
            break;
        }
    }
    arena_deinit(&a);
    return err_trace(r);
}
