/*
 * proxy/approval_state.tbl.h - how far a question to a person is: APPROVAL_STATE(NAME, text, is_live). Live ones are in
 * the store as well, and come back after a restart.
 *
 *   pending -> approved -> used
 *      |  \        |  \--- and back, when nothing was sent after all
 *      v   v       v
 *   denied  expired
 */
APPROVAL_STATE(PENDING, "pending", true)
APPROVAL_STATE(APPROVED, "approved", true)
APPROVAL_STATE(DENIED, "denied", true)
APPROVAL_STATE(USED, "used", false)
APPROVAL_STATE(EXPIRED, "expired", false)
