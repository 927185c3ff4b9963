/*
 * proxy/identity.h - for whom a call is made (CONTRACT 9): proven by an identity token, or only said by the request.
 */
#pragma once

#include "proxy/call.h"

/*
 * Before the body is read: the token in x-agent-identity, where there is one, is verified and gives user, tenant and
 * customer; what headers say is kept as claims. False: the token is refused, and so was the call.
 */
bool call_identity(struct call *c);
/* What the body of a call to a model says of its user: a claim, unless a header said it already. */
void call_claims_of_model(struct call *c);
/* The token's customer is the call's where the request names no other. Again whenever the facts were read again. */
void call_customer_of_token(struct call *c);
/*
 * For a call that is permitted: whom the request is about is the token's customer, where the vendor's ids are the
 * issuer's. False: it is another, and the call was refused; or it is being looked up.
 */
bool call_customer_fits(struct call *c);
