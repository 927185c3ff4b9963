/*
 * call/window.h - over what a limit counts, and when that begins and ends. All of it follows from the time of a call:
 * windows are computed when they are read, no job resets them.
 *
 *   (1) calendar windows are UTC's; a week begins on Monday (ISO 8601).
 *   (2) a sliding window moves by slots, which are aligned to 1970. A call counts in the slot of its time, and a slot
 *       counts whole until nothing of it is inside the window: it may refuse early, never late.
 */
#pragma once

#include "base/str.h"
#include "base/time.h"

enum limit_window {
#define WINDOW(name, text, is_calendar, phrase) WINDOW_##name,
#include "call/window.tbl.h"
#undef WINDOW
    WINDOW_COUNT
};

#define SLIDING_SLOTS 60 /* a sliding window is so many slots long; one more is inside in part */
#define SLIDING_NS_MIN NS_PER_S
#define SLIDING_NS_MAX (31 * 86400 * NS_PER_S)

bool window_is_calendar(enum limit_window w);
bool window_moves(enum limit_window w);          /* has a start: calendar and sliding ones */

/* "day", "sliding:1m". sliding_ns: how long a sliding one is; else 0. */
#define WINDOW_TEXT_BYTES 32
struct str window_text(enum limit_window w, int64_t sliding_ns, char out[WINDOW_TEXT_BYTES]);
/* As sentences say it, behind an amount: "a day", "in any 1m". */
struct str window_words(enum limit_window w, int64_t sliding_ns, char out[WINDOW_TEXT_BYTES]);
/* -ERR_NOT_FOUND. */
int window_parse(struct str s, enum limit_window *ret, int64_t *ret_sliding_ns);
/* As people write it behind a key's limit: "day", or a duration, which slides: "60s". -ERR_NOT_FOUND. */
int window_parse_short(struct str s, enum limit_window *ret, int64_t *ret_sliding_ns);

/* Start of the window, or of the slot, that t is in; 0: it has none. */
wall_t window_start(enum limit_window w, int64_t sliding_ns, wall_t t);
/* When what is counted at that start counts no more; 0: never. */
wall_t window_end(enum limit_window w, int64_t sliding_ns, wall_t start);
int64_t sliding_slot_ns(int64_t sliding_ns);
/* Nothing that is counted at `start` of the window with that text counts at `now`. */
bool window_is_past(struct str text, wall_t start, wall_t now);
/*
 * Minutes and slots are many, and nobody asks for old ones: a store need not keep them. True for such a window;
 * *ret_oldest: once something is counted at `start`, what is counted before this counts no more.
 */
bool window_is_fleeting(struct str text, wall_t start, wall_t *ret_oldest);
