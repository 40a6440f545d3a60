/* The real portal with accounts, made readers and made data of the small world, for
 * tests/integration/t_scope.py. Standard output: the port, the readers, their keys and roles, the
 * planted addresses. Standard input: "more N" says N more records of each kind live, answered
 * "said"; its end ends the server.
 *
 *   scope_server SEED READERS
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "access/access.h"
#include "base/rng.h"
#include "lib/planted.h"
#include "lib/store_made.h"
#include "lib/world.h"
#include "portal/portal.h"
#include "sys/wall.h"

enum { BYTES = 1 << 20 };
static const char *const roles[] = {"viewer", "analyst", "analyst", "operator", "analyst", "admin"};

struct site {
  struct portal *p;
  struct portal_env env;
  struct store store;
  struct choice c;
  prac_time minute;
  unsigned said;
};

static void check(prac_rc rc, const struct prac_err *err)
{
  if (rc == PRAC_OK) return;
  fprintf(stderr, "%s\n", err->text);
  exit(1);
}

static void add_reader(struct access *a, struct choice *c, unsigned i)
{
  struct prac_err err = {0};
  struct prac_arena *arena = prac_arena_new(4096);
  struct access_scope s = planted_scope(c, arena);
  const char *words = i == 0 ? "*" : access_scope_words(&s, arena);
  const char *clearance = access_tlp_names[i % 3 ? ACCESS_RED : s.clearance];
  char org[16], user[16], key[ACCESS_TOKEN_TEXT];
  snprintf(org, sizeof org, "org%u", i);
  snprintf(user, sizeof user, "user%u", i);
  check(access_org_put(
            a, "test",
            &(struct access_org){.name = org, .title = org, .scope = words, .clearance = clearance},
            &err),
        &err);
  check(access_user_put(
            a, "test",
            &(struct access_user){
                .user = user, .name = user, .org = org, .role = roles[i % PRAC_ARRAY_LEN(roles)]},
            NULL, &err),
        &err);
  check(access_key_new(a, "test", user, "test", key, &err), &err);
  printf("reader %s %s %s\n", key, roles[i % PRAC_ARRAY_LEN(roles)], words);
  prac_arena_free(&arena);
}

static void add_readers(const char *path, const struct prac_clock *wall, struct choice *c,
                        unsigned n)
{
  struct prac_err err = {0};
  struct access *a = NULL;
  const struct access_conf conf = {.idle_ns = PRAC_HOUR, .life_ns = PRAC_DAY};
  check(access_open(path, &conf, wall, &a, &err), &err);
  for (unsigned i = 0; i < n; i++) add_reader(a, c, i);
  access_close(&a);
}

static void say_planted(void)
{
  char text[PRAC_IP_TEXT];
  for (unsigned place = 0; place < WORLD_PLACES; place++)
    for (unsigned i = 0; i < PLANTED_EACH; i++) {
      struct prac_ip ip = world_ip(place, i);
      const struct world_place *p = &world_places[place];
      printf("planted %s %s %u\n", prac_ip_text(text, &ip), *p->country ? p->country : "-", p->asn);
    }
}

static void more(struct site *s)
{
  struct prac_err err = {0};
  struct flow_batch *b = planted_batch(&s->c, s->minute);
  s->minute += PRAC_MIN;
  portal_take_batch(s->p, b);
  check(s->store.ops->append(s->store.st, &(struct store_tx){.batches = &b, .n_batches = 1}, &err),
        &err);
  flow_batch_unref(&b);
  for (int k = 0; model_kinds[k]; k++) {
    char id[40];
    union planted_record rec;
    planted_record(&s->c, model_kinds[k], &rec);
    (void)snprintf(id, sizeof id, "live%u", s->said);
    if (s->said % 2) *(const char **)&rec = id; /* the first field of all of them: can be named */
    portal_take_record(s->p, model_kinds[k], &rec);
    const struct store_rec one = {model_kinds[k], &rec};
    check(s->store.ops->append(s->store.st, &(struct store_tx){.recs = &one, .n_recs = 1}, &err),
          &err);
  }
  s->said++;
}

/* The bus and the store's writer in one, within the tick. */
static prac_rc say(void *arg, const struct model_kind *k, const void *rec, const char *subject,
                   const char *id, struct prac_err *reterr)
{
  struct site *s = arg;
  const struct store_rec one = {k, rec};
  (void)subject, (void)id;
  return s->store.ops->append(s->store.st, &(struct store_tx){.recs = &one, .n_recs = 1}, reterr);
}

/* false: the end */
static bool obey(struct site *s)
{
  char line[64];
  if (!fgets(line, sizeof line, stdin)) return false;
  for (long n = strtol(line + strcspn(line, " "), NULL, 10); n > 0; n--) {
    more(s);
    portal_tick(s->p, PRAC_TIME_NONE);
  }
  printf("said\n");
  fflush(stdout);
  return true;
}

int main(int argc, char **argv)
{
  static uint8_t bytes[BYTES];
  struct prac_rng r = prac_rng_of(argc > 1 ? strtoull(argv[1], NULL, 10) : 1);
  struct site s = {.minute = MADE_DAY + PRAC_HOUR};
  struct prac_err err = {0};
  char dir[256], path[300];
  const struct prac_clock wall = sys_wall_clock();
  struct lookup *geo = world_lookup();
  struct portal_conf conf;
  for (size_t i = 0; i < BYTES; i++) bytes[i] = (uint8_t)prac_rng_below(&r, 256);
  s.c = (struct choice){bytes, bytes + BYTES};
  snprintf(path, sizeof path, "%s/accounts.db", made_dir(dir));
  add_readers(path, &wall, &s.c, argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 4);
  check(store_open("ram", NULL, &(struct store_env){.nthreads = 1}, &s.store, &err), &err);
  planted_store(&s.c, &s.store);
  prac_conf_defaults(&portal_conf_section, &conf);
  conf.listen = "127.0.0.1:0";
  conf.rate = 0;
  conf.max_per_address = 1000;
  conf.accounts = true;
  s.env = (struct portal_env){.store = &s.store,
                              .query_in_tick = true,
                              .say = say,
                              .say_arg = &s,
                              .listen_fd = -1,
                              .geo = geo,
                              .clock = &wall,
                              .accounts = path,
                              .version = "0"};
  check(portal_open(&conf, &s.env, &s.p, &err), &err);
  say_planted();
  printf("own " PLANTED_OWN "\nport %u\n", portal_port(s.p));
  fflush(stdout);
  struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
  while (poll(&in, 1, 1) == 0 || obey(&s)) portal_tick(s.p, PRAC_TIME_NONE);
  portal_close(&s.p);
  store_close(&s.store);
  lookup_unref(&geo);
  made_dir_remove(dir);
  return 0;
}
