/* Surges: what raises one and what must not; sets that change form; limits; restart. */
#include "lib/t.h"

#include <stdio.h>

#include "base/hash.h"
#include "engine/core.h"
#include "engine/surge/sources.h"
#include "lib/choice.h"
#include "lib/flows.h"

/* Slots of an hour, judged every ten minutes, eight of them as history. */
static const char settings_text[] = "engine:\n"
                                    "  surge:\n"
                                    "    slot: 1h\n"
                                    "    evaluate-every: 10m\n"
                                    "    history: 8\n"
                                    "    min-history: 4\n"
                                    "    exact: 64\n"
                                    "    memory: 1MiB\n";
extern const struct eng_ops eng_surge;

static struct prac_conf *settings_with(const char *more)
{
  const struct prac_conf_section *sections[] = {eng_surge.conf, NULL};
  struct prac_conf *conf = NULL;
  struct prac_err e = {0};
  char text[512];
  int n = snprintf(text, sizeof text, "%s%s", settings_text, more);
  if (prac_conf_parse(text, (size_t)n, "test", sections, &conf, &e) != PRAC_OK)
    fail_msg("%s", e.text);
  return conf;
}
static struct prac_conf *settings(void)
{
  return settings_with("");
}
/* Another one in every core: nothing that is compared below may depend on it. */
static uint64_t secrets;

static struct eng_core *core(struct heard *h, const struct prac_conf *conf)
{
  struct eng_core_conf c = {.nthreads = 1, .seed = 3, .secret = ++secrets, .only = "surge"};
  struct eng_core *ret = NULL;
  struct prac_err e = {0};
  if (eng_core_new(&c, conf, hear_finding, h, &ret, &e) != PRAC_OK) fail_msg("%s", e.text);
  return ret;
}
static uint16_t letters(const char *s)
{
  return (uint16_t)((unsigned)(unsigned char)s[0] << 8 | (unsigned char)s[1]);
}
static struct flow_row row(uint32_t src, const char *country, uint16_t port)
{
  return (struct flow_row){.src = prac_ip4(0x05000000u + src),
                           .dst = prac_ip4(1),
                           .proto = 6,
                           .tcp_flags = 2,
                           .sport = 4000,
                           .dport = port,
                           .packets = 1,
                           .country = letters(country)};
}
static void feed(struct eng_core *c, const char *sensor, int minute, struct flow_row *rows,
                 uint32_t n, const char *geo)
{
  struct flow_batch *b = batch_of(sensor, T0 + minute * PRAC_MIN, rows, n, true);
  assert_int_equal(flow_batch_describe(b, geo, (struct model_strs){0}), PRAC_OK);
  assert_int_equal(eng_core_feed(c, b, NULL), PRAC_OK);
  flow_batch_unref(&b);
}
/* One batch every ten minutes with senders [from, from + n) of MM to 1433. */
static void hour(struct eng_core *c, const char *sensor, int h, uint32_t from, uint32_t n,
                 uint32_t marks, const char *geo)
{
  struct flow_row r[200];
  for (int k = 0; k < 6; k++) {
    for (uint32_t i = 0; i < n; i++) {
      r[i] = row(from + i, "MM", 1433);
      r[i].marks = marks;
    }
    feed(c, sensor, h * 60 + k * 10, r, n, geo);
  }
}
static void end(struct eng_core **c)
{
  assert_int_equal(eng_core_finish(*c, NULL), PRAC_OK);
  eng_core_free(c);
}

