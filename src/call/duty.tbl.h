/* call/duty.tbl.h - the obligations of rules, in the order in which they are met: DUTY(NAME, text, help). */
DUTY(IDEMPOTENCY_KEY, "idempotency_key", "the request must have an Idempotency-Key of its own")
DUTY(DUPLICATE, "duplicate", "the same request with another Idempotency-Key counts as sent twice")
DUTY(NOTIFY, "notify", "an event with a name")
DUTY(LOG, "log", "bodies of the call are kept beside its record")
