/* What the engines cost: CPU seconds for one simulated hour, one engine after the other and all
 * together, then for several sensors of that size, with the memory of it.
 *
 *   bench_engines [CAPTURE [SENSORS [HOURS]]]     CAPTURE "-": a made hour of 330,000 packets
 *
 * An engine reads the view without survey scanners, so the noise engine works beside each; its own
 * cost is taken off. The hour is played HOURS times over, moved in time: engines that need a
 * history cost more once they have one. Sensors share half of their sources and have addresses of
 * their own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "app/input.h"
#include "base/hash.h"
#include "engine/core.h"
#include "gen/gen.h"

enum { PACKETS = 330000, BATCHES_MAX = 4096, ETHERNET = 1 };

static double now(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

struct hour {
  struct flow_batch *v[BATCHES_MAX];
  size_t n;
  uint64_t packets, rows;
};

static prac_rc on_batch(void *arg, struct flow_batch *b)
{
  struct hour *h = arg;
  if (h->n == BATCHES_MAX) return PRAC_FULL;
  h->v[h->n++] = b;
  h->rows += b->n;
  for (uint32_t i = 0; i < b->n; i++) h->packets += b->packets[i];
  return PRAC_OK;
}

static prac_rc hour_of_file(struct cap_core *c, const char *path, struct prac_err *err)
{
  struct input in;
  prac_rc rc = PRAC_OK;
  PRAC_TRY(input_open(path, NULL, NULL, NULL, NULL, &in, err));
  while (rc == PRAC_OK && input_head(&in) != INT64_MAX) {
    size_t n = input_ready(&in, INT64_MAX - 1), at = in.at;
    in.at += n;
    rc = in.frames ? cap_core_frames(c, in.frames + at, n) : cap_core_seen(c, in.seen + at, n);
  }
  input_close(&in);
  return rc;
}

static prac_rc hour_made(struct cap_core *c, struct prac_err *err)
{
  const struct gen_conf conf = {.scenario = "quiet",
                                .seed = 1,
                                .sensors = 1,
                                .length_ns = PRAC_HOUR,
                                .mpps = PACKETS * 1000 / 3600,
                                .start = PRAC_TIME_NONE};
  struct gen *g = NULL;
  struct gen_frame f;
  PRAC_TRY(gen_new(&conf, &g, err));
  prac_rc rc = PRAC_OK;
  while (rc == PRAC_OK && gen_next(g, &f) == PRAC_OK)
    rc = cap_core_frames(c, &(struct cap_frame){f.at, f.data, f.caplen, f.len, ETHERNET}, 1);
  gen_free(&g);
  return rc;
}

static prac_rc hour_read(struct hour *h, const char *path, struct prac_err *err)
{
  const struct cap_conf conf = {.sensor = "s00", .country = "", .no_empty = true, .nthreads = 1};
  struct cap_core *c = NULL;
  PRAC_TRY(cap_core_new(&conf, NULL, on_batch, h, &c, err));
  prac_rc rc = strcmp(path, "-") == 0 ? hour_made(c, err) : hour_of_file(c, path, err);
  if (rc == PRAC_OK) rc = cap_core_finish(c);
  cap_core_free(&c);
  return rc;
}

/* ---- one run ---- */

struct said {
  uint64_t n, check;
};
static prac_rc on_finding(void *arg, const struct finding *f)
{
  struct said *s = arg;
  s->n++;
  s->check = prac_hash_bytes(s->check, f->text, strlen(f->text));
  return PRAC_OK;
}

/* Sensor k's minute: its own destinations, half of the sources its own too. */
static struct flow_batch *moved(const struct flow_batch *b, unsigned k, prac_time by)
{
  struct flow_batch *out = NULL;
  struct flow_row *rows = malloc((b->n + 1) * sizeof *rows);
  char name[32];
  snprintf(name, sizeof name, "s%02u", k);
  for (uint32_t i = 0; rows && i < b->n; i++) {
    rows[i] = flow_batch_row(b, i);
    struct flow_row *r = &rows[i];
    if (k && prac_ip_is4(&r->src)) {
      bool own = prac_mix64(prac_ip_lo(&r->src)) & 1;
      r->src = prac_ip4(prac_ip_to4(&r->src) ^ (own ? k * 0x01030000u : 0));
      r->dst = prac_ip4(prac_ip_to4(&r->dst) + (k << 15));
    }
  }
  prac_rc rc = rows ? flow_batch_new(name, b->minute + by, rows, b->n, &out) : PRAC_NOMEM;
  free(rows);
  if (rc != PRAC_OK) return NULL;
  out->part = b->part;
  out->last = b->last;
  return out;
}

struct cost {
  double all, worst; /* CPU s: of everything, of the dearest hour */
  double save;       /* CPU s of saving the state before the last slots close */
  size_t state;      /* its bytes */
  struct said said;
};

