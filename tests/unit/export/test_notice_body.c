/* export/notice_body: what a notice says, that nothing in it is read as markup, and its signature. */
#include "../unit.h"

#include "codec/json_read.h"
#include "export/notice.h"

static struct json body_of(struct arena *a, const struct notice *n, const struct notice_target *t)
{
    struct buf out;
    struct json root;
    buf_init(&out, 65536);
    notice_body(n, t, &out);
    assert_int_equal(buf_ok(&out), 0);
    assert_int_equal(json_parse(a, buf_str(&out), 16, &root), 0);
    buf_deinit(&out);
    return root;
}

static struct str text_at(struct json root, const char *path)
{
    return json_text_of(json_path(root, str_c(path)));
}

static void what_an_agent_wrote_is_no_mention_and_no_link(void **state)
{
    struct arena a;
    struct notice n = {.id = STR("apr_1"),
                       .approval = STR("finance"),
                       .text = STR("Agent a asks with model <!channel> & <https://evil|click>"),
                       .reason = STR("Rule <@U1>"),
                       .action = STR("{\"agent\":\"a\"}"),
                       .quorum = 2};
    struct notice_target t = {.page = STR("https://flyball.example/ui/")};
    arena_init(&a, 1 << 20);
    struct json root = body_of(&a, &n, &t);
    assert_str(text_at(root, "text"),
               "Agent a asks with model &lt;!channel&gt; &amp; &lt;https://evil|click&gt;");
    assert_str(text_at(root, "blocks[0].text.type"), "mrkdwn");
    assert_str(text_at(root, "blocks[1].text.type"), "plain_text");
    assert_str(text_at(root, "blocks[2].elements[0].url"), "https://flyball.example/ui/#/approvals/apr_1");
    assert_str(text_at(root, "metadata.event_payload.action.agent"), "a");
    assert_int_equal(json_i64_of(json_path(root, STR("metadata.event_payload.quorum"))), 2);
    arena_deinit(&a);
}

static void personal_values_are_said_where_that_is_wanted(void **state)
{
    struct arena a;
    struct notice n = {.text = STR("a"), .text_personal = STR("a, customer cus_9"), .action = STR("{}")};
    struct notice_target quiet = {.has_personal = false}, open = {.has_personal = true};
    arena_init(&a, 1 << 20);
    assert_str(text_at(body_of(&a, &n, &quiet), "text"), "a");
    assert_str(text_at(body_of(&a, &n, &open), "text"), "a, customer cus_9");
    n.text_personal = STR_NONE; /* erased */
    assert_str(text_at(body_of(&a, &n, &open), "text"), "a");
    arena_deinit(&a);
}

static void a_text_that_is_too_long_is_cut_after_it_was_escaped(void **state)
{
    struct arena a;
    static char many[10000];
    struct notice n = {.text = {many, sizeof many}, .action = STR("{}")};
    struct notice_target t = {.page = STR("p")};
    memset(many, '<', sizeof many);
    arena_init(&a, 1 << 20);
    struct str text = text_at(body_of(&a, &n, &t), "text");
    assert_true(text.n <= 2804 && text.n % 4 == 0 && str_ends(text, STR("&lt;")));
    arena_deinit(&a);
}

/* Computed with Python: hmac.new(b"key", b"1700000000.{}", "sha256"). */
static void the_signature_is_hmac_over_time_and_body(void **state)
{
    char out[NOTICE_SIGNATURE_CHARS + 1];
    assert_str(notice_signature(STR("key"), 1700000000, STR("{}"), out),
               "v1=9d713ed406bb7076d4123f0dc2c39d2df5c654ed4b0cd56b52c8b4c940bd63ae");
}

static void a_notice_of_a_rule_says_which_call_and_asks_nothing(void **state)
{
    struct arena a;
    arena_init(&a, 1u << 20);
    struct notice n = {.is_event = true,
                       .id = STR("ntc_7"),
                       .approval = STR("big"),
                       .text = STR("big: agent <a> makes stripe.refunds.create"),
                       .reason = STR("Rule \"r\" of policy p notes it: call c1"),
                       .action = STR("{\"name\":\"big\",\"call_id\":\"c1\"}")};
    struct notice_target t = {.page = STR("https://flyball.example/ui/")};
    struct json j = body_of(&a, &n, &t);
    assert_str(json_text_of(json_get(j, STR("text"))), "big: agent &lt;a&gt; makes stripe.refunds.create");
    assert_int_equal(json_len(json_get(j, STR("blocks"))), 2);
    assert_str(json_text_of(json_path(j, STR("metadata.event_type"))), "policy_notice");
    assert_str(json_text_of(json_path(j, STR("metadata.event_payload.call_id"))), "c1");
    arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_notice_of_a_rule_says_which_call_and_asks_nothing),
        cmocka_unit_test(what_an_agent_wrote_is_no_mention_and_no_link),
        cmocka_unit_test(personal_values_are_said_where_that_is_wanted),
        cmocka_unit_test(a_text_that_is_too_long_is_cut_after_it_was_escaped),
        cmocka_unit_test(the_signature_is_hmac_over_time_and_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
