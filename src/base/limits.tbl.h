/*
 * base/limits.tbl.h - every size, count and time that bounds something that could grow or wait.
 *
 * LIMIT(name, default, least, most, unit, help). Settable in flyball.yaml under `limits:` by the same name. Units last:
 * _bytes, _ms, or a plain count.
 */
/* heads and bodies from agents */
LIMIT(head_bytes_max, 32768, 1024, 1048576, "bytes", "request line and header fields of one request")
LIMIT(head_fields_max, 100, 10, 1000, "fields", "header fields of one request")
LIMIT(target_bytes_max, 8192, 256, 65536, "bytes", "path and query of one request")
LIMIT(body_bytes_max, 1048576, 1024, 67108864, "bytes", "body of a SaaS request, read whole before it is decided on")
LIMIT(llm_body_bytes_max, 33554432, 1024, 268435456, "bytes", "body of a request to a model")
LIMIT(body_memory_bytes_max, 268435456, 1048576, 17179869184, "bytes", "memory of all collected bodies together")
LIMIT(form_fields_max, 1000, 1, 10000, "fields", "fields of one form")
LIMIT(form_depth_max, 6, 1, 16, "levels", "bracket levels of one form field")
LIMIT(json_depth_max, 64, 4, 512, "levels", "nesting of one JSON document")
LIMIT(call_memory_bytes_max, 4194304, 65536, 268435456, "bytes", "arena of one call, bodies aside")
LIMIT(drain_unread_bytes_max, 65536, 0, 1048576, "bytes",
      "rest of a refused request body that is read so that the connection can be kept")
/* vendors' answers */
LIMIT(answer_head_bytes_max, 65536, 1024, 1048576, "bytes", "head of a vendor's answer")
LIMIT(answer_bytes_max, 8388608, 65536, 268435456, "bytes", "vendor's answer that is read whole before it is passed on")
LIMIT(llm_answer_bytes_max, 67108864, 65536, 1073741824, "bytes", "model's answer that is no stream, read whole")
LIMIT(llm_event_bytes_max, 8388608, 4096, 268435456, "bytes",
      "one event of a model's stream; a larger one passes unread")
LIMIT(stream_window_bytes, 262144, 16384, 16777216, "bytes", "bytes of one body in flight between the two sides")
/* connections */
LIMIT(connections_max, 8192, 16, 1000000, "connections",
      "agents' connections at once (lowered to what RLIMIT_NOFILE allows)")
LIMIT(pool_idle_max, 64, 0, 4096, "connections", "kept vendor connections a vendor and worker")
LIMIT(pool_connections_max, 1024, 1, 65536, "connections",
      "open vendor connections a vendor and worker; more calls wait")
LIMIT(pool_waiting_max, 4096, 0, 1000000, "calls", "calls waiting for a vendor connection a vendor and worker")
LIMIT(accept_backlog, 1024, 16, 65535, "connections", "backlog of each listening socket")
/* times towards agents */
LIMIT(head_timeout_ms, 10000, 100, 600000, "ms", "until the whole head has arrived")
LIMIT(body_idle_timeout_ms, 30000, 100, 600000, "ms", "between two pieces of a request body")
LIMIT(body_timeout_ms, 60000, 100, 3600000, "ms", "until the whole request body has arrived")
LIMIT(keepalive_timeout_ms, 75000, 100, 3600000, "ms", "idle connection of an agent")
LIMIT(client_write_timeout_ms, 60000, 100, 3600000, "ms", "agent that takes no bytes of its answer")
/* times towards vendors */
LIMIT(connect_timeout_ms, 5000, 10, 600000, "ms", "until a vendor connection is open")
LIMIT(first_byte_timeout_ms, 75000, 10, 3600000, "ms", "from request sent to the first byte of the answer")
LIMIT(idle_timeout_ms, 60000, 10, 3600000, "ms", "between two pieces of a vendor's answer")
LIMIT(total_timeout_ms, 600000, 100, 86400000, "ms", "one call, from admit to end")
LIMIT(lookup_timeout_ms, 10000, 10, 600000, "ms", "one look-up")
LIMIT(lookup_cache_ms, 60000, 0, 3600000, "ms", "how long the answer of a look-up is used again")
LIMIT(resolve_fresh_ms, 60000, 0, 86400000, "ms", "how long the addresses of a vendor's name are used as they are")
LIMIT(resolve_stale_ms, 3600000, 0, 604800000, "ms",
      "how long older addresses are used while they are asked for again; then calls wait for the answer")
LIMIT(resolve_failed_ms, 1000, 0, 600000, "ms", "how long a name that could not be resolved is not asked for again")
LIMIT(polls_max, 10000, 0, 1000000, "prices",
      "prices a worker that a vendor knows later; more stay estimated")
