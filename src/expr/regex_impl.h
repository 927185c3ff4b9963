/*
 * expr/regex_impl.h - a compiled pattern: a program whose instructions are the states of a machine. For regex_*.c only.
 */
#pragma once

#include "expr/regex.h"

/* The characters from..to, both included. */
struct regex_range {
    uint32_t from, to;
};

enum regex_assert {
    ASSERT_TEXT_START,
    ASSERT_TEXT_END,
    ASSERT_LINE_START,
    ASSERT_LINE_END,
    ASSERT_WORD_EDGE,
    ASSERT_NO_WORD_EDGE,
};

enum regex_op {
    OP_RANGES, /* one character of the ranges, then the next instruction */
    OP_ASSERT, /* nothing, where the assertion holds */
    OP_SPLIT,  /* go on at x and at y */
    OP_JUMP,   /* go on at x */
    OP_MATCH,
};

struct regex_inst {
    enum regex_op op;
    uint16_t x, y;
    enum regex_assert what;
    const struct regex_range *ranges;
    size_t n_ranges;
};

struct regex {
    const struct regex_inst *insts;
    size_t n;
};

/* --- while it is compiled: regex_parse.c makes a tree, regex_compile.c a program of it --- */

#define REPEAT_FOREVER (-1)

enum part_kind { PART_RANGES, PART_ASSERT, PART_SEQUENCE, PART_CHOICE, PART_REPEAT };

struct part {
    enum part_kind kind;
    struct part *first, *last, *next; /* children */
    enum regex_assert what;
    struct regex_range *ranges;
    size_t n_ranges;
    int least, most; /* PART_REPEAT */
};

/* The tree; NULL: *ret_why is static, and *ret_at says where. */
const struct part *regex_parse(struct arena *a, struct str pattern, const char **ret_why, size_t *ret_at);

/* --- regex_run.c, for regex_find.c --- */

/* Between the characters on both sides of a place. */
bool regex_holds(enum regex_assert what, uint32_t before, uint32_t here);
bool regex_takes(const struct regex_inst *inst, uint32_t c);
/* Bytes of the first character of s; *ret REGEX_NO_CHAR: there is none. */
size_t regex_next_char(struct str s, uint32_t *ret);
