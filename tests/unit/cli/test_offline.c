/* cli: commands that need no daemon, run as the program runs them, in a child of their own. */
#include "../unit.h"

#include "cli/cli.h"

#include <sys/stat.h>

static char dir[64], out[65536], err[65536];
static const char *vars[4]; /* of the environment, beside what every test has */

static size_t slurp(FILE *f, char *into, size_t n)
{
    rewind(f);
    size_t got = fread(into, 1, n - 1, f);
    into[got] = 0;
    fclose(f);
    return got;
}

#define run(...) run_words((const char *const[]){"flyball", __VA_ARGS__, NULL})
static int run_words(const char *const *argv)
{
    FILE *o = tmpfile(), *e = tmpfile();
    int argc = 0, status;
    static char home[128];
    snprintf(home, sizeof(home), "XDG_DATA_HOME=%s", dir);
    const char *const env[] = {home, "TERM=dumb", vars[0], vars[1], vars[2], NULL};

    while (argv[argc])
        argc++;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        if (dup2(fileno(o), 1) < 0 || dup2(fileno(e), 2) < 0 || chdir(dir) != 0)
            _exit(99);
        int r = cli_main(argc, argv, env);
        fflush(NULL);
        _exit(r);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    slurp(o, out, sizeof(out));
    slurp(e, err, sizeof(err));
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void put_file(const char *name, const char *content)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(content, f);
    fclose(f);
}

static void take_file(const char *name)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    unlink(path);
}

static int setup(void **state)
{
    memset(vars, 0, sizeof(vars));
    strcpy(dir, "/tmp/flyball-cli-XXXXXX");
    assert_non_null(mkdtemp(dir));
    return 0;
}
static int teardown(void **state)
{
    static const char *const FILES[] = {"flyball.yaml", "policy.yaml", "flyball.schema.json"};
    char deeper[128];
    for (size_t i = 0; i < 3; i++) {
        take_file(FILES[i]);
        snprintf(deeper, sizeof(deeper), "deeper/%s", FILES[i]);
        take_file(deeper);
    }
    take_file("bad.yaml");
    snprintf(deeper, sizeof(deeper), "%s/deeper", dir);
    rmdir(deeper);
    rmdir(dir);
    return 0;
}

static void version_is_printed(void **state)
{
    assert_int_equal(run("version"), 0);
    assert_true(str_starts(str_c(out), STR("flyball ")));
    assert_int_equal(run("version", "--json"), 0);
    assert_non_null(strstr(out, "\"version\":\""));
}

static void wrong_use_exits_2_and_says_so_on_err(void **state)
{
    assert_int_equal(run("cals"), 2);
    assert_string_equal(out, "");
    assert_non_null(strstr(err, "did you mean `flyball calls`?"));
    assert_int_equal(run_words((const char *const[]){"flyball", NULL}), 2);
    assert_int_equal(run("calls", "--nope"), 2);
    assert_non_null(strstr(err, "flyball calls --help"));
}

static void no_daemon_exits_3_with_the_next_step(void **state)
{
    assert_int_equal(run("calls"), 3);
    assert_non_null(strstr(err, "flyball dev"));
    assert_int_equal(run("key", "list", "--json"), 3);
    assert_string_equal(out, "");
}

static void init_writes_what_check_accepts_and_never_overwrites(void **state)
{
    assert_int_equal(run("init"), 0);
    assert_int_equal(run("policy", "check", "policy.yaml"), 0);
    if (run("config", "check") != 0)
        print_error("%s\n", err);
    assert_int_equal(run("config", "check"), 0);
    put_file("policy.yaml", "mine\n");
    assert_int_equal(run("init"), 0);
    assert_non_null(strstr(err, "kept"));
    assert_int_equal(run("policy", "check", "policy.yaml"), 1);
}

/* The text of a file in the test's folder. */
static void assert_file(const char *name, const char *part, bool is_there)
{
    char text[65536], path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = 0;
    fclose(f);
    if ((strstr(text, part) != NULL) != is_there)
        fail_msg("%s: `%s` is %sthere", name, part, is_there ? "not " : "");
}

static void init_names_the_vendors_of_the_environment_and_none_of_their_secrets(void **state)
{
    vars[0] = "STRIPE_SECRET_KEY=sk_test_made_up_4711";
    vars[1] = "OPENAI_API_KEY=sk-fb_test_0123456789_x"; /* an agent's own: no secret of the daemon's */
    assert_int_equal(run("init"), 0);
    assert_non_null(strstr(err, "1 of 5 vendors"));
    assert_file("flyball.yaml", "# yaml-language-server: $schema=./flyball.schema.json\n", true);
    assert_file("flyball.yaml",
                "\nvendors:\n  stripe:\n    base_url: https://api.stripe.com\n    secret: env:STRIPE_SECRET_KEY\n",
                true);
    assert_file("flyball.yaml", "\n#   openai:\n#     base_url: https://api.openai.com\n", true);
    assert_file("flyball.yaml", "sk_test_made_up_4711", false);
    assert_file("flyball.schema.json", "\"$schema\"", true);
    assert_int_equal(run("config", "check"), 0);
    assert_int_equal(run("init", "--json"), 0);
    assert_string_equal(out, "{\"written\":0}\n");
}

