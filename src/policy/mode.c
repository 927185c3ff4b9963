/*
 * policy/mode.c - whether a document decides: enforce, shadow, or observe.
 */
#include "policy/policy_impl.h"

#include <stdlib.h>

#include "base/check.h"

#define NS_PER_DAY (86400 * NS_PER_S)
#define N(table) (sizeof(table) / sizeof((table)[0]))

static const struct str modes[] = {STR_INIT("enforce"), STR_INIT("shadow"), STR_INIT("observe")};
static const struct key_row mode_keys[] = {{STR_INIT("observe"), KEY_REQUIRED}};
static const struct key_row observe_keys[] = {{STR_INIT("vendors"), KEY_REQUIRED}, {STR_INIT("until"), KEY_OPTIONAL}};

enum policy_mode policy_mode(const struct policy *p)
{
    return p->mode;
}

struct str policy_mode_text(enum policy_mode m)
{
    check(m < N(modes));
    return modes[m];
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

bool parse_is_shadow(struct parse *x, const struct yaml *map)
{
    return parse_word(x, map, STR("mode"), modes, 2, NULL, 0) == 1;
}

static void parse_observe(struct parse *x, const struct yaml *mode)
{
    struct policy *p = x->p;
    struct match m = {0};
    struct str until;
    parse_keys(x, mode, "`mode`", mode_keys, N(mode_keys));
    const struct yaml *observe = yaml_get(mode, STR("observe"));
    if (!parse_type(x, observe, YAML_MAP, STR("observe")))
        return;
    parse_keys(x, observe, "`observe`", observe_keys, N(observe_keys));
    p->mode = POLICY_OBSERVE;
    if (yaml_get(observe, STR("vendors")))
        parse_vendors(x, yaml_get(observe, STR("vendors")), &m);
    p->observed = m.by_key[MATCH_VENDOR];
    if (parse_text(x, observe, STR("until"), &until) && wall_parse(until, &p->observe_until) < 0)
        parse_fault(x, yaml_get(observe, STR("until")), "bad_value",
                    "`until` is a time: 2026-12-24T00:00:00Z; without it, %d days from when the document is applied",
                    OBSERVE_DAYS);
}

void parse_mode(struct parse *x, const struct yaml *root)
{
    const struct yaml *y = yaml_get(root, STR("mode"));
    if (yaml_is(y, YAML_MAP)) {
        parse_observe(x, y);
        return;
    }
    if (yaml_is(y, YAML_STR) && str_eq(y->text, modes[POLICY_OBSERVE])) {
        parse_fault(x, y, "bad_value", "`observe` names vendors: mode: {observe: {vendors: [stripe]}}");
        return;
    }
    if (parse_word(x, root, STR("mode"), modes, 2, NULL, 0) == POLICY_SHADOW)
        x->p->mode = POLICY_SHADOW;
}

/* --- observing ---------------------------------------------------------------------------------------------------- */

void policy_applied(struct policy *p, wall_t at)
{
    if (p->mode == POLICY_OBSERVE && p->observe_until == 0)
        p->observe_until = at + OBSERVE_DAYS * NS_PER_DAY;
}

wall_t policy_observes_until(const struct policy *p, wall_t now)
{
    if (p->mode != POLICY_OBSERVE)
        return 0;
    if (p->observe_until == 0)
        return now + OBSERVE_DAYS * NS_PER_DAY; /* read, and not applied: as if it were now */
    return now < p->observe_until ? p->observe_until : 0;
}

bool policy_observes(const struct policy *p, struct str vendor, wall_t now)
{
    if (vendor.n == 0 || policy_observes_until(p, now) == 0)
        return false;
    for (size_t i = 0; i < p->observed.n; i++)
        if (pattern_match(&p->observed.items[i], vendor))
            return true;
    return false;
}

struct str policy_observed_text(const struct policy *p, struct arena *a)
{
    struct str text = STR("");
    for (size_t i = 0; i < p->observed.n; i++)
        text = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(text), i ? ", " : "", STR_ARG(p->observed.items[i].text));
    return text;
}

/* --- one beside another ------------------------------------------------------------------------------------------- */

struct policy *policy_beside(const struct policy *active, const struct policy *shadow)
{
    struct policy *p = malloc(sizeof *p);
    if (!p)
        return NULL;
    check(!active->base && shadow->mode == POLICY_SHADOW);
    policy_ref(active);
    policy_ref(shadow);
    *p = *active;
    p->n_refs = 1;
    p->base = active;
    p->beside = shadow;
    return p;
}

const struct policy *policy_shadow(const struct policy *p)
{
    return p->beside ? p->beside : p->mode == POLICY_SHADOW ? p : NULL;
}
