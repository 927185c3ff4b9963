/*
 * expr/regex_parse.c - a pattern to a tree, by recursive descent; groups nest at most REGEX_DEPTH_MAX deep.
 */
#include "expr/regex_impl.h"

#include <string.h>

#include "codec/utf8.h"

#define CODE_MAX 0x10ffffu
#define CLASS_RANGES_MAX 200

struct flags {
    bool folds_case;   /* i */
    bool dot_is_all;   /* s */
    bool is_multiline; /* m */
};

struct reading {
    struct arena *a;
    struct str pattern;
    size_t at;
    int depth;
    struct flags flags;
    const char *why;
};

/* NULL always: the first fault stays. */
static void *refuse(struct reading *x, const char *why)
{
    if (!x->why)
        x->why = why;
    return NULL;
}

static void *alloc(struct reading *x, size_t n)
{
    void *p = arena_try_alloc(x->a, n);
    if (!p)
        return refuse(x, "the pattern takes too much memory");
    return memset(p, 0, n);
}

static struct part *part_new(struct reading *x, enum part_kind kind)
{
    struct part *p = alloc(x, sizeof *p);
    if (p)
        p->kind = kind;
    return p;
}

static void part_add(struct part *parent, struct part *child)
{
    *(parent->last ? &parent->last->next : &parent->first) = child;
    parent->last = child;
}

static bool at_end(const struct reading *x)
{
    return x->at == x->pattern.n;
}

static char peek(const struct reading *x, size_t ahead)
{
    return x->at + ahead < x->pattern.n ? x->pattern.p[x->at + ahead] : 0;
}

static bool take(struct reading *x, char c)
{
    if (at_end(x) || peek(x, 0) != c)
        return false;
    x->at++;
    return true;
}

/* --- classes ----------------------------------------------------------------------------------------------------- */

struct ranges {
    struct regex_range items[CLASS_RANGES_MAX];
    size_t n;
};

static bool add_range(struct reading *x, struct ranges *r, uint32_t from, uint32_t to)
{
    if (r->n == CLASS_RANGES_MAX)
        return refuse(x, "a class has too many parts");
    r->items[r->n++] = (struct regex_range){from, to};
    return true;
}

/* The other case of the letters in from..to, too. */
static bool add_folded(struct reading *x, struct ranges *r, uint32_t from, uint32_t to, uint32_t first, uint32_t shift)
{
    uint32_t low = from > first ? from : first, high = to < first + 25 ? to : first + 25;
    return low > high || add_range(x, r, low + shift, high + shift);
}

static bool add_chars(struct reading *x, struct ranges *r, uint32_t from, uint32_t to)
{
    if (!add_range(x, r, from, to))
        return false;
    return !x->flags.folds_case || (add_folded(x, r, from, to, 'A', 'a' - 'A') &&
                                    add_folded(x, r, from, to, 'a', (uint32_t)'A' - (uint32_t)'a'));
}

static void sort_ranges(struct ranges *r)
{
    for (size_t i = 1; i < r->n; i++)
        for (size_t k = i; k > 0 && r->items[k].from < r->items[k - 1].from; k--) {
            struct regex_range swap = r->items[k];
            r->items[k] = r->items[k - 1];
            r->items[k - 1] = swap;
        }
}

static bool invert(struct reading *x, struct ranges *r)
{
    struct ranges not = {.n = 0};
    uint32_t next = 0;
    sort_ranges(r);
    for (size_t i = 0; i < r->n; i++) {
        if (r->items[i].from > next && !add_range(x, &not, next, r->items[i].from - 1))
            return false;
        if (r->items[i].to + 1 > next)
            next = r->items[i].to + 1;
    }
    if (next <= CODE_MAX && !add_range(x, &not, next, CODE_MAX))
        return false;
    *r = not;
    return true;
}

