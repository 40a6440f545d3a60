/* A live sensor whose clock is set: the role's own loop, core, health and place, on a clock of the
 * test's and a source that stamps packets with it, as a kernel does. An hour of stepping costs
 * milliseconds, and nothing depends on the machine's clock. */
#include "lib/t.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/role_sensor.h"
#include "app/settings.h"
#include "app/stop.h"
#include "bus/ram/ram.h"
#include "capture/core.h"

enum { TICK_PACKETS = 5, MINUTES_MAX = 512, LINE = 512, LINES = 16 };
#define TICK PRAC_SEC
#define START (INT64_C(1700000040) * PRAC_SEC)

/* ---- the machine: a clock that can be set, one that cannot, and packets ---- */

struct step {
  int at; /* tick */
  int64_t by;
};
static struct {
  prac_time wall, mono;
  int tick, end;
  bool last_life;
  const struct step *steps;
  size_t n_steps;
  uint64_t sent;
  uint8_t packets[TICK_PACKETS][40];
} m;

static prac_time wall_now(const struct prac_clock *c)
{
  (void)c;
  return m.wall;
}
static prac_time mono_now(const struct prac_clock *c)
{
  (void)c;
  return m.mono;
}

/* One tick: time passes, now and then the clock is set, packets come in. */
static prac_rc next(void *st, struct cap_frame *f, struct cap_seen *seen, size_t max,
                    int64_t timeout_ns, size_t *ret_n, struct prac_err *reterr)
{
  (void)st, (void)seen, (void)timeout_ns, (void)reterr;
  assert_true(max >= TICK_PACKETS);
  if (m.tick == m.end) return PRAC_STOPPED; /* a life before the last: the flag would stay */
  m.wall += TICK;
  m.mono += TICK;
  m.tick++;
  for (size_t i = 0; i < m.n_steps; i++)
    if (m.steps[i].at == m.tick) m.wall += m.steps[i].by;
  for (uint32_t i = 0; i < TICK_PACKETS; i++) {
    uint8_t *p = m.packets[i];
    uint32_t src = 0x05000000 + (uint32_t)m.sent++;
    memset(p, 0, 40);
    memcpy(p, (uint8_t[]){0x45, 0, 0, 40, 0, 1, 0, 0, 60, 6}, 10);
    memcpy(p + 12,
           (uint8_t[]){(uint8_t)(src >> 24), (uint8_t)(src >> 16), (uint8_t)(src >> 8),
                       (uint8_t)src, 198, 18, 0, 1},
           8);
    memcpy(p + 20, (uint8_t[]){0x9c, 0x40, 0, 23}, 4);
    p[32] = 0x50;
    p[33] = 2;
    f[i] = (struct cap_frame){.at = m.wall - PRAC_MS * (TICK_PACKETS - i), .data = p, .caplen = 40};
    f[i].len = 40;
    f[i].link = 101;
  }
  *ret_n = TICK_PACKETS;
  if (m.tick == m.end && m.last_life) (void)raise(SIGTERM);
  return PRAC_OK;
}
static void stats(void *st, struct cap_stats *ret)
{
  (void)st;
  *ret = (struct cap_stats){0};
}
static const struct cap_source made = {.name = "made", .next = next, .stats = stats};

/* ---- what the sensor says ---- */

struct log_book {
  size_t n;
  char name[LINES][64], text[LINES][LINE];
};
static void book(void *arg, const struct prac_log_event *e, const char *text)
{
  struct log_book *b = arg;
  if (strcmp(e->name, "sensor_clock_stepped") != 0) return;
  if (b->n == LINES) fail_msg("the clock's steps are said again and again: %s", text);
  (void)snprintf(b->name[b->n], 64, "%s", e->name);
  (void)snprintf(b->text[b->n++], LINE, "%s", text);
}

struct heard {
  uint64_t packets, health_packets;
  size_t n_minutes, n_health;
  prac_time minutes[MINUTES_MAX];
  int64_t offset_ns;
};

static void hear_batch(struct heard *h, const struct bus_msg *msg)
{
  struct flow_batch *b = NULL;
  assert_int_equal(flow_batch_decode(msg->data, msg->len, &b, NULL), PRAC_OK);
  for (uint32_t i = 0; i < b->n; i++) h->packets += b->packets[i];
  prac_time last = h->n_minutes ? h->minutes[h->n_minutes - 1] : PRAC_TIME_NONE;
  if (h->n_minutes && b->minute < last)
    fail_msg("minute %" PRId64 " after %" PRId64, b->minute / PRAC_MIN, last / PRAC_MIN);
  assert_true(h->n_minutes < MINUTES_MAX);
  h->minutes[h->n_minutes++] = b->minute;
  flow_batch_unref(&b);
}

static int64_t json_number(const char *json, const char *key)
{
  const char *at = strstr(json, key);
  if (!at) fail_msg("no %s in %s", key, json);
  return strtoll(at + strlen(key), NULL, 10);
}

static void hear_health(struct heard *h, const struct bus_msg *msg)
{
  char json[2048];
  assert_true(msg->len < sizeof json);
  memcpy(json, msg->data, msg->len);
  json[msg->len] = '\0';
  h->health_packets += (uint64_t)json_number(json, "\"packets\":");
  h->offset_ns = json_number(json, "\"clock_offset_ns\":");
  h->n_health++;
}

static void hear_all(struct bus *ear, struct heard *h)
{
  struct bus_msg msg;
  while (ear->ops->fetch(ear->st, 0, &msg, NULL) == PRAC_OK)
    if (strncmp(msg.subject, "flow.", 5) == 0)
      hear_batch(h, &msg);
    else
      hear_health(h, &msg);
}

