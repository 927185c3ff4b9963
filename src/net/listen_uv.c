/*
 * net/listen_uv.c - listening sockets: accepts in bounded batches, and hands out bare descriptors as tickets.
 *
 * The descriptors become streams on whatever loop adopts them. When the process runs out of descriptors accepting
 * pauses: the socket stays readable, so anything else would spin.
 */
#include "net/uv_impl.h"

#include "base/check.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPT_BATCH_MAX 64
#define ACCEPT_PAUSE_MS 100

struct net_listener {
    uv_poll_t poll;
    struct loop_uv *loop;
    int fd;
    struct timer pause;
    bool is_closed;
    void (*on_accept)(void *ctx, struct net_ticket t);
    void *ctx;
};

int uv_addr_to_sockaddr(const struct net_addr *a, struct sockaddr_storage *ret)
{
    int r = strchr(a->host, ':') ? uv_ip6_addr(a->host, a->port, (struct sockaddr_in6 *)(void *)ret)
                                 : uv_ip4_addr(a->host, a->port, (struct sockaddr_in *)(void *)ret);

    return r < 0 ? err_trace(-ERR_INVALID) : 0;
}

void uv_addr_from_sockaddr(const struct sockaddr_storage *ss, struct net_addr *ret)
{
    if (ss->ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)ss;
        inet_ntop(AF_INET6, &in6->sin6_addr, ret->host, sizeof(ret->host));
        ret->port = ntohs(in6->sin6_port);
    } else {
        const struct sockaddr_in *in = (const void *)ss;
        inet_ntop(AF_INET, &in->sin_addr, ret->host, sizeof(ret->host));
        ret->port = ntohs(in->sin_port);
    }
}

static void addr_of_socket(int fd, struct net_addr *ret)
{
    struct sockaddr_storage ss;
    socklen_t n = sizeof(ss);

    memset(ret, 0, sizeof(*ret));
    if (getsockname(fd, (struct sockaddr *)&ss, &n) < 0)
        return;
    uv_addr_from_sockaddr(&ss, ret);
}

static int open_socket(const struct net_addr *a, int backlog, int *ret_fd)
{
    struct sockaddr_storage ss;
    const int one = 1;

    if (uv_addr_to_sockaddr(a, &ss) < 0)
        return -ERR_INVALID;
    int fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_from_errno(errno);
    socklen_t n = ss.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (ss.ss_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&ss, n) < 0 || listen(fd, backlog) < 0) {
        int r = err_from_errno(errno);
        close(fd);
        return r;
    }
    *ret_fd = fd;
    return 0;
}

static void on_readable(uv_poll_t *h, int status, int events);

static void on_pause_over(struct timer *t)
{
    struct net_listener *li = list_entry(t, struct net_listener, pause);

    uv_poll_start(&li->poll, UV_READABLE, on_readable);
}

static void pause_accepting(struct net_listener *li)
{
    uv_poll_stop(&li->poll);
    timer_arm(&li->loop->loop, &li->pause, ACCEPT_PAUSE_MS);
}

static bool is_out_of_room(int e) { return e == EMFILE || e == ENFILE || e == ENOBUFS || e == ENOMEM; }

static void on_readable(uv_poll_t *h, int status, int events)
{
    struct net_listener *li = h->data;
    struct loop_uv *l = li->loop;

    (void)status; /* an error of the socket shows again in accept4 */
    (void)events;
    uv_turn_begin(l);
    for (int i = 0; i < ACCEPT_BATCH_MAX && !li->is_closed; i++) {
        int fd = accept4(li->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            li->on_accept(li->ctx, (struct net_ticket){fd});
        } else if (errno == EINTR || errno == ECONNABORTED || errno == EPROTO) {
            continue;
        } else {
            if (is_out_of_room(errno))
                pause_accepting(li);
            break;
        }
    }
    uv_turn_end(l);
}

int listen_uv_open(struct loop *base, const struct net_addr *a, int backlog,
                   void (*on_accept)(void *, struct net_ticket), void *ctx, struct net_listener **ret_listener,
                   struct net_addr *ret_bound)
{
    int fd = -1, r = open_socket(a, backlog, &fd);

    if (r < 0)
        return err_trace(r);
    struct net_listener *li = calloc(1, sizeof(*li));
    if (!li || uv_poll_init(&loop_uv_of(base)->uv, &li->poll, fd) < 0) {
        free(li);
        close(fd);
        return err_trace(-ERR_NOMEM);
    }
    li->poll.data = li;
    li->loop = loop_uv_of(base);
    li->fd = fd;
    li->on_accept = on_accept;
    li->ctx = ctx;
    timer_init(&li->pause, on_pause_over);
    uv_poll_start(&li->poll, UV_READABLE, on_readable);
    li->loop->n_handles++;
    if (ret_bound)
        addr_of_socket(fd, ret_bound);
    *ret_listener = li;
    return 0;
}

static void on_closed(uv_handle_t *h)
{
    struct net_listener *li = h->data;

    uv_handle_gone(li->loop);
    free(li);
}

void listen_uv_close(struct net_listener *li)
{
    check(!li->is_closed);
    li->is_closed = true;
    timer_cancel(&li->loop->loop, &li->pause);
    uv_close((uv_handle_t *)&li->poll, on_closed);
    close(li->fd);
}

void listen_uv_ticket_drop(struct net_ticket t) { close((int)t.id); }
