/* What a stanza does with a request. Everything is read through a cursor; a request that is too
 * short for a condition does not meet it. */
#include <string.h>

#include "base/hash.h"
#include "honeypot/stanza.h"

enum { ANYWHERE_MAX = 512 };

static uint8_t lower(uint8_t c)
{
  return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool equal(const struct hp_match *m, const uint8_t *p)
{
  for (uint32_t i = 0; i < m->n; i++) {
    uint8_t have = m->mask ? p[i] & m->mask[i] : p[i], want = m->bytes[i];
    if (m->kind == HP_MATCH_ANY_CASE) have = lower(have), want = lower(want);
    if (have != want) return false;
  }
  return true;
}

/* Moves r to where the bytes of m stand; false: not within its first 512. */
static bool find(struct prac_rd *r, const struct hp_match *m)
{
  for (int i = 0; i < ANYWHERE_MAX; i++) {
    struct prac_rd here = *r;
    const uint8_t *p = prac_rd_bytes(&here, m->n);
    if (!p) return false;
    if (equal(m, p)) return true;
    prac_rd_skip(r, 1);
  }
  return false;
}

static bool holds(const struct hp_match *m, struct prac_rd r)
{
  if (m->kind != HP_MATCH_ANYWHERE) {
    prac_rd_skip(&r, m->at);
    const uint8_t *p = prac_rd_bytes(&r, m->n);
    return p && equal(m, p) != m->differs;
  }
  return find(&r, m);
}

static bool one_of(const struct hp_alternative *v, size_t n, const struct prac_rd *r)
{
  for (size_t i = 0; i < n; i++) {
    size_t k = 0;
    while (k < v[i].n && holds(&v[i].v[k], *r)) k++;
    if (k == v[i].n) return true;
  }
  return false;
}

static void put_number(struct prac_wr *w, uint64_t v, uint32_t n)
{
  for (uint32_t i = n; i-- > 0;) prac_wr_u8(w, i < 8 ? (uint8_t)(v >> (8 * i)) : 0);
}

static void put_address(struct prac_wr *w, const struct prac_ip *ip)
{
  if (prac_ip_is4(ip))
    prac_wr_bytes(w, ip->b + 12, 4);
  else
    prac_wr_bytes(w, ip->b, 16);
}

static void put_copy(struct prac_wr *w, const struct hp_part *p, struct prac_rd r)
{
  prac_rd_skip(&r, p->at);
  size_t left = prac_rd_left(&r), have = left < p->n ? left : p->n;
  const uint8_t *from = prac_rd_bytes(&r, have);
  if (from && have) prac_wr_bytes(w, from, have);
  prac_wr_zero(w, from ? p->n - have : p->n);
}

static void put_after(struct prac_wr *w, const struct hp_part *p, struct prac_rd r)
{
  struct hp_match m = {.kind = HP_MATCH_ANYWHERE, .n = p->at, .bytes = p->bytes};
  if (!find(&r, &m)) r = prac_rd_of(NULL, 0);
  put_copy(w, &(struct hp_part){.at = p->at, .n = p->n}, r);
}

static void put_id(struct prac_wr *w, uint64_t seed, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) prac_wr_u8(w, (uint8_t)prac_hash2(seed, i, 0x6964));
}

static void put_length(struct prac_wr *w, const struct hp_part *p)
{
  uint64_t v = prac_wr_len(w) + (uint64_t)(int64_t)p->add;
  if (w->bad || p->at + p->n > prac_wr_len(w)) return;
  for (uint32_t i = 0; i < p->n; i++) {
    uint32_t shift = p->kind == HP_PART_LENGTH ? p->n - 1 - i : i;
    w->base[p->at + i] = (uint8_t)(v >> (8 * shift));
  }
}

static void put(struct prac_wr *w, const struct hp_part *p, size_t which,
                const struct hp_self *self, const struct hp_request *req)
{
  switch (p->kind) {
  case HP_PART_BYTES:
    prac_wr_bytes(w, p->bytes, p->n);
    break;
  case HP_PART_COPY:
    put_copy(w, p, req->bytes);
    break;
  case HP_PART_AFTER:
    put_after(w, p, req->bytes);
    break;
  case HP_PART_HOST:
    prac_wr_bytes(w, self->host, strlen(self->host));
    break;
  case HP_PART_ID:
    put_id(w, self->seed + which, p->n);
    break;
  case HP_PART_UPTIME:
    put_number(w, (uint64_t)self->uptime_s, p->n);
    break;
  case HP_PART_TIME:
    put_number(w, (uint64_t)(self->now / PRAC_SEC), p->n);
    break;
  case HP_PART_OWN:
    put_address(w, &self->own);
    break;
  case HP_PART_SRC:
    put_address(w, &req->src);
    break;
  case HP_PART_SPORT:
    prac_wr_u16(w, req->sport);
    break;
  case HP_PART_PAD:
    while (!w->bad && prac_wr_len(w) < p->n) prac_wr_u8(w, (uint8_t)p->at);
    break;
  case HP_PART_LENGTH:
  case HP_PART_LENGTHLE:
    put_length(w, p);
    break;
  }
}

enum hp_verdict hp_stanza_answer(const struct hp_stanza *z, const struct hp_self *self,
                                 const struct hp_request *req, struct prac_wr *reply)
{
  size_t n = prac_rd_left(&req->bytes);
  if (n < z->min || n > z->max) return HP_IGNORE;
  bool observe = one_of(z->observe, z->n_observe, &req->bytes);
  if (!observe && one_of(z->loop, z->n_loop, &req->bytes)) return HP_LOOP;
  if (!observe && !one_of(z->match, z->n_match, &req->bytes)) return HP_IGNORE;
  if (observe || z->n_reply == 0) return HP_OBSERVE;
  for (size_t i = 0; i < z->n_reply && reply->p < reply->end; i++)
    put(reply, &z->reply[i], i, self, req);
  return HP_ANSWER;
}
