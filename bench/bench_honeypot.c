/* The honeypot under load, on loopback and nowhere else: a sensor in this process against a
 * generator in another, each pinned to a core of its own where there are two.
 *
 *   steady     BENCH_PPS packets a second (default 100000) for BENCH_SECONDS (5) from 10 victims:
 * none may be lost; packets per CPU-second of the sensor's own process storm      as fast as the
 * generator can victims    1,000,000 different senders, straight into the core: memory before and
 * after, new victims a second, all counted or counted as evicted
 *
 * BENCH_VECTOR: ntp_monlist (when it is there), else chargen. One JSON line each. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "honeypot/sensor.h"
#include "sys/wall.h"

enum { GROUP = 64, OFFSET = 30000, VICTIMS = 10, MILLION = 1000000 };
static const char *vector;
static uint16_t port;
static uint8_t request[8];
static size_t request_len;

static void die(const char *what, const char *why)
{
  fprintf(stderr, "bench_honeypot: %s: %s\n", what, why);
  exit(1);
}

static void pin(int cpu)
{
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET((size_t)(cpu % (int)sysconf(_SC_NPROCESSORS_ONLN)), &set);
  (void)sched_setaffinity(0, sizeof set, &set);
}

static double cpu_seconds(void)
{
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* ---- the generator: requests in the names of 127.1.x.1, to 127.0.0.1 only ---- */

struct shot {
  struct mmsghdr m[GROUP];
  struct iovec v[GROUP];
  struct sockaddr_in to;
  _Alignas(16) uint8_t control[GROUP][64];
};

static void aim(struct shot *s, uint32_t first)
{
  for (uint32_t i = 0; i < GROUP; i++) {
    struct cmsghdr *h = CMSG_FIRSTHDR(&s->m[i].msg_hdr);
    struct in_pktinfo from = {.ipi_spec_dst.s_addr =
                                  htonl(0x7f010001u + ((first + i) % VICTIMS << 8))};
    if (!h) die("generator", "no room for an address");
    h->cmsg_level = IPPROTO_IP;
    h->cmsg_type = IP_PKTINFO;
    h->cmsg_len = CMSG_LEN(sizeof from);
    memcpy(CMSG_DATA(h), &from, sizeof from);
  }
}

static struct shot *load(uint32_t dst, uint16_t dport)
{
  struct shot *s = calloc(1, sizeof *s);
  if (!s || dst >> 24 != 127) die("generator", "loopback only");
  s->to = (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(dport), .sin_addr.s_addr = htonl(dst)};
  for (int i = 0; i < GROUP; i++) {
    s->v[i] = (struct iovec){request, request_len};
    s->m[i].msg_hdr = (struct msghdr){.msg_name = &s->to,
                                      .msg_namelen = sizeof s->to,
                                      .msg_iov = &s->v[i],
                                      .msg_iovlen = 1,
                                      .msg_control = s->control[i],
                                      .msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo))};
  }
  return s;
}

static uint64_t generate(double pps, double seconds)
{
  struct shot *s = load(0x7f000001, (uint16_t)(port + OFFSET));
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  uint64_t sent = 0;
  int64_t began = sys_mono_ns(), end = began + (int64_t)(seconds * 1e9);
  for (int64_t now; fd >= 0 && (now = sys_mono_ns()) < end;) {
    double due = pps > 0 ? (double)(now - began) / 1e9 * pps - (double)sent : GROUP;
    if (due < 1) {
      sys_sleep_ns(50 * PRAC_US);
      continue;
    }
    aim(s, (uint32_t)sent);
    int n = sendmmsg(fd, s->m, due < GROUP ? (unsigned)due : GROUP, 0);
    if (n > 0) sent += (uint64_t)n;
  }
  (void)close(fd);
  free(s);
  return sent;
}

/* ---- the sensor ---- */

static void use(struct hp_conf *c)
{
  static const char *const at[] = {"127.0.0.1"};
  prac_conf_defaults(&hp_conf_section, c);
  c->name = "bench";
  c->listen = (struct prac_conf_strings){at, 1};
  c->vectors = (struct prac_conf_strings){&vector, 1};
  c->port_offset = OFFSET;
  c->answer_bogons = true;
  c->reply = true;
  c->settle_ns = 0;
}

static void network(const char *name, double pps, double seconds)
{
  struct hp_conf c;
  struct prac_err err = {0};
  struct hp_sensor *s = NULL;
  uint64_t *sent =
      mmap(NULL, sizeof *sent, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (sent == MAP_FAILED) die(name, "no memory");
  use(&c);
  struct hp_sensor_open o = {.conf = &c, .clock = sys_wall_clock(), .seed = 1};
  if (hp_sensor_new(&o, &s, &err) != PRAC_OK || hp_sensor_start(s, &err) != PRAC_OK)
    die(name, err.text);
  pid_t pid = fork();
  if (pid == 0) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    pin(0);
    *sent = generate(pps, seconds);
    _exit(0);
  }
  uint64_t packets = 0, lost = 0, hits = 0;
  double before = cpu_seconds();
  int64_t began = sys_mono_ns(), gone = 0;
  struct hit h;
  struct packet p;
  for (bool over = false;;) {
    bool any = false;
    for (; hp_sensor_take(s, &h) == PRAC_OK; any = true, hits++)
      packets += h.packets, lost += h.lost;
    for (; hp_sensor_take_packet(s, &p) == PRAC_OK; any = true) continue;
    if (over && !any && hp_sensor_over(s)) break;
    if (!over && waitpid(pid, NULL, WNOHANG) == pid) {
      gone = sys_mono_ns() - began;
      sys_sleep_ns(700 * PRAC_MS);
      hp_sensor_stop(s);
      over = true;
    }
    sys_sleep_ns(5 * PRAC_MS);
  }
  double cpu = cpu_seconds() - before;
  printf("{\"bench\":\"honeypot_%s\",\"vector\":\"%s\",\"n\":%llu,\"seconds\":%.2f,\"pps\":%.0f,"
         "\"counted\":%llu,\"lost\":%llu,\"missing\":%lld,\"cpu_seconds\":%.3f,"
         "\"packets_per_cpu_second\":%.0f,\"hits\":%llu}\n",
         name, vector, (unsigned long long)*sent, (double)gone / 1e9,
         (double)*sent / ((double)gone / 1e9), (unsigned long long)packets,
         (unsigned long long)lost, (long long)(*sent - packets - lost), cpu, (double)packets / cpu,
         (unsigned long long)hits);
  hp_sensor_free(&s);
  (void)munmap(sent, sizeof *sent);
}

