/* Victims' names: a tiny DNS server on loopback; nothing waits for it, a name comes the next time.
 */
#include "lib/t.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "notify/names.h"
#include "sys/net.h"
#include "sys/wall.h"

static struct {
  int fd;
  uint16_t port;
  pthread_t thread;
  _Atomic bool stop;
  _Atomic int asked;
  const char *labels; /* length-prefixed name of the answer; "" NXDOMAIN */
  size_t n_labels;
} dns;

/* PTR with the made name; A 192.0.2.25; anything else: no data. */
static size_t answer(const uint8_t *q, size_t n, uint8_t *out, size_t cap)
{
  struct prac_rd r = prac_rd_of(q, n);
  struct prac_wr w = prac_wr_of(out, cap);
  uint16_t id = prac_rd_u16(&r);
  prac_rd_skip(&r, 10);
  const uint8_t *question = r.p;
  for (uint8_t len; (len = prac_rd_u8(&r)) != 0 && !r.bad;) prac_rd_skip(&r, len);
  uint16_t type = prac_rd_u16(&r);
  prac_rd_skip(&r, 2);
  if (r.bad) return 0;
  size_t qn = (size_t)(r.p - question);
  bool ptr = type == 12 && dns.n_labels, a = type == 1;
  prac_wr_u16(&w, id);
  prac_wr_u16(&w, ptr || a ? 0x8180 : type == 12 ? 0x8183 : 0x8180);
  prac_wr_u16(&w, 1);
  prac_wr_u16(&w, ptr || a);
  prac_wr_u32(&w, 0);
  prac_wr_bytes(&w, question, qn);
  if (ptr || a) {
    prac_wr_u16(&w, 0xc00c);
    prac_wr_u16(&w, type);
    prac_wr_u16(&w, 1);
    prac_wr_u32(&w, 60);
    prac_wr_u16(&w, ptr ? (uint16_t)dns.n_labels : 4);
    prac_wr_bytes(&w, ptr ? dns.labels : "\xc0\x00\x02\x19", ptr ? dns.n_labels : 4);
  }
  return w.bad ? 0 : prac_wr_len(&w);
}

static void *serve(void *arg)
{
  (void)arg;
  while (!atomic_load(&dns.stop)) {
    uint8_t q[512], out[1024];
    struct sockaddr_in from;
    socklen_t fn = sizeof from;
    struct pollfd p = {.fd = dns.fd, .events = POLLIN};
    if (poll(&p, 1, 20) <= 0) continue;
    ssize_t n = recvfrom(dns.fd, q, sizeof q, 0, (struct sockaddr *)&from, &fn);
    if (n <= 0) continue;
    size_t k = answer(q, (size_t)n, out, sizeof out);
    atomic_fetch_add(&dns.asked, 1);
    if (k) (void)!sendto(dns.fd, out, k, 0, (struct sockaddr *)&from, fn);
  }
  return NULL;
}

static int start(void **s)
{
  (void)s;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t n = sizeof a;
  dns.fd = socket(AF_INET, SOCK_DGRAM, 0);
  if (bind(dns.fd, (struct sockaddr *)&a, sizeof a) != 0) return -1;
  if (getsockname(dns.fd, (struct sockaddr *)&a, &n) != 0) return -1;
  dns.port = ntohs(a.sin_port);
  atomic_store(&dns.stop, false);
  atomic_store(&dns.asked, 0);
  return pthread_create(&dns.thread, NULL, serve, NULL);
}
static int stop(void **s)
{
  (void)s;
  atomic_store(&dns.stop, true);
  (void)pthread_join(dns.thread, NULL);
  return close(dns.fd);
}

static struct note_names *names(void)
{
  struct note_names *n = NULL;
  struct prac_err err = {0};
  char at[64];
  (void)snprintf(at, sizeof at, "127.0.0.1:%u", dns.port);
  if (note_names_open(at, &n, &err) != PRAC_OK) fail_msg("%s", err.text);
  return n;
}
static void settle(struct note_names *n, int64_t now)
{
  int64_t until = sys_mono_ns() + 8 * PRAC_SEC;
  while (note_names_asking(n) && sys_mono_ns() < until) {
    note_names_step(n, now);
    (void)usleep(1000);
  }
  assert_false(note_names_asking(n));
}

