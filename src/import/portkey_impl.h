/*
 * import/portkey_impl.h - what the files about Portkey share.
 */
#pragma once

#include "import/import_impl.h"

/* A config object: what its targets may be asked for, as a rule. */
void portkey_config(struct import *x, const struct yaml *map, struct str id);
/* A usage limit or rate limit policy, or what stands in an API key. `agent`: whose key; empty: a policy. */
void portkey_limit(struct import *x, const struct yaml *map, struct str agent);

/* "@openai-prod" is the vendor's name with Portkey's mark before it. */
struct str portkey_vendor(struct str s);
