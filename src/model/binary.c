/* Records to and from bytes, and deep copies, by walking the table. */
#include <stdlib.h>
#include <string.h>

#include "model/field.h"

enum { MAGIC = 0xb5 };

static void put_bytes(struct prac_wr *w, const void *p, size_t n)
{
  prac_wr_varint(w, n);
  prac_wr_bytes(w, p, n);
}

static void put_str(struct prac_wr *w, const char *s)
{
  put_bytes(w, s ? s : "", s ? strlen(s) : 0);
}

static void put_strs(struct prac_wr *w, const struct model_strs *v)
{
  prac_wr_varint(w, v->n);
  for (uint32_t i = 0; i < v->n; i++) put_str(w, v->v[i]);
}

static void put_ports(struct prac_wr *w, const struct model_ports *v)
{
  prac_wr_varint(w, v->n);
  for (uint32_t i = 0; i < v->n; i++) {
    prac_wr_u16le(w, v->v[i].port);
    prac_wr_u8(w, v->v[i].proto);
  }
}

static void put_ips(struct prac_wr *w, const struct model_ips *v)
{
  prac_wr_varint(w, v->n);
  prac_wr_bytes(w, v->v, v->n * sizeof *v->v);
}

static void put_field(struct prac_wr *w, enum model_type type, const void *p)
{
  uint64_t bits;
  switch (type) {
  case MODEL_BOOL:
    prac_wr_u8(w, *(const bool *)p);
    break;
  case MODEL_U32:
    prac_wr_varint(w, *(const uint32_t *)p);
    break;
  case MODEL_U64:
    prac_wr_varint(w, *(const uint64_t *)p);
    break;
  case MODEL_HEX:
  case MODEL_I64:
  case MODEL_F64:
  case MODEL_TIME:
    memcpy(&bits, p, sizeof bits);
    prac_wr_u64le(w, bits);
    break;
  case MODEL_IP:
    prac_wr_bytes(w, p, sizeof(struct prac_ip));
    break;
  case MODEL_STR:
    put_str(w, *(const char *const *)p);
    break;
  case MODEL_STRS:
    put_strs(w, p);
    break;
  case MODEL_IPS:
    put_ips(w, p);
    break;
  case MODEL_PORTS:
    put_ports(w, p);
    break;
  case MODEL_BYTES:
    put_bytes(w, ((const struct model_bytes *)p)->v, ((const struct model_bytes *)p)->n);
    break;
  case MODEL_TYPE_COUNT_:
    break;
  }
}

prac_rc model_to_binary(const struct model_kind *k, const void *rec, struct prac_wr *w)
{
  prac_wr_u8(w, MAGIC);
  prac_wr_varint(w, k->version);
  prac_wr_varint(w, k->n_fields);
  for (size_t i = 0; i < k->n_fields; i++)
    put_field(w, k->fields[i].type, (const char *)rec + k->fields[i].offset);
  return w->bad ? PRAC_NOSPACE : PRAC_OK;
}

/* ---- reading ---- */

static const char *get_str(struct prac_rd *r, struct prac_arena *a)
{
  size_t n = prac_rd_varint(r);
  const uint8_t *p = prac_rd_bytes(r, n);
  if (!p || memchr(p, 0, n)) return NULL;
  return prac_arena_strndup(a, (const char *)p, n);
}

/* A count that the bytes left can hold, at `least` bytes each. */
static bool get_count(struct prac_rd *r, size_t least, uint32_t *ret)
{
  uint64_t n = prac_rd_varint(r);
  if (r->bad || n > prac_rd_left(r) / least) return false;
  *ret = (uint32_t)n;
  return true;
}

static bool get_strs(struct prac_rd *r, struct prac_arena *a, struct model_strs *ret)
{
  uint32_t n;
  if (!get_count(r, 1, &n)) return false;
  const char **v = prac_arena_alloc(a, n * sizeof *v + 1);
  if (!v) return false;
  for (uint32_t i = 0; i < n; i++)
    if (!(v[i] = get_str(r, a))) return false;
  *ret = (struct model_strs){v, n};
  return true;
}

static bool get_ips(struct prac_rd *r, struct prac_arena *a, struct model_ips *ret)
{
  uint32_t n;
  if (!get_count(r, sizeof(struct prac_ip), &n)) return false;
  struct prac_ip *v = prac_arena_alloc(a, n * sizeof *v + 1);
  if (!v) return false;
  prac_rd_copy(r, v, n * sizeof *v);
  *ret = (struct model_ips){v, n};
  return true;
}

static bool get_ports(struct prac_rd *r, struct prac_arena *a, struct model_ports *ret)
{
  uint32_t n;
  if (!get_count(r, 3, &n)) return false;
  struct model_port *v = prac_arena_alloc(a, n * sizeof *v + 1);
  if (!v) return false;
  for (uint32_t i = 0; i < n; i++) {
    v[i].port = prac_rd_u16le(r);
    v[i].proto = prac_rd_u8(r);
  }
  *ret = (struct model_ports){v, n};
  return true;
}

