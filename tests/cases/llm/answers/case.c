/*
 * tests/cases/llm/answers/case.c - reads one case, meters its answer, prices it and compares.
 */
#include "case.h"

#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX 65536
#define METER_BYTES_MAX (1u << 20)

static void fault(struct case_run *run, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void fault(struct case_run *run, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "%s: ", run->name);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    run->n_faults++;
}

/* ---- what a case states ---- */

static struct str text_at(struct case_run *run, const struct yaml *map, const char *key)
{
    const struct yaml *y = yaml_get(map, str_c(key));
    struct str s = STR_NONE;
    if (y && !yaml_str(y, &s) && !yaml_number_text(y, &s))
        fault(run, "line %d: `%s` must be a text", y->line, key);
    return s;
}

static int64_t number_at(struct case_run *run, const struct yaml *map, const char *key, int64_t def)
{
    const struct yaml *y = yaml_get(map, str_c(key));
    int64_t n = def;
    if (y && !yaml_i64(y, &n))
        fault(run, "line %d: `%s` must be a number", y->line, key);
    return n;
}

static bool bool_at(struct case_run *run, const struct yaml *map, const char *key, bool def)
{
    const struct yaml *y = yaml_get(map, str_c(key));
    bool b = def;
    if (y && !yaml_bool(y, &b))
        fault(run, "line %d: `%s` must be true or false", y->line, key);
    return b;
}

static void check_keys(struct case_run *run, const struct yaml *map, const char *const *names, size_t n)
{
    yaml_each(it, map)
    {
        size_t i = 0;
        while (i < n && !str_eq(it->key, str_c(names[i])))
            i++;
        if (i == n)
            fault(run, "line %d: `" STR_FMT "` is no key of a case", it->key_line, STR_ARG(it->key));
    }
}
#define CHECK_KEYS(run, map, ...)                                                                                      \
    check_keys(run, map, (const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *))

/* ---- the call ---- */

static enum price_tier tier_at(struct case_run *run, const struct yaml *map)
{
    struct str name = text_at(run, map, "tier");
    for (enum price_tier t = 0; t < TIER_COUNT; t++)
        if (str_eq(name, price_tier_text(t)))
            return t;
    if (name.n)
        fault(run, "`" STR_FMT "` is no tier", STR_ARG(name));
    return TIER_STANDARD;
}

static struct llm_call call_of(struct case_run *run, const struct yaml *root)
{
    const struct yaml *map = yaml_get(root, STR("call"));
    struct llm_call call = {.is_stream = yaml_get(root, STR("stream")) != NULL};
    CHECK_KEYS(run, map, "hides_usage", "tier", "cache_1h", "background", "searches", "us");
    if (llm_shape_parse(text_at(run, root, "shape"), &call.shape) < 0)
        fault(run, "`shape` is none");
    call.model = text_at(run, root, "model");
    call.wants_usage = !bool_at(run, map, "hides_usage", false);
    call.tier = tier_at(run, map);
    call.may_write_cache_1h = bool_at(run, map, "cache_1h", false);
    call.is_us_inference = bool_at(run, map, "us", false);
    call.is_background = bool_at(run, map, "background", false);
    call.web_searches = number_at(run, map, "searches", 0);
    return call;
}

static struct token_bound bound_of(struct case_run *run, const struct yaml *root)
{
    const struct yaml *map = yaml_get(root, STR("bound"));
    CHECK_KEYS(run, map, "input", "output");
    return (struct token_bound){map != NULL, number_at(run, map, "input", 0), number_at(run, map, "output", 0)};
}

/* ---- reading the answer ---- */

struct reading {
    struct arena arena;
    struct llm_meter *meter;
    struct llm_result result;
    struct buf passed;
};

static void reading_free(struct reading *rd)
{
    llm_meter_free(rd->meter);
    buf_deinit(&rd->passed);
    arena_deinit(&rd->arena);
}

static void begin(struct case_run *run, const struct llm_call *call, struct reading *rd)
{
    arena_init(&rd->arena, METER_BYTES_MAX);
    buf_init(&rd->passed, METER_BYTES_MAX);
    rd->meter = llm_meter_new(call, &run->limits, &rd->arena);
}

/* One piece, in memory of exactly its size. */
static void add_piece(struct case_run *run, struct reading *rd, struct str bytes)
{
    struct str pass;
    bool is_first;
    char *copy = malloc(bytes.n + !bytes.n);
    if (!copy)
        abort();
    memcpy(copy, bytes.p, bytes.n);
    llm_meter_add(rd->meter, (struct str){copy, bytes.n}, &pass, &is_first);
    if (buf_add(&rd->passed, pass) < 0)
        fault(run, "more was passed than came in");
    free(copy);
}

