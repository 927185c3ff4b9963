#include "traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "trace/record.h"

static const uint8_t salt[SALT_BYTES] = {1, 2, 3};

struct policy *traffic_policy(const char *document)
{
    struct limits limits;
    struct arena a;
    struct diag_list diags;
    struct policy *p = NULL;
    limits_default(&limits);
    arena_init(&a, 8u << 20);
    diag_list_init(&diags, &a, 20);
    if (policy_parse(str_c(document), STR("p.yaml"), &limits, NULL, &diags, &p) < 0) {
        fprintf(stderr, "%.*s\n%s\n", STR_ARG(diags.items[0].message), document);
        abort();
    }
    arena_deinit(&a);
    return p;
}

void traffic_init(struct traffic *t, const char *document, int (*on_frame)(void *ctx, const struct frame *f),
                  void *ctx)
{
    static const uint8_t seed[16];
    *t = (struct traffic){.policy = traffic_policy(document), .now = TRAFFIC_START, .on_frame = on_frame, .ctx = ctx};
    t->ledger = ledger_new(1u << 20, seed);
    arena_init(&t->arena, 16u << 20);
    rng_seeded_init(&t->rng, 1);
}

void traffic_deinit(struct traffic *t)
{
    ledger_free(t->ledger);
    policy_unref(t->policy);
    arena_deinit(&t->arena);
}

struct facts traffic_refund(struct arena *a, money_t usd)
{
    struct param *params = arena_alloc(a, 3 * sizeof *params);
    int64_t cents = usd / (MONEY_PER_USD / 100);
    params[0] = (struct param){.name = STR("amount"), .kind = KIND_INT, .i = cents, .s = arena_i64(a, cents)};
    params[1] = (struct param){.name = STR("currency"), .s = STR("usd")};
    params[2] = (struct param){.name = STR("charge"), .s = STR("ch_3Nw8zq2eZvKYlo2C")};
    return (struct facts){
        .key = STR("k1"), .agent = STR("refunds"), .customer = STR("cus_1"), .customer_source = SOURCE_REQUEST,
        .run_id = STR("run-1"), .layer = STR("saas"), .vendor = STR("stripe"),
        .operation = STR("stripe.refunds.create"), .method = STR("POST"), .class = CLASS_MONEY_OUT, .mode = MODE_LIVE,
        .amount = {.is_known = true, .minor = cents, .exponent = 2, .currency = "USD"},
        .cost = {HOW_PARSED, usd}, .params = params, .n_params = 3};
}

struct facts traffic_chat(money_t usd)
{
    return (struct facts){.key = STR("k2"), .agent = STR("writer"), .run_id = STR("run-2"), .layer = STR("llm"),
                          .vendor = STR("openai"), .operation = STR("openai.chat.completions.create"),
                          .method = STR("POST"), .class = CLASS_COST, .mode = MODE_LIVE, .model = STR("gpt-4o-mini"),
                          .tokens = {true, 1000, 500}, .cost = {HOW_ESTIMATED, usd}};
}

static void emit(struct traffic *t, enum frame_kind kind, const struct buf *body, const struct buf *personal)
{
    struct frame f = {.kind = kind, .version = FRAME_VERSION, .node = 1, .epoch = 1, .seq = ++t->seq, .at = t->now,
                      .body = buf_str(body), .personal = buf_str(personal)};
    check(buf_ok(body) == 0 && buf_ok(personal) == 0);
    check(t->on_frame(t->ctx, &f) == 0);
}

static void write_open(struct traffic *t, const struct facts *f, const struct verdict *v, const char *id, bool is_over)
{
    struct record_writer rw;
    struct buf body, personal;
    struct record_open o = {.call_id = str_c(id), .started_at = t->now, .facts = f, .verdict = v,
                            .trace_id = STR("0af7651916cd43dd8448eb211c80319c"), .span_id = STR("b7ad6b7169203331"),
                            .path = STR("/v1/refunds"), .direction = STR("out"), .salt = salt,
                            .could_ask_customer = t->could_ask_customer};
    struct record_hold h = {.needs = v->needs, .n_needs = v->n_needs, .held = f->cost};
    struct record_end end = {.at = t->now, .status = 403};
    buf_init(&body, 1u << 20);
    buf_init(&personal, 1u << 20);
    record_open_begin(&rw, &o, &body, &personal);
    record_open_end(&rw, &h, is_over ? &end : NULL);
    emit(t, FRAME_OPEN, &body, &personal);
    buf_deinit(&body);
    buf_deinit(&personal);
}

static void write_close(struct traffic *t, uint64_t open_seq, const char *id, enum outcome outcome, money_t settled,
                        const struct facts *f)
{
    struct buf body, personal;
    struct record_close c = {.call_id = str_c(id), .open_seq = open_seq, .ended_at = t->now, .outcome = outcome,
                             .settled = {outcome == OUTCOME_SETTLED ? HOW_PARSED : HOW_UNKNOWN, settled},
                             .status = 200, .phases = RECORD_PHASES_NONE, .salt = salt,
                             .model = {.sent = f->model}};
    buf_init(&body, 1u << 20);
    buf_init(&personal, 1u << 20);
    if (f->model.n) {
        c.model.usage.how = HOW_PARSED;
        c.model.usage.tokens[TOKEN_INPUT] = f->tokens.input;
        c.model.usage.tokens[TOKEN_OUTPUT] = f->tokens.output / 2;
    }
    record_close(&c, &body, &personal);
    emit(t, FRAME_CLOSE, &body, &personal);
    buf_deinit(&body);
    buf_deinit(&personal);
}

