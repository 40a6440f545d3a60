/* The shell around the workers: opens, starts, gathers what they tell, ends. */
#include "honeypot/sensor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "honeypot/lists.h"
#include "honeypot/stanza.h"
#include "honeypot/worker.h"
#include "lookup/files.h"
#include "sys/wall.h"

enum { RING = 4096, CREDIT = 65536, NAME_LINE = HP_NAME_KEPT + 16 };

struct hp_sensor {
  const struct hp_conf *c;
  struct hp_sensor_open o;
  struct hp_stanzas *stanzas;
  struct hp_services *services;
  struct hp_lists *lists;
  struct hp_socks socks;
  struct hp_worker *workers; /* c->workers of them */
  _Atomic bool stop, shut, deaf;
  /* the reader's side */
  size_t turn; /* worker whose hit is looked for first */
  uint64_t told;
  int64_t began_ms;
  char id[80], vector[HP_VECTOR_TEXT], names[HP_NAMES][NAME_LINE];
  const char *name_list[HP_NAMES];
  char packet_country[3];
};

static prac_rc read_stanzas(struct hp_sensor *s, struct prac_err *reterr)
{
  if (!s->c->stanzas[0]) return PRAC_OK;
  char *text = NULL;
  size_t n = 0;
  prac_time date;
  PRAC_TRY(lookup_file_read(s->c->stanzas, &text, &n, &date, reterr));
  prac_rc rc = hp_stanzas_parse(text, n, s->c->stanzas, &s->stanzas, reterr);
  free(text);
  return rc;
}

/* Every worker has its part of what the whole sensor may: together they keep the limits. */
static struct hp_valve_conf valve_conf(struct hp_sensor *s)
{
  const struct hp_conf *c = s->c;
  uint64_t n = (uint64_t)c->workers;
  uint64_t rate = (uint64_t)c->replies_per_s / n;
  uint64_t key = prac_hash_bytes(0, c->share_key, strlen(c->share_key));
  return (struct hp_valve_conf){.reply = c->reply,
                                .per_address = (uint32_t)c->per_address,
                                .burst = (uint32_t)c->burst,
                                .per_network = (uint32_t)c->per_network,
                                .window_ns = c->window_ns,
                                .replies_per_s = (uint32_t)(rate ? rate : 1),
                                .bits_per_s = (uint64_t)c->bits_per_s / n,
                                .credit_bytes = CREDIT / n,
                                .settle_ns = c->settle_ns,
                                .answer_share = c->answer_share,
                                .share_key = prac_hash_bytes(key, c->name, strlen(c->name)),
                                .seed = s->o.seed,
                                .lists = s->lists,
                                .shut = &s->shut,
                                .send = hp_door_send};
}

/* Of what a minute may have in all; a worker with none keeps none of its networks. */
static uint32_t part(int64_t all, int64_t i, int64_t n)
{
  return (uint32_t)(all / n + (i < all % n));
}

static prac_rc make_workers(struct hp_sensor *s, struct prac_err *reterr)
{
  const struct hp_conf *c = s->c;
  s->workers = calloc((size_t)c->workers, sizeof *s->workers);
  if (!s->workers) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for honeypot %s", c->name);
  for (int64_t i = 0; i < c->workers; i++) s->workers[i].poll_fd = -1;
  for (int64_t i = 0; i < c->workers; i++) {
    struct hp_worker *w = &s->workers[i];
    struct hp_core_open o = {.services = s->services,
                             .valve = valve_conf(s),
                             .slots = (uint64_t)c->flows / (uint64_t)c->workers,
                             .seed = s->o.seed + (uint64_t)i,
                             .ring = RING,
                             .samples = part(c->samples, i, c->workers)};
    if (hp_core_new(&o, sys_mono_ns(), &w->core) != PRAC_OK)
      return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for %lld pairs: lower `flows`",
                       (long long)c->flows);
    w->socks = &s->socks.v[(size_t)i * s->socks.n_each];
    w->n_socks = s->socks.n_each;
    w->hits_per_s = (c->hits_per_s + c->workers - 1) / c->workers;
    w->clock = s->o.clock;
    w->stop = &s->stop;
    w->deaf = &s->deaf;
    PRAC_TRY(hp_worker_prepare(w, reterr));
  }
  return PRAC_OK;
}

