/* call/body_side.tbl.h - which body of a call: BODY_SIDE(NAME, text). */
BODY_SIDE(REQUEST, "request")
BODY_SIDE(RESPONSE, "response")
