/* The notifier as a process: episodes and alerts in, messages to people and machines out. What it
 * needs of the system's files (authorities for TLS, resolvers, time zones) it reads before its
 * rights go. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/role_net.h"
#include "app/roles.h"
#include "app/stop.h"
#include "lookup/lookup.h"
#include "notify/keys.h"
#include "notify/notify.h"
#include "sys/rights.h"
#include "sys/wall.h"

enum { ARENA = 1 << 14, GROUP = 64, GROUP_BYTES = 1 << 20 };
#define IDLE_NS (50 * PRAC_MS)
#define BUSY_NS (2 * PRAC_MS)
#define PUMP_NS (20 * PRAC_MS)
#define TEST_NS (30 * PRAC_SEC)
static const struct prac_log_event ev_unread = {"notify_unreadable", PRAC_LOG_WARN,
                                                "a record of another version?"};
static const struct prac_log_event ev_full = {"notify_full", PRAC_LOG_ERROR,
                                              "make room on the device; the bus keeps the rest"};
static const struct prac_log_event ev_names = {"notify_no_names", PRAC_LOG_INFO,
                                               "set notify.dns-servers to have victims' names"};

static const struct prac_log_event ev_places = {
    "notify_no_places", PRAC_LOG_WARN,
    "see the settings of lookup; subscribers of countries and networks are told of no addresses"};
static const struct prac_log_event ev_zones = {
    "notify_no_zones", PRAC_LOG_INFO, "install tzdata; until then subscribers' letters say UTC"};
static const struct prac_log_event ev_untold = {"notify_untold", PRAC_LOG_INFO,
                                                "subscribers see it when the bus is back"};

struct note { /* out of the bus, not in the queue yet */
  uint64_t seq;
  const struct model_kind *kind;
  union {
    struct episode e;
    struct alert a;
    struct subscription s;
    struct errand errand;
  } u;
};
struct group {
  struct note v[GROUP];
  size_t n, bytes;
  uint64_t last;
};
struct notify_role {
  struct group group;
  struct bus bus;
  struct note_core *core;
  struct note_names *names;
  struct prac_arena *arena;
  struct note_tenants tenants;
  struct role_net net;
  struct lookup *geo;
  struct note_zones zones;
  struct prac_json told;
  uint64_t n_told;
  char host[256], dir[ROLE_PATH];
  const struct prac_log *log;
  int64_t next_pump;
  bool busy;
};

static prac_rc read_system(struct role_env *e, struct notify_role *s, struct prac_err *reterr)
{
  const struct note_conf *c = prac_conf_get(e->settings, "notify", 0);
  PRAC_TRY(role_net_read(&s->net, c->ca_file, &c->dns, reterr));
  if (gethostname(s->host, sizeof s->host - 1) != 0 || !s->host[0])
    (void)snprintf(s->host, sizeof s->host, "localhost");
  return PRAC_OK;
}

static prac_rc prepare(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct notify_role *s = st;
  char keys[ROLE_PATH];
  (void)snprintf(keys, sizeof keys, "%s/notify/seal", e->real_data);
  PRAC_TRY(role_own_files(keys, e->uid, reterr));
  PRAC_TRY(read_system(e, s, reterr));
  const struct lookup_conf *c = prac_conf_get(e->settings, lookup_conf_section.path, 0);
  struct prac_err err = {0};
  if (lookup_new(c, prac_now(&e->clock), &e->log, &s->geo, &err) != PRAC_OK)
    prac_log(&e->log, &ev_places, "%s", err.text);
  if (note_zones_read(NULL, &s->zones, &err) != PRAC_OK)
    prac_log(&e->log, &ev_zones, "%s", err.text);
  return note_tenants_init(&s->tenants, e->settings, note_ways, reterr);
}

