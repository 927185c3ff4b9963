/*
 * codec/csv.h - cells of a table for spreadsheets (RFC 4180), in which nothing that a stranger wrote is a formula.
 *
 * A program that opens the file may run what begins with '=', '+', '-' or '@' (in any width), also behind blanks, a tab
 * or a line end. Such a text gets an apostrophe before it, which spreadsheets show as nothing.
 */
#pragma once

#include "base/buf.h"

/* A text, in quotes. The buf's errors, as with all of these. */
int csv_text(struct buf *out, struct str text);
/* A number of ours, as it is: "-0.5" stays one. */
int csv_number(struct buf *out, struct str number);
int csv_next(struct buf *out); /* a comma */
int csv_end(struct buf *out);  /* of a row: CRLF */
