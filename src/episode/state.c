/* Saving and loading the desk: words, then every target from the longest unheard to the newest, so
 * that loading in this order makes the same list; the heap and the chains follow from the rest. */
#include <stdlib.h>

#include "base/hash.h"
#include "episode/desk_int.h"

static const uint32_t MAGIC = 0x31455250; /* "PRE1" */
static const size_t STATE_MAX = (size_t)1 << 31;
static const prac_time FAR = INT64_MAX / 2;

/* ---- writing ---- */

static void w_time(struct prac_wr *w, prac_time t)
{
  prac_wr_u64le(w, (uint64_t)t);
}

static void w_text(struct prac_wr *w, const char *s)
{
  size_t n = strlen(s);
  prac_wr_varint(w, n);
  prac_wr_bytes(w, s, n);
}

static void w_words(struct prac_wr *w, const struct epi_words *v)
{
  prac_wr_varint(w, v->n);
  for (uint32_t i = 1; i <= v->n; i++) w_text(w, v->v[i]);
}

static void w_run(struct prac_wr *w, const struct epi_run *r)
{
  const prac_time times[] = {r->first, r->last, r->heard, r->said, r->at, r->started};
  const uint64_t sums[] = {r->packets, r->bytes, r->lost, r->bin_max, r->said_bin_max, r->revision};
  prac_wr_u8(w, (uint8_t)(r->state | r->told << 2 | r->pending << 3 | (r->packets != 0) << 4));
  if (r->packets == 0) return;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(times); i++) w_time(w, times[i]);
  prac_wr_u64le(w, r->id);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(sums); i++) prac_wr_varint(w, sums[i]);
}

static void w_slot(struct prac_wr *w, const struct epi_slot *p)
{
  prac_wr_varint(w, p->sensor);
  prac_wr_varint(w, p->same);
  prac_wr_varint(w, p->packets);
  for (size_t i = 0; i < EPI_PROFILE_COUNT_; i++) prac_wr_varint(w, p->base[i]);
  prac_wr_u64le(w, p->payload);
  w_time(w, p->step);
  w_time(w, p->last);
  prac_wr_varint(w, p->pending);
  for (size_t i = 0; i < EPI_SLOT_STEPS; i++) prac_wr_varint(w, p->win[i]);
  prac_wr_u8(w, p->visits);
  prac_wr_u8(w, p->varied);
  prac_wr_u8(w, p->counts);
}

static void w_family(struct prac_wr *w, const struct epi_family *f)
{
  prac_wr_varint(w, f->n_hosts);
  for (uint32_t i = 0; i < f->n_hosts; i++) {
    prac_wr_bytes(w, f->hosts[i].ip.b, 16);
    prac_wr_varint(w, f->hosts[i].packets);
    prac_wr_varint(w, f->hosts[i].below);
    w_time(w, f->hosts[i].last);
  }
  prac_hll_write(&f->all, w);
  for (size_t i = 0; i < EPI_STARTS; i++) w_time(w, f->starts[i]);
  prac_wr_u32le(w, f->n_starts);
  prac_wr_varint(w, f->n_vectors);
  for (uint32_t i = 0; i < f->n_vectors; i++) prac_wr_varint(w, f->vectors[i]);
}

static void w_target(struct prac_wr *w, const struct epi_target *t)
{
  prac_wr_u8(w, t->kind);
  prac_wr_bytes(w, t->victim.b, 16);
  prac_wr_varint(w, t->vector);
  prac_wr_varint(w, t->port);
  prac_wr_u8(w, (uint8_t)(t->scanner | t->tester << 1));
  prac_wr_u64le(w, t->parent);
  w_time(w, t->step);
  w_time(w, t->minute);
  for (size_t i = 0; i < EPI_STEPS; i++) prac_wr_varint(w, t->win[i]);
  for (size_t i = 0; i < EPI_BINS; i++) prac_wr_varint(w, t->bin[i]);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(t->ttl); i++) prac_wr_u32le(w, t->ttl[i]);
  prac_wr_varint(w, t->ttl_min);
  prac_wr_varint(w, t->ttl_max);
  prac_wr_varint(w, t->ttl_count);
  prac_wr_varint(w, t->n_slots);
  for (uint32_t i = 0; i < t->n_slots; i++) w_slot(w, &t->slots[i]);
  prac_wr_varint(w, t->n_names);
  for (uint32_t i = 0; i < t->n_names; i++) {
    w_text(w, t->names[i].text);
    prac_wr_varint(w, t->names[i].count);
  }
  if (t->family) w_family(w, t->family);
  for (uint32_t i = 0; i < t->n_runs; i++) w_run(w, &t->run[i]);
}

