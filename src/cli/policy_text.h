/*
 * cli/policy_text.h - policy documents that a command names: a file, or what the daemon has or had in force.
 */
#pragma once

#include "cli/cli.h"
#include "codec/json_read.h"

/*
 * `what`: a file, `-`, or NAME (in force) and NAME@VERSION of the daemon; a file of that name comes first. The text and
 * what messages call it, in the arena. CLI_FAILED and what client_call says: said.
 */
int policy_text_of(struct cli *c, struct str what, struct str *ret_text, struct str *ret_file);

/* The same of the daemon alone: NAME, or NAME@VERSION; canonical JSON. */
int policy_text_in_force(struct cli *c, struct str what, struct str *ret_text);

/* A version is named by the beginning of its digest. Digits alone are its number, which may be a date: 20261129. */
bool policy_text_is_digest(struct str version);

/* {document, file} for the API, and `name`: `value` with it where that is not empty. */
struct str policy_text_json(struct cli *c, struct str text, struct str file, struct str name, struct str value);

/* What the daemon found wrong with a document, in the same form as `policy check`; on err. */
void policy_print_diags(struct cli *c, struct json diags);

/* What policy/diff.h found, for people. */
void policy_print_diff(struct cli *c, struct json diff);