/* For the portal, which shows it to whoever subscribed: nobody waits for it. */
static void told(void *arg, const struct told *t)
{
  struct notify_role *s = arg;
  char id[40];
  struct prac_err err = {0};
  if (!s->bus.ops) return;
  (void)snprintf(id, sizeof id, "told.%lld.%llu", (long long)t->at,
                 (unsigned long long)s->n_told++);
  prac_json_reset(&s->told);
  model_to_json(&model_told, t, &s->told);
  prac_rc rc = s->told.bad
                   ? PRAC_NOMEM
                   : s->bus.ops->publish(s->bus.st, "told.all", id, s->told.buf, s->told.len, &err);
  if (rc != PRAC_OK) prac_log(s->log, &ev_untold, "%s: %s", t->id, err.text);
}

/* For the store and the portal; kept by the core until it is safe. */
static prac_rc publish(void *arg, const char *id, const char *json, size_t len, uint64_t *ret_place)
{
  struct notify_role *s = arg;
  struct prac_err err = {0};
  if (!s->bus.ops) return PRAC_AGAIN;
  PRAC_TRY(s->bus.ops->publish(s->bus.st, "delivery.all", id, json, len, &err));
  *ret_place = bus_queue(&s->bus).published;
  return PRAC_OK;
}
static uint64_t safe(void *arg)
{
  struct notify_role *s = arg;
  return bus_queue(&s->bus).safe;
}

static prac_rc open_core(struct role_env *e, struct notify_role *s, struct prac_err *reterr)
{
  const struct note_conf *c = prac_conf_get(e->settings, "notify", 0);
  struct prac_err err = {0};
  uint64_t seed = 0;
  s->log = &e->log;
  s->told = prac_json_of(0);
  s->arena = prac_arena_new(ARENA);
  if (!s->arena) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the notifier");
  if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed) seed = (uint64_t)sys_mono_ns();
  if (c->rdns && note_names_open(s->net.servers, &s->names, &err) != PRAC_OK)
    prac_log(&e->log, &ev_names, "victims have no names: %s", err.text);
  struct note_core_env env = {.settings = e->settings,
                              .tenants = &s->tenants,
                              .dir = role_path(e, "notify", s->dir),
                              .host = s->host,
                              .net = &s->net.net,
                              .names = s->names,
                              .geo = s->geo,
                              .zones = &s->zones,
                              .told = told,
                              .publish = publish,
                              .safe = safe,
                              .told_arg = s,
                              .log = &e->log,
                              .seed = seed,
                              .at = prac_now(&e->clock),
                              .threads = true};
  return note_open(&env, &s->core, reterr);
}

/* All ways there are: which will be used is not known yet. */
static size_t counters(struct role_env *e, struct prac_counters *to, size_t max)
{
  size_t n = 0;
  (void)e;
  if (n < max)
    to[n++] = (struct prac_counters){
        .room = "notify", .defs = note_counter_defs, .n = note_counter_count};
  for (const struct note_way *const *w = note_ways; *w && n < max; w++)
    if ((*w)->n_counters)
      to[n++] = (struct prac_counters){
          .room = (*w)->conf->path, .defs = (*w)->counters, .n = (*w)->n_counters};
  return n;
}
static void show(const struct role_env *e, const struct notify_role *s)
{
  struct prac_counters c[NOTE_WAYS_MAX];
  size_t n = note_way_counters(s->core, c, NOTE_WAYS_MAX);
  for (size_t i = 0; i < n; i++) role_show(e, &c[i]);
  c[0] = note_counters(s->core);
  role_show(e, &c[0]);
}

static prac_rc pump(struct role_env *e, struct notify_role *s, struct prac_err *reterr)
{
  int64_t mono = sys_mono_ns();
  struct prac_err err = {0};
  if (mono < s->next_pump && !s->busy) return PRAC_OK;
  show(e, s);
  s->next_pump = mono + PUMP_NS;
  if (s->names) note_names_step(s->names, mono);
  prac_rc rc = note_pump(s->core, prac_now(&e->clock), &s->busy, &err);
  if (rc == PRAC_OK) return rc;
  if (rc != PRAC_FULL) return PRAC_FAIL(reterr, rc, "%s", err.text);
  prac_log(&e->log, &ev_full, "%s", err.text);
  s->next_pump = mono + PRAC_SEC;
  return PRAC_OK;
}

