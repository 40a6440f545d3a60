/* Flow batches through NATS JetStream, one server and a cluster of three with three copies: eleven
 * sites, each a client of the bus, beside a bare publisher that sends the same messages without
 * caring for order, ids or repeats. Then one site alone, and a reader that decodes everything.
 * Starts nats-server itself. A site of a /20 at 0.05 packets a second and address (NICTER) has
 * 12,000 packets a minute, so about 10,000 rows in its message; 1,000 rows are a /23. JSON lines.
 */
#include <arpa/inet.h>
#include <nats/nats.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "bus/bus.h"
#include "bus/nats_client.h"
#include "sys/wall.h"

enum { NODES = 3, SITES = 11, WINDOW = 256 };
static pid_t servers[NODES];
static uint16_t ports[2 * NODES];
static char dir[] = "/tmp/practice-bench-XXXXXX";

static void die(const char *what, const struct prac_err *e)
{
  fprintf(stderr, "%s: %s\n", what, e ? e->text : "");
  for (size_t i = 0; i < NODES; i++)
    if (servers[i]) kill(servers[i], SIGKILL);
  exit(1);
}

static void find_ports(void)
{
  int fd[2 * NODES];
  for (size_t i = 0; i < 2 * NODES; i++) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    fd[i] = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd[i], (void *)&a, n) != 0 || getsockname(fd[i], (void *)&a, &n) != 0) exit(1);
    ports[i] = ntohs(a.sin_port);
  }
  for (size_t i = 0; i < 2 * NODES; i++) close(fd[i]);
}

static void start(size_t nodes)
{
  char path[96], log[96];
  for (size_t i = 0; i < nodes; i++) {
    snprintf(path, sizeof path, "%s/%zu-%zu.conf", dir, nodes, i);
    snprintf(log, sizeof log, "%s/%zu-%zu.log", dir, nodes, i);
    FILE *f = fopen(path, "w");
    if (!f) exit(1);
    fprintf(f,
            "server_name: n%zu\nlisten: 127.0.0.1:%u\nmax_payload: 8MB\nlog_file: \"%s\"\n"
            "jetstream { store_dir: \"%s/%zu-%zu\" }\n",
            i, ports[i], log, dir, nodes, i);
    if (nodes > 1)
      fprintf(f,
              "cluster { name: b, listen: 127.0.0.1:%u, routes: [nats://127.0.0.1:%u, "
              "nats://127.0.0.1:%u, nats://127.0.0.1:%u] }\n",
              ports[NODES + i], ports[NODES], ports[NODES + 1], ports[NODES + 2]);
    fclose(f);
    servers[i] = fork();
    if (servers[i] == 0) {
      setenv("PATH", "/usr/local/sbin:/usr/sbin:/usr/local/bin:/usr/bin:/bin", 1);
      execlp("nats-server", "nats-server", "-c", path, (char *)NULL);
      _exit(127);
    }
  }
}

static void stop(void)
{
  for (size_t i = 0; i < NODES; i++) {
    if (!servers[i]) continue;
    kill(servers[i], SIGKILL);
    waitpid(servers[i], NULL, 0);
    servers[i] = 0;
  }
}

static uint8_t *batch(uint32_t rows, size_t *ret_len)
{
  struct flow_row *r = calloc(rows, sizeof *r);
  struct prac_rng g = prac_rng_of(1);
  struct flow_batch *b = NULL;
  uint8_t *bytes = NULL;
  for (uint32_t i = 0; r && i < rows; i++) {
    r[i].src = prac_ip4((uint32_t)prac_rng_u64(&g));
    r[i].dst = prac_ip4(0x0a000000u | (uint32_t)prac_rng_below(&g, 4096));
    r[i].proto = 6;
    r[i].dport = (uint16_t)prac_rng_below(&g, 1024);
    r[i].sport = (uint16_t)prac_rng_u64(&g);
    r[i].packets = 1 + (uint32_t)prac_rng_below(&g, 3);
    r[i].bytes = 40u * r[i].packets;
  }
  if (!r || flow_batch_new("bench", 0, r, rows, &b) != PRAC_OK ||
      flow_batch_encode(b, 1, &bytes, ret_len) != PRAC_OK)
    exit(1);
  free(r);
  flow_batch_unref(&b);
  return bytes;
}

static struct bus open_bus(size_t nodes, const char *client)
{
  static char urls[NODES][40];
  static const char *list[NODES];
  struct bus_nats_conf c;
  struct bus b;
  struct prac_err err = {0};
  for (size_t i = 0; i < nodes; i++) {
    snprintf(urls[i], sizeof urls[i], "nats://127.0.0.1:%u", ports[i]);
    list[i] = urls[i];
  }
  prac_conf_defaults(&bus_nats_section, &c);
  c.servers = (struct prac_conf_strings){list, nodes};
  c.replicas = nodes > 1 ? 3 : 1;
  struct bus_env env = {.client = client};
  if (bus_open("nats", &c, &env, &b, &err) != PRAC_OK) die("open", &err);
  return b;
}

static void put(struct bus *b, const char *subject, const char *id, const void *data, size_t len)
{
  struct prac_err err = {0};
  prac_rc rc;
  do rc = b->ops->publish(b->st, subject, id, data, len, &err);
  while (rc == PRAC_AGAIN);
  if (rc != PRAC_OK) die("publish", &err);
}

static void flush(struct bus *b)
{
  struct prac_err err = {0};
  prac_rc rc;
  do rc = b->ops->flush(b->st, PRAC_SEC, &err);
  while (rc == PRAC_AGAIN);
  if (rc != PRAC_OK) die("flush", &err);
}

