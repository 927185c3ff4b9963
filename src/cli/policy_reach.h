/*
 * cli/policy_reach.h - what a document's rules reach, and what not, vendor by vendor.
 */
#pragma once

#include "call/known.h"
#include "cli/cli.h"

struct policy;

/* To c->out, as text or JSON: {vendors: [{vendor, operations, reached, unreached: [name]}]}; only vendors of which
 * something is reached. */
void policy_print_reach(struct cli *c, const struct policy *p, const struct known *known);
