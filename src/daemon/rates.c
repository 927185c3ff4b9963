/*
 * daemon/rates.c - file to table.
 */
#include "daemon/rates.h"

#include "base/err.h"
#include "io/files.h"
#include "io/whole_file.h"
#include "saas/fx_table.h"

#define BYTES_MAX ((size_t)1 << 20)

int rates_read(const struct config *c, struct fx_table *ret, struct buf *error)
{
    struct buf text;
    struct arena a;
    struct diag_list diags;
    arena_init(&a, 4 * BYTES_MAX);
    buf_init(&text, BYTES_MAX);
    diag_list_init(&diags, &a, 20);
    int r = io_read_file(io_system(), c->fx_table, BYTES_MAX, &text);
    if (r < 0)
        (void)buf_printf(error, "fx.table: " STR_FMT " cannot be read (%s)", STR_ARG(c->fx_table), err_text(r));
    else if ((r = fx_table_read(buf_str(&text), c->fx_table, &diags, ret)) < 0)
        (void)diag_list_text(&diags, error);
    buf_deinit(&text);
    arena_deinit(&a);
    return err_trace(r);
}
