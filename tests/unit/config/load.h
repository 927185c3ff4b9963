/*
 * tests/unit/config/load.h - one load, with its faults as text.
 */
#pragma once

#include "config/config.h"

#include "base/err.h"
#include "unit.h"

struct load {
    struct arena arena;
    struct diag_list diags;
    struct buf text; /* the diags */
    const struct config *config;
    int r;
};

static inline void load_full(struct load *l, const struct config_input *in)
{
    arena_init(&l->arena, 1 << 20);
    diag_list_init(&l->diags, &l->arena, CONFIG_ERRORS_MAX);
    buf_init(&l->text, 1 << 20);
    l->config = NULL;
    l->r = config_load(in, &l->diags, &l->config);
    assert_int_equal(diag_list_text(&l->diags, &l->text), 0);
}

static inline void load_end(struct load *l)
{
    config_unref(l->config);
    buf_deinit(&l->text);
    arena_deinit(&l->arena);
}

static inline void load_text(struct load *l, const char *text)
{
    struct config_input in = {.file = STR("flyball.yaml"), .text = str_c(text), .n_cores = 2};
    load_full(l, &in);
}

/* `doc` is refused, and the faults are exactly `want`, a line each. */
#define assert_faults(doc, want) \
    do { \
        struct load faulty; \
        load_text(&faulty, doc); \
        assert_str(buf_str(&faulty.text), want); \
        assert_int_equal(faulty.r, -ERR_INVALID); \
        assert_null(faulty.config); \
        load_end(&faulty); \
    } while (0)

/* `doc` is refused with a fault that holds `want`. */
#define assert_fault(doc, want) \
    do { \
        struct load faulty; \
        size_t fault_at; \
        load_text(&faulty, doc); \
        if (!str_find(buf_str(&faulty.text), str_c(want), &fault_at)) \
            assert_str(buf_str(&faulty.text), want); \
        assert_int_equal(faulty.r, -ERR_INVALID); \
        load_end(&faulty); \
    } while (0)

#define assert_loads(doc) \
    do { \
        struct load good; \
        load_text(&good, doc); \
        assert_str(buf_str(&good.text), ""); \
        assert_int_equal(good.r, 0); \
        load_end(&good); \
    } while (0)
