/*
 * cli/demo_agent.h - a sample agent: a key of its own, one run, and calls over HTTP as any agent makes them.
 *
 * It refuses to start unless every vendor that it calls is simulated: nothing that it does may cost anybody anything.
 */
#pragma once

#include "cli/ask.h"
#include "cli/cli.h"

struct demo_agent {
    struct cli *cli;
    struct str host; /* of the data listener */
    uint16_t port;
    struct tls_client *tls; /* NULL: plain HTTP */
    struct str key, key_id, run;
    struct str agent;
};

/* Vendors by name, NULL at the end. CLI_FAILED and such: said. demo_agent_stop() follows success. */
int demo_agent_start(struct cli *c, const char *agent, const char *const *vendors, struct demo_agent *ret);
/* Takes the key away, unless `is_revoked` already, and frees what was opened. CLI_DONE, or said. */
int demo_agent_stop(struct demo_agent *d, bool is_revoked);
/* `flyball revoke KEY_ID --now`. */
int demo_agent_revoke(struct demo_agent *d);

struct demo_call {
    const char *vendor, *method, *path;
    struct str body;      /* JSON where it begins with `{`, else a form */
    struct str tool_call; /* that this call carries out; empty: none */
    const char *fault;    /* of sandbox/fault.tbl.h; NULL: none */
    bool is_impatient;    /* does not wait for a person */
};
/* As ask_once(); memory of the call comes from `a`, so that a thread can bring its own. */
int demo_agent_call(const struct demo_agent *d, const struct demo_call *call, struct arena *a, struct told *ret);
