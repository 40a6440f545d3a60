/* The notifier as a whole: made from the settings, driven by take, commit and pump. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notify/core_int.h"
#include "sys/durable.h"

#define CONF(f) offsetof(struct note_conf, f)
static const char *const languages[] = {"en", "ja", NULL};
static const struct prac_conf_item items[] = {
    {.key = "host",
     .type = PRAC_CONF_STRING,
     .offset = CONF(host),
     .sdflt = "",
     .help = "Name of this system in Message-IDs and syslog; empty: the machine's."},
    {.key = "ways",
     .type = PRAC_CONF_STRINGS,
     .offset = CONF(ways),
     .sdflt = "jsonl, mbox",
     .help = "How the operator is told of everything, unless a tenant is called operator."},
    {.key = "subscription-ways",
     .type = PRAC_CONF_STRINGS,
     .offset = CONF(subscribe),
     .sdflt = "mail, hook",
     .help = "How people who subscribe in the portal may be told: mail, hook; none: not at all."},
    {.key = "mail-to",
     .type = PRAC_CONF_STRINGS,
     .offset = CONF(mail_to),
     .sdflt = "",
     .help = "The operator's addresses for the way mail."},
    {.key = "language",
     .type = PRAC_CONF_ENUM,
     .offset = CONF(language),
     .words = languages,
     .hi = 1,
     .help = "Language of what the operator reads."},
    {.key = "time-zone",
     .type = PRAC_CONF_STRING,
     .offset = CONF(zone),
     .sdflt = "UTC",
     .help = "The operator's: UTC, +hh:mm, or a name of the IANA data base."},
    {.key = "rdns",
     .type = PRAC_CONF_BOOL,
     .offset = CONF(rdns),
     .hi = 1,
     .dflt = 1,
     .help = "Whether victims' names are asked for in the DNS; no message waits for one."},
    {.key = "dns-servers",
     .type = PRAC_CONF_STRINGS,
     .offset = CONF(dns),
     .sdflt = "",
     .help = "Resolvers, ADDRESS or ADDRESS:PORT; none: those of /etc/resolv.conf."},
    {.key = "ca-file",
     .type = PRAC_CONF_STRING,
     .offset = CONF(ca_file),
     .sdflt = "",
     .help = "Authorities that mail servers and webhooks are checked against, PEM; empty: the "
             "system's."},
    {.key = "retry-first",
     .type = PRAC_CONF_DURATION,
     .offset = CONF(retry_first_ns),
     .lo = 0.01,
     .hi = 3600,
     .dflt = 1,
     .help = "First pause before a message is tried again; it doubles."},
    {.key = "retry-max",
     .type = PRAC_CONF_DURATION,
     .offset = CONF(retry_max_ns),
     .lo = 0.01,
     .hi = 86400,
     .dflt = 300,
     .help = "Longest pause."},
    {.key = "give-up",
     .type = PRAC_CONF_DURATION,
     .offset = CONF(give_up_ns),
     .lo = 1,
     .hi = 31536000,
     .dflt = 432000,
     .help = "After this long a message counts as refused."},
    {.key = "keep",
     .type = PRAC_CONF_DURATION,
     .offset = CONF(keep_ns),
     .lo = 3600,
     .hi = 315360000,
     .dflt = 2592000,
     .help = "How long the queue remembers what has been told."},
};
const struct prac_conf_section note_conf_section = {
    .path = "notify",
    .about = "Telling people and machines.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct note_conf),
};
#define X(id, n, u, h, k) {.name = n, .unit = u, .help = h, .kind = k},
const struct prac_counter_def note_counter_defs[] = {NOTE_COUNTERS(X)};
#undef X
const size_t note_counter_count = NOTE_COUNTER_COUNT_;

prac_rc note_post_lane(struct note_core *c, struct note_post *p, struct prac_err *reterr)
{
  const struct note_way *w = p->way;
  const struct note_env env = {.conf = w->conf ? prac_conf_get(c->env.settings, w->conf->path, 0)
                                               : NULL,
                               .log = c->env.log,
                               .counters = p->counters + (p->n_lanes + 1) * w->n_counters,
                               .dir = p->dir,
                               .host = c->host,
                               .net = c->env.net};
  PRAC_INSIST(p->n_lanes < NOTE_SEATS);
  PRAC_TRY(note_worker_new(w, &env, c->env.threads, &p->lanes[p->n_lanes], reterr));
  p->n_lanes++;
  return PRAC_OK;
}

static prac_rc open_post(struct note_core *c, size_t at, struct prac_err *reterr)
{
  struct note_post *p = &c->post[at];
  const struct note_way *w = c->ways[at];
  const void *conf = w->conf ? prac_conf_get(c->env.settings, w->conf->path, 0) : NULL;
  p->pause_until = PRAC_TIME_NONE;
  (void)snprintf(p->dir, sizeof p->dir, "%s/%s", c->env.dir, w->name);
  PRAC_TRY(sys_mkdirs(p->dir, 0700, reterr));
  size_t lanes = w->lanes && c->env.threads ? w->lanes(conf) : 1;
  PRAC_INSIST(lanes >= 1 && lanes <= NOTE_LANES_MAX);
  size_t most = w->each ? NOTE_SEATS : lanes;
  p->counters = calloc((most + 1) * w->n_counters + 1, sizeof *p->counters);
  if (!p->counters) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the way %s", w->name);
  p->way = w;
  p->share = lanes;
  prac_rc rc = PRAC_OK;
  while (rc == PRAC_OK && p->n_lanes < (w->each ? 1 : lanes)) rc = note_post_lane(c, p, reterr);
  if (rc == PRAC_OK) return rc;
  while (p->n_lanes > 0) note_worker_free(&p->lanes[--p->n_lanes]);
  free(p->counters);
  *p = (struct note_post){.way = NULL}; /* the next who wants it tries again */
  return prac_err_prefix(reterr, rc, "notify.%s", w->name);
}

