/*
 * proxy/route.c - which vendor a request is for, from its target alone (CONTRACT 2).
 *
 * The closed list of repairs is applied here, literally: doubled leading slashes, also those behind a known prefix; a
 * missing or doubled /v1 behind one; one trailing slash; three bytes of ids that SDKs write encoded. Everything else
 * that is not canonical is refused; policy and vendor see the same path.
 */
#include "proxy/call.h"

#include <string.h>

/* Unreserved bytes and what stands in ids: numbers, names and addresses. */
static const bool is_segment_byte[256] = {['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... ':'] = true,
                                          ['-'] = true,         ['.'] = true,         ['_'] = true,
                                          ['~'] = true,         ['+'] = true,         ['@'] = true};

/* Those bytes and slashes only; no empty or dot segments. Leading slash is there. */
static const char *path_fault(struct str path)
{
    for (size_t from = 1, i; from <= path.n; from = i + 1) {
        i = from;
        while (i < path.n && is_segment_byte[(unsigned char)path.p[i]])
            i++;
        if (i < path.n && path.p[i] != '/')
            return path.p[i] == '%' ? "a percent sign" : "a character that no operation uses";
        struct str seg = str_sub(path, from, i - from);
        if (seg.n == 0 && path.n > 1)
            return "an empty segment";
        if (str_eq(seg, STR(".")) || str_eq(seg, STR("..")))
            return "a dot segment";
    }
    return NULL;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Every percent sign of a query begins an encoded byte: it may go on as it came (of operations nobody knows). */
static bool is_encoded_well(struct str query)
{
    for (size_t i = 0; i < query.n; i++)
        if (query.p[i] == '%' && (query.n - i < 3 || !is_hex(query.p[i + 1]) || !is_hex(query.p[i + 2])))
            return false;
    return true;
}

static struct str drop_front(struct str s, size_t n) { return (struct str){s.p + n, s.n - n}; }

/* "/r/<run-id>/rest" -> run, "/rest". */
static void take_run(struct str *path, struct str *ret_run)
{
    struct str id, rest;
    if (!str_starts(*path, STR("/r/")))
        return;
    if (!str_cut(drop_front(*path, 3), '/', &id, &rest))
        return;
    *ret_run = id;
    *path = (struct str){rest.p - 1, rest.n + 1};
}

/* A missing or doubled /v1 behind a prefix, for the path that then is an operation's. */
static struct str repair_v1(struct call *c, const struct vendor *v, struct str path)
{
    c->op = saas_find(v->connector, c->method, path);
    if (c->op)
        return path;
    if (str_starts(path, STR("/v1/v1/"))) {
        struct str once = drop_front(path, 3);
        c->op = saas_find(v->connector, c->method, once);
        if (c->op)
            return once;
    }
    struct str with = arena_printf(&c->arena, "/v1" STR_FMT, STR_ARG(path));
    c->op = saas_find(v->connector, c->method, with);
    return c->op ? with : path;
}

/*
 * How well a vendor fits a request without a prefix, from the worst on. Several vendors have /v1/files and /v1/models:
 * a vendor's own client tells them apart, or what the key wears. A path in whose dialect models are asked is that
 * dialect's. A vendor that this key may not use is the answer only where there is no other.
 */
enum fit { FIT_NOT, FIT_FORBIDDEN, FIT_UNMARKED, FIT_POSSIBLE, FIT_DRESSED, FIT_MARKED, FIT_DIALECT };

/* Whether the client is one of this vendor's own. */
static bool is_marked(const struct call *c, const struct vendor *v)
{
    struct str header = connector_root_header(v->connector), value;
    if (header.n && http_head_get(c->head, header, &value))
        return true;
    return http_head_get(c->head, STR("user-agent"), &value) && connector_root_agent(v->connector, value);
}

static enum fit fit_of(const struct call *c, const struct vendor *v, const struct operation *op)
{
    struct str operation, shape;
    enum op_class class;
    if (!op)
        return FIT_NOT;
    if (!vendor_allows_mode(vendor_mode(v), c->adm.key->mode))
        return FIT_FORBIDDEN;
    if (operation_shape(op, &operation, &class, &shape))
        return FIT_DIALECT;
    if (is_marked(c, v))
        return FIT_MARKED;
    if (connector_root_key(v->connector, c->dress))
        return FIT_DRESSED;
    return connector_root_header(v->connector).n ? FIT_UNMARKED : FIT_POSSIBLE;
}

static struct str add_name(struct call *c, struct str names, const char *before, struct str name)
{
    return arena_printf(&c->arena, STR_FMT "%s%s" STR_FMT, STR_ARG(names), names.n ? ", " : "", before, STR_ARG(name));
}

/* The vendor that fits best, for requests without a prefix; a refusal where there is none, or more than one. */
static bool find_by_operation(struct call *c, struct str path)
{
    const struct vendors *all = c->w->shared->vendors;
    enum fit best = FIT_NOT;
    struct str names = STR_NONE;
    size_t n = 0;
    for (size_t i = 0; i < all->n; i++) {
        const struct operation *op = saas_find(all->items[i].connector, c->method, path);
        enum fit fit = fit_of(c, &all->items[i], op);
        if (fit == FIT_NOT || fit < best)
            continue;
        n = fit > best ? 1 : n + 1;
        names = add_name(c, fit > best ? STR_NONE : names, "", all->items[i].name);
        best = fit;
        c->vendor = &all->items[i];
        c->op = op;
    }
    if (n == 1)
        return true;
    c->vendor = NULL;
    if (n > 1) {
        call_refusef(c, CODE_REQUEST_AMBIGUOUS, 421,
                     "Several vendors have this operation: " STR_FMT ". Put /<vendor> before the path", STR_ARG(names));
        return false;
    }
    for (size_t i = 0; i < all->n; i++)
        names = add_name(c, names, "/", all->items[i].name);
    call_refusef(c, CODE_REQUEST_INVALID, 400, "No configured vendor has this path. Put the vendor before it: " STR_FMT,
                 STR_ARG(names));
    return false;
}

static struct str one_leading_slash(struct str path)
{
    while (path.n > 1 && path.p[0] == '/' && path.p[1] == '/')
        path = drop_front(path, 1);
    return path;
}

/* A base URL that ends in a slash doubles the one behind the prefix. */
static const struct vendor *find_by_prefix(struct call *c, struct str path, struct str *ret_rest)
{
    struct str first, rest;
    if (!str_cut(drop_front(path, 1), '/', &first, &rest))
        return NULL;
    const struct vendor *v = vendors_find(c->w->shared->vendors, first);
    if (v)
        *ret_rest = one_leading_slash((struct str){rest.p - 1, rest.n + 1});
    return v;
}

/* A byte that stands in ids as it is and that some SDKs write encoded: numbers, names and addresses. 0: no such one. */
static char encoded_byte(struct str three)
{
    static const struct {
        struct str text;
        char byte;
    } bytes[] = {{STR_INIT("%2B"), '+'}, {STR_INIT("%3A"), ':'}, {STR_INIT("%40"), '@'}};
    for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
        if (str_eq(three, bytes[i].text))
            return bytes[i].byte;
    return 0;
}

/* Makes no percent sign, so nothing is decoded twice. */
static struct str written_out(struct call *c, struct str path)
{
    if (!str_has(path, '%'))
        return arena_str(&c->arena, path);
    char *p = arena_alloc(&c->arena, path.n), *end = p;
    for (size_t i = 0; i < path.n; i++) {
        char byte = path.p[i] == '%' ? encoded_byte(str_sub(path, i, 3)) : 0;
        *end++ = byte ? byte : path.p[i];
        i += byte ? 2 : 0;
    }
    return (struct str){p, (size_t)(end - p)};
}

/* The path into the arena, without doubled leading slashes, run (admit has read it) and one trailing slash. */
static struct str tidy_path(struct call *c)
{
    struct str path = one_leading_slash(written_out(c, c->head->path)), run = STR_NONE;
    take_run(&path, &run);
    path = one_leading_slash(path);
    if (path.n > 1 && path.p[path.n - 1] == '/')
        path.n--;
    return path;
}

bool call_route(struct call *c)
{
    struct str path = tidy_path(c);
    c->path = path; /* for the record of a refusal */
    c->has_query = c->head->has_query;
    c->query = arena_str(&c->arena, c->head->query);
    const struct vendor *named = find_by_prefix(c, path, &path);
    const char *fault = path_fault(path);
    if (fault) {
        call_refusef(c, CODE_REQUEST_INVALID, 400, "The path has %s; paths are taken literally and must be canonical",
                     fault);
        return false;
    }
    if (!is_encoded_well(c->query)) {
        call_refuse(c, CODE_REQUEST_INVALID, 400, STR("The query has a malformed percent encoding"));
        return false;
    }
    if (named) /* else the one that the prefix alone named, before the key was known, for the form of refusals */
        c->vendor = named;
    if (c->vendor) {
        c->path = repair_v1(c, c->vendor, path);
        return true;
    }
    c->path = path;
    return find_by_operation(c, path);
}
