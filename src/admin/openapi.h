/*
 * admin/openapi.h - the admin API's description (OpenAPI 3.1), written from verbs.tbl.h, params.tbl.h and fields.tbl.h.
 */
#pragma once

#include "base/buf.h"

/* Appends the whole document. The buf's errors. */
int openapi_write(struct str version, struct buf *out);
