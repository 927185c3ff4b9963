/*
 * proxy/causes.c - the index of tool calls: by run, newest last, and all of them in order of age.
 */
#include "proxy/causes.h"

#include "base/check.h"
#include "base/list.h"
#include "base/map.h"
#include "proxy/cause_fit.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MEMORY_BYTES_MAX (1u << 20) /* to read one tool call's arguments in */
#define RUN_KEY_BYTES_MAX 1024

struct run_entry {
    struct list asked; /* oldest first */
    size_t n;
    struct str key; /* behind the struct */
};

/* One tool call. Texts stand behind the struct. */
struct asked {
    struct list in_run, by_age;
    struct run_entry *run;
    size_t bytes;
    wall_t at;
    uint64_t answer; /* tool calls of one answer have the same */
    struct str id, call_id;
    char *operations[CAUSE_OPERATIONS_MAX]; /* that it is inferred to have caused */
    size_t n_operations;
    size_t n_values;
    struct cause_value values[];
};

struct causes {
    const struct limits *limits;
    pthread_mutex_t mutex;
    struct map runs; /* key -> run_entry */
    struct list by_age;
    size_t bytes;
    uint64_t n_answers;
};

struct causes *causes_new(const struct limits *limits, const uint8_t seed[16])
{
    struct causes *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->limits = limits;
    check(pthread_mutex_init(&c->mutex, NULL) == 0);
    map_init(&c->runs, (size_t)limits->tool_calls_bytes_max / sizeof(struct asked) + 1, seed);
    list_init(&c->by_age);
    return c;
}

/* --- entries ------------------------------------------------------------------------------------------------------ */

static void drop(struct causes *c, struct asked *e)
{
    struct run_entry *run = e->run;
    list_remove(&e->in_run);
    list_remove(&e->by_age);
    c->bytes -= e->bytes;
    for (size_t i = 0; i < e->n_operations; i++)
        free(e->operations[i]);
    free(e);
    if (--run->n > 0)
        return;
    map_remove(&c->runs, run->key);
    c->bytes -= sizeof(*run) + run->key.n;
    free(run);
}

static struct asked *oldest(const struct list *l, bool is_in_run)
{
    struct list *n = list_first(l);
    return is_in_run ? list_entry(n, struct asked, in_run) : list_entry(n, struct asked, by_age);
}

static void make_room(struct causes *c, struct run_entry *run)
{
    while (run->n > (size_t)c->limits->run_tool_calls_max)
        drop(c, oldest(&run->asked, true));
    while (c->bytes > (size_t)c->limits->tool_calls_bytes_max)
        drop(c, oldest(&c->by_age, false));
}

static struct asked *asked_new(struct str id, struct str call_id, const struct cause_value *values, size_t n_values)
{
    size_t bytes = sizeof(struct asked) + n_values * sizeof(*values) + id.n + call_id.n;
    for (size_t i = 0; i < n_values; i++)
        bytes += values[i].text.n;
    struct asked *e = calloc(1, bytes);
    check(e != NULL);
    char *p = (char *)(e->values + n_values);
    e->bytes = bytes;
    e->id = str_put(&p, id);
    e->call_id = str_put(&p, call_id);
    e->n_values = n_values;
    for (size_t i = 0; i < n_values; i++) {
        e->values[i] = values[i];
        e->values[i].text = str_put(&p, values[i].text);
    }
    list_init(&e->in_run);
    list_init(&e->by_age);
    return e;
}

/* Every part has its length before it, so that no two runs have one key. False: too long to be real. */
static bool run_key(struct str tenant, struct str agent, struct str run_id, char out[RUN_KEY_BYTES_MAX],
                    struct str *ret)
{
    const struct str parts[] = {tenant, agent, run_id};
    char *p = out;
    if (tenant.n + agent.n + run_id.n + 3 * sizeof(size_t) > RUN_KEY_BYTES_MAX || run_id.n == 0)
        return false;
    for (size_t i = 0; i < 3; i++) {
        (void)str_put(&p, (struct str){(const char *)&parts[i].n, sizeof(parts[i].n)});
        (void)str_put(&p, parts[i]);
    }
    *ret = (struct str){out, (size_t)(p - out)};
    return true;
}

/* NULL: the map is at its maximum. */
static struct run_entry *run_at(struct causes *c, struct str key)
{
    struct run_entry *run = map_get(&c->runs, key);
    if (run)
        return run;
    run = calloc(1, sizeof(*run) + key.n);
    check(run != NULL);
    char *p = (char *)(run + 1);
    run->key = str_put(&p, key);
    list_init(&run->asked);
    if (map_put(&c->runs, run->key, run, NULL) < 0) {
        free(run);
        return NULL;
    }
    c->bytes += sizeof(*run) + key.n;
    return run;
}

/* --- learning ----------------------------------------------------------------------------------------------------- */

static void put(struct causes *c, struct run_entry *run, struct asked *e)
{
    e->run = run;
    e->answer = c->n_answers;
    run->n++;
    list_add_tail(&run->asked, &e->in_run);
    list_add_tail(&c->by_age, &e->by_age);
    c->bytes += e->bytes;
}

/* Before the lock is taken: arguments are read here. */
static struct asked *read_call(const struct tool_call *t, struct str call_id, wall_t now)
{
    struct cause_value values[CAUSE_VALUES_MAX];
    struct arena a;
    arena_init(&a, ARGS_MEMORY_BYTES_MAX);
    size_t n = cause_values(t->args, &a, values);
    struct asked *e = asked_new(str_sub(t->id, 0, LLM_NAME_BYTES_MAX), call_id, values, n);
    e->at = now;
    arena_deinit(&a);
    return e;
}

