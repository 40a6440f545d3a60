/* A whole sensor in this process, on loopback: its workers, their steering, silence and the switch.
 */
#include "lib/t.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "honeypot/sensor.h"
#include "sys/wall.h"

enum { VICTIMS = 64 };
static const char *const vectors[] = {"chargen"};
static const char *const at[] = {"127.0.0.1", "::1"};

static struct hp_conf conf(int64_t workers)
{
  struct hp_conf c;
  prac_conf_defaults(&hp_conf_section, &c);
  c.name = "unit";
  c.listen = (struct prac_conf_strings){at, 2};
  c.vectors = (struct prac_conf_strings){vectors, 1};
  c.port_offset = 12000 + getpid() % 20000;
  c.workers = workers;
  c.flows = 4096;
  c.reply = true;
  c.settle_ns = 0;
  c.answer_bogons = true;
  return c;
}
static struct hp_sensor *sensor(const struct hp_conf *c)
{
  struct hp_sensor *s = NULL;
  struct prac_err err = {0};
  struct hp_sensor_open o = {.conf = c, .clock = sys_wall_clock(), .seed = 5};
  if (hp_sensor_new(&o, &s, &err) != PRAC_OK || hp_sensor_start(s, &err) != PRAC_OK)
    fail_msg("%s", err.text);
  return s;
}
/* A socket of 127.9.i.1. */
static int victim(const struct hp_conf *c, uint32_t i)
{
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f090001u + (i << 8))};
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)(19 + c->port_offset)),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct timeval wait = {.tv_usec = 300000};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait), 0);
  return fd;
}
static bool answered(int fd)
{
  char b[2048];
  assert_int_equal(send(fd, "\n", 1, 0), 1);
  return recv(fd, b, sizeof b, 0) > 0;
}

/* All hits until the sensor is over: packets and replies by victim. */
static void gather(struct hp_sensor *s, uint64_t packets[VICTIMS], uint64_t replies[VICTIMS])
{
  struct hit h;
  struct packet p;
  hp_sensor_stop(s);
  for (bool over = false;;) {
    bool any = false;
    for (; hp_sensor_take(s, &h) == PRAC_OK; any = true) {
      uint32_t i = prac_ip_to4(&h.victim) >> 8 & 0xff;
      assert_in_range(i, 0, VICTIMS - 1);
      packets[i] += h.packets + h.lost;
      replies[i] += h.replies;
      assert_string_equal(h.vector, "chargen");
      assert_int_equal(h.port, 19);
    }
    for (; hp_sensor_take_packet(s, &p) == PRAC_OK; any = true) continue;
    if (over && !any) return;
    over = hp_sensor_over(s);
    if (!any) sys_sleep_ns(PRAC_MS);
  }
}

/* More workers than one: everything is still counted once, and limits hold for each victim. */
static void workers_share_nothing(void **st)
{
  (void)st;
  for (int64_t workers = 1; workers <= 3; workers++) {
    uint64_t packets[VICTIMS] = {0}, replies[VICTIMS] = {0}, counts[HP_COUNT_COUNT_], got = 0;
    struct hp_conf c = conf(workers);
    c.port_offset += workers;
    struct hp_sensor *s = sensor(&c);
    assert_int_equal(hp_sensor_sockets(s), 2 * (size_t)workers);
    int fd[VICTIMS];
    for (uint32_t i = 0; i < VICTIMS; i++) fd[i] = victim(&c, i);
    for (int round = 0; round < 20; round++)
      for (uint32_t i = 0; i < VICTIMS; i++) assert_int_equal(send(fd[i], "\n", 1, 0), 1);
    gather(s, packets, replies);
    hp_sensor_counts(s, counts);
    for (uint32_t i = 0; i < VICTIMS; i++) {
      assert_int_equal(packets[i], 20);
      assert_in_range(replies[i], 0, 3);
      got += replies[i];
      close(fd[i]);
    }
    assert_int_equal(counts[HP_COUNT_replies], got);
    assert_in_range(got, 20, 100);
    hp_sensor_free(&s);
  }
}

/* What is asked is kept as it came, and told when the sensor ends; without, nothing is. */
static void requests_are_kept(void **st)
{
  (void)st;
  for (int kept = 0; kept <= 1; kept++) {
    struct hp_conf c = conf(1);
    c.port_offset += 10 + kept;
    c.samples = kept ? 60 : 0;
    struct hp_sensor *s = sensor(&c);
    struct packet p;
    size_t n = 0;
    int fd = victim(&c, 7);
    for (int i = 0; i < 3; i++) assert_int_equal(send(fd, "who is there?", 13, 0), 13);
    hp_sensor_stop(s);
    for (bool over = false, any; !over || any; any ? (void)0 : sys_sleep_ns(PRAC_MS)) {
      over = hp_sensor_over(s);
      struct hit h;
      while (hp_sensor_take(s, &h) == PRAC_OK) continue;
      for (any = false; hp_sensor_take_packet(s, &p) == PRAC_OK; n++, any = true) {
        assert_string_equal(p.sensor, "unit");
        assert_string_equal(p.layer, "payload");
        assert_int_equal(prac_ip_to4(&p.src), 0x7f090701);
        assert_int_equal(prac_ip_to4(&p.dst), INADDR_LOOPBACK);
        assert_int_equal(p.dport, 19);
        assert_int_equal(p.proto, 17);
        assert_int_equal(p.len, 13);
        assert_in_range(p.seen, 1, 3); /* 3, unless a minute ended between them */
        assert_int_equal(p.bytes.n, 13);
        assert_memory_equal(p.bytes.v, "who is there?", 13);
      }
    }
    assert_int_equal(n, kept);
    close(fd);
    hp_sensor_free(&s);
  }
}

