/*
 * cli/agent_key.h - where agents connect, and a key for one run: what `run` and `demo` begin and end with.
 */
#pragma once

#include "cli/cli.h"
#include "codec/json_read.h"

/* The data listener, as agents name it, and the vendors behind it as /api/v1/vendors lists them. */
struct agent_place {
    struct str url; /* http://127.0.0.1:4747 */
    struct json vendors;
};
/* CLI_FAILED, CLI_UNREACHABLE and such: said. All texts are in the cli's arena, here and below. */
int agent_place_find(struct cli *c, struct agent_place *ret);
/* Where a vendor of that connector is; the connector's own name where the daemon has none (it will say so). */
struct str agent_base(struct cli *c, const struct agent_place *p, const char *connector);

struct agent_wish {
    struct str agent, owner, tenant, policy, mode, expires, limit; /* empty: as the daemon has it */
};
struct agent_key {
    struct str key, id;
    struct str mode; /* live or test */
};
int agent_key_make(struct cli *c, const struct agent_wish *w, struct agent_key *ret);
/* The next request is refused when this returns; open streams of models end too. CLI_DONE, or said. */
int agent_key_revoke(struct cli *c, struct str id);

/* "<agent>-1f00ba42": a run id that nobody had; characters that a run id may not have are dashes. */
struct str agent_run_id(struct cli *c, struct str agent);