static void a_surge_begins_grows_and_ends(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct prac_conf *conf = settings();
  struct eng_core *c = core(&h, conf);
  for (int k = 0; k < 6; k++) hour(c, "tokyo", k, 0, 2, 0, "");
  struct flow_row r[40];
  for (int k = 0; k < 6; k++) { /* 7, 14, 21 ... senders */
    for (uint32_t i = 0; i < 40; i++) r[i] = row(100 + i, "MM", 1433);
    feed(c, "tokyo", 360 + k * 10, r, (uint32_t)(k + 1) * 7 < 40 ? (uint32_t)(k + 1) * 7 : 40, "");
  }
  hour(c, "tokyo", 7, 0, 2, 0, "");
  hour(c, "tokyo", 8, 0, 2, 0, "");
  end(&c);
  assert_int_equal(heard_count(&h, "\"key\":\"country:MM\""), 5);
  assert_int_equal(heard_count(&h, "\"key\":\"port:1433/tcp\""), 5);
  /* as early as possible: 21 senders in the third ten minutes; 28, 35 and the last, 40; over when
   * 07:00-08:00 is
   */
  assert_int_equal(heard_count(&h, "\"at\":\"2013-08-07T06:30:00Z\""), 2);
  assert_int_equal(heard_count(&h, "Sources from Myanmar: 21 in the 1 h from 2013-08-07T06:00:00Z, "
                                   "usually 2. Most to 1433/tcp (21); "),
                   1);
  assert_int_equal(heard_count(&h, "Sources to 1433/tcp: 28 "), 1);
  assert_int_equal(heard_count(&h, "\"state\":\"off\",\"at\":\"2013-08-07T08:00:00Z\""), 2);
  assert_int_equal(heard_count(&h, "Sources from Myanmar: back to 2 "), 1);
  assert_int_equal(heard_count(&h, "\"flows\":\"country=MM from=2013-08-07T06:00:00Z "
                                   "to=2013-08-07T06:30:00Z\""),
                   1);
  prac_conf_free(&conf);
  heard_done(&h);
}

static void answers_and_forged_senders_do_not_count(void **s)
{
  (void)s;
  static const uint32_t marks[] = {FLOW_BACKSCATTER, FLOW_SPOOFED, FLOW_BOGON};
  struct prac_conf *conf = settings();
  for (size_t i = 0; i < 3; i++) {
    struct heard h = heard_of();
    struct eng_core *c = core(&h, conf);
    for (int k = 0; k < 6; k++) hour(c, "tokyo", k, 0, 2, 0, "");
    hour(c, "tokyo", 6, 100, 150, marks[i], "");
    end(&c);
    assert_int_equal(h.n, 0);
    heard_done(&h);
  }
  prac_conf_free(&conf);
}

/* Two sensors; `oslo` sees forty senders of its own whenever it is there. */
static size_t with_oslo(const char *up, int surge_at)
{
  struct heard h = heard_of();
  struct prac_conf *conf = settings();
  struct eng_core *c = core(&h, conf);
  for (int k = 0; up[k]; k++) {
    hour(c, "tokyo", k, 0, k == surge_at ? 60 : 2, 0, "");
    if (up[k] == '1') hour(c, "oslo", k, 1000, 40, 0, "");
  }
  end(&c);
  size_t n = heard_count(&h, "\"state\":\"on\"");
  heard_done(&h);
  prac_conf_free(&conf);
  return n;
}
static void sensors_that_come_go_and_return_raise_nothing(void **s)
{
  (void)s;
  assert_int_equal(with_oslo("111111111111111111", -1), 0);
  assert_int_equal(with_oslo("000000001111111111111111", -1), 0);           /* new */
  assert_int_equal(with_oslo("111111110011111111", -1), 0);                 /* a short outage */
  assert_int_equal(with_oslo("1111111100000000000111111111111111", -1), 0); /* a long one */
  assert_int_equal(with_oslo("1111111110101010101101100110011", -1), 0);    /* a shaky one */
  assert_int_equal(with_oslo("000000001111", 10), 2); /* while a real one is seen by the other */
}
static int no_uptime_raises_anything(struct choice *in)
{
  char up[64];
  uint32_t n = 1 + choice_below(in, 60), state = choice_u8(in) & 1;
  for (uint32_t i = 0; i < n; i++) {
    if (choice_u8(in) % 4 == 0) state ^= 1;
    up[i] = state ? '1' : '0';
  }
  up[n] = '\0';
  return with_oslo(up, -1) == 0;
}
static void uptime_property(void **s)
{
  (void)s;
  assert_true(prop_check("uptime", no_uptime_raises_anything, 31, 60));
}

static void new_geography_is_only_a_notice(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct prac_conf *conf = settings();
  struct eng_core *c = core(&h, conf);
  for (int k = 0; k < 6; k++) hour(c, "tokyo", k, 0, 2, 0, "geo of 2013-07");
  hour(c, "tokyo", 6, 100, 60, 0, "geo of 2013-08");
  end(&c);
  assert_int_equal(heard_count(&h, "\"key\":\"country:MM\""), 1);
  assert_int_equal(heard_count(&h, "geography data changed"), 1);
  assert_int_equal(heard_count(&h, "\"level\":1,"), 1);
  assert_int_equal(heard_count(&h, "\"level\":4,"), 1); /* the port has nothing to do with it */
  prac_conf_free(&conf);
  heard_done(&h);
}