static bool add_all(struct reading *x, struct ranges *to, const struct ranges *from)
{
    for (size_t i = 0; i < from->n; i++)
        if (!add_range(x, to, from->items[i].from, from->items[i].to))
            return false;
    return true;
}

/* \d \w \s and their opposites; false without a fault: the letter is none of them. */
static bool add_perl_class(struct reading *x, struct ranges *to, char letter, bool *ret_is)
{
    static const struct regex_range digit[] = {{'0', '9'}}, word[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}},
                                    space[] = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
    char lower = letter | 0x20;
    const struct regex_range *of = lower == 'd' ? digit : lower == 'w' ? word : space;
    size_t n = lower == 'd' ? 1 : lower == 'w' ? 4 : 3;
    struct ranges class = {.n = n};
    *ret_is = letter && strchr("dDwWsS", letter);
    if (!*ret_is)
        return false;
    memcpy(class.items, of, n * sizeof *of);
    if (letter != lower && !invert(x, &class))
        return false;
    return add_all(x, to, &class);
}

static struct part *part_of_ranges(struct reading *x, const struct ranges *r)
{
    struct part *p = part_new(x, PART_RANGES);
    if (!p)
        return NULL;
    p->ranges = alloc(x, (r->n + 1) * sizeof *p->ranges);
    if (!p->ranges)
        return NULL;
    memcpy(p->ranges, r->items, r->n * sizeof *p->ranges);
    p->n_ranges = r->n;
    return p;
}

/* --- characters and escapes -------------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = c | 0x20;
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Behind \x: 41, or {1F431}. */
static bool read_hex(struct reading *x, uint32_t *ret)
{
    bool is_braced = take(x, '{');
    uint32_t code = 0;
    int n = 0;
    for (; n < (is_braced ? 6 : 2) && hex_digit(peek(x, 0)) >= 0; n++)
        code = code * 16 + (uint32_t)hex_digit(x->pattern.p[x->at++]);
    if (n == 0 || (!is_braced && n < 2) || (is_braced && !take(x, '}')) || code > CODE_MAX)
        return refuse(x, "a character by number is \\x41 or \\x{1F431}");
    *ret = code;
    return true;
}

/* Behind a backslash: one character. */
static bool read_escape(struct reading *x, uint32_t *ret)
{
    static const char names[] = "aftnrv", meanings[] = "\a\f\t\n\r\v";
    char c = peek(x, 0);
    const char *named = c ? strchr(names, c) : NULL;
    bool is_letter = ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9');
    if (at_end(x))
        return refuse(x, "the pattern ends with a backslash");
    if (named || (!is_letter && (unsigned char)c < 0x80)) {
        *ret = (unsigned char)(named ? meanings[named - names] : c);
        x->at++;
        return true;
    }
    if (!take(x, 'x'))
        return refuse(x, "this escape is not known");
    return read_hex(x, ret);
}

static bool read_char(struct reading *x, uint32_t *ret)
{
    struct str rest = str_sub(x->pattern, x->at, SIZE_MAX);
    if (take(x, '\\'))
        return read_escape(x, ret);
    size_t n = utf8_next(rest);
    if (n == 0)
        return refuse(x, "the pattern is not valid UTF-8");
    *ret = utf8_code(rest, n);
    x->at += n;
    return true;
}

/* One element of a class: a character, a range, or \d and the like. */
static bool read_class_item(struct reading *x, struct ranges *r)
{
    uint32_t from, to;
    bool is_class = false;
    if (peek(x, 0) == '[' && peek(x, 1) == ':')
        return refuse(x, "named classes are not known; write the characters: [a-z]");
    if (peek(x, 0) == '\\' && (add_perl_class(x, r, peek(x, 1), &is_class) || is_class)) {
        x->at += 2;
        return !x->why;
    }
    if (!read_char(x, &from))
        return false;
    to = from;
    if (peek(x, 0) == '-' && peek(x, 1) != ']' && x->at + 1 < x->pattern.n) {
        x->at++;
        if (!read_char(x, &to))
            return false;
        if (to < from)
            return refuse(x, "a range in a class goes backwards");
    }
    return add_chars(x, r, from, to);
}