static bool get_bytes(struct prac_rd *r, struct prac_arena *a, struct model_bytes *ret)
{
  uint32_t n;
  if (!get_count(r, 1, &n) || n > MODEL_BYTES_MAX) return false;
  uint8_t *v = prac_arena_alloc(a, (size_t)n + 1);
  if (!v) return false;
  prac_rd_copy(r, v, n);
  *ret = (struct model_bytes){v, n};
  return true;
}

static bool get_field(struct prac_rd *r, enum model_type type, struct prac_arena *a, void *p)
{
  uint64_t bits;
  switch (type) {
  case MODEL_BOOL:
    *(bool *)p = prac_rd_u8(r) != 0;
    return true;
  case MODEL_U32:
    bits = prac_rd_varint(r);
    *(uint32_t *)p = (uint32_t)bits;
    return bits <= UINT32_MAX;
  case MODEL_U64:
    *(uint64_t *)p = prac_rd_varint(r);
    return true;
  case MODEL_HEX:
  case MODEL_I64:
  case MODEL_F64:
  case MODEL_TIME:
    bits = prac_rd_u64le(r);
    memcpy(p, &bits, sizeof bits);
    return true;
  case MODEL_IP:
    prac_rd_copy(r, p, sizeof(struct prac_ip));
    return true;
  case MODEL_STR:
    return (*(const char **)p = get_str(r, a)) != NULL;
  case MODEL_STRS:
    return get_strs(r, a, p);
  case MODEL_IPS:
    return get_ips(r, a, p);
  case MODEL_PORTS:
    return get_ports(r, a, p);
  case MODEL_BYTES:
    return get_bytes(r, a, p);
  case MODEL_TYPE_COUNT_:
    break;
  }
  return false;
}

/* Fields are only ever added at the end: an older writer's record has fewer, and the rest reads as
 * nothing; a newer writer's extra ones are not understood and are refused. */
prac_rc model_from_binary(const struct model_kind *k, struct prac_rd *r, struct prac_arena *a,
                          void *ret_rec)
{
  uint8_t magic = prac_rd_u8(r);
  uint64_t version = prac_rd_varint(r), n = prac_rd_varint(r);
  if (r->bad) return PRAC_TRUNCATED;
  if (magic != MAGIC) return PRAC_MALFORMED;
  if (version > k->version || n > k->n_fields) return PRAC_UNSUPPORTED;
  memset(ret_rec, 0, k->size);
  for (size_t i = 0; i < k->n_fields; i++) {
    void *p = (char *)ret_rec + k->fields[i].offset;
    if (k->fields[i].type == MODEL_STR) *(const char **)p = "";
    if (k->fields[i].type == MODEL_TIME) *(prac_time *)p = PRAC_TIME_NONE;
    if (i < n && !get_field(r, k->fields[i].type, a, p)) return PRAC_MALFORMED;
    if (r->bad) return PRAC_TRUNCATED;
  }
  return PRAC_OK;
}

/* ---- copy: what is borrowed is made anew in the arena ---- */

static void *copied(const void *from, size_t n, struct prac_arena *a)
{
  void *to = prac_arena_alloc(a, n + 1);
  if (to && n) memcpy(to, from, n);
  return to;
}

static bool copy_field(const struct model_field *f, void *rec, struct prac_arena *a)
{
  void *p = (char *)rec + f->offset;
  if (f->type == MODEL_STR) {
    const char *s = *(const char **)p ? *(const char **)p : "";
    return (*(const char **)p = prac_arena_strndup(a, s, strlen(s))) != NULL;
  }
  if (f->type == MODEL_STRS) {
    struct model_strs *v = p;
    const char **to = prac_arena_alloc(a, v->n * sizeof *to + 1);
    for (uint32_t i = 0; to && i < v->n; i++)
      if (!(to[i] = prac_arena_strndup(a, v->v[i], strlen(v->v[i])))) return false;
    v->v = to;
    return to != NULL;
  }
  if (f->type == MODEL_IPS) {
    struct model_ips *v = p;
    return (v->v = copied(v->v, v->n * sizeof *v->v, a)) != NULL;
  }
  if (f->type == MODEL_PORTS) {
    struct model_ports *v = p;
    return (v->v = copied(v->v, v->n * sizeof *v->v, a)) != NULL;
  }
  if (f->type == MODEL_BYTES) {
    struct model_bytes *v = p;
    return (v->v = copied(v->v, v->n, a)) != NULL;
  }
  return true;
}

prac_rc model_copy(const struct model_kind *k, const void *rec, struct prac_arena *a, void *ret_rec)
{
  memmove(ret_rec, rec, k->size);
  for (size_t i = 0; i < k->n_fields; i++)
    if (!copy_field(&k->fields[i], ret_rec, a)) return PRAC_NOMEM;
  return PRAC_OK;
}
