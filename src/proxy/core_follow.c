/*
 * proxy/core_follow.c - marks on their way into the store.
 */
#include "proxy/core_follow.h"

#include <string.h>

#include "proxy/core_impl.h"

static struct mark *mark_at(struct core *c, struct str name)
{
    for (size_t i = 0; i < c->n_marks; i++)
        if (str_eq(str_c(c->marks[i].name), name))
            return &c->marks[i];
    check(c->n_marks < MARKS_MAX && name.n <= MARK_NAME_CHARS_MAX);
    struct mark *m = &c->marks[c->n_marks++];
    memcpy(m->name, name.p, name.n);
    m->name[name.n] = '\0';
    return m;
}

void core_mark(struct core *c, struct str name, uint64_t seq)
{
    pthread_mutex_lock(&c->bg_mutex);
    struct mark *m = mark_at(c, name);
    m->seq = seq;
    m->is_new = true;
    atomic_store(&c->drain_sleeps, false);
    pthread_cond_signal(&c->drain_cond);
    pthread_mutex_unlock(&c->bg_mutex);
}

uint64_t core_store_seq(struct core *c) { return atomic_load(&c->store_seq); }

bool core_has_new_mark(const struct core *c)
{
    bool has = false;
    for (size_t i = 0; i < c->n_marks; i++)
        has |= c->marks[i].is_new;
    return has;
}

/* A copy, so that nobody waits for the disk; what changes meanwhile stays new. */
static bool next_mark(struct core *c, struct mark *ret)
{
    bool has_one = false;
    pthread_mutex_lock(&c->bg_mutex);
    for (size_t i = 0; i < c->n_marks && !has_one; i++) {
        if (!c->marks[i].is_new)
            continue;
        c->marks[i].is_new = false;
        *ret = c->marks[i];
        has_one = true;
    }
    pthread_mutex_unlock(&c->bg_mutex);
    return has_one;
}

/* What could not be written is followed by a later mark, or is seen again. */
void core_write_marks(struct core *c)
{
    struct mark m;
    while (next_mark(c, &m))
        if (c->store->ops->mark(c->store, str_c(m.name), m.seq) < 0)
            return;
}
