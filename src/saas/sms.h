/*
 * saas/sms.h - how many parts a text message is sent and billed in (GSM 03.38, 03.40).
 *
 *   (1) a text of GSM-7 characters is one part of up to 160 septets, or parts of 153; a character of the extension
 *       table takes two septets, which stand in one part.
 *   (2) one character outside GSM-7 makes the whole text UCS-2: one part of up to 70 units, or parts of 67; a surrogate
 *       pair stands in one part.
 *   (3) smart encoding writes what looks alike as GSM-7 first (sms_smart.tbl.h); what then is left counts as above.
 */
#pragma once

#include "base/str.h"

struct sms_size {
    int64_t segments; /* at least 1: a message without text is billed as one */
    int64_t units;    /* septets or UTF-16 units, without those lost at the end of a part */
    bool is_ucs2;
};

/* False: the text is not UTF-8, and nobody knows what would be sent. */
bool sms_measure(struct str text, bool is_smart, struct sms_size *ret);
