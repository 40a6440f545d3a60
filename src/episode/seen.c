/* What a hit adds to a target. Windows are rings of short steps: what leaves the window does so a
 * step at a time, and a late hit finds its step as long as the ring still has it. */
#include <stdlib.h>

#include "base/hash.h"
#include "episode/desk_int.h"

/* ---- rings ---- */

static int64_t step_of(prac_time t, int64_t step_ns)
{
  return prac_time_floor(t, step_ns) / step_ns;
}

static size_t ring_i(int64_t step, int64_t len)
{
  int64_t i = step % len;
  return (size_t)(i < 0 ? i + len : i);
}

/* Moves the ring's head to `step`; false: older than the ring. */
static bool ring_at(int64_t *head, int64_t step, int64_t len, void *ring, size_t each)
{
  if (step > *head) {
    int64_t n = step - *head < len ? step - *head : len;
    for (int64_t s = step - n + 1; s <= step; s++)
      memset((char *)ring + ring_i(s, len) * each, 0, each);
    *head = step;
  }
  return step > *head - len;
}

static void win_add(uint16_t *win, int64_t len, int64_t *head, int64_t step, uint64_t packets)
{
  if (packets == 0 || !ring_at(head, step, len, win, sizeof *win)) return;
  uint16_t *at = &win[ring_i(step, len)];
  *at = packets > (uint64_t)(UINT16_MAX - *at) ? UINT16_MAX : (uint16_t)(*at + packets);
}

/* The last k steps up to `step`, as far as the ring has them. */
static uint64_t win_sum(const uint16_t *win, int64_t len, int64_t head, int64_t step, int64_t k)
{
  uint64_t sum = 0;
  for (int64_t s = step; s > step - k; s--)
    if (s <= head && s > head - len) sum += win[ring_i(s, len)];
  return sum;
}

int64_t epi_slot_step_ns(const struct epi_desk *d)
{
  const struct epi_conf *c = &d->conf;
  int64_t w = c->fast_window_ns > c->spread_window_ns ? c->fast_window_ns : c->spread_window_ns;
  return (w + EPI_SLOT_STEPS - 1) / EPI_SLOT_STEPS;
}

uint64_t epi_window(const struct epi_target *t)
{
  return win_sum(t->win, EPI_STEPS, t->step, t->step, EPI_STEPS);
}

uint64_t epi_slot_window(const struct epi_desk *d, const struct epi_slot *p, int64_t step,
                         int64_t window_ns)
{
  int64_t ns = epi_slot_step_ns(d), k = (window_ns + ns - 1) / ns;
  return win_sum(p->win, EPI_SLOT_STEPS, p->step, step, k);
}

/* ---- minutes ---- */

/* Too late for the ring: the hit's own packets are the least that its minute had. */
static void bin_add(struct epi_target *t, struct epi_seen *s, int64_t minute, uint64_t packets)
{
  uint64_t now = packets;
  if (packets == 0) return;
  if (ring_at(&t->minute, minute, EPI_BINS, t->bin, sizeof t->bin[0])) {
    uint32_t *b = &t->bin[ring_i(minute, EPI_BINS)];
    *b = packets > (uint64_t)(UINT32_MAX - *b) ? UINT32_MAX : (uint32_t)(*b + packets);
    now = *b;
  }
  if (now > s->bin) s->bin = now;
}

/* A hit that spans minutes is shared out by time; shares are whole packets and their sum is exact.
 */
static void bins_add(struct epi_target *t, struct epi_seen *s)
{
  const struct hit *h = s->h;
  int64_t first = step_of(h->from, PRAC_MIN), last = step_of(h->to, PRAC_MIN);
  uint64_t given = 0, span = (uint64_t)(h->to - h->from);
  if (last - first >= EPI_BINS) first = last - EPI_BINS + 1;
  for (int64_t m = first; m < last; m++) {
    uint64_t till = (uint64_t)((m + 1) * PRAC_MIN - h->from);
    uint64_t upto = (uint64_t)((__uint128_t)h->packets * till / span);
    bin_add(t, s, m, upto - given);
    given = upto;
  }
  bin_add(t, s, last, h->packets - given);
}

