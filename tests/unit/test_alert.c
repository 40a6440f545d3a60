/* The desk: what becomes of findings over event time. */
#include "lib/t.h"

#include <stdio.h>

#include "alert/alert.h"
#include "lib/choice.h"
#include "lib/flows.h"

static const struct alert_conf conf = {.hold_ns = 60 * PRAC_MIN,
                                       .resume_ns = 30 * PRAC_MIN,
                                       .quiet_ns = 10 * PRAC_MIN,
                                       .max_open = 4,
                                       .min_level = 2,
                                       .tlp = "TLP:AMBER"};

static struct finding finding(const char *key, const char *state, int minute, uint32_t level)
{
  static const char *const tokyo[] = {"tokyo"};
  return (struct finding){.id = "f1",
                          .engine = "surge",
                          .key = key,
                          .kind = "surge-port",
                          .state = state,
                          .at = T0 + minute * PRAC_MIN,
                          .from = T0,
                          .to = T0,
                          .level = level,
                          .value = level * 10,
                          .unit = "sources",
                          .sensors = {tokyo, 1},
                          .text = "Much is going on. More than usual.",
                          .flows = "port=1433/tcp"};
}
static struct alert_desk *desk(const struct alert_conf *c, struct heard *h)
{
  struct alert_desk *d = NULL;
  assert_int_equal(alert_desk_new(c, hear_alert, h, &d), PRAC_OK);
  return d;
}
static void take(struct alert_desk *d, const char *key, const char *state, int minute,
                 uint32_t level)
{
  struct finding f = finding(key, state, minute, level);
  assert_int_equal(alert_desk_take(d, &f), PRAC_OK);
}
/* "open 00:05" and so on, one after the other. */
static const char *story(struct heard *h, char out[1024])
{
  size_t n = 0;
  out[0] = '\0';
  for (const char *p = h->j.buf; p && (p = strstr(p, "\"state\":\"")); p += 9) {
    const char *at = strstr(p, "\"at\":\"");
    n += (size_t)snprintf(out + n, 1024 - n, "%s%.*s %.5s", n ? ", " : "",
                          (int)strcspn(p + 9, "\""), p + 9, at + 17);
  }
  return out;
}

static void a_life(void **s)
{
  (void)s;
  char text[1024];
  struct heard h = heard_of();
  struct alert_desk *d = desk(&conf, &h);
  take(d, "port:1433/tcp", "on", 0, 1);  /* too low to open */
  take(d, "port:1433/tcp", "off", 1, 3); /* nothing to close */
  take(d, "port:1433/tcp", "on", 2, 2);
  take(d, "port:1433/tcp", "on", 3, 2); /* kept back until 00:12 */
  take(d, "port:1433/tcp", "on", 5, 2);
  take(d, "port:1433/tcp", "on", 14, 4); /* rises: at once */
  take(d, "port:1433/tcp", "off", 20, 2);
  take(d, "port:1433/tcp", "on", 50, 2); /* 30 min after: the same story */
  assert_int_equal(alert_desk_open_count(d), 1);
  assert_int_equal(alert_desk_advance(d, T0 + 200 * PRAC_MIN), PRAC_OK); /* held for an hour */
  take(d, "port:1433/tcp", "on", 210, 2); /* a new one: resuming ended at 02:20 */
  assert_int_equal(alert_desk_finish(d), PRAC_OK);
  assert_string_equal(story(&h, text),
                      "open 00:02, update 00:12, update 00:14, close 00:20, resume 00:50, "
                      "close 01:50, open 03:30, close 03:30");
  assert_int_equal(heard_count(&h, "\"revision\":6,"), 1);
  assert_int_equal(heard_count(&h, "\"severity\":\"high\""), 2); /* from its rise to its close */
  assert_int_equal(heard_count(&h, "\"title\":\"Much is going on\""), 8);
  assert_int_equal(heard_count(&h, "\"finding_count\":6,"), 2); /* resume and its close */
  alert_desk_free(&d);
  heard_done(&h);
}

