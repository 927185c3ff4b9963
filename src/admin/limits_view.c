/*
 * admin/limits_view.c - one pass over limits to know them by counter, one over counters to hang them beneath their
 * limit.
 */
#include "admin/limits_view.h"

#include "base/list.h"
#include "base/map.h"
#include "base/money.h"
#include "call/counter.h"
#include "call/limit.h"

#include <string.h>

#define ENTRIES_MAX 2000000

struct entry {
    struct list node;    /* of view->entries, in order */
    struct list buckets; /* struct bucket */
    struct list raises;  /* struct raise */
    struct entry *same; /* of another version of the document: it counts on the same counters; NULL */
    struct str policy, digest, key, id;
    bool is_above;         /* not in force itself */
    struct json documents; /* names of those whose calls it counts */
    struct json limit; /* of a document; JSON_ABSENT for a key's */
    enum limit_meter meter;
    char currency[CURRENCY_BYTES];
    enum limit_window window;
    int64_t sliding_ns;
    struct str zone;
    bool has_max;
    int64_t max, soft; /* nano-USD or a count; soft 0: none */
};

struct raise {
    struct list node;
    struct str bucket;
    bool is_test;
    int64_t n;
    struct json said; /* as the core says it */
};

struct bucket {
    struct list node;
    struct str name;
    bool is_test;
    int64_t settled, held;
    struct str resets_at; /* empty: never */
};

struct view {
    struct arena *a;
    struct str tenant;     /* the only one that is seen; empty: all */
    struct str of_key, of_policy; /* whose limits alone, and the document that it obeys; empty: all */
    struct map own_keys;   /* ids of `keys` */
    struct map by_counter; /* counter, for a key's also its bucket's key -> struct entry */
    struct list entries;
};

static struct str text_of(struct json object, const char *name)
{
    struct str s = STR("");
    (void)json_str(json_get(object, str_c(name)), &s); /* absent: empty */
    return s;
}

static bool is_false(struct json object, const char *name)
{
    bool b = true;
    return json_bool(json_get(object, str_c(name)), &b) && !b;
}

static struct entry *entry_new(struct view *v, struct str counter, struct str meter, struct str window)
{
    struct entry *e = arena_alloc(v->a, sizeof(*e));
    list_init(&e->buckets);
    list_init(&e->raises);
    e->limit = e->documents = JSON_ABSENT;
    e->same = map_get(&v->by_counter, counter);
    if (meter_parse(meter, &e->meter, e->currency) < 0 ||
        window_parse(window, &e->window, &e->sliding_ns, &e->zone) < 0)
        return NULL;
    if (map_put(&v->by_counter, counter, e, NULL) < 0)
        return NULL;
    list_add_tail(&v->entries, &e->node);
    return e;
}

static bool parse_max(enum limit_meter meter, struct str text, int64_t *ret)
{
    return (meter_is_money(meter) ? money_parse(text, ret) : str_to_i64(text, ret)) == 0;
}

static bool read_units(enum limit_meter meter, struct json value, int64_t *ret)
{
    struct str text = STR("");
    if (!json_str(value, &text))
        (void)json_number_text(value, &text); /* neither: there is none */
    return parse_max(meter, text, ret);
}

static void add_document(struct view *v, struct json document)
{
    struct json limit;
    for (struct json_iter it = json_each(json_get(document, STR("limits"))); json_next(&it, NULL, &limit);) {
        struct entry *e = entry_new(v, text_of(limit, "counter"), text_of(limit, "meter"), text_of(limit, "window"));
        if (!e)
            continue;
        e->policy = text_of(document, "policy");
        e->digest = text_of(document, "digest");
        e->is_above = is_false(document, "in_force");
        e->documents = json_get(document, STR("documents"));
        e->id = text_of(limit, "id");
        e->limit = limit;
        e->has_max = read_units(e->meter, json_get(limit, STR("max")), &e->max);
        (void)read_units(e->meter, json_get(limit, STR("soft")), &e->soft); /* absent: none */
    }
}

