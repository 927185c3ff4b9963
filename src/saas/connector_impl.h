/*
 * saas/connector_impl.h - a connector as it stands in memory: the rows of connector.yaml, parsed and checked. Private
 * to saas/.
 *
 * Everything lives in the connector's arena and never changes after connector_parse().
 */
#pragma once

#include "codec/form.h"
#include "codec/json_read.h"
#include "saas/call.h"

#define CONNECTOR_SEGMENTS_MAX 16 /* path segments of one request; more belong to no operation */
#define CONNECTOR_JSON_DEPTH_MAX 64
#define IDEMPOTENCY_KEY_BYTES_MAX 255

/* A list of texts. */
struct strs {
    struct str *items;
    size_t n;
};

enum param_type {
    PARAM_TEXT,
    PARAM_INT,      /* 0|[1-9][0-9]{0,17} */
    PARAM_SIGNED,   /* the same behind an optional minus, not "-0" */
    PARAM_BOOL,     /* true|false */
    PARAM_CURRENCY, /* three ASCII letters */
    PARAM_ID,       /* [A-Za-z0-9_]+ */
};

struct op_param {
    struct str name; /* as a form field is named: amount, transfer_data[amount]; path parameters by their name */
    enum param_type type;
    bool is_path;
};

struct segment {
    bool is_param;
    bool is_free;    /* ids that people choose: '-' '.' '~' ':' too */
    struct str text; /* literal, or the parameter's name */
};

/* Where the class of an operation hangs on a value: the first row that fits wins. */
struct class_rule {
    struct str param;
    bool has_equals; /* else: present is enough */
    struct str equals;
    enum op_class class;
};

/* "amount - amount_refunded", or one path. Below zero counts as zero. */
struct amount_expr {
    struct str plus, minus; /* JSON paths; minus may be empty */
};

/* One GET that fills what a request leaves out. */
struct lookup {
    struct strs with;            /* parameters that must be present (path parameters always are) */
    struct str get;              /* path and query with {parameter}s */
    struct amount_expr *amounts; /* the first that the answer has */
    size_t n_amounts;
    struct str currency;   /* JSON path */
    struct strs customers; /* JSON paths, the first that is a text */
};

/* What a successful answer means: rows in order, the first that fits. */
struct confirm_row {
    struct str param; /* the request's value, or */
    struct str path;  /* the answer's value; both empty: fits always */
    struct strs is;   /* any of these texts */
    enum outcome outcome;
    struct str amount;  /* JSON path; empty: the prediction stands */
    bool is_cumulative; /* the answer counts earlier calls too: never more than what was asked for */
};

enum body_encoding { BODY_FORM, BODY_JSON, BODY_NONE };

struct currency_rule {
    char code[4];
    int exponent;
    int64_t multiple_of;
};

struct currency_table {
    struct str name;
    struct currency_rule *rules;
    size_t n;
};

/* How objects of one type name their customer and what they refer to. */
struct object_type {
    struct str type;                /* the answer's `object` */
    struct strs customers, parents; /* JSON paths, the first that is a text */
    struct object_also {
        struct str path, type; /* an object that the answer names: latest_charge, charge */
    } * also;
    size_t n_also;
};

struct operation {
    struct str id;   /* refunds.create */
    struct str name; /* stripe.refunds.create */
    struct str method, path;
    struct segment segs[CONNECTOR_SEGMENTS_MAX];
    size_t n_segs, n_literal;
    struct str shape; /* llm/shape.tbl.h, as text; empty: saas_read() reads it */
    enum op_class class;
    struct class_rule *class_rules;
    size_t n_class_rules;
    struct str direction; /* "in", "out", empty */
    enum body_encoding encoding;
    struct op_param *params;
    size_t n_params;
    struct strs one_of;                      /* parameters of which at most one may stand */
    struct str amount, currency;             /* parameters; empty: none */
    struct strs customer, subject;           /* parameters, the first present */
    const struct currency_table *currencies; /* asked before the default one; NULL: none */
    struct lookup *lookups;
    size_t n_lookups;
    struct confirm_row *confirms;
    size_t n_confirms;
    struct str confirm_currency;
    bool takes_idempotency_key, takes_tag, is_create;
    struct str note;
    int line; /* in connector.yaml */
};

struct error_type {
    struct strs codes;   /* refusals of these codes; none: */
    int64_t status_from; /* all from this status on */
    struct str type;
};

struct mode_prefix {
    struct str prefix;
    enum mode mode;
};

struct connector {
    struct arena arena;
    struct str name, layer, base_url;
    struct mode_prefix *modes;
    size_t n_modes;
    struct secret_form secret;
    enum body_encoding encoding;
    struct strs forward_headers, refuse_headers, refuse_fields;
    struct str root_header, request_id_header, replay_header;
    struct str idempotency_header;
    struct strs idempotency_methods;
    struct str tag_field;
    int64_t tag_fields_max; /* no tag when the request has that many fields of the same base already */
    struct str error_body;
    struct error_type *error_types;
    size_t n_error_types;
    struct str error_code_path, error_type_path; /* in a vendor's error answer */
    struct str error_object_path;                /* an object that an error names */
    int64_t *no_charge;                          /* statuses that prove that nothing moved */
    size_t n_no_charge;
    struct currency_table currencies; /* default exponents that differ from exponent_default */
    int exponent_default;
    struct currency_table *tables;
    size_t n_tables;
    struct strs free_ids, customer_ids; /* names of path parameters */
    struct str json_prefix;             /* paths under it take JSON; empty: none */
    struct object_type *objects;
    size_t n_objects;
    struct operation *ops;
    size_t n_ops;
    uint32_t *route_keys; /* route_key() of each operation, side by side: what match.c reads first */
};

/* match.c */
/* Of what an operation's requests have in common: method, number of segments, second segment (empty: any). */
uint32_t route_key(struct str method, size_t n_segs, struct str second);
struct str operation_second(const struct operation *op); /* its second segment when literal, else empty */
/* Splits a path of unreserved bytes and ':'. SAAS_R_PROBLEM, with a static sentence: not its own canonical form. */
int path_split(struct str path, struct str segs[CONNECTOR_SEGMENTS_MAX + 1], size_t *ret_n, const char **ret_text);
/* NULL: no operation has that shape. The one with literals furthest left wins. */
const struct operation *operation_match(const struct connector *c, struct str method, const struct str *segs, size_t n);

/* amount.c */
bool strs_has(const struct strs *l, struct str s);
const struct param *param_get(const struct saas_call *call, struct str name);
const struct currency_rule *currency_rule(const struct connector *c, const struct operation *op, const char code[4]);
int currency_exponent(const struct connector *c, const struct operation *op, const char code[4]);
/* "usd" to "USD"; false when it is not three letters. */
bool currency_code(struct str s, char ret[4]);
/* False when the answer has not both parts as integers >= 0. */
bool amount_eval(struct json root, const struct amount_expr *e, int64_t *ret);
/* The text at the first path that has a non-empty one; an object there counts by its id. */
struct str json_first_text(struct json root, const struct strs *paths);
struct str json_text_at(struct json root, struct str path);

/* objects.c */
/* What one object of an answer teaches; `known` is the customer of the call, for objects that name none. */
size_t objects_learn(const struct connector *c, struct json object, bool is_created, struct str known_customer,
                     struct arena *a, struct saas_object *ret, size_t max);
