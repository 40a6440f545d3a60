/* bus_drive CLIENT SETTINGS|SOCKET — a client of any bus, driven by lines on standard input. A name
 * that ends in ".yaml" is settings with a section nats, else the socket of a local bus. Each
 * command is answered by one line, or by lines that end with one; log events go to standard error
 * as JSON.
 *
 *   pub SUBJECT ID TEXT            "ok"
 *   many SUBJECT FROM TO SIZE      "ok": messages FROM..TO, "<n>" filled up to SIZE bytes, id "<n>"
 *   fill SUBJECT SIZE              "N": so many messages are taken before the bus says again
 *   flow MINUTE ROWS               "ok": a made batch of the sensor that the client is, of the
 * minute MINUTE after 1970; sources, ports and countries as on a telescope flush MS "ok", "again"
 *   sub durable|new PREFIX...      "ok"; "all" is the empty prefix
 *   fetch MS                       "SEQ SUBJECT LEN TEXT" (TEXT up to the first blank), "again"
 *   take COUNT MS                  the same for up to COUNT messages, until MS pass without one;
 *                                "end"
 *   ack SEQ                        "ok"
 *   claim OWNER                    "ok", "again"
 *   save PLACE SIZE SEED           "ok", "again": a made state
 *   load                           "PLACE SIZE SEED" of a state that is whole
 *   counters                       "name=value ..."
 *
 * What fails is answered "error RC SENTENCE".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/settings.h"
#include "base/hash.h"
#include "bus/bus.h"
#include "bus/local_client.h"
#include "bus/nats_client.h"
#include "model/flow.h"
#include "sys/logsink.h"
#include "sys/wall.h"

enum { TEXT_MAX = 16 << 20, STATE_MAX = 64 << 20, ROWS_MAX = 1 << 20 };
static struct bus bus;
static bool is_nats;

static void answer(prac_rc rc, const struct prac_err *err)
{
  if (rc == PRAC_OK)
    puts("ok");
  else if (rc == PRAC_AGAIN)
    puts("again");
  else
    printf("error %d %s\n", rc, err->text);
}

static prac_rc publish(const char *subject, const char *id, const void *data, size_t n,
                       struct prac_err *err)
{
  prac_rc rc;
  do rc = bus.ops->publish(bus.st, subject, id, data, n, err);
  while (rc == PRAC_AGAIN);
  return rc;
}

static prac_rc many(char *args, struct prac_err *err)
{
  char subject[128], id[32];
  uint64_t from, to;
  size_t size;
  if (sscanf(args, "%127s %" SCNu64 " %" SCNu64 " %zu", subject, &from, &to, &size) != 4)
    return PRAC_FAIL(err, PRAC_MALFORMED, "many SUBJECT FROM TO SIZE");
  char *data = malloc(size + 32);
  prac_rc rc = data && size <= TEXT_MAX ? PRAC_OK : PRAC_NOMEM;
  for (uint64_t i = from; rc == PRAC_OK && i <= to; i++) {
    memset(data, ' ', size + 32);
    size_t n = (size_t)snprintf(id, sizeof id, "%" PRIu64, i);
    memcpy(data, id, n);
    rc = publish(subject, id, data, size > n ? size : n, err);
  }
  free(data);
  return rc;
}

static prac_rc fill(char *args, struct prac_err *err)
{
  char subject[128];
  size_t size, n = 0;
  if (sscanf(args, "%127s %zu", subject, &size) != 2)
    return PRAC_FAIL(err, PRAC_MALFORMED, "fill SUBJECT SIZE");
  char *data = size <= TEXT_MAX ? calloc(1, size + 1) : NULL;
  prac_rc rc = data ? PRAC_OK : PRAC_NOMEM;
  while (rc == PRAC_OK) {
    rc = bus.ops->publish(bus.st, subject, NULL, data, size, err);
    n += rc == PRAC_OK;
  }
  free(data);
  if (rc != PRAC_AGAIN) return rc;
  printf("%zu\n", n);
  return PRAC_OK;
}

static prac_rc flow(const char *client, const char *args, struct prac_err *err)
{
  static const uint16_t ports[] = {23, 22, 445, 80, 443, 3389, 8080, 5555, 2323, 1433, 6379, 53};
  const char *sensor = strchr(client, '.');
  struct flow_batch *b = NULL;
  char subject[128];
  uint8_t *data = NULL;
  uint64_t minute;
  uint32_t rows;
  size_t len = 0;
  if (!sensor || sscanf(args, "%" SCNu64 " %" SCNu32, &minute, &rows) != 2 || rows > ROWS_MAX)
    return PRAC_FAIL(err, PRAC_MALFORMED, "a sensor says: flow MINUTE ROWS");
  struct flow_row *f = calloc(rows + 1, sizeof *f);
  for (uint32_t i = 0; f && i < rows; i++) {
    uint64_t h = prac_mix64(minute << 32 | i), who = prac_mix64(h % 50000);
    f[i] = (struct flow_row){.src = prac_ip4((uint32_t)who | 1u << 24),
                             .dst = prac_ip4(0x0a000000u | (h >> 20 & 4095)),
                             .proto = 6,
                             .tcp_flags = 2,
                             .ttl = 52,
                             .sport = (uint16_t)(h >> 32),
                             .dport = h >> 50 & 1 ? ports[(h >> 8) % PRAC_ARRAY_LEN(ports)]
                                                  : (uint16_t)(h >> 40),
                             .country = (uint16_t)(('A' + who % 20) << 8 | ('A' + who / 20 % 8)),
                             .asn = (uint32_t)(who % 6000),
                             .packets = 1,
                             .bytes = 40};
  }
  prac_rc rc =
      f ? flow_batch_new(sensor + 1, (prac_time)minute * PRAC_MIN, f, rows, &b) : PRAC_NOMEM;
  free(f);
  if (rc == PRAC_OK) rc = flow_batch_encode(b, 1, &data, &len);
  flow_batch_unref(&b);
  (void)snprintf(subject, sizeof subject, "flow.%s", sensor + 1);
  if (rc == PRAC_OK) rc = publish(subject, NULL, data, len, err);
  free(data);
  return rc;
}

static prac_rc subscribe(char *args, struct prac_err *err)
{
  const char *v[32];
  size_t n = 0;
  char *save = NULL, *how = strtok_r(args, " ", &save);
  for (char *p; n < 32 && (p = strtok_r(NULL, " ", &save));) v[n++] = strcmp(p, "all") ? p : "";
  return bus.ops->subscribe(bus.st, v, n, how && strcmp(how, "durable") == 0, err);
}

static prac_rc fetch(int64_t ms, struct prac_err *err)
{
  struct bus_msg m;
  int64_t until = sys_mono_ns() + ms * PRAC_MS, left = ms * PRAC_MS;
  prac_rc rc;
  do { /* a bus may say again early, when it was busy with something else */
    rc = bus.ops->fetch(bus.st, left > 0 ? left : 0, &m, err);
    left = until - sys_mono_ns();
  } while (rc == PRAC_AGAIN && left > 0);
  PRAC_TRY(rc);
  const char *end = m.len ? memchr(m.data, ' ', m.len) : NULL;
  int n = (int)(end ? end - (const char *)m.data : (ptrdiff_t)m.len);
  printf("%" PRIu64 " %s %zu %.*s\n", m.seq, m.subject, m.len, n,
         m.len ? (const char *)m.data : "");
  return PRAC_OK;
}

