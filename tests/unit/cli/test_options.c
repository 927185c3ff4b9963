/* cli/options.c: commands, options, arguments, and what was perhaps meant. */
#include "../unit.h"

#include "cli/cli.h"

struct parsed {
    struct cli c;
    struct buf error;
    int r;
};

#define parse(...) parse_words((const char *const[]){"flyball", __VA_ARGS__, NULL})
static struct parsed *parse_words(const char *const *argv)
{
    static struct parsed p;
    int argc = 0;
    while (argv[argc])
        argc++;
    arena_deinit(&p.c.arena);
    buf_deinit(&p.error);
    memset(&p, 0, sizeof(p));
    arena_init(&p.c.arena, 1u << 20);
    buf_init(&p.error, 4096);
    p.r = cli_parse(&p.c, argc, argv, &p.error);
    return &p;
}

static void assert_refused(struct parsed *p, const char *part)
{
    size_t at;
    assert_int_equal(p->r, CLI_USAGE);
    if (!str_find(buf_str(&p->error), str_c(part), &at))
        print_error("%.*s\nlacks %s\n", (int)p->error.n, p->error.p, part);
    assert_true(str_find(buf_str(&p->error), str_c(part), &at));
}

static void one_and_two_words_name_a_command(void **state)
{
    struct parsed *p = parse("calls");
    assert_int_equal(p->r, 0);
    assert_string_equal(p->c.command->name, "calls");
    p = parse("key", "list");
    assert_string_equal(p->c.command->name, "key list");
    assert_int_equal(p->c.n_args, 0);
    p = parse("why", "list");
    assert_string_equal(p->c.command->name, "why");
    assert_str(p->c.args[0], "list");
    p = parse("--version");
    assert_string_equal(p->c.command->name, "version");
}

static void a_value_or_an_argument_of_few_words_must_be_one_of_them(void **state)
{
    assert_int_equal(parse("calls", "--verdict", "deny")->r, 0);
    assert_refused(parse("calls", "--verdict=denny"),
                   "`--verdict` cannot be `denny`; it is one of: permit deny approve");
    assert_refused(parse("calls", "--verdict=denny"), "did you mean `deny`?");
    assert_refused(parse("calls", "--verdict", "x"), "one of");
    assert_refused(parse("serve", "--log-level", "verbose"), "debug info warn error");
    assert_int_equal(parse("completion", "zsh")->r, 0);
    assert_refused(parse("completion", "zh"), "did you mean `zsh`?");
    assert_refused(parse("policy", "import", "litelm", "f"),
                   "the first argument cannot be `litelm`; it is one of: litellm portkey");
}

static void options_have_values_in_both_forms(void **state)
{
    struct parsed *p = parse("calls", "--run", "r1", "--agent=a=b", "--json", "--limit=3");
    assert_int_equal(p->r, 0);
    assert_str(cli_option(&p->c, "run"), "r1");
    assert_str(cli_option(&p->c, "agent"), "a=b");
    assert_true(p->c.is_json);
    assert_str(cli_option(&p->c, "limit"), "3");
    assert_false(cli_has(&p->c, "vendor"));
    assert_null(cli_option(&p->c, "vendor").p);
}

static void repeated_options_keep_their_order(void **state)
{
    struct parsed *p = parse("key", "create", "--limit", "usd=5/day", "--agent", "a", "--limit=requests=9/lifetime");
    assert_int_equal(p->r, 0);
    assert_str(cli_option_at(&p->c, "limit", 0), "usd=5/day");
    assert_str(cli_option_at(&p->c, "limit", 1), "requests=9/lifetime");
    assert_null(cli_option_at(&p->c, "limit", 2).p);
    assert_refused(parse("key", "create", "--agent", "a", "--agent", "b"), "twice");
}

static void arguments_stand_anywhere_behind_the_command(void **state)
{
    struct parsed *p = parse("policy", "check", "--json", "p.yaml");
    assert_int_equal(p->r, 0);
    assert_str(p->c.args[0], "p.yaml");
    p = parse("policy", "check", "--", "--odd-name");
    assert_int_equal(p->r, 0);
    assert_str(p->c.args[0], "--odd-name");
    p = parse("policy", "apply", "-");
    assert_int_equal(p->r, 0);
    assert_str(p->c.args[0], "-");
}

static void wrong_numbers_of_arguments_show_the_form(void **state)
{
    assert_refused(parse("why"), "use it so: flyball why CALL");
    assert_refused(parse("why", "a", "b"), "use it so: flyball why CALL");
    assert_refused(parse("calls", "extra"), "use it so: flyball calls");
}

static void unknown_words_get_a_suggestion(void **state)
{
    assert_refused(parse("cals"), "did you mean `flyball calls`?");
    assert_refused(parse("revok", "x"), "did you mean `flyball revoke`?");
    assert_refused(parse("key", "lst"), "did you mean `flyball key list`?");
    assert_refused(parse("key"), "create, list, show, rotate");
    assert_refused(parse("zzzzzzzz"), "`flyball help` lists them");
    assert_refused(parse("calls", "--agnt", "a"), "did you mean `--agent`?");
    assert_refused(parse("calls", "--jsn"), "did you mean `--json`?");
    assert_refused(parse("version", "--admin", "x"), "`--admin` is no option of `flyball version`");
}

