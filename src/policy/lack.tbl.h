/*
 * policy/lack.tbl.h - what keeps a recorded call from being decided on again: LACK(NAME, text, phrase).
 */
LACK(ERASED, "erased", "personal values of it were erased")
LACK(COST, "cost", "its cost was never looked up")
LACK(CUSTOMER, "customer", "its customer was never looked up")
LACK(HOST, "host", "where its vendor was reached is not on record")
LACK(SCOPE, "scope", "whose accounts it touches was never asked")
LACK(DOWNGRADE, "downgrade", "a cheaper model would be asked, and nobody recorded what that costs")
LACK(UNREADABLE, "unreadable", "its record cannot be read")
