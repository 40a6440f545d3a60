/* Any honeypot that runs on this machine, under the load that ours is measured with: requests from
 * loopback addresses to 127.0.0.1 and nowhere else, while the kernel's own numbers of that process
 * and socket are read. So two programs can be set side by side, whatever they are written in.
 *
 *   bench_honeypot_beside PORT PID [HEX]       HEX: the request; default NTP monlist
 *
 *   BENCH_PPS       rates, one run each (default "2000 4000 8000 16000 100000")
 *   BENCH_SECONDS   of a run (5, at most 30)
 *   BENCH_VICTIMS   senders that take turns (10, at most 4,000,000)
 *
 * dropped: by the kernel, the socket's buffer being full; handled = sent - dropped. CPU and memory
 * are those of PID alone, until its queue is empty again. One JSON line a run. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/time.h"
#include "sys/wall.h"

enum { GROUP = 64, LONGEST = 30, VICTIMS_MAX = 4000000 };
static struct shot {
  struct mmsghdr m[GROUP], in[GROUP];
  struct iovec v[GROUP], vin[GROUP];
  struct sockaddr_in to;
  _Alignas(16) uint8_t control[GROUP][64];
  uint8_t request[512], reply[GROUP][2048];
  size_t n;
} s;
static uint64_t replies, reply_bytes;

struct proc { /* what the kernel knows of the other program */
  double cpu;
  long rss_kib;
  uint64_t drops, queue;
};

static void die(const char *what)
{
  fprintf(stderr, "bench_honeypot_beside: %s\n", what);
  exit(1);
}

static double number(const char *name, double or_else, double most)
{
  const char *text = getenv(name);
  double v = text ? strtod(text, NULL) : or_else;
  return v < 1 ? 1 : v > most ? most : v;
}

