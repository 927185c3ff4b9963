/*
 * cli/cmd_snippet.c - `flyball snippet`: the lines that make an SDK call us, to paste.
 *
 * Without --key the lines read the key from the variable that `flyball run` sets, so that no key is written down.
 */
#include "cli/agent_key.h"
#include "cli/commands.h"
#include "cli/print.h"
#include "cli/sdk_env.h"
#include "cli/where.h"
#include "codec/diag.h"
#include "codec/json_write.h"
#include "identity/key.h"

enum form { PYTHON, NODE, GO, RUBY, SHELL, TOML, FORM_COUNT };

/* How a form reads a variable; {name} is its name. */
static const struct {
    const char *name, *read;
} forms[FORM_COUNT] = {
    [PYTHON] = {"python", "os.environ[\"{name}\"]"},
    [NODE] = {"node", "process.env.{name}"},
    [GO] = {"go", "os.Getenv(\"{name}\")"},
    [RUBY] = {"ruby", "ENV.fetch(\"{name}\")"},
    [SHELL] = {"shell", "\"${name}\""},
    [TOML] = {"toml", "the variable holds the key"},
};

static const struct snippet {
    const char *name;
    enum form form;
    const char *vendor, *variable, *what, *lines;
} snippets[] = {
#define SNIPPET(name, form, vendor, variable, what, lines) {name, form, vendor, variable, what, lines},
#include "cli/snippet.tbl.h"
#undef SNIPPET
};
#define N(table) (sizeof(table) / sizeof(table[0]))

/* --- all of them -------------------------------------------------------------------------------------------------- */

static int list_json(struct cli *c)
{
    fputs("{\"snippets\":[", c->out);
    for (size_t i = 0; i < N(snippets); i++) /* words of the table, which need no quoting */
        fprintf(c->out, "%s{\"name\":\"%s\",\"vendor\":\"%s\",\"form\":\"%s\"}", i ? "," : "", snippets[i].name,
                snippets[i].vendor, forms[snippets[i].form].name);
    fputs("]}\n", c->out);
    return CLI_DONE;
}

static int list(struct cli *c)
{
    static const char *const titles[] = {"SDK", "VENDOR", "WHAT"};
    struct table t;
    table_init(&t, c, titles, N(titles));
    for (size_t i = 0; i < N(snippets); i++) {
        table_add_styled(&t, str_c(snippets[i].name), STYLE_BOLD);
        table_add(&t, str_c(snippets[i].vendor));
        table_add(&t, str_c(snippets[i].what));
    }
    table_print(&t);
    return CLI_DONE;
}

/* --- one ---------------------------------------------------------------------------------------------------------- */

static const struct snippet *find(struct cli *c, struct str name)
{
    struct str names[N(snippets)];
    for (size_t i = 0; i < N(snippets); i++) {
        names[i] = str_c(snippets[i].name);
        if (str_eq(names[i], name))
            return &snippets[i];
    }
    struct str near = diag_nearest(name, names, N(snippets));
    if (near.n)
        cli_usage(c, "there is no snippet for `" STR_FMT "`; did you mean `" STR_FMT "`?", STR_ARG(name),
                  STR_ARG(near));
    else
        cli_usage(c, "there is no snippet for `" STR_FMT "`; `flyball snippet` lists them", STR_ARG(name));
    return NULL;
}

/* The key as that form writes it: the given one in its dress, else how its variable is read. */
static int key_text(struct cli *c, const struct snippet *s, struct str *ret)
{
    struct str given = cli_option(c, "key");
    struct key_presented key;
    if (!given.p) {
        const struct sdk_word name = {STR("name"), str_c(s->variable)};
        *ret = sdk_fill(&c->arena, str_c(forms[s->form].read), &name, 1);
        return 0;
    }
    if (key_parse(given, &key) < 0)
        return cli_usage(c, "--key is no key of Flyball's, or has a typo; `flyball key create` prints one");
    struct sdk_values v = {.mode = key.mode == MODE_TEST ? STR("test") : STR("live")};
    v.key = str_sub(given, (size_t)(key.key.p - given.p), given.n); /* with its run, without what it wore */
    struct str dressed = sdk_dressed_key(&c->arena, s->variable, &v);
    *ret = s->form == TOML ? dressed : arena_printf(&c->arena, "\"" STR_FMT "\"", STR_ARG(dressed));
    return 0;
}

static int lines_of(struct cli *c, const struct snippet *s, struct str *ret)
{
    struct agent_place place;
    struct where w = {.port = 0};
    struct str key;
    size_t at;
    int r = key_text(c, s, &key);
    r = r ? r : agent_place_find(c, &place);
    if (r)
        return r;
    if (where_parse_url(place.url, &c->arena, &w) < 0)
        return cli_fail(c, "the daemon does not say where agents connect");
    const struct sdk_word words[] = {
        {STR("base"), agent_base(c, &place, s->vendor)},
        {STR("key"), key},
        {STR("host"), arena_printf(&c->arena, str_has(w.host, ':') ? "[" STR_FMT "]" : STR_FMT, STR_ARG(w.host))},
        {STR("port"), arena_printf(&c->arena, "%u", w.port)},
        {STR("protocol"), w.is_tls ? STR("https") : STR("http")}};
    struct str text = sdk_fill(&c->arena, str_c(s->lines), words, N(words));
    bool reads = str_find(text, STR("os.environ"), &at);
    *ret = arena_printf(&c->arena, "%s" STR_FMT, reads ? "import os\n" : "", STR_ARG(text));
    return 0;
}

static void print_json(struct cli *c, const struct snippet *s, struct str lines)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, 65536);
    jw_init(&w, &b);
    jw_object(&w);
    jw_put_str(&w, STR("name"), str_c(s->name));
    jw_put_str(&w, STR("form"), str_c(forms[s->form].name));
    jw_put_str(&w, STR("lines"), lines);
    jw_object_end(&w);
    fprintf(c->out, STR_FMT "\n", STR_ARG(buf_str(&b)));
    buf_deinit(&b);
}

static int run(struct cli *c)
{
    struct str lines;
    if (!c->n_args)
        return c->is_json ? list_json(c) : list(c);
    const struct snippet *s = find(c, c->args[0]);
    if (!s)
        return CLI_USAGE;
    int r = lines_of(c, s, &lines);
    if (r)
        return r;
    if (c->is_json)
        print_json(c, s, lines);
    else
        fwrite(lines.p, 1, lines.n, c->out); /* ours, but for addresses and a key that were read strictly */
    return CLI_DONE;
}

static const struct option_spec options[] = {
    {"key", "KEY", "write this key into the lines, as the SDK expects it; else they read a variable", false},
    {NULL, NULL, NULL, false},
};

const struct command cmd_snippet = {
    .name = "snippet",
    .args = "[SDK]",
    .args_max = 1,
    .summary = "print the lines that make an SDK call us; without SDK, list them",
    .text = "Without --key the lines read the variable that `flyball run` sets: OPENAI_API_KEY, STRIPE_SECRET_KEY, ...",
    .examples = "snippet\nsnippet stripe-node\nsnippet twilio-python --key fb_test_...",
    .options = options,
    .needs_daemon = true,
    .run = run,
};