static const struct model_kind *kind_of(const char *subject)
{
  static const struct model_kind *const kinds[] = {&model_episode, &model_alert,
                                                   &model_subscription};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(kinds); i++) {
    size_t n = strlen(kinds[i]->name);
    if (strncmp(subject, kinds[i]->name, n) == 0 && subject[n] == '.') return kinds[i];
  }
  return &model_errand;
}

static prac_rc read_one(struct role_env *e, struct notify_role *s, const struct bus_msg *m)
{
  struct prac_err err = {0};
  struct group *g = &s->group;
  struct note *n = &g->v[g->n];
  n->seq = m->seq;
  n->kind = kind_of(m->subject);
  g->bytes += m->len;
  prac_rc rc = model_from_json(n->kind, m->data, m->len, s->arena, &n->u, &err);
  if (rc != PRAC_OK) prac_log(&e->log, &ev_unread, "%s: %s", m->subject, err.text);
  if (rc == PRAC_OK) g->n++;
  g->last = m->seq;
  return rc == PRAC_NOMEM ? rc : PRAC_OK;
}

/* What has come by now, without waiting for more: one write to the disk is enough for all of it. */
static prac_rc gather(struct role_env *e, struct notify_role *s, const struct bus_msg *first,
                      struct prac_err *reterr)
{
  struct group *g = &s->group;
  struct bus_msg m = *first;
  prac_rc rc = PRAC_OK;
  g->n = g->bytes = 0;
  prac_arena_reset(s->arena);
  do {
    if (m.seq > note_seq(s->core) && read_one(e, s, &m) != PRAC_OK)
      return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a record");
    if (m.seq > g->last) g->last = m.seq;
    if (g->n == GROUP || g->bytes > GROUP_BYTES) return PRAC_OK;
    rc = s->bus.ops->fetch(s->bus.st, 0, &m, reterr);
  } while (rc == PRAC_OK);
  return rc == PRAC_AGAIN ? PRAC_OK : rc;
}

static prac_rc keep(struct notify_role *s, struct prac_err *reterr)
{
  for (size_t i = 0; i < s->group.n; i++) {
    struct note *n = &s->group.v[i];
    PRAC_TRY(note_take(s->core, n->seq, n->kind, &n->u, reterr));
  }
  return note_commit(s->core, reterr);
}

/* On disk before it is acknowledged; a full device means waiting with these very messages. */
static prac_rc take(struct role_env *e, struct notify_role *s, const struct bus_msg *first,
                    struct prac_err *reterr)
{
  struct prac_err err = {0};
  PRAC_TRY(gather(e, s, first, reterr));
  for (bool said = false;;) {
    prac_rc rc = keep(s, &err);
    if (rc == PRAC_OK) break;
    if (rc != PRAC_FULL) return PRAC_FAIL(reterr, rc, "%s", err.text);
    if (!said) prac_log(&e->log, &ev_full, "%s", err.text);
    said = true;
    if (stop_asked()) return PRAC_FAIL(reterr, PRAC_STOPPED, "stopped while the device was full");
    sys_sleep_ns(PRAC_SEC);
    PRAC_TRY(pump(e, s, reterr));
  }
  s->busy = true; /* there is something to hand over, now */
  return s->bus.ops->ack(s->bus.st, s->group.last, reterr);
}

/* A moment for what the ways have in hand. */
static prac_rc finish(struct role_env *e, struct notify_role *s, struct prac_err *reterr)
{
  int64_t until = sys_mono_ns() + 3 * PRAC_SEC;
  s->busy = true;
  while (s->busy && sys_mono_ns() < until) {
    PRAC_TRY(pump(e, s, reterr));
    sys_sleep_ns(BUSY_NS);
  }
  return role_flush(&s->bus, reterr);
}

