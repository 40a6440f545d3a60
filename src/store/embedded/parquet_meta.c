/* What a Parquet file says about itself: the footer's columns and row groups, and a page's header.
 * Only the fields that parquet.h needs are looked at, all others are skipped by their types. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/embedded/parquet.h"

enum { FOOTER_MAX = 64 << 20, GROUPS_MAX = 1 << 16, DEPTH = 8, TAIL = 8 };
enum { VALUES_MAX = 1 << 18 }; /* of a group; what we and DuckDB write has half as many at most */
enum { T_STOP, T_TRUE, T_FALSE, T_I8, T_I16, T_I32, T_I64, T_DOUBLE, T_BINARY, T_LIST };
enum { T_SET = T_LIST + 1, T_MAP, T_STRUCT };

/* ---- Thrift's compact protocol ---- */
static uint8_t byte(struct emb_thrift *t)
{
  if (t->at < t->end) return *t->at++;
  t->bad = true;
  return 0;
}

uint64_t emb_pq_varint(struct emb_thrift *t)
{
  uint64_t v = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    uint8_t b = byte(t);
    v |= (uint64_t)(b & 0x7f) << shift;
    if (!(b & 0x80)) return v;
  }
  t->bad = true;
  return 0;
}

int64_t emb_pq_zigzag(struct emb_thrift *t)
{
  uint64_t v = emb_pq_varint(t);
  return (int64_t)(v >> 1 ^ (0 - (v & 1)));
}

/* A struct's next field: its type, T_STOP at the end. *id: that of the one before, 0 at first. */
static uint8_t field(struct emb_thrift *t, int *id)
{
  uint8_t b = byte(t);
  if (t->bad || (b & 15) == T_STOP) return T_STOP;
  if (b >> 4)
    *id += b >> 4;
  else
    *id = (int)(emb_pq_zigzag(t) & 0x7fff);
  return b & 15;
}

static const uint8_t *binary(struct emb_thrift *t, size_t *n)
{
  uint64_t len = emb_pq_varint(t);
  const uint8_t *at = t->at;
  if (t->bad || len > (uint64_t)(t->end - t->at)) {
    t->bad = true;
    *n = 0;
    return at;
  }
  t->at += len;
  *n = (size_t)len;
  return at;
}

static uint64_t list(struct emb_thrift *t, uint8_t *type)
{
  uint8_t b = byte(t);
  *type = b & 15;
  uint64_t n = b >> 4 == 15 ? emb_pq_varint(t) : (uint64_t)(b >> 4);
  if (n > (uint64_t)(t->end - t->at)) t->bad = true; /* a member has at least a byte */
  return t->bad ? 0 : n;
}

static bool is_bool(uint8_t type)
{
  return type == T_TRUE || type == T_FALSE;
}

static bool is_int(uint8_t type)
{
  return type == T_I16 || type == T_I32 || type == T_I64;
}

static void skip(struct emb_thrift *t, uint8_t type, bool member, int depth);

static void skip_members(struct emb_thrift *t, uint8_t type, int depth)
{
  if (type == T_STRUCT) {
    int id = 0;
    for (uint8_t k; (k = field(t, &id)) != T_STOP;) skip(t, k, false, depth);
    return;
  }
  uint8_t of;
  uint64_t n = list(t, &of);
  for (uint64_t i = 0; i < n && !t->bad; i++) skip(t, of, true, depth);
}

static void skip(struct emb_thrift *t, uint8_t type, bool member, int depth)
{
  size_t n = 0, text;
  if (t->bad) return;
  if (is_bool(type))
    n = member; /* a field's value is in its type */
  else if (is_int(type))
    (void)emb_pq_varint(t);
  else if (type == T_I8 || type == T_DOUBLE)
    n = type == T_I8 ? 1 : 8;
  else if (type == T_BINARY)
    (void)binary(t, &text);
  else if ((type == T_LIST || type == T_SET || type == T_STRUCT) && depth < DEPTH)
    skip_members(t, type, depth + 1);
  else
    t->bad = true; /* no map in Parquet */
  while (n-- > 0) (void)byte(t);
}

/* ---- pages ---- */
static void data_page(struct emb_thrift *t, struct emb_pq_page *p)
{
  int id = 0;
  for (uint8_t k; (k = field(t, &id)) != T_STOP;) {
    if (id == 1 && is_int(k))
      p->values = (int32_t)emb_pq_zigzag(t);
    else if (id == 2 && is_int(k))
      p->encoding = (int32_t)emb_pq_zigzag(t);
    else
      skip(t, k, false, 0);
  }
}

