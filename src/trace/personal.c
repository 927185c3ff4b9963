/*
 * trace/personal.c - values that may be erased, and the digests that stand for them in what the chain covers.
 */
#include "trace/record_impl.h"

#include "base/check.h"
#include "codec/hex.h"
#include "crypto/hash.h"

void personal_begin(struct personal *p, const uint8_t *salt, struct buf *out)
{
    char hex[2 * SALT_BYTES];
    p->salt = salt;
    p->n = 0;
    p->out = out;
    jw_init(&p->w, out);
    jw_object(&p->w);
    jw_put_str(&p->w, STR("salt"), hex_encode(salt, SALT_BYTES, hex));
}

void personal_value(struct personal *p, struct str name)
{
    check(p->n < PERSONAL_MAX);
    jw_key(&p->w, name);
    p->names[p->n] = name;
    p->from[p->n] = p->out->n;
}

void personal_value_end(struct personal *p)
{
    p->n_bytes[p->n] = p->out->n - p->from[p->n];
    p->n++;
}

void personal_str(struct personal *p, struct str name, struct str value)
{
    if (value.n == 0)
        return;
    personal_value(p, name);
    jw_str(&p->w, value);
    personal_value_end(p);
}

/* HMAC-SHA-256(salt, name, 0x00, value as written). */
static void digest(const struct personal *p, const struct hmac_sha256 *h, size_t i, uint8_t ret[SHA256_BYTES])
{
    const struct str parts[] = {p->names[i], {"", 1}, {p->out->p + p->from[i], p->n_bytes[i]}};
    hmac_sha256_parts(h, parts, 3, ret);
}

void personal_end(struct personal *p, struct json_writer *body)
{
    struct hmac_sha256 h;
    jw_object_end(&p->w);
    jw_key(body, STR("digests"));
    jw_object(body);
    hmac_sha256_init(&h, (struct str){(const char *)p->salt, SALT_BYTES});
    for (size_t i = 0; i < p->n && buf_ok(p->out) == 0; i++) {
        uint8_t mac[32];
        char hex[32];
        digest(p, &h, i, mac);
        jw_put_str(body, p->names[i], hex_encode(mac, 16, hex));
    }
    hmac_sha256_deinit(&h);
    jw_object_end(body);
}