static void a_name_comes_later(void **s)
{
  (void)s;
  dns.labels = "\x04host\x03isp\x07"
               "example\x00";
  dns.n_labels = 18;
  struct note_names *n = names();
  struct prac_ip ip = prac_ip4(0xcb007109);
  assert_string_equal(note_names_get(n, &ip, 1), "");
  assert_string_equal(note_names_get(n, &ip, 2), ""); /* asked for once */
  settle(n, 3);
  assert_string_equal(note_names_get(n, &ip, 4), "host.isp.example");
  assert_int_equal(atomic_load(&dns.asked), 1);
  /* an old answer is asked for again, and is given meanwhile */
  assert_string_equal(note_names_get(n, &ip, 4000 * PRAC_SEC), "host.isp.example");
  assert_true(note_names_asking(n));
  settle(n, 4001 * PRAC_SEC);
  struct prac_ip six;
  assert_int_equal(prac_ip_parse("2001:db8::1", 11, &six), PRAC_OK);
  note_names_get(n, &six, 1);
  settle(n, 2);
  assert_string_equal(note_names_get(n, &six, 3), "host.isp.example");
  note_names_close(&n);
}

static void a_strange_name_is_none(void **s)
{
  (void)s;
  dns.labels = "\x0b"
               "a\r\nBcc: x@y\x07"
               "example\x00";
  dns.n_labels = 21;
  struct note_names *n = names();
  struct prac_ip ip = prac_ip4(0xcb007109);
  note_names_get(n, &ip, 1);
  settle(n, 2);
  assert_null(strpbrk(note_names_get(n, &ip, 3), "\r\n @"));
  note_names_close(&n);
}

static void nobody_answers(void **s)
{
  (void)s;
  dns.n_labels = 0; /* NXDOMAIN */
  struct note_names *n = names();
  struct prac_ip ip = prac_ip4(0xcb007109);
  note_names_get(n, &ip, 1);
  settle(n, 2);
  assert_string_equal(note_names_get(n, &ip, 3), "");
  assert_false(note_names_asking(n)); /* remembered */
  /* far more victims than are asked for or kept: bounded */
  for (uint32_t i = 0; i < 3 * NAMES_KEPT; i++) {
    ip = prac_ip4(0x0a000000 + i);
    note_names_get(n, &ip, 10 + i);
  }
  note_names_close(&n); /* with questions open */
  struct prac_err err = {0};
  assert_int_equal(note_names_open("", &n, &err), PRAC_UNKNOWN);
  assert_int_equal(note_names_open("not an address", &n, &err), PRAC_MALFORMED);
}

static void hosts(void **s)
{
  (void)s;
  struct prac_ip ip[SYS_NET_ADDRS];
  struct prac_err err = {0};
  size_t n = 0;
  char at[64];
  (void)snprintf(at, sizeof at, "127.0.0.1:%u", dns.port);
  struct sys_net net = {.servers = at};
  assert_int_equal(sys_net_resolve(&net, "mx.example", 5000, ip, &n, &err), PRAC_OK);
  assert_int_equal(n, 1);
  assert_int_equal(prac_ip_to4(&ip[0]), 0xc0000219);
  assert_int_equal(sys_net_resolve(NULL, "192.0.2.1", 5000, ip, &n, &err), PRAC_OK);
  assert_int_equal(sys_net_resolve(NULL, "localhost", 5000, ip, &n, &err), PRAC_OK);
  assert_int_equal(prac_ip_to4(&ip[0]), 0x7f000001);
  assert_int_equal(sys_net_resolve(NULL, "mx.example", 5000, ip, &n, &err), PRAC_AGAIN);
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test_setup_teardown(a_name_comes_later, start, stop),
      cmocka_unit_test_setup_teardown(a_strange_name_is_none, start, stop),
      cmocka_unit_test_setup_teardown(nobody_answers, start, stop),
      cmocka_unit_test_setup_teardown(hosts, start, stop),
  };
  return cmocka_run_group_tests_name("notify_names", t, NULL, NULL);
}
