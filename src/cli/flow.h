/*
 * cli/flow.h - lines of parts that break where the next part does not fit.
 */
#pragma once

#include "cli/print.h"

struct flow {
    struct cli *cli;
    size_t columns; /* 0: never breaks */
    size_t indent;  /* of what goes on below */
    size_t at;      /* characters in the line so far */
};

/* Starts a line with `lead`; parts that go below stand under its end. */
void flow_begin(struct flow *f, struct cli *c, size_t columns, struct str lead);
/* Two spaces and the part; a part is never broken. Empty parts are left out. */
void flow_add(struct flow *f, enum style style, struct str part);
/* A sentence, broken between its words. */
void flow_words(struct flow *f, enum style style, struct str text);
void flow_end(struct flow *f);