/* ---- sensors ---- */

struct epi_slot *epi_slot_of(const struct epi_target *t, uint32_t sensor)
{
  for (uint32_t i = 0; i < t->n_slots; i++)
    if (t->slots[i].sensor == sensor) return &t->slots[i];
  return NULL;
}

/* Beyond EPI_SLOTS_MAX the last one stands for all the others. */
static prac_rc slot_get(struct epi_target *t, uint32_t sensor, struct epi_slot **ret)
{
  *ret = epi_slot_of(t, sensor);
  if (*ret) return PRAC_OK;
  if (t->n_slots == EPI_SLOTS_MAX) {
    *ret = &t->slots[EPI_SLOTS_MAX - 1];
    (*ret)->sensor = 0;
    return PRAC_OK;
  }
  if (t->n_slots == t->cap_slots) {
    uint32_t cap = t->cap_slots ? t->cap_slots * 2 : 1;
    struct epi_slot *v = realloc(t->slots, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    t->slots = v;
    t->cap_slots = cap;
  }
  struct epi_slot *p = &t->slots[t->n_slots++];
  *p = (struct epi_slot){.sensor = sensor, .step = INT64_MIN / 2, .last = INT64_MIN / 2};
  *ret = p;
  return PRAC_OK;
}

/* Do this sensor's packets count? A few different requests are a scanner's or a tester's. What was
 * held back counts from the moment that settles it. */
static uint64_t counting(const struct epi_desk *d, struct epi_slot *p, const struct hit *h)
{
  uint64_t room = UINT32_MAX - p->pending;
  if (p->counts) return h->packets;
  uint64_t same = p->payload == h->payload ? p->same + h->packets : h->packets;
  p->same = same > UINT32_MAX ? UINT32_MAX : (uint32_t)same;
  p->pending += (uint32_t)(h->packets < room ? h->packets : room);
  if (same < (uint64_t)d->conf.identical && p->pending < (uint64_t)d->conf.varied) return 0;
  p->counts = true;
  uint64_t all = p->pending;
  p->pending = 0;
  return all;
}

/* Somebody who comes back every now and then and asks something else tries a reflector out. */
static void note_tester(struct epi_desk *d, struct epi_target *t, struct epi_slot *p,
                        const struct hit *h)
{
  enum { VISITS = 3, VARIED = 2 };
  bool again = p->packets != 0;
  if (again && h->from - p->last > PRAC_MIN && p->visits < UINT8_MAX) p->visits++;
  if (again && h->payload != p->payload && p->varied < UINT8_MAX) p->varied++;
  if (t->tester || p->counts || p->visits + 1 < VISITS || p->varied < VARIED) return;
  t->tester = true;
  epi_count(d, EPI_C_TESTERS, 1);
}

static prac_rc slot_add(struct epi_desk *d, struct epi_target *t, struct epi_seen *s)
{
  struct epi_slot *p;
  const struct hit *h = s->h;
  uint32_t before = t->n_slots;
  PRAC_TRY(slot_get(t, s->sensor, &p));
  s->joined = t->n_slots != before || p->packets == p->base[0];
  if (t->kind == EPI_SINGLE) {
    note_tester(d, t, p, h);
    s->counted = counting(d, p, h);
    p->payload = h->payload;
    win_add(p->win, EPI_SLOT_STEPS, &p->step, step_of(h->to, epi_slot_step_ns(d)), s->counted);
  }
  p->packets += h->packets;
  if (h->to > p->last) p->last = h->to;
  return PRAC_OK;
}

/* ---- names ---- */

static uint32_t least_name(const struct epi_target *t)
{
  uint32_t least = 0;
  for (uint32_t i = 1; i < t->n_names; i++)
    if (t->names[i].count < t->names[least].count ||
        (t->names[i].count == t->names[least].count &&
         strcmp(t->names[i].text, t->names[least].text) > 0))
      least = i;
  return least;
}

/* Space-saving (Metwally 2005): a name too many takes the place and the count of the rarest, so a
 * frequent one is never missed, and counts are never too small. */
static prac_rc name_add(struct epi_target *t, const char *text, uint64_t count)
{
  bool open = t->run[0].state == EPI_OPEN || t->kind != EPI_SINGLE;
  uint32_t max = open ? EPI_NAMES_MAX : EPI_NAMES_FEW, i = 0;
  while (i < t->n_names && strcmp(t->names[i].text, text) != 0) i++;
  if (i < t->n_names) {
    t->names[i].count += count;
    return PRAC_OK;
  }
  char *copy = strndup(text, 127);
  if (!copy) return PRAC_NOMEM;
  if (t->n_names >= max) {
    struct epi_name *n = &t->names[least_name(t)];
    free(n->text);
    n->text = copy;
    n->count += count;
    return PRAC_OK;
  }
  if (t->n_names == t->cap_names) {
    uint32_t cap = t->cap_names ? t->cap_names * 4 : 1;
    struct epi_name *v = realloc(t->names, cap * sizeof *v);
    if (!v) {
      free(copy);
      return PRAC_NOMEM;
    }
    t->names = v;
    t->cap_names = cap;
  }
  t->names[t->n_names++] = (struct epi_name){copy, count};
  return PRAC_OK;
}

/* "120 isc.org ANY IN" */
static prac_rc names_add(struct epi_target *t, const struct hit *h)
{
  for (uint32_t i = 0; i < h->names.n && i < EPI_NAMES_MAX; i++) {
    const char *s = h->names.v[i];
    uint64_t count = 0;
    while (*s >= '0' && *s <= '9' && count < UINT32_MAX)
      count = count * 10 + (uint64_t)(*s++ - '0');
    if (*s != ' ' || s[1] == '\0' || count == 0) continue;
    PRAC_TRY(name_add(t, s + 1, count));
  }
  return PRAC_OK;
}

/* ---- TTLs ---- */

static void ttl_add(struct epi_target *t, uint32_t least, uint32_t most, uint32_t count)
{
  if (count == 0) return;
  least &= 255;
  most &= 255;
  if (t->ttl_count == 0 || least < t->ttl_min) t->ttl_min = least;
  if (t->ttl_count == 0 || most > t->ttl_max) t->ttl_max = most;
  t->ttl[least / 32] |= 1u << least % 32;
  t->ttl[most / 32] |= 1u << most % 32;
  uint32_t n = 0;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(t->ttl); i++) n += (uint32_t)__builtin_popcount(t->ttl[i]);
  if (count > n) n = count;
  if (n > t->ttl_count) t->ttl_count = n;
}

