/*
 * codec/yaml_fault.c - what stopped libyaml, in words for the person who wrote the document.
 *
 * libyaml says what its parser waited for. What people do most often (a line that is indented wrongly, a text that
 * wants quotes, a bracket that stays open) is told here as that; of the rest its own words are shown.
 */
#include <string.h>

#include "codec/yaml_impl.h"

/* Parts of libyaml's words, and ours for them; is_at_start: where it began, not where it was noticed. */
static const struct saying {
    const char *problem, *context;
    bool is_at_start;
    const char *text;
} sayings[] = {
    {"end of stream", "quoted scalar", true, "this quote is never closed"},
    {"alphabetic or numeric", "alias", true, "a text that begins with `*` needs quotes"},
    {"alphabetic or numeric", "anchor", true, "a text that begins with `&` needs quotes"},
    {"cannot start any token", "next token", false, "a text that begins with this character needs quotes"},
    {"expected ':'", "simple key", true, "a key needs a `:` and a space behind it"},
    {"expected '-' indicator", "block collection", false, "this line is not indented like those that it belongs to"}};

/* The bytes of a mark's line. */
static struct str line_at(struct str text, yaml_mark_t m)
{
    struct str line = text, rest;
    for (size_t i = 0; i < m.line; i++) {
        if (!str_cut(line, '\n', &(struct str){0}, &rest))
            return STR("");
        line = rest;
    }
    (void)str_cut(line, '\n', &line, &rest); /* the last one ends with the text */
    return line;
}

/* What stands before a mark in its line, whose columns count characters: exact where those are ASCII. */
static struct str before(struct str text, yaml_mark_t m)
{
    return str_sub(line_at(text, m), 0, m.column);
}

/* The byte at a mark; 0 at the end of a line, and behind characters that are not ASCII. */
static char byte_at(struct str text, yaml_mark_t m)
{
    struct str line = line_at(text, m);
    for (size_t i = 0; i < m.column && i < line.n; i++)
        if ((unsigned char)line.p[i] >= 0x80)
            return 0;
    return m.column < line.n ? line.p[m.column] : 0;
}

static bool has_part(const char *said, const char *part)
{
    return said && strstr(said, part);
}

static const struct saying *find_saying(const yaml_parser_t *p)
{
    for (size_t i = 0; i < sizeof(sayings) / sizeof(sayings[0]); i++)
        if (has_part(p->problem, sayings[i].problem) && has_part(p->context, sayings[i].context))
            return &sayings[i];
    return NULL;
}

/* A key where none can stand: its line is indented wrongly, or what comes before it is a text that wants quotes. */
static const char *misplaced_key(const yaml_parser_t *p, struct str text)
{
    struct str left = before(text, p->problem_mark);
    if (has_part(p->problem, "mapping values are not allowed"))
        return str_find(left, STR(": "), &(size_t){0}) ? "a text with `: ` in it needs quotes"
                                         : "this line is not indented like those that it belongs to";
    if (!has_part(p->problem, "expected key") || !has_part(p->context, "block mapping"))
        return NULL;
    for (size_t i = 0; i < left.n; i++)
        if (left.p[i] != ' ')
            return "the text ended with its quote, and more follows: put all of it into quotes";
    return "this line is not indented like those that it belongs to";
}

static void fault(struct diag_list *diags, struct str file, yaml_mark_t at, const char *text)
{
    diag_add(diags, file, yaml_line_of(at), yaml_col_of(at), "syntax", "%s", text);
}

void yaml_say_fault(const yaml_parser_t *p, struct str file, struct str text, struct diag_list *diags)
{
    const char *problem = p->problem ? p->problem : "not YAML", *misplaced = misplaced_key(p, text);
    const struct saying *s = find_saying(p);
    yaml_mark_t at = p->problem_mark, start = p->context_mark;
    int line = yaml_line_of(at), col = yaml_col_of(at);
    if (byte_at(text, at) == '\t')
        fault(diags, file, at, "a tab: YAML is indented with spaces only");
    else if (s)
        fault(diags, file, s->is_at_start ? start : at, s->text);
    else if (misplaced)
        fault(diags, file, at, misplaced);
    else if (has_part(problem, "expected ',' or '"))
        diag_add(diags, file, line, col, "syntax", "`,` or `%c` is missing here, for the `%c` of line %d",
                 has_part(problem, "'}'") ? '}' : ']', has_part(problem, "'}'") ? '{' : '[', yaml_line_of(start));
    else if (p->context)
        diag_add(diags, file, line, col, "syntax", "%s, %s", problem, p->context);
    else
        fault(diags, file, at, problem);
}
