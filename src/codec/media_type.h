/*
 * codec/media_type.h - what a Content-Type field says of a body (RFC 9110, section 8.3).
 */
#pragma once

#include "base/str.h"

/* True when `field` is that media type, in any case, with no parameter but charset=utf-8. */
bool media_type_is(struct str field, struct str media);
