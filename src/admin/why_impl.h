/*
 * admin/why_impl.h - what the files of why share: an explanation in the making.
 */
#pragma once

#include "admin/why.h"

struct why {
    struct arena *a;
    struct json call;
    struct json_writer *w;
};

/* One sentence of the explanation. */
void why_say(struct why *y, const char *topic, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
struct str why_text(struct json object, const char *name); /* absent: empty */

/* why_model.c: what a model was asked, used, cost and asked for; nothing for calls to no model. */
void why_model(struct why *y);
/* why_model.c: which tool call this call carries out. */
void why_cause(struct why *y);
