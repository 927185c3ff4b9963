/* call/erasure.tbl.h - whose personal values can be erased: ERASE(NAME, text). Of BEFORE, the value is a time. */
ERASE(CUSTOMER, "customer")
ERASE(USER, "user")
ERASE(RUN, "run")
ERASE(BEFORE, "before")