/* "usd=50/day" of a key: its counter is "key/usd/day", its buckets start with "key=<id>". "60s" is "sliding:1m". */
static void add_key_limit(struct view *v, struct str key, struct str spec)
{
    struct str meter, value, window = STR("instant"), rest;
    enum limit_window kind;
    int64_t sliding_ns;
    char text[WINDOW_TEXT_BYTES];
    if (!str_cut(spec, '=', &meter, &rest))
        return;
    value = rest;
    (void)str_cut(rest, '/', &value, &window); /* concurrent has no window */
    if (window_parse_short(window, &kind, &sliding_ns) < 0)
        return;
    window = window_text(kind, sliding_ns, STR_NONE, text);
    struct str id = arena_printf(v->a, "key/" STR_FMT "/" STR_FMT, STR_ARG(meter), STR_ARG(window));
    struct entry *e =
        entry_new(v, arena_printf(v->a, STR_FMT " key=" STR_FMT, STR_ARG(id), STR_ARG(key)), meter, window);
    if (!e)
        return;
    e->key = key;
    e->id = id;
    e->has_max = parse_max(e->meter, value, &e->max);
}

static void add_key(struct view *v, struct json key)
{
    struct json one;
    struct str spec;
    (void)map_put(&v->own_keys, text_of(key, "id"), v, NULL); /* without room, what cannot be told apart is not shown */
    if (v->of_key.n && str_eq(text_of(key, "id"), v->of_key))
        v->of_policy = text_of(key, "policy");
    if (str_eq(text_of(key, "status"), STR("revoked")))
        return;
    for (struct json_iter it = json_each(json_get(key, STR("limits"))); json_next(&it, NULL, &one);) {
        if (json_str(one, &spec))
            add_key_limit(v, text_of(key, "id"), spec);
    }
}

/* The entry that a counter belongs to; one of its own when no limit of that name is left. */
static struct entry *entry_of(struct view *v, struct str counter, struct str bucket)
{
    struct str name = counter, first = bucket, rest;
    if (str_starts(counter, STR("key/"))) {
        (void)str_cut(bucket, ',', &first, &rest); /* a run limit's bucket goes on behind the key */
        name = arena_printf(v->a, STR_FMT " " STR_FMT, STR_ARG(counter), STR_ARG(first));
    }
    struct entry *e = map_get(&v->by_counter, name);
    if (e)
        return e;

    struct counter_name parts; /* meter and window tell the unit */
    e = counter_name_parse(counter, &parts) == 0 ? entry_new(v, name, parts.meter, parts.window) : NULL;
    if (e)
        e->id = counter;
    return e;
}

bool bucket_is_of(struct str bucket, struct str tenant, const struct map *own_keys)
{
    for (bool is_more = bucket.n > 0; is_more;) {
        struct str part = bucket, name, value, rest;
        is_more = str_cut(bucket, ',', &part, &bucket);
        if (!str_cut(part, '=', &name, &value))
            continue;
        if (str_eq(name, STR("key")) && (!own_keys || map_get(own_keys, value)))
            return true;
        if (str_eq(name, STR("run")))
            (void)str_cut(value, '/', &value, &rest); /* a run's tenant stands first */
        else if (!str_eq(name, STR("tenant")))
            continue;
        if (bucket_value_is(value, tenant))
            return true;
    }
    return false;
}

static void add_counter(struct view *v, struct json row)
{
    struct str counter = text_of(row, "counter"), bucket = text_of(row, "bucket");
    struct bucket b = {.name = bucket, .resets_at = text_of(row, "resets_at")};
    (void)json_i64(json_get(row, STR("settled")), &b.settled); /* absent is 0 */
    (void)json_i64(json_get(row, STR("held")), &b.held);
    if (str_starts(counter, STR("test:"))) {
        b.is_test = true;
        counter = str_sub(counter, 5, counter.n);
    }
    if (v->tenant.n && !bucket_is_of(bucket, v->tenant, &v->own_keys))
        return;
    for (struct entry *e = entry_of(v, counter, bucket); e; e = e->same) {
        struct bucket *own = arena_alloc(v->a, sizeof(*own));
        *own = b;
        list_add_tail(&e->buckets, &own->node);
    }
}

