/*
 * expr/regex_compile.c - the tree of a pattern to a program. A counted repetition repeats its program, which is why the
 * program's size is bounded, and not only the pattern's.
 */
#include "expr/regex_impl.h"

#include <string.h>

#include "base/err.h"

#define SCRATCH_BYTES_MAX (1u << 20)

struct program {
    struct regex_inst *insts; /* REGEX_STATES_MAX of them */
    size_t n;
};

/* The next instruction; NULL: there are too many. */
static struct regex_inst *emit(struct program *x, enum regex_op op)
{
    if (x->n == REGEX_STATES_MAX)
        return NULL;
    x->insts[x->n] = (struct regex_inst){.op = op};
    return &x->insts[x->n++];
}

static bool emit_part(struct program *x, const struct part *p);

/* SPLIT to the branch and to the next SPLIT; each branch jumps to the end. */
static bool emit_choice(struct program *x, const struct part *branch)
{
    if (!branch->next)
        return emit_part(x, branch);
    struct regex_inst *split = emit(x, OP_SPLIT);
    if (!split)
        return false;
    split->x = (uint16_t)x->n;
    struct regex_inst *jump = emit_part(x, branch) ? emit(x, OP_JUMP) : NULL;
    if (!jump)
        return false;
    split->y = (uint16_t)x->n;
    if (!emit_choice(x, branch->next))
        return false;
    jump->x = (uint16_t)x->n;
    return true;
}

/* L: SPLIT body, out; body; JUMP L */
static bool emit_star(struct program *x, const struct part *body)
{
    size_t start = x->n;
    struct regex_inst *split = emit(x, OP_SPLIT);
    if (!split)
        return false;
    split->x = (uint16_t)x->n;
    struct regex_inst *jump = emit_part(x, body) ? emit(x, OP_JUMP) : NULL;
    if (!jump)
        return false;
    jump->x = (uint16_t)start;
    split->y = (uint16_t)x->n;
    return true;
}

static bool emit_repeat(struct program *x, const struct part *p)
{
    size_t start = x->n;
    for (int i = 0; i < p->least; i++) {
        if (!emit_part(x, p->first))
            return false;
        if (x->n == start)
            return true; /* nothing, however often */
    }
    if (p->most == REPEAT_FOREVER)
        return emit_star(x, p->first);
    for (int i = p->least; i < p->most; i++) {
        struct regex_inst *split = emit(x, OP_SPLIT);
        if (!split)
            return false;
        split->x = (uint16_t)x->n;
        if (!emit_part(x, p->first))
            return false;
        split->y = (uint16_t)x->n; /* without this one, the later ones may still follow: the same texts match */
    }
    return true;
}

static bool emit_one(struct program *x, const struct part *p)
{
    struct regex_inst *inst = emit(x, p->kind == PART_RANGES ? OP_RANGES : OP_ASSERT);
    if (!inst)
        return false;
    inst->what = p->what;
    inst->ranges = p->ranges;
    inst->n_ranges = p->n_ranges;
    return true;
}

static bool emit_part(struct program *x, const struct part *p)
{
    switch (p->kind) {
    case PART_RANGES:
    case PART_ASSERT:
        return emit_one(x, p);
    case PART_CHOICE:
        return emit_choice(x, p->first);
    case PART_REPEAT:
        return emit_repeat(x, p);
    case PART_SEQUENCE:
        break;
    }
    for (const struct part *child = p->first; child; child = child->next)
        if (!emit_part(x, child))
            return false;
    return true;
}

/* The program in memory that stays. False: the arena's cap. */
static bool keep(struct arena *a, const struct program *x, struct regex *ret)
{
    struct regex_inst *insts = arena_try_alloc(a, x->n * sizeof *insts);
    if (!insts)
        return false;
    memcpy(insts, x->insts, x->n * sizeof *insts);
    for (size_t i = 0; i < x->n; i++) {
        size_t bytes = insts[i].n_ranges * sizeof *insts[i].ranges;
        struct regex_range *ranges = bytes ? arena_try_alloc(a, bytes) : NULL;
        if (bytes && !ranges)
            return false;
        if (bytes)
            memcpy(ranges, insts[i].ranges, bytes);
        insts[i].ranges = ranges;
    }
    *ret = (struct regex){insts, x->n};
    return true;
}

int regex_compile(struct arena *a, struct str pattern, const struct regex **ret, const char **ret_why, size_t *ret_at)
{
    struct arena scratch;
    arena_init(&scratch, SCRATCH_BYTES_MAX);
    const struct part *root = regex_parse(&scratch, pattern, ret_why, ret_at);
    struct program x = {.insts = root ? arena_try_alloc(&scratch, REGEX_STATES_MAX * sizeof *x.insts) : NULL};
    bool is_ok = x.insts && emit_part(&x, root) && emit(&x, OP_MATCH);
    struct regex *r = is_ok ? arena_try_alloc(a, sizeof *r) : NULL;
    bool is_kept = r && keep(a, &x, r);
    arena_deinit(&scratch);
    if (root && !is_ok)
        *ret_why = "the pattern is too large: its repetitions, written out, have over 1000 states";
    if (!is_ok)
        return err_trace(-ERR_INVALID);
    if (!is_kept)
        return err_trace(-ERR_TOO_LARGE);
    *ret = r;
    return 0;
}
