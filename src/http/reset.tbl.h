/* http/reset.tbl.h - why an exchange ended early: HTTP_RESET(name, text). */
HTTP_RESET(PEER_CLOSED, "the peer closed the connection")
HTTP_RESET(PEER_RESET, "the peer reset the connection")
HTTP_RESET(RESOLVE_FAILED, "the name could not be resolved")
HTTP_RESET(ADDRESS_REFUSED, "the name leads to a private or otherwise special address, which needs `private: true`")
HTTP_RESET(CONNECT_FAILED, "no connection could be opened")
HTTP_RESET(CONNECT_TIMEOUT, "no connection in time")
HTTP_RESET(POOL_FULL, "too many calls wait for a connection")
HTTP_RESET(FIRST_BYTE_TIMEOUT, "no answer in time")
HTTP_RESET(IDLE_TIMEOUT, "the body stopped coming")
HTTP_RESET(WRITE_TIMEOUT, "the peer takes no bytes")
HTTP_RESET(TOTAL_TIMEOUT, "the call took too long")
HTTP_RESET(BAD_FRAMING, "the message is malformed")
HTTP_RESET(TRUNCATED, "the message ended early")
HTTP_RESET(TOO_LARGE, "the message is larger than a named limit")
HTTP_RESET(CANCELLED, "given up by us")
HTTP_RESET(SHUTDOWN, "the daemon stops")
/* TLS: the errors of base/err_tls.tbl.h under the same names. */
#define ERR(name, text) HTTP_RESET(name, text)
#include "base/err_tls.tbl.h"
#undef ERR