static void add_raise(struct view *v, struct json row)
{
    struct str counter = text_of(row, "counter"), bucket = text_of(row, "bucket");
    bool is_test = str_starts(counter, STR("test:"));
    if (v->tenant.n && !bucket_is_of(bucket, v->tenant, &v->own_keys))
        return;
    for (struct entry *e = entry_of(v, is_test ? str_sub(counter, 5, counter.n) : counter, bucket); e; e = e->same) {
        struct raise *r = arena_alloc(v->a, sizeof(*r));
        *r = (struct raise){.bucket = bucket, .is_test = is_test, .said = row};
        (void)json_i64(json_get(row, STR("raise")), &r->n); /* absent is 0 */
        list_add_tail(&e->raises, &r->node);
    }
}

static int64_t raised_of(const struct entry *e, const struct bucket *b)
{
    int64_t sum = 0;
    list_each(node, &e->raises) {
        const struct raise *r = list_entry(node, struct raise, node);
        if (r->is_test == b->is_test && str_eq(r->bucket, b->name))
            sum += r->n;
    }
    return sum;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

void limit_put_units(struct json_writer *w, struct str key, enum limit_meter meter, int64_t n)
{
    char text[MONEY_TEXT_BYTES];
    if (meter_is_money(meter))
        jw_put_str(w, key, money_text(n, text));
    else
        jw_put_i64(w, key, n);
}

static void put_bucket(struct json_writer *w, const struct entry *e, const struct bucket *b)
{
    int64_t left, raised = raised_of(e, b), max = e->max + raised;
    jw_object(w);
    jw_put_str(w, STR("mode"), b->is_test ? STR("test") : STR("live"));
    jw_put_str(w, STR("bucket"), b->name);
    limit_put_units(w, STR("settled"), e->meter, b->settled);
    limit_put_units(w, STR("held"), e->meter, b->held);
    if (e->has_max) {
        left = b->settled > max || b->held > max - b->settled ? 0 : max - b->settled - b->held;
        limit_put_units(w, STR("left"), e->meter, left);
    } else {
        jw_put_null(w, STR("left"));
    }
    if (raised)
        limit_put_units(w, STR("raised"), e->meter, raised);
    if (e->soft)
        jw_put_bool(w, STR("is_past_soft"), b->settled > e->soft || b->held > e->soft - b->settled);
    jw_put_str_or_null(w, STR("resets_at"), b->resets_at);
    jw_object_end(w);
}

/* Strings and lists of strings of the document's own JSON: `by`, and the lists in `match`. */
static void put_strings(struct json_writer *w, struct json list)
{
    struct json one;
    struct str s;
    jw_array(w);
    for (struct json_iter it = json_each(list); json_next(&it, NULL, &one);) {
        if (json_str(one, &s))
            jw_str(w, s);
    }
    jw_array_end(w);
}

static void put_match(struct json_writer *w, struct json match)
{
    struct json value;
    struct str key;
    jw_object(w);
    for (struct json_iter it = json_each(match); json_next(&it, &key, &value);) {
        jw_key(w, key);
        put_strings(w, value);
    }
    jw_object_end(w);
}

static void put_runs(struct json_writer *w, struct json runs)
{
    int64_t max_new;
    if (!json_i64(json_get(runs, STR("max_new")), &max_new))
        return;
    jw_key(w, STR("runs"));
    jw_object(w);
    jw_put_i64(w, STR("max_new"), max_new);
    jw_put_str(w, STR("per"), text_of(runs, "per"));
    jw_object_end(w);
}

static void put_raises(struct json_writer *w, const struct entry *e)
{
    if (list_is_empty(&e->raises))
        return;
    jw_key(w, STR("raises"));
    jw_array(w);
    list_each(node, &e->raises) {
        const struct raise *r = list_entry(node, struct raise, node);
        jw_object(w);
        jw_put_str(w, STR("id"), text_of(r->said, "id"));
        jw_put_str(w, STR("mode"), r->is_test ? STR("test") : STR("live"));
        jw_put_str(w, STR("bucket"), r->bucket);
        limit_put_units(w, STR("raise"), e->meter, r->n);
        jw_put_str(w, STR("until"), text_of(r->said, "until"));
        jw_put_str(w, STR("by"), text_of(r->said, "by"));
        jw_put_str(w, STR("reason"), text_of(r->said, "reason"));
        jw_object_end(w);
    }
    jw_array_end(w);
}

/* Which version of its document, and whose calls it counts. */
static void put_version(struct json_writer *w, const struct entry *e)
{
    jw_put_str_or_null(w, STR("digest"), e->digest);
    jw_put_bool(w, STR("in_force"), !e->is_above);
    jw_key(w, STR("documents"));
    put_strings(w, e->documents);
}

static void put_entry(struct json_writer *w, const struct entry *e)
{
    char window[WINDOW_TEXT_BYTES], meter[METER_TEXT_BYTES];
    struct str when;
    bool has_document = json_type(e->limit) == JSON_OBJECT;
    jw_object(w);
    jw_put_str_or_null(w, STR("policy"), e->policy);
    if (e->policy.n)
        put_version(w, e);
    jw_put_str_or_null(w, STR("key"), e->key);
    jw_put_str(w, STR("id"), e->id);
    jw_put_str(w, STR("meter"), meter_text(e->meter, e->currency, meter));
    jw_put_str(w, STR("window"), window_text(e->window, e->sliding_ns, e->zone, window));
    jw_key(w, STR("by"));
    if (has_document)
        put_strings(w, json_get(e->limit, STR("by")));
    else
        jw_raw(w, e->key.n ? STR("[\"key\"]") : STR("[]"));
    if (e->has_max)
        limit_put_units(w, STR("max"), e->meter, e->max);
    else
        jw_put_null(w, STR("max"));
    if (e->soft)
        limit_put_units(w, STR("soft"), e->meter, e->soft);
    put_runs(w, json_get(e->limit, STR("runs")));
    jw_key(w, STR("match"));
    put_match(w, json_get(e->limit, STR("match")));
    if (json_str(json_get(e->limit, STR("when")), &when))
        jw_put_str(w, STR("when"), when);
    put_raises(w, e);
    jw_key(w, STR("buckets"));
    jw_array(w);
    list_each(it, &e->buckets) put_bucket(w, e, list_entry(it, struct bucket, node));
    jw_array_end(w);
    jw_object_end(w);
}

/* The calls of the one key that is asked about. */
static bool counts_its_calls(const struct view *v, const struct entry *e)
{
    struct json one;
    if (!v->of_key.n || e->key.n)
        return !v->of_key.n || str_eq(e->key, v->of_key);
    for (struct json_iter it = json_each(e->documents); json_next(&it, NULL, &one);)
        if (str_eq(json_text_of(one), v->of_policy))
            return true;
    return false;
}

/* A limit that is no more is shown as long as money hangs on it. */
static bool is_shown(const struct view *v, const struct entry *e)
{
    if (v->tenant.n && !e->key.n)
        return !list_is_empty(&e->buckets);
    if (e->policy.n || e->key.n)
        return true;
    list_each(it, &e->buckets)
    {
        if (list_entry(it, struct bucket, node)->held)
            return true;
    }
    return false;
}

static void put_entries(const struct view *v, struct json_writer *w)
{
    jw_array(w);
    list_each(it, &v->entries) {
        const struct entry *e = list_entry(it, struct entry, node);
        if (is_shown(v, e) && counts_its_calls(v, e))
            put_entry(w, e);
    }
    jw_array_end(w);
}

bool limits_view(struct arena *a, struct json core, struct json keys, struct str tenant, struct str key,
                 struct json_writer *w)
{
    struct view v = {.a = a, .tenant = tenant, .of_key = key};
    struct json one;

    map_init(&v.by_counter, ENTRIES_MAX, NULL);
    map_init(&v.own_keys, ENTRIES_MAX, NULL);
    list_init(&v.entries);
    for (struct json_iter it = json_each(json_get(core, STR("documents"))); json_next(&it, NULL, &one);)
        add_document(&v, one);
    for (struct json_iter it = json_each(keys); json_next(&it, NULL, &one);)
        add_key(&v, one);
    for (struct json_iter it = json_each(json_get(core, STR("counters"))); json_next(&it, NULL, &one);)
        add_counter(&v, one);
    for (struct json_iter it = json_each(json_get(core, STR("raises"))); json_next(&it, NULL, &one);)
        add_raise(&v, one);

    bool is_known = !key.n || map_get(&v.own_keys, key);
    if (is_known)
        put_entries(&v, w);
    map_deinit(&v.by_counter);
    map_deinit(&v.own_keys);
    return is_known;
}