static prac_rc make(struct hp_sensor *s, struct prac_err *reterr)
{
  const struct hp_conf *c = s->c;
  PRAC_TRY(read_stanzas(s, reterr));
  struct hp_services_open so = {
      .sensor = c->name, .only = c->vectors, .without = c->without, .stanzas = s->stanzas};
  PRAC_TRY(hp_services_new(&so, &s->services, reterr));
  PRAC_TRY(hp_lists_new(c, s->services, s->o.look, &s->lists, reterr));
  PRAC_TRY(hp_socks_open(c, s->services, s->o.log, &s->socks, reterr));
  return make_workers(s, reterr);
}

prac_rc hp_sensor_new(const struct hp_sensor_open *o, struct hp_sensor **ret,
                      struct prac_err *reterr)
{
  struct hp_sensor *s = calloc(1, sizeof *s);
  if (!s) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for honeypot %s", o->conf->name);
  s->o = *o;
  s->c = o->conf;
  s->began_ms = prac_now(&o->clock) / PRAC_MS;
  for (int i = 0; i < HP_NAMES; i++) s->name_list[i] = s->names[i];
  prac_rc rc = make(s, reterr);
  if (rc != PRAC_OK)
    hp_sensor_free(&s);
  else
    *ret = s;
  return rc;
}

prac_rc hp_sensor_start(struct hp_sensor *s, struct prac_err *reterr)
{
  for (int64_t i = 0; i < s->c->workers; i++) {
    struct hp_worker *w = &s->workers[i];
    if (pthread_create(&w->thread, NULL, hp_worker_run, w) != 0)
      return PRAC_FAIL(reterr, PRAC_IO, "honeypot %s: no thread", s->c->name);
    w->started = true;
  }
  return PRAC_OK;
}

void hp_sensor_stop(struct hp_sensor *s)
{
  atomic_store(&s->stop, true);
}

bool hp_sensor_over(const struct hp_sensor *s)
{
  for (int64_t i = 0; i < s->c->workers; i++)
    if (s->workers[i].started && !atomic_load(&s->workers[i].over)) return false;
  return true;
}

void hp_sensor_free(struct hp_sensor **sp)
{
  struct hp_sensor *s = *sp;
  if (!s) return;
  hp_sensor_stop(s);
  atomic_store(&s->deaf, true);
  for (int64_t i = 0; s->workers && i < s->c->workers; i++) {
    struct hp_worker *w = &s->workers[i];
    if (w->started) (void)pthread_join(w->thread, NULL);
    if (w->poll_fd >= 0) (void)close(w->poll_fd);
    hp_core_free(&w->core);
  }
  free(s->workers);
  hp_socks_close(&s->socks, (size_t)s->c->workers);
  hp_lists_free(&s->lists);
  hp_services_free(&s->services);
  hp_stanzas_free(&s->stanzas);
  free(s);
  *sp = NULL;
}