static void take(const char *args, struct prac_err *err)
{
  int64_t n = 0, ms = 0;
  prac_rc rc = PRAC_OK;
  if (sscanf(args, "%" SCNd64 " %" SCNd64, &n, &ms) != 2) rc = PRAC_AGAIN;
  while (rc == PRAC_OK && n-- > 0) rc = fetch(ms, err);
  if (rc == PRAC_OK || rc == PRAC_AGAIN)
    puts("end");
  else
    answer(rc, err);
}

static uint8_t *made_state(size_t n, uint64_t seed)
{
  uint8_t *data = n >= sizeof seed && n <= STATE_MAX ? malloc(n) : NULL;
  for (size_t i = 0; data && i < n; i++) data[i] = (uint8_t)prac_mix64(seed + i);
  if (data) memcpy(data, &seed, sizeof seed);
  return data;
}

static prac_rc save(const char *args, struct prac_err *err)
{
  uint64_t place, seed;
  size_t n;
  if (sscanf(args, "%" SCNu64 " %zu %" SCNu64, &place, &n, &seed) != 3)
    return PRAC_FAIL(err, PRAC_MALFORMED, "save PLACE SIZE SEED");
  uint8_t *data = made_state(n, seed);
  prac_rc rc = data ? bus.ops->keep->save(bus.st, place, data, n, err) : PRAC_NOMEM;
  free(data);
  return rc;
}