prac_rc note_posts_open(struct note_core *c, uint32_t ways, struct prac_err *reterr)
{
  for (size_t i = 0; i < c->n_post; i++)
    if ((ways >> i & 1) && !c->post[i].way) PRAC_TRY(open_post(c, i, reterr));
  return PRAC_OK;
}

/* A way that no tenant uses is not opened before one does. */
static prac_rc open_posts(struct note_core *c, struct prac_err *reterr)
{
  uint32_t used = 0;
  for (size_t t = 0; t < c->tenants.n; t++) used |= c->tenants.v[t]->ways;
  for (; c->ways[c->n_post]; c->n_post++) {
    if (c->n_post >= NOTE_WAYS_MAX)
      return PRAC_FAIL(reterr, PRAC_FULL, "more ways than %d", NOTE_WAYS_MAX);
    if (c->ways[c->n_post]->people) c->people |= 1u << c->n_post;
    for (size_t i = 0; i < c->conf->subscribe.n; i++)
      if (strcmp(c->conf->subscribe.v[i], c->ways[c->n_post]->name) == 0)
        c->may_subscribe |= 1u << c->n_post;
  }
  PRAC_TRY(note_posts_open(c, used, reterr));
  return note_subscribe_load(c, reterr);
}

static prac_rc open_all(struct note_core *c, struct prac_err *reterr)
{
  int64_t v = 0;
  if (!c->arena || !c->own) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the notifier");
  if (!c->tenants.v) PRAC_TRY(note_tenants_init(&c->tenants, c->env.settings, c->ways, reterr));
  c->tenants.zones = c->env.zones;
  PRAC_TRY(note_queue_open(c->env.dir, &c->queue, reterr));
  prac_rc rc = note_meta_get(c->queue, "seq", &v, reterr);
  if (rc == PRAC_OK) c->seq = c->seq_safe = (uint64_t)v;
  if (rc == PRAC_OK) rc = note_meta_get(c->queue, "event", &c->event, reterr);
  if (rc != PRAC_OK && rc != PRAC_UNKNOWN) return rc;
  PRAC_TRY(note_seal_open(c, reterr));
  return open_posts(c, reterr);
}

prac_rc note_open(const struct note_core_env *env, struct note_core **ret, struct prac_err *reterr)
{
  struct note_core *c = calloc(1, sizeof *c);
  if (!c) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the notifier");
  c->env = *env;
  c->conf = prac_conf_get(env->settings, "notify", 0);
  if (env->tenants) {
    c->tenants = *env->tenants;
    *env->tenants = (struct note_tenants){.v = NULL};
  }
  c->ways = env->ways ? env->ways : note_ways;
  c->host = c->conf->host[0] ? c->conf->host : env->host;
  c->rng = prac_rng_of(env->seed);
  c->json = prac_json_of(0);
  c->arena = prac_arena_new(0);
  c->own = prac_arena_new(0);
  c->out_any = true; /* what a process before has left */
  c->event = c->event_wall = c->now = c->purged = PRAC_TIME_NONE;
  prac_rc rc = open_all(c, reterr);
  if (rc != PRAC_OK) {
    note_close(&c);
    return rc;
  }
  *ret = c;
  return PRAC_OK;
}

void note_close(struct note_core **cp)
{
  struct note_core *c = *cp;
  *cp = NULL;
  if (!c) return;
  note_deliver_end(c);
  note_queue_close(&c->queue);
  note_tenants_done(&c->tenants);
  prac_json_done(&c->json);
  prac_arena_free(&c->arena);
  prac_arena_free(&c->own);
  explicit_bzero(&c->keys, sizeof c->keys);
  free(c);
}