static void two_engines_one_story(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct alert_desk *d = desk(&conf, &h);
  struct finding f = finding("country:MM", "on", 0, 2), g = finding("country:MM", "on", 1, 3);
  struct prac_ip ips[2] = {ip_text("192.0.2.1"), ip_text("2001:db8::1")};
  f.hosts = (struct model_ips){ips, 1};
  g.engine = "synchrony";
  g.id = "f2";
  g.hosts = (struct model_ips){ips, 2};
  g.value = 1;
  assert_int_equal(alert_desk_take(d, &f), PRAC_OK);
  assert_int_equal(alert_desk_take(d, &g), PRAC_OK);
  assert_int_equal(heard_count(&h, "\"engines\":[\"surge\",\"synchrony\"]"), 1);
  assert_int_equal(heard_count(&h, "\"hosts\":[\"192.0.2.1\",\"2001:db8::1\"]"), 1);
  assert_int_equal(heard_count(&h, "\"findings\":[\"f1\",\"f2\"]"), 1);
  assert_int_equal(heard_count(&h, "\"value\":1,"), 1); /* of the more severe one */
  alert_desk_free(&d);
  heard_done(&h);
}

/* What an engine says of one key; level 0: that it has ended. */
struct word {
  const char *engine;
  int minute;
  uint32_t level;
};
static void tell(struct alert_desk *d, const struct word *v, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    char text[64], id[16];
    struct finding f = finding("port:1433/tcp", v[i].level ? "on" : "off", v[i].minute,
                               v[i].level ? v[i].level : 1);
    snprintf(text, sizeof text, "%s says %u. And more.", v[i].engine, v[i].level);
    snprintf(id, sizeof id, "f%zu", i);
    f.engine = v[i].engine;
    f.kind = v[i].engine;
    f.text = text;
    f.id = id;
    f.value = v[i].minute;
    assert_int_equal(alert_desk_take(d, &f), PRAC_OK);
  }
}
/* "state minute severity title", one a line. */
static const char *lines(struct heard *h, char out[4096])
{
  static const char *const keys[] = {"\"state\":\"", "\"at\":\"", "\"severity\":\"",
                                     "\"title\":\""};
  size_t n = 0;
  out[0] = '\0';
  for (char *p = h->j.buf, *end; p && (end = strchr(p, '\n')); p = end + 1) {
    *end = '\0';
    for (size_t k = 0; k < PRAC_ARRAY_LEN(keys); k++) {
      const char *at = strstr(p, keys[k]) + strlen(keys[k]);
      n += (size_t)snprintf(out + n, 4096 - n, "%.*s%c", k == 1 ? 5 : (int)strcspn(at, "\""),
                            k == 1 ? at + 11 : at, k == 3 ? '\n' : ' ');
    }
    *end = '\n';
  }
  return out;
}
static void told_so(const struct alert_conf *c, const struct word *v, size_t n, const char *want)
{
  char out[4096];
  struct heard h = heard_of();
  struct alert_desk *d = desk(c, &h);
  tell(d, v, n);
  assert_int_equal(alert_desk_advance(d, T0 + 600 * PRAC_MIN), PRAC_OK);
  assert_string_equal(lines(&h, out), want);
  alert_desk_free(&d);
  heard_done(&h);
}

/* The title ends with the first sentence; one that is too long is cut between words, one long word
 * between letters, and both say so. 160 bytes at most. */
