/*
 * proxy/duties.h - obligations of the rules that permitted a call, met before it is sent (call/duties.h).
 */
#pragma once

#include "proxy/call.h"

/* What makes another request the same as this one: as a rule of the verdict says, else as the connector does. */
void duties_of_duplicate(struct call *c);
/* The sentence about a duplicate that a rule does not let through. */
void duties_refuse_duplicate(struct call *c);
/* A duplicate of it may pass with a person's yes. */
bool duties_may_ask(const struct call *c);
/*
 * Before persons are asked, or after a hold that found a duplicate: where one may let it pass, that is asked too.
 * False: no memory.
 */
bool duties_ask_again(struct call *c);
/* Held: writes the events that rules ask for. False: they could not be written, and nothing may be sent. */
bool duties_notify(struct call *c);
