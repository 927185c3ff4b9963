/*
 * trace/personal.c - values that may be erased, and the digest that stands for them in what the chain covers.
 */
#include "trace/record_impl.h"

#include "codec/hex.h"
#include "crypto/hash.h"

void personal_begin(struct personal *p, const uint8_t salt[SALT_BYTES], struct buf *out)
{
    char hex[2 * SALT_BYTES];
    p->out = out;
    p->from = out->n;
    jw_init(&p->w, out);
    jw_object(&p->w);
    jw_put_str(&p->w, STR("salt"), hex_encode(salt, SALT_BYTES, hex));
}

void personal_end(struct personal *p, struct json_writer *body)
{
    uint8_t sha[SHA256_BYTES];
    char hex[2 * PERSONAL_DIGEST_BYTES];
    jw_object_end(&p->w);
    if (buf_ok(p->out) < 0)
        return; /* the caller sees it too */
    sha256(str_sub(buf_str(p->out), p->from, p->out->n), sha);
    jw_put_str(body, STR("personal"), hex_encode(sha, PERSONAL_DIGEST_BYTES, hex));
}
