/*
 * proxy/present.h - which credential a call presents to its vendor, and conceals in the answer.
 */
#pragma once

#include "proxy/call.h"

/*
 * Before the first byte to the vendor: takes what is in force now, once a call. False: there is none, or one of another
 * mode than the call was admitted to; it was refused.
 */
bool call_present(struct call *c);
/* At the head of an answer: the newest credential, where it covers what the call presented: both are concealed. */
void call_present_newest(struct call *c);
/* What must not be seen in the answer. Valid until the next of the two above. */
const struct conceal_forms *call_forms(const struct call *c);