static void w_repeats(struct prac_wr *w, const struct epi_desk *d)
{
  size_t n = 0;
  for (size_t i = 0; i < EPI_REPEATS; i++) n += d->repeats[i] != 0;
  prac_wr_varint(w, n);
  for (size_t i = 0; i < EPI_REPEATS; i++) {
    if (!d->repeats[i]) continue;
    prac_wr_varint(w, i);
    prac_wr_u64le(w, d->repeats[i]);
  }
}

static prac_rc write_all(const struct epi_desk *d, struct prac_wr *w)
{
  prac_wr_u32le(w, MAGIC);
  prac_wr_u32le(w, d->profiles);
  w_time(w, d->conf.window_ns);
  w_time(w, epi_slot_step_ns(d));
  w_time(w, d->now);
  w_words(w, &d->sensors);
  w_words(w, &d->vectors);
  w_repeats(w, d);
  prac_wr_varint(w, d->n);
  for (const struct epi_target *t = d->oldest; t && !w->bad; t = t->newer) w_target(w, t);
  prac_wr_u64le(w, prac_hash_bytes(MAGIC, w->base, prac_wr_len(w)));
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

prac_rc epi_desk_save(const struct epi_desk *d, uint8_t **ret, size_t *ret_len)
{
  for (size_t cap = 65536 + d->n * 640; cap <= STATE_MAX; cap *= 2) {
    uint8_t *mem = malloc(cap);
    if (!mem) return PRAC_NOMEM;
    struct prac_wr w = prac_wr_of(mem, cap);
    if (write_all(d, &w) == PRAC_OK) {
      *ret = mem;
      *ret_len = prac_wr_len(&w);
      return PRAC_OK;
    }
    free(mem);
  }
  return PRAC_FULL;
}

/* ---- reading: everything is checked, so that what loads also works ---- */

struct loader {
  struct prac_rd r;
  bool bad;     /* a value that cannot be */
  bool rings;   /* the windows' steps are still of the same length */
  bool no_room; /* out of memory */
};

static uint64_t number(struct loader *l, uint64_t most)
{
  uint64_t v = prac_rd_varint(&l->r);
  if (v > most) l->bad = true;
  return l->bad || l->r.bad ? 0 : v;
}

static prac_time moment(struct loader *l)
{
  prac_time t = (prac_time)prac_rd_u64le(&l->r);
  if (t < -FAR - 1 || t > FAR) l->bad = true;
  return l->bad ? 0 : t;
}

static char *text(struct loader *l, size_t most)
{
  size_t n = (size_t)number(l, most);
  const uint8_t *p = prac_rd_bytes(&l->r, n);
  if (!p || n == 0 || memchr(p, 0, n)) {
    l->bad = true;
    return NULL;
  }
  char *s = malloc(n + 1); /* not strndup: strict checkers look for an end behind the n bytes */
  if (!s) {
    l->no_room = true;
    return NULL;
  }
  memcpy(s, p, n);
  s[n] = '\0';
  return s;
}

static bool good(const struct loader *l)
{
  return !l->bad && !l->r.bad && !l->no_room;
}

static void r_words(struct epi_desk *d, struct loader *l, struct epi_words *to)
{
  uint32_t n = (uint32_t)number(l, EPI_WORDS_MAX - 1), id;
  for (uint32_t i = 1; i <= n && good(l); i++) {
    char *s = text(l, 63);
    if (s && epi_word(d, to, s, &id) != PRAC_OK) l->no_room = true;
    if (s && !l->no_room && id != i) l->bad = true; /* one of them twice */
    free(s);
  }
}

static uint64_t sum(struct loader *l)
{
  return number(l, UINT64_C(1) << 62);
}

static void r_run(struct loader *l, struct epi_run *r)
{
  uint8_t flags = prac_rd_u8(&l->r);
  r->state = flags & 3;
  r->told = (flags & 4) != 0;
  r->pending = (flags & 8) != 0;
  if (!(flags & 16)) { /* nothing seen */
    l->bad = l->bad || r->state != EPI_GATHERING;
    return;
  }
  prac_time *const times[] = {&r->first, &r->last, &r->heard, &r->said, &r->at, &r->started};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(times); i++) *times[i] = moment(l);
  r->id = prac_rd_u64le(&l->r);
  uint64_t *const sums[] = {&r->packets, &r->bytes, &r->lost, &r->bin_max, &r->said_bin_max};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(sums); i++) *sums[i] = sum(l);
  r->revision = (uint32_t)number(l, UINT32_MAX / 2);
  if (r->packets == 0 || r->first > r->last || r->state > EPI_ENDED) l->bad = true;
}

