/* The portal's life on its caller's thread: what comes from the bus goes into the day in memory,
 * and a few times a second listeners are told what has changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "portal/impl.h"
#include "portal/oidc.h"
#include "portal/share.h"
#include "portal/subs.h"
#include "portal/who.h"

/* No inline script or style anywhere, nothing from elsewhere, and no string ever becomes markup. */
static const struct sys_http_header headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
     "'self'; font-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
     "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
};

static const struct prac_counter_def counter_defs[] = {
#define X(id, name, unit, help) {name, unit, help, PRAC_COUNTER},
    PORTAL_COUNTERS(X)
#undef X
};

enum {
  BODY_MAX = 64 << 10,
  MINUTES_AN_EVENT = 600,
  MINUTES_EVERY_MS = 250,
  TOPS_EVERY_MS = 1000,
  STATUS_EVERY_MS = 1000,
  TOPS_IN_EVENT = 12,
  ARENA_CHUNK = 64 << 10
};

int64_t portal_mono_ns(void)
{
  struct timespec t = {0};
  (void)clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * PRAC_SEC + t.tv_nsec;
}

/* Several threads count. */
void portal_count(struct portal *p, int which)
{
  atomic_fetch_add_explicit(&p->counters[which], 1, memory_order_relaxed);
}

struct prac_counters portal_counters(const struct portal *p)
{
  union {
    const _Atomic uint64_t *in;
    _Atomic uint64_t *out;
  } u = {p->counters};
  return (struct prac_counters){"portal", counter_defs, u.out, PORTAL_C_COUNT_};
}

uint16_t portal_port(const struct portal *p)
{
  return sys_http_port(p->http);
}

/* ---- open and close ---- */

/* "127.0.0.1:8640", "[::1]:8640" */
static prac_rc split_listen(const char *s, char host[PRAC_IP_TEXT], uint16_t *port,
                            struct prac_err *reterr)
{
  const char *colon = strrchr(s, ':');
  char *end;
  if (!colon) return PRAC_FAIL(reterr, PRAC_MALFORMED, "portal.listen: \"%s\" has no port", s);
  size_t n = (size_t)(colon - s);
  if (n >= 2 && s[0] == '[' && s[n - 1] == ']') {
    s++;
    n -= 2;
  }
  unsigned long v = strtoul(colon + 1, &end, 10);
  if (n >= PRAC_IP_TEXT || *end || end == colon + 1 || v > 65535)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "portal.listen: not ADDRESS:PORT");
  memcpy(host, s, n);
  host[n] = 0;
  *port = (uint16_t)v;
  return PRAC_OK;
}

/* On loopback only names of this machine are answered, or any web page could point a name of its
 * own at us and read along. Elsewhere: any name, unless the settings list some. */
static void fill_hosts(struct portal *p, const char *host)
{
  bool loopback = strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
  if (!loopback && p->conf.hosts.n == 0) return;
  static const char *const own[] = {"localhost", "127.0.0.1", "::1"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(own); i++) p->hosts[p->n_hosts++] = own[i];
  for (size_t i = 0; i < p->conf.hosts.n && p->n_hosts < PRAC_ARRAY_LEN(p->hosts); i++)
    p->hosts[p->n_hosts++] = p->conf.hosts.v[i];
}

static prac_rc open_http(struct portal *p, struct prac_err *reterr)
{
  char host[PRAC_IP_TEXT] = "";
  struct sys_http_conf c = {.listen_fd = p->env.listen_fd,
                            .max_conns = (uint32_t)p->conf.max_connections,
                            .max_conns_per_addr = (uint32_t)p->conf.max_per_address,
                            .max_streams = (uint32_t)p->conf.max_streams,
                            .max_streams_each = (uint32_t)portal_share((size_t)p->conf.max_streams),
                            .rate_per_s = (uint32_t)p->conf.rate,
                            .rate_burst = (uint32_t)p->conf.burst,
                            .max_body = BODY_MAX,
                            .proxies = p->conf.proxies.v,
                            .n_proxies = p->conf.proxies.n,
                            .headers = headers,
                            .n_headers = PRAC_ARRAY_LEN(headers),
                            .route = portal_route_request,
                            .still = portal_still,
                            .arg = p};
  PRAC_TRY(split_listen(p->conf.listen, host, &c.port, reterr));
  fill_hosts(p, host);
  c.host = host;
  c.hosts = p->hosts;
  c.n_hosts = p->n_hosts;
  return sys_http_open(&c, &p->http, reterr);
}