uint64_t note_seq(const struct note_core *c)
{
  return c->seq;
}

prac_rc note_commit(struct note_core *c, struct prac_err *reterr)
{
  prac_rc rc = note_queue_commit(c->queue, reterr);
  if (rc == PRAC_OK)
    c->seq_safe = c->seq;
  else
    c->seq = c->seq_safe; /* nothing of it was kept */
  return rc;
}

prac_rc note_pump(struct note_core *c, prac_time now, bool *ret_busy, struct prac_err *reterr)
{
  if (c->event != PRAC_TIME_NONE && c->event_wall == PRAC_TIME_NONE) c->event_wall = now;
  c->now = now;
  if (c->purged == PRAC_TIME_NONE) c->purged = now;
  PRAC_TRY(note_seal_look(c, reterr));
  PRAC_TRY(note_decide_due(c, reterr));
  if (now - c->purged > PRAC_HOUR) {
    c->purged = now;
    PRAC_TRY(note_queue_purge(c->queue, now - c->conf->keep_ns, reterr));
  }
  PRAC_TRY(note_commit(c, reterr));
  PRAC_TRY(note_deliver(c, ret_busy, reterr));
  return note_delivery_tell(c, reterr);
}

prac_rc note_count(struct note_core *c, struct note_counts *ret, struct prac_err *reterr)
{
  int64_t v[3] = {0};
  PRAC_TRY(note_queue_count(c->queue, v, reterr));
  *ret = (struct note_counts){(uint64_t)v[0], (uint64_t)v[1], (uint64_t)v[2]};
  return PRAC_OK;
}

struct prac_counters note_counters(const struct note_core *c)
{
  return (struct prac_counters){
      .room = "notify", .defs = note_counter_defs, .values = c->counters, .n = NOTE_COUNTER_COUNT_};
}

size_t note_way_counters(const struct note_core *c, struct prac_counters *to, size_t max)
{
  size_t n = 0;
  for (size_t i = 0; i < c->n_post && n < max; i++) {
    const struct note_post *p = &c->post[i];
    if (p->way && p->way->n_counters)
      to[n++] = (struct prac_counters){.room = p->way->conf->path,
                                       .defs = p->way->counters,
                                       .values = p->counters,
                                       .n = p->way->n_counters};
  }
  return n;
}

prac_rc note_conf_check(const struct prac_conf *settings, struct prac_err *reterr)
{
  struct note_tenants t;
  prac_rc rc = note_tenants_init(&t, settings, note_ways, reterr);
  note_tenants_done(&t);
  return rc;
}

prac_rc note_test_item(struct note_core *c, const struct note_tenant_row *r, const char *id,
                       prac_time now, struct prac_err *reterr)
{
  static const char *const vectors[] = {"ntp_monlist"};
  struct episode e = {.id = id,
                      .revision = 1,
                      .state = "start",
                      .kind = "single",
                      .profile = r->want.profile,
                      .parent = "",
                      .victim = prac_ip4(0xc0000201), /* 192.0.2.1, of no one (RFC 5737) */
                      .prefix_bits = 128,
                      .vectors = {vectors, 1},
                      .port = 123,
                      .at = now,
                      .from = now,
                      .to = now,
                      .bins = 2,
                      .bin_max = 131,
                      .packets = 139,
                      .as_name = "TEST",
                      .country = "",
                      .rdns = "test.invalid",
                      .geo = ""};
  struct note_story s = {.state = NOTE_TOLD};
  prac_json_reset(&c->json);
  model_to_json(&model_episode, &e, &c->json);
  if (c->json.bad) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a record");
  (void)snprintf(s.id, sizeof s.id, "%s.1.%s", id, r->c.name);
  struct note_item_new n = {.id = s.id,
                            .tenant = r->c.name,
                            .rec = c->json.buf,
                            .len = c->json.len,
                            .at = now,
                            .began = now,
                            .kind = NOTE_TEST};
  return note_decide_add(c, &n, r->ways, &s, reterr);
}

/* Told as if it were new each time: the id carries the moment. */
prac_rc note_test(struct note_core *c, const char *tenant, prac_time now, struct prac_err *reterr)
{
  const struct note_tenant_row *r = note_tenants_find(&c->tenants, tenant);
  char id[64];
  if (!r) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "there is no tenant \"%.40s\"", tenant);
  if (!r->ways) return PRAC_FAIL(reterr, PRAC_RANGE, "tenant %s has no ways", tenant);
  (void)snprintf(id, sizeof id, "test-%lld", (long long)now);
  c->now = now;
  PRAC_TRY(note_test_item(c, r, id, now, reterr));
  return note_queue_commit(c->queue, reterr);
}