/* One process a site, as in life. */
static double sites(size_t nodes, size_t n_sites, size_t messages, const void *data, size_t len)
{
  int64_t t0 = sys_mono_ns();
  pid_t pid[SITES];
  for (size_t s = 0; s < n_sites; s++) {
    pid[s] = fork();
    if (pid[s] != 0) continue;
    char subject[32], id[48];
    memset(servers, 0, sizeof servers); /* not ours to end */
    snprintf(subject, sizeof subject, "flow.s%zu", s);
    struct bus b = open_bus(nodes, "sensor.bench");
    for (size_t i = s; i < messages; i += n_sites) {
      snprintf(id, sizeof id, "%lld.%zu", (long long)t0, i);
      put(&b, subject, id, data, len);
    }
    flush(&b);
    bus_close(&b);
    _exit(0);
  }
  for (size_t s = 0; s < n_sites; s++) {
    int st = 1;
    waitpid(pid[s], &st, 0);
    if (st != 0) die("a site failed", NULL);
  }
  return (double)(sys_mono_ns() - t0) / 1e9;
}

static double bare(size_t messages, const void *data, size_t len)
{
  natsConnection *nc = NULL;
  natsSubscription *sub = NULL;
  char url[40];
  snprintf(url, sizeof url, "nats://127.0.0.1:%u", ports[0]);
  pid_t pid = fork(); /* libnats' threads do not go through a fork */
  int64_t t0 = sys_mono_ns();
  if (pid == 0) {
    memset(servers, 0, sizeof servers);
    if (natsConnection_ConnectTo(&nc, url) != NATS_OK ||
        natsConnection_SubscribeSync(&sub, nc, "bare.answers") != NATS_OK)
      _exit(1);
    size_t sent = 0, done = 0;
    while (done < messages) {
      natsMsg *m = NULL;
      while (sent < messages && sent - done < WINDOW) {
        char subject[32];
        snprintf(subject, sizeof subject, "flow.bare%zu", sent % SITES);
        if (natsConnection_PublishRequest(nc, subject, "bare.answers", data, (int)len) != NATS_OK)
          _exit(1);
        sent++;
      }
      if (natsSubscription_NextMsg(&m, sub, 30000) != NATS_OK) _exit(1);
      natsMsg_Destroy(m);
      done++;
    }
    _exit(0);
  }
  int st = 1;
  waitpid(pid, &st, 0);
  if (st != 0) die("the bare publisher failed", NULL);
  return (double)(sys_mono_ns() - t0) / 1e9;
}

static double reader(size_t nodes, size_t messages)
{
  pid_t pid = fork();
  int64_t t0 = sys_mono_ns();
  if (pid == 0) {
    struct prac_err err = {0};
    const char *what = "flow.s";
    memset(servers, 0, sizeof servers);
    struct bus b = open_bus(nodes, "store");
    if (b.ops->subscribe(b.st, &what, 1, true, &err) != PRAC_OK) die("subscribe", &err);
    for (size_t i = 0; i < messages;) {
      struct bus_msg m;
      struct flow_batch *fb = NULL;
      prac_rc rc = b.ops->fetch(b.st, PRAC_SEC, &m, &err);
      if (rc == PRAC_AGAIN) continue;
      if (rc != PRAC_OK || flow_batch_decode(m.data, m.len, &fb, &err) != PRAC_OK)
        die("read", &err);
      flow_batch_unref(&fb);
      if (i++ % 64 == 63 && b.ops->ack(b.st, m.seq, &err) != PRAC_OK) die("ack", &err);
    }
    bus_close(&b);
    _exit(0);
  }
  int st = 1;
  waitpid(pid, &st, 0);
  if (st != 0) die("the reader failed", NULL);
  return (double)(sys_mono_ns() - t0) / 1e9;
}

static void run(size_t nodes, uint32_t rows, size_t messages)
{
  size_t len;
  uint8_t *data = batch(rows, &len);
  start(nodes);
  double all = 1e9, plain = 1e9, one = 1e9, n = (double)messages * rows;
  (void)sites(nodes, 1, 1, data, len); /* the stream, its leader */
  for (int i = 0; i < 3; i++) {        /* in turn: the machine is not ours alone; the best counts */
    double a = sites(nodes, SITES, messages, data, len), b = bare(messages, data, len);
    double c = sites(nodes, 1, messages / 4, data, len);
    if (a < all) all = a;
    if (b < plain) plain = b;
    if (c < one) one = c;
  }
  double read = reader(nodes, messages);
  printf("{\"bench\":\"bus_nats\",\"copies\":%zu,\"rows_per_message\":%u,\"message_bytes\":%zu,"
         "\"messages\":%zu,\"rows_per_s\":%.0f,\"bare_rows_per_s\":%.0f,\"of_bare\":%.2f,"
         "\"one_site_rows_per_s\":%.0f,\"read_rows_per_s\":%.0f,\"mb_per_s\":%.0f}\n",
         nodes, rows, len, messages, n / all, n / plain, plain / all, n / 4 / one, n / read,
         (double)messages * (double)len / all / 1e6);
  (void)fflush(stdout);
  stop();
  free(data);
}

int main(void)
{
  if (!mkdtemp(dir)) return 1;
  find_ports();
  run(1, 1000, 16000);
  run(1, 10000, 3200);
  run(NODES, 1000, 6000);
  run(NODES, 10000, 1200);
  execlp("rm", "rm", "-rf", dir, (char *)NULL);
  return 1;
}