static void a_long_title_is_cut(void **state)
{
  (void)state;
  char words[400] = "", letters[400] = "", want[2][400];
  for (int i = 0; i < 60; i++) strcat(words, "five ");
  for (int i = 0; i < 60; i++) strcat(letters, "\xe3\x81\x82");
  snprintf(want[0], sizeof want[0], "\"title\":\"%.154s \xe2\x80\xa6\"", words);
  snprintf(want[1], sizeof want[1], "\"title\":\"%.156s \xe2\x80\xa6\"", letters);
  for (int i = 0; i < 2; i++) {
    struct heard h = heard_of();
    struct alert_desk *d = desk(&conf, &h);
    struct finding f = finding("port:1433/tcp", "on", 0, 3);
    f.text = i ? letters : words;
    assert_int_equal(alert_desk_take(d, &f), PRAC_OK);
    assert_int_equal(heard_count(&h, want[i]), 1);
    alert_desk_free(&d);
    heard_done(&h);
  }
}

/* Three engines: the story goes on until the last of them has said that it has ended. */
static void the_last_engine_closes(void **s)
{
  (void)s;
  static const struct word v[] = {
      {"surge", 0, 3},     {"riskport", 1, 2},  {"glasso", 2, 5},    {"surge", 3, 2},
      {"surge", 15, 0},    {"surge", 16, 0},    {"glasso", 20, 0},   {"nmf", 31, 0},
      {"riskport", 45, 2}, {"riskport", 50, 0}, {"riskport", 51, 0},
  };
  told_so(&conf, v, PRAC_ARRAY_LEN(v),
          "open 00:00 medium surge says 3\n"
          "update 00:02 critical glasso says 5\n" /* rises: at once */
          "update 00:12 critical glasso says 5\n"
          "update 00:22 low glasso says 5\n" /* 00:20 would be too soon after 00:12 */
          "update 00:45 low glasso says 5\n"
          "close 00:50 critical glasso says 5\n");
}

/* Neither the title nor the severity goes to and fro, nor does an end in between take the words. */
static void two_engines_take_turns(void **s)
{
  (void)s;
  struct word v[42];
  size_t n = 0;
  for (int i = 0; i < 20; i++) {
    v[n++] = (struct word){"nmf", 12 * i, 3};
    v[n++] = (struct word){"glasso", 12 * i + 1, 3};
  }
  v[n++] = (struct word){"nmf", 240, 0};
  v[n++] = (struct word){"glasso", 241, 0};
  char out[4096], text[64];
  struct heard h = heard_of();
  struct alert_desk *d = desk(&conf, &h);
  tell(d, v, n);
  for (const char *p = lines(&h, out); *p; p = strchr(p, '\n') + 1) {
    snprintf(text, sizeof text, "%.*s", (int)strcspn(p, "\n"), p);
    assert_non_null(strstr(text, "medium nmf says 3"));
  }
  assert_int_equal(heard_count(&h, "\"text\":\"nmf says 0"), 0);
  assert_int_equal(heard_count(&h, "\"text\":\"glasso says 0"), 1);
  alert_desk_free(&d);
  heard_done(&h);
}

/* An engine that never says its end holds the story for `hold` after its own last word, whatever
 * the others say. */
static void a_silent_engine_holds_for_a_while(void **s)
{
  (void)s;
  static const struct word silent[] = {{"tensor", 0, 4}, {"surge", 50, 2}, {"surge", 55, 0}};
  told_so(&conf, silent, PRAC_ARRAY_LEN(silent),
          "open 00:00 high tensor says 4\n"
          "update 00:50 high tensor says 4\n"
          "close 01:00 high tensor says 4\n");
  static const struct word expired[] = {{"tensor", 0, 4}, {"surge", 50, 2}, {"surge", 70, 0}};
  told_so(&conf, expired, PRAC_ARRAY_LEN(expired),
          "open 00:00 high tensor says 4\n"
          "update 00:50 high tensor says 4\n"
          "close 01:10 high tensor says 4\n");
}

