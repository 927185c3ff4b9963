/*
 * saas/match.c - which operation a method and a path are.
 *
 * A governed path must equal its own canonical form, because vendor and policy would else see different ones:
 * unreserved bytes, ':' and those of `path_more` only, no `%`, no empty or dot segments.
 */
#include "saas/connector_impl.h"

static bool is_path_byte(char ch)
{
    static const bool IS[256] = {['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... ':'] = true,
                                 ['-'] = true,         ['.'] = true,         ['_'] = true,         ['~'] = true};
    return IS[(unsigned char)ch];
}

static bool is_dots(struct str s) { return str_eq(s, STR(".")) || str_eq(s, STR("..")); }

/* Where the segment that begins at `at` ends: at a slash, at the end, or at a byte that no path has. */
static size_t segment_end(struct str path, size_t at, struct str more)
{
    while (at < path.n && (is_path_byte(path.p[at]) || (path.p[at] != '/' && str_has(more, path.p[at]))))
        at++;
    return at;
}

int path_split(struct str path, struct str more, struct str segs[CONNECTOR_SEGMENTS_MAX + 1], size_t *ret_n,
               const char **ret_text)
{
    size_t n = 0;
    if (!path.n || path.p[0] != '/') {
        *ret_text = "the path does not start with a slash";
        return SAAS_R_PROBLEM;
    }
    for (size_t from = 1, end; from <= path.n; from = end + 1) {
        end = segment_end(path, from, more);
        if (end < path.n && path.p[end] != '/') {
            *ret_text = path.p[end] == '%' ? "the path has a percent sign, and nothing in this API needs one"
                                           : "the path has a byte that is not a letter, digit or one of - . _ ~ :";
            return SAAS_R_PROBLEM;
        }
        struct str seg = str_sub(path, from, end - from);
        if (!seg.n || is_dots(seg)) {
            *ret_text = seg.n ? "the path has a dot segment" : "the path has an empty segment";
            return SAAS_R_PROBLEM;
        }
        if (n <= CONNECTOR_SEGMENTS_MAX)
            segs[n++] = seg; /* one more than any template has: deeper paths match nothing */
    }
    *ret_n = n;
    return 0;
}

static bool fits(const struct operation *op, const struct str *segs)
{
    for (size_t i = 0; i < op->n_segs; i++) {
        const struct segment *s = &op->segs[i];
        if (s->is_param ? segs[i].n <= s->suffix.n || !str_ends(segs[i], s->suffix) : !str_eq(s->text, segs[i]))
            return false;
    }
    return true;
}

/* True when `a` has a literal at the first place where the two differ. */
static bool is_nearer(const struct operation *a, const struct operation *b)
{
    for (size_t i = 0; i < a->n_segs; i++) {
        if (a->segs[i].is_param != b->segs[i].is_param)
            return !a->segs[i].is_param;
    }
    return false;
}

uint32_t route_key(struct str method, size_t n_segs, struct str second)
{
    const struct str parts[] = {method, second};
    uint32_t h = 2166136261u + (uint32_t)n_segs; /* FNV-1a; a collision only costs a comparison */
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < parts[k].n; i++)
            h = (h ^ (uint8_t)parts[k].p[i]) * 16777619u;
        h *= 31;
    }
    return h;
}

struct str operation_second(const struct operation *op)
{
    return op->n_segs > 1 && !op->segs[1].is_param ? op->segs[1].text : STR_NONE;
}

/* The nearest of `best` and the operations of one key; of two that are equally near, the one that is declared first. */
static const struct operation *match_key(const struct connector *c, uint32_t key, struct str method,
                                         const struct str *segs, size_t n, const struct operation *best)
{
    for (uint32_t i = c->route_heads[key % ROUTE_SLOTS]; i; i = c->route_next[i - 1]) {
        const struct operation *op = &c->ops[i - 1];
        if (c->route_keys[i - 1] != key || op->n_segs != n || !str_eq(op->method, method) || !fits(op, segs))
            continue;
        if (!best || is_nearer(op, best) || (op < best && !is_nearer(best, op)))
            best = op;
    }
    return best;
}

/* NULL: no operation has that shape. The one with literals furthest left wins. */
static const struct operation *operation_match(const struct connector *c, struct str method, const struct str *segs,
                                               size_t n)
{
    const struct operation *best = match_key(c, route_key(method, n, STR_NONE), method, segs, n, NULL);
    return n > 1 ? match_key(c, route_key(method, n, segs[1]), method, segs, n, best) : best;
}

const struct operation *saas_find(const struct connector *c, struct str method, struct str path)
{
    struct str segs[CONNECTOR_SEGMENTS_MAX + 1];
    size_t n;
    const char *why;
    return path_split(path, c->path_more, segs, &n, &why) == 0 ? operation_match(c, method, segs, n) : NULL;
}

struct str saas_host(const struct connector *c, struct str path, struct str *ret_path)
{
    *ret_path = path;
    for (size_t i = 0; i < c->n_hosts; i++) {
        const struct host_row *h = &c->hosts[i];
        if (!str_starts(path, h->prefix) || (path.n > h->prefix.n && path.p[h->prefix.n] != '/'))
            continue;
        if (!h->is_kept)
            *ret_path = str_sub(path, h->prefix.n, path.n);
        return h->host;
    }
    return STR_NONE;
}

bool operation_shape(const struct operation *op, struct str *ret_operation, enum op_class *ret_class,
                     struct str *ret_shape)
{
    if (!op || !op->shape.n)
        return false;
    *ret_operation = op->name;
    *ret_class = op->class;
    *ret_shape = op->shape;
    return true;
}

struct str saas_path_template(const struct saas_call *call) { return call->op ? call->op->path : STR_NONE; }