void emb_pq_page_header(struct emb_thrift *t, struct emb_pq_page *ret)
{
  int id = 0;
  *ret = (struct emb_pq_page){.kind = -1, .encoding = -1};
  for (uint8_t k; (k = field(t, &id)) != T_STOP;) {
    if (id >= 1 && id <= 3 && is_int(k)) {
      int32_t v = (int32_t)emb_pq_zigzag(t);
      *(id == 1 ? &ret->kind : id == 2 ? &ret->size : &ret->packed) = v;
    } else if ((id == 5 || id == 7) && k == T_STRUCT) {
      data_page(t, ret); /* the same two fields in both */
    } else {
      skip(t, k, false, 0);
    }
  }
}

/* ---- the footer ---- */
static uint8_t type_of(int64_t v)
{
  return v == 1 ? EMB_PQ_INT32 : v == 2 ? EMB_PQ_INT64 : v == 6 ? EMB_PQ_TEXT : EMB_PQ_OTHER;
}

static void schema_element(struct emb_thrift *t, struct emb_pq_column *c, bool *children)
{
  int id = 0;
  size_t n;
  *c = (struct emb_pq_column){.optional = true};
  *children = false;
  for (uint8_t k; (k = field(t, &id)) != T_STOP;) {
    if (id == 1 && is_int(k)) {
      c->type = type_of(emb_pq_zigzag(t));
    } else if (id == 3 && is_int(k)) {
      int64_t how = emb_pq_zigzag(t);
      c->optional = how == 1;
      if (how == 2) t->bad = true; /* repeated */
    } else if (id == 4 && k == T_BINARY) {
      const uint8_t *name = binary(t, &n);
      if (n < sizeof c->name) memcpy(c->name, name, n);
    } else if (id == 5 && is_int(k)) {
      *children = emb_pq_zigzag(t) > 0;
    } else {
      skip(t, k, false, 0);
    }
  }
}

static void schema(struct emb_thrift *t, struct emb_pq *f)
{
  uint8_t type;
  uint64_t n = list(t, &type);
  struct emb_pq_column root;
  bool children;
  if (type != T_STRUCT || n < 2 || n > EMB_PQ_COLUMNS + 1) {
    t->bad = true;
    return;
  }
  schema_element(t, &root, &children);
  for (uint64_t i = 1; i < n && !t->bad; i++) {
    schema_element(t, &f->column[f->n_columns++], &children);
    if (children) t->bad = true;
  }
}

struct meta {
  int64_t codec, values, packed, data, dictionary;
  uint64_t lo, hi;
  size_t n_lo, n_hi; /* their bytes; 0: not told */
};

static uint64_t number(struct emb_thrift *t, size_t *ret_n)
{
  uint64_t v = 0;
  const uint8_t *at = binary(t, ret_n);
  if (*ret_n == 4 || *ret_n == 8)
    memcpy(&v, at, *ret_n);
  else
    *ret_n = 0;
  return v;
}

static void statistics(struct emb_thrift *t, struct meta *m)
{
  int id = 0;
  for (uint8_t k; (k = field(t, &id)) != T_STOP;) {
    if (id == 5 && k == T_BINARY)
      m->hi = number(t, &m->n_hi);
    else if (id == 6 && k == T_BINARY)
      m->lo = number(t, &m->n_lo);
    else
      skip(t, k, false, 0);
  }
}

/* Of numbers without a sign; ours all are (times before 1970 are not: told as if nothing were). */
static void range_of(const struct meta *m, uint8_t type, struct emb_pq_chunk *c)
{
  size_t width = type == EMB_PQ_INT32 ? 4 : type == EMB_PQ_INT64 ? 8 : 0;
  c->hi = UINT64_MAX;
  if (width == 0 || m->n_lo != width || m->n_hi != width || m->lo > m->hi) return;
  c->lo = m->lo;
  c->hi = m->hi;
}

static void column_meta(struct emb_thrift *t, struct meta *m)
{
  int id = 0;
  for (uint8_t k; (k = field(t, &id)) != T_STOP;) {
    int64_t *to = id == 4    ? &m->codec
                  : id == 5  ? &m->values
                  : id == 7  ? &m->packed
                  : id == 9  ? &m->data
                  : id == 11 ? &m->dictionary
                             : NULL;
    if (to && is_int(k))
      *to = emb_pq_zigzag(t);
    else if (id == 12 && k == T_STRUCT)
      statistics(t, m);
    else
      skip(t, k, false, 0);
  }
}

