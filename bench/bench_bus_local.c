/* Flow rows through the local bus: encode, publish, group commit, deliver, decode. One JSON line.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/rng.h"
#include "bus/broker.h"
#include "bus/bus.h"
#include "bus/local_client.h"
#include "sys/unixsock.h"
#include "sys/wall.h"

enum { ROWS = 50000, BATCHES = 80 };
static const char *const all[] = {"", NULL};
static const struct bus_rule rule = {
    .client = "bench.", .pub = all, .sub = all, .uid = BUS_ANY_UID};

static struct flow_batch *batch(void)
{
  struct flow_row *r = calloc(ROWS, sizeof *r);
  struct prac_rng g = prac_rng_of(1);
  struct flow_batch *b = NULL;
  for (uint32_t i = 0; r && i < ROWS; i++) {
    r[i].src = prac_ip4((uint32_t)prac_rng_u64(&g));
    r[i].dst = prac_ip4(0x0a000000u | (uint32_t)prac_rng_below(&g, 4096));
    r[i].proto = 6;
    r[i].dport = (uint16_t)prac_rng_below(&g, 1024);
    r[i].sport = (uint16_t)prac_rng_u64(&g);
    r[i].packets = 1 + (uint32_t)prac_rng_below(&g, 3);
    r[i].bytes = 40u * r[i].packets;
  }
  if (!r || flow_batch_new("bench", 0, r, ROWS, &b) != PRAC_OK) exit(1);
  free(r);
  return b;
}

static void die(const struct prac_err *e)
{
  fprintf(stderr, "%s\n", e->text);
  exit(1);
}

static void consume(const char *socket)
{
  struct bus_local_conf c = {.socket = socket};
  struct bus_env env = {.client = "bench.sub"};
  struct prac_err err = {0};
  struct bus b;
  struct bus_msg m;
  uint64_t rows = 0;
  if (bus_open("local", &c, &env, &b, &err) || b.ops->subscribe(b.st, all, 1, true, &err))
    die(&err);
  while (rows < (uint64_t)ROWS * BATCHES) {
    prac_rc rc = b.ops->fetch(b.st, PRAC_SEC, &m, &err);
    if (rc == PRAC_AGAIN) continue;
    if (rc != PRAC_OK) die(&err);
    struct flow_batch *fb = NULL;
    if (flow_batch_decode(m.data, m.len, &fb, &err) != PRAC_OK) die(&err);
    rows += fb->n;
    flow_batch_unref(&fb);
    if (b.ops->ack(b.st, m.seq, &err) != PRAC_OK) die(&err);
  }
  _exit(0);
}

int main(void)
{
  char dir[] = "/tmp/practice-bench-XXXXXX", socket[64];
  int fd;
  struct prac_err err = {0};
  if (!mkdtemp(dir)) return 1;
  snprintf(socket, sizeof socket, "%s/s", dir);
  if (sys_unix_listen(socket, 0600, &fd, &err) != PRAC_OK) die(&err);
  static const char *const expect[] = {"bench.sub", NULL};
  pid_t broker = fork();
  if (broker == 0) {
    struct prac_clock clock = sys_wall_clock();
    struct bus_broker_conf c = {
        .segment_bytes = 64 << 20, .max_bytes = INT64_C(1) << 32, .dedup = 1 << 18};
    struct bus_broker_open o = {.dir = dir,
                                .listen_fd = fd,
                                .rules = &rule,
                                .n_rules = 1,
                                .expect = expect,
                                .clock = &clock};
    struct bus_broker *b;
    if (bus_broker_new(&c, &o, &b, &err) != PRAC_OK) die(&err);
    while (bus_broker_step(b, PRAC_SEC, &err) == PRAC_OK) {
    }
    die(&err);
  }
  pid_t sub = fork();
  if (sub == 0) consume(socket);
  struct bus_local_conf c = {.socket = socket, .wait_ns = 60 * PRAC_SEC};
  struct bus_env env = {.client = "bench.pub"};
  struct bus b;
  if (bus_open("local", &c, &env, &b, &err) != PRAC_OK) die(&err);
  struct flow_batch *fb = batch();
  uint8_t *bytes;
  size_t len;
  int64_t t0 = sys_mono_ns();
  for (int i = 0; i < BATCHES; i++) {
    char id[32];
    snprintf(id, sizeof id, "b%d", i);
    if (flow_batch_encode(fb, 1, &bytes, &len) != PRAC_OK) return 1;
    if (b.ops->publish(b.st, "flow.bench", id, bytes, len, &err) != PRAC_OK) die(&err);
    free(bytes);
  }
  if (b.ops->flush(b.st, 60 * PRAC_SEC, &err) != PRAC_OK) die(&err);
  int64_t t1 = sys_mono_ns();
  int st = 0;
  waitpid(sub, &st, 0);
  int64_t t2 = sys_mono_ns();
  kill(broker, SIGKILL);
  waitpid(broker, NULL, 0);
  double rows = (double)ROWS * BATCHES;
  printf(
      "{\"bench\":\"bus_local\",\"rows\":%.0f,\"bytes_per_row\":%.1f,\"published_rows_per_s\":%.0f,"
      "\"delivered_rows_per_s\":%.0f,\"ok\":%s}\n",
      rows, (double)len / ROWS, rows * 1e9 / (double)(t1 - t0), rows * 1e9 / (double)(t2 - t0),
      st == 0 ? "true" : "false");
  bus_close(&b);
  flow_batch_unref(&fb);
  (void)fflush(stdout);
  execlp("rm", "rm", "-rf", dir, (char *)NULL);
  return 1;
}