/* More victims than the ring holds, and a reader that is slow when the end comes: what was counted
 * is told, or counted as untold when nobody listens at all. */
static void ask_as_many(const struct hp_conf *c, uint32_t n)
{
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)(19 + c->port_offset)),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  assert_true(fd >= 0);
  for (uint32_t i = 0; i < n; i++) {
    _Alignas(16) uint8_t control[64] = {0};
    char line[] = "\n";
    struct iovec v = {line, 1};
    struct msghdr m = {.msg_name = &to,
                       .msg_namelen = sizeof to,
                       .msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo))};
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    struct in_pktinfo from = {.ipi_spec_dst.s_addr = htonl(0x7f200001u + i)};
    h->cmsg_level = IPPROTO_IP;
    h->cmsg_type = IP_PKTINFO;
    h->cmsg_len = CMSG_LEN(sizeof from);
    memcpy(CMSG_DATA(h), &from, sizeof from);
    assert_int_equal(sendmsg(fd, &m, 0), 1);
    if (i % 200 == 199) sys_sleep_ns(PRAC_MS);
  }
  (void)close(fd);
}

static void a_slow_reader_at_the_end(void **st)
{
  (void)st;
  enum { MANY = 20000 };
  for (int heard = 0; heard < 2; heard++) {
    uint64_t counts[HP_COUNT_COUNT_], packets = 0, n = 0;
    struct hit h;
    struct hp_conf c = conf(1);
    c.flows = 1 << 18; /* so many that none must go */
    c.reply = false;
    c.samples = 0;
    c.port_offset += heard;
    struct hp_sensor *s = sensor(&c);
    ask_as_many(&c, MANY);
    hp_sensor_stop(s);
    for (bool over = false; heard;) {
      for (n = 0; hp_sensor_take(s, &h) == PRAC_OK; n++) {
        packets += h.packets + h.lost;
        if (n % 500 == 0) sys_sleep_ns(3 * PRAC_MS);
      }
      if (over && n == 0) break;
      over = hp_sensor_over(s);
    }
    hp_sensor_counts(s, counts);
    if (heard) assert_int_equal(packets, MANY);
    if (heard) assert_int_equal(counts[HP_COUNT_untold], 0);
    hp_sensor_free(&s); /* nobody listened: it must not take long */
  }
}

static void silence_and_switch(void **st)
{
  (void)st;
  uint64_t packets[VICTIMS] = {0}, replies[VICTIMS] = {0};
  struct hp_conf c = conf(2);
  struct hp_sensor *s = sensor(&c);
  int fd[5];
  for (uint32_t i = 0; i < 5; i++) fd[i] = victim(&c, i);
  struct prac_prefix p = {.ip = prac_ip4(0x7f090101), .bits = 128};
  prac_time soon = sys_wall_clock().now(NULL) + PRAC_HOUR;
  assert_true(answered(fd[0]));
  assert_int_equal(hp_sensor_silence(s, &p, soon), PRAC_OK);
  p = (struct prac_prefix){.ip = prac_ip4(0x7f090200), .bits = 120};
  assert_int_equal(hp_sensor_silence(s, &p, soon), PRAC_OK);
  sys_sleep_ns(200 * PRAC_MS); /* workers listen every 25 ms */
  assert_false(answered(fd[1]));
  assert_false(answered(fd[2]));
  assert_true(answered(fd[3]));
  hp_sensor_shut(s, true);
  assert_true(hp_sensor_is_shut(s));
  assert_false(answered(fd[4]));
  hp_sensor_shut(s, false);
  assert_true(answered(fd[4]));
  for (int i = 0; i < 5; i++) close(fd[i]);
  gather(s, packets, replies);
  hp_sensor_free(&s);
}

static void what_cannot_be_opened(void **st)
{
  (void)st;
  struct hp_sensor *s = NULL;
  struct prac_err err = {0};
  struct hp_conf c = conf(1);
  static const char *const none[] = {"no-such"}, *const text[] = {"localhost"};
  struct hp_sensor_open o = {.conf = &c, .clock = sys_wall_clock()};
  c.vectors.v = none;
  assert_int_equal(hp_sensor_new(&o, &s, &err), PRAC_UNKNOWN);
  assert_non_null(strstr(err.text, "no-such"));
  c = conf(1);
  c.listen = (struct prac_conf_strings){text, 1};
  assert_int_equal(hp_sensor_new(&o, &s, &err), PRAC_MALFORMED);
  assert_non_null(strstr(err.text, "localhost"));
  c = conf(1);
  c.opt_out = "/nonexistent/list";
  assert_int_not_equal(hp_sensor_new(&o, &s, &err), PRAC_OK);
  assert_non_null(strstr(err.text, "/nonexistent/list"));
  c = conf(1);
  c.stanzas = "/nonexistent/vectors.yaml";
  assert_int_not_equal(hp_sensor_new(&o, &s, &err), PRAC_OK);
  assert_null(s);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(workers_share_nothing),    cmocka_unit_test(requests_are_kept),
      cmocka_unit_test(a_slow_reader_at_the_end), cmocka_unit_test(silence_and_switch),
      cmocka_unit_test(what_cannot_be_opened),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
