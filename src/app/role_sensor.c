/* One sensor as a process: its captures or its packet socket are opened first, then it can neither
 * open a file nor reach anybody but the bus. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "app/role_sensor.h"
#include "app/stop.h"
#include "sys/rights.h"
#include "sys/wall.h"

/* So that a batch stays below the max_payload of a NATS server, whatever is in it. */
enum { NATS_ROWS = 1 << 16 };
static const struct prac_log_event ev_again = {"sensor_played_before", PRAC_LOG_INFO,
                                               "another data directory plays it from the start"};

static prac_rc send_batch(struct sensor_role *s, struct flow_batch *b)
{
  char subject[64], id[128];
  uint8_t *bytes = NULL;
  size_t len = 0;
  bool live = s->source != NULL;
  /* What a live sensor had of this minute before it was restarted is another part of it. */
  bool same_minute = live && b->minute <= s->first_minute + PRAC_MIN;
  if (same_minute) b->part += (uint32_t)(s->place.starts % 4096) << 12;
  PRAC_TRY(flow_batch_encode(b, 1, &bytes, &len));
  (void)snprintf(subject, sizeof subject, "flow.%s", b->sensor);
  (void)snprintf(id, sizeof id, "flow.%s.%" PRId64 ".%" PRIu32, b->sensor, b->minute, b->part);
  prac_rc rc = role_publish(&s->bus, subject, id, bytes, len, s->err);
  free(bytes);
  return rc;
}

static prac_rc on_batch(void *arg, struct flow_batch *b)
{
  struct sensor_role *s = arg;
  prac_rc rc = PRAC_OK;
  if (s->skip != PRAC_TIME_NONE && b->minute < s->skip)
    s->skipped++;
  else
    rc = send_batch(s, b);
  flow_batch_unref(&b);
  return rc;
}

/* What was published before this start is not said again. */
static prac_rc on_packet(void *arg, const struct packet *p)
{
  struct sensor_role *s = arg;
  char subject[64];
  if (s->skip != PRAC_TIME_NONE && prac_time_floor(p->at, PRAC_MIN) < s->skip) return PRAC_OK;
  (void)snprintf(subject, sizeof subject, "packet.%s", p->sensor);
  return role_publish_record(&s->bus, &model_packet, p, subject, p->id, s->err);
}

prac_rc sensor_advance(struct sensor_role *s, prac_time now, struct prac_err *reterr)
{
  s->err = reterr;
  prac_rc rc = cap_core_advance(s->core, now);
  if (rc == PRAC_OK || reterr->rc == rc) return rc;
  return PRAC_FAIL(reterr, rc, "cannot close a minute: %s", prac_rc_text(rc));
}

void sensor_count(struct sensor_role *s)
{
  struct cap_stats st = {0};
  struct health h = {0}, *sum = &s->counts;
  if (s->source) s->source->stats(s->source_st, &st);
  if (s->at < s->n) input_stats(&s->in[s->at], &st);
  cap_core_health(s->core, &st, &h);
  sum->packets += h.packets;
  sum->lost += h.lost;
  sum->evicted += h.evicted;
  sum->malformed += h.malformed;
  sum->rows += h.rows;
  sum->batches += h.batches;
  sum->clock_offset_ns = h.clock_offset_ns;
}

prac_rc sensor_say(struct sensor_role *s, prac_time at, struct prac_err *reterr)
{
  char subject[64], id[96], source[128];
  sensor_count(s);
  struct health h = s->counts;
  s->counts = (struct health){.clock_offset_ns = h.clock_offset_ns};
  s->said = at;
  if (s->skip != PRAC_TIME_NONE && at <= s->skip) return PRAC_OK;
  const char *name = s->e->sensor->name;
  h.sent = PRAC_TIME_NONE;
  if (s->source) role_beat(s->e, &s->bus, &h);
  s->beat = prac_now(&s->e->mono);
  (void)snprintf(subject, sizeof subject, "health.%s", name);
  /* what is played again says the same again */
  (void)snprintf(id, sizeof id, "health.%s.%" PRId64, name, s->source ? h.sent : at);
  if (s->source)
    (void)snprintf(source, sizeof source, "%s %s", s->source->name, s->e->sensor->interface);
  else
    (void)snprintf(source, sizeof source, "%s file", s->n ? s->in[0].source->name : "no");
  h.id = id + strlen("health.");
  h.sensor = name;
  h.site_country = s->e->sensor->country;
  h.at = at;
  h.source = source;
  h.version = PRACTICE_VERSION;
  return role_publish_record(&s->bus, &model_health, &h, subject, id, reterr);
}

prac_rc sensor_settle(struct sensor_role *s, struct prac_err *reterr)
{
  PRAC_TRY(role_flush(&s->bus, reterr));
  s->flushed_at = sys_mono_ns();
  if (s->said == PRAC_TIME_NONE) return PRAC_OK;
  if (s->place.safe == PRAC_TIME_NONE || s->said > s->place.safe)
    PRAC_TRY(sensor_place_keep(&s->place, s->said, reterr));
  _Atomic int64_t *safe = &s->e->board->rows[s->e->row].safe;
  if (atomic_load(safe) < s->said) atomic_store(safe, s->said);
  return PRAC_OK;
}

