/*
 * proxy/present.c - a call and its credential. What is not there, or not of the call's mode, refuses the call before
 * anything is held or sent (promise 4: fail closed).
 */
#include "proxy/present.h"

static void refuse_without(struct call *c)
{
    enum secret_status status = credential_status(c->vendor->credential);
    call_refusef(c, CODE_UPSTREAM_FAILED, 0,
                 STR_FMT " cannot be called, because its secret `" STR_FMT "` is not available: " STR_FMT
                         "; nothing was sent. An operator must look at flyball secret list",
                 STR_ARG(c->vendor->name), STR_ARG(c->vendor->secret_name), STR_ARG(secret_status_means(status)));
}

/* A test key was let in while the secret was a test one: it must not reach a live one that came since (CONTRACT 3). */
static bool is_as_admitted(const struct call *c)
{
    return !c->vendor->mode_follows_secret || c->credential->mode == c->vendor_mode;
}

bool call_present(struct call *c)
{
    if (c->credential || !c->vendor->credential)
        return true;
    c->credential = credential_take(c->vendor->credential, loop_wall(c->w->loop));
    if (!c->credential) {
        refuse_without(c);
        return false;
    }
    if (!is_as_admitted(c)) {
        call_refusef(c, CODE_UPSTREAM_FAILED, 0,
                     "The secret of " STR_FMT " changed its mode while the call was decided; nothing was sent, try "
                     "again",
                     STR_ARG(c->vendor->name));
        return false;
    }
    return true;
}

void call_present_newest(struct call *c)
{
    if (!c->credential)
        return;
    struct credential *newest = credential_take(c->vendor->credential, loop_wall(c->w->loop));
    if (newest && newest != c->credential && credential_covers(newest, c->credential)) {
        credential_unref(c->credential);
        c->credential = newest;
        return;
    }
    credential_unref(newest);
}

const struct conceal_forms *call_forms(const struct call *c)
{
    static const struct conceal_forms none;
    return c->credential ? &c->credential->forms : &none;
}