static void r_slot(const struct epi_desk *d, struct loader *l, struct epi_slot *p)
{
  p->sensor = (uint32_t)number(l, d->sensors.n);
  p->same = (uint32_t)number(l, UINT32_MAX);
  p->packets = sum(l);
  for (size_t i = 0; i < EPI_PROFILE_COUNT_; i++) p->base[i] = number(l, p->packets);
  p->payload = prac_rd_u64le(&l->r);
  p->step = moment(l);
  p->last = moment(l);
  p->pending = (uint32_t)number(l, UINT32_MAX);
  for (size_t i = 0; i < EPI_SLOT_STEPS; i++) p->win[i] = (uint16_t)number(l, UINT16_MAX);
  p->visits = prac_rd_u8(&l->r);
  p->varied = prac_rd_u8(&l->r);
  p->counts = prac_rd_u8(&l->r) != 0;
  if (l->rings) return;
  p->step = INT64_MIN / 2;
  memset(p->win, 0, sizeof p->win);
}

static void *room(struct loader *l, uint32_t n, size_t each)
{
  void *p = n ? calloc(n, each) : NULL;
  if (n && !p) l->no_room = true;
  return p;
}

static void r_hosts(struct loader *l, struct epi_family *f)
{
  uint32_t n = (uint32_t)number(l, EPI_HOSTS_MAX);
  f->hosts = room(l, n, sizeof *f->hosts);
  f->cap_hosts = f->hosts ? n : 0;
  for (uint32_t i = 0; i < n && good(l); i++) {
    struct epi_host *host = &f->hosts[f->n_hosts++];
    prac_rd_copy(&l->r, host->ip.b, 16);
    host->packets = sum(l);
    host->below = sum(l);
    host->last = moment(l);
  }
}

static void r_vectors(const struct epi_desk *d, struct loader *l, struct epi_family *f);

static void r_family(const struct epi_desk *d, struct loader *l, struct epi_family *f)
{
  r_hosts(l, f);
  if (good(l) && prac_hll_read(&f->all, &l->r) != PRAC_OK) l->bad = true;
  for (size_t i = 0; i < EPI_STARTS; i++) f->starts[i] = moment(l);
  f->n_starts = prac_rd_u32le(&l->r);
  r_vectors(d, l, f);
}

static uint32_t vector(const struct epi_desk *d, struct loader *l)
{
  uint32_t v = (uint32_t)number(l, EPI_VECTOR_PORT + 65535);
  if (v > d->vectors.n && v <= EPI_VECTOR_PORT) l->bad = true;
  return l->bad ? 0 : v;
}

static void r_vectors(const struct epi_desk *d, struct loader *l, struct epi_family *f)
{
  uint32_t n = (uint32_t)number(l, EPI_VECTORS_MAX);
  for (uint32_t i = 0; i < n && good(l); i++) f->vectors[f->n_vectors++] = vector(d, l);
}

static void r_names(struct loader *l, struct epi_target *t)
{
  uint32_t n = (uint32_t)number(l, EPI_NAMES_MAX);
  t->names = room(l, n, sizeof *t->names);
  t->cap_names = t->names ? n : 0;
  for (uint32_t i = 0; i < n && good(l); i++) {
    char *s = text(l, 127);
    if (s) t->names[t->n_names++] = (struct epi_name){s, sum(l)};
  }
}

static void r_rings(struct loader *l, struct epi_target *t)
{
  t->step = moment(l);
  t->minute = moment(l);
  for (size_t i = 0; i < EPI_STEPS; i++) t->win[i] = (uint16_t)number(l, UINT16_MAX);
  for (size_t i = 0; i < EPI_BINS; i++) t->bin[i] = (uint32_t)number(l, UINT32_MAX);
  for (size_t i = 0; i < PRAC_ARRAY_LEN(t->ttl); i++) t->ttl[i] = prac_rd_u32le(&l->r);
  t->ttl_min = (uint32_t)number(l, 255);
  t->ttl_max = (uint32_t)number(l, 255);
  t->ttl_count = (uint32_t)number(l, UINT32_MAX);
  if (l->rings) return;
  t->step = INT64_MIN / 2;
  memset(t->win, 0, sizeof t->win);
}

