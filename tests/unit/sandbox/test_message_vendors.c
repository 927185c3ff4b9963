/* sandbox/twilio_vendor, sandbox/resend_vendor: what simulated messages and e-mails do, and when they have a price. */
#include "base/err.h"
#include "codec/json_read.h"
#include "sandbox/vendors.h"
#include "unit.h"

#define START (1795000000LL * NS_PER_S)
#define MESSAGES "/2010-04-01/Accounts/AC1/Messages"

static struct sandbox_vendor twilio, resend;
static struct limits limits;
static struct arena arena;
static struct json root;
static wall_t now;

static int set_up(void **state)
{
    limits_default(&limits);
    arena_init(&arena, 256 << 20);
    now = START;
    assert_int_equal(sandbox_twilio(&limits, now, &twilio), 0);
    assert_int_equal(sandbox_resend(&limits, now, &resend), 0);
    return 0;
}

static int tear_down(void **state)
{
    twilio.free(twilio.state);
    resend.free(resend.state);
    arena_deinit(&arena);
    return 0;
}

static int ask(struct sandbox_vendor *v, const char *authorization, const char *method, const char *path,
               const char *body, const char *key)
{
    struct http_field fields[] = {{STR("authorization"), str_c(authorization)}, {STR("idempotency-key"), str_c(key)}};
    struct http_head head = {.fields = fields, .n_fields = key ? 2 : 1};
    struct sandbox_request r = {.method = str_c(method), .path = str_c(path), .head = &head, .now = now};
    struct sandbox_answer answer = {.status = 0};
    if (strcmp(method, "GET") != 0)
        r.body = str_c(body);
    assert_int_equal(v->answer(v->state, &r, &arena, &answer), 0);
    root = JSON_ABSENT;
    if (answer.n_pieces)
        assert_int_equal(json_parse(&arena, answer.pieces[0], 32, &root), 0);
    return answer.status;
}

static int sms(const char *method, const char *path, const char *body)
{
    return ask(&twilio, "Basic QUM6eA==", method, path, body, NULL);
}
static int mail(const char *method, const char *path, const char *body, const char *key)
{
    return ask(&resend, "Bearer re_1", method, path, body, key);
}

static struct str text(const char *path)
{
    struct str s = STR_NONE;
    (void)json_str(json_path(root, str_c(path)), &s); /* null: empty */
    return s;
}

static int64_t number(const char *path)
{
    int64_t n = -1;
    assert_true(json_i64(json_path(root, str_c(path)), &n));
    return n;
}

static const char *one(const char *sid) { return arena_printf(&arena, MESSAGES "/%s.json", sid).p; }

static void a_message_has_no_price_at_first_and_one_later(void **state)
{
    assert_int_equal(sms("POST", MESSAGES ".json", "To=%2B14155550123&From=%2B1&Body=hi"), 201);
    assert_str(text("status"), "queued");
    assert_str(text("to"), "+14155550123");
    assert_int_equal(json_type(json_path(root, STR("price"))), JSON_NULL);
    const char *path = one(arena_str(&arena, text("sid")).p);
    now += 4 * NS_PER_S - 1;
    assert_int_equal(sms("GET", path, NULL), 200);
    assert_str(text("status"), "delivered");
    assert_str(text("price"), "");
    now += 1;
    assert_int_equal(sms("GET", path, NULL), 200);
    assert_str(text("price"), "-0.011300000");
    assert_str(text("price_unit"), "USD");
}

static void a_long_message_is_billed_by_segment(void **state)
{
    char body[400] = "To=%2B14155550123&From=%2B1&Body=";
    memset(body + strlen(body), 'x', 161);
    assert_int_equal(sms("POST", MESSAGES ".json", body), 201);
    assert_str(text("num_segments"), "2");
    const char *path = one(arena_str(&arena, text("sid")).p);
    now += 10 * NS_PER_S;
    assert_int_equal(sms("GET", path, NULL), 200);
    assert_str(text("price"), "-0.022600000");
}

static void a_scheduled_message_can_be_cancelled_and_costs_nothing(void **state)
{
    assert_int_equal(sms("POST", MESSAGES ".json", "To=%2B1&MessagingServiceSid=MG1&Body=hi&SendAt=x"), 201);
    assert_str(text("status"), "scheduled");
    const char *path = one(arena_str(&arena, text("sid")).p);
    assert_int_equal(sms("POST", path, "Status=canceled"), 200);
    now += 60 * NS_PER_S;
    assert_int_equal(sms("GET", path, NULL), 200);
    assert_str(text("status"), "canceled");
    assert_str(text("price"), "");
    assert_int_equal(sms("POST", MESSAGES ".json", "To=%2B1&From=%2B1&Body=hi"), 201);
    assert_int_equal(sms("POST", one(arena_str(&arena, text("sid")).p), "Status=canceled"), 400);
}

