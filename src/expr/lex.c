/*
 * expr/lex.c - the words of an expression: names, literals, marks; white space and // comments between them.
 */
#include "expr/expr_impl.h"

#include <string.h>

#include "codec/utf8.h"

static const struct str marks[] = {STR_INIT("&&"), STR_INIT("||"), STR_INIT("=="), STR_INIT("!="), STR_INIT("<="),
                                   STR_INIT(">="), STR_INIT("("),  STR_INIT(")"),  STR_INIT("["),  STR_INIT("]"),
                                   STR_INIT("{"),  STR_INIT("}"),  STR_INIT("."),  STR_INIT(","),  STR_INIT("?"),
                                   STR_INIT(":"),  STR_INIT("+"),  STR_INIT("-"),  STR_INIT("*"),  STR_INIT("/"),
                                   STR_INIT("%"),  STR_INIT("!"),  STR_INIT("<"),  STR_INIT(">")};

/* Words that CEL keeps for itself: they may follow a dot, and name nothing else. */
static const struct str reserved[] = {
    STR_INIT("as"),     STR_INIT("break"), STR_INIT("const"),     STR_INIT("continue"), STR_INIT("else"),
    STR_INIT("for"),    STR_INIT("function"), STR_INIT("if"),     STR_INIT("import"),   STR_INIT("let"),
    STR_INIT("loop"),   STR_INIT("package"), STR_INIT("namespace"), STR_INIT("return"), STR_INIT("var"),
    STR_INIT("void"),   STR_INIT("while"), STR_INIT("in"),        STR_INIT("true"),     STR_INIT("false"),
    STR_INIT("null")};

#define N(table) (sizeof(table) / sizeof((table)[0]))

bool name_is_reserved(struct str name)
{
    for (size_t i = 0; i < N(reserved); i++)
        if (str_eq(reserved[i], name))
            return true;
    return false;
}

bool token_is(const struct token *t, const char *mark)
{
    return t->kind == TOKEN_MARK && str_eq(t->text, str_c(mark));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c);
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The byte at i, or 0 behind the end: no text has a NUL that means anything. */
static char peek(const struct lexer *l, size_t i)
{
    return i < l->c->text.n ? l->c->text.p[i] : 0;
}

static void skip_blanks(struct lexer *l)
{
    for (;;) {
        char c = peek(l, l->at);
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
            l->at++;
        } else if (c == '/' && peek(l, l->at + 1) == '/') {
            while (l->at < l->c->text.n && peek(l, l->at) != '\n')
                l->at++;
        } else {
            return;
        }
    }
}

static bool done(struct lexer *l, struct token *t, enum token_kind kind, size_t end)
{
    t->kind = kind;
    t->end = (uint32_t)end;
    t->text = str_sub(l->c->text, t->at, end - t->at);
    l->at = end;
    return true;
}

static size_t digits(const struct lexer *l, size_t i)
{
    while (is_digit(peek(l, i)))
        i++;
    return i;
}

static bool lex_whole(struct lexer *l, struct token *t, size_t end)
{
    bool is_uint = peek(l, end) == 'u' || peek(l, end) == 'U';
    return done(l, t, is_uint ? TOKEN_UINT : TOKEN_INT, end + is_uint);
}

static bool lex_number(struct lexer *l, struct token *t)
{
    size_t i = l->at;
    if (peek(l, i) == '0' && peek(l, i + 1) == 'x' && is_hex(peek(l, i + 2))) {
        for (i += 2; is_hex(peek(l, i)); i++)
            ;
        return lex_whole(l, t, i);
    }
    i = digits(l, i);
    bool is_double = peek(l, i) == '.' && is_digit(peek(l, i + 1));
    if (is_double)
        i = digits(l, i + 1);
    if (peek(l, i) == 'e' || peek(l, i) == 'E') {
        size_t exponent = i + 1 + (peek(l, i + 1) == '+' || peek(l, i + 1) == '-');
        if (is_digit(peek(l, exponent))) {
            is_double = true;
            i = digits(l, exponent);
        }
    }
    return is_double ? done(l, t, TOKEN_DOUBLE, i) : lex_whole(l, t, i);
}

