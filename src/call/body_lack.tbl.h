/* call/body_lack.tbl.h - why a body that a policy asks to keep is not kept: BODY_LACK(NAME, text, what it means). */
BODY_LACK(BUSY, "busy", "too many others were on their way to the store (bodies_waiting_bytes_max)")
BODY_LACK(TOO_LARGE, "too_large", "it is larger than body_keep_bytes_max, and only whole can what is personal be taken out")
BODY_LACK(UNREADABLE, "unreadable", "the policy takes out what is personal, and this cannot be looked into")
BODY_LACK(DAMAGED, "damaged", "it came packed, and cannot be unpacked")
BODY_LACK(ERASED, "erased", "personal values were erased while the call was under way, and this might have had them")
