/*
 * call/window.h - over what a limit counts, and when that begins and ends. All of it follows from the time of a call:
 * windows are computed when they are read, no job resets them.
 *
 *   (1) calendar windows are those of the clock on the wall in their zone; a week begins on Monday (ISO 8601).
 *       Days, weeks and months begin when that clock first shows their first moment or a later one, and end when the
 *       next one begins: setting it back over midnight reopens nothing. Minutes and hours are cut where it is set.
 *   (2) a sliding window moves by slots, which are aligned to 1970. A call counts in the slot of its time, and a slot
 *       counts whole until nothing of it is inside the window: it may refuse early, never late.
 */
#pragma once

#include "base/str.h"
#include "base/zone.h"

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

/*
 * "day", "day:Europe/Berlin", "sliding:1m". sliding_ns: how long a sliding one is, else 0; zone: the name of a calendar
 * window's zone, empty for UTC.
 */
#define WINDOW_TEXT_BYTES (16 + ZONE_NAME_CHARS_MAX)
struct str window_text(enum limit_window w, int64_t sliding_ns, struct str zone, char out[WINDOW_TEXT_BYTES]);
/* As sentences say it, behind an amount: "a day", "a day in Europe/Berlin", "in any 1m". */
struct str window_words(enum limit_window w, int64_t sliding_ns, struct str zone, char out[WINDOW_TEXT_BYTES]);
/* -ERR_NOT_FOUND. *ret_zone: a name within s, or empty; nobody has looked whether there is such a zone. */
int window_parse(struct str s, enum limit_window *ret, int64_t *ret_sliding_ns, struct str *ret_zone);
/* As people write it behind a key's limit: "day", or a duration, which slides: "60s". -ERR_NOT_FOUND. */
int window_parse_short(struct str s, enum limit_window *ret, int64_t *ret_sliding_ns);

/* Start of the window, or of the slot, that t is in; 0: it has none. `zone`: of a calendar window; NULL: UTC. */
wall_t window_start(enum limit_window w, int64_t sliding_ns, const struct zone *zone, wall_t t);
/* When what is counted at that start counts no more; 0: never. */
wall_t window_end(enum limit_window w, int64_t sliding_ns, const struct zone *zone, wall_t start);
int64_t sliding_slot_ns(int64_t sliding_ns);
/*
 * Nothing that is counted at `start` of the window with that text counts at `now`. Zones are not looked up for it: in
 * a named one a window is past once the longest would be.
 */
bool window_is_past(struct str text, wall_t start, wall_t now);
/*
 * Minutes and slots are many, and nobody asks for old ones: a store need not keep them. True for such a window;
 * *ret_oldest: once something is counted at `start`, what is counted before this counts no more.
 */
bool window_is_fleeting(struct str text, wall_t start, wall_t *ret_oldest);
