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
/* Notes that there is no such vendor, if there is none: a name with a slip must not look like "nothing happened". */
void near_say_vendor(struct cli *c, struct str vendor);
/* The same of a policy document: a key of one that is not there is denied everything, and it may come later. */
void near_say_policy(struct cli *c, struct str name);
