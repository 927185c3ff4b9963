/*
 * admin/html.h - strangers' text in a page: escaped where it stands between tags or in a quoted attribute.
 */
#pragma once

#include "base/buf.h"

/* & < > " ' as entities; control bytes, and what reverses the direction of text, as U+FFFD. */
void html_text(struct buf *out, struct str s);