/* What would not have opened it does not hold it open. */
static void low_levels_hold_nothing(void **s)
{
  (void)s;
  static const struct word v[] = {{"surge", 0, 3},  {"noise", 1, 1},  {"surge", 5, 1},
                                  {"surge", 30, 0}, {"noise", 31, 1}, {"surge", 40, 2}};
  told_so(&conf, v, PRAC_ARRAY_LEN(v),
          "open 00:00 medium surge says 3\n"
          "update 00:10 medium surge says 1\n"
          "close 00:30 medium surge says 0\n"
          "resume 00:40 low surge says 2\n" /* severity now; the highest value's title */
          "close 01:40 low surge says 2\n");
}

/* A group becomes a survey: one claim, and its end counts under either name. */
static void a_claim_may_change_its_kind(void **s)
{
  (void)s;
  struct alert_conf c = conf;
  c.ignore = "noise-,sync-survey";
  char out[4096];
  struct heard h = heard_of();
  struct alert_desk *d = desk(&c, &h);
  struct finding f = finding("group:23/tcp", "on", 0, 3);
  f.kind = "sync-group";
  assert_int_equal(alert_desk_take(d, &f), PRAC_OK);
  f.at += 20 * PRAC_MIN;
  f.kind = "sync-survey";
  assert_int_equal(alert_desk_take(d, &f), PRAC_OK);
  f.at += 20 * PRAC_MIN;
  f.state = "off";
  assert_int_equal(alert_desk_take(d, &f), PRAC_OK);
  assert_string_equal(lines(&h, out), "open 00:00 medium Much is going on\n"
                                      "close 00:40 medium Much is going on\n");
  alert_desk_free(&d);
  heard_done(&h);
}

static void seen_by(struct alert_desk *d, const char *key, const char *state, int minute,
                    struct model_strs sensors)
{
  struct finding f = finding(key, state, minute, 3);
  f.sensors = sensors;
  assert_int_equal(alert_desk_take(d, &f), PRAC_OK);
}
static void silent(struct alert_desk *d, const char *sensor, const char *state, int minute)
{
  struct finding f = finding("sensor:x/silent", state, minute, 3);
  f.kind = "site-silent";
  f.sensors = (struct model_strs){&sensor, 1};
  assert_int_equal(alert_desk_hear(d, &f), PRAC_OK);
}

/* An outage is no end: who saw it must be there to say that it is over. */
static void ends_are_not_believed_of_the_absent(void **s)
{
  (void)s;
  static const char *const names[] = {"oslo", "lima", "tokyo"};
  const struct model_strs oslo = {names, 1}, all = {names, 3};
  struct alert_conf c = conf;
  c.hold_ns = 6 * PRAC_HOUR;
  char out[4096];
  struct heard h = heard_of();
  struct alert_desk *d = desk(&c, &h);
  seen_by(d, "victim:a", "on", 0, oslo);
  seen_by(d, "victim:b", "on", 0, oslo);
  seen_by(d, "victim:c", "on", 0, all);
  silent(d, "oslo", "on", 10);
  seen_by(d, "victim:a", "off", 20, oslo); /* over by its return, as it turns out */
  seen_by(d, "victim:b", "off", 20, oslo); /* not over */
  seen_by(d, "victim:c", "off", 20, all);  /* two of three can tell */
  silent(d, "oslo", "on", 30);             /* said again */
  uint8_t *state = NULL;
  size_t n = 0;
  assert_int_equal(alert_desk_save(d, &state, &n), PRAC_OK);
  alert_desk_free(&d);
  d = desk(&c, &h);
  assert_int_equal(alert_desk_load(d, state, n), PRAC_OK);
  free(state);
  silent(d, "oslo", "off", 60);
  seen_by(d, "victim:b", "on", 90, oslo);
  seen_by(d, "victim:b", "off", 150, oslo);
  assert_string_equal(lines(&h, out), "open 00:00 medium Much is going on\n"
                                      "open 00:00 medium Much is going on\n"
                                      "open 00:00 medium Much is going on\n"
                                      "close 00:20 medium Much is going on\n"
                                      "update 01:30 medium Much is going on\n"
                                      "close 02:00 medium Much is going on\n"
                                      "close 02:30 medium Much is going on\n");
  alert_desk_free(&d);
  heard_done(&h);
}

