/* replay/change.tbl.h - what another document makes of a call: CHANGE(NAME, text). As enum effect is after it. */
CHANGE(PERMITTED, "permitted")
CHANGE(DENIED, "denied")
CHANGE(ASKED, "asked")