/* The same rows every ten minutes of an hour, at several sensors. */
struct part {
  const char *sensor;
  struct flow_row *r;
  uint32_t n;
};
static void feed_hour(struct eng_core *c, int hour, const struct part *parts, size_t n)
{
  for (int k = 0; k < 6; k++)
    for (size_t i = 0; i < n; i++)
      feed(c, parts[i].sensor, hour * 60 + k * 10, parts[i].r, parts[i].n, "");
}

/* A network's senders are counted as a country's are. */
static void a_network_surges(void **s)
{
  (void)s;
  struct heard h = heard_of();
  struct prac_conf *conf = settings();
  struct eng_core *c = core(&h, conf);
  struct flow_row r[60];
  for (int k = 0; k < 7; k++) {
    uint32_t n = k == 6 ? 40 : 3;
    for (uint32_t i = 0; i < n; i++) { /* other countries, other ports: only the AS is one */
      r[i] = row(i * 7, (const char[]){(char)('A' + i % 20), 'X', '\0'}, (uint16_t)(1000 + i));
      r[i].asn = 4200000001u;
    }
    feed_hour(c, k, &(struct part){"tokyo", r, n}, 1);
  }
  end(&c);
  assert_int_equal(h.n, heard_count(&h, "\"key\":\"as:4200000001\",\"kind\":\"surge-as\""));
  assert_int_equal(heard_count(&h, "Sources from AS4200000001: 40 in the 1 h"), 1);
  assert_int_equal(heard_count(&h, "\"asn\":4200000001"), h.n);
  assert_int_equal(heard_count(&h, "\"flows\":\"asn=4200000001 from="), h.n);
  prac_conf_free(&conf);
  heard_done(&h);
}

/* All sensors together see 150 to 210 senders at 1433, lima none of them: 40 there are nothing in
 * the sum. Twice in its own half of the hours lima was not there. */
static struct heard at_lima(const char *more, uint32_t n)
{
  struct heard h = heard_of();
  struct prac_conf *conf = settings_with(more);
  struct eng_core *c = core(&h, conf);
  struct flow_row r[250], few[40];
  for (int k = 0; k < 13; k++) {
    uint32_t many = 150 + (uint32_t)(k * 37 % 60);
    for (uint32_t i = 0; i < many; i++) r[i] = row(1000 + i, "CN", 1433);
    for (uint32_t i = 0; i < n; i++) few[i] = row(5000 + i, "VN", 1433);
    const struct part parts[] = {{"tokyo", r, many}, {"lima", few, k == 11 ? n : 1}};
    feed_hour(c, k, parts, k == 3 || k == 5 ? 1 : 2);
  }
  end(&c);
  prac_conf_free(&conf);
  return h;
}
static void one_sensor_alone(void **s)
{
  (void)s;
  struct heard h = at_lima("", 40);
  assert_int_equal(heard_count(&h, "\"kind\":\"surge-port\",\"state\":\"on\""), 1);
  assert_int_equal(heard_count(&h, "\"key\":\"port:1433/tcp\""), 2);
  assert_int_equal(heard_count(&h, "Sources to 1433/tcp at sensor lima: 40 in the 1 h "), 1);
  assert_int_equal(heard_count(&h, "usually under 4. Most from Vietnam (40)"), 1);
  assert_int_equal(heard_count(&h, "\"sensors\":[\"lima\"]"), 1 + 2); /* VN is lima's alone */
  heard_done(&h);
  h = at_lima("", 14); /* fewer than min-sources */
  assert_int_equal(h.n, 0);
  heard_done(&h);
  h = at_lima("    sensor-z: 0\n    dims: [port]\n", 40);
  assert_int_equal(h.n, 0);
  heard_done(&h);
}

