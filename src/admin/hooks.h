/*
 * admin/hooks.h - the hooks listener: what the world outside may ask. Now that is /hooks/approvals/<token>, the link of
 * a notice: a page on which one question can be answered.
 *
 *   (1) the token shows the question, and answers it once; it says nothing about who answers. That takes a person's own
 *       credential, a code of a sign-in link, or a session of the dashboard on the same host, and the role approver.
 *   (2) reading a page changes nothing: previews of messengers read links.
 *   (3) no path of the admin API is served here.
 */
#pragma once

#include "net/loop.h"

struct admin;
struct hooks;

int hooks_new(struct admin *a, struct hooks **ret);
int hooks_listen(struct hooks *h, const struct net_addr *addr, struct net_addr *ret_bound);
void hooks_free(struct hooks *h); /* NULL is fine; answers on their way are given up */
