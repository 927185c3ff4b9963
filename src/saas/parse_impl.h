/*
 * saas/parse_impl.h - shared by the files that read connector.yaml: values out of YAML nodes, each fault with its line.
 */
#pragma once

#include "codec/yaml.h"
#include "saas/connector_impl.h"

struct parse {
    struct connector *c; /* NULL for a table of prices */
    struct str file;
    struct diag_list *diags;
    struct arena *arena; /* what is read lives here */
};

/* A diag of code "connector" at the node (or at line 1 when `at` is NULL). */
void read_fault(struct parse *p, const struct yaml *at, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The text at `key`; STR_NONE when absent. A fault when it is another type, or is_required and absent or empty. */
struct str parse_str(struct parse *p, const struct yaml *map, const char *key, bool is_required);
/* A text or a list of texts at `key`. */
struct strs parse_strs(struct parse *p, const struct yaml *map, const char *key);
struct strs parse_strs_node(struct parse *p, const struct yaml *node);
bool parse_bool(struct parse *p, const struct yaml *map, const char *key, bool def);
int64_t parse_i64(struct parse *p, const struct yaml *map, const char *key, int64_t def, int64_t least, int64_t most);
void read_keys(struct parse *p, const struct yaml *map, const char *const *names, size_t n);
/* Room for one item for each child of a list; a fault and 0 when `node` is there but no list. */
size_t parse_list(struct parse *p, const struct yaml *node, size_t item_bytes, void *ret_items);

/* price.c: the table of that name; a fault when there is none. */
void parse_prices(struct parse *p, const struct yaml *at, struct str name, const struct price_table **ret);

/* owners.c */
void parse_scope_rules(struct parse *p, const struct yaml *map);

/* connector_cost.c */
void parse_derive(struct parse *p, const struct yaml *row, struct operation *op);
void parse_price(struct parse *p, const struct yaml *row, struct operation *op);
void parse_settle(struct parse *p, const struct yaml *row, struct operation *op);
void parse_duplicates(struct parse *p, const struct yaml *row, struct operation *op);

/* connector_ops.c */
/* A fault for each of the names that the operation does not declare. */
void need_declared(struct parse *p, const struct yaml *at, const struct operation *op, const struct strs *names);
void parse_operations(struct parse *p, const struct yaml *list, const struct yaml *known);
