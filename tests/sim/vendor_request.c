/*
 * tests/sim/vendor_request.c - see vendor_request.h.
 */
#include "vendor_request.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

struct str vendor_request_field(struct str head, const char *name)
{
    struct str rest = head, line, key, value;

    while (rest.n) {
        if (!str_cut(rest, '\n', &line, &rest))
            break;
        if (str_cut(line, ':', &key, &value) && str_eq_nocase(key, str_c(name))) {
            value = str_trim(value);
            return str_sub(value, 0, value.n && value.p[value.n - 1] == '\r' ? value.n - 1 : value.n);
        }
    }
    return STR_NONE;
}

bool vendor_request_take(struct buf *in, struct vendor_request *ret)
{
    struct str all = buf_str(in), rest, query;
    size_t head_end;
    int64_t length = 0;

    if (!str_find(all, STR("\r\n\r\n"), &head_end))
        return false;
    struct str head = str_sub(all, 0, head_end + 2), text = vendor_request_field(head, "content-length");
    if (text.n)
        check(str_to_i64(text, &length) == 0);
    check(!vendor_request_field(head, "transfer-encoding").n); /* bodies of known length go out with their length */
    size_t n = head_end + 4 + (size_t)length;
    if (all.n < n)
        return false;
    char *copy = malloc(n);
    check(copy);
    memcpy(copy, all.p, n);
    buf_drop(in, n);
    *ret = (struct vendor_request){
        .bytes = copy, .head = {copy, head_end + 2}, .body = {copy + head_end + 4, (size_t)length}};
    check(str_cut(ret->head, ' ', &ret->method, &rest) && str_cut(rest, ' ', &ret->path, &rest));
    (void)str_cut(ret->path, '?', &ret->path, &query);
    return true;
}