static struct part *read_class(struct reading *x)
{
    struct ranges r = {.n = 0};
    bool is_not = take(x, '^');
    bool is_first = true; /* then a ']' is a character */
    while (is_first || peek(x, 0) != ']') {
        if (at_end(x))
            return refuse(x, "this class has no `]`");
        if (!read_class_item(x, &r))
            return NULL;
        is_first = false;
    }
    x->at++;
    if (is_not && !invert(x, &r))
        return NULL;
    return part_of_ranges(x, &r);
}

/* --- the grammar ------------------------------------------------------------------------------------------------- */

static struct part *read_choice(struct reading *x);

static struct part *part_assert(struct reading *x, enum regex_assert what)
{
    struct part *p = part_new(x, PART_ASSERT);
    if (p)
        p->what = what;
    return p;
}

/* A backslash and what it means, or a character that means itself. */
static struct part *read_simple(struct reading *x)
{
    struct ranges r = {.n = 0};
    uint32_t code;
    bool is_class = false;
    char letter = peek(x, 0) == '\\' ? peek(x, 1) : 0;
    const char *asserts = "AzbB";
    static const enum regex_assert whats[] = {ASSERT_TEXT_START, ASSERT_TEXT_END, ASSERT_WORD_EDGE,
                                              ASSERT_NO_WORD_EDGE};
    const char *known = letter ? strchr(asserts, letter) : NULL;
    if (known) {
        x->at += 2;
        return part_assert(x, whats[known - asserts]);
    }
    if (add_perl_class(x, &r, letter, &is_class) || is_class) {
        x->at += 2;
        return x->why ? NULL : part_of_ranges(x, &r);
    }
    if (!read_char(x, &code) || !add_chars(x, &r, code, code))
        return NULL;
    return part_of_ranges(x, &r);
}

static struct part *read_dot(struct reading *x)
{
    struct ranges all = {.items = {{0, CODE_MAX}}, .n = 1}, line = {.items = {{'\n', '\n'}}, .n = 1};
    if (x->flags.dot_is_all)
        return part_of_ranges(x, &all);
    return invert(x, &line) ? part_of_ranges(x, &line) : NULL;
}

/* (?i) for the rest of the group, (?i:...) for that group alone, (?:...). True: a group follows. */
static bool read_flags(struct reading *x, bool *ret_is_group)
{
    bool is_on = true;
    for (; peek(x, 0) != ')' && peek(x, 0) != ':'; x->at++) {
        char c = peek(x, 0);
        bool *flag = c == 'i' ? &x->flags.folds_case : c == 's' ? &x->flags.dot_is_all
                     : c == 'm' ? &x->flags.is_multiline
                                : NULL;
        if (c == '-' && is_on)
            is_on = false;
        else if (flag)
            *flag = is_on;
        else
            return refuse(x, "behind (? stand the flags i, s, m, or a colon");
    }
    *ret_is_group = peek(x, 0) == ':';
    x->at++;
    return true;
}

static struct part *read_group(struct reading *x)
{
    struct flags outside = x->flags;
    bool is_group = true;
    if (take(x, '?') && !read_flags(x, &is_group))
        return NULL;
    if (!is_group)
        return part_new(x, PART_SEQUENCE); /* the flags stay on to the end of the group around */
    if (++x->depth > REGEX_DEPTH_MAX)
        return refuse(x, "groups nest too deep");
    struct part *inside = read_choice(x);
    x->depth--;
    if (inside && !take(x, ')'))
        return refuse(x, "this group has no `)`");
    x->flags = outside;
    return inside;
}