/* Behind the quote that begins a string at i; its end. 0: none. */
static size_t string_end(const struct lexer *l, size_t i, char quote, bool is_triple, bool is_raw)
{
    for (; i < l->c->text.n; i++) {
        char c = peek(l, i);
        if (c == '\\' && !is_raw) {
            i++;
        } else if (c == quote) {
            if (!is_triple)
                return i + 1;
            if (peek(l, i + 1) == quote && peek(l, i + 2) == quote)
                return i + 3;
        } else if (!is_triple && (c == '\n' || c == '\r')) {
            return 0;
        }
    }
    return 0;
}

/* A string begins here, behind its prefix of b and r: its token; false with *ret_is untouched: none begins. */
static bool lex_string(struct lexer *l, struct token *t, bool *ret_is)
{
    size_t i = l->at;
    bool is_bytes = peek(l, i) == 'b' || peek(l, i) == 'B';
    i += is_bytes;
    bool is_raw = peek(l, i) == 'r' || peek(l, i) == 'R';
    i += is_raw;
    char quote = peek(l, i);
    if (quote != '"' && quote != '\'')
        return false;
    *ret_is = true;
    bool is_triple = peek(l, i + 1) == quote && peek(l, i + 2) == quote;
    size_t end = string_end(l, i + (is_triple ? 3 : 1), quote, is_triple, is_raw);
    if (end == 0)
        return compile_fault(l->c, "expr_syntax", t->at, l->c->text.n, "this text has no closing quote");
    return done(l, t, is_bytes ? TOKEN_BYTES : TOKEN_STRING, end);
}

static bool lex_quoted(struct lexer *l, struct token *t)
{
    size_t i = l->at + 1;
    while (is_name_char(peek(l, i)) || (peek(l, i) && strchr(".-/ []", peek(l, i))))
        i++;
    if (peek(l, i) != '`' || i == l->at + 1)
        return compile_fault(l->c, "expr_syntax", t->at, i, "a name in backquotes has letters, digits and _ . - / [ ]");
    done(l, t, TOKEN_QUOTED, i + 1);
    t->text = str_sub(t->text, 1, t->text.n - 2);
    return true;
}

static bool lex_mark(struct lexer *l, struct token *t)
{
    struct str rest = str_sub(l->c->text, l->at, SIZE_MAX);
    for (size_t i = 0; i < N(marks); i++)
        if (str_starts(rest, marks[i]))
            return done(l, t, TOKEN_MARK, l->at + marks[i].n);
    size_t n = utf8_next(rest);
    n = n ? n : 1;
    char c = rest.p[0];
    if (c == '=')
        return compile_fault(l->c, "expr_syntax", l->at, l->at + 1, "`=` is no operator; equality is `==`");
    if (c == '&' || c == '|')
        return compile_fault(l->c, "expr_syntax", l->at, l->at + 1, "`%c` is no operator; write `%c%c`", c, c, c);
    return compile_fault(l->c, "expr_syntax", l->at, l->at + n, "`" STR_FMT "` has no meaning here",
                         STR_ARG(str_sub(rest, 0, n)));
}

bool lex(struct lexer *l, struct token *ret)
{
    skip_blanks(l);
    *ret = (struct token){.at = (uint32_t)l->at, .end = (uint32_t)l->at};
    if (l->at == l->c->text.n)
        return done(l, ret, TOKEN_END, l->at);
    char c = peek(l, l->at);
    bool is_string = false;
    if (lex_string(l, ret, &is_string) || is_string)
        return ret->kind == TOKEN_STRING || ret->kind == TOKEN_BYTES;
    if (is_digit(c) || (c == '.' && is_digit(peek(l, l->at + 1))))
        return lex_number(l, ret);
    if (c == '`')
        return lex_quoted(l, ret);
    if (!is_name_char(c))
        return lex_mark(l, ret);
    size_t end = l->at;
    while (is_name_char(peek(l, end)))
        end++;
    return done(l, ret, TOKEN_NAME, end);
}
