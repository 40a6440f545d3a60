/* Plays tests/scenario/NAME.txt through engines and alerts in virtual time; README.md beside it
 * says how such a file reads. */
#include "lib/t.h"

#include <dirent.h>
#include <stdio.h>

#include "alert/alert.h"
#include "alert/watch.h"
#include "base/hash.h"
#include "engine/core.h"
#include "lib/flows.h"

enum { LINES = 128, SENSORS = 12, WORD = 128, TEXT = 16384, ROWS = 4096 };

struct rows {
  prac_time from, until;
  int64_t every_ns;
  char sensors[WORD];
  uint32_t sources, packets, steps, sport, marks;
  struct prac_ip first, victim;
  uint16_t country;
  struct model_port port;
};
struct trouble { /* of one sensor: gone, losing a share of its rows, minutes shifted */
  prac_time from, until;
  int64_t shift_ns;
  double lost;
  bool down;
  char sensor[WORD];
};
struct scenario {
  char sensors[SENSORS][WORD];
  size_t n_sensors, n_rows, n_troubles, n_restarts;
  struct rows rows[LINES];
  struct trouble troubles[LINES];
  prac_time from, until, restarts[LINES];
  char settings[TEXT], want[TEXT];
};

/* ---- reading ---- */

static bool word_value(const char *line, const char *key, char out[WORD])
{
  size_t n = strlen(key);
  for (const char *p = line; (p = strstr(p, key)); p += n)
    if (p > line && p[-1] == ' ' && p[n] == '=') {
      size_t len = strcspn(p + n + 1, " \n");
      if (len >= WORD) fail_msg("too long: %s", line);
      memcpy(out, p + n + 1, len);
      out[len] = '\0';
      return true;
    }
  return false;
}
static prac_time time_value(const char *line, const char *key)
{
  char w[WORD] = "";
  prac_time t = 0;
  if (!word_value(line, key, w) || prac_time_parse(w, strlen(w), &t) != PRAC_OK)
    fail_msg("%s= is no time in: %s", key, line);
  return t;
}
static uint32_t number_value(const char *line, const char *key, uint32_t dflt)
{
  char w[WORD];
  return word_value(line, key, w) ? (uint32_t)strtoul(w, NULL, 10) : dflt;
}
static void ip_value(const char *line, const char *key, struct prac_ip *ip)
{
  char w[WORD];
  if (word_value(line, key, w)) *ip = ip_text(w);
}
static uint32_t marks_of(char *words)
{
  uint32_t marks = 0;
  for (char *save = NULL, *w = strtok_r(words, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
    unsigned bit = 0;
    while (flow_mark_text(bit) && strcmp(flow_mark_text(bit), w) != 0) bit++;
    if (!flow_mark_text(bit)) fail_msg("no mark %s", w);
    marks |= 1u << bit;
  }
  return marks;
}
static void rows_line(struct scenario *s, const char *line)
{
  char w[WORD];
  assert_true(s->n_rows < LINES);
  struct rows *r = &s->rows[s->n_rows++];
  *r = (struct rows){
      .from = time_value(line, "from"), .until = time_value(line, "until"), .every_ns = PRAC_MIN};
  if (word_value(line, "every", w) && prac_duration_parse(w, strlen(w), &r->every_ns) != PRAC_OK)
    fail_msg("every= in: %s", line);
  (void)word_value(line, "sensor", r->sensors);
  r->sources = number_value(line, "sources", 1);
  r->packets = number_value(line, "packets", 1);
  r->steps = number_value(line, "steps", 1);
  r->sport = number_value(line, "sport", 40000);
  ip_value(line, "first", &r->first);
  ip_value(line, "victim", &r->victim);
  if (word_value(line, "country", w)) r->country = (uint16_t)((unsigned)w[0] << 8 | (unsigned)w[1]);
  if (word_value(line, "port", w) && model_port_parse(w, strlen(w), &r->port) != PRAC_OK)
    fail_msg("port= in: %s", line);
  if (word_value(line, "marks", w)) r->marks = marks_of(w);
}
static void sensors_line(struct scenario *s, char *line)
{
  char *save = NULL;
  for (char *w = strtok_r(line, " \n", &save); w; w = strtok_r(NULL, " \n", &save))
    snprintf(s->sensors[s->n_sensors++], WORD, "%s", w);
}
static void trouble_line(struct scenario *s, const char *line)
{
  char w[WORD];
  assert_true(s->n_troubles < LINES);
  struct trouble *d = &s->troubles[s->n_troubles++];
  d->from = time_value(line, "from");
  d->until = time_value(line, "until");
  d->down = strncmp(line, "down", 4) == 0;
  assert_true(word_value(line, "sensor", d->sensor));
  if (word_value(line, "share", w)) d->lost = strtod(w, NULL);
  if (word_value(line, "ahead", w) && prac_duration_parse(w, strlen(w), &d->shift_ns) != PRAC_OK)
    fail_msg("ahead= in: %s", line);
  if (word_value(line, "behind", w)) {
    if (prac_duration_parse(w, strlen(w), &d->shift_ns) != PRAC_OK)
      fail_msg("behind= in: %s", line);
    d->shift_ns = -d->shift_ns;
  }
}
static void line_read(struct scenario *s, char *line, char section[WORD])
{
  bool indented = line[0] == ' ';
  if (line[0] == '#' || line[0] == '\n') return;
  if (strcmp(section, "settings") == 0 && indented) {
    strncat(s->settings, line + 2, TEXT - strlen(s->settings) - 1);
    return;
  }
  if (strcmp(section, "alerts") == 0) {
    strncat(s->want, line, TEXT - strlen(s->want) - 1);
    return;
  }
  size_t n = strcspn(line, " \n");
  snprintf(section, WORD, "%.*s", (int)n, line);
  if (strcmp(section, "sensors") == 0) {
    sensors_line(s, line + n);
  } else if (strcmp(section, "rows") == 0) {
    rows_line(s, line);
  } else if (strcmp(section, "run") == 0) {
    s->from = time_value(line, "from");
    s->until = time_value(line, "until");
  } else if (strcmp(section, "restart") == 0) {
    s->restarts[s->n_restarts++] = time_value(line, "at");
  } else if (strcmp(section, "down") == 0 || strcmp(section, "lossy") == 0 ||
             strcmp(section, "clock") == 0) {
    trouble_line(s, line);
  } else if (strcmp(section, "settings") != 0 && strcmp(section, "alerts") != 0) {
    fail_msg("what is \"%s\"?", section);
  }
}
static struct scenario *scenario_read(const char *path)
{
  char line[1024], section[WORD] = "";
  struct scenario *s = calloc(1, sizeof *s);
  FILE *f = fopen(path, "rbe");
  if (!f || !s) fail_msg("cannot open %s", path);
  while (fgets(line, sizeof line, f)) line_read(s, line, section);
  fclose(f);
  assert_true(s->n_sensors > 0 && s->until > s->from && s->want[0]);
  return s;
}

/* ---- playing ---- */

struct stage {
  struct prac_conf *conf;
  struct eng_core *core;
  struct alert_desk *desk, *sensors; /* of engines; of the watch, which has a clock of its own */
  struct alert_watch *watch;
  unsigned nthreads;
  struct heard heard;
  char said[TEXT];
};
static prac_rc on_alert(void *arg, const struct alert *a)
{
  struct stage *g = arg;
  char at[PRAC_TIME_TEXT];
  size_t n = strlen(g->said);
  snprintf(g->said + n, TEXT - n, "%s %s %s %s\n  title: %s\n  text: %s\n  flows: %s\n", a->state,
           prac_time_text(at, a->at), a->severity, a->key, a->title, a->text, a->flows);
  return hear_alert(&g->heard, a);
}
static prac_rc on_finding(void *arg, const struct finding *f)
{
  struct stage *g = arg;
  return alert_desk_take(g->desk, f);
}
static prac_rc on_watched(void *arg, const struct finding *f)
{
  struct stage *g = arg;
  assert_int_equal(alert_desk_hear(g->desk, f), PRAC_OK);
  return alert_desk_take(g->sensors, f);
}
static void stage_up(struct stage *g)
{
  struct prac_err e = {0};
  struct eng_core_conf c = {.nthreads = g->nthreads, .seed = 1};
  const void *desk = prac_conf_get(g->conf, "alert", 0);
  assert_int_equal(alert_desk_new(desk, on_alert, g, &g->desk), PRAC_OK);
  assert_int_equal(alert_desk_new(desk, on_alert, g, &g->sensors), PRAC_OK);
  assert_int_equal(alert_watch_new(prac_conf_get(g->conf, "watch", 0), 1, on_watched, g, &g->watch),
                   PRAC_OK);
  if (eng_core_new(&c, g->conf, on_finding, g, &g->core, &e) != PRAC_OK) fail_msg("%s", e.text);
}
static void stage_down(struct stage *g)
{
  eng_core_free(&g->core);
  alert_desk_free(&g->desk);
  alert_desk_free(&g->sensors);
  alert_watch_free(&g->watch);
}
static void restart(struct stage *g)
{
  uint8_t *core = NULL, *desk = NULL, *sensors = NULL, *watch = NULL;
  size_t n_core = 0, n_desk = 0, n_sensors = 0, n_watch = 0;
  struct prac_err e = {0};
  assert_int_equal(eng_core_save(g->core, &core, &n_core, NULL), PRAC_OK);
  assert_int_equal(alert_desk_save(g->desk, &desk, &n_desk), PRAC_OK);
  assert_int_equal(alert_desk_save(g->sensors, &sensors, &n_sensors), PRAC_OK);
  assert_int_equal(alert_watch_save(g->watch, &watch, &n_watch), PRAC_OK);
  stage_down(g);
  stage_up(g);
  if (eng_core_load(g->core, core, n_core, &e) != PRAC_OK) fail_msg("%s", e.text);
  assert_int_equal(alert_desk_load(g->desk, desk, n_desk), PRAC_OK);
  assert_int_equal(alert_desk_load(g->sensors, sensors, n_sensors), PRAC_OK);
  assert_int_equal(alert_watch_load(g->watch, watch, n_watch), PRAC_OK);
  free(core);
  free(desk);
  free(sensors);
  free(watch);
}
/* What is wrong with the sensor at t, summed up. */
static struct trouble trouble_at(const struct scenario *s, const char *sensor, prac_time t)
{
  struct trouble sum = {0};
  for (size_t i = 0; i < s->n_troubles; i++) {
    const struct trouble *d = &s->troubles[i];
    if (strcmp(d->sensor, sensor) != 0 || t < d->from || t >= d->until) continue;
    sum.down |= d->down;
    sum.lost += d->lost;
    sum.shift_ns += d->shift_ns;
  }
  return sum;
}
static bool is_for(const struct rows *r, const char *sensor, prac_time t)
{
  if (t < r->from || t >= r->until || (t - r->from) % r->every_ns != 0) return false;
  const char *p = strstr(r->sensors, sensor);
  size_t n = strlen(sensor);
  return !r->sensors[0] || (p && (p[n] == ',' || p[n] == '\0'));
}
static uint32_t rows_make(const struct rows *r, struct flow_row *to)
{
  uint32_t n = 0;
  bool icmp = r->port.proto == 1 || r->port.proto == 58; /* type and code stand for ports */
  uint32_t sport = icmp ? r->port.port >> 8u : r->sport;
  uint32_t dport = icmp ? r->port.port & 0xffu : r->port.port;
  for (uint32_t i = 0; i < r->sources; i++)
    for (uint32_t k = 0; k < r->steps; k++) {
      assert_true(n < ROWS);
      to[n++] =
          (struct flow_row){.first_ms = (uint16_t)(k * FLOW_STEP_MS),
                            .span_ms = 9999,
                            .src = prac_ip_of(prac_ip_hi(&r->first), prac_ip_lo(&r->first) + i),
                            .dst = prac_ip4(0xc6336400u + k),
                            .victim = r->victim,
                            .proto = r->port.proto,
                            .sport = (uint16_t)sport,
                            .dport = (uint16_t)dport,
                            .country = r->country,
                            .marks = r->marks,
                            .packets = r->packets,
                            .bytes = r->packets * 40u};
    }
  return n;
}
/* Loss takes rows, by no rule that a sender could know. Returns how many are left. */
static uint32_t rows_lose(struct flow_row *rows, uint32_t n, double share, prac_time t)
{
  uint32_t kept = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t h = prac_hash2((uint64_t)t, prac_ip_lo(&rows[i].src), rows[i].dport);
    if ((double)(h >> 11) * 0x1p-53 >= share) rows[kept++] = rows[i];
  }
  return kept;
}
static void beat(struct stage *g, const char *sensor, prac_time at, prac_time sent, uint32_t n,
                 uint32_t lost)
{
  const struct health h = {.id = "h",
                           .sensor = sensor,
                           .site_country = "",
                           .at = at,
                           .sent = sent,
                           .every_ns = PRAC_MIN,
                           .packets = n,
                           .lost = lost};
  assert_int_equal(alert_watch_take(g->watch, &h, true), PRAC_OK);
  assert_int_equal(eng_core_advance(g->core, sensor, at, NULL), PRAC_OK);
}
static void sensor_minute(const struct scenario *s, struct stage *g, const char *sensor,
                          prac_time t)
{
  static struct flow_row rows[ROWS * 2];
  uint32_t n = 0;
  const struct trouble d = trouble_at(s, sensor, t);
  if (d.down) return;
  for (size_t i = 0; i < s->n_rows; i++)
    if (is_for(&s->rows[i], sensor, t) && n < ROWS) n += rows_make(&s->rows[i], rows + n);
  uint32_t kept = d.lost > 0 ? rows_lose(rows, n, d.lost, t) : n;
  prac_time at = t + d.shift_ns;
  struct flow_batch *b = batch_of(sensor, at, rows, kept, true);
  assert_int_equal(eng_core_feed(g->core, b, NULL), PRAC_OK);
  flow_batch_unref(&b);
  beat(g, sensor, at + PRAC_MIN, at + PRAC_MIN, kept, n - kept);
}
static void minute(const struct scenario *s, struct stage *g, prac_time t)
{
  assert_int_equal(alert_watch_advance(g->watch, t), PRAC_OK);
  for (size_t k = 0; k < s->n_sensors; k++) sensor_minute(s, g, s->sensors[k], t);
  assert_int_equal(alert_watch_advance(g->watch, t + PRAC_MIN + PRAC_SEC), PRAC_OK);
  assert_int_equal(alert_desk_advance(g->sensors, t + PRAC_MIN), PRAC_OK);
  assert_int_equal(alert_desk_advance(g->desk, eng_core_watermark(g->core)), PRAC_OK);
}
static void play(const struct scenario *s, struct stage *g, prac_time cut)
{
  const struct prac_conf_section *sections[16] = {&alert_conf_section, &alert_watch_section};
  for (size_t i = 0; eng_list[i]; i++) sections[i + 2] = eng_list[i]->conf;
  struct prac_err e = {0};
  if (prac_conf_parse(s->settings, strlen(s->settings), "settings", sections, &g->conf, &e) !=
      PRAC_OK)
    fail_msg("%s", e.text);
  stage_up(g);
  for (prac_time t = s->from; t < s->until; t += PRAC_MIN) {
    bool again = t == cut;
    for (size_t i = 0; i < s->n_restarts; i++) again |= t == s->restarts[i];
    if (again) restart(g);
    minute(s, g, t);
  }
  assert_int_equal(eng_core_finish(g->core, NULL), PRAC_OK);
  assert_int_equal(alert_desk_finish(g->desk), PRAC_OK);
  assert_int_equal(alert_desk_finish(g->sensors), PRAC_OK);
  stage_down(g);
  prac_conf_free(&g->conf);
}

