/* An episode in the words of a finding, for the alert desk and the page. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "episode/desk_int.h"
#include "model/facts.h"

enum { VECTORS = 16 }; /* as facts; the sentence names 4 */
struct words {
  char v[1024];
  size_t n;
};

static void put(struct words *w, const char *fmt, ...) PRAC_PRINTF(2, 3);
static void put(struct words *w, const char *fmt, ...)
{
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(w->v + w->n, sizeof w->v - w->n, fmt, ap);
  va_end(ap);
  if (n > 0) w->n += (size_t)n < sizeof w->v - w->n ? (size_t)n : sizeof w->v - w->n - 1;
}

static const char *keep(struct prac_arena *a, const struct words *w)
{
  return prac_arena_strndup(a, w->v, w->n);
}

/* 203.0.113.9, or 203.0.113.0/24 */
static const char *target(const struct episode *e, char out[PRAC_IP_TEXT])
{
  struct prac_prefix p = {e->victim, (uint8_t)e->prefix_bits};
  return e->prefix_bits < 128 ? prac_prefix_text(out, &p) : prac_ip_text(out, &e->victim);
}

static bool is(const char *a, const char *b)
{
  return strcmp(a, b) == 0;
}

/* From the rate that a few honeypots see: it says how much more the whole reflector set sends. */
static uint32_t level_of(const struct episode *e)
{
  uint32_t level = e->pps_max >= 100 ? 4 : e->pps_max >= 10 ? 3 : 2;
  if (e->sensors.n >= 3 || !is(e->kind, "single")) level++;
  return level > 5 ? 5 : level;
}

static void first_sentence(const struct episode *e, struct words *w)
{
  char at[PRAC_IP_TEXT];
  bool ended = is(e->state, "end");
  put(w, "Amplification attack on %s by ", target(e, at));
  for (uint32_t i = 0; i < e->vectors.n && i < 4; i++)
    put(w, "%s%s", i ? ", " : "", e->vectors.v[i]);
  if (e->vectors.n > 4) put(w, " and %" PRIu32 " more", e->vectors.n - 4);
  if (is(e->kind, "carpet")) put(w, ", spread over %" PRIu32 " addresses", e->host_count);
  put(w, ended ? " has ended" : is(e->state, "resume") ? " goes on" : "");
  put(w, ", seen at %" PRIu32 " honeypot%s. ", e->sensors.n, e->sensors.n == 1 ? "" : "s");
}

static void other_sentences(const struct episode *e, struct words *w)
{
  char from[PRAC_TIME_TEXT], to[PRAC_TIME_TEXT], rest[PRAC_TIME_TEXT];
  int64_t lasted = prac_time_floor(e->to - e->from, PRAC_SEC);
  put(w, "%" PRIu64 " requests in %" PRIu32 " minute%s from %s to %s, ", e->packets, e->bins,
      e->bins == 1 ? "" : "s", prac_time_text(from, prac_time_floor(e->from, PRAC_SEC)),
      prac_time_text(to, prac_time_floor(e->to, PRAC_SEC)));
  put(w, "at most %.*f/s in a minute", e->pps_max < 10 ? 2 : 0, e->pps_max);
  put(w, "; it lasted %s.", prac_duration_text(rest, lasted));
  if (e->asn) put(w, " The address belongs to AS%" PRIu32 " %s", e->asn, e->as_name);
  if (e->asn && e->country[0]) put(w, " (%s)", e->country);
  if (e->asn) put(w, ".");
  if (e->names.n) put(w, " Asked for most: %s.", e->names.v[0]);
  if (e->ttl_count == 1) put(w, " All requests had the same TTL: one sender.");
}