static void read_pieces(struct case_run *run, const struct llm_call *call, const struct token_bound *bound,
                        struct str stream, size_t first, size_t others, struct reading *rd)
{
    begin(run, call, rd);
    for (size_t at = 0, n = first; at < stream.n; at += n, n = at ? others : n)
        add_piece(run, rd, str_sub(stream, at, n));
    if (buf_add(&rd->passed, llm_meter_end(rd->meter)) < 0)
        fault(run, "more was passed than came in");
    llm_meter_result(rd->meter, bound, &rd->result);
}

/* ---- what is compared ---- */

static struct str tokens_text(struct case_run *run, const struct usage *u)
{
    struct str all = STR("");
    for (enum token_class c = 0; c < TOKEN_CLASS_COUNT; c++)
        if (u->tokens[c])
            all = arena_printf(&run->arena, STR_FMT "%s" STR_FMT " %lld", STR_ARG(all), all.n ? ", " : "",
                               STR_ARG(token_class_text(c)), (long long)u->tokens[c]);
    return all;
}

static struct str tools_text(struct case_run *run, const struct llm_result *r)
{
    struct str all = STR("");
    for (size_t i = 0; i < r->n_tool_calls; i++) {
        const struct tool_call *t = &r->tool_calls[i];
        all = arena_printf(&run->arena, STR_FMT STR_FMT " " STR_FMT " " STR_FMT "\n", STR_ARG(all), STR_ARG(t->id),
                           STR_ARG(t->name), STR_ARG(t->args));
    }
    return all;
}

/* Priced by the model that answered, where the catalog knows it. */
static struct str cost_text(struct case_run *run, const struct catalog *catalog, const struct llm_call *call,
                            const struct llm_result *r)
{
    char text[MONEY_TEXT_BYTES];
    money_t usd;
    bool is_openai = llm_shape_dialect(call->shape) == DIALECT_OPENAI;
    struct str vendor = is_openai ? STR("openai") : STR("anthropic");
    const struct model *m = catalog_find(catalog, vendor, r->model);
    if (!m)
        m = catalog_find(catalog, vendor, call->model);
    if (r->usage.how == HOW_UNKNOWN || !m || !model_price(m, r->tier, &r->usage, &usd))
        return STR("unknown");
    return arena_str(&run->arena, money_text(usd, text));
}

static void want_text(struct case_run *run, const struct yaml *map, const char *key, struct str got)
{
    struct str want = text_at(run, map, key);
    if (!str_eq(got, want))
        fault(run, "%s is\n%.*s\nnot\n" STR_FMT, key, (int)got.n, got.p ? got.p : "", STR_ARG(want));
}

static struct str yes_no(bool b)
{
    return b ? STR("true") : STR("false");
}

static void want_tier(struct case_run *run, const struct yaml *want, enum price_tier got)
{
    if (yaml_get(want, STR("tier")) || got != TIER_STANDARD)
        want_text(run, want, "tier", price_tier_text(got));
}

static void want_result(struct case_run *run, const struct yaml *want, const struct catalog *catalog,
                        const struct llm_call *call, const struct llm_result *r)
{
    CHECK_KEYS(run, want, "tokens", "how", "cost", "tools", "finish", "error", "model", "id", "tier", "searches",
               "complete", "blind", "us", "passed");
    want_text(run, want, "tokens", tokens_text(run, &r->usage));
    want_text(run, want, "how", how_text(r->usage.how));
    want_text(run, want, "cost", cost_text(run, catalog, call, r));
    want_text(run, want, "tools", tools_text(run, r));
    want_text(run, want, "finish", r->finish);
    want_text(run, want, "error", r->error);
    want_tier(run, want, r->tier);
    if (yaml_get(want, STR("model")))
        want_text(run, want, "model", r->model);
    if (yaml_get(want, STR("id")))
        want_text(run, want, "id", r->response_id);
    if (number_at(run, want, "searches", 0) != r->usage.web_searches)
        fault(run, "there were %lld searches", (long long)r->usage.web_searches);
    if (bool_at(run, want, "complete", true) != r->is_complete)
        fault(run, "complete is " STR_FMT, STR_ARG(yes_no(r->is_complete)));
    if (bool_at(run, want, "blind", false) != r->is_blind)
        fault(run, "blind is " STR_FMT, STR_ARG(yes_no(r->is_blind)));
    if (bool_at(run, want, "us", false) != r->usage.is_us_inference)
        fault(run, "us is " STR_FMT, STR_ARG(yes_no(r->usage.is_us_inference)));
}

static void want_same(struct case_run *run, const struct reading *a, const struct reading *b, const char *cut,
                      size_t at)
{
    const struct llm_result *x = &a->result, *y = &b->result;
    bool is_same = str_eq(buf_str(&a->passed), buf_str(&b->passed)) &&
                   memcmp(x->usage.tokens, y->usage.tokens, sizeof(x->usage.tokens)) == 0 &&
                   x->usage.how == y->usage.how && x->usage.web_searches == y->usage.web_searches &&
                   x->is_complete == y->is_complete && x->is_blind == y->is_blind && x->tier == y->tier &&
                   str_eq(x->finish, y->finish) && str_eq(x->error, y->error) && str_eq(x->model, y->model) &&
                   str_eq(tools_text(run, x), tools_text(run, y));
    if (!is_same)
        fault(run, "%s %zu it reads differently", cut, at);
}

