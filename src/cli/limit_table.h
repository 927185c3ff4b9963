/*
 * cli/limit_table.h - limits with their buckets, as `limit list` and `key show` print them.
 */
#pragma once

#include "cli/print.h"

/* `limits`: the list of /api/v1/limits. Behind them stand the temporary raises that are in force, a line each. */
void limit_table_print(struct cli *c, struct json limits);
/* Asks for all that counts the calls of that key, which is as /api/v1/keys/{id} says it, and prints it. */
int limit_table_of_key(struct cli *c, struct json key);
/* A decimal string of money with its unit, or a count. */
struct str limit_amount(struct cli *c, struct str meter, struct json object, const char *name);
