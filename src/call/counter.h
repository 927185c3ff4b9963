/*
 * call/counter.h - the name of a limit's counter, taken apart. Names are kept for years in stores, so their form is
 * fixed; policy/limit.c writes them:
 *
 *   <document>/<id>/<meter>/<window>/<by,...>   of a document (only a window's zone holds further slashes)
 *   key/<meter>/<window>                        of a key; its bucket names the key
 *   test:...                                    either, in test mode
 */
#pragma once

#include "base/str.h"

struct counter_name {
    bool is_test;
    struct str name;          /* without the mode */
    struct str document, id;  /* empty: of a key */
    struct str meter, window;
    struct str by;            /* "agent,customer"; empty: everyone */
};
/* -ERR_INVALID: no such name. What it gives lies within `counter`. */
int counter_name_parse(struct str counter, struct counter_name *ret);

/*
 * A value in the name of a bucket ("agent=a%2Fb"): nothing in it passes for a separator, and none at all is "-".
 * BUCKET_VALUE_BYTES are room enough; returns the place behind it.
 */
#define BUCKET_VALUE_BYTES(value) ((value).n * 3 + 1)
char *bucket_value_put(char *p, struct str value);
/* Whether that is how the value is written. */
bool bucket_value_is(struct str written, struct str value);
