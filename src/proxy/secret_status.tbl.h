/* proxy/secret_status.tbl.h - how a secret of the store stands: SECRET_STATUS(NAME, text, meaning, what to do). */
SECRET_STATUS(OK, "ok", "it is in use", "")
SECRET_STATUS(UNSET, "unset", "it is not set", "flyball secret set NAME")
SECRET_STATUS(NO_KEY, "no_key", "the key that seals secrets is missing or cannot be read",
              "put the key back (docs/guides/secrets.md), and restart")
SECRET_STATUS(OTHER_KEY, "other_key", "it was sealed with another key than the present one",
              "put the key back and restart, or flyball secret set NAME")
SECRET_STATUS(DAMAGED, "damaged", "its sealed bytes are not what was written",
              "flyball audit verify, then flyball secret set NAME")
