/* Flow batches through NATS JetStream, one server and a cluster of three with three copies: eleven
 * sites, each a client of the bus, beside a bare publisher that sends the same messages and waits
 * for the same acknowledgements, without caring for order, ids or repeats. The bus has one message
 * of a sensor on its way, so the bare publisher is run with as many (11), and with 256, where more
 * gain nothing; and the sites are run with one sensor each, and with eight. Then one site alone,
 * and a reader that decodes everything. All take turns, the medians count; time begins when
 * everybody is connected. Starts nats-server itself. A site of a /20 at 0.05 packets a second and
 * address (NICTER) has 12,000 packets a minute, so about 10,000 rows in its message; 1,000 rows are
 * a /23. JSON lines.
 */
#include <arpa/inet.h>
#include <nats/nats.h>
#include <netinet/in.h>
#include <poll.h>
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

enum { NODES = 3, SITES = 11, SENSORS = 8, WINDOW = 256, ROUNDS = 5 };
enum what { SITES_ONE, SITES_MANY, BARE_SAME, BARE_WIDE, ALONE, WHAT_COUNT_ };
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

/* ---- who works: processes that tell when they are ready and begin together ---- */
struct crew {
  int ready[2], go[2];
  pid_t pid[SITES];
  size_t n;
};

static void crew_begin(struct crew *c)
{
  *c = (struct crew){.n = 0};
  if (pipe(c->ready) != 0 || pipe(c->go) != 0) die("pipe", NULL);
}

/* true: in a new process (libnats' threads do not go through a fork). */
static bool crew_add(struct crew *c)
{
  pid_t pid = fork();
  if (pid) {
    c->pid[c->n++] = pid;
    return false;
  }
  memset(servers, 0, sizeof servers); /* not ours to end */
  close(c->go[1]);
  return true;
}

static void crew_wait(const struct crew *c)
{
  char x = 0;
  if (write(c->ready[1], &x, 1) != 1 || read(c->go[0], &x, 1) != 0) _exit(1);
}

static double crew_run(struct crew *c)
{
  char x;
  close(c->ready[1]);
  for (size_t i = 0; i < c->n; i++) {
    struct pollfd p = {.fd = c->ready[0], .events = POLLIN};
    if (poll(&p, 1, 60000) != 1 || read(c->ready[0], &x, 1) != 1)
      die("somebody failed before the start", NULL);
  }
  int64_t t0 = sys_mono_ns();
  close(c->go[1]);
  for (size_t i = 0; i < c->n; i++) {
    int st = 1;
    waitpid(c->pid[i], &st, 0);
    if (st != 0) die("somebody failed", NULL);
  }
  close(c->ready[0]);
  close(c->go[0]);
  return (double)(sys_mono_ns() - t0) / 1e9;
}

struct load {
  const uint8_t *data;
  size_t len, messages, nodes;
};

static void one_site(const struct load *w, const struct crew *c, size_t s, size_t n_sites,
                     size_t sensors)
{
  char subject[32], id[48];
  struct bus b = open_bus(w->nodes, "sensor.bench");
  int64_t run = sys_mono_ns();
  put(&b, "health.bench", "", "x", 1);
  flush(&b);
  crew_wait(c);
  for (size_t i = s; i < w->messages; i += n_sites) {
    snprintf(subject, sizeof subject, "flow.s%zu-%zu", s, i / n_sites % sensors);
    snprintf(id, sizeof id, "%lld.%zu", (long long)run, i);
    put(&b, subject, id, w->data, w->len);
  }
  flush(&b);
  bus_close(&b);
  _exit(0);
}

/* One process a site, as in life. */
static double sites(const struct load *w, size_t n_sites, size_t sensors)
{
  struct crew c;
  crew_begin(&c);
  for (size_t s = 0; s < n_sites; s++)
    if (crew_add(&c)) one_site(w, &c, s, n_sites, sensors);
  return crew_run(&c);
}

static void bare_publisher(const struct load *w, const struct crew *c, size_t window)
{
  natsConnection *nc = NULL;
  natsSubscription *sub = NULL;
  char url[40], subject[32];
  snprintf(url, sizeof url, "nats://127.0.0.1:%u", ports[0]);
  if (natsConnection_ConnectTo(&nc, url) != NATS_OK ||
      natsConnection_SubscribeSync(&sub, nc, "bare.answers") != NATS_OK)
    _exit(1);
  crew_wait(c);
  for (size_t sent = 0, done = 0; done < w->messages; done++) {
    natsMsg *m = NULL;
    for (; sent < w->messages && sent - done < window; sent++) {
      snprintf(subject, sizeof subject, "flow.bare%zu", sent % SITES);
      if (natsConnection_PublishRequest(nc, subject, "bare.answers", w->data, (int)w->len) !=
          NATS_OK)
        _exit(1);
    }
    if (natsSubscription_NextMsg(&m, sub, 30000) != NATS_OK) _exit(1);
    natsMsg_Destroy(m);
  }
  _exit(0);
}