LIMIT(poll_spacing_ms, 100, 0, 3600000, "ms", "between two such prices that are asked for")
LIMIT(pool_idle_timeout_ms, 30000, 100, 3600000, "ms", "kept vendor connection")
LIMIT(drain_timeout_ms, 10000, 0, 600000, "ms", "from SIGTERM to the end of open calls")
/* identity tokens and their issuers' keys */
LIMIT(identity_token_bytes_max, 8192, 512, 16384, "bytes", "one identity token; head_bytes_max counts it too")
LIMIT(identity_chain_max, 3, 0, 8, "actors", "actors (`act`) of one identity token")
LIMIT(identity_skew_ms, 60000, 0, 300000, "ms", "by how much an issuer's clock may differ from ours")
LIMIT(identity_cache_max, 10000, 0, 1000000, "tokens",
      "verified tokens in memory, so that the next call with one is quick; at the maximum the oldest is verified again")
LIMIT(identity_used_max, 100000, 16, 10000000, "tokens",
      "tokens of issuers with `single_use` in memory until they expire; at the maximum new ones are refused")
LIMIT(jwks_bytes_max, 262144, 1024, 4194304, "bytes", "keys of one issuer")
LIMIT(jwks_keys_max, 64, 1, 1000, "keys", "keys of one issuer")
LIMIT(jwks_timeout_ms, 10000, 100, 60000, "ms", "until an issuer has given its keys")
LIMIT(jwks_fresh_ms, 300000, 1000, 86400000, "ms", "after that time an issuer's keys are asked for again")
LIMIT(jwks_stale_ms, 86400000, 1000, 604800000, "ms",
      "how long keys are used that could not be asked for again; then tokens of the issuer are refused")
LIMIT(jwks_spacing_ms, 30000, 100, 3600000, "ms",
      "between two times that an issuer is asked for its keys, whatever tokens say")
/* state in memory */
LIMIT(keys_max, 100000, 1, 10000000, "keys", "keys in memory, revoked ones of the last day included")
LIMIT(agents_max, 100000, 1, 10000000, "agents", "registered agents; and owners that are disabled")
LIMIT(policies_max, 1000, 1, 100000, "documents", "policy documents in force")
LIMIT(secrets_max, 1000, 1, 100000, "secrets", "names of secrets put in by hand, removed ones included")
LIMIT(secret_bytes_max, 8192, 16, 8192, "bytes", "one secret put in by hand")
LIMIT(secret_overlap_ms_max, 2592000000, 1000, 31536000000, "ms",
      "how long the value before a rotation may stay known")
LIMIT(people_max, 10000, 1, 1000000, "people", "people and services in memory, revoked ones included")
LIMIT(buckets_max, 1000000, 16, 100000000, "buckets", "counters of limits; at the maximum new buckets are refused")
LIMIT(idempotency_max, 1000000, 16, 100000000, "keys", "idempotency keys in memory; older ones are in the store")
LIMIT(idempotency_keep_ms, 86400000, 1000, 2592000000, "ms", "how long an idempotency key shares its first hold")
LIMIT(duplicates_max, 100000, 16, 10000000, "requests",
      "requests remembered to find duplicates; at the maximum the oldest is forgotten")
LIMIT(approvals_max, 10000, 1, 1000000, "questions",
      "questions to persons in memory; old answers go first, and while none is left no call can ask")
LIMIT(approvals_per_key_max, 100, 1, 100000, "questions", "questions of one key that nobody has answered yet")
LIMIT(approval_wait_ms, 25000, 0, 60000, "ms", "how long a call waits for a person before it is told to come again")
LIMIT(approval_waits_max, 1000, 0, 100000, "calls", "calls that wait for a person at once; more do not wait")
LIMIT(approval_waits_per_key_max, 16, 0, 10000, "calls", "the same of one key")
LIMIT(objects_max, 1000000, 16, 100000000, "objects", "vendor objects in memory; older ones are in the store")
LIMIT(run_links_max, 100000, 16, 10000000, "runs",
      "runs with a parent in memory, to find the root of their tree; at the maximum the oldest is forgotten")
LIMIT(run_tool_calls_max, 1000, 1, 1000000, "tool calls",
      "tool calls of one run in memory, to find which calls they cause; the oldest go first")
LIMIT(tool_calls_bytes_max, 67108864, 65536, 17179869184, "bytes",
      "memory of the tool calls of all runs; the oldest go first")
