/* Countries, ports and networks with their history, and sensors with their uptime. A key that has
 * had no sender in the whole history is forgotten, so scans over all ports leave nothing behind. */
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "engine/surge/surge.h"

enum { FIRST_CAP = 256 };

static uint32_t slot_of(const struct surge_state *s, uint64_t what)
{
  uint32_t i = (uint32_t)prac_hash_keyed(s->room.seed, what, 0) & (s->n_slots - 1);
  while (s->slots[i].at && s->slots[i].what != what) i = (i + 1) & (s->n_slots - 1);
  return i;
}

static void index_all(struct surge_state *s)
{
  memset(s->slots, 0, s->n_slots * sizeof *s->slots);
  for (uint32_t i = 0; i < s->n_keys; i++)
    s->slots[slot_of(s, s->keys[i].what)] = (struct surge_slot){s->keys[i].what, i + 1};
}

static bool grow(struct surge_state *s)
{
  uint32_t cap = s->cap_keys ? s->cap_keys * 2 : FIRST_CAP;
  struct surge_key *keys = realloc(s->keys, cap * sizeof *keys);
  if (!keys) return false;
  s->keys = keys;
  struct surge_slot *slots = calloc((size_t)cap * 2, sizeof *slots);
  if (!slots) return false;
  free(s->slots);
  s->slots = slots;
  s->n_slots = cap * 2;
  s->cap_keys = cap;
  index_all(s);
  return true;
}

static size_t key_bytes(const struct surge_state *s)
{
  return sizeof(struct surge_key) + (size_t)s->conf->history * sizeof(uint32_t);
}

struct surge_key *surge_key_find(const struct surge_state *s, uint64_t what)
{
  uint32_t at = s->n_slots ? s->slots[slot_of(s, what)].at : 0;
  return at ? &s->keys[at - 1] : NULL;
}

struct surge_key *surge_key_touch(struct surge_state *s, uint64_t what)
{
  struct surge_key *old = surge_key_find(s, what);
  if (old) return old;
  if (s->n_keys >= (uint32_t)s->conf->max_keys) return NULL;
  if (s->n_keys == s->cap_keys && !grow(s)) return NULL;
  uint32_t *hist = calloc((size_t)s->conf->history, sizeof *hist);
  if (!hist) return NULL;
  struct surge_key *k = &s->keys[s->n_keys++];
  *k = (struct surge_key){.what = what, .hist = hist};
  s->slots[slot_of(s, what)] = (struct surge_slot){what, s->n_keys};
  s->room.bytes += key_bytes(s);
  return k;
}

static void key_done(struct surge_state *s, struct surge_key *k)
{
  surge_set_done(&k->est, &s->room);
  surge_set_done(&k->other, &s->room);
  free(k->hist);
  free(k->rows);
  s->room.bytes -= key_bytes(s) + k->n_rows * surge_row_bytes(s);
}

void surge_keys_done(struct surge_state *s)
{
  for (uint32_t i = 0; i < s->n_keys; i++) key_done(s, &s->keys[i]);
  free(s->keys);
  free(s->slots);
  s->keys = NULL;
  s->slots = NULL;
  s->n_keys = s->cap_keys = s->n_slots = 0;
}

prac_rc surge_key_total(const struct surge_state *s, const struct surge_key *k, uint64_t *ret)
{
  return surge_set_union(&k->est, &k->other, &s->room, ret);
}

static bool is_idle(const struct surge_state *s, const struct surge_key *k)
{
  if (k->on || k->abroad_on) return false;
  for (uint32_t i = 0; i < s->n_hist; i++)
    if (k->hist[(s->head + i) % (uint32_t)s->conf->history]) return false;
  return true;
}

/* Is enough of the slot known to be an example of what is usual? */
static bool is_complete(const struct surge_state *s)
{
  int64_t all = s->conf->slot_ns / s->conf->evaluate_ns; /* the settings hold it to a multiple */
  return s->intervals >= s->conf->complete * (double)all;
}

void surge_keys_turn(struct surge_state *s)
{
  uint32_t len = (uint32_t)s->conf->history, kept = 0;
  bool complete = is_complete(s);
  if (complete) {
    s->head = (s->head + len - 1) % len;
    if (s->n_hist < len) s->n_hist++;
  }
  for (uint32_t i = 0; i < s->n_keys; i++) {
    struct surge_key *k = &s->keys[i];
    uint64_t total = 0;
    if (complete && surge_key_total(s, k, &total) != PRAC_OK) total = surge_set_count(&k->est);
    if (complete) surge_scopes_turn(s, k);
    if (complete) k->hist[s->head] = total < UINT32_MAX ? (uint32_t)total : UINT32_MAX;
    surge_set_done(&k->est, &s->room);
    surge_set_done(&k->other, &s->room);
    k->packets = k->sensors = k->country = 0;
    k->said = k->abroad_said = 0;
    k->holds = k->abroad_holds = false;
    if (is_idle(s, k))
      key_done(s, k);
    else
      s->keys[kept++] = *k;
  }
  s->n_keys = kept;
  if (s->n_slots) index_all(s);
}

void surge_key_history(const struct surge_state *s, const struct surge_key *k, double *out)
{
  for (uint32_t i = 0; i < s->n_hist; i++)
    out[i] = k->hist[(s->head + i) % (uint32_t)s->conf->history];
}

/* ---- sensors ---- */

struct surge_sensor *surge_sensor_named(struct surge_state *s, const char *name)
{
  for (uint32_t i = 0; i < s->n_sensors; i++)
    if (strcmp(s->sensors[i].name, name) == 0) return &s->sensors[i];
  if (s->n_sensors == SURGE_SENSORS || strlen(name) >= SURGE_SENSOR_NAME) return NULL;
  struct surge_sensor *x = &s->sensors[s->n_sensors++];
  *x = (struct surge_sensor){.established = s->n_hist < (uint32_t)s->conf->min_history};
  memcpy(x->name, name, strlen(name) + 1);
  for (size_t i = 0; i < s->conf->home.n && s->n_sensors <= SURGE_NAMED; i++)
    if (strcmp(s->conf->home.v[i], name) == 0) s->home |= UINT64_C(1) << (s->n_sensors - 1);
  return x;
}

/* Before surge_keys_turn. A sensor counts when it was up in the share `established` of the history:
 * with half, the median of a key is then of slots with this sensor. */
void surge_sensors_turn(struct surge_state *s)
{
  bool complete = is_complete(s);
  uint32_t len = (uint32_t)s->conf->history;
  uint32_t n = complete && s->n_hist < len ? s->n_hist + 1 : s->n_hist;
  uint64_t mask = len < 64 ? (UINT64_C(1) << len) - 1 : UINT64_MAX;
  for (uint32_t i = 0; i < s->n_sensors; i++) {
    struct surge_sensor *x = &s->sensors[i];
    bool up = x->heard > 0 && x->heard >= s->conf->complete * s->intervals;
    if (complete) x->up = (x->up << 1 | up) & mask;
    double share = (double)__builtin_popcountll(x->up);
    x->established = n < (uint32_t)s->conf->min_history || share >= s->conf->established * n;
    x->heard = 0;
  }
  if (s->geo_age < UINT32_MAX && complete) s->geo_age++;
}