static prac_rc open_parts(struct portal *p, struct prac_err *reterr)
{
  PRAC_TRY(portal_warm(p, reterr));
  if (!p->conf.accounts) PRAC_TRY(portal_audience_keep(p, &access_local, reterr));
  PRAC_TRY(portal_jobs_start(p, reterr));
  PRAC_TRY(portal_door_open(p, reterr));
  PRAC_TRY(portal_oidc_open(p, reterr));
  PRAC_TRY(portal_subs_open(p, reterr));
  return open_http(p, reterr);
}

prac_rc portal_open(const struct portal_conf *c, const struct portal_env *env, struct portal **ret,
                    struct prac_err *reterr)
{
  struct portal *p = calloc(1, sizeof *p);
  if (!p) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the portal");
  p->conf = *c;
  p->env = *env;
  (void)pthread_mutex_init(&p->lock, NULL);
  portal_jobs_init(p);
  p->live = live_new();
  p->scratch = prac_arena_new(ARENA_CHUNK);
  prac_rc rc = p->live && p->scratch ? portal_alerts_init(&p->alerts) : PRAC_NOMEM;
  if (rc != PRAC_OK) (void)PRAC_FAIL(reterr, rc, "no memory for the portal");
  if (rc == PRAC_OK && getrandom(&p->seed, sizeof p->seed, 0) != sizeof p->seed)
    rc = PRAC_FAIL(reterr, PRAC_IO, "the kernel gives no random bytes");
  if (rc == PRAC_OK) rc = open_parts(p, reterr);
  if (rc != PRAC_OK)
    portal_close(&p);
  else
    *ret = p;
  return rc;
}

void portal_close(struct portal **pp)
{
  struct portal *p = *pp;
  if (!p) return;
  portal_jobs_stop(p);
  portal_oidc_stop(p);
  portal_door_stop(p);
  sys_http_close(&p->http);
  portal_oidc_close(p);
  portal_door_close(p);
  portal_subs_close(p);
  portal_audiences_done(p);
  portal_alerts_done(&p->alerts);
  live_free(&p->live);
  prac_arena_free(&p->scratch);
  portal_jobs_done(p);
  pthread_mutex_destroy(&p->lock);
  free(p);
  *pp = NULL;
}

/* ---- taking ---- */

static void take_batch(struct portal *p, const struct flow_batch *b, uint64_t seq)
{
  pthread_mutex_lock(&p->lock);
  live_batch(p->live, b, seq);
  p->tops_dirty = p->status_dirty = true;
  pthread_mutex_unlock(&p->lock);
}

void portal_take_batch(struct portal *p, const struct flow_batch *b)
{
  take_batch(p, b, 0);
}

static void tell_attack(struct portal *p, const struct episode *e)
{
  if (strcmp(e->profile, "isp") == 0) portal_tell_record(p, "attack", &model_episode, e);
}

static void tell_delivery(struct portal *p, const struct delivery *rec)
{
  struct delivery d = *rec;
  if (portal_delivery_brief(&d)) portal_tell_record(p, "delivery", &model_delivery, &d);
}

static void tell_finding(struct portal *p, const struct finding *f)
{
  if (!portal_is_untold(f->kind)) portal_tell_record(p, "finding", &model_finding, f);
}

void portal_take_record(struct portal *p, const struct model_kind *k, const void *rec)
{
  if (k == &model_alert) {
    portal_keep_alert(p, rec, true);
  } else if (k == &model_health) {
    pthread_mutex_lock(&p->lock);
    live_health(p->live, rec);
    p->status_dirty = true;
    pthread_mutex_unlock(&p->lock);
  } else if (k == &model_told) {
    portal_subs_told(p, rec);
  } else if (k == &model_episode) {
    tell_attack(p, rec);
  } else if (k == &model_decision) {
    portal_tell_record(p, "decision", k, rec);
  } else if (k == &model_finding) {
    tell_finding(p, rec);
  } else if (k == &model_delivery) {
    tell_delivery(p, rec);
  }
  prac_arena_reset(p->scratch);
}

static bool subject_is(const char *subject, const char *kind)
{
  size_t n = strlen(kind);
  return strncmp(subject, kind, n) == 0 && subject[n] == '.';
}

static prac_rc take_flow(struct portal *p, const struct bus_msg *m)
{
  struct flow_batch *b = NULL;
  PRAC_TRY(flow_batch_decode(m->data, m->len, &b, NULL));
  take_batch(p, b, m->seq);
  flow_batch_unref(&b);
  return PRAC_OK;
}

static prac_rc take_json(struct portal *p, const struct bus_msg *m, const struct model_kind *k)
{
  void *rec = prac_arena_alloc(p->scratch, k->size);
  if (!rec) return PRAC_NOMEM;
  PRAC_TRY(model_from_json(k, m->data, m->len, p->scratch, rec, NULL));
  portal_take_record(p, k, rec);
  return PRAC_OK;
}