static void what_twilio_refuses_is_refused_in_its_form(void **state)
{
    static const struct {
        const char *body;
        int64_t code;
    } bad[] = {{"From=%2B1&Body=a", 21604},
               {"To=%2B1&Body=a", 21603},
               {"To=%2B1&From=%2B1", 21602},
               {"To=%2B15005550001&From=%2B1&Body=a", 21211},
               {"To=%2B1&To=%2B2", 20001}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(sms("POST", MESSAGES ".json", bad[i].body), 400);
        assert_int_equal(number("code"), bad[i].code);
        assert_int_equal(number("status"), 400);
    }
    assert_int_equal(ask(&twilio, "Bearer x", "GET", MESSAGES ".json", NULL, NULL), 401);
    assert_int_equal(number("code"), 20003);
    assert_int_equal(sms("GET", one("SM404"), NULL), 404);
    assert_int_equal(sms("POST", "/2010-04-01/Accounts/AC1/Keys.json", ""), 404);
    assert_int_equal(sms("GET", MESSAGES, NULL), 404);
}

static void messages_are_listed_newest_first_until_deleted(void **state)
{
    assert_int_equal(sms("POST", MESSAGES ".json", "To=%2B1&From=%2B1&Body=a"), 201);
    assert_int_equal(sms("POST", MESSAGES ".json", "To=%2B2&From=%2B1&Body=b"), 201);
    const char *path = one(arena_str(&arena, text("sid")).p);
    assert_int_equal(sms("POST", "/2010-04-01/Accounts/AC1/Calls.json", "To=%2B3&From=%2B1&Url=x"), 201);
    assert_int_equal(sms("GET", MESSAGES ".json", NULL), 200);
    assert_int_equal(json_len(json_path(root, STR("messages"))), 2);
    assert_str(text("messages[0].to"), "+2");
    assert_int_equal(sms("GET", "/2010-04-01/Accounts/AC1/Calls.json", NULL), 200);
    assert_int_equal(json_len(json_path(root, STR("calls"))), 1);
    assert_int_equal(sms("DELETE", path, ""), 204);
    assert_int_equal(sms("GET", path, NULL), 404);
    assert_int_equal(sms("GET", MESSAGES ".json", NULL), 200);
    assert_int_equal(json_len(json_path(root, STR("messages"))), 1);
}

static void beyond_the_ring_the_oldest_message_is_forgotten(void **state)
{
    assert_int_equal(sms("POST", MESSAGES ".json", "To=%2B1&From=%2B1&Body=first"), 201);
    const char *first = one(arena_str(&arena, text("sid")).p);
    for (int i = 1; i < 10000; i++)
        assert_int_equal(sms("POST", MESSAGES ".json", "To=%2B1&From=%2B1&Body=a"), 201);
    assert_int_equal(sms("GET", first, NULL), 200);
    assert_int_equal(sms("POST", MESSAGES ".json", "To=%2B1&From=%2B1&Body=a"), 201);
    assert_int_equal(sms("GET", first, NULL), 404);
}

static void numbers_are_looked_up_and_verified(void **state)
{
    assert_int_equal(sms("GET", "/v2/PhoneNumbers/+14155550123", NULL), 200);
    assert_str(text("phone_number"), "+14155550123");
    assert_int_equal(sms("POST", "/v2/Services/VA1/Verifications", "To=%2B14155550123&Channel=sms"), 201);
    assert_str(text("status"), "pending");
    assert_int_equal(sms("POST", "/v2/Services/VA1/VerificationCheck", "To=%2B14155550123&Code=1"), 200);
    assert_str(text("status"), "pending");
    assert_int_equal(sms("POST", "/v2/Services/VA1/VerificationCheck", "To=%2B14155550123&Code=123456"), 200);
    assert_str(text("status"), "approved");
}

/* --- Resend ------------------------------------------------------------------------------------------------------- */

#define MAIL "{\"from\":\"a@x.dev\",\"to\":[\"b@x.dev\"],\"subject\":\"s\"}"

