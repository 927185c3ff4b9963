/*
 * base/err.h - how functions fail.
 *
 * 0 is done. Negative is -ERR_x from err.tbl.h, passed up unchanged through err_trace(). Positive is the function's own
 * documented outcome (THING_R_x), handled by the direct caller and never forwarded. Library codes and errno are
 * translated in the file that called the library, and travel no further.
 */
#pragma once

enum err {
    ERR_NONE = 0,
#define ERR(name, text) ERR_##name,
#include "base/err.tbl.h"
#undef ERR
    ERR_COUNT
};

/* Static strings; `r` may have either sign. */
const char *err_name(int r);
const char *err_text(int r);

/* The code for an errno value (positive): -ERR_x. */
int err_from_errno(int e);

/* Marks the place an error passed through; logs at debug level in debug builds. Returns `r`. */
int err_trace_at(int r, const char *file, int line);
#ifdef FLYBALL_CHECK_SLOW
#define err_trace(r) err_trace_at((r), __FILE__, __LINE__)
#else
#define err_trace(r) (r)
#endif
