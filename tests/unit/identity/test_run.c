/* identity/run: which carrier wins, what is refused, and where the trace id comes from. */
#include "identity/run.h"

#include "base/err.h"
#include "unit.h"

#define UUID "0199AAAA-bbbb-7ccc-8ddd-eeeeeeeeeeee"
#define UUID_HEX "0199aaaabbbb7ccc8dddeeeeeeeeeeee"
#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define TRACEPARENT "00-" TRACE "-00f067aa0ba902b7-01"

struct fixture {
    struct arena a;
    struct rng r;
};

static int setup(void **state)
{
    static struct fixture f;
    arena_init(&f.a, 1 << 20);
    rng_seeded_init(&f.r, 11);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    arena_deinit(&((struct fixture *)*state)->a);
    return 0;
}

static struct run choose(struct fixture *f, struct run_carriers c)
{
    struct run run;
    const char *bad = NULL;
    assert_int_equal(run_choose(&c, STR("made-1"), &f->r, &f->a, &run, &bad), 0);
    assert_null(bad);
    assert_int_equal(strlen(run.trace_id), 32);
    assert_int_equal(strlen(run.span_id), 16);
    assert_string_not_equal(run.span_id, "0000000000000000");
    return run;
}

static const char *refused(struct fixture *f, struct run_carriers c)
{
    struct run run = {.id = STR("untouched")};
    const char *bad = NULL;
    assert_int_equal(run_choose(&c, STR("made-1"), &f->r, &f->a, &run, &bad), -ERR_INVALID);
    assert_str(run.id, "untouched");
    return bad;
}

static void the_first_carrier_wins(void **state)
{
    struct run_carriers c = {STR("h"), STR("k"), STR("p"), STR("s"), STR(TRACEPARENT), STR_NONE};
    static const char *const ids[] = {"h", "k", "p", "s", TRACE, "made-1"};
    struct str *fields[] = {&c.header, &c.key_suffix, &c.path, &c.session, &c.traceparent};
    for (int i = 0; i <= RUN_MADE; i++) {
        struct run run = choose(*state, c);
        assert_str(run.id, ids[i]);
        assert_int_equal(run.source, i);
        assert_int_equal(run.trust, i == RUN_MADE ? RUN_MINTED : RUN_CLAIMED);
        if (i < RUN_MADE)
            *fields[i] = STR_NONE;
    }
}

static void run_ids_have_128_characters_at_most(void **state)
{
    char id[RUN_ID_CHARS_MAX + 1];
    memset(id, 'a', sizeof id);
    assert_true(run_id_is_valid((struct str){id, RUN_ID_CHARS_MAX}));
    assert_false(run_id_is_valid((struct str){id, RUN_ID_CHARS_MAX + 1}));
    assert_true(run_id_is_valid(STR("A.z_0:9-")));
    assert_false(run_id_is_valid(STR("")));
    assert_false(run_id_is_valid(STR("a b")));
    assert_false(run_id_is_valid(STR("a/b")));
    assert_false(run_id_is_valid(STR("a\0b")));
    assert_false(run_id_is_valid(STR("\xc3\xa9")));
}

static void a_malformed_carrier_is_refused_even_when_another_would_win(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(refused(f, (struct run_carriers){.header = STR("a b")}), "x-agent-run-id");
    assert_string_equal(refused(f, (struct run_carriers){.header = STR("a"), .key_suffix = STR("!")}),
                        "the key's .run_ suffix");
    assert_string_equal(refused(f, (struct run_carriers){.header = STR("a"), .path = STR("!")}),
                        "the /r/<run-id>/ path");
    assert_string_equal(refused(f, (struct run_carriers){.session = STR("{}")}), "x-claude-code-session-id");
    assert_string_equal(refused(f, (struct run_carriers){.header = STR("a"), .parent = STR("\"")}),
                        "x-agent-parent-run-id");
    assert_string_equal(refused(f, (struct run_carriers){.header = STR("a"), .traceparent = STR("x")}), "traceparent");
}

static void traceparent_is_read_as_the_w3c_says(void **state)
{
    static const struct {
        const char *text;
        bool is_ok;
    } rows[] = {
        {TRACEPARENT, true},
        {"00-" TRACE "-00f067aa0ba902b7-00", true},
        {"cc-" TRACE "-00f067aa0ba902b7-01", true},
        {"cc-" TRACE "-00f067aa0ba902b7-01-what-comes-later", true},
        {"cc-" TRACE "-00f067aa0ba902b7-01.x", false},
        {"00-" TRACE "-00f067aa0ba902b7-01-x", false},
        {"ff-" TRACE "-00f067aa0ba902b7-01", false},
        {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", false},
        {"00-" TRACE "-0000000000000000-01", false},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false},
        {"00-" TRACE "-00f067aa0ba902b7-0", false},
        {"00-" TRACE "-00f067aa0ba902b7", false},
        {"00-" TRACE "_00f067aa0ba902b7-01", false},
        {"0g-" TRACE "-00f067aa0ba902b7-01", false},
        {"00-" TRACE "-00f067aa0ba902bg-01", false},
        {"00-" TRACE "-00f067aa0ba902b7-0x", false},
        {" " TRACEPARENT, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct run_carriers c = {.traceparent = str_c(rows[i].text)};
        if (rows[i].is_ok)
            assert_str(choose(*state, c).id, TRACE);
        else
            assert_string_equal(refused(*state, c), "traceparent");
    }
}

static void the_trace_id_is_the_runs_then_the_callers_then_random(void **state)
{
    struct fixture *f = *state;
    struct run run = choose(f, (struct run_carriers){.header = STR(UUID), .traceparent = STR(TRACEPARENT)});
    assert_string_equal(run.trace_id, UUID_HEX);
    assert_str(run.id, UUID);
    run = choose(f, (struct run_carriers){.header = STR("job-1"), .traceparent = STR(TRACEPARENT)});
    assert_string_equal(run.trace_id, TRACE);
    run = choose(f, (struct run_carriers){.traceparent = STR(TRACEPARENT)});
    assert_string_equal(run.trace_id, TRACE);
    struct run x = choose(f, (struct run_carriers){.header = STR("job-1")});
    struct run y = choose(f, (struct run_carriers){.header = STR("job-1")});
    assert_string_not_equal(x.trace_id, y.trace_id);
    assert_string_not_equal(x.span_id, y.span_id);
    /* the nil UUID is no trace id */
    run = choose(f, (struct run_carriers){.header = STR("00000000-0000-0000-0000-000000000000")});
    assert_string_not_equal(run.trace_id, "00000000000000000000000000000000");
}

static void the_parent_run_is_kept(void **state)
{
    struct run run = choose(*state, (struct run_carriers){.header = STR("child"), .parent = STR("root-1")});
    assert_str(run.parent, "root-1");
    assert_int_equal(choose(*state, (struct run_carriers){0}).parent.n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_carrier_wins),
        TEST(run_ids_have_128_characters_at_most),
        TEST(a_malformed_carrier_is_refused_even_when_another_would_win),
        TEST(traceparent_is_read_as_the_w3c_says),
        TEST(the_trace_id_is_the_runs_then_the_callers_then_random),
        TEST(the_parent_run_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
