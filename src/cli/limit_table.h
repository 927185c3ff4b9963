/*
 * cli/limit_table.h - limits with their buckets, as `limit list` and `key show` print them.
 */
#pragma once

#include "cli/client.h"
#include "cli/print.h"

/* Whose limits: its own, its document's, and those of all above that; of their buckets those that count its calls. */
struct limit_table_key {
    struct str id, policy, mode, agent, tenant;
};

/* `limits`: the list of /api/v1/limits. `key` NULL: all. False: there are none, nothing was printed. */
bool limit_table_print(struct cli *c, struct json limits, const struct limit_table_key *key);
int cli_get_key(struct cli *c, struct str id, struct answer *ret); /* as client_call() */
/* `key`: as cli_get_key() has it. */
int limit_table_of_key(struct cli *c, struct json key, struct json limits);
/* The temporary raises that are in force, a line each. */
void limit_table_print_raises(struct cli *c, struct json limits);
/* A decimal string of money with its unit, or a count. */
struct str limit_amount(struct cli *c, struct str meter, struct json object, const char *name);