static void column_chunk(struct emb_thrift *t, const struct emb_pq *f, uint8_t type,
                         struct emb_pq_chunk *c)
{
  int id = 0;
  struct meta m = {.codec = -1, .values = -1};
  for (uint8_t k; (k = field(t, &id)) != T_STOP;) {
    if (id == 3 && k == T_STRUCT)
      column_meta(t, &m);
    else
      skip(t, k, false, 0);
  }
  int64_t at = m.dictionary > 0 && m.dictionary < m.data ? m.dictionary : m.data;
  if (at < 4 || m.packed < 0 || m.packed > f->size || at > f->size - m.packed || m.values < 0 ||
      m.values > VALUES_MAX || (m.codec != 0 && m.codec != 6))
    t->bad = true;
  *c = (struct emb_pq_chunk){
      .at = at, .bytes = m.packed, .values = (uint32_t)m.values, .codec = (uint8_t)m.codec};
  range_of(&m, type, c);
}

static void row_group(struct emb_thrift *t, const struct emb_pq *f, struct emb_pq_chunk *c)
{
  int id = 0;
  bool seen = false;
  for (uint8_t k; (k = field(t, &id)) != T_STOP;) {
    uint8_t type;
    if (id != 1 || k != T_LIST) {
      skip(t, k, false, 0);
      continue;
    }
    if (list(t, &type) != f->n_columns || type != T_STRUCT || seen) t->bad = true;
    seen = true;
    for (size_t i = 0; i < f->n_columns && !t->bad; i++)
      column_chunk(t, f, f->column[i].type, &c[i]);
  }
  if (!seen) t->bad = true;
}

static prac_rc row_groups(struct emb_thrift *t, struct emb_pq *f)
{
  uint8_t type;
  uint64_t n = list(t, &type);
  if (type != T_STRUCT || n > GROUPS_MAX || f->n_columns == 0 || f->chunk) t->bad = true;
  if (t->bad) return PRAC_UNSUPPORTED;
  f->chunk = calloc((size_t)n * f->n_columns + 1, sizeof *f->chunk);
  if (!f->chunk) return PRAC_NOMEM;
  f->n_groups = (size_t)n;
  for (size_t i = 0; i < f->n_groups && !t->bad; i++) row_group(t, f, &f->chunk[i * f->n_columns]);
  for (size_t i = 0; i < f->n_groups * f->n_columns; i++)
    if (f->chunk[i].values != f->chunk[i - i % f->n_columns].values) t->bad = true;
  return PRAC_OK;
}

static prac_rc file_meta(struct emb_thrift *t, struct emb_pq *f)
{
  int id = 0;
  for (uint8_t k; (k = field(t, &id)) != T_STOP;) {
    if (id == 2 && k == T_LIST && f->n_columns == 0)
      schema(t, f);
    else if (id == 4 && k == T_LIST)
      PRAC_TRY(row_groups(t, f));
    else
      skip(t, k, false, 0);
  }
  return t->bad || !f->chunk ? PRAC_UNSUPPORTED : PRAC_OK;
}

static prac_rc footer(struct emb_pq *f)
{
  uint8_t tail[TAIL], *text;
  struct stat st;
  if (fstat(f->fd, &st) != 0 || st.st_size < 4 + TAIL) return PRAC_UNSUPPORTED;
  f->size = st.st_size;
  if (pread(f->fd, tail, TAIL, f->size - TAIL) != TAIL || memcmp(tail + 4, "PAR1", 4) != 0)
    return PRAC_UNSUPPORTED;
  uint32_t n;
  memcpy(&n, tail, sizeof n);
  if (n > FOOTER_MAX || (int64_t)n > f->size - TAIL - 4) return PRAC_UNSUPPORTED;
  text = malloc(n + 1);
  if (!text) return PRAC_NOMEM;
  struct emb_thrift t = {text, text + n, false};
  prac_rc rc =
      pread(f->fd, text, n, f->size - TAIL - n) == (ssize_t)n ? file_meta(&t, f) : PRAC_UNSUPPORTED;
  free(text);
  return rc;
}

prac_rc emb_pq_open(struct emb_pq *f, const char *path)
{
  memset(f, 0, sizeof *f);
  f->fd = open(path, O_RDONLY | O_CLOEXEC);
  prac_rc rc = f->fd < 0 ? PRAC_UNSUPPORTED : footer(f);
  if (rc != PRAC_OK) emb_pq_done(f);
  return rc;
}

void emb_pq_done(struct emb_pq *f)
{
  if (f->fd >= 0) (void)close(f->fd);
  f->fd = -1;
  free(f->chunk);
  f->chunk = NULL;
  f->n_groups = f->n_columns = 0;
}

size_t emb_pq_find(const struct emb_pq *f, const char *name)
{
  size_t i = 0;
  while (i < f->n_columns && strcmp(f->column[i].name, name) != 0) i++;
  return i;
}
