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
#define ROUTE_SLOTS 512 /* chains of operations; any number works */
#define IDEMPOTENCY_KEY_BYTES_MAX 255
#define DUPLICATE_BY_MAX 16   /* parameters that make two requests one */
#define PRICE_TABLES_MAX 8    /* of one connector */
#define PRICE_FILE_ARENA_BYTES (4 << 20)

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
    PARAM_CONTENT,  /* text that decides, and stays out of facts and records: what a message says */
    PARAM_LIST,     /* texts: a field that repeats, or a text or a list of texts in JSON; joined by commas */
    PARAM_ADDRESSES, /* the same, of e-mail addresses: each counts, also several in one text */
};

enum param_kind param_type_kind(enum param_type t); /* as a fact */

struct op_param {
    struct str name; /* as a form field is named: amount, transfer_data[amount]; path parameters by their name */
    enum param_type type;
    bool is_path;
};

struct segment {
    bool is_param;
    struct str suffix; /* what stands behind a parameter: {Sid}.json */
    bool is_free;    /* ids that people choose: '-' '.' '~' ':' and those of path_more too */
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

/* A number made of what the request says. */
enum derive_kind {
    DERIVE_COUNT,    /* how many texts the parameters hold */
    DERIVE_SEGMENTS, /* parts of a text message (sms.h) */
    DERIVE_MINUTES,  /* seconds as begun minutes */
};
struct derived {
    struct str name; /* becomes an int parameter */
    enum derive_kind kind;
    struct strs of;
    struct str smart;   /* of segments: smart encoding when that parameter is true */
    struct strs longer; /* of segments: one more for each of these that is present: the final text differs */
    int64_t otherwise;  /* of minutes: seconds when the parameter is absent */
};

/* What a call costs, by a table: the first row whose `with` holds. */
struct price_rule {
    struct strs with; /* parameters that are present, or `name=value` */
    bool is_unknown, is_free;
    const struct price_table *table;
    struct str of;    /* the parameter that names the row of the table */
    struct str item;  /* or the row's own name */
    struct strs add;  /* columns, added up */
    struct str times; /* an int parameter; empty: once */
};

#define PRICE_COLUMNS_MAX 8

struct price_row {
    struct str match;
    money_t values[PRICE_COLUMNS_MAX]; /* -1: not known */
};

struct price_table {
    struct str name;
    bool is_prefix; /* a row is for all numbers that begin so; else for what is written so */
    struct str columns[PRICE_COLUMNS_MAX];
    size_t n_columns;
    struct price_row *rows;
    size_t n_rows;
};

#define POLLS_MAX 8

/* The price that a vendor knows later than it answers. */
struct settle_later {
    struct str get;             /* path, with {parameter}s and {texts of the answer} */
    struct str price, currency; /* JSON paths: a decimal text, which side it is on does not matter; null: not yet */
    struct str none_path;       /* a text of the answer that says that nothing is billed, */
    struct strs none_is;        /* one of these */
    int64_t after_ms[POLLS_MAX];
    size_t n_after;
};

/* Calls that are one call for a while: vendors without idempotency keys would do them twice. */
struct duplicates {
    int64_t window_ms; /* 0: none */
    struct strs by;
};

/* Where a path is served, for vendors with a host for each product. */
struct host_row {
    struct str prefix, host;
    bool is_kept; /* the prefix is the vendor's own; else ours, and cut off */
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

/* Whose is what: how ids look, how fields that hold them are called, and where the vendor says it. */
enum owner_kind {
#define OWNER(name, text, help) OWNER_##name,
#include "saas/owner.tbl.h"
#undef OWNER
    OWNER_COUNT
};
struct owner_row {
    enum owner_kind kind;
    struct strs prefixes, named; /* how ids begin; the last key of fields, and path parameters */
    struct str get;              /* of a customer or an object: a path with {id} */
    struct strs customers, via;  /* JSON paths: its customer, else another object that has one */
    bool is_kept;                /* stays with its customer for good */
    bool may_be_free;            /* one that belongs to nobody may be used for anybody: a card not yet attached */
};

/* What a scope needs to know of the vendor. Without rows, the declared customers of a request are all it acts on. */
struct scope_rules {
    struct owner_row *owners;
    size_t n_owners;
    struct strs ignored; /* first keys of fields that name nobody: metadata */
    struct strs expands; /* what an answer may be expanded by: parts of such a path */
    struct strs nobody;  /* operations on nobody's account, or on anybody's; `*.` before or `.*` behind takes all */
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
    int64_t items_max; /* JSON: the body is an array of that many objects; 0: one object */
    struct op_param *params;
    size_t n_params;
    struct derived *derived;
    size_t n_derived;
    struct price_rule *prices;
    size_t n_prices;
    struct settle_later settle; /* get empty: the answer is all there is */
    struct duplicates duplicates;
    struct strs one_of;                      /* parameters of which at most one may stand */
    struct str amount, currency;             /* parameters; empty: none */
    struct strs customer, subject;           /* parameters, the first present */
    const struct currency_table *currencies; /* asked before the default one; NULL: none */
    struct lookup *lookups;
    size_t n_lookups;
    struct confirm_row *confirms;
    size_t n_confirms;
    struct str confirm_currency;
    bool takes_idempotency_key, takes_tag, takes_multipart, is_create;
    struct str object; /* the type of what it answers with, where the answer does not say it */
    struct str object_list; /* JSON path of a list of them; empty: the answer is one */
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
    struct strs query_fields; /* flags that may stand in a query beside a body, because they decide nothing */
    struct strs multipart;    /* ids of operations whose form with files goes on unread */
    struct str root_header, request_id_header, replay_header;
    struct strs root_agents, root_keys;
    struct str idempotency_header;
    struct strs idempotency_methods;
    struct strs idempotency_operations; /* ids; empty: all of these methods */
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
    struct strs json_prefixes;          /* paths that begin with one of these take JSON */
    struct strs list_fields;            /* form fields that may repeat */
    struct str path_more;               /* bytes that ids in paths have beside unreserved ones */
    const char *id_bytes;               /* what ids that people choose have beside letters and digits */
    struct str field_more;              /* bytes that names of fields have beside letters, digits and underscores */
    struct host_row *hosts;
    size_t n_hosts;
    struct price_table *prices;
    size_t n_prices;
    struct str object_id;               /* the member that is an object's id */
    struct object_type *objects;
    size_t n_objects;
    struct scope_rules scope;
    struct operation *ops;
    size_t n_ops;
    /* Operations by their route_key(): chains of indexes + 1 (0 ends one), the latest first. */
    uint32_t *route_keys, *route_next, route_heads[ROUTE_SLOTS];
};

/* match.c */
/* Of what an operation's requests have in common: method, number of segments, second segment (empty: any). */
uint32_t route_key(struct str method, size_t n_segs, struct str second);
struct str operation_second(const struct operation *op); /* its second segment when literal, else empty */
/*
 * Splits a path of unreserved bytes, ':' and those of `more`. SAAS_R_PROBLEM, with a static sentence: not its own
 * canonical form.
 */
int path_split(struct str path, struct str more, struct str segs[CONNECTOR_SEGMENTS_MAX + 1], size_t *ret_n,
               const char **ret_text);

/* call.c: what saas_read() carries from step to step. */
struct reading {
    const struct connector *c;
    const struct saas_request *r;
    const struct limits *limits;
    struct arena *a;
    struct saas_call *call;
    struct saas_problem *problem;
    int64_t *counts; /* how many texts each declared parameter holds */
};
/* Why the request is refused: always SAAS_R_PROBLEM. */
int saas_fault(struct reading *rd, enum code code, uint16_t status, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* A text out of the request as it may stand in a sentence: cut, and only printable ASCII. */
struct str shown(struct reading *rd, struct str s);
int fault(struct reading *rd, int r, const char *what, const struct input_fault *f);
/* Adds the value of the declared parameter i. A list takes several. */
int add_param(struct reading *rd, size_t i, struct str value);

/* call_json.c */
/* The declared parameters out of a JSON body; the body itself goes on as it is. */
int read_json(struct reading *rd);

/* owners.c */
const struct owner_row *owner_of_field(const struct connector *c, struct str key);
const struct owner_row *owner_of_id(const struct connector *c, struct str id);
/* It looks like an id of a kind that the connector does not know. */
bool is_strange_id(struct str s);
bool acts_on_nobody(const struct connector *c, const struct operation *op);

/* derive.c */
/* Adds the derived parameters; room for them is there. */
int derive_params(struct reading *rd);

/* price.c */
struct cost price_predict(const struct saas_call *call);
/* The row for a text: NULL when the table has none. */
const struct price_row *price_find(const struct price_table *t, struct str s);
/* Reads a table, or (with `into`) rows that stand before those that are there. */
int price_table_parse(struct arena *a, struct str text, struct str file, struct diag_list *diags,
                      struct price_table *into);

/* settle.c */
/* What an answer says of a price that may come later: sets cost and poll path of a settled result. */
void settle_read(const struct saas_call *call, struct json root, struct arena *a, struct saas_result *ret);

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
/* What one object of an answer teaches; `type` is for those that do not say it; `known_customer` is the customer of the
 * call, for those that name none. */
size_t objects_learn(const struct connector *c, struct json object, struct str type, bool is_created,
                     struct str known_customer, struct arena *a, struct saas_object *ret, size_t max);
