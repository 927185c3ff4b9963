/*
 * expr/regex.h - regular expressions in time that is linear in the text: RE2's syntax without captures, run as a set of
 * states (Thompson), never by backtracking.
 *
 *   (1) a match takes at most regex_states() steps for each byte, and no memory beyond the caller's stack.
 *   (2) a pattern is a sequence of Unicode characters; classes like \w are ASCII's, as RE2 has them, and (?i) folds
 *       ASCII letters only.
 *   (3) what RE2 has and this has not (\p, \C, named classes, captures by name) is refused, never read as something
 * else.
 */
#pragma once

#include "base/arena.h"

#define REGEX_BYTES_MAX 1000
#define REGEX_STATES_MAX 1000
#define REGEX_DEPTH_MAX 32
#define REGEX_REPEAT_MAX 1000

struct regex;

/* 0; -ERR_INVALID: *ret_why is static and says what is wrong at byte *ret_at; -ERR_TOO_LARGE: the arena's cap. */
int regex_compile(struct arena *a, struct str pattern, const struct regex **ret, const char **ret_why, size_t *ret_at);
/* The pattern is found anywhere in the text. */
bool regex_match(const struct regex *r, struct str text);
/*
 * The first place from byte `from` on where the pattern matches, and there the longest match. `before`: the character
 * that stands before the text (REGEX_NO_CHAR: none). is_end false: more may follow, and REGEX_MAYBE says that from
 * *ret_at on it decides.
 */
enum regex_found { REGEX_NOTHING, REGEX_FOUND, REGEX_MAYBE };
#define REGEX_NO_CHAR UINT32_MAX
enum regex_found regex_find(const struct regex *r, struct str text, size_t from, uint32_t before, bool is_end,
                            size_t *ret_at, size_t *ret_n);
/* Bytes of the shortest and of the longest text that it matches; SIZE_MAX: there is no longest. */
void regex_lengths(const struct regex *r, size_t *ret_least, size_t *ret_most);
size_t regex_states(const struct regex *r);