/* First abroad, two hours later at home too. Nothing is said of home when home does not listen. */
static struct heard abroad(bool home_up)
{
  struct heard h = heard_of();
  struct prac_conf *conf = settings_with("    home: [tokyo]\n    dims: [port]\n");
  struct eng_core *c = core(&h, conf);
  struct flow_row r[50];
  for (int k = 0; k < 14; k++) {
    uint32_t away = k == 10 || k == 11 ? 40 : 2, here = k == 12 ? 40 : 2;
    for (uint32_t i = 0; i < 50; i++) r[i] = row(100 + i, "CN", 8291);
    const struct part parts[] = {{"lima", r, away}, {"oslo", r + 5, away}, {"tokyo", r, here}};
    feed_hour(c, k, parts, k < 10 || home_up ? 3 : 2);
  }
  end(&c);
  prac_conf_free(&conf);
  return h;
}
static void seen_abroad_not_yet_at_home(void **s)
{
  (void)s;
  struct heard h = abroad(true);
  assert_int_equal(heard_count(&h, "\"kind\":\"surge-abroad\",\"state\":\"on\""), 2);
  assert_int_equal(heard_count(&h, "\"kind\":\"surge-abroad\",\"state\":\"off\""), 1);
  assert_int_equal(heard_count(&h,
                               "Seen abroad, not yet at home: sources to 8291/tcp: 45 abroad in "
                               "the 1 h from 2013-08-07T10:00:00Z, usually 4; 2 at home, "
                               "usually under 4. Most from China (45); "),
                   1);
  assert_int_equal(heard_count(&h, "\"key\":\"abroad:port:8291/tcp\""), 3);
  /* off: home saw it at 12 */
  assert_int_equal(heard_count(&h, "\"at\":\"2013-08-07T13:00:00Z\""), 1);
  assert_true(heard_count(&h, "\"kind\":\"surge-port\",\"state\":\"on\"") >= 2);
  heard_done(&h);
  h = abroad(false);
  assert_int_equal(heard_count(&h, "surge-abroad"), 0);
  assert_true(heard_count(&h, "\"kind\":\"surge-port\"") >= 2);
  heard_done(&h);
}

/* A million senders in an hour, to all ports: bounded, counted, and the surge is still seen. */
static void a_storm_stays_within_memory(void **s)
{
  (void)s;
  enum { ROWS = 60000 };
  struct heard h = heard_of();
  struct prac_conf *conf = settings();
  struct eng_core *c = core(&h, conf);
  for (int k = 0; k < 6; k++) hour(c, "tokyo", k, 0, 2, 0, "");
  struct flow_row *r = calloc(ROWS, sizeof *r);
  struct prac_counters t[2];
  for (int k = 0; k < 12; k++) {
    for (uint32_t i = 0; i < ROWS; i++)
      r[i] = row(1000 + (uint32_t)k * ROWS + i, i % 3 ? "MM" : "CN", i % 2 ? 1433 : (uint16_t)i);
    feed(c, "tokyo", 360 + k * 5, r, ROWS, "");
  }
  assert_int_equal(eng_core_counters(c, t, 2), 2);
  end(&c);
  assert_true(h.n >= 4);
  const char *last = strstr(h.j.buf, "\"key\":\"country:MM\"");
  for (const char *p = last; (p = strstr(p + 1, "\"key\":\"country:MM\""));) last = p;
  double value = strtod(strstr(last, "\"value\":") + 8, NULL);
  assert_true(value > 200000 && value < 500000); /* of 480,000; said each quarter more */
  free(r);
  prac_conf_free(&conf);
  heard_done(&h);
}

static prac_rc add(struct surge_set *s, const struct prac_ip *ip, uint32_t partner,
                   struct surge_room *room)
{
  return surge_set_add(s, &(struct surge_source){*ip, partner, 1, 1}, room);
}
static void bytes_never_pass_the_limit(void **s)
{
  (void)s;
  enum { KEYS = 400 };
  struct surge_room room = {.max_bytes = 1 << 20, .exact_max = 1024, .seed = 5};
  struct surge_set *sets = calloc(KEYS, sizeof *sets);
  for (uint32_t i = 0; i < 400000; i++) {
    struct prac_ip ip = prac_ip4(0x05000000u + i);
    assert_int_equal(add(&sets[(i * 7919) % KEYS], &ip, 1, &room), PRAC_OK);
    assert_true(room.bytes <= room.max_bytes + 65536);
  }
  assert_true(room.refused > 0);
  for (int i = 0; i < KEYS; i++) surge_set_done(&sets[i], &room);
  assert_int_equal(room.bytes, 0);
  free(sets);
}