/* ---- addresses of a carpet, vectors of a multi ---- */

static prac_rc host_get(struct epi_family *f, const struct prac_ip *ip, struct epi_host **ret)
{
  uint32_t i = 0, least = 0;
  for (; i < f->n_hosts && !prac_ip_eq(&f->hosts[i].ip, ip); i++)
    if (f->hosts[i].packets < f->hosts[least].packets) least = i;
  if (i == f->n_hosts && i == EPI_HOSTS_MAX) {
    i = least;
    f->hosts[i] = (struct epi_host){.ip = *ip, .last = INT64_MIN};
  } else if (i == f->n_hosts) {
    if (i == f->cap_hosts) {
      uint32_t cap = f->cap_hosts ? f->cap_hosts * 4 : 1;
      struct epi_host *v = realloc(f->hosts, cap * sizeof *v);
      if (!v) return PRAC_NOMEM;
      f->hosts = v;
      f->cap_hosts = cap;
    }
    f->hosts[f->n_hosts++] = (struct epi_host){.ip = *ip, .last = INT64_MIN};
  }
  *ret = &f->hosts[i];
  return PRAC_OK;
}

static prac_rc family_add(struct epi_desk *d, struct epi_target *t, const struct epi_seen *s)
{
  struct epi_family *f = t->family;
  uint32_t i = 0;
  while (i < f->n_vectors && f->vectors[i] != s->vector) i++;
  if (i == f->n_vectors && i < EPI_VECTORS_MAX) f->vectors[f->n_vectors++] = s->vector;
  if (t->kind != EPI_CARPET) return PRAC_OK;
  struct epi_host *host;
  PRAC_TRY(host_get(f, &s->h->victim, &host));
  if (host->last < s->h->to - d->conf.window_ns) host->below = 0;
  host->below += s->counted;
  host->packets += s->h->packets;
  if (s->h->to > host->last) host->last = s->h->to;
  return prac_hll_add(&f->all, prac_hll_hash_ip(&s->h->victim));
}

