/*
 * admin/h_find.c - what an id belongs to. The dashboard's search box and `flyball find` ask the same.
 */
#include "admin/filters.h"
#include "admin/handlers.h"
#include "admin/request.h"
#include "identity/key.h"
#include "store/find.h"

static void then_found(struct request *r) { request_answer_list(r, STR("found")); }

void admin_on_find(struct request *r)
{
    struct str q = str_trim(request_param(r, STR("q")));
    struct key_presented key;

    if (q.n == 0 || q.n > FIND_BYTES_MAX) {
        request_fail(r, 400, "parameter_invalid", "q must be an id of 1 to %d bytes", FIND_BYTES_MAX);
        return;
    }
    if (key_parse(q, &key) == 0)
        q = key.id; /* pasted as agents have it: the secret goes no further than here */
    r->ask.q = (struct query){.kind = QUERY_FIND, .id = q, .tenant = request_param(r, STR("tenant"))};
    if (!request_limit(r, &r->ask.q.rows_max))
        return;
    if (filters_keep_to_tenant(r, &r->ask.q)) {
        request_ask(r, then_found);
    } else {
        (void)buf_add(&r->ask.json, STR("[]"));
        then_found(r);
    }
}
