/*
 * call/usage.h - what a call to a model used, in one normal form whatever the vendor counts: each token in exactly one
 * class, so that nothing is priced twice.
 */
#pragma once

#include "call/names.h"

enum token_direction { TOKENS_IN, TOKENS_OUT };
enum token_class {
#define TOKEN(name, text, direction, recorded) TOKEN_##name,
#include "call/token.tbl.h"
#undef TOKEN
    TOKEN_CLASS_COUNT
};
struct str token_class_text(enum token_class t);
struct str token_class_recorded(enum token_class t);
enum token_direction token_class_direction(enum token_class t);

/* Counts are never negative and never past TOKENS_MAX: readers clamp what a vendor claims. */
#define TOKENS_MAX (INT64_C(1) << 40)
struct usage {
    enum how how; /* HOW_PARSED: the vendor's report; HOW_ESTIMATED: from what was seen; HOW_UNKNOWN: nothing is set */
    int64_t tokens[TOKEN_CLASS_COUNT];
    int64_t web_searches; /* server tools that are billed by use */
    bool is_us_inference; /* kept in the US, which some models charge more for */
};
int64_t usage_tokens(const struct usage *u, enum token_direction d);

/* The most a call can use, before it is made. */
struct token_bound {
    bool is_known;
    int64_t input, output; /* output: of all choices together */
};

/* Ids and names that models and vendors make up are recorded up to here. */
#define LLM_NAME_BYTES_MAX 128

/* A tool call that the model asked for. `args_hash`: hex of the first 16 bytes of SHA-256 of the arguments' text;
 * zeros: they were not seen whole. */
struct tool_call {
    struct str id, name;
    struct str args;      /* JSON text as the model wrote it: for finding what it caused, never recorded */
    char args_hash[32];
};
