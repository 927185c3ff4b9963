/*
 * policy/principal.tbl.h - values of the caller that a metadata field can be compared with: PRINCIPAL(NAME, text, field
 * of struct facts). All are proven: by the key, or by an identity token.
 */
PRINCIPAL(AGENT, "principal.agent", agent)
PRINCIPAL(KEY, "principal.key", key)
PRINCIPAL(OWNER, "principal.owner", owner)
PRINCIPAL(TENANT, "principal.tenant", tenant)
PRINCIPAL(USER, "principal.user", user)
PRINCIPAL(RUN, "principal.run", run_id)