/* More engines than places: the one unheard for longest is given up, and counted. */
static void claims_are_bounded(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct alert_desk *d = desk(&conf, &h);
  char name[100][8];
  for (int i = 0; i < 100; i++) {
    snprintf(name[i], sizeof name[i], "e%d", i);
    tell(d, &(struct word){name[i], i / 10, 3}, 1);
  }
  uint64_t crowded = 0;
  const struct prac_counters c = alert_desk_counters(d);
  for (size_t i = 0; i < c.n; i++)
    if (strcmp(c.defs[i].name, "crowded_out") == 0) crowded = atomic_load(&c.values[i]);
  assert_int_equal(crowded, 84);
  for (int i = 0; i < 63; i++) tell(d, &(struct word){name[i], 20, 0}, 1);
  assert_int_equal(alert_desk_open_count(d), 1);
  tell(d, &(struct word){name[63], 21, 0}, 1); /* the last that found a place among the engines */
  assert_int_equal(alert_desk_open_count(d), 0);
  alert_desk_free(&d);
  heard_done(&h);
}

static void lists_stay_short(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct alert_desk *d = desk(&conf, &h);
  for (int i = 0; i < 500; i++) {
    struct finding f = finding("country:MM", "on", i * 11, 2);
    char id[16];
    struct prac_ip ip[100];
    for (uint32_t k = 0; k < 100; k++) ip[k] = prac_ip4((uint32_t)i * 100 + k);
    snprintf(id, sizeof id, "f%d", i);
    f.id = id;
    f.hosts = (struct model_ips){ip, 100};
    heard_done(&h);
    h = heard_of();
    assert_int_equal(alert_desk_take(d, &f), PRAC_OK);
  }
  assert_true(h.j.len < 16000);
  assert_int_equal(heard_count(&h, "\"finding_count\":500,"), 1);
  assert_int_equal(heard_count(&h, "\"findings\":[\"f0\",\"f437\","), 1);
  alert_desk_free(&d);
  heard_done(&h);
}

static void labels_are_checked(void **s)
{
  (void)s;
  struct alert_conf c = conf;
  struct alert_desk *d = NULL;
  c.tlp = "TLP:WHITE";
  assert_int_equal(alert_desk_new(&c, hear_alert, NULL, &d), PRAC_RANGE);
  assert_null(d);
  for (uint32_t i = 1; i <= 5; i++)
    assert_int_equal(alert_severity_level(alert_severity_text(i)), i);
  assert_int_equal(alert_severity_level("apocalyptic"), 0);
}

static void some_kinds_are_not_told(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct alert_conf c = conf;
  static const char *const kinds[] = {"noise-survey", "noise", "sync-weak", "sync-weaker",
                                      "surge-port"};
  c.ignore = "noise-, sync-weak";
  struct alert_desk *d = desk(&c, &h);
  for (int i = 0; i < 5; i++) {
    struct finding f = finding(kinds[i], "on", i, 3);
    f.kind = kinds[i];
    assert_int_equal(alert_desk_take(d, &f), PRAC_OK);
  }
  assert_int_equal(h.n, 2);
  assert_int_equal(heard_count(&h, "\"key\":\"noise\""), 1);
  assert_int_equal(heard_count(&h, "\"key\":\"surge-port\""), 1);
  alert_desk_free(&d);
  heard_done(&h);
}

