/* The same key at one sensor, at home and abroad: a surge that only one place sees is lost in the
 * sum of all, and one that home does not see yet is a warning. */
#include <stdlib.h>
#include <string.h>

#include "engine/surge/surge.h"

/* Of what established sensors saw; with the others when `all`. */
static void count(const struct surge_state *s, const struct surge_key *k, bool all,
                  double by[SURGE_SCOPES])
{
  memset(by, 0, SURGE_SCOPES * sizeof *by);
  surge_set_by_sensor(&k->est, s->home, by);
  if (all) surge_set_by_sensor(&k->other, s->home, by); /* who is in both counts twice: at home */
}

/* ---- history ---- */

static size_t row_length(const struct surge_state *s)
{
  return 1 + (size_t)s->conf->history;
}
size_t surge_row_bytes(const struct surge_state *s)
{
  return row_length(s) * sizeof(uint16_t);
}

static uint16_t *row_of(const struct surge_state *s, const struct surge_key *k, uint32_t scope)
{
  for (uint32_t i = 0; i < k->n_rows; i++)
    if (k->rows[i * row_length(s)] == scope) return k->rows + i * row_length(s);
  return NULL;
}

static uint16_t *row_new(struct surge_state *s, struct surge_key *k, uint32_t scope)
{
  size_t len = row_length(s), bytes = surge_row_bytes(s), at = 0;
  uint16_t *rows = realloc(k->rows, (k->n_rows + (size_t)1) * bytes);
  if (!rows) return NULL;
  k->rows = rows;
  while (at < k->n_rows && rows[at * len] < scope) at++;
  memmove(rows + (at + 1) * len, rows + at * len, (k->n_rows - at) * bytes);
  memset(rows + at * len, 0, bytes);
  rows[at * len] = (uint16_t)scope;
  k->n_rows++;
  s->room.bytes += bytes;
  return rows + at * len;
}

/* The row of a scope that has so many senders; NULL: too few to begin one, or no room. */
static uint16_t *row_for(struct surge_state *s, struct surge_key *k, uint32_t scope, double senders)
{
  uint16_t *row = row_of(s, k, scope);
  if (row || senders < SURGE_ROW) return row;
  if (s->room.bytes + surge_row_bytes(s) <= s->room.max_bytes) return row_new(s, k, scope);
  s->room.refused++;
  return NULL;
}

void surge_scopes_turn(struct surge_state *s, struct surge_key *k)
{
  double by[SURGE_SCOPES];
  size_t len = row_length(s);
  uint32_t scopes = s->home ? SURGE_SCOPES : SURGE_HOME;
  for (uint32_t i = 0; i < k->n_rows; i++) k->rows[i * len + 1 + s->head] = 0;
  bool few = !k->est.many && !k->other.many && k->est.n + k->other.n < SURGE_ROW;
  if (few && k->n_rows == 0) return;
  count(s, k, true, by);
  for (uint32_t scope = 0; scope < scopes; scope++) {
    uint16_t *row = row_for(s, k, scope, by[scope]);
    if (row) row[1 + s->head] = by[scope] < UINT16_MAX ? (uint16_t)by[scope] : UINT16_MAX;
  }
}

/* ---- judging ---- */

/* up: the slots that count, bit i the one i + 1 slots before this. */
static uint32_t row_read(const struct surge_state *s, const uint16_t *row, uint64_t up,
                         double hist[SURGE_HISTORY_MAX])
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->n_hist; i++)
    if (up >> i & 1) hist[n++] = row ? row[1 + (s->head + i) % (uint32_t)s->conf->history] : 0;
  return n;
}

void surge_add_missing(const struct surge_state *s, const struct surge_key *k, uint64_t scopes,
                       double *hist)
{
  double own[SURGE_HISTORY_MAX], work[SURGE_HISTORY_MAX];
  for (uint32_t r = 0; r < k->n_rows; r++) {
    const uint16_t *row = k->rows + r * row_length(s);
    if (row[0] >= SURGE_NAMED || !(scopes >> row[0] & 1)) continue;
    const struct surge_sensor *x = &s->sensors[row[0]];
    uint32_t n = x->established && x->heard ? row_read(s, row, x->up, own) : 0;
    if (n == 0 || n == s->n_hist) continue;
    double usual = math_usual_of(own, n, work).median;
    for (uint32_t i = 0; i < s->n_hist; i++) hist[i] += x->up >> i & 1 ? 0 : usual;
  }
}

