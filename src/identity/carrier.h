/*
 * identity/carrier.h - where in a request an agent's key stands (CONTRACT 3): Bearer, Basic, x-api-key, x-goog-api-key.
 *
 * The token is found, not judged: key_parse() and the table of keys do that.
 */
#pragma once

#include "base/arena.h"

struct key_carriers { /* header values as received; empty: not there */
    struct str authorization;
    struct str x_api_key;
    struct str x_goog_api_key;
};

/*
 * The presented token; of Basic the user (Stripe: password empty) or the password (Twilio: the user is the account).
 * -ERR_NOT_FOUND: no carrier; -ERR_AMBIGUOUS: two carriers with different keys; -ERR_INVALID: a carrier that cannot be
 * read (another scheme, bad base64, an empty token); -ERR_TOO_LARGE: the arena's cap. Decoded texts live in `a`.
 */
int carrier_token(const struct key_carriers *c, struct arena *a, struct str *ret_token);
