/*
 * cli/policy_reach.c - `policy check --reach`: of each vendor that a document lets something pass of, the operations
 * that no rule reaches.
 */
#include "cli/policy_reach.h"

#include "cli/print.h"
#include "codec/json_write.h"
#include "policy/policy.h"

#define JSON_BYTES_MAX (4u << 20)

/* Operations stand by vendor: [from, ret) are one vendor's. */
static size_t vendor_end(const struct known *known, size_t from)
{
    size_t i = from;
    while (i < known->n_operations && str_eq(known->operations[i].vendor, known->operations[from].vendor))
        i++;
    return i;
}

static size_t count_reached(const struct policy *p, const struct known *known, size_t from, size_t end)
{
    size_t n = 0;
    for (size_t i = from; i < end; i++)
        n += policy_reaches(p, &known->operations[i]);
    return n;
}

static void put_vendor(struct json_writer *w, const struct policy *p, const struct known *known, size_t from,
                       size_t end, size_t n_reached)
{
    jw_object(w);
    jw_put_str(w, STR("vendor"), known->operations[from].vendor);
    jw_put_i64(w, STR("operations"), (int64_t)(end - from));
    jw_put_i64(w, STR("reached"), (int64_t)n_reached);
    jw_key(w, STR("unreached"));
    jw_array(w);
    for (size_t i = from; i < end; i++)
        if (!policy_reaches(p, &known->operations[i]))
            jw_str(w, known->operations[i].name);
    jw_array_end(w);
    jw_object_end(w);
}

static void print_vendor(struct cli *c, const struct policy *p, const struct known *known, size_t from, size_t end,
                         size_t n_reached)
{
    print_safe(c->out, known->operations[from].vendor);
    fprintf(c->out, ": rules may let %zu of %zu operations pass; no rule reaches\n", n_reached, end - from);
    for (size_t i = from; i < end; i++) {
        if (policy_reaches(p, &known->operations[i]))
            continue;
        fputs("  ", c->out);
        print_safe(c->out, known->operations[i].name);
        fputc('\n', c->out);
    }
}

void policy_print_reach(struct cli *c, const struct policy *p, const struct known *known)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, JSON_BYTES_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    jw_key(&w, STR("vendors"));
    jw_array(&w);
    for (size_t from = 0, end; from < known->n_operations; from = end) {
        end = vendor_end(known, from);
        size_t n = count_reached(p, known, from, end);
        if (n && c->is_json)
            put_vendor(&w, p, known, from, end, n);
        else if (n)
            print_vendor(c, p, known, from, end, n);
    }
    jw_array_end(&w);
    jw_object_end(&w);
    jw_end(&w);
    if (c->is_json)
        fprintf(c->out, STR_FMT "\n", STR_ARG(buf_str(&b)));
    buf_deinit(&b);
}