/* ---- a million victims ---- */

static bool no_door(void *arg, const struct hp_ask *a, const void *data, size_t len)
{
  (void)arg, (void)a, (void)data, (void)len;
  return true;
}

static void victims(uint64_t slots)
{
  struct hp_services *sv = NULL;
  static struct hp_lists lists;
  struct hp_core *core = NULL;
  struct hp_services_open so = {.sensor = "bench", .only = {&vector, 1}};
  if (hp_services_new(&so, &sv, NULL) != PRAC_OK) die("victims", "no vectors");
  struct hp_core_open o = {.services = sv,
                           .valve = {.per_address = 4,
                                     .burst = 3,
                                     .per_network = 16,
                                     .window_ns = 600 * PRAC_SEC,
                                     .replies_per_s = 100,
                                     .bits_per_s = 512000,
                                     .credit_bytes = 65536,
                                     .answer_share = 1,
                                     .lists = &lists,
                                     .send = no_door},
                           .slots = slots,
                           .seed = 2,
                           .ring = 4096};
  if (hp_core_new(&o, 0, &core) != PRAC_OK) die("victims", "no memory");
  uint64_t told = 0;
  double before = cpu_seconds();
  prac_time wall = INT64_C(1700000000) * PRAC_SEC;
  for (uint32_t i = 0; i < MILLION; i++) {
    struct hp_datagram d = {.src = prac_ip4(0x0b000000u + i * 7),
                            .own = prac_ip4(0xc0000201u),
                            .at = wall + (prac_time)i * 5 * PRAC_US,
                            .data = request,
                            .len = (uint32_t)request_len,
                            .have = (uint32_t)request_len,
                            .sport = 40000,
                            .ttl = 50};
    (void)hp_core_take(core, &d, d.at);
    if (i % 5000 == 0) (void)hp_core_sweep(core, d.at, 512, false);
    for (const struct hp_told *t; (t = hp_core_told(core)); hp_core_told_next(core))
      told += t->packets;
  }
  double cpu = cpu_seconds() - before;
  for (uint32_t n = 1; n;) {
    n = hp_core_sweep(core, wall + PRAC_MIN, 4096, true);
    for (const struct hp_told *t; (t = hp_core_told(core)); hp_core_told_next(core))
      told += t->packets;
  }
  const _Atomic uint64_t *c = hp_core_counters(core);
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  printf("{\"bench\":\"honeypot_victims\",\"n\":%d,\"slots\":%llu,\"seconds\":%.2f,\"per_second\":%"
         ".0f,"
         "\"told\":%llu,\"evicted\":%llu,\"untold\":%llu,\"missing\":%lld,\"bytes_per_flow\":%.1f,"
         "\"bytes\":%zu,\"rss_mib\":%ld}\n",
         MILLION, (unsigned long long)hp_core_slots(core), cpu, MILLION / cpu,
         (unsigned long long)told, (unsigned long long)prac_counter_get(&c[HP_COUNT_evicted]),
         (unsigned long long)prac_counter_get(&c[HP_COUNT_untold]),
         (long long)(MILLION - told - prac_counter_get(&c[HP_COUNT_untold])),
         (double)hp_core_table_bytes(core) / (double)hp_core_slots(core), hp_core_bytes(core),
         u.ru_maxrss / 1024);
  hp_core_free(&core);
  hp_services_free(&sv);
}

int main(void)
{
  const char *pps = getenv("BENCH_PPS"), *seconds = getenv("BENCH_SECONDS");
  double s = seconds ? strtod(seconds, NULL) : 5;
  if (s > 30) s = 30;
  vector = getenv("BENCH_VECTOR");
  if (!vector) vector = hp_proto_find("ntp_monlist") ? "ntp_monlist" : "chargen";
  const struct hp_proto *p = hp_proto_find(vector);
  if (!p) die(vector, "no such vector");
  port = p->ports[0];
  static const uint8_t monlist[8] = {0x17, 0, 3, 0x2a};
  bool ntp = strcmp(vector, "ntp_monlist") == 0;
  memcpy(request, ntp ? (const void *)monlist : "\n", ntp ? 8 : 1);
  request_len = ntp ? 8 : 1;
  pin(1);
  network("steady", pps ? strtod(pps, NULL) : 100000, s);
  network("storm", 0, s);
  victims(1 << 20);
  victims(1 << 18);
  return 0;
}
