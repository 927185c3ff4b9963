/*
 * store/sqlite/store_sqlite.h - the default store: one SQLite file (WAL, STRICT tables).
 *
 * One connection does all writes and checkpoints; readers are read-only, never checkpoint, no mmap; no other process
 * may open a live database (the data folder is locked): SQLite before 3.51.3 can corrupt a WAL that two connections
 * reset.
 */
#pragma once

#include "call/store.h"

/* Creates the schema. -ERR_CORRUPT for a file that is no store of ours (doctor looks deeper), -ERR_IO,
 * -ERR_NO_SPACE, -ERR_UNSUPPORTED for the schema of another version. */
int store_sqlite_open(struct str path, struct store **ret);
