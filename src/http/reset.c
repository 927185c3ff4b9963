/* http/reset.c - the texts of reset.tbl.h. */
#include "base/check.h"
#include "http/exchange.h"

static const char *const texts[] = {
#define HTTP_RESET(name, text) text,
#include "http/reset.tbl.h"
#undef HTTP_RESET
};

const char *http_reset_text(enum http_reset why)
{
    check((unsigned)why < HTTP_RESET_COUNT);
    return texts[why];
}