/* Line by line: an alert must be the next one said; its indented lines must be within its own. */
static void compare(const char *want, const char *said)
{
  char line[1024], got[1024];
  const char *at = said, *story = said;
  while (*want) {
    size_t n = strcspn(want, "\n");
    snprintf(line, sizeof line, "%.*s", (int)n, want);
    want += n + (want[n] == '\n');
    if (line[0] != ' ') {
      snprintf(got, sizeof got, "%.*s", (int)strcspn(at, "\n"), at);
      if (strcmp(line, got) != 0) fail_msg("wanted \"%s\", was said:\n%s", line, at);
      story = at + strcspn(at, "\n") + 1;
      for (at = story; *at == ' ';) at += strcspn(at, "\n") + 1;
      continue;
    }
    const char *colon = strstr(line, ": ");
    assert_non_null(colon);
    snprintf(got, sizeof got, "%.*s", (int)(colon + 2 - line), line);
    const char *p = strstr(story, got);
    if (!p || p >= at) fail_msg("no line like \"%s\"", line);
    snprintf(got, sizeof got, "%.*s", (int)strcspn(p, "\n"), p);
    if (!strstr(got, colon + 2)) fail_msg("wanted \"%s\" in \"%s\"", colon + 2, got);
  }
  if (*at) fail_msg("not wanted:\n%s", at);
}

