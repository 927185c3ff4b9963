/*
 * expr/regex_find.c - where a pattern matches: the states of regex_run.c, each with the place where its match began.
 *
 * States stand in the order of their beginnings, because those of an older beginning are followed first; of two ways
 * into one state the older beginning stays. So the first match is the leftmost, and it grows while states of its
 * beginning are left.
 */
#include "expr/regex_impl.h"

#include <string.h>

#include "base/check.h"

struct threads {
    uint16_t members[REGEX_STATES_MAX];
    uint16_t place[REGEX_STATES_MAX];
    size_t began[REGEX_STATES_MAX]; /* of members */
    size_t n;
};

struct search {
    const struct regex *r;
    uint32_t before, here;
    size_t at;
    struct threads *to;
    uint16_t pending[REGEX_STATES_MAX];
    size_t n_pending;
    bool has_match;
    size_t began, end; /* of the match */
};

static void enter(struct search *s, uint16_t i, size_t began)
{
    struct threads *to = s->to;
    if (to->place[i] < to->n && to->members[to->place[i]] == i)
        return;
    to->place[i] = (uint16_t)to->n;
    to->began[to->n] = began;
    to->members[to->n++] = i;
    s->pending[s->n_pending++] = i;
}

/* State i and all that it leads to, for a match that began there. */
static void follow(struct search *s, uint16_t i, size_t began)
{
    if (s->has_match && began > s->began)
        return;
    enter(s, i, began);
    while (s->n_pending > 0) {
        uint16_t at = s->pending[--s->n_pending];
        const struct regex_inst *inst = &s->r->insts[at];
        if (inst->op == OP_MATCH) {
            s->has_match = true;
            s->began = began;
            s->end = s->at;
        }
        if (inst->op == OP_SPLIT || inst->op == OP_JUMP)
            enter(s, inst->x, began);
        if (inst->op == OP_SPLIT)
            enter(s, inst->y, began);
        if (inst->op == OP_ASSERT && regex_holds(inst->what, s->before, s->here))
            enter(s, (uint16_t)(at + 1), began);
    }
}

/* What is left of `from` behind the character c, into the other set. */
static void step(struct search *s, const struct threads *from, uint32_t c)
{
    for (size_t i = 0; i < from->n; i++) {
        const struct regex_inst *inst = &s->r->insts[from->members[i]];
        if (inst->op == OP_RANGES && regex_takes(inst, c))
            follow(s, (uint16_t)(from->members[i] + 1), from->began[i]);
    }
}

/* More text may follow: the first beginning from which a match could still come. */
static enum regex_found unsure(const struct search *s, const struct threads *from, uint32_t c, size_t *ret_at,
                               size_t *ret_n)
{
    for (size_t i = 0; i < from->n; i++) {
        const struct regex_inst *inst = &s->r->insts[from->members[i]];
        if (inst->op != OP_RANGES || !regex_takes(inst, c) || (s->has_match && from->began[i] > s->began))
            continue;
        *ret_at = from->began[i];
        return REGEX_MAYBE;
    }
    *ret_at = s->began;
    *ret_n = s->has_match ? s->end - s->began : 0;
    return s->has_match ? REGEX_FOUND : REGEX_NOTHING;
}

static enum regex_found outcome(const struct search *s, size_t *ret_at, size_t *ret_n)
{
    if (!s->has_match)
        return REGEX_NOTHING;
    *ret_at = s->began;
    *ret_n = s->end - s->began;
    return REGEX_FOUND;
}

enum regex_found regex_find(const struct regex *r, struct str text, size_t from, uint32_t before, bool is_end,
                            size_t *ret_at, size_t *ret_n)
{
    struct threads sets[2];
    struct search s = {.r = r, .before = before, .to = &sets[0], .at = from};
    for (int i = 0; i < 2; i++) {
        sets[i].n = 0;
        memset(sets[i].place, 0, r->n * sizeof *sets[i].place);
    }
    size_t n = regex_next_char(str_sub(text, from, SIZE_MAX), &s.here);
    if (n == 0 && !is_end)
        return REGEX_NOTHING;
    for (int turn = 0;; turn ^= 1) {
        follow(&s, 0, s.at);
        if (s.here == REGEX_NO_CHAR || (s.has_match && s.to->n == 0))
            return outcome(&s, ret_at, ret_n);
        const struct threads *was = s.to;
        uint32_t c = s.before = s.here;
        s.at += n;
        s.to = &sets[turn ^ 1];
        s.to->n = 0;
        n = regex_next_char(str_sub(text, s.at, SIZE_MAX), &s.here);
        if (n == 0 && !is_end)
            return unsure(&s, was, c, ret_at, ret_n);
        step(&s, was, c);
    }
}

/* --- how long a match can be --- */

struct lengths {
    const struct regex *r;
    size_t least[REGEX_STATES_MAX], most[REGEX_STATES_MAX];
    enum { UNSEEN, OPEN, KNOWN } state[REGEX_STATES_MAX];
};

static size_t utf8_bytes(uint32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

static size_t plus(size_t a, size_t b) { return a > SIZE_MAX - b ? SIZE_MAX : a + b; }

/* From state i to the end. A state that leads back to itself has no longest way. */
static void measure(struct lengths *l, uint16_t i)
{
    const struct regex_inst *inst = &l->r->insts[i];
    size_t step_least = 0, step_most = 0;
    if (l->state[i] != UNSEEN)
        return;
    l->state[i] = OPEN;
    l->least[i] = l->most[i] = SIZE_MAX;
    if (inst->op == OP_MATCH) {
        l->least[i] = l->most[i] = 0;
        l->state[i] = KNOWN;
        return;
    }
    if (inst->op == OP_RANGES && inst->n_ranges) {
        step_least = utf8_bytes(inst->ranges[0].from);
        for (size_t k = 0; k < inst->n_ranges; k++)
            step_most = utf8_bytes(inst->ranges[k].to) > step_most ? utf8_bytes(inst->ranges[k].to) : step_most;
    }
    uint16_t next = inst->op == OP_SPLIT || inst->op == OP_JUMP ? inst->x : (uint16_t)(i + 1);
    uint16_t other = inst->op == OP_SPLIT ? inst->y : next;
    measure(l, next);
    measure(l, other);
    l->least[i] = plus(step_least, l->least[next] < l->least[other] ? l->least[next] : l->least[other]);
    l->most[i] = plus(step_most, l->most[next] > l->most[other] ? l->most[next] : l->most[other]);
    l->state[i] = KNOWN;
}

void regex_lengths(const struct regex *r, size_t *ret_least, size_t *ret_most)
{
    struct lengths l = {.r = r};
    check(r->n > 0 && r->n <= REGEX_STATES_MAX);
    measure(&l, 0);
    *ret_least = l.least[0];
    *ret_most = l.most[0];
}
