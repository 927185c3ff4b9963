/*
 * replay/suggest_impl.h - what is counted for a suggestion. For suggest*.c only.
 */
#pragma once

#include "base/arena.h"
#include "base/map.h"
#include "replay/suggest.h"

#define SUGGEST_NAMES_MAX 32 /* models of a pair; more are said as every model of the vendor */

/*
 * What was refused is permitted too, where it fits a new rule and its limits, and takes room from what comes behind it:
 * refused calls before the last permitted one of a day count for the day's limit.
 */
struct day {
    int64_t at;
    uint64_t calls;
    money_t usd;
    money_t *refused; /* costs in order */
    size_t n_refused, cap_refused, n_refused_before; /* before the last permitted call */
};

/* One operation of one agent. */
struct pair {
    struct pair *next;
    struct str agent, operation, vendor, layer;
    enum op_class class;
    uint64_t calls, unpriced;
    money_t most; /* of one call */
    wall_t first_at, last_at;
    struct str example; /* a call id */
    bool is_written;    /* while the document is made: it stands in a rule */
    struct map models;  /* name -> non-NULL */
    money_t *amounts;
    size_t n_amounts;
    struct day *days;
    size_t n_days, cap_days;
};

/* A call that has not ended: what it costs beyond what was held counts in its day too. */
struct open_call {
    struct pair *pair;
    size_t i_day;
    money_t usd;
};

struct suggest {
    struct suggest_options o;
    struct arena frame, kept;
    struct map by_name; /* "agent operation class" -> struct pair */
    struct map open;    /* open_seq, 8 bytes -> struct open_call */
    struct pair *pairs;
    size_t n_days, n_kept_refused;
    uint64_t seq, n_calls, n_refused, n_approved, n_lacking;
};