static void read_stat(int pid, struct proc *p)
{
  char path[64], line[1024];
  unsigned long user = 0, system = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *f = fopen(path, "re");
  if (!f || !fgets(line, sizeof line, f)) die("no such process");
  fclose(f);
  const char *at = strrchr(line, ')'); /* a name may hold anything */
  if (!at ||
      sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
    die("/proc/PID/stat cannot be read");
  p->cpu = (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  f = fopen(path, "re");
  while (f && fgets(line, sizeof line, f))
    if (sscanf(line, "VmRSS: %ld", &p->rss_kib) == 1) break;
  if (f) fclose(f);
}

/* All sockets at the port: one that listens at every address counts as well. */
static void read_socket(unsigned port, struct proc *p)
{
  char line[512];
  FILE *f = fopen("/proc/net/udp", "re");
  p->drops = p->queue = 0;
  while (f && fgets(line, sizeof line, f)) {
    unsigned local = 0, queue = 0;
    line[strcspn(line, "\n")] = '\0';
    for (char *end = line + strlen(line); end > line && end[-1] == ' ';) *--end = '\0';
    const char *last = strrchr(line, ' ');
    if (sscanf(line, " %*d: %*8x:%4x %*8x:%*4x %*2x %*8x:%8x", &local, &queue) != 2) continue;
    if (local != port || !last) continue;
    p->drops += strtoull(last, NULL, 10);
    p->queue += queue;
  }
  if (f) fclose(f);
}

static void load(const char *hex, uint16_t port)
{
  for (; hex[0] && hex[1] && s.n < sizeof s.request; hex += 2) {
    const char two[3] = {hex[0], hex[1], '\0'};
    s.request[s.n++] = (uint8_t)strtoul(two, NULL, 16);
  }
  s.to = (struct sockaddr_in){
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x7f000001)};
  for (int i = 0; i < GROUP; i++) {
    s.v[i] = (struct iovec){s.request, s.n};
    s.m[i].msg_hdr = (struct msghdr){.msg_name = &s.to,
                                     .msg_namelen = sizeof s.to,
                                     .msg_iov = &s.v[i],
                                     .msg_iovlen = 1,
                                     .msg_control = s.control[i],
                                     .msg_controllen = CMSG_SPACE(sizeof(struct in_pktinfo))};
    s.vin[i] = (struct iovec){s.reply[i], sizeof s.reply[i]};
    s.in[i].msg_hdr = (struct msghdr){.msg_iov = &s.vin[i], .msg_iovlen = 1};
  }
}

static void aim(uint64_t first, uint32_t victims)
{
  for (uint32_t i = 0; i < GROUP; i++) {
    struct cmsghdr *h = CMSG_FIRSTHDR(&s.m[i].msg_hdr);
    struct in_pktinfo from = {.ipi_spec_dst.s_addr =
                                  htonl(0x7f010001u + (uint32_t)((first + i) % victims))};
    if (!h) die("no room for an address");
    h->cmsg_level = IPPROTO_IP;
    h->cmsg_type = IP_PKTINFO;
    h->cmsg_len = CMSG_LEN(sizeof from);
    memcpy(CMSG_DATA(h), &from, sizeof from);
  }
}

static void hear(int fd)
{
  for (int n; (n = recvmmsg(fd, s.in, GROUP, MSG_DONTWAIT, NULL)) > 0;)
    for (int i = 0; i < n; i++) replies++, reply_bytes += s.in[i].msg_len;
}

static uint64_t generate(int fd, double pps, double seconds, uint32_t victims)
{
  uint64_t sent = 0;
  int64_t began = sys_mono_ns(), end = began + (int64_t)(seconds * 1e9);
  for (int64_t now; (now = sys_mono_ns()) < end;) {
    double due = (double)(now - began) / 1e9 * pps - (double)sent;
    if (due < 1) {
      hear(fd);
      sys_sleep_ns(50 * PRAC_US);
      continue;
    }
    aim(sent, victims);
    int n = sendmmsg(fd, s.m, due < GROUP ? (unsigned)due : GROUP, 0);
    if (n > 0) sent += (uint64_t)n;
  }
  return sent;
}

static void run(int pid, uint16_t port, double pps)
{
  double seconds = number("BENCH_SECONDS", 5, LONGEST);
  uint32_t victims = (uint32_t)number("BENCH_VICTIMS", 10, VICTIMS_MAX);
  struct proc before = {0}, after = {0};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("no socket");
  replies = reply_bytes = 0;
  read_stat(pid, &before);
  read_socket(port, &before);
  uint64_t sent = generate(fd, pps, seconds, victims);
  for (int i = 0; i < 100; i++) { /* at most ten seconds for what waits in the buffer */
    sys_sleep_ns(100 * PRAC_MS);
    hear(fd);
    read_socket(port, &after);
    if (after.queue == 0 && i >= 10) break;
  }
  read_stat(pid, &after);
  uint64_t dropped = after.drops - before.drops, handled = sent - dropped;
  double cpu = after.cpu - before.cpu;
  printf(
      "{\"bench\":\"honeypot_beside\",\"victims\":%u,\"pps\":%.0f,\"sent\":%llu,\"dropped\":%llu,"
      "\"handled\":%llu,\"cpu_seconds\":%.2f,\"packets_per_cpu_second\":%.0f,\"rss_kib\":%ld,"
      "\"rss_kib_more\":%ld,\"replies\":%llu,\"reply_bytes\":%llu,\"bytes_in\":%llu}\n",
      victims, (double)sent / seconds, (unsigned long long)sent, (unsigned long long)dropped,
      (unsigned long long)handled, cpu, cpu > 0 ? (double)handled / cpu : 0, after.rss_kib,
      after.rss_kib - before.rss_kib, (unsigned long long)replies, (unsigned long long)reply_bytes,
      (unsigned long long)(sent * s.n));
  fflush(stdout);
  (void)close(fd);
}

int main(int argc, char **argv)
{
  if (argc < 3) {
    fprintf(stderr, "bench_honeypot_beside PORT PID [HEX]: another honeypot beside ours\n");
    return 0; /* ./dev bench calls all of them without arguments */
  }
  const char *rates = getenv("BENCH_PPS") ? getenv("BENCH_PPS") : "2000 4000 8000 16000 100000";
  unsigned long port = strtoul(argv[1], NULL, 10), pid = strtoul(argv[2], NULL, 10);
  if (port < 1 || port > 65535 || pid < 1) die("PORT PID are two numbers");
  load(argc > 3 ? argv[3] : "1700032a00000000", (uint16_t)port);
  for (char *end; *rates; rates = end) {
    double pps = strtod(rates, &end);
    if (end == rates) break;
    run((int)pid, (uint16_t)port, pps);
  }
  return 0;
}
