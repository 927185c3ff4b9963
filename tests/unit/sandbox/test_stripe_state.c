/* sandbox/stripe_state: the simulated Stripe never gives more than it has, and answers retries as the vendor does. */
#include "base/err.h"
#include "codec/json_read.h"
#include "sandbox/stripe_state.h"
#include "unit.h"

#define NOW (1795000000LL * NS_PER_S)

static struct stripe_state *st;
static struct limits limits;
static struct arena arena;
static struct stripe_answer answer;
static struct json root;

static int set_up(void **state)
{
    limits_default(&limits);
    arena_init(&arena, 256 << 20);
    assert_int_equal(stripe_state_new(&limits, NOW, &st), 0);
    return 0;
}

static int tear_down(void **state)
{
    stripe_state_free(st);
    arena_deinit(&arena);
    return 0;
}

static int send(const char *method, const char *path, const char *body, const char *key)
{
    struct stripe_request r = {.method = str_c(method),
                               .path = str_c(path),
                               .authorization = STR("Bearer sk_test_1"),
                               .idempotency_key = str_c(key)};
    if (!strcmp(method, "POST"))
        r.body = str_c(body);
    else
        r.query = str_c(body);
    assert_int_equal(stripe_state_answer(st, &r, NOW, &arena, &answer), 0);
    if (answer.body.n)
        assert_int_equal(json_parse(&arena, answer.body, 32, &root), 0);
    return answer.status;
}

static int post(const char *path, const char *body) { return send("POST", path, body, NULL); }
static int get(const char *path, const char *query) { return send("GET", path, query, NULL); }

static int64_t number(const char *path)
{
    int64_t n = -1;
    if (!json_i64(json_path(root, str_c(path)), &n))
        fail_msg("no number at %s in " STR_FMT, path, STR_ARG(answer.body));
    return n;
}

static const char *text(const char *path)
{
    struct str s = STR_NONE;
    if (!json_str(json_path(root, str_c(path)), &s))
        fail_msg("no text at %s in " STR_FMT, path, STR_ARG(answer.body));
    return arena_str(&arena, s).p;
}

static const char *at(const char *before, const char *id, const char *after)
{
    return arena_printf(&arena, "%s%s%s", before, id, after).p;
}

static int64_t balance(void)
{
    assert_int_equal(get("/v1/balance", ""), 200);
    return number("available[0].amount");
}

static void a_newcomer_can_refund_at_once(void **state)
{
    int64_t before = balance();
    assert_int_equal(post("/v1/refunds", "charge=ch_demo&amount=2500"), 200);
    assert_string_equal(text("object"), "refund");
    assert_string_equal(text("status"), "succeeded");
    assert_int_equal(number("amount"), 2500);
    assert_int_equal(balance(), before - 2500);
    assert_int_equal(get("/v1/charges/ch_demo", ""), 200);
    assert_int_equal(number("amount_refunded"), 2500);
}

static void a_charge_is_never_refunded_beyond_its_amount(void **state)
{
    assert_int_equal(post("/v1/refunds", "charge=ch_demo&amount=10001"), 400);
    assert_string_equal(text("error.param"), "amount");
    assert_int_equal(post("/v1/refunds", "charge=ch_demo&amount=9999"), 200);
    assert_int_equal(post("/v1/refunds", "charge=ch_demo&amount=2"), 400);
    assert_int_equal(post("/v1/refunds", "charge=ch_demo"), 200);
    assert_int_equal(number("amount"), 1);
    assert_int_equal(post("/v1/refunds", "charge=ch_demo"), 400);
    assert_string_equal(text("error.code"), "charge_already_refunded");
    assert_int_equal(stripe_state_totals(st, STR("refund")).minor, 10000);
    assert_int_equal(stripe_state_totals(st, STR("refund")).n, 2);
}

static void the_old_refund_paths_refund(void **state)
{
    assert_int_equal(post("/v1/charges/ch_demo/refunds", "amount=1"), 200);
    assert_int_equal(post("/v1/charges/ch_demo/refund", "amount=1"), 200);
    assert_int_equal(get("/v1/charges/ch_demo/refunds", ""), 200);
    assert_int_equal(json_len(json_get(root, STR("data"))), 2);
}

