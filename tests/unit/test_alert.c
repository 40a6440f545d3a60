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
  assert_int_equal(heard_count(&h, "\"severity\":\"high\""), 4); /* the highest so far */
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
  assert_int_equal(heard_count(&h, "\"value\":20,"), 2); /* highest so far */
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
enum { KEYS = 8, STEPS = 60 };
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
  int minute, key;
  uint32_t level;
  bool off;
};
static void play(const struct step *v, int n, int cut, struct choice *extra, struct watch *w)
{
  struct alert_desk *d = NULL;
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
    struct finding f = finding(key, v[i].off ? "off" : "on", v[i].minute, v[i].level);
    PRAC_INSIST(alert_desk_take(d, &f) == PRAC_OK);
    w->broken |= alert_desk_open_count(d) > (size_t)conf.max_open;
  }
  PRAC_INSIST(alert_desk_finish(d) == PRAC_OK);
  w->broken |= alert_desk_open_count(d) != 0 || w->n_open != 0; /* closing always follows */
  alert_desk_free(&d);
}
static int a_reader_is_never_surprised(struct choice *in)
{
  struct step v[STEPS];
  int n = (int)choice_below(in, STEPS + 1), minute = 0;
  for (int i = 0; i < n; i++) {
    uint8_t gap = choice_u8(in);
    minute += gap < 200 ? gap % 12 : gap % 70;
    v[i] = (struct step){minute, (int)choice_below(in, KEYS), 1 + choice_u8(in) % 5u,
                         choice_u8(in) % 4 == 0};
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
      cmocka_unit_test(lists_stay_short),
      cmocka_unit_test(labels_are_checked),
      cmocka_unit_test(some_kinds_are_not_told),
      cmocka_unit_test(damaged_state_is_refused),
      cmocka_unit_test(properties),
  };
  return cmocka_run_group_tests_name("alert", t, NULL, NULL);
}
