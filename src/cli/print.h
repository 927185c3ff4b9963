/*
 * cli/print.h - text for people: strangers' bytes made safe, tables, money, times.
 *
 *   (1) control bytes, ESC among them, direction overrides and what is not UTF-8 are shown as \xNN, never sent to a
 *       terminal.
 *   (2) columns are aligned by characters; colour only where struct cli says so.
 */
#pragma once

#include "cli/cli.h"
#include "codec/json_read.h"

void print_safe(FILE *f, struct str s);
/* The same of JSON, which is UTF-8, on one line: read again it says what it said. */
void print_safe_json(FILE *f, struct str s);
/* Characters that print_safe() writes for s. */
size_t print_width(struct str s);

enum style { STYLE_PLAIN, STYLE_GOOD, STYLE_BAD, STYLE_WARN, STYLE_DIM, STYLE_BOLD };
void print_styled(struct cli *c, enum style style, struct str s);

#define TABLE_COLUMNS_MAX 16

struct table {
    struct cli *cli;
    const char *const *titles; /* a title that starts with '>' is of a column aligned to the right */
    size_t n_columns;
    struct cell *cells;
    size_t n_cells, n_cap;
};
struct cell {
    struct str text;
    enum style style;
};
void table_init(struct table *t, struct cli *c, const char *const *titles, size_t n_columns);
/* Cells fill rows from the left; text must live as long as the table (the cli's arena). Empty text is shown as "-". */
void table_add(struct table *t, struct str text);
void table_add_styled(struct table *t, struct str text, enum style style);
void table_print(const struct table *t);

/* Members of records as text in the cli's arena; "" when absent or null. */
struct str show_text(struct json object, const char *name);
struct str show_number(struct cli *c, struct json object, const char *name);
/* Strings of a list, with a space between. */
struct str show_list(struct cli *c, struct json object, const char *name);
/* "12.50 USD parsed"; "" for null. */
struct str show_money(struct cli *c, struct json object, const char *name);
/* "USD", "EUR" of a meter of money; STR_NONE: it counts other things. */
struct str show_currency(struct cli *c, struct str meter);
/* Billionths for a meter of money as "12.50 USD", "3.00 EUR"; else the count. */
struct str show_units(struct cli *c, struct str meter, int64_t n);
/* "2026-11-23 12:00:00Z" of an RFC 3339 time, which the daemon says in UTC. */
struct str show_time(struct cli *c, struct json object, const char *name);
/* Characters in a line of the terminal; 0: it is none, or does not say. */
size_t print_columns(const struct cli *c);
enum style style_of_verdict(struct str verdict);
enum style style_of_outcome(struct str outcome);