static void r_rest(struct epi_desk *d, struct loader *l, struct epi_target *t)
{
  t->port = (uint32_t)number(l, 65535);
  uint8_t flags = prac_rd_u8(&l->r);
  t->scanner = flags & 1;
  t->tester = (flags & 2) != 0;
  t->parent = prac_rd_u64le(&l->r);
  r_rings(l, t);
  uint32_t n = (uint32_t)number(l, EPI_SLOTS_MAX);
  t->slots = room(l, n, sizeof *t->slots);
  t->cap_slots = t->slots ? n : 0;
  for (uint32_t i = 0; i < n && good(l); i++) r_slot(d, l, &t->slots[t->n_slots++]);
  r_names(l, t);
  if (t->family) r_family(d, l, t->family);
  for (uint32_t i = 0; i < t->n_runs && good(l); i++) r_run(l, &t->run[i]);
}

static prac_rc r_target(struct epi_desk *d, struct loader *l)
{
  struct prac_ip ip;
  uint8_t bits, kind = prac_rd_u8(&l->r);
  struct epi_target *t;
  prac_rd_copy(&l->r, ip.b, 16);
  uint32_t v = vector(d, l);
  if (!good(l) || kind > EPI_MULTI || epi_target_find(d, kind, &ip, v)) return PRAC_DAMAGED;
  struct prac_ip prefix = epi_prefix_of(&ip, &bits);
  if (kind == EPI_CARPET && !prac_ip_eq(&prefix, &ip)) return PRAC_DAMAGED;
  PRAC_TRY(epi_target_add(d, kind, &ip, v, &t));
  r_rest(d, l, t);
  if (l->no_room) return PRAC_NOMEM;
  if (!good(l)) {
    for (uint32_t i = 0; i < t->n_runs; i++) t->run[i].state = EPI_GATHERING;
    return PRAC_DAMAGED;
  }
  for (uint32_t i = 0; i < t->n_runs; i++) d->n_open += t->run[i].state == EPI_OPEN;
  if (kind == EPI_SINGLE && t->run[0].state == EPI_OPEN) epi_victim_link(d, t);
  return epi_timer(d, t);
}

static prac_rc read_all(struct epi_desk *d, struct loader *l)
{
  if (prac_rd_u32le(&l->r) != MAGIC || prac_rd_u32le(&l->r) != d->profiles) return PRAC_DAMAGED;
  l->rings = (int64_t)prac_rd_u64le(&l->r) == d->conf.window_ns;
  l->rings = (int64_t)prac_rd_u64le(&l->r) == epi_slot_step_ns(d) && l->rings;
  prac_time now = (prac_time)prac_rd_u64le(&l->r);
  if (now != PRAC_TIME_NONE && (now < -FAR || now > FAR)) return PRAC_DAMAGED;
  d->now = now;
  r_words(d, l, &d->sensors);
  r_words(d, l, &d->vectors);
  size_t repeats = (size_t)number(l, EPI_REPEATS);
  for (size_t i = 0; i < repeats && good(l); i++) {
    size_t at = (size_t)number(l, EPI_REPEATS - 1);
    d->repeats[at] = prac_rd_u64le(&l->r);
  }
  uint64_t n = number(l, UINT64_C(1) << 24);
  for (uint64_t i = 0; i < n && good(l); i++) PRAC_TRY(r_target(d, l));
  if (l->no_room) return PRAC_NOMEM;
  return good(l) && prac_rd_left(&l->r) == 0 ? PRAC_OK : PRAC_DAMAGED;
}

prac_rc epi_desk_load(struct epi_desk *d, const void *data, size_t len)
{
  if (d->n) return PRAC_EXISTS;
  if (len < 8) return PRAC_DAMAGED;
  struct prac_rd tail = prac_rd_of((const uint8_t *)data + len - 8, 8);
  if (prac_rd_u64le(&tail) != prac_hash_bytes(MAGIC, data, len - 8)) return PRAC_DAMAGED;
  struct loader l = {.r = prac_rd_of(data, len - 8)};
  return read_all(d, &l);
}
