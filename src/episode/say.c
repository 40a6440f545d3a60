/* One revision as a record, with what is known about the address. */
#include <stdio.h>
#include <stdlib.h>

#include "episode/desk_int.h"

struct counted { /* a text with a number, for sorting */
  const char *text;
  uint64_t count;
};

static int most_first(const void *pa, const void *pb)
{
  const struct counted *a = pa, *b = pb;
  if (a->count != b->count) return a->count > b->count ? -1 : 1;
  return strcmp(a->text, b->text);
}

static int hosts_most_first(const void *pa, const void *pb)
{
  const struct epi_host *a = pa, *b = pb;
  if (a->packets != b->packets) return a->packets > b->packets ? -1 : 1;
  return memcmp(a->ip.b, b->ip.b, sizeof a->ip.b);
}

static const char *joined(struct epi_desk *d, const char *a, uint64_t n, bool n_first)
{
  char text[192];
  int len = n_first ? snprintf(text, sizeof text, "%llu %s", (unsigned long long)n, a)
                    : snprintf(text, sizeof text, "%s %llu", a, (unsigned long long)n);
  return prac_arena_strndup(d->arena, text,
                            (size_t)len < sizeof text ? (size_t)len : sizeof text - 1);
}

static prac_rc list(struct epi_desk *d, struct counted *v, size_t n, bool n_first,
                    struct model_strs *ret)
{
  if (n == 0) return PRAC_OK;
  const char **to = prac_arena_alloc(d->arena, n * sizeof *to);
  if (!to) return PRAC_NOMEM;
  qsort(v, n, sizeof *v, most_first);
  for (size_t i = 0; i < n; i++)
    if (!(to[i] = joined(d, v[i].text, v[i].count, n_first))) return PRAC_NOMEM;
  *ret = (struct model_strs){to, (uint32_t)n};
  return PRAC_OK;
}

static prac_rc sensors(struct epi_desk *d, const struct epi_target *t, uint32_t run,
                       struct episode *e)
{
  struct counted v[EPI_SLOTS_MAX];
  size_t n = 0;
  for (uint32_t i = 0; i < t->n_slots; i++) {
    const struct epi_slot *p = &t->slots[i];
    if (p->packets == p->base[run]) continue;
    v[n++] =
        (struct counted){p->sensor ? d->sensors.v[p->sensor] : "other", p->packets - p->base[run]};
  }
  return list(d, v, n, false, &e->sensors);
}

static prac_rc names(struct epi_desk *d, const struct epi_target *t, struct episode *e)
{
  struct counted v[EPI_NAMES_MAX];
  for (uint32_t i = 0; i < t->n_names; i++)
    v[i] = (struct counted){t->names[i].text, t->names[i].count};
  PRAC_TRY(list(d, v, t->n_names, true, &e->names));
  if (e->names.n > EPI_NAMES_SAID) e->names.n = EPI_NAMES_SAID;
  return PRAC_OK;
}

static prac_rc vectors(struct epi_desk *d, const struct epi_target *t, struct episode *e)
{
  bool multi = t->kind == EPI_MULTI;
  uint32_t n = multi ? t->family->n_vectors : 1;
  const char **v = prac_arena_alloc(d->arena, (n + 1) * sizeof *v);
  if (!v) return PRAC_NOMEM;
  for (uint32_t i = 0; i < n; i++) {
    char room[16];
    const char *s = epi_vector_text(d, multi ? t->family->vectors[i] : t->vector, room);
    v[i] = prac_arena_strndup(d->arena, s, strlen(s));
    if (!v[i]) return PRAC_NOMEM;
  }
  e->vectors = (struct model_strs){v, n};
  return PRAC_OK;
}