/* ---- all of it ---- */

void epi_fresh(struct epi_target *t)
{
  for (uint32_t i = 0; i < t->n_names; i++) free(t->names[i].text);
  t->n_names = 0;
  t->ttl_min = t->ttl_max = t->ttl_count = 0;
  t->parent = 0;
  t->scanner = t->tester = false;
  memset(t->ttl, 0, sizeof t->ttl);
  for (uint32_t i = 0; i < t->n_slots; i++) {
    struct epi_slot *p = &t->slots[i];
    p->counts = false;
    p->same = p->pending = 0;
  }
  if (!t->family) return;
  prac_hll_done(&t->family->all);
  t->family->n_hosts = 0;
  t->family->n_vectors = 0;
}

prac_rc epi_add(struct epi_desk *d, struct epi_target *t, struct epi_seen *s)
{
  const struct hit *h = s->h;
  s->bin = 0;
  s->joined = false;
  bins_add(t, s);
  PRAC_TRY(slot_add(d, t, s));
  win_add(t->win, EPI_STEPS, &t->step, step_of(h->to, d->conf.window_ns / EPI_STEPS), s->counted);
  ttl_add(t, h->ttl_min, h->ttl_max, h->ttl_count);
  if (t->kind != EPI_MULTI || !t->port) t->port = h->port;
  if (t->family) PRAC_TRY(family_add(d, t, s));
  return names_add(t, h);
}

static prac_rc fold_slots(struct epi_target *into, const struct epi_target *child)
{
  for (uint32_t i = 0; i < child->n_slots; i++) {
    const struct epi_slot *from = &child->slots[i];
    struct epi_slot *to;
    if (from->packets == from->base[0]) continue;
    PRAC_TRY(slot_get(into, from->sensor, &to));
    to->packets += from->packets - from->base[0];
  }
  return PRAC_OK;
}

prac_rc epi_fold(struct epi_target *into, const struct epi_target *child)
{
  struct epi_run *r = &into->run[0];
  const struct epi_run *c = &child->run[0];
  struct epi_family *f = into->family;
  if (r->packets == 0 || c->first < r->first) r->first = c->first;
  if (r->packets == 0 || c->last > r->last) r->last = c->last;
  r->packets += c->packets;
  r->bytes += c->bytes;
  r->lost += c->lost;
  if (c->bin_max > r->bin_max) r->bin_max = c->bin_max;
  for (int64_t m = child->minute - EPI_BINS + 1; m <= child->minute; m++) {
    if (m < step_of(c->first, PRAC_MIN)) continue; /* of an earlier story */
    uint32_t n = child->bin[ring_i(m, EPI_BINS)];
    if (n == 0 || !ring_at(&into->minute, m, EPI_BINS, into->bin, sizeof into->bin[0])) continue;
    uint32_t *b = &into->bin[ring_i(m, EPI_BINS)];
    *b = n > UINT32_MAX - *b ? UINT32_MAX : *b + n;
    if (*b > r->bin_max) r->bin_max = *b;
  }
  if (f->n_vectors < EPI_VECTORS_MAX) f->vectors[f->n_vectors++] = child->vector;
  if (!into->port) into->port = child->port;
  ttl_add(into, child->ttl_min, child->ttl_max, child->ttl_count);
  for (uint32_t i = 0; i < child->n_names; i++)
    PRAC_TRY(name_add(into, child->names[i].text, child->names[i].count));
  return fold_slots(into, child);
}
