/* call/erasure.tbl.h - whose personal values can be erased: ERASE(NAME, text). */
ERASE(CUSTOMER, "customer")
ERASE(USER, "user")
ERASE(RUN, "run")
