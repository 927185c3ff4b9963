/*
 * export/notice_body.c - what one notice says, and its signature. Values only: no clock, no network.
 */
#include "export/notice.h"

#include "codec/hex.h"
#include "codec/json_write.h"
#include "crypto/hash.h"

#include <stdio.h>

#define TEXT_BYTES_MAX 4096
#define SLACK_TEXT_BYTES_MAX 2800 /* a section block takes 3,000 characters */

/* Slack reads <...> as links and mentions: these three characters are escaped, and what is long is cut. */
static void escape(struct str s, struct buf *escaped)
{
    for (size_t i = 0; i < s.n && escaped->n < SLACK_TEXT_BYTES_MAX; i++) {
        char c = s.p[i];
        struct str as = c == '&' ? STR("&amp;") : c == '<' ? STR("&lt;") : c == '>' ? STR("&gt;") : str_sub(s, i, 1);
        (void)buf_add(escaped, as); /* it fits */
    }
}

static void put_text(struct json_writer *w, struct str key, const char *type, struct str text)
{
    jw_key(w, key);
    jw_object(w);
    jw_put_str(w, STR("type"), str_c(type));
    jw_put_str(w, STR("text"), text);
    jw_object_end(w);
}

static void put_button(struct json_writer *w, const char *label, struct str url)
{
    jw_object(w);
    jw_put_str(w, STR("type"), STR("button"));
    put_text(w, STR("text"), "plain_text", str_c(label));
    jw_put_str(w, STR("url"), url);
    jw_object_end(w);
}

static void put_buttons(struct json_writer *w, struct str url, struct str link)
{
    jw_object(w);
    jw_put_str(w, STR("type"), STR("actions"));
    jw_key(w, STR("elements"));
    jw_array(w);
    if (link.n)
        put_button(w, "Decide", link);
    put_button(w, link.n ? "Dashboard" : "Decide", url);
    jw_array_end(w);
    jw_object_end(w);
}

/* `url` empty: there is nothing to decide. */
static void put_blocks(struct json_writer *w, struct str text, struct str reason, struct str url, struct str link)
{
    jw_key(w, STR("blocks"));
    jw_array(w);
    jw_object(w);
    jw_put_str(w, STR("type"), STR("section"));
    put_text(w, STR("text"), "mrkdwn", text);
    jw_object_end(w);
    jw_object(w);
    jw_put_str(w, STR("type"), STR("section"));
    put_text(w, STR("text"), "plain_text", str_sub(reason, 0, SLACK_TEXT_BYTES_MAX));
    jw_object_end(w);
    if (url.n)
        put_buttons(w, url, link);
    jw_array_end(w);
}

static void put_event(struct json_writer *w, const struct notice *n)
{
    jw_key(w, STR("metadata"));
    jw_object(w);
    jw_put_str(w, STR("event_type"), STR("policy_notice"));
    jw_put_raw(w, STR("event_payload"), n->action);
    jw_object_end(w);
}

static void put_payload(struct json_writer *w, const struct notice *n, struct str url)
{
    jw_key(w, STR("metadata"));
    jw_object(w);
    jw_put_str(w, STR("event_type"), STR("approval_pending"));
    jw_key(w, STR("event_payload"));
    jw_object(w);
    jw_put_str(w, STR("id"), n->id);
    jw_put_str(w, STR("approval"), n->approval);
    jw_put_i64(w, STR("quorum"), n->quorum);
    jw_put_wall_or_null(w, STR("expires_at"), n->expires_at);
    jw_put_str(w, STR("url"), url);
    jw_put_raw(w, STR("action"), n->action);
    jw_object_end(w);
    jw_object_end(w);
}

void notice_body(const struct notice *n, const struct notice_target *t, struct buf *out)
{
    struct json_writer w;
    struct buf text, url, link;
    bool has_personal = t->has_personal && n->text_personal.n;
    buf_init(&text, TEXT_BYTES_MAX);
    buf_init(&url, TEXT_BYTES_MAX);
    escape(has_personal ? n->text_personal : n->text, &text);
    if (!n->is_event)
        buf_printf(&url, STR_FMT "#/approvals/" STR_FMT, STR_ARG(t->page), STR_ARG(n->id));
    buf_init(&link, TEXT_BYTES_MAX);
    if (n->link.n)
        buf_printf(&link, STR_FMT "hooks/approvals/" STR_FMT, STR_ARG(t->link), STR_ARG(n->link));
    jw_init(&w, out);
    jw_object(&w);
    jw_put_str(&w, STR("text"), buf_str(&text));
    put_blocks(&w, buf_str(&text), n->reason, buf_str(&url), buf_str(&link));
    if (n->is_event)
        put_event(&w, n);
    else
        put_payload(&w, n, buf_str(&url));
    jw_object_end(&w);
    jw_end(&w);
    buf_deinit(&text);
    buf_deinit(&url);
    buf_deinit(&link);
}

struct str notice_signature(struct str secret, int64_t unix_s, struct str body, char out[NOTICE_SIGNATURE_CHARS + 1])
{
    uint8_t mac[SHA256_BYTES];
    char stamp[24], hex[2 * SHA256_BYTES];
    struct hmac_sha256 h;
    int n = snprintf(stamp, sizeof stamp, "%lld.", (long long)unix_s);
    const struct str parts[] = {{stamp, (size_t)n}, body};
    hmac_sha256_init(&h, secret);
    hmac_sha256_parts(&h, parts, 2, mac);
    hmac_sha256_deinit(&h);
    struct str text = hex_encode(mac, sizeof mac, hex);
    n = snprintf(out, NOTICE_SIGNATURE_CHARS + 1, "v1=" STR_FMT, STR_ARG(text));
    return (struct str){out, (size_t)n};
}
