/*
 * admin/sign_in_fault.tbl.h - why a sign-in at the provider did not end in a session: SIGN_IN_FAULT(NAME, text, sentence).
 * The text stands in the address of the dashboard, which shows the sentence.
 */
SIGN_IN_FAULT(TOO_MANY, "too_many", "too many sign-ins failed: wait a minute")
SIGN_IN_FAULT(UNREACHABLE, "unreachable", "the provider does not answer as it should: try again later, or sign in with a link")
SIGN_IN_FAULT(STATE_UNKNOWN, "state_unknown", "this sign-in was not begun here, is over already, or took too long: begin again")
SIGN_IN_FAULT(OTHER_BROWSER, "other_browser", "this sign-in was begun in another browser, or another one was begun since: begin again")
SIGN_IN_FAULT(ISSUER_OTHER, "issuer_other", "the answer is of another provider than the one that was asked")
SIGN_IN_FAULT(DENIED, "denied", "the provider did not let you in")
SIGN_IN_FAULT(CODE_REFUSED, "code_refused", "the provider did not take its own code back: begin again")
SIGN_IN_FAULT(TOKEN_REFUSED, "token_refused", "the provider's answer is not good; the daemon's log says why")
SIGN_IN_FAULT(NAME_UNKNOWN, "name_unknown", "the provider does not say the name, or the verified email, that people have here")
SIGN_IN_FAULT(PERSON_UNKNOWN, "person_unknown", "the provider let you in, but nobody of that name may use this dashboard: an owner can add you with `flyball admin create`")
SIGN_IN_FAULT(PERSON_REVOKED, "person_revoked", "your access to this dashboard was revoked")
SIGN_IN_FAULT(PERSON_EXPIRED, "person_expired", "your access to this dashboard has expired")