static void values_are_neither_forgotten_nor_invented(void **state)
{
    assert_refused(parse("calls", "--run"), "needs a value");
    assert_refused(parse("calls", "--run", "--json"), "needs a value");
    assert_refused(parse("calls", "--json=yes"), "takes no value");
    assert_refused(parse("calls", "-j"), "two dashes");
}

static void what_is_empty_is_no_value_and_never_means_all(void **state)
{
    assert_refused(parse("calls", "--agent", ""), "`--agent` is empty: --agent NAME");
    assert_refused(parse("calls", "--agent="), "`--agent` is empty: --agent NAME");
    assert_refused(parse("revoke", ""), "an argument is empty; use it so: flyball revoke [KEY_ID]");
    assert_refused(parse("policy", "diff", "a", ""), "an argument is empty");
    assert_refused(parse("run", "--", ""), "an argument is empty");
    assert_int_equal(parse("run", "--", "cmd", "")->r, 0);
    struct parsed *p = parse("kill", "--reason", ""); /* a reason left out stops nobody from stopping */
    assert_int_equal(p->r, 0);
    assert_true(cli_has(&p->c, "reason"));
}

static void help_is_found_everywhere(void **state)
{
    assert_int_equal(parse("--help")->r, CLI_R_HELP);
    assert_int_equal(parse("-h")->r, CLI_R_HELP);
    struct parsed *p = parse("key", "create", "--help");
    assert_int_equal(p->r, CLI_R_HELP);
    assert_string_equal(p->c.command->name, "key create");
    assert_int_equal(parse_words((const char *const[]){"flyball", NULL})->r, CLI_R_HELP);
    p = parse("key", "--help");
    assert_int_equal(p->r, CLI_R_HELP);
    assert_null(p->c.command);
    assert_refused(parse("kez", "--help"), "did you mean `flyball key`?");
}

static void every_command_has_help_with_examples(void **state)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);
    for (size_t i = 0; i < n; i++) {
        struct str rest = str_c(all[i]->examples), line;
        size_t n_examples = 0;
        assert_true(strlen(all[i]->summary) > 10);
        assert_non_null(all[i]->run);
        for (bool more = true; more; n_examples++) {
            more = str_cut(rest, '\n', &line, &rest);
            assert_true(str_starts(more ? line : rest, str_c(all[i]->name)));
        }
        assert_true(n_examples >= 1);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(all[i]->name, all[k]->name);
        for (const struct option_spec *o = all[i]->options; o && o->name; o++) {
            assert_true(strlen(o->help) > 5);
            for (const struct option_spec *common = cli_common_options(all[i]); common->name; common++)
                assert_string_not_equal(o->name, common->name);
        }
    }
}

/* Examples are read by the same parser: none may show what does not work. */
static void every_example_parses(void **state)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);
    for (size_t i = 0; i < n; i++) {
        struct str rest = str_c(all[i]->examples), line;
        bool more = true;
        while (more) {
            char text[512], *save = NULL;
            const char *argv[32] = {"flyball"};
            int argc = 1;
            more = str_cut(rest, '\n', &line, &rest);
            line = more ? line : rest;
            snprintf(text, sizeof(text), STR_FMT, STR_ARG(line));
            for (char *w = strtok_r(text, " ", &save); w && w[0] != '>' && w[0] != '<';
                 w = strtok_r(NULL, " ", &save)) {
                if (w[0] == '"') /* a quoted text is one word */
                    strtok_r(NULL, "\"", &save);
                argv[argc++] = w;
            }
            struct parsed *p = parse_words(argv);
            if (p->r)
                print_error("flyball %s: %.*s\n", text, (int)p->error.n, p->error.p);
            assert_int_equal(p->r, 0);
            assert_string_equal(p->c.command->name, all[i]->name);
        }
    }
    parse("version"); /* frees the last */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_and_two_words_name_a_command),
        cmocka_unit_test(a_value_or_an_argument_of_few_words_must_be_one_of_them),
        cmocka_unit_test(options_have_values_in_both_forms),
        cmocka_unit_test(repeated_options_keep_their_order),
        cmocka_unit_test(arguments_stand_anywhere_behind_the_command),
        cmocka_unit_test(wrong_numbers_of_arguments_show_the_form),
        cmocka_unit_test(unknown_words_get_a_suggestion),
        cmocka_unit_test(values_are_neither_forgotten_nor_invented),
        cmocka_unit_test(what_is_empty_is_no_value_and_never_means_all),
        cmocka_unit_test(help_is_found_everywhere),
        cmocka_unit_test(every_command_has_help_with_examples),
        cmocka_unit_test(every_example_parses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
