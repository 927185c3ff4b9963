/*
 * cli/near.h - what was perhaps meant, among names that only the daemon or a catalog knows.
 */
#pragma once

#include "cli/cli.h"
#include "codec/json_read.h"

/* "; did you mean `stripe`?", in the cli's arena; "" when none of the names is near. */
struct str near_name(struct cli *c, struct str word, const struct str *names, size_t n);
/* The same among that member of the list's objects. */
struct str near_in(struct cli *c, struct str word, struct json list, const char *member);
/* Whether one of them is it. */
bool near_has(struct str word, struct json list, const char *member);
