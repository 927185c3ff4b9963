/*
 * cli/print.c - what print.h says. Nothing here knows of any one command.
 */
#include "cli/print.h"

#include "base/check.h"
#include "base/money.h"
#include "call/limit.h"
#include "codec/utf8.h"

#include <string.h>
#include <sys/ioctl.h>

/* Bytes of the character at s.p that may go to a terminal as they are; 0: the byte must be escaped. */
static size_t safe_bytes(struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t n = utf8_next(s);
    if (n == 1)
        return p[0] >= 0x20 && p[0] != 0x7f;
    if (n == 2 && p[0] == 0xc2 && p[1] < 0xa0)
        return 0; /* C1 controls */
    if (n == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0x8e || p[2] == 0x8f || (p[2] >= 0xa8 && p[2] <= 0xae)))
        return 0; /* line separators, marks and overrides of direction */
    if (n == 3 && p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)
        return 0; /* isolates */
    return n;
}

void print_safe(FILE *f, struct str s)
{
    for (size_t i = 0; i < s.n;) {
        size_t n = safe_bytes(str_sub(s, i, s.n));
        if (n)
            fwrite(s.p + i, 1, n, f);
        else
            fprintf(f, "\\x%02x", (unsigned char)s.p[i]);
        i += n ? n : 1;
    }
}

void print_safe_json(FILE *f, struct str s)
{
    for (size_t i = 0; i < s.n;) {
        struct str rest = str_sub(s, i, s.n);
        size_t n = utf8_next(rest);
        if (n && !safe_bytes(rest))
            fprintf(f, "\\u%04x", utf8_code(rest, n)); /* all of them have four digits */
        else
            fwrite(rest.p, 1, n ? n : 1, f);
        i += n ? n : 1;
    }
}

size_t print_width(struct str s)
{
    size_t width = 0;
    for (size_t i = 0; i < s.n;) {
        size_t n = safe_bytes(str_sub(s, i, s.n));
        width += n ? 1 : 4;
        i += n ? n : 1;
    }
    return width;
}

void print_styled(struct cli *c, enum style style, struct str s)
{
    static const char *const codes[] = {"", "32", "31", "33", "2", "1"};
    bool is_colored = c->has_color && style != STYLE_PLAIN;
    if (is_colored)
        fprintf(c->out, "\033[%sm", codes[style]);
    print_safe(c->out, s);
    if (is_colored)
        fputs("\033[0m", c->out);
}

/* --- tables ------------------------------------------------------------------------------------------------------- */

void table_init(struct table *t, struct cli *c, const char *const *titles, size_t n_columns)
{
    check(n_columns > 0 && n_columns <= TABLE_COLUMNS_MAX);
    *t = (struct table){.cli = c, .titles = titles, .n_columns = n_columns};
}

void table_add_styled(struct table *t, struct str text, enum style style)
{
    if (t->n_cells == t->n_cap) {
        size_t cap = t->n_cap ? 2 * t->n_cap : 64 * t->n_columns;
        struct cell *cells = arena_alloc(&t->cli->arena, cap * sizeof(*cells));
        if (t->n_cells)
            memcpy(cells, t->cells, t->n_cells * sizeof(*cells));
        t->cells = cells;
        t->n_cap = cap;
    }
    t->cells[t->n_cells++] = (struct cell){text.n ? text : STR("-"), style};
}

void table_add(struct table *t, struct str text) { table_add_styled(t, text, STYLE_PLAIN); }

static void pad(FILE *f, size_t n)
{
    while (n-- > 0)
        fputc(' ', f);
}

static void print_cell(const struct table *t, size_t column, struct str text, enum style style, size_t width)
{
    bool is_right = t->titles[column][0] == '>', is_last = column + 1 == t->n_columns;
    size_t own = print_width(text);
    if (is_right)
        pad(t->cli->out, width - own);
    print_styled(t->cli, style, text);
    if (is_last)
        fputc('\n', t->cli->out);
    else
        pad(t->cli->out, (is_right ? 0 : width - own) + 2);
}

