/*
 * tests/fuzz/fuzz_policy.c - policy documents: any text is a policy or has a diagnostic; what is one reads itself back
 * from its canonical text with the same digest; and it decides, twice the same, with and without look-ups. What is in
 * shadow changes nothing of it.
 */
#include "fuzz.h"
#include "policy/policy.h"

static const struct known_param params[] = {{STR_INIT("amount"), KIND_INT},
                                            {STR_INIT("currency"), KIND_TEXT},
                                            {STR_INIT("to"), KIND_LIST},
                                            {STR_INIT("capture"), KIND_BOOL}};
static const struct known_operation operations[] = {
    {STR_INIT("stripe"), STR_INIT("saas"), STR_INIT("stripe.refunds.create"), 1u << CLASS_MONEY_OUT, params, 4},
    {STR_INIT("openai"), STR_INIT("llm"), STR_INIT("openai.chat.completions.create"), 1u << CLASS_COST, NULL, 0}};
static const struct str vendors[] = {STR_INIT("stripe"), STR_INIT("openai")};
static const struct known known = {vendors, 2, operations, 2, NULL};

static const struct param values[] = {{STR_INIT("amount"), KIND_INT, 5000, STR_INIT("5000")},
                                      {STR_INIT("currency"), KIND_TEXT, 0, STR_INIT("usd")},
                                      {STR_INIT("to"), KIND_LIST, 0, STR_INIT("a@x.example,b@x.example")}};
static const struct facts calls[] = {
    {.layer = STR_INIT("saas"), .vendor = STR_INIT("stripe"), .operation = STR_INIT("stripe.refunds.create"),
     .class = CLASS_MONEY_OUT, .method = STR_INIT("POST"), .agent = STR_INIT("a"), .key = STR_INIT("k"),
     .customer = STR_INIT("cus_1"), .run_id = STR_INIT("r"), .params = values, .n_params = 3,
     .cost = {HOW_PARSED, 50 * MONEY_PER_USD}, .now = 1795437000 * NS_PER_S},
    {.layer = STR_INIT("saas"), .vendor = STR_INIT("stripe"), .operation = STR_INIT("stripe.unknown"),
     .class = CLASS_UNKNOWN, .method = STR_INIT("POST"), .agent = STR_INIT("b"), .key = STR_INIT("k"),
     .now = 1795437000 * NS_PER_S},
    {.layer = STR_INIT("llm"), .vendor = STR_INIT("openai"), .operation = STR_INIT("openai.chat.completions.create"),
     .class = CLASS_COST, .method = STR_INIT("POST"), .agent = STR_INIT("a"), .key = STR_INIT("k"),
     .model = STR_INIT("gpt-4o"), .tokens = {true, 1000, 500}, .tenant = STR_INIT("t"), .run_id = STR_INIT("r"),
     .now = 1795437000 * NS_PER_S}};

static struct policy *parse(struct str text, struct arena *a)
{
    struct limits limits;
    struct diag_list diags;
    struct policy *p = NULL;
    limits_default(&limits);
    diag_list_init(&diags, a, 20);
    int r = policy_parse(text, STR("p"), &limits, &known, &diags, &p);
    fuzz_check(r == 0 || diags.n_errors > 0);
    fuzz_check((r == 0) == (p != NULL));
    return p;
}

static void decide(const struct policy *p, const struct facts *f, unsigned may)
{
    struct arena a;
    struct verdict v, w;
    arena_init(&a, 8 << 20);
    policy_decide(p, NULL, f, may, &a, &v);
    policy_decide(p, NULL, f, may, &a, &w);
    fuzz_check(v.effect == w.effect && v.code == w.code && str_eq(v.rule, w.rule) && v.n_needs == w.n_needs);
    fuzz_check((v.effect == EFFECT_PERMIT) == (v.code == CODE_NONE));
    fuzz_check(v.effect == EFFECT_PERMIT || v.reason.n > 0);
    fuzz_check(v.n_needs <= LIMIT_NEEDS_MAX && !v.would == !v.would_of.n);
    policy_settle_would(&v, f, &a);
    arena_deinit(&a);
}

static void read_back(const struct policy *p, struct arena *a)
{
    struct policy *again = parse(policy_text(p), a);
    fuzz_check(again != NULL);
    fuzz_check(str_eq(policy_digest(p), policy_digest(again)) && str_eq(policy_text(p), policy_text(again)));
    policy_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena a;
    struct buf sentences;
    arena_init(&a, 64 << 20);
    struct policy *p = parse(fuzz_str(data, n), &a);
    if (p) {
        read_back(p, &a);
        buf_init(&sentences, 16 << 20);
        (void)policy_sentences_json(p, &sentences); /* may be cut; must not fail otherwise */
        buf_deinit(&sentences);
        for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
            for (unsigned may = 0; may < 4; may++)
                decide(p, &calls[i], may);
        policy_unref(p);
    }
    arena_deinit(&a);
    return 0;
}
