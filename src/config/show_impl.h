/* config/show_impl.h - what the files that show a config share. */
#pragma once

#include "config/config_impl.h"

void text_remotes(const struct config *c, struct buf *out);