static void facts_of(const struct episode *e, struct model_facts *f)
{
  for (uint32_t i = 0; i < e->vectors.n && i < VECTORS; i++)
    model_fact(f, MODEL_FACT_VECTOR, "%s", e->vectors.v[i]);
  if (is(e->kind, "carpet")) model_fact(f, MODEL_FACT_SPREAD, "%" PRIu32, e->host_count);
  if (is(e->state, "resume")) model_fact_yes(f, MODEL_FACT_RESUMED);
  model_fact(f, MODEL_FACT_MINUTES, "%" PRIu32, e->bins);
  model_fact(f, MODEL_FACT_LASTED_S, "%lld",
             (long long)(prac_time_floor(e->to - e->from, PRAC_SEC) / PRAC_SEC));
  if (e->asn) model_fact(f, MODEL_FACT_AS_NAME, "%" PRIu32 " %s", e->asn, e->as_name);
  if (e->names.n) model_fact(f, MODEL_FACT_ASKED, "%s", e->names.v[0]);
  if (e->ttl_count == 1) model_fact_yes(f, MODEL_FACT_ONE_TTL);
}

/* A copy in the arena. */
static prac_rc put_facts(const struct episode *e, struct prac_arena *a, struct finding *ret)
{
  struct model_facts *f = prac_arena_alloc(a, sizeof *f);
  if (!f) return PRAC_NOMEM;
  facts_of(e, f);
  ret->facts = model_facts_of(f);
  return PRAC_OK;
}

/* The hits behind it: a question to the store. */
static void evidence(const struct episode *e, struct words *w)
{
  char at[PRAC_IP_TEXT], from[PRAC_TIME_TEXT], to[PRAC_TIME_TEXT];
  put(w, "what=hits victim=%s from=%s to=%s", target(e, at),
      prac_time_text(from, prac_time_floor(e->from, PRAC_SEC)),
      prac_time_text(to, prac_time_floor(e->to, PRAC_SEC) + PRAC_MIN));
}

static prac_rc lists(const struct episode *e, struct prac_arena *a, struct finding *f)
{
  const char **names = prac_arena_alloc(a, (e->sensors.n + 1) * sizeof *names);
  struct model_port *port = prac_arena_alloc(a, sizeof *port);
  struct prac_ip *host = prac_arena_alloc(a, sizeof *host);
  if (!names || !port || !host) return PRAC_NOMEM;
  for (uint32_t i = 0; i < e->sensors.n; i++) {
    const char *s = e->sensors.v[i], *blank = strrchr(s, ' ');
    names[i] = prac_arena_strndup(a, s, blank ? (size_t)(blank - s) : strlen(s));
    if (!names[i]) return PRAC_NOMEM;
  }
  *port = (struct model_port){(uint16_t)e->port, 17};
  *host = e->victim;
  f->sensors = (struct model_strs){names, e->sensors.n};
  f->ports = (struct model_ports){port, 1};
  f->hosts = e->hosts.n ? e->hosts : (struct model_ips){host, 1};
  f->host_count = e->hosts.n ? e->host_count : 1;
  return PRAC_OK;
}

prac_rc epi_finding(const struct episode *e, uint64_t conf_hash, struct prac_arena *a,
                    struct finding *ret)
{
  char at[PRAC_IP_TEXT];
  struct words id = {0}, key = {0}, text = {0}, flows = {0};
  bool multi = is(e->kind, "multi");
  put(&id, "drdos-%s.%" PRIu32, e->id, e->revision);
  put(&key, "drdos:%s:%s", target(e, at), multi ? "multi" : e->vectors.n ? e->vectors.v[0] : "");
  if (!is(e->profile, "isp")) put(&key, ":%s", e->profile);
  first_sentence(e, &text);
  other_sentences(e, &text);
  evidence(e, &flows);
  *ret = (struct finding){.id = keep(a, &id),
                          .engine = "drdos",
                          .engine_version = "1",
                          .settings = conf_hash,
                          .key = keep(a, &key),
                          .kind = "drdos",
                          .state = is(e->state, "end") ? "off" : "on",
                          .at = e->at,
                          .from = e->from,
                          .to = e->to,
                          .level = level_of(e),
                          .score = e->pps_max,
                          .value = e->pps_max,
                          .unit = "packets/s",
                          .country = e->country,
                          .asn = e->asn,
                          .packets = e->packets,
                          .text = keep(a, &text),
                          .flows = keep(a, &flows)};
  if (!ret->id || !ret->key || !ret->text || !ret->flows) return PRAC_NOMEM;
  PRAC_TRY(put_facts(e, a, ret));
  return lists(e, a, ret);
}