void table_print(const struct table *t)
{
    size_t widths[TABLE_COLUMNS_MAX];
    check(t->n_cells % t->n_columns == 0);

    for (size_t k = 0; k < t->n_columns; k++)
        widths[k] = strlen(t->titles[k]) - (t->titles[k][0] == '>');
    for (size_t i = 0; i < t->n_cells; i++) {
        size_t width = print_width(t->cells[i].text), *column = &widths[i % t->n_columns];
        *column = width > *column ? width : *column;
    }
    for (size_t k = 0; k < t->n_columns; k++)
        print_cell(t, k, str_c(t->titles[k] + (t->titles[k][0] == '>')), STYLE_DIM, widths[k]);
    for (size_t i = 0; i < t->n_cells; i++)
        print_cell(t, i % t->n_columns, t->cells[i].text, t->cells[i].style, widths[i % t->n_columns]);
}

/* --- values ------------------------------------------------------------------------------------------------------- */

struct str show_text(struct json object, const char *name)
{
    struct str s = STR("");
    (void)json_str(json_get(object, str_c(name)), &s); /* absent: empty */
    return s;
}

struct str show_number(struct cli *c, struct json object, const char *name)
{
    struct str s = STR("");
    (void)json_number_text(json_get(object, str_c(name)), &s); /* absent: empty */
    return s;
}

struct str show_list(struct cli *c, struct json object, const char *name)
{
    struct str all = STR(""), one;
    struct json v;
    for (struct json_iter it = json_each(json_get(object, str_c(name))); json_next(&it, NULL, &v);)
        if (json_str(v, &one))
            all = arena_printf(&c->arena, STR_FMT "%s" STR_FMT, STR_ARG(all), all.n ? " " : "", STR_ARG(one));
    return all;
}

struct str show_money(struct cli *c, struct json object, const char *name)
{
    struct json m = json_get(object, str_c(name));
    struct str usd = show_text(m, "usd"), how = show_text(m, "how");
    char text[MONEY_TEXT_BYTES];
    money_t n;
    if (!usd.n)
        return STR("");
    if (money_parse(usd, &n) == 0)
        usd = money_text_short(n, text);
    return arena_printf(&c->arena, STR_FMT " USD%s" STR_FMT, STR_ARG(usd), how.n ? " " : "", STR_ARG(how));
}

struct str show_currency(struct cli *c, struct str meter)
{
    char currency[CURRENCY_BYTES];
    enum limit_meter m;
    if (meter_parse(meter, &m, currency) < 0 || !meter_is_money(m))
        return STR_NONE;
    return arena_str(&c->arena, meter_unit(m, currency));
}

struct str show_units(struct cli *c, struct str meter, int64_t n)
{
    char text[MONEY_TEXT_BYTES];
    struct str unit = show_currency(c, meter);
    if (unit.n)
        return arena_printf(&c->arena, STR_FMT " " STR_FMT, STR_ARG(money_text_short(n, text)), STR_ARG(unit));
    return arena_printf(&c->arena, "%lld", (long long)n);
}

struct str show_time(struct cli *c, struct json object, const char *name)
{
    struct str s = show_text(object, name);
    if (s.n < 19 || s.p[10] != 'T')
        return s;
    return arena_printf(&c->arena, "%.10s %.8sZ", s.p, s.p + 11);
}

size_t print_columns(const struct cli *c)
{
    struct winsize size;
    if (!c->is_tty || ioctl(fileno(c->out), TIOCGWINSZ, &size) < 0)
        return 0;
    return size.ws_col;
}

enum style style_of_verdict(struct str verdict)
{
    return str_eq(verdict, STR("permit")) ? STYLE_GOOD : str_eq(verdict, STR("deny")) ? STYLE_BAD : STYLE_WARN;
}

enum style style_of_outcome(struct str outcome) { return str_eq(outcome, STR("unknown")) ? STYLE_WARN : STYLE_PLAIN; }
