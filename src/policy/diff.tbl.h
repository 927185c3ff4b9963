/*
 * policy/diff.tbl.h - what can differ between two documents, in the order in which it is said:
 * DIFF(NAME, text, opens, heading). opens: something may be permitted, or more of it, that was not.
 */
DIFF(PERMITTED, "permitted", true, "Becomes permitted")
DIFF(NOT_FORBIDDEN, "no_longer_forbidden", true, "Is no longer forbidden")
DIFF(NOT_ASKED, "no_longer_asked", true, "No longer needs a person's approval")
DIFF(ASKED, "asked", true, "Needs a person's approval")
DIFF(FORBIDDEN, "forbidden", false, "Becomes forbidden")
DIFF(NOT_PERMITTED, "no_longer_permitted", false, "Is no longer permitted")
DIFF(RULE_CHANGED, "rule_changed", true, "Rules that say something else")
DIFF(LIMIT_GONE, "limit_gone", true, "Limits that are gone")
DIFF(LIMIT_RAISED, "limit_raised", true, "Limits that are raised")
DIFF(LIMIT_LOWERED, "limit_lowered", false, "Limits that are lowered")
DIFF(LIMIT_NEW, "limit_new", false, "Limits that are new")
DIFF(LIMIT_CHANGED, "limit_changed", true, "Limits that count something else")
DIFF(PROOF_GONE, "proof_gone", true, "Proofs of identity that are no longer required")
DIFF(PROOF_NEW, "proof_new", false, "Proofs of identity that are required")
DIFF(SECTION, "section", true, "Other parts that say something else")
