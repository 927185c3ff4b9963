/*
 * sandbox/said.h - what of a person's text can become an argument: ids, addresses, numbers, amounts of money.
 *
 * Found once, in order. What stands in an id is no number, and the other way round.
 */
#pragma once

#include "base/str.h"

#include <stdint.h>

#define SAID_MAX 32 /* of each; more are not looked at */

enum said_unit { SAID_PLAIN, SAID_DOLLARS, SAID_CENTS };

struct said_number {
    int64_t hundredths; /* 5.50 is 550 */
    enum said_unit unit;
    bool is_used;
};
struct said_name {
    struct str text;
    bool is_used;
};

struct said {
    struct str text;                  /* all of it */
    struct said_name names[SAID_MAX]; /* ch_demo, ann@example.com, +14155550123 */
    size_t n_names;
    struct said_number numbers[SAID_MAX];
    size_t n_numbers;
};

void said_read(struct str text, struct said *ret);
/* True when a word of `text` begins like `word`, or `word` like it: "refunds" and "refund"; case is ignored. */
bool said_has_word(struct str text, struct str word);
/* The next word, [A-Za-z0-9]+ cut also where lower case meets upper: takes it off *rest. False at the end. */
bool said_next_word(struct str *rest, struct str *ret);
