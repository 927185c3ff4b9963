/*
 * tests/sim/book.h - the vendor's own book: which money really moved, and for which request of an agent.
 *
 * It knows nothing of Flyball. Idempotency keys work as Stripe's do: the first request with a key runs, one beside it
 * is answered 409, a later one gets the first one's answer again, 500 included; another body under the same key is 400.
 * What never began to run (429) is not kept.
 */
#pragma once

#include "base/buf.h"
#include "base/rand.h"

#define BOOK_CHARGES_MIN 6 /* ch_0 ... can be refunded from the start */
#define BOOK_CUSTOMERS 3   /* cus_0 ... */

struct book;

/* Ways in which the vendor itself is wrong, so that the tests can be seen to notice. */
enum book_fault { BOOK_RIGHT, BOOK_MOVES_MORE, BOOK_FORGETS_KEYS, BOOK_MOVES_AND_DECLINES };

struct book *book_new(struct rng *r, enum book_fault fault); /* `r` outlives it */
void book_free(struct book *b);

struct book_request {
    struct str method, path, key, body; /* key empty: none */
};
/* How the running of a request ends. */
enum book_fate { BOOK_DOES, BOOK_DECLINES, BOOK_FAILS_OBJECT, BOOK_BREAKS_BEFORE, BOOK_BREAKS_AFTER };

/*
 * A request came in. 0: it has to be run (with a key: others with it get 409 until book_run or book_forget).
 * Else the status of an answer that is known already; its body is appended to `out`.
 */
uint16_t book_enter(struct book *b, const struct book_request *q, struct buf *out, bool *ret_is_replay);
/* Runs it: money moves here and nowhere else. Returns the status; the body is appended to `out`. */
uint16_t book_run(struct book *b, const struct book_request *q, enum book_fate fate, struct buf *out);
/* It was dropped before it ran. */
void book_forget(struct book *b, const struct book_request *q);

/* The number in the field metadata[sim]; 0: none. */
int64_t book_request_number(struct str body);
bool book_is_money(const struct book_request *q);
/* What moved for that request of an agent, in cents, all tries together. */
int64_t book_moved(const struct book *b, int64_t request);
int64_t book_moved_in_all(const struct book *b);
/* Places from 0 to n - 1 of book_charges() are valid ids "ch_<place>". */
size_t book_charges(const struct book *b);