static void story(void **state)
{
  struct scenario *s = scenario_read(*state);
  static struct stage g[3];
  prac_time half = prac_time_floor(s->from + (s->until - s->from) / 2, PRAC_MIN);
  for (int i = 0; i < 3; i++) {
    g[i] = (struct stage){.nthreads = i == 1 ? 3 : 1, .heard = heard_of()};
    play(s, &g[i], i == 2 ? half : PRAC_TIME_NONE);
  }
  compare(s->want, g[0].said);
  assert_true(heard_same(&g[0].heard, &g[1].heard));
  assert_true(heard_same(&g[0].heard, &g[2].heard));
  for (int i = 0; i < 3; i++) heard_done(&g[i].heard);
  free(s);
}

static int is_story(const struct dirent *d)
{
  size_t n = strlen(d->d_name);
  return n > 4 && strcmp(d->d_name + n - 4, ".txt") == 0;
}
int main(void)
{
  const char *root = getenv("PRACTICE_SOURCE");
  char dir[1024];
  static char paths[LINES][2048];
  struct CMUnitTest t[LINES];
  struct dirent **names = NULL;
  snprintf(dir, sizeof dir, "%s/tests/scenario", root ? root : ".");
  int n = scandir(dir, &names, is_story, alphasort);
  if (n < 1 || n > LINES) return 1;
  for (int i = 0; i < n; i++) {
    snprintf(paths[i], sizeof paths[i], "%s/%s", dir, names[i]->d_name);
    t[i] = (struct CMUnitTest){
        .name = strrchr(paths[i], '/') + 1, .test_func = story, .initial_state = paths[i]};
  }
  int failed = _cmocka_run_group_tests("scenarios", t, (size_t)n, NULL, NULL);
  for (int i = 0; i < n; i++) free(names[i]);
  free((void *)names);
  return failed;
}