/* One made attack to one tenant, and how it went. */
static prac_rc test(struct role_env *e, struct notify_role *s, struct prac_err *reterr)
{
  struct note_counts before, after;
  int64_t until = sys_mono_ns() + TEST_NS;
  PRAC_TRY(note_count(s->core, &before, reterr));
  PRAC_TRY(note_test(s->core, e->test, prac_now(&e->clock), reterr));
  do {
    PRAC_TRY(note_pump(s->core, prac_now(&e->clock), &s->busy, reterr));
    PRAC_TRY(note_count(s->core, &after, reterr));
    sys_sleep_ns(BUSY_NS);
  } while (after.waiting > 0 && sys_mono_ns() < until && !stop_asked());
  printf("tenant %s: taken by %llu way(s), refused by %llu, waiting: %llu\n", e->test,
         (unsigned long long)(after.taken - before.taken),
         (unsigned long long)(after.refused - before.refused), (unsigned long long)after.waiting);
  if (after.refused > before.refused || after.waiting > 0)
    return PRAC_FAIL(reterr, PRAC_DENIED, "not every way has taken the test message; see above");
  return PRAC_OK;
}

/* Made by root beside the role at work, it is the role's all the same. */
static prac_rc new_key(const struct role_env *e, struct prac_err *reterr)
{
  char dir[ROLE_PATH], keys[2 * ROLE_PATH], name[ACCESS_SEAL_NAME];
  struct stat st;
  (void)role_path(e, "notify", dir);
  (void)snprintf(keys, sizeof keys, "%s/seal", dir);
  PRAC_TRY(note_keys_make(dir, prac_now(&e->clock), name, reterr));
  if (stat(dir, &st) == 0) PRAC_TRY(role_own_files(keys, (int64_t)st.st_uid, reterr));
  printf("made %s/notify/seal/%s.key; keep a copy; older ones go when nothing needs them\n", e->real_data, name);
  return PRAC_OK;
}

static prac_rc run(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct notify_role *s = st;
  static const char *const what[] = {"episode.all", "alert.", "subscription.", "errand."};
  if (e->new_key) return new_key(e, reterr);
  PRAC_TRY(open_core(e, s, reterr));
  if (e->test) return test(e, s, reterr);
  PRAC_TRY(role_bus_open(e, &s->bus, reterr));
  PRAC_TRY(s->bus.ops->subscribe(s->bus.st, what, PRAC_ARRAY_LEN(what), true, reterr));
  while (!stop_asked()) {
    struct bus_msg m;
    PRAC_TRY(pump(e, s, reterr));
    prac_rc rc = s->bus.ops->fetch(s->bus.st, s->busy ? BUSY_NS : IDLE_NS, &m, reterr);
    if (rc == PRAC_OK)
      PRAC_TRY(take(e, s, &m, reterr));
    else if (rc == PRAC_AGAIN && !s->busy)
      role_idle(e);
    else if (rc != PRAC_AGAIN)
      return rc;
  }
  return finish(e, s, reterr);
}

static void done(void *st)
{
  struct notify_role *s = st;
  note_close(&s->core);
  note_tenants_done(&s->tenants);
  note_names_close(&s->names);
  bus_close(&s->bus);
  prac_arena_free(&s->arena);
  role_net_done(&s->net);
  prac_json_done(&s->told);
  lookup_unref(&s->geo);
  note_zones_done(&s->zones);
}

const struct role role_notify = {
    .name = "notify",
    .about = "tells people, machines and routers",
    .state_size = sizeof(struct notify_role),
    .may = SYS_MAY_FILES | SYS_MAY_CONNECT | SYS_MAY_SERVE | SYS_MAY_INET | SYS_MAY_THREADS,
    .drain = 4,
    .dirs = "notify",
    .mode = 0700,
    .prepare = prepare,
    .run = run,
    .counters = counters,
    .done = done,
};