static struct part *read_atom(struct reading *x)
{
    bool is_multiline = x->flags.is_multiline;
    switch (peek(x, 0)) {
    case '(':
        x->at++;
        return read_group(x);
    case '[':
        x->at++;
        return read_class(x);
    case '.':
        x->at++;
        return read_dot(x);
    case '^':
        x->at++;
        return part_assert(x, is_multiline ? ASSERT_LINE_START : ASSERT_TEXT_START);
    case '$':
        x->at++;
        return part_assert(x, is_multiline ? ASSERT_LINE_END : ASSERT_TEXT_END);
    case '*':
    case '+':
    case '?':
        return refuse(x, "nothing stands before this repetition");
    default:
        return read_simple(x);
    }
}

/* Decimal digits, at most REGEX_REPEAT_MAX; -1: none. */
static int read_count(struct reading *x)
{
    int n = -1;
    while (peek(x, 0) >= '0' && peek(x, 0) <= '9' && n <= REGEX_REPEAT_MAX)
        n = (n < 0 ? 0 : n) * 10 + (x->pattern.p[x->at++] - '0');
    return n;
}

/* {n}, {n,}, {n,m}. False, with nothing taken: these braces mean themselves. */
static bool read_counts(struct reading *x, int *ret_least, int *ret_most)
{
    size_t start = x->at;
    int least, most;
    x->at++;
    least = most = read_count(x);
    if (least >= 0 && take(x, ',')) {
        most = read_count(x);
        most = most < 0 ? REPEAT_FOREVER : most;
    }
    if (least < 0 || !take(x, '}')) {
        x->at = start;
        return false;
    }
    *ret_least = least;
    *ret_most = most;
    return true;
}

/* True: a repetition stands here, and is taken. */
static bool read_repeat(struct reading *x, int *ret_least, int *ret_most)
{
    *ret_least = peek(x, 0) == '+';
    *ret_most = peek(x, 0) == '?' ? 1 : REPEAT_FOREVER;
    if (take(x, '*') || take(x, '+') || take(x, '?'))
        return true;
    return peek(x, 0) == '{' && read_counts(x, ret_least, ret_most);
}

static struct part *read_piece(struct reading *x)
{
    struct part *atom = read_atom(x);
    int least, most;
    if (!atom || !read_repeat(x, &least, &most))
        return atom;
    (void)take(x, '?'); /* fewest first: the same texts match */
    if (least > REGEX_REPEAT_MAX || most > REGEX_REPEAT_MAX || (most != REPEAT_FOREVER && most < least))
        return refuse(x, "a repetition counts up to 1000, the smaller number first");
    int again_least, again_most;
    if (read_repeat(x, &again_least, &again_most))
        return refuse(x, "a repetition of a repetition needs a group around the first");
    struct part *repeat = part_new(x, PART_REPEAT);
    if (!repeat)
        return NULL;
    repeat->least = least;
    repeat->most = most;
    part_add(repeat, atom);
    return repeat;
}

static struct part *read_sequence(struct reading *x)
{
    struct part *sequence = part_new(x, PART_SEQUENCE);
    while (sequence && !at_end(x) && peek(x, 0) != '|' && peek(x, 0) != ')') {
        struct part *piece = read_piece(x);
        if (!piece)
            return NULL;
        part_add(sequence, piece);
    }
    return sequence;
}

static struct part *read_choice(struct reading *x)
{
    struct part *choice = part_new(x, PART_CHOICE);
    do {
        struct part *branch = choice ? read_sequence(x) : NULL;
        if (!branch)
            return NULL;
        part_add(choice, branch);
    } while (take(x, '|'));
    return choice;
}

const struct part *regex_parse(struct arena *a, struct str pattern, const char **ret_why, size_t *ret_at)
{
    struct reading x = {.a = a, .pattern = pattern};
    const struct part *root =
        pattern.n <= REGEX_BYTES_MAX ? read_choice(&x) : refuse(&x, "a pattern has at most 1000 bytes");
    if (root && !at_end(&x))
        root = refuse(&x, "this `)` has no `(`");
    *ret_why = x.why;
    *ret_at = x.at;
    return root;
}
