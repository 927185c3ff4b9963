/*
 * call/window.tbl.h - over what a limit counts: WINDOW(NAME, text, is_calendar, phrase).
 * `phrase` follows the amount in sentences: "100.00 USD a day".
 */
WINDOW(CALL, "call", false, "a call")
WINDOW(MINUTE, "minute", true, "a minute")
WINDOW(HOUR, "hour", true, "an hour")
WINDOW(DAY, "day", true, "a day")
WINDOW(WEEK, "week", true, "a week")
WINDOW(MONTH, "month", true, "a month")
WINDOW(RUN, "run", false, "a run")
WINDOW(LIFETIME, "lifetime", false, "in all")
WINDOW(INSTANT, "instant", false, "at once")
WINDOW(SLIDING, "sliding", false, "in any")