static void run_stream(struct case_run *run, const struct yaml *root, const struct catalog *catalog,
                       const struct llm_call *call, const struct token_bound *bound)
{
    struct str stream = text_at(run, root, "stream");
    const struct yaml *want = yaml_get(root, STR("want"));
    struct reading whole, cut;
    read_pieces(run, call, bound, stream, stream.n, 1, &whole);
    want_result(run, want, catalog, call, &whole.result);
    if (yaml_get(want, STR("passed")))
        want_text(run, want, "passed", buf_str(&whole.passed));
    else if (!str_eq(buf_str(&whole.passed), stream))
        fault(run, "what passed is not what came:\n" STR_FMT, STR_ARG(buf_str(&whole.passed)));
    read_pieces(run, call, bound, stream, 1, 1, &cut);
    want_same(run, &whole, &cut, "in pieces of", 1);
    reading_free(&cut);
    for (size_t at = 1; at < stream.n && !run->n_faults; at++) {
        read_pieces(run, call, bound, stream, at, stream.n, &cut);
        want_same(run, &whole, &cut, "cut at", at);
        reading_free(&cut);
    }
    reading_free(&whole);
}

static void run_body(struct case_run *run, const struct yaml *root, const struct catalog *catalog,
                     const struct llm_call *call, const struct token_bound *bound)
{
    struct reading rd;
    begin(run, call, &rd);
    llm_meter_whole(rd.meter, (uint16_t)number_at(run, root, "status", 200), text_at(run, root, "body"));
    llm_meter_result(rd.meter, bound, &rd.result);
    want_result(run, yaml_get(root, STR("want")), catalog, call, &rd.result);
    reading_free(&rd);
}

/* ---- a case ---- */

static int parse_catalog(struct case_run *run, struct str text, struct catalog **ret)
{
    struct diag_list diags;
    struct buf out;
    diag_list_init(&diags, &run->arena, 20);
    int r = catalog_parse(text, STR("catalog"), &run->limits, &diags, ret);
    if (r == 0)
        return 0;
    buf_init(&out, 65536);
    (void)diag_list_text(&diags, &out); /* cut at the buffer's end */
    fault(run, STR_FMT, STR_ARG(buf_str(&out)));
    buf_deinit(&out);
    return r;
}

/* The one that comes with the program, and the case's own over it. */
static int load_catalog(struct case_run *run, const struct yaml *root, struct catalog **ret)
{
    struct catalog *catalog = NULL, *own = NULL;
    struct str text = text_at(run, root, "catalog");
    int r = parse_catalog(run, run->catalog_text, &catalog);
    if (r == 0 && text.n)
        r = parse_catalog(run, text, &own);
    if (r == 0 && own)
        r = catalog_merge(catalog, own);
    if (r < 0) {
        catalog_free(catalog);
        return r;
    }
    *ret = catalog;
    return 0;
}

static void run_case(struct case_run *run, const struct yaml *root)
{
    struct catalog *catalog;
    CHECK_KEYS(run, root, "case", "shape", "model", "call", "bound", "status", "body", "stream", "catalog", "want");
    if (!text_at(run, root, "case").n || !yaml_get(root, STR("want")))
        fault(run, "`case` must say what the case shows, and `want` what must come out");
    if (load_catalog(run, root, &catalog) < 0)
        return;
    struct llm_call call = call_of(run, root);
    struct token_bound bound = bound_of(run, root);
    if (call.is_stream)
        run_stream(run, root, catalog, &call, &bound);
    else
        run_body(run, root, catalog, &call, &bound);
    catalog_free(catalog);
}

int case_run_file(struct case_run *run, const char *path)
{
    static char text[FILE_BYTES_MAX];
    struct diag_list diags;
    struct buf out;
    const struct yaml *root;
    FILE *f = fopen(path, "rb");
    if (!f)
        return -ERR_NOT_FOUND;
    size_t n = fread(text, 1, sizeof(text), f);
    fclose(f);
    run->n_faults = 0;
    diag_list_init(&diags, &run->arena, 20);
    int r = yaml_parse(&run->arena, str_c(path), (struct str){text, n}, &yaml_limits_default, &diags, &root);
    if (r == 0) {
        run_case(run, root);
        return 0;
    }
    buf_init(&out, 1 << 16);
    (void)diag_list_text(&diags, &out); /* cut at the buffer's end */
    fprintf(stderr, STR_FMT, STR_ARG(buf_str(&out)));
    buf_deinit(&out);
    return r;
}
