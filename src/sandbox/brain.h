/*
 * sandbox/brain.h - what a simulated model says, whatever the dialect it is asked in: text, or one tool call; and how
 * many tokens that is.
 *
 *   (1) a function of what is asked: the same words get the same answer.
 *   (2) with tools and no result yet it calls one (sandbox/arguments.h); with a result it quotes it.
 *   (3) it says no more than the output maximum, in tokens, reasoning included.
 *
 * "Write 200 words" gets 200 words, so that an answer can be as long, and as dear, as one likes.
 */
#pragma once

#include "base/arena.h"
#include "sandbox/arguments.h"

#define BRAIN_WORDS_MAX 4000 /* of one answer */

struct brain_ask {
    struct str model;
    struct str user;   /* the last thing that the user said */
    struct str result; /* of the last tool call behind it; p NULL: none yet */
    const struct sim_tool *tools;
    size_t n_tools;            /* 0: none, or the request forbids them */
    struct str tool;           /* the only one that the request allows; empty: any */
    struct json answer_schema; /* the answer must be JSON of this schema; JSON_ABSENT: text */
    int64_t output_max;        /* tokens; -1: none given */
    int64_t reasoning;         /* tokens it would think first; 0: it does not reason */
};

struct brain_said {
    const struct sim_tool *tool; /* NULL: it answers in text */
    struct str text;             /* the answer, or the call's arguments as JSON */
    const struct str *pieces;    /* the same, one token each, as a stream brings it */
    size_t n_pieces;
    int64_t output, reasoning; /* tokens, apart from each other */
    bool is_cut;               /* by output_max */
};

/* All texts in `a`. -ERR_TOO_LARGE: no room. */
int brain_say(struct arena *a, const struct brain_ask *ask, struct brain_said *ret);
/* Tokens of what was said to it. */
int64_t brain_tokens(size_t bytes);
