/*
 * cli/cmd_policy_show.c - `flyball policy show`: a document that is or was in force, to begin a change with.
 *
 * The daemon keeps a document's content, and neither its comments nor its line ends. It is written as YAML with one
 * line for each rule, limit and entry, in the order of the specification; read again it has the same digest.
 */
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/policy_text.h"
#include "cli/print.h"
#include "codec/json_write.h"

#define BYTES_MAX ((size_t)64 << 20)
#define DEPTH_MAX 64

static const struct str sections[] = {
    STR_INIT("apiVersion"), STR_INIT("kind"),   STR_INIT("metadata"),  STR_INIT("mode"),   STR_INIT("defaults"),
    STR_INIT("extends"),    STR_INIT("sets"),   STR_INIT("identity"),  STR_INIT("rules"),  STR_INIT("limits"),
    STR_INIT("approvals"),  STR_INIT("redact"), STR_INIT("routes"),    STR_INIT("tests")};

static bool is_section(struct str key)
{
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (str_eq(sections[i], key))
            return true;
    return false;
}

static void put_scalar(struct buf *b, struct json v)
{
    struct json_writer w;
    jw_init(&w, b);
    jw_json(&w, v);
}

static void put_text(struct buf *b, struct str s)
{
    struct json_writer w;
    jw_init(&w, b);
    jw_str(&w, s);
}

static void put_flow(struct buf *b, struct json v);

/* `is_first`: no comma before it; key STR_NONE: of a list. */
static void put_member(struct buf *b, bool is_first, struct str key, struct json v)
{
    (void)buf_add(b, is_first ? STR("") : STR(", ")); /* noted in the buf, as all below */
    if (key.p) {
        put_text(b, key);
        (void)buf_add(b, STR(": "));
    }
    put_flow(b, v);
}

/* On one line, with a space where a reader wants one; what has an id begins with it. */
static void put_flow(struct buf *b, struct json v)
{
    bool is_object = json_type(v) == JSON_OBJECT, is_first;
    struct json one, id = json_get(v, STR("id"));
    struct str key;
    if (!is_object && json_type(v) != JSON_ARRAY) {
        put_scalar(b, v);
        return;
    }
    buf_add_byte(b, is_object ? '{' : '[');
    if (json_type(id) != JSON_NONE)
        put_member(b, true, STR("id"), id);
    is_first = json_type(id) == JSON_NONE;
    for (struct json_iter it = json_each(v); json_next(&it, &key, &one);) {
        if (is_object && str_eq(key, STR("id")))
            continue;
        put_member(b, is_first, key, one);
        is_first = false;
    }
    buf_add_byte(b, is_object ? '}' : ']');
}

static bool is_list_of_maps(struct json v)
{
    return json_type(v) == JSON_ARRAY && json_type(json_at(v, 0)) == JSON_OBJECT;
}

/* One key of the top with its value: a list of maps, and a map of maps, an entry a line. */
static void put_section(struct buf *b, struct str key, struct json v)
{
    struct json one;
    struct str name;
    bool is_map = json_type(v) == JSON_OBJECT && !str_eq(key, STR("metadata")) && !str_eq(key, STR("defaults"));
    bool is_block = json_len(v) && (is_map || is_list_of_maps(v));
    if (is_section(key))
        (void)buf_add(b, key);
    else
        put_text(b, key); /* x-, and whatever follows */
    (void)buf_add(b, is_block ? STR(":\n") : STR(": "));
    if (!is_block)
        put_flow(b, v);
    for (struct json_iter it = json_each(is_block ? v : JSON_ABSENT); json_next(&it, &name, &one);) {
        (void)buf_add(b, is_map ? STR("  ") : STR("  - "));
        put_member(b, true, name, one);
        buf_add_byte(b, '\n');
    }
    if (!is_block)
        buf_add_byte(b, '\n');
}

static void put_document(struct buf *b, struct json document)
{
    struct json v;
    struct str key;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (json_type(json_get(document, sections[i])) != JSON_NONE)
            put_section(b, sections[i], json_get(document, sections[i]));
    for (struct json_iter it = json_each(document); json_next(&it, &key, &v);)
        if (!is_section(key))
            put_section(b, key, v);
}

static int show(struct cli *c)
{
    struct str text, line;
    struct json document;
    struct buf b;
    int r = policy_text_in_force(c, c->n_args ? c->args[0] : STR("default"), &text);
    if (r)
        return r;
    if (json_parse(&c->arena, text, DEPTH_MAX, &document) < 0)
        return cli_fail(c, "the daemon answered with a document that is no JSON");
    if (c->is_json) {
        fprintf(c->out, STR_FMT "\n", STR_ARG(text));
        return CLI_DONE;
    }
    buf_init(&b, BYTES_MAX);
    put_document(&b, document);
    r = buf_ok(&b) < 0 ? cli_fail(c, "the document is too large to be shown") : CLI_DONE;
    text = buf_str(&b);
    for (struct str rest; r == CLI_DONE && str_cut(text, '\n', &line, &rest); text = rest) {
        print_safe_json(c->out, line);
        fputc('\n', c->out);
    }
    buf_deinit(&b);
    return r;
}

const struct command cmd_policy_show = {
    .name = "policy show",
    .args = "[NAME]",
    .args_max = 1,
    .summary = "print a policy document that is in force, to begin a change with; `default` when none is named",
    .text = "NAME is what is in force, NAME@VERSION what was. It is YAML with a line for each rule and limit, without "
            "the comments that were in the file; with --json it is JSON. Read again, it is the same document, with the "
            "same digest.",
    .examples = "policy show > default.yaml\npolicy show support@3\npolicy show --json",
    .needs_daemon = true,
    .run = show,
};
