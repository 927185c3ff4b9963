/*
 * admin/h_sign_in.h - the end of sign-ins at the provider that are under way.
 */
#pragma once

struct admin;

/* At the end of the API: nobody is led anywhere any more. */
void sign_in_stop(struct admin *a);
