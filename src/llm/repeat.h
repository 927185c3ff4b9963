/*
 * llm/repeat.h - an event that repeats the one before but for its text: most of a stream. The event that was read last
 * is kept as a form: fixed text, and the places (slots) that change from event to event. Matching costs a comparison.
 *
 * What matches means what the form means: everything outside the slots is the same text, and a slot holds a plain
 * string (no escape, no quote, no control byte, ASCII) or digits. Anything else is no match, and is read.
 */
#pragma once

#include "llm/glance.h"

#define REPEAT_BYTES_MAX 1024

struct repeat {
    char text[REPEAT_BYTES_MAX];
    size_t n; /* 0: nothing was learned */
    struct glance form;
};

/* Learns the form of an event that a glance read; too long, or too many slots: forgets. */
void repeat_learn(struct repeat *r, struct str data, const struct glance *g);
/* True: `data` has the form. *ret is what a glance would have found. */
bool repeat_match(const struct repeat *r, struct str data, struct glance *ret);
