/*
 * cli/flow.c - see flow.h. Widths are in characters, as print.h counts them.
 */
#include "cli/flow.h"

#define GAP 2

void flow_begin(struct flow *f, struct cli *c, size_t columns, struct str lead)
{
    *f = (struct flow){.cli = c, .columns = columns, .indent = print_width(lead), .at = print_width(lead)};
    print_styled(c, STYLE_DIM, lead);
}

static void spaces(struct flow *f, size_t n)
{
    f->at += n;
    while (n-- > 0)
        fputc(' ', f->cli->out);
}

static void add(struct flow *f, enum style style, struct str part, size_t gap)
{
    size_t width = print_width(part);
    bool is_first = f->at == f->indent;
    if (!is_first && f->columns && f->at + gap + width > f->columns) {
        fputc('\n', f->cli->out);
        f->at = 0;
        spaces(f, f->indent);
    } else if (!is_first) {
        spaces(f, gap);
    }
    print_styled(f->cli, style, part);
    f->at += width;
}

void flow_add(struct flow *f, enum style style, struct str part)
{
    if (part.n)
        add(f, style, part, GAP);
}

void flow_words(struct flow *f, enum style style, struct str text)
{
    struct str rest = text, word;
    for (bool is_more = text.n > 0, is_start = true; is_more; is_start = false) {
        word = rest;
        is_more = str_cut(rest, ' ', &word, &rest);
        if (word.n)
            add(f, style, word, is_start ? GAP : 1);
    }
}

void flow_end(struct flow *f)
{
    fputc('\n', f->cli->out);
    f->at = 0;
}
