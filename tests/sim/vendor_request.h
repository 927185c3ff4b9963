/*
 * tests/sim/vendor_request.h - requests as simulated vendors read them: off raw bytes, with nothing of ours between.
 */
#pragma once

#include "base/buf.h"

struct vendor_request {
    char *bytes; /* malloc'd; whoever takes it frees it, and the rest points into it */
    struct str method, path, head, body;
};

/* Takes a whole request off the front of `in`. False: it is not whole yet. */
bool vendor_request_take(struct buf *in, struct vendor_request *ret);
/* A field of a head by name; empty: none. */
struct str vendor_request_field(struct str head, const char *name);
