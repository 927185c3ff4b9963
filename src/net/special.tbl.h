/*
 * net/special.tbl.h - addresses that are not the public internet: SPECIAL(first address, prefix bits, name).
 *
 * From the registries of special-purpose addresses that RFC 6890 founded, as of 2026, multicast and class E added. One
 * line a block, the narrower block before the wider one that holds it.
 */
/* IPv4 */
SPECIAL("0.0.0.0", 8, "this network (RFC 791)")
SPECIAL("10.0.0.0", 8, "private use (RFC 1918)")
SPECIAL("100.64.0.0", 10, "shared by carriers (RFC 6598)")
SPECIAL("127.0.0.0", 8, "loopback (RFC 1122)")
SPECIAL("169.254.0.0", 16, "link-local, where clouds serve their metadata (RFC 3927)")
SPECIAL("172.16.0.0", 12, "private use (RFC 1918)")
SPECIAL("192.0.0.0", 24, "protocol assignments (RFC 6890)")
SPECIAL("192.0.2.0", 24, "documentation (RFC 5737)")
SPECIAL("192.88.99.0", 24, "6to4 relays (RFC 7526)")
SPECIAL("192.168.0.0", 16, "private use (RFC 1918)")
SPECIAL("198.18.0.0", 15, "benchmarks (RFC 2544)")
SPECIAL("198.51.100.0", 24, "documentation (RFC 5737)")
SPECIAL("203.0.113.0", 24, "documentation (RFC 5737)")
SPECIAL("224.0.0.0", 4, "multicast (RFC 5771)")
SPECIAL("240.0.0.0", 4, "reserved (RFC 1112)")
/* IPv6 */
SPECIAL("::1", 128, "loopback (RFC 4291)")
SPECIAL("::", 96, "unspecified or IPv4-compatible (RFC 4291)")
SPECIAL("::ffff:0:0", 96, "IPv4-mapped (RFC 4291)")
SPECIAL("64:ff9b:1::", 48, "local translation to IPv4 (RFC 8215)")
SPECIAL("100::", 64, "discard only (RFC 6666)")
SPECIAL("2001::", 23, "protocol assignments (RFC 2928)")
SPECIAL("2001:db8::", 32, "documentation (RFC 3849)")
SPECIAL("2002::", 16, "6to4 (RFC 3056)")
SPECIAL("3fff::", 20, "documentation (RFC 9637)")
SPECIAL("5f00::", 16, "segment routing (RFC 9602)")
SPECIAL("fc00::", 7, "unique local (RFC 4193)")
SPECIAL("fe80::", 10, "link-local (RFC 4291)")
SPECIAL("fec0::", 10, "site-local (RFC 3879)")
SPECIAL("ff00::", 8, "multicast (RFC 4291)")
