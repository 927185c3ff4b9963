/*
 * llm/repeat.c - the form of an event, and comparing with it.
 */
#include "llm/repeat.h"

#include "codec/scan.h"

#include <string.h>

void repeat_learn(struct repeat *r, struct str data, const struct glance *g)
{
    r->n = 0;
    if (data.n > sizeof(r->text) || g->n_slots > GLANCE_SLOTS_MAX)
        return;
    memcpy(r->text, data.p, data.n);
    r->n = data.n;
    r->form = *g;
}

/* Bytes of the slot that begins here; false: it ends the text, or holds what has to be read. */
static bool slot_bytes(enum slot_kind kind, struct str s, size_t *ret_n)
{
    size_t n = 0;
    if (kind == SLOT_NUMBER) {
        while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
            n++;
        *ret_n = n;
        return n > 0 && n < s.n && (n == 1 || s.p[0] != '0');
    }
    *ret_n = n = scan_plain(s.p, s.n);
    return n < s.n && s.p[n] == '"';
}

bool repeat_match(const struct repeat *r, struct str data, struct glance *ret)
{
    size_t from = 0, at = 0, text_bytes = 0; /* of the form, of the data */
    if (!r->n)
        return false;
    for (size_t i = 0; i < r->form.n_slots; i++) {
        const struct glance_slot *slot = &r->form.slots[i];
        size_t fixed = slot->at - from, n;
        if (data.n - at < fixed || memcmp(r->text + from, data.p + at, fixed) != 0)
            return false;
        at += fixed;
        if (!slot_bytes(slot->kind, (struct str){data.p + at, data.n - at}, &n))
            return false;
        at += n;
        from = slot->at + slot->n;
        text_bytes += slot->kind == SLOT_TEXT ? n : 0;
    }
    if (data.n - at != r->n - from || memcmp(r->text + from, data.p + at, data.n - at) != 0)
        return false;
    *ret = r->form;
    ret->text_bytes = text_bytes;
    return true;
}
