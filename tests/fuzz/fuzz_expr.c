/*
 * tests/fuzz/fuzz_expr.c - conditions: any text is compiled or refused with a place inside it; what compiles ends with
 * a value or an error, the same twice, and a value has the type that was promised.
 */
#include "base/err.h"
#include "expr/expr.h"
#include "fuzz.h"

static const struct expr_variable variables[] = {
    {STR_INIT("n"), TYPE_PLAIN(TYPE_INT), 0},    {STR_INIT("s.t"), TYPE_PLAIN(TYPE_STRING), 1},
    {STR_INIT("m"), TYPE_PLAIN(TYPE_MONEY), 2},  {STR_INIT("now"), TYPE_PLAIN(TYPE_TIMESTAMP), 3},
    {STR_INIT("no"), TYPE_PLAIN(TYPE_BOOL), 4},  {STR_INIT("xs"), TYPE_PLAIN(TYPE_LIST), 5},
};

static bool get(void *ctx, unsigned slot, struct str name, struct arena *scratch, struct value *ret)
{
    static const struct value xs[] = {{.kind = TYPE_INT, .i = 1}, {.kind = TYPE_STRING, .s = STR_INIT("a")}};
    static const struct value_list list = {xs, 2};
    static const struct value values[] = {
        {.kind = TYPE_INT, .i = 42},       {.kind = TYPE_STRING, .s = STR_INIT("text \xe2\x82\xac")},
        {.kind = TYPE_MONEY, .i = 5},      {.kind = TYPE_TIMESTAMP, .i = 1795437000},
        {.kind = TYPE_BOOL, .b = false},   {.kind = TYPE_LIST, .list = &list}};
    *ret = values[slot];
    return slot != 4;
}

static void evaluate(const struct expr *e, struct arena *a)
{
    const struct expr_facts facts = {get, NULL};
    struct value one, two;
    expr_eval(e, &facts, a, &one);
    expr_eval(e, &facts, a, &two);
    fuzz_check(one.kind == two.kind);
    fuzz_check(one.kind != TYPE_BOOL || one.b == two.b);
    if (one.kind == TYPE_ERROR)
        (void)expr_error_text(e, &one, a);
    (void)expr_why(e, &facts, a);
}

static void compile(struct str text, bool is_lenient, struct arena *a)
{
    const struct expr_scope scope = {variables, sizeof variables / sizeof *variables, {0}, 0, is_lenient};
    struct expr_fault fault;
    struct expr *e;
    int r = expr_compile(a, text, &scope, &e, &fault);
    if (r < 0) {
        fuzz_check(r == -ERR_TOO_LARGE || (fault.code && fault.message.n && fault.at <= fault.end));
        fuzz_check(r == -ERR_TOO_LARGE || fault.end <= text.n);
        return;
    }
    fuzz_check(expr_cost(e) > 0 && expr_cost(e) <= EXPR_COST_MAX);
    evaluate(e, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    for (int is_lenient = 0; is_lenient < 2; is_lenient++) {
        struct arena a;
        arena_init(&a, 16 << 20);
        compile(fuzz_str(data, n), is_lenient, &a);
        arena_deinit(&a);
    }
    return 0;
}
