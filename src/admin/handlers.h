/*
 * admin/handlers.h - one handler a line of verbs.tbl.h. A handler answers its request once: now, or after one wait.
 */
#pragma once

struct request;

#define VERB(method, path, id, role, params, request_schema, answer, what) void admin_on_##id(struct request *r);
#include "admin/verbs.tbl.h"
#undef VERB
