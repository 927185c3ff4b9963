/*
 * sandbox/fault.tbl.h - what can go wrong on the way back: FAULT(NAME, text, help). The request was carried out.
 */
FAULT(DROP, "drop", "no answer: the connection closes")
FAULT(TRUNCATE, "truncate", "half of the answer, or of the stream's events, then the connection closes")
FAULT(STALL, "stall", "never answered, or a stream that stops in the middle")
FAULT(DELAY, "delay", "answered after one second")
FAULT(SLOW, "slow", "the answer comes a few bytes at a time")
FAULT(ERROR_500, "error_500", "answered with status 500")