static prac_rc hosts(struct epi_desk *d, struct epi_target *t, struct episode *e)
{
  struct epi_family *f = t->family;
  if (t->kind != EPI_CARPET || f->n_hosts == 0) return PRAC_OK;
  struct prac_ip *v = prac_arena_alloc(d->arena, f->n_hosts * sizeof *v);
  if (!v) return PRAC_NOMEM;
  qsort(f->hosts, f->n_hosts, sizeof *f->hosts, hosts_most_first);
  for (uint32_t i = 0; i < f->n_hosts; i++) v[i] = f->hosts[i].ip;
  uint64_t all = prac_hll_count(&f->all);
  e->hosts = (struct model_ips){v, f->n_hosts};
  e->host_count = all > f->n_hosts && t->bits < 120 ? (uint32_t)all : f->n_hosts;
  return PRAC_OK;
}

static void place(const struct epi_desk *d, const struct epi_target *t, struct episode *e,
                  char country[3])
{
  struct lookup_answer a = lookup_ip(d->look, &t->victim);
  country[0] = a.country ? (char)(a.country >> 8) : '\0';
  country[1] = (char)(a.country & 0xff);
  country[2] = '\0';
  e->country = country;
  e->asn = a.asn;
  e->as_name = d->look ? lookup_as_name(d->look, a.asn) : "";
  e->geo = d->look ? lookup_geo_text(d->look) : "";
}

static void numbers(const struct epi_target *t, const struct epi_run *r, struct episode *e)
{
  int64_t bins =
      (prac_time_floor(r->last, PRAC_MIN) - prac_time_floor(r->first, PRAC_MIN)) / PRAC_MIN;
  e->from = r->first;
  e->to = r->last;
  e->bins = (uint32_t)(bins + 1);
  e->bin_max = r->bin_max;
  e->packets = r->packets;
  e->bytes = r->bytes;
  e->lost = r->lost;
  e->pps_max = (double)r->bin_max / 60.0;
  e->pps_mean = (double)r->packets / (60.0 * (double)e->bins);
  e->ttl_min = t->ttl_min;
  e->ttl_max = t->ttl_max;
  e->ttl_count = t->ttl_count;
  e->port = t->port;
}

/* What a revision does to the run; false: it is not worth a record. A profile that does not alert
 * is recorded once, when its episode has ended: the bus and the store need no more. */
static bool noted(const struct epi_desk *d, struct epi_run *r, uint32_t run, const char *state,
                  prac_time *at)
{
  bool first = r->said_bin_max == 0;
  if (!first && *at < r->at) *at = r->at;
  if (first) r->started = *at;
  r->at = *at;
  r->said = d->now;
  r->said_bin_max = r->bin_max;
  r->pending = false;
  if (!(d->alert & 1u << d->profile_of[run]) && strcmp(state, "end") != 0) return false;
  r->revision++;
  return true;
}

prac_rc epi_say(struct epi_desk *d, struct epi_target *t, uint32_t run, const char *state,
                prac_time at)
{
  static const char *const kinds[] = {"single", "carpet", "multi"};
  struct epi_run *r = &t->run[run];
  char id[24], parent[24] = "", country[3];
  prac_arena_reset(d->arena);
  if (!noted(d, r, run, state, &at)) return PRAC_OK;
  (void)snprintf(id, sizeof id, "e%016llx", (unsigned long long)r->id);
  if (t->parent && run == 0)
    (void)snprintf(parent, sizeof parent, "e%016llx", (unsigned long long)t->parent);
  struct episode e = {.id = id,
                      .revision = r->revision,
                      .state = state,
                      .kind = kinds[t->kind],
                      .profile = epi_profile_names[d->profile_of[run]],
                      .parent = parent,
                      .victim = t->victim,
                      .prefix_bits = t->bits,
                      .at = at,
                      .started = r->started,
                      .rdns = ""};
  numbers(t, r, &e);
  place(d, t, &e, country);
  PRAC_TRY(vectors(d, t, &e));
  PRAC_TRY(sensors(d, t, run, &e));
  PRAC_TRY(names(d, t, &e));
  PRAC_TRY(hosts(d, t, &e));
  return d->sink(d->sink_arg, &e, r->told);
}
