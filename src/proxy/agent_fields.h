/*
 * proxy/agent_fields.h - what the agent's header says in the fields that we read, found in one pass over all of it.
 */
#pragma once

#include "http/head.h"

enum agent_field {
#define FIELD(name, text, often) AGENT_FIELD_##name,
#include "proxy/agent_field.tbl.h"
#undef FIELD
    AGENT_FIELD_COUNT
};
enum field_often { FIELD_KEY, FIELD_ONCE, FIELD_ANY };

/* Values lie in the head, and are valid as long. */
struct agent_fields {
    struct str first[AGENT_FIELD_COUNT]; /* empty: not there, or empty */
    size_t n[AGENT_FIELD_COUNT];         /* how often it is there */
    enum agent_field twice[FIELD_ANY];   /* of KEY, and of ONCE: the first in the table that is; _COUNT: none */
};

void agent_fields_read(const struct http_head *h, struct agent_fields *ret);
enum agent_field agent_field_find(struct str name); /* AGENT_FIELD_COUNT: one that we do not read */
struct str agent_field_text(enum agent_field f);
enum field_often agent_field_often(enum agent_field f);