static prac_rc open_live(struct role_env *e, struct sensor_role *s, struct prac_err *reterr)
{
  const struct sensor_conf *c = e->sensor;
  const char *name = c->source[0] ? c->source : "afpacket";
  s->source = cap_source_find(name);
  if (!s->source)
    return PRAC_FAIL(reterr, PRAC_UNKNOWN, "sensor %s: no source called \"%s\"", c->name, name);
  s->source_st = calloc(1, s->source->state_size);
  if (!s->source_st) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for sensor %s", c->name);
  const struct prac_conf_section *sec = s->source->conf;
  struct cap_open o = {.what = c->interface,
                       .fd = -1,
                       .conf = sec ? prac_conf_get(e->settings, sec->path, 0) : NULL,
                       .prefixes = c->prefixes,
                       .log = &e->log};
  return s->source->open(s->source_st, &o, reterr);
}

static prac_rc open_files(struct role_env *e, struct sensor_role *s, struct prac_err *reterr)
{
  const struct sensor_conf *c = e->sensor;
  if (c->files.n > SENSOR_FILES_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "sensor %s: at most %d files", c->name, SENSOR_FILES_MAX);
  s->in = calloc(c->files.n, sizeof *s->in);
  if (!s->in) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for sensor %s", c->name);
  const char *source = c->source[0] ? c->source : NULL;
  for (; s->n < c->files.n; s->n++)
    PRAC_TRY(
        input_open(c->files.v[s->n], NULL, source, e->settings, &e->log, &s->in[s->n], reterr));
  return PRAC_OK;
}

void sensor_begin(struct sensor_role *s, struct role_env *e)
{
  s->e = e;
  s->place.fd = -1;
  s->said = s->skip = s->first_minute = s->newest = PRAC_TIME_NONE;
}

prac_rc sensor_open_core(struct sensor_role *s, struct prac_err *reterr)
{
  struct role_env *e = s->e;
  const struct sensor_conf *c = e->sensor;
  char path[ROLE_PATH + 64];
  (void)snprintf(path, sizeof path, "%s/sensors/%s", e->real_data, c->name);
  PRAC_TRY(sensor_place_open(&s->place, path, reterr));
  if (!s->source) s->skip = s->place.safe;
  const struct lookup_conf *lc = prac_conf_get(e->settings, "lookup", 0);
  /* All sensors of a run read the same files: one of them says what is in them. */
  const struct prac_log *log = e->row == 0 ? &e->log : NULL;
  PRAC_TRY(lookup_new(lc, prac_now(&e->clock), log, &s->look, reterr));
  struct cap_conf cc = {.sensor = c->name,
                        .country = c->country,
                        .prefixes = c->prefixes,
                        .lateness_ns = SENSOR_LATENESS_NS,
                        .no_empty = s->source == NULL,
                        .max_flows = e->run->bus == RUN_BUS_NATS ? NATS_ROWS : 0,
                        .nthreads = 1};
  if (s->source && getrandom(&cc.seed, sizeof cc.seed, 0) != (ssize_t)sizeof cc.seed)
    return PRAC_FAIL(reterr, PRAC_IO, "the system gives no random bytes");
  prac_rc rc = cap_core_new(&cc, s->look, on_batch, s, &s->core, reterr);
  if (rc == PRAC_OK) rc = cap_core_sample(s->core, (uint32_t)c->samples, on_packet);
  if (rc != PRAC_OK) return prac_err_prefix(reterr, rc, "sensor %s", c->name);
  return PRAC_OK;
}

static prac_rc prepare(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct sensor_role *s = st;
  sensor_begin(s, e);
  s->speed = e->speed >= 0 ? e->speed : e->sensor->speed;
  PRAC_TRY(e->sensor->interface[0] ? open_live(e, s, reterr) : open_files(e, s, reterr));
  return sensor_open_core(s, reterr);
}

static prac_rc run(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct sensor_role *s = st;
  PRAC_TRY(role_bus_open(e, &s->bus, reterr));
  if (s->source) return sensor_listen(s, reterr);
  prac_rc rc = sensor_play(s, reterr);
  if (s->skipped)
    prac_log(&e->log, &ev_again, "%" PRIu64 " minutes had been published before this start",
             s->skipped);
  if (rc != PRAC_OK) return rc;
  while (!stop_asked()) { /* stays, so that the sensor is seen to be there */
    role_idle(e);
    sys_sleep_ns(100 * PRAC_MS);
  }
  return PRAC_OK;
}

static void done(void *st)
{
  struct sensor_role *s = st;
  bus_close(&s->bus);
  cap_core_free(&s->core);
  lookup_unref(&s->look);
  for (size_t i = 0; i < s->n; i++) input_close(&s->in[i]);
  free(s->in);
  if (s->source_st) s->source->close(s->source_st);
  free(s->source_st);
  sensor_place_close(&s->place);
}

const struct role role_sensor = {
    .name = "sensor",
    .about = "turns packets into flow records",
    .state_size = sizeof(struct sensor_role),
    .may = SYS_MAY_CONNECT | SYS_MAY_PACKETS | SYS_MAY_THREADS,
    .drain = 1,
    .dirs = "sensors",
    .mode = 0755,
    .prepare = prepare,
    .run = run,
    .done = done,
};