static void init_without_a_secret_in_the_environment_has_every_vendor_as_a_comment(void **state)
{
    assert_int_equal(run("init", "deeper"), 0);
    assert_non_null(strstr(err, "No vendor's secret"));
    assert_non_null(strstr(err, "\nNext:  flyball serve --config deeper/flyball.yaml\n"));
    assert_file("deeper/flyball.yaml", "\n# vendors:\n", true);
    assert_file("deeper/flyball.yaml", "\n#   twilio:\n", true);
    assert_int_equal(run("config", "check", "--config", "deeper/flyball.yaml"), 0);
}

static void policy_check_prints_where(void **state)
{
    put_file("bad.yaml",
             "apiVersion: agentpolicy/v1\nkind: Policy\nmetadata: {name: default, version: 1}\nrulez: []\nrules: []\n");
    assert_int_equal(run("policy", "check", "bad.yaml"), 1);
    assert_true(str_starts(str_c(out), STR("bad.yaml:4:1: ")));
    assert_non_null(strstr(out, "`rules`"));
    assert_int_equal(run("policy", "check", "bad.yaml", "--json"), 1);
    assert_true(str_starts(str_c(out), STR("{\"ok\":false,\"diags\":[{\"file\":\"bad.yaml\",\"line\":4")));
    assert_int_equal(run("policy", "check", "absent.yaml"), 1);
    assert_non_null(strstr(err, "absent.yaml"));
}

static void config_is_shown_with_origins(void **state)
{
    put_file("flyball.yaml", "workers: 3\n");
    assert_int_equal(run("config", "show", "--origin", "--listen-data", "127.0.0.1:0"), 0);
    assert_non_null(strstr(out, "127.0.0.1:0"));
    assert_non_null(strstr(out, "workers: 3"));
    assert_int_equal(run("config", "show", "--json"), 0);
    assert_non_null(strstr(out, "\"workers\":{\"value\":3,\"origin\":\"flyball.yaml"));
    put_file("flyball.yaml", "wrkers: 3\n");
    assert_int_equal(run("config", "check"), 1);
    assert_non_null(strstr(err, "flyball.yaml:1:1: "));
    assert_int_equal(run("config", "schema"), 0);
    assert_non_null(strstr(out, "listen"));
}

static void help_names_every_command(void **state)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);
    assert_int_equal(run("help"), 0);
    for (size_t i = 0; i < n; i++)
        assert_non_null(strstr(out, all[i]->name));
    assert_int_equal(run("help", "key", "create"), 0);
    assert_non_null(strstr(out, "--agent NAME"));
    assert_int_equal(run("key", "create", "--help"), 0);
    assert_non_null(strstr(out, "Examples:\n  flyball key create"));
    assert_int_equal(run("help", "nope"), 2);
}

static void the_man_page_names_every_command_and_option(void **state)
{
    size_t n;
    const struct command *const *all = cli_commands(&n);
    assert_int_equal(run("help", "--man"), 0);
    assert_non_null(strstr(out, ".TH FLYBALL 1"));
    for (size_t i = 0; i < n; i++) {
        char line[128];
        snprintf(line, sizeof(line), ".SS flyball %s", all[i]->name);
        assert_non_null(strstr(out, line));
    }
    assert_non_null(strstr(out, "\\fB\\-\\-listen\\-data\\fR \\fIADDR:PORT\\fR"));
}

static void the_man_page_in_docs_is_the_one_that_help_writes(void **state)
{
    static char page[sizeof(out)];
    FILE *f = fopen(MAN_PAGE, "r");
    assert_non_null(f);
    slurp(f, page, sizeof(page));
    assert_int_equal(run("help", "--man"), 0);
    assert_string_equal(page, out); /* when not: flyball help --man > docs/flyball.1 */
}

static void completions_are_scripts_of_their_shell(void **state)
{
    char path[128], command[256];
    assert_int_equal(run("completion", "bash"), 0);
    put_file("bad.yaml", out);
    snprintf(path, sizeof(path), "%s/bad.yaml", dir);
    snprintf(command, sizeof(command),
             "bash -c '. %s; COMP_WORDS=(flyball key \"\"); COMP_CWORD=2; _flyball; test \"${COMPREPLY[*]}\" = "
             "\"create list show rotate\"'",
             path);
    assert_int_equal(system(command), 0);
    snprintf(
        command, sizeof(command),
        "bash -c '. %s; COMP_WORDS=(flyball calls --fo); COMP_CWORD=2; _flyball; test \"${COMPREPLY[*]}\" = --follow'",
        path);
    assert_int_equal(system(command), 0);
    assert_int_equal(run("completion", "zsh"), 0);
    assert_true(str_starts(str_c(out), STR("#compdef flyball")));
    assert_int_equal(run("completion", "fish"), 0);

}

