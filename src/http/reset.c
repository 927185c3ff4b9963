/* http/reset.c - the texts of reset.tbl.h. */
#include "base/check.h"
#include "base/err.h"
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

enum http_reset http_reset_of_tls(int err)
{
    switch (-err) {
#define ERR(name, text) \
    case ERR_##name:    \
        return HTTP_RESET_##name;
#include "base/err_tls.tbl.h"
#undef ERR
    default:
        return HTTP_RESET_COUNT;
    }
}