static prac_rc load(struct prac_err *err)
{
  uint64_t place, seed = 0;
  uint8_t *data, *want;
  size_t n;
  PRAC_TRY(bus.ops->keep->load(bus.st, &place, &data, &n, err));
  if (n >= sizeof seed) memcpy(&seed, data, sizeof seed);
  want = made_state(n, seed);
  bool whole = want && memcmp(want, data, n) == 0;
  free(want);
  free(data);
  if (!whole) return PRAC_FAIL(err, PRAC_DAMAGED, "not what was saved");
  printf("%" PRIu64 " %zu %" PRIu64 "\n", place, n, seed);
  return PRAC_OK;
}

static bool keep_command(const char *what, const char *args, struct prac_err *err)
{
  bool is_load = strcmp(what, "load") == 0, is_claim = strcmp(what, "claim") == 0;
  if (!is_load && !is_claim && strcmp(what, "save") != 0) return false;
  prac_rc rc = is_load    ? load(err)
               : is_claim ? bus.ops->keep->claim(bus.st, strtoull(args, NULL, 10), err)
                          : save(args, err);
  if (rc != PRAC_OK || !is_load) answer(rc, err);
  return true;
}

static void counters(void)
{
  const _Atomic uint64_t *v = is_nats ? bus_nats_counters(bus.st) : NULL;
  for (size_t i = 0; v && i < BUS_NATS_COUNTER_COUNT_; i++)
    printf("%s%s=%" PRIu64, i ? " " : "", bus_nats_counter_defs[i].name, prac_counter_get(&v[i]));
  puts("");
}

static void command(const char *client, char *line)
{
  struct prac_err err = {.text = ""};
  char *save = NULL, *what = strtok_r(line, " \n", &save), *args = strtok_r(NULL, "\n", &save);
  if (!what) return;
  if (!args) args = line + strlen(line);
  if (strcmp(what, "pub") == 0) {
    char *subject = strtok_r(args, " ", &save), *id = strtok_r(NULL, " ", &save);
    char *text = strtok_r(NULL, "", &save);
    answer(publish(subject, id && strcmp(id, "-") ? id : NULL, text ? text : "",
                   text ? strlen(text) : 0, &err),
           &err);
  } else if (strcmp(what, "many") == 0) {
    answer(many(args, &err), &err);
  } else if (strcmp(what, "fill") == 0) {
    prac_rc rc = fill(args, &err);
    if (rc != PRAC_OK) answer(rc, &err);
  } else if (strcmp(what, "flow") == 0) {
    answer(flow(client, args, &err), &err);
  } else if (strcmp(what, "flush") == 0) {
    answer(bus.ops->flush(bus.st, atoll(args) * PRAC_MS, &err), &err);
  } else if (strcmp(what, "sub") == 0) {
    answer(subscribe(args, &err), &err);
  } else if (strcmp(what, "fetch") == 0) {
    prac_rc rc = fetch(atoll(args), &err);
    if (rc != PRAC_OK) answer(rc, &err);
  } else if (strcmp(what, "take") == 0) {
    take(args, &err);
  } else if (strcmp(what, "ack") == 0) {
    answer(bus.ops->ack(bus.st, strtoull(args, NULL, 10), &err), &err);
  } else if (strcmp(what, "counters") == 0) {
    counters();
  } else if (!keep_command(what, args, &err)) {
    puts("error what?");
  }
}

int main(int argc, char **argv)
{
  struct prac_err err = {.text = ""};
  struct prac_conf *conf = NULL;
  struct sys_logsink sink;
  if (argc != 3) return 2;
  sys_logsink_init(&sink, 2, SYS_LOG_AUTO, argv[1]);
  struct prac_log log = sys_logsink_log(&sink, PRAC_LOG_INFO);
  struct bus_env env = {.client = argv[1], .log = &log};
  struct bus_local_conf local = {.socket = argv[2], .wait_ns = PRAC_SEC};
  is_nats = strlen(argv[2]) > 5 && strcmp(argv[2] + strlen(argv[2]) - 5, ".yaml") == 0;
  prac_rc rc = is_nats ? settings_load(argv[2], &conf, &err) : PRAC_OK;
  if (rc == PRAC_OK)
    rc = is_nats ? bus_open("nats", prac_conf_get(conf, "nats", 0), &env, &bus, &err)
                 : bus_open("local", &local, &env, &bus, &err);
  answer(rc, &err);
  (void)fflush(stdout);
  char *line = NULL;
  size_t cap = 0;
  while (rc == PRAC_OK && getline(&line, &cap, stdin) > 0) {
    command(argv[1], line);
    (void)fflush(stdout);
  }
  free(line);
  if (rc == PRAC_OK) bus_close(&bus);
  prac_conf_free(&conf);
  return rc != PRAC_OK;
}