static void fill(struct hp_sensor *s, const struct hp_told *t, struct hit *h)
{
  (void)snprintf(s->id, sizeof s->id, "%s.%" PRId64 ".%" PRIu64, s->c->name, s->began_ms,
                 ++s->told);
  for (uint8_t i = 0; i < t->n_names; i++)
    (void)snprintf(s->names[i], sizeof s->names[i], "%" PRIu32 " %s", t->names[i].count,
                   t->names[i].text);
  char room[HP_VECTOR_TEXT];
  const char *vector = hp_services_name(s->services, t->vector, room);
  (void)snprintf(s->vector, sizeof s->vector, "%s", vector);
  *h = (struct hit){.id = s->id,
                    .sensor = s->c->name,
                    .site_country = s->c->country,
                    .at = prac_now(&s->o.clock),
                    .victim = t->victim,
                    .vector = s->vector,
                    .port = hp_services_port(s->services, t->vector),
                    .from = t->from,
                    .to = t->to,
                    .packets = t->packets,
                    .bytes = t->bytes,
                    .lost = t->lost,
                    .replies = t->replies,
                    .reply_bytes = t->reply_bytes,
                    .request_len = t->len,
                    .payload = t->payload,
                    .victim_port = t->sport,
                    .ttl_min = t->ttl_min,
                    .ttl_max = t->ttl_max,
                    .ttl_count = t->ttl_count,
                    .names = {s->name_list, t->n_names},
                    .scanner = lookup_ip(s->o.look, &t->victim).survey != 0};
}

prac_rc hp_sensor_take(struct hp_sensor *s, struct hit *ret)
{
  size_t n = (size_t)s->c->workers;
  for (size_t i = 0; i < n; i++) {
    struct hp_core *c = s->workers[(s->turn + i) % n].core;
    const struct hp_told *t = hp_core_told(c);
    if (!t) continue;
    fill(s, t, ret);
    hp_core_told_next(c);
    s->turn = (s->turn + i + 1) % n;
    return PRAC_OK;
  }
  return PRAC_AGAIN;
}

prac_rc hp_sensor_take_packet(struct hp_sensor *s, struct packet *ret)
{
  prac_rc rc = PRAC_AGAIN;
  for (int64_t i = 0; i < s->c->workers && rc == PRAC_AGAIN; i++)
    rc = hp_core_packet(s->workers[i].core, s->c->name, ret);
  if (rc != PRAC_OK) return rc;
  struct lookup_answer at = lookup_ip(s->o.look, &ret->src);
  s->packet_country[0] = (char)(at.country >> 8);
  s->packet_country[1] = (char)(at.country & 0xff);
  ret->country = s->packet_country;
  ret->asn = at.asn;
  return PRAC_OK;
}

prac_rc hp_sensor_silence(struct hp_sensor *s, const struct prac_prefix *p, prac_time until)
{
  for (int64_t i = 0; i < s->c->workers; i++) {
    struct hp_worker *w = &s->workers[i];
    uint32_t in = atomic_load_explicit(&w->words_in, memory_order_relaxed);
    if (in - atomic_load_explicit(&w->words_out, memory_order_acquire) == HP_WORDS)
      return PRAC_AGAIN;
  }
  for (int64_t i = 0; i < s->c->workers; i++) {
    struct hp_worker *w = &s->workers[i];
    uint32_t in = atomic_load_explicit(&w->words_in, memory_order_relaxed);
    w->words[in % HP_WORDS] = (struct hp_word){*p, until};
    atomic_store_explicit(&w->words_in, in + 1, memory_order_release);
  }
  return PRAC_OK;
}

void hp_sensor_shut(struct hp_sensor *s, bool shut)
{
  atomic_store(&s->shut, shut);
}

bool hp_sensor_is_shut(const struct hp_sensor *s)
{
  return atomic_load(&s->shut);
}

void hp_sensor_counts(const struct hp_sensor *s, uint64_t *to)
{
  memset(to, 0, hp_counter_count * sizeof *to);
  for (int64_t i = 0; i < s->c->workers; i++)
    for (size_t k = 0; k < hp_counter_count; k++)
      to[k] += prac_counter_get(&hp_core_counters(s->workers[i].core)[k]);
}

size_t hp_sensor_sockets(const struct hp_sensor *s)
{
  return s->socks.n_each * (size_t)s->c->workers;
}

size_t hp_sensor_bytes(const struct hp_sensor *s)
{
  size_t n = 0;
  for (int64_t i = 0; i < s->c->workers; i++) n += hp_core_bytes(s->workers[i].core);
  return n;
}

const struct hp_services *hp_sensor_services(const struct hp_sensor *s)
{
  return s->services;
}