void portal_take(struct portal *p, const struct bus_msg *m)
{
  static const struct model_kind *const kinds[] = {&model_alert,    &model_health, &model_episode,
                                                   &model_decision, &model_told,   &model_delivery,
                                                   &model_finding};
  prac_rc rc = PRAC_OK;
  if (atomic_load(&p->first_heard) == 0) atomic_store(&p->first_heard, m->seq);
  bool finding = subject_is(m->subject, "finding");
  if (finding && portal_is_untold(m->subject + strlen("finding."))) {
    portal_count(p, PORTAL_C_MESSAGES); /* of many: not even read */
    return;
  }
  if (subject_is(m->subject, "flow")) rc = take_flow(p, m);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(kinds); i++)
    if (subject_is(m->subject, kinds[i]->name)) rc = take_json(p, m, kinds[i]);
  prac_arena_reset(p->scratch);
  portal_count(p, PORTAL_C_MESSAGES);
  if (rc != PRAC_OK) portal_count(p, PORTAL_C_UNREADABLE);
}

/* ---- telling ---- */

/* [sensor, minute in seconds, packets, sources] */
static void minute_json(void *arg, const struct live_sensor *s, const struct live_minute *m)
{
  struct prac_json *j = arg;
  prac_json_open(j, '[');
  prac_json_str(j, s->name);
  prac_json_i64(j, m->at / PRAC_SEC);
  prac_json_u64(j, m->packets);
  prac_json_u64(j, m->sources);
  prac_json_close(j, ']');
}

static bool due(int64_t *last, int64_t now, int64_t every_ms)
{
  if (*last && now - *last < every_ms * PRAC_MS) return false;
  *last = now;
  return true;
}

static void event_head(struct portal *p, struct prac_json *j)
{
  prac_json_open(j, '{');
  prac_json_key_time(j, "event_time", live_event_time(p->live));
}

static void tell_minutes(struct portal *p)
{
  struct prac_json j = prac_json_of(1 << 20);
  pthread_mutex_lock(&p->lock);
  event_head(p, &j);
  prac_json_key(&j, "rows");
  prac_json_open(&j, '[');
  size_t empty = j.len;
  /* What does not fit into one event (a replay at full speed) goes into the next. */
  (void)live_changed(p->live, MINUTES_AN_EVENT, minute_json, &j);
  bool any = j.len > empty;
  prac_json_close(&j, ']');
  prac_json_close(&j, '}');
  pthread_mutex_unlock(&p->lock);
  if (any) portal_tell(p, "minutes", &j);
  prac_json_done(&j);
}

static void tell_tops(struct portal *p)
{
  static const char *const names[] = {"port", "country", "asn"};
  struct prac_json j = prac_json_of(1 << 20);
  pthread_mutex_lock(&p->lock);
  bool dirty = p->tops_dirty;
  p->tops_dirty = false;
  if (dirty) {
    event_head(p, &j);
    for (int d = LIVE_PORT; d <= LIVE_ASN; d++) {
      prac_json_key(&j, names[d]);
      portal_tops_json(p, (enum live_dim)d, TOPS_IN_EVENT, &j);
    }
    prac_json_close(&j, '}');
  }
  pthread_mutex_unlock(&p->lock);
  if (dirty) portal_tell(p, "top", &j);
  prac_json_done(&j);
}

static void status_json(struct portal *p, const struct portal_audience *a, struct prac_json *j)
{
  event_head(p, j);
  prac_json_key(j, "alerts");
  portal_alert_counts_json(&a->alerts, j);
  prac_json_key(j, "sensors");
  portal_sensors_json(p, a, j);
  prac_json_close(j, '}');
}

static void tell_status(struct portal *p)
{
  pthread_mutex_lock(&p->lock);
  bool dirty = p->status_dirty;
  p->status_dirty = false;
  pthread_mutex_unlock(&p->lock);
  if (dirty) portal_tell_each(p, "status", status_json);
}

void portal_tick(struct portal *p, prac_time event_time)
{
  int64_t now = portal_mono_ns();
  pthread_mutex_lock(&p->lock);
  live_event_time_set(p->live, event_time);
  pthread_mutex_unlock(&p->lock);
  if (due(&p->minutes_at, now, MINUTES_EVERY_MS)) tell_minutes(p);
  if (due(&p->tops_at, now, TOPS_EVERY_MS)) tell_tops(p);
  if (due(&p->status_at, now, STATUS_EVERY_MS)) tell_status(p);
  portal_subs_tick(p);
  portal_jobs_outside(p);
  if (p->env.query_in_tick) portal_jobs_run(p);
  if (atomic_exchange(&p->rights_moved, false)) sys_http_ask_streams(p->http);
  sys_http_tick(p->http);
}
