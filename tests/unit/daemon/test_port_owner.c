/* daemon/port_owner: lines of /proc/net/tcp, and a port that this test has itself. */
#include "daemon/port_owner.h"

#include "unit.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD "   0: 0100007F:128B 00000000:0000 "
#define TAIL " 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0"

static void the_inode_of_a_listening_socket_is_read(void **state)
{
    assert_int_equal(port_owner_inode(STR(HEAD "0A" TAIL), 4747), 4711);
    assert_int_equal(port_owner_inode(STR("   3: 00000000000000000000000001000000:128B "
                                          "00000000000000000000000000000000:0000 0A" TAIL), 4747), 4711);
}

static void other_lines_are_passed_over(void **state)
{
    assert_int_equal(port_owner_inode(STR(HEAD "0A" TAIL), 4748), 0);
    assert_int_equal(port_owner_inode(STR(HEAD "01" TAIL), 4747), 0); /* a connection */
    assert_int_equal(port_owner_inode(STR("  sl  local_address rem_address   st tx_queue"), 4747), 0);
    assert_int_equal(port_owner_inode(STR(HEAD "0A"), 4747), 0);
    assert_int_equal(port_owner_inode(STR(""), 4747), 0);
}

static void the_process_that_listens_is_named(void **state)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    struct arena a;
    char want[64];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    arena_init(&a, 1u << 16);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    uint16_t port = ntohs(at.sin_port);
    assert_int_equal(port_owner(&a, port).n, 0); /* bound, and not listening */
    assert_int_equal(listen(fd, 1), 0);
    snprintf(want, sizeof(want), "test_daemon_por, process %ld", (long)getpid()); /* comm has 15 characters */
    assert_str(port_owner(&a, port), want);
    close(fd);
    assert_int_equal(port_owner(&a, port).n, 0);
    arena_deinit(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_inode_of_a_listening_socket_is_read),
        cmocka_unit_test(other_lines_are_passed_over),
        cmocka_unit_test(the_process_that_listens_is_named),
    };
    return cmocka_run_group_tests_name("daemon/port_owner", tests, NULL, NULL);
}