static void a_refund_by_intent_finds_its_charge(void **state)
{
    assert_int_equal(post("/v1/refunds", "payment_intent=pi_demo"), 200);
    assert_string_equal(text("charge"), "ch_demo");
    assert_int_equal(number("amount"), 10000);
    assert_int_equal(post("/v1/refunds", "payment_intent=pi_demo&charge=ch_demo"), 400);
    assert_int_equal(post("/v1/refunds", ""), 400);
    assert_int_equal(post("/v1/refunds", "charge=ch_nowhere"), 400);
    assert_string_equal(text("error.code"), "resource_missing");
}

static void an_intent_goes_from_card_to_money(void **state)
{
    int64_t before = balance();
    assert_int_equal(post("/v1/payment_intents", "amount=700&currency=usd&customer=cus_demo"), 200);
    const char *id = text("id");
    assert_string_equal(text("status"), "requires_payment_method");
    assert_int_equal(post(at("/v1/payment_intents/", id, "/confirm"), ""), 400);
    assert_int_equal(post(at("/v1/payment_intents/", id, "/confirm"), "payment_method=pm_card_visa"), 200);
    assert_string_equal(text("status"), "succeeded");
    assert_int_equal(number("amount_received"), 700);
    assert_int_equal(balance(), before + 700);
    assert_int_equal(post(at("/v1/payment_intents/", id, "/confirm"), ""), 400);
    assert_int_equal(post(at("/v1/payment_intents/", id, "/cancel"), ""), 400);
    assert_int_equal(get(at("/v1/payment_intents/", id, ""), "expand[]=latest_charge"), 200);
    assert_string_equal(text("latest_charge.object"), "charge");
    assert_string_equal(text("latest_charge.customer"), "cus_demo");
}

static void a_manual_capture_takes_what_it_says(void **state)
{
    int64_t before = balance();
    assert_int_equal(post("/v1/payment_intents",
                          "amount=700&currency=usd&payment_method=pm_card_visa&confirm=true&capture_method=manual"),
                     200);
    const char *id = text("id"), *charge = text("latest_charge");
    assert_string_equal(text("status"), "requires_capture");
    assert_int_equal(number("amount_capturable"), 700);
    assert_int_equal(balance(), before);
    assert_int_equal(post(at("/v1/payment_intents/", id, "/increment_authorization"), "amount=900"), 200);
    assert_int_equal(post(at("/v1/payment_intents/", id, "/capture"), "amount_to_capture=901"), 400);
    assert_int_equal(post(at("/v1/payment_intents/", id, "/capture"), "amount_to_capture=600"), 200);
    assert_string_equal(text("status"), "succeeded");
    assert_int_equal(balance(), before + 600);
    assert_int_equal(get(at("/v1/charges/", charge, ""), ""), 200);
    assert_int_equal(number("amount_captured"), 600);
    assert_int_equal(number("amount_refunded"), 300);
    assert_int_equal(post("/v1/refunds", at("charge=", charge, "&amount=601")), 400);
    assert_int_equal(post("/v1/refunds", at("charge=", charge, "")), 200);
    assert_int_equal(number("amount"), 600);
    assert_int_equal(balance(), before);
}

static void a_cancelled_authorisation_gives_nothing_to_refund(void **state)
{
    int64_t before = balance();
    assert_int_equal(post("/v1/payment_intents",
                          "amount=700&currency=usd&payment_method=pm_card_visa&confirm=true&capture_method=manual"),
                     200);
    const char *id = text("id"), *charge = text("latest_charge");
    assert_int_equal(post(at("/v1/payment_intents/", id, "/cancel"), ""), 200);
    assert_string_equal(text("status"), "canceled");
    assert_int_equal(post("/v1/refunds", at("charge=", charge, "")), 400);
    assert_int_equal(balance(), before);
}

static void a_declined_card_is_a_card_error(void **state)
{
    assert_int_equal(
        post("/v1/payment_intents",
             "amount=700&currency=usd&payment_method=pm_card_chargeDeclinedInsufficientFunds&confirm=true"),
        402);
    assert_string_equal(text("error.type"), "card_error");
    assert_string_equal(text("error.code"), "card_declined");
    assert_string_equal(text("error.decline_code"), "insufficient_funds");
    assert_string_equal(text("error.payment_intent.status"), "requires_payment_method");
    assert_int_equal(post("/v1/charges", "amount=700&currency=usd&source=tok_chargeDeclined"), 402);
    assert_int_equal(stripe_state_totals(st, STR("charge")).n, 0);
}