/* ---- one life of the sensor ---- */

static void live(struct bus_ram_hub *hub, const char *dir, int ticks, struct log_book *log,
                 uint64_t *ret_counts)
{
  struct prac_err err = {.text = ""};
  struct prac_conf *settings = NULL;
  struct sensor_conf conf = {.name = "tokyo", .country = "JP", .source = "", .interface = "made0"};
  static struct board board;
  static const struct run_conf run = {.heartbeat_ns = 25 * PRAC_SEC};
  struct role_env e = {.name = "sensor.tokyo",
                       .run = &run,
                       .sensor = &conf,
                       .board = &board,
                       .row = 1,
                       .clock = {.now = wall_now},
                       .mono = {.now = mono_now},
                       .log = {.sink = book, .arg = log}};
  struct bus_env env = {.client = e.name};
  struct sensor_role s = {.source = &made};
  (void)snprintf(e.real_data, sizeof e.real_data, "%s", dir);
  assert_int_equal(settings_load(NULL, &settings, &err), PRAC_OK);
  e.settings = settings;
  m.tick = 0;
  m.end = ticks;
  sensor_begin(&s, &e);
  if (sensor_open_core(&s, &err) != PRAC_OK) fail_msg("%s", err.text);
  assert_int_equal(bus_open("ram", hub, &env, &s.bus, &err), PRAC_OK);
  prac_rc rc = sensor_listen(&s, &err);
  assert_int_equal(rc, m.last_life ? PRAC_OK : PRAC_STOPPED);
  /* known on disk a minute ago at most, should it have been killed here */
  assert_in_range(s.place.safe, s.said - PRAC_MIN, s.said);
  if (!m.last_life) { /* what the loop does at its end */
    assert_int_equal(cap_core_finish(s.core), PRAC_OK);
    assert_int_equal(sensor_settle(&s, &err), PRAC_OK);
  }
  const _Atomic uint64_t *c = cap_core_counters(s.core);
  ret_counts[0] = prac_counter_get(&c[CAP_COUNT_set_back]);
  ret_counts[1] = prac_counter_get(&c[CAP_COUNT_late]);
  bus_close(&s.bus);
  cap_core_free(&s.core);
  lookup_unref(&s.look);
  sensor_place_close(&s.place);
  prac_conf_free(&settings);
}

static struct bus ear_at(struct bus_ram_hub *hub)
{
  struct bus ear;
  struct bus_env env = {.client = "ear"};
  static const char *const all[] = {"flow.", "health."};
  assert_int_equal(bus_open("ram", hub, &env, &ear, NULL), PRAC_OK);
  assert_int_equal(ear.ops->subscribe(ear.st, all, 2, true, NULL), PRAC_OK);
  return ear;
}

static void told(const struct log_book *b, size_t i, const char *what)
{
  if (i >= b->n || !strstr(b->text[i], what))
    fail_msg("\"%s\" is not said: %s", what, i < b->n ? b->text[i] : "nothing");
}

/* An hour ahead, back again, and a restart while the clock is still behind what was published. */
static void an_hour_ahead_and_back(void **state)
{
  (void)state;
  static const struct step steps[] = {{300, PRAC_HOUR}, {600, -PRAC_HOUR}};
  enum { FIRST = 1200, SECOND = 5400 };
  char dir[] = "/tmp/practice-clock-XXXXXX", path[128];
  struct log_book log = {0};
  struct heard *h = calloc(1, sizeof *h);
  uint64_t counts[2];
  assert_non_null(h);
  assert_non_null(mkdtemp(dir));
  (void)snprintf(path, sizeof path, "%s/sensors", dir);
  assert_int_equal(mkdir(path, 0755), 0);
  struct bus_ram_hub *hub = bus_ram_hub_new();
  struct bus ear = ear_at(hub);
  stop_install();
  m.wall = START;
  m.mono = 77 * PRAC_SEC;
  m.steps = steps;
  m.n_steps = PRAC_ARRAY_LEN(steps);
  live(hub, dir, FIRST, &log, counts);
  hear_all(&ear, h);
  assert_int_equal(log.n, 2); /* once for each step, not once a turn */
  told(&log, 0, "set ahead by 3600 s");
  told(&log, 1, "set back by 3600 s");
  told(&log, 1, "3599 s ahead of the clock");
  assert_int_equal(counts[0], 1);
  assert_true(counts[1] <= TICK_PACKETS); /* those that came before the step was seen */
  assert_int_equal(h->packets, m.sent);
  const prac_time ahead = h->minutes[h->n_minutes - 1] + PRAC_MIN - m.wall;

  m.n_steps = 0;
  m.last_life = true;
  live(hub, dir, SECOND, &log, counts);
  hear_all(&ear, h);
  assert_int_equal(m.sent, (FIRST + SECOND) * TICK_PACKETS);
  assert_int_equal(h->packets, m.sent);
  assert_true(m.sent - h->health_packets < 2 * 2 * 60 * TICK_PACKETS); /* two last open minutes */
  assert_in_range(h->offset_ns, ahead - 2 * PRAC_MIN, ahead + PRAC_MIN);
  assert_int_equal(log.n, 3);
  told(&log, 2, "set back while the sensor was away");

  bus_close(&ear);
  bus_ram_hub_free(&hub);
  free(h);
  (void)snprintf(path, sizeof path, "%s/sensors/tokyo", dir);
  assert_int_equal(unlink(path), 0);
  *strrchr(path, '/') = '\0';
  assert_int_equal(rmdir(path), 0);
  assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(an_hour_ahead_and_back)};
  return cmocka_run_group_tests_name("sensor_clock", t, NULL, NULL);
}