bool traffic_call(struct traffic *t, const struct facts *given, money_t settled)
{
    char id[40];
    struct facts f = *given;
    struct verdict v;
    struct hold *h = NULL;
    struct move moves[MOVES_MAX];
    size_t i_short = 0, n = 0;
    snprintf(id, sizeof id, "call-%llu", (unsigned long long)t->seq);
    f.now = t->now;
    policy_decide(t->policy, NULL, &f, 0, &t->arena, &v);
    if (v.effect == EFFECT_PERMIT && ledger_hold(t->ledger, v.needs, v.n_needs, &h, &i_short) != 0)
        policy_refuse_limit(&v.needs[i_short], &f, &t->arena, &v);
    write_open(t, &f, &v, id, h == NULL);
    if (h) {
        uint64_t open = t->seq;
        struct used used = {settled == -1 ? f.cost.usd : settled, f.tokens.input, f.tokens.output / 2};
        enum outcome outcome = settled == -2 ? OUTCOME_UNKNOWN : OUTCOME_SETTLED;
        if (outcome == OUTCOME_UNKNOWN)
            (void)hold_unknown(h, true, moves, &n);
        else
            (void)hold_settle(h, true, &used, moves, &n);
        write_close(t, open, id, outcome, used.usd, &f);
    }
    t->could_ask_customer = false;
    arena_reset(&t->arena);
    return v.effect == EFFECT_PERMIT;
}

/* --- a day ----------------------------------------------------------------------------------------------------- */

const char TRAFFIC_DAY_DOCUMENT[] =
    "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: default, version: 1}\n"
    "rules:\n"
    "  - {id: look, effect: permit, match: {class: [read]}}\n"
    "  - {id: chat, effect: permit, match: {layer: [llm], model: [openai/gpt-4o-mini]}}\n"
    "  - {id: refund, effect: permit, match: {operation: [stripe.refunds.create], agent: [refunds]}, when:"
    " params.amount <= 5000}\n"
    "  - {id: charge, effect: permit, match: {operation: [stripe.charges.create], agent: [billing]}}\n"
    "  - {id: sms, effect: permit, match: {operation: [twilio.messages.create]}}\n"
    "  - {id: no-payouts, effect: forbid, match: {operation: [stripe.payouts.*]}}\n"
    "limits:\n"
    "  - {id: refunds-day, meter: usd, max: \"100000000.00\", window: {calendar: day}, by: [agent], match:"
    " {class: [money_out]}}\n"
    "  - {id: customer-day, meter: usd, max: \"500.00\", window: {calendar: day}, by: [customer], match:"
    " {class: [money_out]}}\n"
    "  - {id: tokens-hour, meter: tokens, max: 1000000000, window: {calendar: hour}, by: [agent], match:"
    " {layer: [llm]}}\n";

static struct facts day_facts(struct traffic *t, const char *run, const char *customer)
{
    money_t usd = (money_t)(1 + rng_below(&t->rng, 60)) * MONEY_PER_USD;
    struct facts f = traffic_refund(&t->arena, usd);
    switch (rng_below(&t->rng, 10)) {
    case 0: case 1: case 2: case 3:
        f = traffic_chat(2000000);
        break;
    case 4: case 5: case 6:
        break;
    case 7:
        f.agent = STR("billing");
        f.operation = STR("stripe.charges.create");
        f.class = CLASS_MONEY_IN;
        break;
    case 8:
        f = (struct facts){.key = STR("k4"), .agent = STR("support"), .layer = STR("saas"), .vendor = STR("twilio"),
                           .operation = STR("twilio.messages.create"), .method = STR("POST"), .class = CLASS_COST,
                           .mode = MODE_LIVE, .cost = {HOW_PRICED, 7900000}};
        break;
    default:
        f.operation = STR("stripe.customers.retrieve");
        f.class = CLASS_READ;
        f.cost = (struct cost){.how = HOW_UNKNOWN};
        f.n_params = 0;
    }
    f.run_id = str_c(run);
    if (str_eq(f.vendor, STR("stripe"))) {
        f.customer = str_c(customer);
        f.customer_source = SOURCE_REQUEST;
    }
    return f;
}

void traffic_day_call(struct traffic *t, size_t i, size_t n)
{
    char run[32], customer[32];
    snprintf(run, sizeof run, "run-%zu", i / 50);
    snprintf(customer, sizeof customer, "cus_%llu", (unsigned long long)rng_below(&t->rng, 5000));
    t->now = TRAFFIC_START + (wall_t)((__int128)i * 86400 * NS_PER_S / (__int128)n);
    struct facts f = day_facts(t, run, customer);
    (void)traffic_call(t, &f, -1); /* refused ones are traffic too */
}