LIMIT(policy_bytes_max, 1048576, 1024, 16777216, "bytes", "text of one policy document")
LIMIT(policy_rules_max, 1000, 1, 100000, "rules", "rules of one document")
LIMIT(policy_limits_max, 100, 1, 1000, "limits", "limits of one document")
LIMIT(limit_raises_max, 1000, 0, 100000, "raises", "temporary raises of limits in force at once")
LIMIT(key_limits_max, 8, 0, 64, "limits", "limits of one key")
/* journal and store */
LIMIT(frame_bytes_max, 1048576, 4096, 16777216, "bytes", "one journal frame")
LIMIT(journal_segment_bytes, 16777216, 65536, 1073741824, "bytes", "one journal segment")
LIMIT(journal_bytes_max, 4294967296, 131072, 1099511627776, "bytes",
      "all journal segments; at the maximum calls are refused as overloaded")
LIMIT(late_bytes_max, 67108864, 65536, 17179869184, "bytes",
      "records of refused calls that wait in memory while the journal is full; more are only counted")
LIMIT(store_batch_frames_max, 4096, 1, 65536, "frames", "frames applied to the store in one transaction")
LIMIT(query_rows_max, 10000, 1, 1000000, "rows", "rows of one answer of the admin API")
/* admin */
LIMIT(admin_body_bytes_max, 2097152, 1024, 67108864, "bytes", "body of an admin request")
LIMIT(admin_connections_max, 64, 1, 4096, "connections", "admin connections at once")
LIMIT(sign_in_link_ms, 900000, 1000, 86400000, "ms", "how long a link to sign in can be used, once")
LIMIT(sign_in_links_max, 64, 1, 10000, "links", "unused links to sign in; a new one takes the place of the oldest")
LIMIT(sign_in_ms, 600000, 1000, 86400000, "ms", "from the way to the provider of people.oidc to the way back")
LIMIT(sign_ins_max, 256, 1, 100000, "sign-ins",
      "sign-ins that are at the provider at once; a new one takes the place of the oldest")
LIMIT(sign_in_failures_max, 30, 1, 100000, "requests",
      "requests a minute with a credential or link that does not exist, of each listener; more get 429")
LIMIT(sessions_max, 256, 1, 100000, "sessions",
      "people signed in at once in browsers; a new session takes the place of the one that was idle longest")
LIMIT(session_idle_ms, 1800000, 1000, 86400000, "ms", "from the last request of a session to its end")
LIMIT(session_ms, 43200000, 1000, 604800000, "ms", "from sign-in to the end of a session")
LIMIT(feed_watchers_max, 32, 1, 1024, "watchers", "open feeds at once")
LIMIT(feed_stall_ms, 10000, 100, 600000, "ms", "until a watcher that takes no bytes of its feed is dropped")
LIMIT(feed_heartbeat_ms, 15000, 100, 600000, "ms", "silence on a feed before it says that it is alive")
/* notices of approvals and rules; times and pauses are those of exports */
LIMIT(notice_attempts_max, 8, 1, 100, "tries", "of one notice; then it is left to the list of approvals, or to the events")
LIMIT(notices_max, 1000, 1, 100000, "notices", "of rules that wait for their webhook; what is beyond is in the events only")
/* exports */
LIMIT(export_interval_ms, 1000, 10, 3600000, "ms", "between two looks for what a target has not got yet")
LIMIT(export_calls_max, 512, 1, 10000, "calls", "calls in one request to a target")
LIMIT(export_bytes_max, 4194304, 4096, 67108864, "bytes", "one request to a target, before it is compressed")
LIMIT(export_timeout_ms, 10000, 10, 600000, "ms", "one request to a target, until its answer begins")
LIMIT(export_backoff_ms, 1000, 10, 600000, "ms", "after a first failure; twice as long after each further one")
LIMIT(export_backoff_ms_max, 60000, 10, 3600000, "ms", "the longest of these pauses")
LIMIT(export_retry_after_ms_max, 3600000, 1000, 86400000, "ms", "the longest pause that a target can ask for")
LIMIT(export_quiet_ms, 30000, 0, 86400000, "ms", "a run without a new call for so long gets its own span")
/* kept bodies: where a policy asks for them */
LIMIT(body_keep_bytes_max, 65536, 0, 67108864, "bytes", "one kept body; of a longer one the beginning is kept")
LIMIT(bodies_waiting_bytes_max, 67108864, 0, 17179869184, "bytes",
      "bodies on their way to the store; more are not kept")
LIMIT(bodies_bytes_max, 1073741824, 0, 1099511627776, "bytes", "all kept bodies, packed; the oldest go")
LIMIT(bodies_keep_days, 30, 0, 36500, "days", "how long bodies are kept; 0: until they make room")
LIMIT(body_search_bytes_max, 268435456, 65536, 17179869184, "bytes",
      "text of kept bodies that one search looks through, newest first; the next one goes on")
/* retention */
LIMIT(personal_keep_days, 0, 0, 36500, "days",
      "how long personal values of calls are kept; looked at once a day; 0: until they are erased")