void causes_learned(struct causes *c, struct str tenant, struct str agent, struct str run_id, struct str call_id,
                    const struct tool_call *calls, size_t n, wall_t now)
{
    char text[RUN_KEY_BYTES_MAX];
    struct str key;
    struct list fresh;
    if (n == 0 || !run_key(tenant, agent, run_id, text, &key))
        return;
    list_init(&fresh);
    for (size_t i = 0; i < n; i++)
        list_add_tail(&fresh, &read_call(&calls[i], call_id, now)->in_run);

    pthread_mutex_lock(&c->mutex);
    struct run_entry *run = run_at(c, key);
    c->n_answers++;
    list_each_safe(node, tmp, &fresh) {
        struct asked *e = list_entry(node, struct asked, in_run);
        list_remove(node);
        if (run)
            put(c, run, e);
        else
            free(e);
    }
    if (run)
        make_room(c, run);
    pthread_mutex_unlock(&c->mutex);
}

/* --- finding ------------------------------------------------------------------------------------------------------ */

static const struct run_entry *run_of(struct causes *c, const struct facts *f)
{
    char text[RUN_KEY_BYTES_MAX];
    struct str key;
    if (c->runs.n == 0)
        return NULL; /* as it is where no models are called, on the way of every call */
    return run_key(f->tenant, f->agent, f->run_id, text, &key) ? map_get(&c->runs, key) : NULL;
}

void causes_named(struct causes *c, const struct facts *f, struct str tool_call_id, struct arena *a, struct cause *ret)
{
    *ret = (struct cause){.how = CAUSE_EXPLICIT, .tool_call_id = tool_call_id};
    pthread_mutex_lock(&c->mutex);
    const struct run_entry *run = run_of(c, f);
    for (struct list *n = run ? run->asked.prev : NULL; n && n != &run->asked; n = n->prev) {
        const struct asked *e = list_entry(n, struct asked, in_run);
        if (!str_eq(e->id, tool_call_id))
            continue;
        ret->call_id = arena_str(a, e->call_id);
        break;
    }
    pthread_mutex_unlock(&c->mutex);
}

static bool has_caused(const struct asked *e, struct str operation)
{
    for (size_t i = 0; i < e->n_operations; i++)
        if (str_eq(str_c(e->operations[i]), operation))
            return true;
    return e->n_operations == CAUSE_OPERATIONS_MAX;
}

/* What the newest tool calls of a run, newest first, add up to. */
struct search {
    struct asked *best;
    struct cause_fit fit;
    bool is_doubtful; /* another fits as well, or an older one better */
};

static void consider(struct search *s, struct asked *e, const struct cause_target *t, struct str operation)
{
    struct cause_fit fit = cause_fit(e->values, e->n_values, t);
    if (!fit.is_fit || has_caused(e, operation))
        return;
    if (!s->best) {
        *s = (struct search){e, fit, false};
    } else if (e->answer != s->best->answer) {
        s->is_doubtful |= fit.n_matched > s->fit.n_matched;
    } else if (cause_fit_is_better(fit, s->fit)) {
        *s = (struct search){e, fit, false};
    } else if (!cause_fit_is_better(s->fit, fit)) {
        s->is_doubtful = true;
    }
}

static struct search search(const struct run_entry *run, const struct facts *f, const struct cause_target *t)
{
    struct search s = {0};
    size_t n_looks = 0;
    for (struct list *n = run->asked.prev; n != &run->asked && n_looks < CAUSE_LOOKS_MAX; n = n->prev, n_looks++) {
        struct asked *e = list_entry(n, struct asked, in_run);
        if (f->now - e->at > CAUSE_INFER_MS * NS_PER_MS)
            break;
        consider(&s, e, t, f->operation);
    }
    return s;
}

static void remember(struct causes *c, struct asked *e, struct str operation)
{
    char *text = calloc(1, operation.n + 1);
    check(text != NULL);
    if (operation.n)
        memcpy(text, operation.p, operation.n);
    e->operations[e->n_operations++] = text;
    e->bytes += operation.n + 1;
    c->bytes += operation.n + 1; /* room for it is made when the next one is learned */
}

void causes_infer(struct causes *c, const struct facts *f, struct arena *a, struct cause *ret)
{
    struct cause_target t;
    *ret = (struct cause){.how = CAUSE_NONE};
    pthread_mutex_lock(&c->mutex);
    bool is_known = run_of(c, f) != NULL;
    pthread_mutex_unlock(&c->mutex);
    if (!is_known)
        return;
    cause_target(f, &t); /* may read long texts: not under the lock */
    pthread_mutex_lock(&c->mutex);
    const struct run_entry *run = run_of(c, f);
    struct search s = run ? search(run, f, &t) : (struct search){0};
    if (s.best && !s.is_doubtful) {
        remember(c, s.best, f->operation);
        *ret = (struct cause){CAUSE_INFERRED, arena_str(a, s.best->call_id), arena_str(a, s.best->id)};
    }
    pthread_mutex_unlock(&c->mutex);
}

size_t causes_bytes(struct causes *c)
{
    pthread_mutex_lock(&c->mutex);
    size_t n = c->bytes;
    pthread_mutex_unlock(&c->mutex);
    return n;
}

void causes_free(struct causes *c)
{
    if (!c)
        return;
    while (!list_is_empty(&c->by_age))
        drop(c, oldest(&c->by_age, false));
    map_deinit(&c->runs);
    pthread_mutex_destroy(&c->mutex);
    free(c);
}
