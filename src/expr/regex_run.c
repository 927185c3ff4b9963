/*
 * expr/regex_run.c - runs a program over a text: all states at once, character by character.
 *
 * A set of states is kept as a list of its members in the order they came and an array that says where each stands in
 * the list, so that clearing a set is setting its size to 0. Invalid UTF-8 counts as one U+FFFD a byte.
 */
#include "expr/regex_impl.h"

#include <string.h>

#include "codec/utf8.h"

#define NO_CHAR REGEX_NO_CHAR /* before the text, and behind it */

struct states {
    uint16_t members[REGEX_STATES_MAX];
    uint16_t place[REGEX_STATES_MAX];
    size_t n;
};

struct run {
    const struct regex *r;
    uint32_t before, here; /* the characters on both sides of the place we are at */
    struct states *to;
    uint16_t pending[REGEX_STATES_MAX]; /* states to follow; each is there once, since it enters `to` first */
    size_t n_pending;
    bool is_match;
};

static bool is_word(uint32_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= 'a' && c <= 'z');
}

bool regex_holds(enum regex_assert what, uint32_t before, uint32_t here)
{
    bool is_edge = is_word(before) != is_word(here);
    switch (what) {
    case ASSERT_TEXT_START:
        return before == NO_CHAR;
    case ASSERT_TEXT_END:
        return here == NO_CHAR;
    case ASSERT_LINE_START:
        return before == NO_CHAR || before == '\n';
    case ASSERT_LINE_END:
        return here == NO_CHAR || here == '\n';
    case ASSERT_WORD_EDGE:
        return is_edge;
    case ASSERT_NO_WORD_EDGE:
        return !is_edge;
    }
    return false;
}

static void enter(struct run *run, uint16_t i)
{
    struct states *to = run->to;
    if (to->place[i] < to->n && to->members[to->place[i]] == i)
        return;
    to->place[i] = (uint16_t)to->n;
    to->members[to->n++] = i;
    run->pending[run->n_pending++] = i;
}

/* State i, and all that it leads to without taking a character. */
static void follow(struct run *run, uint16_t i)
{
    enter(run, i);
    while (run->n_pending > 0) {
        uint16_t at = run->pending[--run->n_pending];
        const struct regex_inst *inst = &run->r->insts[at];
        if (inst->op == OP_MATCH)
            run->is_match = true;
        if (inst->op == OP_SPLIT || inst->op == OP_JUMP)
            enter(run, inst->x);
        if (inst->op == OP_SPLIT)
            enter(run, inst->y);
        if (inst->op == OP_ASSERT && regex_holds(inst->what, run->before, run->here))
            enter(run, (uint16_t)(at + 1));
    }
}

bool regex_takes(const struct regex_inst *inst, uint32_t c)
{
    for (size_t i = 0; i < inst->n_ranges; i++)
        if (c >= inst->ranges[i].from && c <= inst->ranges[i].to)
            return true;
    return false;
}

size_t regex_next_char(struct str s, uint32_t *ret)
{
    size_t n = utf8_next(s);
    *ret = s.n == 0 ? NO_CHAR : n == 0 ? 0xfffd : utf8_code(s, n);
    return n == 0 && s.n > 0 ? 1 : n;
}

bool regex_match(const struct regex *r, struct str text)
{
    struct states sets[2];
    struct run run = {.r = r, .before = NO_CHAR, .to = &sets[0]};
    for (int i = 0; i < 2; i++) {
        sets[i].n = 0;
        memset(sets[i].place, 0, r->n * sizeof *sets[i].place);
    }
    size_t n = regex_next_char(text, &run.here);
    for (int turn = 0;; turn ^= 1) {
        follow(&run, 0); /* the pattern may begin anywhere */
        if (run.is_match || run.here == NO_CHAR)
            return run.is_match;
        struct states *from = run.to;
        uint32_t c = run.here;
        run.to = &sets[turn ^ 1];
        run.to->n = 0;
        run.before = c;
        text = str_sub(text, n, SIZE_MAX);
        n = regex_next_char(text, &run.here);
        for (size_t i = 0; i < from->n; i++) {
            const struct regex_inst *inst = &r->insts[from->members[i]];
            if (inst->op == OP_RANGES && regex_takes(inst, c))
                follow(&run, (uint16_t)(from->members[i] + 1));
        }
    }
}

size_t regex_states(const struct regex *r)
{
    return r->n;
}