static void damaged_state_is_refused(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct alert_desk *d = desk(&conf, &h), *e;
  take(d, "a", "on", 0, 3);
  take(d, "b", "on", 1, 3);
  take(d, "b", "off", 2, 3);
  tell(d, (const struct word[]){{"surge", 3, 2}, {"nmf", 3, 4}, {"glasso", 4, 3}}, 3);
  uint8_t *bytes = NULL;
  size_t n = 0;
  assert_int_equal(alert_desk_save(d, &bytes, &n), PRAC_OK);
  for (size_t i = 0; i < n; i++) {
    e = desk(&conf, &h);
    bytes[i] ^= 0x10;
    assert_int_equal(alert_desk_load(e, bytes, n), PRAC_DAMAGED);
    bytes[i] ^= 0x10;
    alert_desk_free(&e);
    e = desk(&conf, &h);
    assert_int_equal(alert_desk_load(e, bytes, i), PRAC_DAMAGED);
    alert_desk_free(&e);
  }
  free(bytes);
  alert_desk_free(&d);
  heard_done(&h);
}

/* ---- properties ---- */
enum { KEYS = 8, ENGINES = 3, STEPS = 60 };
struct watch { /* what a reader of the alerts believes */
  bool open[KEYS], known[KEYS], broken;
  char id[KEYS][24];
  uint32_t revision[KEYS];
  prac_time last, closed[KEYS];
  size_t n_open;
  struct heard heard;
};
static prac_rc watching(void *arg, const struct alert *a)
{
  struct watch *w = arg;
  int k = a->key[0] - 'a';
  bool opens = strcmp(a->state, "open") == 0, resumes = strcmp(a->state, "resume") == 0;
  bool closes = strcmp(a->state, "close") == 0;
  w->broken |= a->at < w->last || closes != (a->closed != PRAC_TIME_NONE);
  w->last = a->at;
  if (opens) {
    w->broken |= w->open[k] || (w->known[k] && strcmp(w->id[k], a->id) == 0) || a->revision != 1;
    w->known[k] = true;
    snprintf(w->id[k], sizeof w->id[k], "%s", a->id);
    w->revision[k] = 0;
  } else {
    w->broken |= !w->known[k] || strcmp(w->id[k], a->id) != 0 || w->open[k] == resumes;
    w->broken |= resumes && a->at > w->closed[k] + conf.resume_ns;
  }
  w->broken |= a->revision != ++w->revision[k];
  w->n_open += (opens || resumes) - (size_t)closes;
  w->open[k] = !closes;
  w->closed[k] = a->closed;
  w->broken |= w->n_open > (size_t)conf.max_open;
  return hear_alert(&w->heard, a);
}
struct step {
  int minute, key, engine;
  uint32_t level;
  bool off;
};
/* Which engines hold which story, by the contract alone: when it must be open. */
struct model {
  bool holds[KEYS][ENGINES];
  prac_time heard[KEYS][ENGINES];
};
static bool must_be_open(const struct model *m, int key, prac_time at)
{
  bool open = false;
  for (int e = 0; e < ENGINES; e++)
    open |= m->holds[key][e] && m->heard[key][e] + conf.hold_ns > at;
  return open;
}
static void hold(struct model *m, const struct step *x)
{
  prac_time at = T0 + x->minute * PRAC_MIN;
  bool open = must_be_open(m, x->key, at), *holds = &m->holds[x->key][x->engine];
  if (!open)
    for (int e = 0; e < ENGINES; e++) m->holds[x->key][e] = false;
  *holds = *holds && m->heard[x->key][x->engine] + conf.hold_ns > at;
  if (x->off || (x->level < (uint32_t)conf.min_level && !*holds)) {
    *holds = *holds && !x->off;
    return;
  }
  *holds = true;
  m->heard[x->key][x->engine] = at;
}
static void play(const struct step *v, int n, int cut, struct choice *extra, struct watch *w)
{
  struct alert_desk *d = NULL;
  struct model m = {0};
  bool early = false;
  PRAC_INSIST(alert_desk_new(&conf, watching, w, &d) == PRAC_OK);
  for (int i = 0; i < n; i++) {
    char key[2] = {(char)('a' + v[i].key), 0};
    if (extra && choice_u8(extra) & 1) { /* time may be told at any moment */
      int from = i ? v[i - 1].minute : 0;
      int to = from + (int)choice_below(extra, (uint32_t)(v[i].minute - from) + 1);
      PRAC_INSIST(alert_desk_advance(d, T0 + to * PRAC_MIN) == PRAC_OK);
    }
    if (i == cut) {
      uint8_t *bytes = NULL;
      size_t len = 0;
      PRAC_INSIST(alert_desk_save(d, &bytes, &len) == PRAC_OK);
      alert_desk_free(&d);
      PRAC_INSIST(alert_desk_new(&conf, watching, w, &d) == PRAC_OK);
      PRAC_INSIST(alert_desk_load(d, bytes, len) == PRAC_OK);
      free(bytes);
    }
    static const char *const engines[ENGINES] = {"surge", "nmf", "glasso"};
    struct finding f = finding(key, v[i].off ? "off" : "on", v[i].minute, v[i].level);
    f.engine = engines[v[i].engine];
    PRAC_INSIST(alert_desk_take(d, &f) == PRAC_OK);
    hold(&m, &v[i]);
    w->broken |= alert_desk_open_count(d) > (size_t)conf.max_open;
    size_t should = 0; /* a story closed early may be fewer */
    for (int k = 0; k < KEYS; k++) {
      bool open = must_be_open(&m, k, f.at);
      should += open;
      w->broken |= w->open[k] && !open;
    }
    early |= should > (size_t)conf.max_open;
    w->broken |= !early && alert_desk_open_count(d) != should;
  }
  PRAC_INSIST(alert_desk_finish(d) == PRAC_OK);
  w->broken |= alert_desk_open_count(d) != 0 || w->n_open != 0; /* closing always follows */
  alert_desk_free(&d);
}
static int a_reader_is_never_surprised(struct choice *in)
{
  struct step v[STEPS];
  int n = (int)choice_below(in, STEPS + 1), minute = 0;
  uint32_t keys = choice_u8(in) & 1 ? KEYS : (uint32_t)conf.max_open; /* with crowding, without */
  for (int i = 0; i < n; i++) {
    uint8_t gap = choice_u8(in);
    minute += gap < 200 ? gap % 12 : gap % 70;
    v[i] = (struct step){minute, (int)choice_below(in, keys), choice_u8(in) % ENGINES,
                         1 + choice_u8(in) % 5u, choice_u8(in) % 3 == 0};
  }
  struct watch a = {.heard = heard_of(), .last = INT64_MIN}, b = a;
  b.heard = heard_of();
  play(v, n, -1, NULL, &a);
  play(v, n, (int)choice_below(in, STEPS), in, &b);
  int ok = !a.broken && !b.broken && heard_same(&a.heard, &b.heard);
  heard_done(&a.heard);
  heard_done(&b.heard);
  return ok;
}
static void properties(void **s)
{
  (void)s;
  assert_true(prop_check("a reader is never surprised", a_reader_is_never_surprised, 21, 2000));
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(a_life),
      cmocka_unit_test(two_engines_one_story),
      cmocka_unit_test(the_last_engine_closes),
      cmocka_unit_test(two_engines_take_turns),
      cmocka_unit_test(a_silent_engine_holds_for_a_while),
      cmocka_unit_test(low_levels_hold_nothing),
      cmocka_unit_test(a_claim_may_change_its_kind),
      cmocka_unit_test(ends_are_not_believed_of_the_absent),
      cmocka_unit_test(claims_are_bounded),
      cmocka_unit_test(lists_stay_short),
      cmocka_unit_test(a_long_title_is_cut),
      cmocka_unit_test(labels_are_checked),
      cmocka_unit_test(some_kinds_are_not_told),
      cmocka_unit_test(damaged_state_is_refused),
      cmocka_unit_test(properties),
  };
  return cmocka_run_group_tests_name("alert", t, NULL, NULL);
}