/* So that nobody pays for the disk's writing of what others have sent. */
static void purge(void)
{
  struct crew c;
  crew_begin(&c);
  if (crew_add(&c)) {
    natsConnection *nc = NULL;
    natsMsg *m = NULL;
    char url[40];
    snprintf(url, sizeof url, "nats://127.0.0.1:%u", ports[0]);
    crew_wait(&c);
    bool ok =
        natsConnection_ConnectTo(&nc, url) == NATS_OK &&
        natsConnection_RequestString(&m, nc, "$JS.API.STREAM.PURGE.PRACTICE", "", 30000) == NATS_OK;
    _exit(ok ? 0 : 1);
  }
  (void)crew_run(&c);
}

static double bare(const struct load *w, size_t window)
{
  struct crew c;
  crew_begin(&c);
  if (crew_add(&c)) bare_publisher(w, &c, window);
  return crew_run(&c);
}

static void read_all(const struct load *w, const struct crew *c)
{
  struct prac_err err = {0};
  const char *what = "flow.s";
  struct bus b = open_bus(w->nodes, "store");
  crew_wait(c);
  if (b.ops->subscribe(b.st, &what, 1, true, &err) != PRAC_OK) die("subscribe", &err);
  for (size_t i = 0; i < w->messages;) {
    struct bus_msg m;
    struct flow_batch *fb = NULL;
    prac_rc rc = b.ops->fetch(b.st, PRAC_SEC, &m, &err);
    if (rc == PRAC_AGAIN) continue;
    if (rc != PRAC_OK || flow_batch_decode(m.data, m.len, &fb, &err) != PRAC_OK) die("read", &err);
    flow_batch_unref(&fb);
    if (i++ % 64 == 63 && b.ops->ack(b.st, m.seq, &err) != PRAC_OK) die("ack", &err);
  }
  bus_close(&b);
  _exit(0);
}

static double reader(const struct load *w)
{
  struct crew c;
  crew_begin(&c);
  if (crew_add(&c)) read_all(w, &c);
  return crew_run(&c);
}

static int rising(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double once(const struct load *w, enum what what)
{
  struct load quarter = *w;
  quarter.messages = w->messages / 4;
  purge();
  switch (what) {
  case SITES_ONE:
    return sites(w, SITES, 1);
  case SITES_MANY:
    return sites(w, SITES, SENSORS);
  case BARE_SAME:
    return bare(w, SITES);
  case BARE_WIDE:
    return bare(w, WINDOW);
  case ALONE:
    return 4 * sites(&quarter, 1, 1);
  case WHAT_COUNT_:
    break;
  }
  return 0;
}

static void run(size_t nodes, uint32_t rows, size_t messages)
{
  struct load w = {.messages = messages, .nodes = nodes}, first = {.messages = 1, .nodes = nodes};
  uint8_t *data = batch(rows, &w.len);
  double t[WHAT_COUNT_][ROUNDS], v[WHAT_COUNT_], n = (double)messages * rows;
  w.data = first.data = data;
  first.len = w.len;
  start(nodes);
  (void)sites(&first, 1, 1); /* the stream, its leader */
  for (size_t i = 0; i < ROUNDS; i++)
    for (enum what k = SITES_ONE; k < WHAT_COUNT_; k++) t[k][i] = once(&w, k);
  for (enum what k = SITES_ONE; k < WHAT_COUNT_; k++) {
    qsort(t[k], ROUNDS, sizeof(double), rising);
    v[k] = n / t[k][ROUNDS / 2];
  }
  (void)once(&w, SITES_ONE);
  double read = n / reader(&w);
  printf("{\"bench\":\"bus_nats\",\"copies\":%zu,\"rows_per_message\":%u,\"message_bytes\":%zu,"
         "\"messages\":%zu,\"rows_per_s\":%.0f,\"rows_per_s_%d_sensors\":%.0f,"
         "\"bare_%d_rows_per_s\":%.0f,\"bare_%d_rows_per_s\":%.0f,\"of_bare_%d\":%.2f,"
         "\"of_bare_%d\":%.2f,\"%d_sensors_of_bare_%d\":%.2f,\"one_site_rows_per_s\":%.0f,"
         "\"read_rows_per_s\":%.0f}\n",
         nodes, rows, w.len, messages, v[SITES_ONE], SITES * SENSORS, v[SITES_MANY], SITES,
         v[BARE_SAME], WINDOW, v[BARE_WIDE], SITES, v[SITES_ONE] / v[BARE_SAME], WINDOW,
         v[SITES_ONE] / v[BARE_WIDE], SITES * SENSORS, WINDOW, v[SITES_MANY] / v[BARE_WIDE],
         v[ALONE], read);
  (void)fflush(stdout);
  stop();
  free(data);
}

int main(int argc, char **argv)
{
  char only = argc > 1 ? argv[1][0] : '\0'; /* '1': one server; '3': the cluster */
  if (!mkdtemp(dir)) return 1;
  find_ports();
  if (only != '3') run(1, 1000, 16000);
  if (only != '3') run(1, 10000, 3200);
  if (only != '1') run(NODES, 1000, 6000);
  if (only != '1') run(NODES, 10000, 1200);
  execlp("rm", "rm", "-rf", dir, (char *)NULL);
  return 1;
}
