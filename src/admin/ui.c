/*
 * admin/ui.c - the dashboard's page and files, from the binary, or from a folder for who works on them.
 *
 *   (1) they hold no data and need no credential: what the page shows it asks of the API, with the viewer's own.
 *   (2) a name is one segment of plain characters, so that no request leads out of the folder.
 *   (3) files are named by their content and kept for good; the page is asked for anew each time.
 */
#include "admin/handlers.h"
#include "admin/request.h"
#include "admin/ui_files.h"
#include "base/err.h"
#include "codec/hex.h"
#include "crypto/hash.h"
#include "io/whole_file.h"

#define UI_FILE_BYTES_MAX (8u << 20)
#define UI_NAME_BYTES_MAX 128

/* Nothing runs or loads but the dashboard's own files, and no text can become markup. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'";

static const struct {
    struct str suffix;
    const char *type;
} types[] = {
    {STR_INIT(".html"), "text/html; charset=utf-8"},
    {STR_INIT(".js"), "text/javascript; charset=utf-8"},
    {STR_INIT(".css"), "text/css; charset=utf-8"},
    {STR_INIT(".svg"), "image/svg+xml"},
};

static const char *type_of(struct str name)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (str_ends(name, types[i].suffix))
            return types[i].type;
    }
    return "application/octet-stream";
}

static int read_builtin(struct str name, struct buf *out)
{
    for (const struct embedded *e = ui_files; e->name.n; e++) {
        if (str_eq(e->name, name))
            return err_trace(buf_add(out, e->text));
    }
    return -ERR_NOT_FOUND;
}

/* `folder` is "" or "assets/". */
static int read_file(struct request *r, const char *folder, struct str name, const char *suffix)
{
    struct str path = arena_printf(&r->arena, "%s" STR_FMT "%s", folder, STR_ARG(name), suffix);
    if (!r->admin->ui_dir.n)
        return read_builtin(path, &r->out);
    path = arena_printf(&r->arena, STR_FMT "/" STR_FMT, STR_ARG(r->admin->ui_dir), STR_ARG(path));
    return io_read_file(io_system(), path, UI_FILE_BYTES_MAX, &r->out);
}

/* A browser names the codings that it takes without weights; one that refuses gzip (q=0) does not name it so. */
static bool takes_gzip(struct str accept_encoding)
{
    struct str rest = accept_encoding, one;
    for (bool is_more = rest.n > 0; is_more;) {
        one = rest;
        is_more = str_cut(rest, ',', &one, &rest);
        if (str_eq_nocase(str_trim(one), STR("gzip")))
            return true;
    }
    return false;
}

/* The quoted tag of what stands in `out`. */
static struct str tag_of(struct request *r)
{
    uint8_t digest[SHA256_BYTES];
    char *text = arena_alloc(&r->arena, 34);
    sha256(buf_str(&r->out), digest);
    text[0] = text[33] = '"';
    (void)hex_encode(digest, 16, text + 1);
    return (struct str){text, 34};
}

static void answer_file(struct request *r, struct str name, bool is_gzip, struct str cache)
{
    struct str tag = tag_of(r);
    struct http_field fields[] = {
        {STR("cache-control"), cache},
        {STR("etag"), tag},
        {STR("vary"), STR("accept-encoding")},
        {STR("content-security-policy"), str_c(policy)},
        {STR("referrer-policy"), STR("no-referrer")},
        {STR("cross-origin-opener-policy"), STR("same-origin")},
        {STR("cross-origin-resource-policy"), STR("same-origin")},
        {STR("content-encoding"), STR("gzip")},
    };
    size_t n = sizeof(fields) / sizeof(fields[0]) - (is_gzip ? 0 : 1), at;
    r->content_type = type_of(name);
    if (str_find(r->if_none_match, tag, &at)) {
        buf_reset(&r->out);
        request_answer_file(r, 304, fields, n);
        return;
    }
    request_answer_file(r, 200, fields, n);
}

/* The file, compressed where there is such a form and the client takes it. */
static void answer(struct request *r, const char *folder, struct str name, struct str cache)
{
    bool is_gzip = takes_gzip(r->accept_encoding);
    int e = is_gzip ? read_file(r, folder, name, ".gz") : -ERR_NOT_FOUND;
    if (e == -ERR_NOT_FOUND) {
        is_gzip = false;
        e = read_file(r, folder, name, "");
    }
    if (e == 0)
        answer_file(r, name, is_gzip, cache);
    else if (e == -ERR_NOT_FOUND)
        request_fail(r, 404, "not_found", "the dashboard has no such file: load the page again");
    else
        request_fail_err(r, e);
}

void admin_on_ui_root(struct request *r)
{
    r->content_type = "text/html; charset=utf-8"; /* of nothing: the address says all */
    request_answer_file(r, 308, (struct http_field[]){{STR("location"), STR("/ui/")}}, 1);
}

void admin_on_ui_shell(struct request *r) { answer(r, "", STR("index.html"), STR("no-cache")); }

void admin_on_ui_asset(struct request *r)
{
    struct str name = r->args[0];
    if (!str_is_token(name, ".-_", UI_NAME_BYTES_MAX) || name.p[0] == '.') {
        request_fail(r, 404, "not_found", "the dashboard has no such file");
        return;
    }
    answer(r, "assets/", name, r->admin->ui_dir.n ? STR("no-cache") : STR("public, max-age=31536000, immutable"));
}