/* The batches of one minute of all sensors; making them is not timed. */
static prac_rc feed_minute(struct eng_core *c, const struct hour *h, size_t from, size_t to,
                           unsigned sensors, prac_time by, double *ret_seconds)
{
  struct prac_err err = {0};
  for (unsigned k = 0; k < sensors; k++)
    for (size_t i = from; i < to; i++) {
      struct flow_batch *b = moved(h->v[i], k, by);
      if (!b) return PRAC_NOMEM;
      double t = now();
      prac_rc rc = eng_core_feed(c, b, &err);
      *ret_seconds += now() - t;
      flow_batch_unref(&b);
      if (rc != PRAC_OK) fprintf(stderr, "%s\n", err.text);
      PRAC_TRY(rc);
    }
  return PRAC_OK;
}

static prac_rc save(struct eng_core *c, struct cost *ret)
{
  uint8_t *bytes = NULL;
  double t = now();
  prac_rc rc = eng_core_save(c, &bytes, &ret->state, NULL);
  ret->save = now() - t;
  free(bytes);
  return rc;
}

static prac_rc play(const struct hour *h, const char *only, unsigned sensors, unsigned hours,
                    struct cost *ret)
{
  const struct eng_core_conf conf = {.nthreads = 1, .seed = 1, .only = only};
  struct eng_core *c = NULL;
  struct prac_err err = {0};
  *ret = (struct cost){0};
  PRAC_TRY(eng_core_new(&conf, NULL, on_finding, &ret->said, &c, &err));
  prac_rc rc = PRAC_OK;
  for (unsigned n = 0; n < hours && rc == PRAC_OK; n++) {
    double hour = 0;
    for (size_t i = 0, j; i < h->n && rc == PRAC_OK; i = j) {
      for (j = i; j < h->n && h->v[j]->minute == h->v[i]->minute;) j++;
      rc = feed_minute(c, h, i, j, sensors, n * PRAC_HOUR, &hour);
    }
    if (n + 1 == hours && rc == PRAC_OK) rc = save(c, ret);
    if (n + 1 == hours && rc == PRAC_OK) {
      double t = now();
      rc = eng_core_finish(c, &err);
      hour += now() - t;
    }
    ret->all += hour;
    if (hour > ret->worst) ret->worst = hour;
  }
  eng_core_free(&c);
  return rc;
}

static double peak_mb(void)
{
  struct rusage u;
  (void)getrusage(RUSAGE_SELF, &u);
  return (double)u.ru_maxrss / 1024;
}

static void say(const char *what, const struct hour *h, unsigned sensors, unsigned hours,
                const struct cost *c, double less)
{
  printf("{\"bench\":\"engine_%s\",\"sensors\":%u,\"hours\":%u,\"packets\":%llu,"
         "\"cpu_s_per_hour\":%.4f,\"cpu_s_worst_hour\":%.4f,\"ns_per_packet\":%.1f,"
         "\"state_mb\":%.2f,\"save_s\":%.4f,"
         "\"findings\":%llu,\"check\":\"%016llx\",\"peak_mb\":%.0f}\n",
         what, sensors, hours, (unsigned long long)h->packets * sensors * hours,
         c->all / hours - less, c->worst - less,
         (c->all - less * hours) * 1e9 / (double)(h->packets * sensors * hours),
         (double)c->state / 1e6, c->save, (unsigned long long)c->said.n,
         (unsigned long long)c->said.check, peak_mb());
  (void)fflush(stdout);
}

int main(int argc, char **argv)
{
  static struct hour h;
  struct prac_err err = {0};
  struct cost noise, c;
  const char *path = argc > 1 ? argv[1] : "-";
  unsigned sensors = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 11;
  unsigned hours = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 1;
  if (sensors < 1 || sensors > 64 || hours < 1) return 2;
  if (hour_read(&h, path, &err) != PRAC_OK) {
    fprintf(stderr, "%s\n", err.text);
    return 1;
  }
  if (play(&h, "noise", 1, hours, &noise) != PRAC_OK) return 1;
  say("noise", &h, 1, hours, &noise, 0);
  for (const struct eng_ops *const *e = eng_list; *e; e++) {
    if (strcmp((*e)->name, "noise") == 0) continue;
    if (play(&h, (*e)->name, 1, hours, &c) != PRAC_OK) return 1;
    say((*e)->name, &h, 1, hours, &c, noise.all / hours);
  }
  if (play(&h, NULL, 1, hours, &c) != PRAC_OK) return 1;
  say("all", &h, 1, hours, &c, 0);
  if (play(&h, NULL, sensors, hours, &c) != PRAC_OK) return 1;
  say("all", &h, sensors, hours, &c, 0);
  for (size_t i = 0; i < h.n; i++) flow_batch_unref(&h.v[i]);
  return 0;
}
