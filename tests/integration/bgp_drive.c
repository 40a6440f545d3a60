/* Drives the way to routers as the notifier does, by words on standard input, so that a test can
 * kill, restart and time it. Usage: bgp_drive DIR [SETTINGS.yaml]
 *
 *   prefixes P...          the tenant's
 *   STATE ID VICTIM PORT [PPS [SENSORS [BITS]]]    send an episode: start, update, resume, end;
 *                          VICTIM with BITS < 128: a carpet. Answers "sent RC NANOSECONDS"
 *   tick [SECONDS]         move the clock ahead and tick; answers "ticked RC"
 *   counters               "counters name=value ..."
 *
 * The clock is the wall's plus all SECONDS so far: a test waits for nothing. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/settings.h"
#include "notify/way.h"
#include "sys/rights.h"
#include "sys/wall.h"

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if !defined(__clang__)
#define HAS_RIGHTS 1 /* the sanitizers do more at the end than a role may */
#endif
#endif

enum { NPREFIX = 16, NCOUNT = 64 };

struct drive {
  const struct note_way *way;
  void *st;
  struct note_env env;
  struct prac_conf_prefixes prefixes;
  struct prac_prefix v[NPREFIX];
  int64_t ahead;
};

static void say_log(void *arg, const struct prac_log_event *e, const char *text)
{
  (void)arg;
  fprintf(stderr, "%s: %s\n", e->name, text);
}

static prac_time now(const struct drive *d)
{
  struct prac_clock c = sys_wall_clock();
  return prac_now(&c) + d->ahead;
}

static void set_prefixes(struct drive *d, char *words)
{
  d->prefixes = (struct prac_conf_prefixes){.v = d->v};
  char *save = NULL;
  for (char *w = strtok_r(words, " ", &save); w && d->prefixes.n < NPREFIX;
       w = strtok_r(NULL, " ", &save))
    if (prac_prefix_parse(w, strlen(w), &d->v[d->prefixes.n]) == PRAC_OK) d->prefixes.n++;
}

static void send_episode(struct drive *d, char *words)
{
  char *w[8] = {0}, *save = NULL;
  size_t n = 0;
  for (char *p = strtok_r(words, " ", &save); p && n < 8; p = strtok_r(NULL, " ", &save))
    w[n++] = p;
  static const char *const sensors[] = {"a 900", "b 800", "c 700", "d 600"};
  const char *vector = "made_up";
  struct episode e = {.id = w[1], .state = w[0], .kind = "single", .prefix_bits = 128};
  struct prac_err err = {0};
  if (n < 4 || prac_ip_parse(w[2], strlen(w[2]), &e.victim) != PRAC_OK) {
    printf("what?\n");
    return;
  }
  e.port = (uint32_t)strtoul(w[3], NULL, 10);
  e.pps_max = n > 4 ? strtod(w[4], NULL) : 100;
  e.packets = 100000;
  e.sensors = (struct model_strs){sensors, n > 5 ? (uint32_t)strtoul(w[5], NULL, 10) % 5 : 3};
  if (n > 6) {
    e.kind = "carpet";
    e.prefix_bits = (uint32_t)strtoul(w[6], NULL, 10);
  }
  e.vectors = (struct model_strs){&vector, 1};
  e.at = now(d);
  struct note_tenant tenant = {.name = "isp-a", .prefixes = &d->prefixes};
  struct note_item item = {.id = e.id, .at = e.at, .tenant = &tenant, .episode = &e};
  int64_t from = sys_mono_ns();
  prac_rc rc = d->way->send(d->st, &item, &d->env, &err);
  printf("sent %d %lld %s\n", (int)rc, (long long)(sys_mono_ns() - from), err.text);
}

static void show_counters(const struct drive *d)
{
  printf("counters");
  for (size_t i = 0; i < d->way->n_counters; i++)
    printf(" %s=%llu", d->way->counters[i].name,
           (unsigned long long)prac_counter_get(&d->env.counters[i]));
  printf("\n");
}

static void tick(struct drive *d, bool aloud)
{
  struct prac_err err = {0};
  prac_rc rc = d->way->tick(d->st, now(d), &d->env, &err);
  if (aloud) printf("ticked %d %s\n", (int)rc, err.text);
}

static void obey(struct drive *d, char *line)
{
  if (strncmp(line, "prefixes ", 9) == 0) {
    set_prefixes(d, line + 9);
    printf("prefixes %zu\n", d->prefixes.n);
  } else if (strncmp(line, "tick", 4) == 0) {
    d->ahead += strtol(line + 4, NULL, 10) * PRAC_SEC;
    tick(d, true);
  } else if (strcmp(line, "counters") == 0) {
    tick(d, false); /* who asks without a pause must not keep us from ticking */
    show_counters(d);
  } else {
    send_episode(d, line);
  }
}

static void live(struct drive *d)
{
  char buf[4096];
  size_t n = 0;
  for (;;) {
    struct pollfd p = {.fd = 0, .events = POLLIN};
    int k = poll(&p, 1, 100); /* the core ticks once a second; tests are in a hurry */
    if (k == 0) tick(d, false);
    if (k <= 0) continue;
    ssize_t got = read(0, buf + n, sizeof buf - 1 - n);
    if (got <= 0) return;
    n += (size_t)got;
    buf[n] = 0;
    for (char *nl; (nl = strchr(buf, '\n'));) {
      *nl = 0;
      obey(d, buf);
      n -= (size_t)(nl + 1 - buf);
      memmove(buf, nl + 1, n + 1);
    }
    (void)fflush(stdout);
  }
}

int main(int argc, char **argv)
{
  static _Atomic uint64_t counters[NCOUNT];
  struct prac_log log = {.sink = say_log, .least = PRAC_LOG_INFO};
  struct prac_conf *conf = NULL;
  struct prac_err err = {0};
  struct drive d = {.way = note_way_find("bgp")};
  if (argc < 2 || !d.way || d.way->n_counters > NCOUNT) return 2;
  if (settings_load(argc > 2 ? argv[2] : NULL, &conf, &err) != PRAC_OK) {
    fprintf(stderr, "%s\n", err.text);
    return 2;
  }
  d.st = calloc(1, d.way->state_size);
  d.env = (struct note_env){.conf = prac_conf_get(conf, "notify.bgp", 0),
                            .log = &log,
                            .counters = counters,
                            .dir = argv[1],
                            .host = "test"};
  int st = 0;
#ifdef HAS_RIGHTS
  /* what the notifier's role may do at least; the way must live with it */
  if (sys_rights_calls(SYS_MAY_FILES | SYS_MAY_CONNECT | SYS_MAY_SERVE, &err) != PRAC_OK) {
    fprintf(stderr, "%s\n", err.text);
    return 3;
  }
#endif
  if (!d.st || d.way->open(d.st, &d.env, &err) != PRAC_OK) {
    fprintf(stderr, "%s\n", err.text);
    st = 3;
  } else {
    printf("open\n");
    (void)fflush(stdout);
    live(&d);
  }
  d.way->close(d.st);
  free(d.st);
  prac_conf_free(&conf);
  return st;
}
