/*
 * call/spend_by.tbl.h - what sums of money are told apart by: SPEND_BY(NAME, member). `member` is the name in the answer,
 * in the parameter and in `struct spend_row`. The day is another kind of value, and comes first.
 */
SPEND_BY(VENDOR, vendor)
SPEND_BY(MODEL, model)
SPEND_BY(CLASS, class)
SPEND_BY(AGENT, agent)
SPEND_BY(KEY, key)
