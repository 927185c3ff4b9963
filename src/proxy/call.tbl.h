/*
 * proxy/call.tbl.h - the states of a call: STATE(NAME, text, edges, leave_read, leave_other, leave_stream).
 *
 * leave_*: what happens when the agent goes away in that state, for calls of class read, for streams of a model, asked
 * for or not, and for all others:
 *   LEAVE_END      recorded as given up, nothing was sent
 *   LEAVE_WAIT     as LEAVE_END, but somebody may be about to wake it
 *   LEAVE_RELEASE  what was held is released when the wait is over, nothing was sent
 *   LEAVE_CANCEL   the vendor is cancelled, the call is closed
 *   LEAVE_FINISH   the vendor's answer is awaited and recorded: a money call is never cut into an unknown
 *   LEAVE_DROP     only the answer's bytes are lost
 */
STATE(NEW, "new", E(READING) | E(DECIDING) | E(REPLYING), LEAVE_END, LEAVE_END, LEAVE_END)
STATE(READING, "reading", E(DECIDING) | E(REPLYING) | E(DONE), LEAVE_END, LEAVE_END, LEAVE_END)
STATE(DECIDING, "deciding", E(LOOKING_UP) | E(ASKING) | E(WAITING) | E(SYNCING) | E(FORWARDING) | E(REPLYING) | E(DONE),
      LEAVE_END, LEAVE_END, LEAVE_END)
STATE(LOOKING_UP, "looking_up", E(DECIDING) | E(REPLYING) | E(DONE), LEAVE_END, LEAVE_END, LEAVE_END)
STATE(ASKING, "asking", E(DECIDING) | E(REPLYING) | E(DONE), LEAVE_RELEASE, LEAVE_RELEASE, LEAVE_RELEASE)
STATE(WAITING, "waiting", E(DECIDING) | E(REPLYING) | E(DONE), LEAVE_WAIT, LEAVE_WAIT, LEAVE_WAIT)
STATE(SYNCING, "syncing", E(FORWARDING) | E(REPLYING) | E(DONE), LEAVE_RELEASE, LEAVE_RELEASE, LEAVE_RELEASE)
STATE(FORWARDING, "forwarding", E(ANSWERING) | E(REPLYING) | E(DONE), LEAVE_CANCEL, LEAVE_FINISH, LEAVE_CANCEL)
STATE(ANSWERING, "answering", E(REPLYING) | E(DONE), LEAVE_CANCEL, LEAVE_FINISH, LEAVE_CANCEL)
STATE(REPLYING, "replying", E(DONE), LEAVE_DROP, LEAVE_DROP, LEAVE_DROP)
STATE(DONE, "done", 0, LEAVE_DROP, LEAVE_DROP, LEAVE_DROP)
