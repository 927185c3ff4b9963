/*
 * call/label.h - a word for what a key is for (`team=payments`), given to it when it was made: no agent can give itself
 * one, so rules may go by it.
 */
#pragma once

#include <stdbool.h>

#include "base/str.h"

#define LABELS_MAX 16 /* of a key, and of one `match` */
#define LABEL_NAME_CHARS_MAX 32
#define LABEL_VALUE_CHARS_MAX 128

struct label {
    struct str name, value;
};

bool label_name_is_valid(struct str s); /* a-z 0-9 - _ */
/* Of "name=value"; points into the text. -ERR_INVALID: it is none. */
int label_parse(struct str text, struct label *ret);