static void an_email_is_sent_read_and_listed(void **state)
{
    assert_int_equal(mail("POST", "/emails", MAIL, NULL), 200);
    const char *path = arena_printf(&arena, "/emails/" STR_FMT, STR_ARG(text("id"))).p;
    assert_int_equal(mail("GET", path, NULL, NULL), 200);
    assert_str(text("subject"), "s");
    assert_str(text("last_event"), "delivered");
    assert_int_equal(mail("GET", "/emails", NULL, NULL), 200);
    assert_int_equal(json_len(json_path(root, STR("data"))), 1);
    const char *bounces = "{\"from\":\"a\",\"to\":\"bounced@resend.dev\",\"subject\":\"s\"}";
    assert_int_equal(mail("POST", "/emails", bounces, NULL), 200);
    path = arena_printf(&arena, "/emails/" STR_FMT, STR_ARG(text("id"))).p;
    assert_int_equal(mail("GET", path, NULL, NULL), 200);
    assert_str(text("last_event"), "bounced");
}

static void a_known_key_sends_nothing_and_answers_the_same(void **state)
{
    assert_int_equal(mail("POST", "/emails", MAIL, "k"), 200);
    struct str id = arena_str(&arena, text("id"));
    assert_int_equal(mail("POST", "/emails", MAIL, "k"), 200);
    assert_str(text("id"), id.p);
    assert_int_equal(mail("POST", "/emails", "{\"from\":\"a\",\"to\":\"b\",\"subject\":\"other\"}", "k"), 409);
    assert_str(text("name"), "invalid_idempotent_request");
    assert_int_equal(mail("GET", "/emails", NULL, NULL), 200);
    assert_int_equal(json_len(json_path(root, STR("data"))), 1);
    assert_int_equal(mail("POST", "/emails", "{}", "bad"), 422); /* a refusal keeps no key */
    assert_int_equal(mail("POST", "/emails", MAIL, "bad"), 200);
}

static void a_scheduled_email_is_moved_and_cancelled_once(void **state)
{
    const char *later = "{\"from\":\"a\",\"to\":\"b\",\"subject\":\"s\",\"scheduled_at\":\"soon\"}";
    assert_int_equal(mail("POST", "/emails", later, NULL), 200);
    const char *path = arena_printf(&arena, "/emails/" STR_FMT, STR_ARG(text("id"))).p;
    const char *cancel = arena_printf(&arena, "%s/cancel", path).p;
    assert_int_equal(mail("PATCH", path, "{\"scheduled_at\":\"later\"}", NULL), 200);
    assert_int_equal(mail("GET", path, NULL, NULL), 200);
    assert_str(text("scheduled_at"), "later");
    assert_int_equal(mail("POST", cancel, "", NULL), 200);
    assert_int_equal(mail("POST", cancel, "", NULL), 422);
    assert_int_equal(mail("GET", path, NULL, NULL), 200);
    assert_str(text("last_event"), "canceled");
}

static void a_batch_is_sent_whole_or_not_at_all(void **state)
{
    assert_int_equal(mail("POST", "/emails/batch", "[" MAIL "," MAIL "]", NULL), 200);
    assert_int_equal(json_len(json_path(root, STR("data"))), 2);
    assert_int_equal(mail("POST", "/emails/batch", "[" MAIL ",{\"from\":\"a\"}]", NULL), 422);
    assert_int_equal(mail("POST", "/emails/batch", "[]", NULL), 422);
    assert_int_equal(mail("POST", "/emails/batch", MAIL, NULL), 422);
    assert_int_equal(mail("GET", "/emails", NULL, NULL), 200);
    assert_int_equal(json_len(json_path(root, STR("data"))), 2);
}

static void what_resend_refuses_is_refused_in_its_form(void **state)
{
    assert_int_equal(ask(&resend, "Bearer x", "POST", "/emails", MAIL, NULL), 401);
    assert_str(text("name"), "missing_api_key");
    assert_int_equal(number("statusCode"), 401);
    assert_int_equal(mail("POST", "/emails", "{\"from\":\"a\",\"subject\":\"s\"}", NULL), 422);
    assert_str(text("message"), "Missing `to` field.");
    assert_int_equal(mail("POST", "/emails", "no json", NULL), 422);
    assert_int_equal(mail("GET", "/emails/none", NULL, NULL), 404);
    assert_int_equal(mail("POST", "/domains", "{}", NULL), 404);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_message_has_no_price_at_first_and_one_later),
        T(a_long_message_is_billed_by_segment),
        T(a_scheduled_message_can_be_cancelled_and_costs_nothing),
        T(what_twilio_refuses_is_refused_in_its_form),
        T(messages_are_listed_newest_first_until_deleted),
        T(beyond_the_ring_the_oldest_message_is_forgotten),
        T(numbers_are_looked_up_and_verified),
        T(an_email_is_sent_read_and_listed),
        T(a_known_key_sends_nothing_and_answers_the_same),
        T(a_scheduled_email_is_moved_and_cancelled_once),
        T(a_batch_is_sent_whole_or_not_at_all),
        T(what_resend_refuses_is_refused_in_its_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
