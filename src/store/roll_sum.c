/* Adding up roll-ups: sorted lists are merged two and two of like size, so that sixty deltas of an
 * hour cost six passes and not sixty. */
#include <stdlib.h>
#include <string.h>

#include "store/roll.h"

enum { LEVELS = 40 };
struct entry {
  struct store_roll_row r;
  struct store_sketch s;
};
struct list {
  struct entry *e;
  size_t n;
};
struct store_roll_sum {
  struct list level[LEVELS]; /* level i: the sum of 2^i roll-ups, or nothing */
};

static void list_done(struct list *l)
{
  for (size_t i = 0; l->e && i < l->n; i++) store_sketch_done(&l->e[i].s);
  free(l->e);
  *l = (struct list){0};
}

struct store_roll_sum *store_roll_sum_new(void)
{
  return calloc(1, sizeof(struct store_roll_sum));
}

void store_roll_sum_free(struct store_roll_sum **sp)
{
  if (!sp || !*sp) return;
  for (size_t i = 0; i < LEVELS; i++) list_done(&(*sp)->level[i]);
  free(*sp);
  *sp = NULL;
}

/* b is added to a; both are used up. */
static prac_rc add_lists(struct list *a, struct list *b, struct list *ret)
{
  struct list out = {.e = calloc(a->n + b->n + 1, sizeof *out.e)};
  prac_rc rc = out.e ? PRAC_OK : PRAC_NOMEM;
  size_t i = 0, k = 0;
  while (rc == PRAC_OK && (i < a->n || k < b->n)) {
    struct entry *to = &out.e[out.n++];
    if (k == b->n || (i < a->n && a->e[i].r.key < b->e[k].r.key)) {
      *to = a->e[i];
      a->e[i++].s = (struct store_sketch){0};
    } else if (i == a->n || b->e[k].r.key < a->e[i].r.key) {
      *to = b->e[k];
      b->e[k++].s = (struct store_sketch){0};
    } else {
      *to = a->e[i];
      a->e[i++].s = (struct store_sketch){0};
      to->r.packets += b->e[k].r.packets;
      to->r.flows += b->e[k].r.flows;
      to->r.bytes += b->e[k].r.bytes;
      rc = store_sketch_merge(&to->s, &b->e[k++].s);
    }
  }
  list_done(a);
  list_done(b);
  if (rc != PRAC_OK) list_done(&out);
  *ret = out;
  return rc;
}

static prac_rc decode(struct store_roll_rd *r, struct store_roll_sk *k, struct list *l)
{
  struct store_roll_row row;
  prac_rc rc;
  while ((rc = store_roll_next(r, &row)) == PRAC_OK) {
    if (l->n > 0 && row.key <= l->e[l->n - 1].r.key) return PRAC_DAMAGED;
    l->e[l->n].r = row;
    l->n++;
    PRAC_TRY(store_roll_sk_read(k, l->n - 1, &l->e[l->n - 1].s));
  }
  return rc == PRAC_END ? PRAC_OK : rc;
}

static prac_rc read_list(const void *counts, size_t n_counts, const void *sketch, size_t n_sketch,
                         struct list *ret)
{
  struct store_roll_rd r;
  struct store_roll_sk k;
  PRAC_TRY(store_roll_rd_of(counts, n_counts, &r));
  PRAC_TRY(store_roll_sk_of(sketch, n_sketch, &k));
  struct list l = {.e = calloc((size_t)r.left + 1, sizeof *l.e)};
  prac_rc rc = l.e ? decode(&r, &k, &l) : PRAC_NOMEM;
  store_roll_sk_done(&k);
  if (rc != PRAC_OK) list_done(&l);
  *ret = l;
  return rc;
}

prac_rc store_roll_sum_add(struct store_roll_sum *s, const void *counts, size_t n_counts,
                           const void *sketch, size_t n_sketch)
{
  struct list l = {0};
  PRAC_TRY(read_list(counts, n_counts, sketch, n_sketch, &l));
  size_t i = 0;
  for (; i + 1 < LEVELS && s->level[i].e; i++) PRAC_TRY(add_lists(&s->level[i], &l, &l));
  s->level[i] = l;
  return PRAC_OK;
}

static prac_rc fold(struct store_roll_sum *s, struct list *ret)
{
  struct list l = {0};
  for (size_t i = 0; i < LEVELS; i++)
    if (s->level[i].e) PRAC_TRY(add_lists(&s->level[i], &l, &l));
  *ret = l;
  return PRAC_OK;
}

static size_t sketch_bytes(const struct store_sketch *s)
{
  return s->dense ? STORE_SKETCH_BINARY_MAX : 2 + 4 * (size_t)s->n;
}

static prac_rc pack_sketches(const struct list *l, struct store_roll_blob *ret)
{
  size_t raw = 0, chunks = (l->n + STORE_ROLL_CHUNK - 1) / STORE_ROLL_CHUNK;
  for (size_t i = 0; i < l->n; i++) raw += sketch_bytes(&l->e[i].s);
  uint8_t *plain = malloc(raw + 1);
  size_t *cut = calloc(chunks + 1, sizeof *cut);
  prac_rc rc = plain && cut ? PRAC_OK : PRAC_NOMEM;
  struct prac_wr w = prac_wr_of(plain, plain ? raw : 0);
  for (size_t i = 0; i < l->n && rc == PRAC_OK; i++) {
    store_sketch_write(&l->e[i].s, &w);
    cut[i / STORE_ROLL_CHUNK] = prac_wr_len(&w);
  }
  if (rc == PRAC_OK) rc = store_roll_pack(plain, cut, chunks, ret);
  free(plain);
  free(cut);
  return rc;
}

static prac_rc put_counts(const struct list *l, struct store_roll_blob *ret)
{
  size_t room = 10 + l->n * 40;
  ret->counts = malloc(room);
  if (!ret->counts) return PRAC_NOMEM;
  struct prac_wr w = prac_wr_of(ret->counts, room);
  prac_wr_varint(&w, l->n);
  uint64_t last = 0;
  for (size_t i = 0; i < l->n; i++) {
    const struct store_roll_row *r = &l->e[i].r;
    prac_wr_varint(&w, r->key - last);
    prac_wr_varint(&w, r->packets);
    prac_wr_varint(&w, r->flows);
    prac_wr_varint(&w, r->bytes);
    last = r->key;
  }
  ret->n_counts = prac_wr_len(&w);
  return PRAC_OK;
}

prac_rc store_roll_sum_blob(struct store_roll_sum *s, struct store_roll_blob *ret)
{
  struct list l = {0};
  *ret = (struct store_roll_blob){0};
  PRAC_TRY(fold(s, &l));
  prac_rc rc = put_counts(&l, ret);
  if (rc == PRAC_OK) rc = pack_sketches(&l, ret);
  list_done(&l);
  if (rc != PRAC_OK) store_roll_blob_done(ret);
  return rc;
}