/* sensors: those that the scope is the sum of, and that may have been away; 0: it is one. */
static bool judged(const struct surge_state *s, const struct surge_key *k, uint32_t scope,
                   uint64_t up, uint64_t sensors, struct surge_judged *j)
{
  double hist[SURGE_HISTORY_MAX], work[SURGE_HISTORY_MAX];
  uint32_t n = row_read(s, row_of(s, k, scope), up, hist);
  if (n < (uint32_t)s->conf->min_history) return false;
  surge_add_missing(s, k, sensors, hist);
  j->usual = math_usual_of(hist, n, work);
  j->z = math_robust_z(j->value, j->usual, 1);
  j->scope = (uint8_t)scope;
  return true;
}

bool surge_sensor_judged(const struct surge_state *s, const struct surge_key *k,
                         struct surge_judged *j)
{
  double by[SURGE_SCOPES];
  bool any = false;
  if (s->n_sensors < 2 || s->conf->sensor_z <= 0) return false;
  count(s, k, false, by);
  for (uint32_t i = 0; i < s->n_sensors && i < SURGE_NAMED; i++) {
    struct surge_judged x = {.value = by[i]};
    if (!s->sensors[i].established || x.value < (double)s->conf->min_sources) continue;
    if (!judged(s, k, i, s->sensors[i].up, 0, &x) || x.z < s->conf->sensor_z) continue;
    if (any && x.z <= j->z) continue;
    *j = x;
    any = true;
  }
  return any;
}

/* That home does not see something is only said while nobody at home is away. */
static bool home_listens(const struct surge_state *s)
{
  bool any = false;
  for (uint32_t i = 0; i < s->n_sensors && i < SURGE_NAMED; i++) {
    if (!(s->home >> i & 1) || !s->sensors[i].established) continue;
    if (!s->sensors[i].heard) return false;
    any = true;
  }
  return any;
}

bool surge_abroad_judged(const struct surge_state *s, const struct surge_key *k,
                         struct surge_judged *j, struct surge_judged *home)
{
  double by[SURGE_SCOPES];
  if (!s->home || !home_listens(s)) return false;
  count(s, k, false, by);
  *j = (struct surge_judged){.value = by[SURGE_ABROAD]};
  *home = (struct surge_judged){.value = by[SURGE_HOME]};
  if (j->value < (double)s->conf->min_sources ||
      !judged(s, k, SURGE_ABROAD, UINT64_MAX, ~s->home, j))
    return false;
  return j->z >= s->conf->z && judged(s, k, SURGE_HOME, UINT64_MAX, s->home, home) &&
         home->z < s->conf->z / 2;
}

/* ---- restart ---- */

void surge_rows_save(const struct surge_state *s, const struct surge_key *k, struct prac_wr *w)
{
  prac_wr_u8(w, k->n_rows);
  for (uint32_t n = 0; n < k->n_rows; n++) {
    const uint16_t *row = k->rows + n * row_length(s);
    prac_wr_u8(w, (uint8_t)row[0]);
    for (uint32_t i = 0; i < s->n_hist; i++)
      prac_wr_varint(w, row[1 + (s->head + i) % (uint32_t)s->conf->history]);
  }
}

prac_rc surge_rows_load(struct surge_state *s, struct surge_key *k, struct prac_rd *r)
{
  uint32_t n = prac_rd_u8(r);
  int last = -1;
  for (uint32_t x = 0; x < n; x++) {
    uint8_t scope = prac_rd_u8(r);
    if (r->bad || scope >= SURGE_SCOPES || scope <= last) return PRAC_DAMAGED;
    last = scope;
    uint16_t *row = row_new(s, k, scope);
    if (!row) return PRAC_NOMEM;
    for (uint32_t i = 0; i < s->n_hist; i++) row[1 + i] = (uint16_t)prac_rd_varint(r);
  }
  return PRAC_OK;
}