/* A set against plain counting, and through bytes and back at any moment. */
static int a_set_counts_right(struct choice *in)
{
  struct surge_room room = {
      .max_bytes = 1 << 24, .exact_max = 64 + choice_below(in, 200), .seed = 5};
  struct surge_room room2 = room;
  struct surge_set a = {0}, b = {0};
  uint32_t n = choice_below(in, 3000), cut = choice_below(in, 3000);
  int ok = 1;
  static uint8_t bytes[1 << 16];
  for (uint32_t i = 0; i < n && ok; i++) {
    if (i == cut) {
      struct prac_wr w = prac_wr_of(bytes, sizeof bytes);
      surge_set_save(&a, &w);
      struct prac_rd r = prac_rd_of(bytes, prac_wr_len(&w));
      ok = !w.bad && surge_set_load(&b, &r, &room2) == PRAC_OK && prac_rd_left(&r) == 0;
      surge_set_done(&a, &room);
      a = b;
      ok = ok && room.bytes == 0;
      room = room2;
    }
    struct prac_ip ip = prac_ip4(0x05000000u + i / 2); /* each twice */
    ok = ok && add(&a, &ip, i, &room) == PRAC_OK;
    uint32_t want = i / 2 + 1;
    double got = (double)surge_set_count(&a);
    ok = ok && (want <= room.exact_max ? got >= want && got <= want
                                       : got > 0.93 * want && got < 1.07 * want);
    ok = ok && (!a.many || a.n <= SURGE_SAMPLE);
  }
  surge_set_done(&a, &room);
  return ok && room.bytes == 0;
}
static void sets(void **s)
{
  (void)s;
  assert_true(prop_check("sets of senders", a_set_counts_right, 41, 200));
}

/* The same findings, broken off and restored at any batch, as without. */
static void plan_play(struct choice in, int cut, struct heard *h, const struct prac_conf *conf)
{
  static const char *const sensors[] = {"tokyo", "oslo", "lima"};
  static const char *const countries[] = {"MM", "CN", "JP"};
  struct eng_core *c = core(h, conf);
  int n = 0;
  for (int ten = 0; ten < 16 * 6; ten++)
    for (size_t k = 0; k < 3; k++) {
      struct flow_row r[90];
      uint8_t what = choice_u8(&in);
      uint32_t many = what % 16 == 3 ? 80 : what % 4;
      for (uint32_t i = 0; i < many; i++)
        r[i] = row(i + what, countries[what % 3], (uint16_t)(what / 64));
      if (n++ == cut) {
        uint8_t *bytes = NULL;
        size_t len = 0;
        PRAC_INSIST(eng_core_save(c, &bytes, &len, NULL) == PRAC_OK);
        eng_core_free(&c);
        c = core(h, conf);
        struct prac_err e = {0};
        if (eng_core_load(c, bytes, len, &e) != PRAC_OK) fail_msg("%s", e.text);
        free(bytes);
      }
      if (what % 8 != 7) feed(c, sensors[k], ten * 10, r, many, "");
    }
  end(&c);
}
static int a_break_changes_nothing(struct choice *in)
{
  struct prac_conf *conf = settings_with("    home: [tokyo]\n    sensor-z: 4\n");
  int cut = (int)choice_below(in, 16 * 18);
  struct heard a = heard_of(), b = heard_of();
  plan_play(*in, -1, &a, conf);
  plan_play(*in, cut, &b, conf);
  int ok = heard_same(&a, &b);
  heard_done(&a);
  heard_done(&b);
  prac_conf_free(&conf);
  return ok;
}
static void restart(void **s)
{
  (void)s;
  assert_true(prop_check("restart", a_break_changes_nothing, 51, 100));
}

int main(void)
{
  const struct CMUnitTest t[] = {
      cmocka_unit_test(a_surge_begins_grows_and_ends),
      cmocka_unit_test(answers_and_forged_senders_do_not_count),
      cmocka_unit_test(sensors_that_come_go_and_return_raise_nothing),
      cmocka_unit_test(uptime_property),
      cmocka_unit_test(new_geography_is_only_a_notice),
      cmocka_unit_test(a_network_surges),
      cmocka_unit_test(one_sensor_alone),
      cmocka_unit_test(seen_abroad_not_yet_at_home),
      cmocka_unit_test(a_storm_stays_within_memory),
      cmocka_unit_test(bytes_never_pass_the_limit),
      cmocka_unit_test(sets),
      cmocka_unit_test(restart),
  };
  return cmocka_run_group_tests_name("surge", t, NULL, NULL);
}
