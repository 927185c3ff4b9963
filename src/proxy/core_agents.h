/*
 * proxy/core_agents.h - registered agents, each with a person who answers for it, and who of both is disabled.
 *
 *   (1) the next request of a disabled agent, or of an agent whose owner is disabled, is refused, whichever key it has.
 *   (2) an agent need not be registered to have keys; its owner then is that of each key.
 *   (3) a name is never forgotten: a disabled agent stays so over restarts, and under new keys.
 */
#pragma once

#include "proxy/core.h"

struct key_entry;

struct agent_entry {
    struct str name, owner; /* owned, never freed; owner empty: it was erased, or never said */
    bool is_disabled;
    wall_t created_at, changed_at;
};

/* Why an agent's keys do not count; its own state first. */
enum agent_state { AGENT_ACTIVE, AGENT_DISABLED, AGENT_OWNER_DISABLED };
struct str agent_state_text(enum agent_state s);

/* Registers, or gives a registered one another owner. -ERR_INVALID: a name is none; -ERR_TOO_LARGE: agents_max. */
int core_agent_create(struct core *c, struct str name, struct str owner, struct str by, uint64_t *ret_seq);
/* Of one that is registered or has a key. -ERR_NOT_FOUND; -ERR_NO_SPACE: in force all the same. Twice is fine. */
int core_agent_disable(struct core *c, struct str name, bool is_disabled, struct str by, uint64_t *ret_seq);
/* Of all agents of a person, now and later. -ERR_NOT_FOUND: no agent and no key has that owner. */
int core_owner_disable(struct core *c, struct str owner, bool is_disabled, struct str by, uint64_t *ret_seq);
bool core_owner_is_disabled(struct core *c, struct str owner);
/* Registered ones, and those that have keys: an array, or those of one name. */
int core_agents_json(struct core *c, struct str name, struct buf *out);

/* Under the mutex. */
int core_owner_disable_locked(struct core *c, struct str owner, bool is_disabled, struct str by, uint64_t *ret_seq);
enum agent_state core_agent_state(const struct core *c, const struct key_entry *k);
