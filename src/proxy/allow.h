/*
 * proxy/allow.h - `allow_when` of a source: does an answer allow? CEL over `status` (int) and `body` (its JSON).
 */
#pragma once

#include "codec/json_read.h"
#include "expr/expr.h"

/* The text lives as long as the expression. 0; -ERR_INVALID: *ret_fault says why, in `a`. */
int allow_compile(struct str text, struct arena *a, struct expr **ret, struct expr_fault *ret_fault);
/* True: *ret is what it comes to. False: it ended with an error, or the body is no JSON that it could read. */
bool allow_eval(const struct expr *e, uint16_t status, struct str body, struct arena *a, bool *ret);
