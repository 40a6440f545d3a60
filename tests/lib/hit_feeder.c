/* hit_feeder SOCKET SENSOR < LINES — a honeypot for tests: publishes what standard input says.
 *
 *   hit {...}       a hit record, under its own id
 *   health {...}    a health record
 *   sleep MS        waits
 *   flush           everything so far is on the bus's disk; prints "flushed N"
 *
 * hit_feeder SOCKET --listen PREFIX — prints every message there, from the first that the bus still
 * has: CLOCK_MONOTONIC ns, subject, JSON; before them a line "listening". PREFIX begins with
 * "episode.", which is what a honeypot may hear
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus/bus.h"
#include "bus/local_client.h"
#include "model/records.h"
#include "sys/wall.h"

static struct bus bus;
static uint64_t published;

static void die(const char *what, const struct prac_err *err)
{
  fprintf(stderr, "hit_feeder: %s: %s\n", what, err->text);
  exit(1);
}

static void publish(const char *sensor, const char *kind, const char *json)
{
  struct prac_err err = {0};
  char subject[128];
  struct prac_arena *a = prac_arena_new(4096);
  const struct model_kind *k = model_kind_find(kind, strlen(kind));
  union {
    struct hit h;
    struct health v;
  } u;
  if (!a || !k || model_from_json(k, json, strlen(json), a, &u, &err) != PRAC_OK) die(kind, &err);
  (void)snprintf(subject, sizeof subject, "%s.%s", kind, sensor);
  prac_rc rc;
  do
    rc = bus.ops->publish(bus.st, subject, k == &model_hit ? u.h.id : u.v.id, json, strlen(json),
                          &err);
  while (rc == PRAC_AGAIN);
  if (rc != PRAC_OK) die("publishing", &err);
  published++;
  prac_arena_free(&a);
}

static void flush(void)
{
  struct prac_err err = {0};
  prac_rc rc;
  do rc = bus.ops->flush(bus.st, PRAC_SEC, &err);
  while (rc == PRAC_AGAIN);
  if (rc != PRAC_OK) die("flushing", &err);
}

PRAC_NORETURN static void listen_to(const char *const *prefix)
{
  struct prac_err err = {0};
  struct bus_msg m;
  /* Durable: a place that is not kept is where the log ends when the broker hears of it, and on a
   * busy machine that is after the first messages. No fetch tells when it has. */
  if (bus.ops->subscribe(bus.st, prefix, 1, true, &err) != PRAC_OK) die("subscribing", &err);
  puts("listening");
  (void)fflush(stdout);
  for (;; (void)fflush(stdout)) {
    prac_rc rc = bus.ops->fetch(bus.st, PRAC_SEC / 2, &m, &err);
    if (rc == PRAC_AGAIN) continue;
    if (rc != PRAC_OK) die("listening", &err);
    printf("%" PRId64 " %s %.*s\n", sys_mono_ns(), m.subject, (int)m.len, (const char *)m.data);
    if (bus.ops->ack(bus.st, m.seq, &err) != PRAC_OK) die("acknowledging", &err);
  }
}

int main(int argc, char **argv)
{
  static char line[1 << 16];
  char client[64];
  struct prac_err err = {0};
  bool listens = argc == 4 && strcmp(argv[2], "--listen") == 0;
  if (argc != 3 && !listens) return 2;
  (void)snprintf(client, sizeof client, "honeypot.%s", listens ? "listener" : argv[2]);
  struct bus_local_conf c = {.socket = argv[1], .wait_ns = 10 * PRAC_SEC};
  struct bus_env env = {.client = client};
  if (bus_open("local", &c, &env, &bus, &err) != PRAC_OK) die("opening", &err);
  if (listens) listen_to((const char *const *)&argv[3]);
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "hit ", 4) == 0) publish(argv[2], "hit", line + 4);
    if (strncmp(line, "health ", 7) == 0) publish(argv[2], "health", line + 7);
    if (strncmp(line, "sleep ", 6) == 0)
      (void)usleep((useconds_t)strtoul(line + 6, NULL, 10) * 1000);
    if (strcmp(line, "flush") != 0) continue;
    flush();
    printf("flushed %" PRIu64 "\n", published);
    (void)fflush(stdout);
  }
  flush();
  bus_close(&bus);
  return 0;
}
