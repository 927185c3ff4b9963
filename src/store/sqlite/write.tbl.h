/*
 * store/sqlite/write.tbl.h - the statements of the one connection that writes: STMT(name, SQL). Prepared once.
 */
STMT(BEGIN, "BEGIN IMMEDIATE")
STMT(COMMIT, "COMMIT")
STMT(ROLLBACK, "ROLLBACK")
STMT(META_PUT, "UPDATE meta SET seq = ?1, chain = ?2, epoch = ?3")
STMT(PACK_PUT, "INSERT INTO packs VALUES(?1, ?2, ?3, ?4)")
STMT(PERSONAL_PUT, "INSERT INTO personal VALUES(?1, ?2)")
STMT(BLOCK_GET, "SELECT rows FROM call_blocks WHERE block = ?1")
STMT(BLOCK_PUT, "INSERT INTO call_blocks VALUES(?1, ?2) ON CONFLICT DO UPDATE SET rows = excluded.rows")
STMT(ODD_PUT, "INSERT INTO odd_calls VALUES(?1, ?2) ON CONFLICT DO UPDATE SET outcome = excluded.outcome")
STMT(ODD_DROP, "DELETE FROM odd_calls WHERE open_seq = ?1")
STMT(PLACE_PUT, "INSERT OR IGNORE INTO places VALUES(?1, ?2)")
STMT(FIND_GET, "SELECT entries FROM finds WHERE block = ?1")
STMT(FIND_PUT, "INSERT INTO finds VALUES(?1, ?2) ON CONFLICT DO UPDATE SET entries = excluded.entries")
STMT(HOLDS_GET, "SELECT i, counter, bucket, meter, window, window_start, n, remaining FROM holds WHERE open_seq = ?1")
STMT(HOLD_PUT, "INSERT INTO holds VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
STMT(HOLD_SET, "UPDATE holds SET remaining = ?3 WHERE open_seq = ?1 AND i = ?2")
STMT(HOLD_DROP, "DELETE FROM holds WHERE open_seq = ?1 AND i = ?2")
STMT(COUNTER_ADD, "INSERT INTO counters VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO UPDATE SET"
                  " settled = settled + excluded.settled, held = held + excluded.held")
STMT(COUNTER_PRUNE, "DELETE FROM counters WHERE counter = ?1 AND bucket = ?2 AND held = 0"
                    " AND (window_start < ?3 OR settled < 0)")
STMT(RUN_ADD, "INSERT INTO runs VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT DO UPDATE SET"
              " calls = calls + excluded.calls, denied = denied + excluded.denied, unknown = unknown + excluded.unknown,"
              " settled_nano = settled_nano + excluded.settled_nano, settled_how = min(settled_how, excluded.settled_how),"
              " held_nano = held_nano + excluded.held_nano, first_at = min(first_at, excluded.first_at),"
              " last_at = max(last_at, excluded.last_at), last_seq = max(last_seq, excluded.last_seq)")
STMT(RUN_LINK, "INSERT OR IGNORE INTO run_links VALUES(?1, ?2, ?3, ?4)")
STMT(SPEND_ADD, "INSERT INTO spend VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
                " ON CONFLICT DO UPDATE SET"
                " calls = calls + excluded.calls, denied = denied + excluded.denied, unknown = unknown + excluded.unknown,"
                " settled_nano = settled_nano + excluded.settled_nano, settled_how = min(settled_how, excluded.settled_how),"
                " held_nano = held_nano + excluded.held_nano")
STMT(OBJECT_PUT, "INSERT INTO objects VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO UPDATE SET"
                 " type = iif(excluded.type <> '', excluded.type, type),"
                 " customer = iif(excluded.customer <> '', excluded.customer, customer),"
                 " parent = iif(excluded.parent <> '', excluded.parent, parent),"
                 " agent = iif(excluded.created > created, excluded.agent, agent),"
                 " key = iif(excluded.created > created, excluded.key, key),"
                 " run_id = iif(excluded.created > created, excluded.run_id, run_id),"
                 " call_id = iif(excluded.created > created, excluded.call_id, call_id),"
                 " open_seq = iif(excluded.created > created, excluded.open_seq, open_seq),"
                 " created = max(created, excluded.created)")
STMT(IDEMPOTENCY_PUT, "INSERT INTO idempotency VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
                      " open_seq = excluded.open_seq, body = excluded.body, at = excluded.at")
STMT(EVENT_PUT, "INSERT INTO events VALUES(?1, ?2, ?3)")
STMT(POLICY_PUT, "INSERT INTO policies VALUES(?1, ?2, ?3, ?4)")
STMT(STATE_SET, "INSERT INTO states VALUES(?1, ?2, ?3, 0, 0) ON CONFLICT DO UPDATE SET seq = excluded.seq, is_over = 0,"
                " over_at = 0")
STMT(STATE_END, "INSERT INTO states VALUES(?1, ?2, 0, 1, ?3) ON CONFLICT DO UPDATE SET is_over = 1,"
                " over_at = excluded.over_at")
STMT(CONTENT_FIND, "SELECT id FROM contents WHERE hash = ?1")
STMT(CONTENT_PUT, "INSERT INTO contents(hash, packed) VALUES(?1, ?2)")
STMT(BODY_PUT, "INSERT INTO bodies(call_id, side, at, run_id, agent, tenant, type, encoding, bytes, is_cut, lack, content)"
               " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)")
STMT(BODIES_OLD, "DELETE FROM bodies WHERE id IN (SELECT id FROM bodies WHERE at < ?1 ORDER BY at LIMIT ?2)")
STMT(BODIES_SUM, "SELECT bytes FROM bodies_sum")
STMT(BODY_OLDEST, "DELETE FROM bodies WHERE id = (SELECT min(id) FROM bodies)")
STMT(MARK_PUT, "INSERT INTO marks VALUES(?1, ?2) ON CONFLICT DO UPDATE SET seq = excluded.seq")
