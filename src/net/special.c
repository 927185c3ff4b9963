/*
 * net/special.c - looks an address up in special.tbl.h.
 *
 * An address of 64:ff9b::/96 (RFC 6052: how a network without IPv4 reaches it) is what its last four bytes say. The
 * table is read as text each time: it is asked once a connection, and a connection costs a thousand times that.
 */
#include "net/loop.h"

#include "base/check.h"

#include <arpa/inet.h>
#include <string.h>

static const struct {
    const char *first;
    unsigned bits;
    const char *name;
} blocks[] = {
#define SPECIAL(first, bits, name) {first, bits, name},
#include "net/special.tbl.h"
#undef SPECIAL
};

/* 4 or 16 bytes; 0: this is no numeric address. */
static size_t parse(const char *text, uint8_t raw[16])
{
    if (inet_pton(AF_INET, text, raw) == 1)
        return 4;
    return inet_pton(AF_INET6, text, raw) == 1 ? 16 : 0;
}

static bool is_within(const uint8_t *raw, const uint8_t *first, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;
    uint8_t mask = (uint8_t)(0xff00u >> rest);

    return memcmp(raw, first, whole) == 0 && (rest == 0 || ((raw[whole] ^ first[whole]) & mask) == 0);
}

static const char *find(const uint8_t *raw, size_t n)
{
    uint8_t first[16];

    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
        if (parse(blocks[i].first, first) == n && is_within(raw, first, blocks[i].bits))
            return blocks[i].name;
    return NULL;
}

const char *net_addr_special(const struct net_addr *a)
{
    static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b};
    uint8_t raw[16];
    size_t n = parse(a->host, raw);

    if (n == 0)
        return "not a numeric address";
    if (n == 16 && memcmp(raw, nat64, sizeof(nat64)) == 0)
        return find(raw + 12, 4);
    return find(raw, n);
}