static void prices_are_listed_with_ones_own_over_them(void **state)
{
    put_file("models.yaml", "priced_at: \"2026-11-01\"\nmodels:\n  - model: gpt-4o\n    vendor: openai\n    prices: "
                            "{standard: {input: 1.25, output: 7}}\n  - {model: ours, vendor: acme}\n");
    assert_int_equal(run("prices", "list", "gpt-4o-2024-08-06"), 0);
    assert_non_null(strstr(out, "standard  input                2.50"));
    assert_int_equal(run("prices", "list", "--vendor", "acme", "--llm-catalog", "models.yaml", "--json"), 0);
    assert_non_null(strstr(out, "\"models\":[{\"model\":\"ours\",\"vendor\":\"acme\",\"aliases\":[]"));
    assert_int_equal(run("prices", "list", "gpt-4o", "--llm-catalog", "models.yaml", "--json"), 0);
    assert_non_null(strstr(out, "\"prices\":{\"standard\":{\"input\":\"1.25\",\"output\":\"7.00\"}}"));
    assert_int_equal(run("prices", "list", "--vendor", "anthropic"), 0);
    assert_null(strstr(out, "openai"));
    assert_int_equal(run("prices", "list", "gpt-99"), 1);
    assert_non_null(strstr(err, "no model is called `gpt-99`"));
    take_file("models.yaml");
    assert_int_equal(run("prices", "list", "--llm-catalog", "models.yaml"), 1);
}

static void what_prices_list_prints_is_a_catalog(void **state)
{
    static char first[sizeof(out)];
    assert_int_equal(run("prices", "list", "claude-opus-4-6", "--json"), 0);
    put_file("models.yaml", out);
    strcpy(first, strchr(out, '[')); /* behind the version */
    assert_int_equal(run("prices", "check", "models.yaml"), 0);
    assert_int_equal(run("prices", "list", "claude-opus-4-6", "--json", "--llm-catalog", "models.yaml"), 0);
    assert_string_equal(strchr(out, '['), first);
    assert_non_null(strstr(out, "\"us_inference\":\"1.10\""));
    take_file("models.yaml");
}

static void prices_check_prints_where(void **state)
{
    put_file("models.yaml", "priced_at: \"2026-11-01\"\nmodels:\n  - {model: m, vendor: v, prcies: {}}\n");
    assert_int_equal(run("prices", "check", "models.yaml"), 1);
    assert_non_null(strstr(out, "models.yaml:3:27: unknown_key"));
    assert_int_equal(run("prices", "check", "models.yaml", "--json"), 1);
    assert_true(str_starts(str_c(out), STR("{\"ok\":false,\"diags\":[{\"file\":\"models.yaml\",\"line\":3,")));
    assert_int_equal(run("prices", "list", "--llm-catalog", "models.yaml"), 1);
    assert_non_null(strstr(err, "unknown_key"));
    assert_int_equal(run("prices", "check"), 0);
    assert_int_equal(run("prices", "check", "--json"), 0);
    assert_str(str_c(out), "{\"ok\":true,\"diags\":[]}\n");
    take_file("models.yaml");
    assert_int_equal(run("prices", "check", "models.yaml"), 1);
}

static void doctor_sees_what_it_can_without_a_daemon(void **state)
{
    if (run("doctor", "--offline") != 0)
        print_error("%s%s\n", out, err);
    assert_int_equal(run("doctor", "--offline"), 0);
    assert_non_null(strstr(out, "ok    config"));
    assert_non_null(strstr(out, "clock"));
    assert_int_equal(run("doctor", "--offline", "--json"), 0);
    assert_true(str_starts(str_c(out), STR("{\"checks\":[{\"name\":\"config\",\"status\":\"ok\"")));
    assert_int_equal(run("doctor"), 3);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(version_is_printed),
        T(wrong_use_exits_2_and_says_so_on_err),
        T(no_daemon_exits_3_with_the_next_step),
        T(init_writes_what_check_accepts_and_never_overwrites),
        T(init_names_the_vendors_of_the_environment_and_none_of_their_secrets),
        T(init_without_a_secret_in_the_environment_has_every_vendor_as_a_comment),
        T(policy_check_prints_where),
        T(config_is_shown_with_origins),
        T(help_names_every_command),
        T(the_man_page_names_every_command_and_option),
        T(the_man_page_in_docs_is_the_one_that_help_writes),
        T(completions_are_scripts_of_their_shell),
        T(prices_are_listed_with_ones_own_over_them),
        T(what_prices_list_prints_is_a_catalog),
        T(prices_check_prints_where),
        T(doctor_sees_what_it_can_without_a_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