static void a_card_may_ask_for_action(void **state)
{
    assert_int_equal(post("/v1/payment_intents",
                          "amount=700&currency=usd&payment_method=pm_card_threeDSecure2Required&confirm=true"),
                     200);
    assert_string_equal(text("status"), "requires_action");
    assert_int_equal(stripe_state_totals(st, STR("charge")).n, 0);
}

static void charges_capture_once(void **state)
{
    assert_int_equal(post("/v1/charges", "amount=700&currency=usd&source=tok_visa&capture=false"), 200);
    const char *id = text("id");
    assert_int_equal(post(at("/v1/charges/", id, "/capture"), "amount=701"), 400);
    assert_int_equal(post(at("/v1/charges/", id, "/capture"), ""), 200);
    assert_int_equal(number("amount_captured"), 700);
    assert_int_equal(post(at("/v1/charges/", id, "/capture"), ""), 400);
    assert_int_equal(post("/v1/charges", "amount=700&currency=usd"), 400);
    assert_int_equal(post("/v1/charges", "amount=700&currency=usd&customer=cus_nobody"), 400);
}

static void amounts_are_checked(void **state)
{
    const char *const bad[] = {"", "amount=0&", "amount=-1&", "amount=1.5&", "amount=1e2&", "amount=100000000&"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(post("/v1/charges", at(bad[i], "currency=usd&source=tok_visa", "")), 400);
    assert_int_equal(post("/v1/charges", "amount=5&source=tok_visa"), 400);
    assert_int_equal(post("/v1/charges", "amount=5&currency=dollars&source=tok_visa"), 400);
}

static void payouts_and_transfers_need_a_balance(void **state)
{
    int64_t have = balance();
    assert_int_equal(post("/v1/payouts", "amount=5000&currency=eur"), 400);
    assert_string_equal(text("error.code"), "balance_insufficient");
    assert_int_equal(post("/v1/payouts", "amount=5000&currency=usd"), 200);
    const char *payout = text("id");
    assert_int_equal(balance(), have - 5000);
    assert_int_equal(post(at("/v1/payouts/", payout, "/cancel"), ""), 200);
    assert_int_equal(post(at("/v1/payouts/", payout, "/cancel"), ""), 400);
    assert_int_equal(balance(), have);
    assert_int_equal(post("/v1/transfers", "amount=5000&currency=usd"), 400);
    assert_int_equal(post("/v1/transfers", "amount=5000&currency=usd&destination=acct_1"), 200);
    const char *transfer = text("id");
    assert_int_equal(post(at("/v1/transfers/", transfer, "/reversals"), "amount=5001"), 400);
    assert_int_equal(post(at("/v1/transfers/", transfer, "/reversals"), "amount=2000"), 200);
    assert_string_equal(text("transfer"), transfer);
    assert_int_equal(post(at("/v1/transfers/", transfer, "/reversals"), ""), 200);
    assert_int_equal(number("amount"), 3000);
    assert_int_equal(balance(), have);
}

static void a_payout_is_reversed_once(void **state)
{
    int64_t have = balance();
    assert_int_equal(post("/v1/payouts", "amount=5000&currency=usd"), 200);
    const char *payout = text("id");
    assert_int_equal(post(at("/v1/payouts/", payout, "/reverse"), ""), 200);
    assert_int_equal(balance(), have);
    assert_int_equal(post(at("/v1/payouts/", payout, "/reverse"), ""), 400);
}

static void a_key_gives_the_first_answer_again(void **state)
{
    assert_int_equal(send("POST", "/v1/refunds", "charge=ch_demo&amount=10", "k"), 200);
    assert_false(answer.is_replay);
    const char *id = text("id");
    assert_int_equal(send("POST", "/v1/refunds", "charge=ch_demo&amount=10", "k"), 200);
    assert_true(answer.is_replay);
    assert_string_equal(text("id"), id);
    assert_int_equal(stripe_state_totals(st, STR("refund")).n, 1);
}

static void a_key_with_other_parameters_is_an_error(void **state)
{
    assert_int_equal(send("POST", "/v1/refunds", "charge=ch_demo&amount=10", "k"), 200);
    assert_int_equal(send("POST", "/v1/refunds", "charge=ch_demo&amount=11", "k"), 400);
    assert_string_equal(text("error.type"), "idempotency_error");
    assert_int_equal(send("POST", "/v1/payouts", "charge=ch_demo&amount=10", "k"), 400);
    assert_int_equal(stripe_state_totals(st, STR("refund")).n, 1);
}

static void a_failed_check_does_not_use_up_a_key(void **state)
{
    assert_int_equal(send("POST", "/v1/refunds", "charge=ch_demo&amount=99999", "k"), 400);
    assert_int_equal(send("POST", "/v1/refunds", "charge=ch_demo&amount=10", "k"), 200);
    assert_int_equal(send("POST", "/v1/charges", "amount=5&currency=usd&source=tok_chargeDeclined", "c"), 402);
    assert_int_equal(send("POST", "/v1/charges", "amount=5&currency=usd&source=tok_chargeDeclined", "c"), 402);
    assert_true(answer.is_replay);
}

static void a_fault_comes_after_the_fact(void **state)
{
    assert_int_equal(send("POST", "/v1/refunds", "charge=ch_demo&amount=10&metadata[sandbox_fault]=drop", "d"), 200);
    assert_int_equal(answer.fault, STRIPE_FAULT_DROP);
    assert_int_equal(stripe_state_totals(st, STR("refund")).n, 1);
    assert_int_equal(send("POST", "/v1/refunds", "charge=ch_demo&amount=10&metadata[sandbox_fault]=drop", "d"), 200);
    assert_int_equal(answer.fault, STRIPE_FAULT_NONE); /* a retry with the key learns what happened */
    assert_true(answer.is_replay);
    assert_int_equal(send("POST", "/v1/refunds", "charge=ch_demo&amount=10&metadata[sandbox_fault]=error_500", "e"),
                     500);
    assert_int_equal(stripe_state_totals(st, STR("refund")).n, 2);
    assert_int_equal(send("POST", "/v1/refunds", "charge=ch_demo&amount=10&metadata[sandbox_fault]=error_500", "e"),
                     500);
    assert_true(answer.is_replay);
}

static void customers_live_and_die(void **state)
{
    assert_int_equal(post("/v1/customers", "email=a%40b.example&name=Ann&metadata[team]=red&metadata[x]=y"), 200);
    const char *id = text("id");
    assert_string_equal(text("metadata.team"), "red");
    assert_int_equal(post(at("/v1/customers/", id, ""), "metadata[team]=blue&metadata[x]="), 200);
    assert_string_equal(text("metadata.team"), "blue");
    assert_int_equal(json_len(json_get(root, STR("metadata"))), 1);
    assert_string_equal(text("email"), "a@b.example");
    assert_int_equal(send("DELETE", at("/v1/customers/", id, ""), "", NULL), 200);
    assert_int_equal(get(at("/v1/customers/", id, ""), ""), 404);
    assert_string_equal(text("error.code"), "resource_missing");
}

static void metadata_is_bounded(void **state)
{
    for (int i = 0; i < 60; i++)
        assert_int_equal(post("/v1/customers/cus_demo", arena_printf(&arena, "metadata[k%d]=v", i).p), 200);
    assert_int_equal(json_len(json_get(root, STR("metadata"))), 50);
}

static void lists_come_in_pages_newest_first(void **state)
{
    for (int i = 1; i <= 5; i++)
        assert_int_equal(post("/v1/refunds", arena_printf(&arena, "charge=ch_demo&amount=%d", i).p), 200);
    assert_int_equal(get("/v1/refunds", "limit=2"), 200);
    assert_int_equal(number("data[0].amount"), 5);
    assert_true(memmem(answer.body.p, answer.body.n, "\"has_more\":true", 15) != NULL);
    assert_int_equal(get("/v1/refunds", at("limit=2&starting_after=", text("data[1].id"), "")), 200);
    assert_int_equal(number("data[0].amount"), 3);
    assert_int_equal(get("/v1/refunds", at("limit=2&starting_after=", text("data[1].id"), "")), 200);
    assert_int_equal(number("data[0].amount"), 1);
    assert_true(memmem(answer.body.p, answer.body.n, "\"has_more\":false", 16) != NULL);
    assert_int_equal(get("/v1/charges", "customer=cus_demo_2"), 200);
    assert_int_equal(json_len(json_get(root, STR("data"))), 1);
    assert_string_equal(text("data[0].id"), "ch_demo_2");
    assert_int_equal(get("/v1/charges", "limit=101"), 400);
    assert_int_equal(get("/v1/charges", "limit=0"), 400);
}

static void a_credential_is_needed(void **state)
{
    struct stripe_request r = {.method = STR("GET"), .path = STR("/v1/balance")};
    const char *const bad[] = {"", "Bearer", "Bearer ", "Bearer sk_live_1"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        r.authorization = str_c(bad[i]);
        assert_int_equal(stripe_state_answer(st, &r, NOW, &arena, &answer), 0);
        assert_int_equal(answer.status, 401);
    }
}

static void what_is_not_there_is_404(void **state)
{
    assert_int_equal(post("/v1/coupons", "percent_off=5"), 404);
    assert_int_equal(get("/v1/charges/", ""), 404);
    assert_int_equal(get("/v1/charges/re_1", ""), 404);
    assert_int_equal(get("/v1/refunds/ch_demo", ""), 404); /* there, but not a refund */
    assert_int_equal(send("PUT", "/v1/charges", "", NULL), 404);
}

static void a_broken_form_is_refused(void **state)
{
    assert_int_equal(post("/v1/refunds", "charge=ch_demo&amount=1&amount=2"), 400);
    assert_int_equal(post("/v1/refunds", "charge=%zz"), 400);
    assert_int_equal(stripe_state_totals(st, STR("refund")).n, 0);
}

static void memory_is_bounded(void **state)
{
    struct arena small;
    struct stripe_request r = {
        .method = STR("POST"), .path = STR("/v1/customers"), .authorization = STR("Bearer sk_test_1")};
    arena_init(&small, 1 << 20);
    for (int i = 0; i < STRIPE_OBJECTS_MAX + 10; i++) {
        arena_reset(&small);
        r.idempotency_key = arena_printf(&small, "k%d", i);
        assert_int_equal(stripe_state_answer(st, &r, NOW, &small, &answer), 0);
        assert_int_equal(answer.status, 200);
    }
    arena_deinit(&small);
    assert_int_equal(get("/v1/customers/cus_demo", ""), 404); /* the oldest went first */
    assert_int_equal(get("/v1/charges/ch_demo", ""), 200);
}

static void equal_requests_give_equal_answers(void **state)
{
    struct stripe_state *first = st;
    assert_int_equal(post("/v1/charges", "amount=5&currency=usd&source=tok_visa"), 200);
    struct str one = answer.body;
    assert_int_equal(stripe_state_new(&limits, NOW, &st), 0);
    assert_int_equal(post("/v1/charges", "amount=5&currency=usd&source=tok_visa"), 200);
    assert_true(str_eq(one, answer.body));
    stripe_state_free(first);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_newcomer_can_refund_at_once),
        T(a_charge_is_never_refunded_beyond_its_amount),
        T(the_old_refund_paths_refund),
        T(a_refund_by_intent_finds_its_charge),
        T(an_intent_goes_from_card_to_money),
        T(a_manual_capture_takes_what_it_says),
        T(a_cancelled_authorisation_gives_nothing_to_refund),
        T(a_declined_card_is_a_card_error),
        T(a_card_may_ask_for_action),
        T(charges_capture_once),
        T(amounts_are_checked),
        T(payouts_and_transfers_need_a_balance),
        T(a_payout_is_reversed_once),
        T(a_key_gives_the_first_answer_again),
        T(a_key_with_other_parameters_is_an_error),
        T(a_failed_check_does_not_use_up_a_key),
        T(a_fault_comes_after_the_fact),
        T(customers_live_and_die),
        T(metadata_is_bounded),
        T(lists_come_in_pages_newest_first),
        T(a_credential_is_needed),
        T(what_is_not_there_is_404),
        T(a_broken_form_is_refused),
        T(memory_is_bounded),
        T(equal_requests_give_equal_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
