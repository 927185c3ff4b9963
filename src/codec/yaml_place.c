/*
 * codec/yaml_place.c - from a byte of a scalar's text back to its place in the document.
 *
 * Text and document are walked side by side. Where lines were folded or indented, white space is one step on both
 * sides: no mistake begins in it.
 */
#include "codec/yaml.h"

#include "codec/utf8.h"

struct walk {
    struct str document;
    size_t i; /* in the document */
    int line, col;
    char quote;    /* '"', '\'', or 0 */
    bool is_block; /* behind | or > */
};

static char here(const struct walk *w)
{
    return w->i < w->document.n ? w->document.p[w->i] : 0;
}

/* One character of the document on. */
static void step(struct walk *w)
{
    struct str rest = str_sub(w->document, w->i, SIZE_MAX);
    size_t n = utf8_next(rest);
    bool is_line_end = here(w) == '\n' || (here(w) == '\r' && (rest.n < 2 || rest.p[1] != '\n'));
    w->line += is_line_end;
    w->col = is_line_end ? 1 : w->col + 1;
    w->i += n ? n : rest.n > 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct walk *w)
{
    while (is_blank(here(w)))
        step(w);
}

/* Behind white space that both sides have at k: where the text goes on. */
static size_t step_blanks(struct walk *w, struct str text, size_t k)
{
    struct walk before = *w;
    skip_blanks(w);
    size_t n_lines = (size_t)(w->line - before.line);
    if (w->is_block) {
        while (k < text.n && is_blank(text.p[k]))
            k++;
        return k;
    }
    if (n_lines > 0)
        return k + (n_lines == 1 ? 1 : n_lines - 1); /* one line end is a space, and of more the first is nothing */
    *w = before;
    step(w);
    return k + 1;
}

/* The document's characters that stand for one of the text. */
static void step_one(struct walk *w)
{
    size_t n = 1;
    if (w->quote == '"' && here(w) == '\\') {
        char kind = w->i + 1 < w->document.n ? w->document.p[w->i + 1] : 0;
        n = kind == 'x' ? 4 : kind == 'u' ? 6 : kind == 'U' ? 10 : 2;
    } else if (w->quote == '\'' && here(w) == '\'') {
        n = 2;
    }
    for (size_t i = 0; i < n; i++)
        step(w);
}

/* To the first character of the scalar: behind its quote, or on the line below its `|` or `>`. */
static void enter(struct walk *w)
{
    char first = here(w);
    if (first == '"' || first == '\'') {
        w->quote = first;
        step(w);
    } else if (first == '|' || first == '>') {
        w->is_block = true;
        while (here(w) && here(w) != '\n')
            step(w);
        skip_blanks(w);
    }
}

/* In double quotes a line may go on behind a backslash, without a space between. */
static void skip_continuation(struct walk *w)
{
    if (w->quote != '"' || here(w) != '\\' || w->i + 1 >= w->document.n || w->document.p[w->i + 1] != '\n')
        return;
    step(w);
    skip_blanks(w);
}

void yaml_place(struct str document, const struct yaml *scalar, size_t at, int *ret_line, int *ret_col)
{
    struct walk w = {.document = document, .line = 1, .col = 1};
    struct str text = scalar->text;
    while (w.i < document.n && (w.line < scalar->line || (w.line == scalar->line && w.col < scalar->col)))
        step(&w);
    enter(&w);
    for (size_t k = 0; k < at && k < text.n;) {
        if (is_blank(text.p[k]) && is_blank(here(&w))) {
            k = step_blanks(&w, text, k);
        } else {
            size_t n = utf8_next(str_sub(text, k, SIZE_MAX));
            k += n ? n : 1;
            step_one(&w);
        }
        skip_continuation(&w);
    }
    *ret_line = w.line;
    *ret_col = w.col;
}
