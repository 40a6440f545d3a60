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
static bool judged(const struct surge_state *s, const struct surge_key *k, uint32_t scope,
                   uint64_t up, struct surge_judged *j)
{
  double hist[SURGE_HISTORY_MAX], work[SURGE_HISTORY_MAX];
  const uint16_t *row = row_of(s, k, scope);
  uint32_t n = 0;
  for (uint32_t i = 0; i < s->n_hist; i++)
    if (up >> i & 1) hist[n++] = row ? row[1 + (s->head + i) % (uint32_t)s->conf->history] : 0;
  if (n < (uint32_t)s->conf->min_history) return false;
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
    if (!judged(s, k, i, s->sensors[i].up, &x) || x.z < s->conf->sensor_z) continue;
    if (any && x.z <= j->z) continue;
    *j = x;
    any = true;
  }
  return any;
}

static bool home_listens(const struct surge_state *s)
{
  for (uint32_t i = 0; i < s->n_sensors && i < SURGE_NAMED; i++)
    if (s->home >> i & 1 && s->sensors[i].established && s->sensors[i].heard > 0) return true;
  return false;
}

bool surge_abroad_judged(const struct surge_state *s, const struct surge_key *k,
                         struct surge_judged *j, struct surge_judged *home)
{
  double by[SURGE_SCOPES];
  if (!s->home || !home_listens(s)) return false;
  count(s, k, false, by);
  *j = (struct surge_judged){.value = by[SURGE_ABROAD]};
  *home = (struct surge_judged){.value = by[SURGE_HOME]};
  if (j->value < (double)s->conf->min_sources || !judged(s, k, SURGE_ABROAD, UINT64_MAX, j))
    return false;
  return j->z >= s->conf->z && judged(s, k, SURGE_HOME, UINT64_MAX, home) &&
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
