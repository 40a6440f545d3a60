/* The broker believes nothing it reads: every length is checked against what is there, every text
 * against its alphabet, before anything else sees it. */
#include "bus/local/frame.h"

static struct bus_text read_text(struct prac_rd *r, size_t max)
{
  uint16_t n = prac_rd_u16le(r);
  if (n > max) r->bad = true;
  const uint8_t *p = prac_rd_bytes(r, n);
  if (!p) return (struct bus_text){"", 0};
  for (size_t i = 0; i < n; i++)
    if (p[i] == 0) r->bad = true;
  return (struct bus_text){(const char *)p, n};
}

static void read_rest(struct prac_rd *r, struct bus_frame *f)
{
  f->len = prac_rd_left(r);
  if (f->len > BUS_DATA_MAX) r->bad = true;
  f->data = prac_rd_bytes(r, f->len);
}

static void read_sub(struct prac_rd *r, struct bus_frame *f)
{
  uint8_t durable = prac_rd_u8(r);
  if (durable > 1) r->bad = true;
  f->durable = durable == 1;
  f->n = prac_rd_u64le(r);
  f->n_prefixes = prac_rd_u16le(r);
  if (f->n_prefixes == 0 || f->n_prefixes > BUS_PREFIXES_MAX) r->bad = true;
  for (size_t i = 0; !r->bad && i < f->n_prefixes; i++) {
    f->prefixes[i] = read_text(r, BUS_SUBJECT_MAX);
    if (!bus_prefix_ok(f->prefixes[i].s, f->prefixes[i].n)) r->bad = true;
  }
}

static void read_named(struct prac_rd *r, struct bus_frame *f)
{
  f->n = prac_rd_u64le(r);
  f->name = read_text(r, BUS_SUBJECT_MAX);
  if (!bus_subject_ok(f->name.s, f->name.n)) r->bad = true;
  if (f->type == BUS_PUB) f->id = read_text(r, BUS_ID_MAX);
  read_rest(r, f);
}

static void read_protocol(struct prac_rd *r)
{
  if (prac_rd_u8(r) != BUS_PROTOCOL) r->bad = true;
}

static void read_client(struct prac_rd *r, struct bus_frame *f)
{
  f->name = read_text(r, BUS_CLIENT_MAX);
  if (!bus_client_ok(f->name.s, f->name.n)) r->bad = true;
}

static void read_body(struct prac_rd *r, struct bus_frame *f)
{
  switch (f->type) {
  case BUS_HELLO:
    read_protocol(r);
    read_client(r, f);
    break;
  case BUS_FORGET:
    read_client(r, f);
    break;
  case BUS_PUB:
  case BUS_MSG:
    read_named(r, f);
    break;
  case BUS_SUB:
    read_sub(r, f);
    break;
  case BUS_CREDIT:
    f->n = prac_rd_u64le(r);
    f->bytes = prac_rd_u64le(r);
    break;
  case BUS_WELCOME:
    read_protocol(r);
    break;
  case BUS_ACK:
  case BUS_PUBACK:
  case BUS_SUBOK:
    f->n = prac_rd_u64le(r);
    break;
  case BUS_FAIL:
    f->rc = prac_rd_u8(r);
    f->name = read_text(r, 480);
    break;
  }
}

prac_rc bus_frame_read(const uint8_t *p, size_t n, struct bus_frame *ret, size_t *ret_used)
{
  struct prac_rd r = prac_rd_of(p, n);
  *ret_used = 4;
  if (n < 4) return PRAC_AGAIN;
  uint32_t len = prac_rd_u32le(&r);
  if (len < 1 || len > BUS_FRAME_MAX) return PRAC_MALFORMED;
  *ret_used = (size_t)len + 4;
  if (prac_rd_left(&r) < len) return PRAC_AGAIN;
  struct prac_rd body = prac_rd_sub(&r, len);
  uint8_t type = prac_rd_u8(&body);
  bool known =
      (type >= BUS_HELLO && type <= BUS_FORGET) || (type >= BUS_WELCOME && type <= BUS_FAIL);
  if (!known) return PRAC_MALFORMED;
  struct bus_frame f = {.type = (enum bus_frame_type)type, .name = {"", 0}, .id = {"", 0}};
  read_body(&body, &f);
  if (body.bad || prac_rd_left(&body) != 0) return PRAC_MALFORMED;
  *ret = f;
  return PRAC_OK;
}

size_t bus_frame_size(const struct bus_frame *f)
{
  size_t n = 4 + 1 + 16 + 2 + f->name.n + 2 + f->id.n + 3 + f->len;
  for (size_t i = 0; i < f->n_prefixes; i++) n += 2 + f->prefixes[i].n;
  return n; /* an upper bound: not every type has every part */
}

static void write_text(struct prac_wr *w, struct bus_text t)
{
  prac_wr_u16le(w, (uint16_t)t.n);
  prac_wr_bytes(w, t.s, t.n);
}

static bool fits(const struct bus_frame *f)
{
  if (f->len > BUS_DATA_MAX || f->n_prefixes > BUS_PREFIXES_MAX || f->id.n > BUS_ID_MAX)
    return false;
  for (size_t i = 0; i < f->n_prefixes; i++)
    if (f->prefixes[i].n > BUS_SUBJECT_MAX) return false;
  return f->name.n <= (f->type == BUS_FAIL ? 480u : BUS_SUBJECT_MAX);
}

static void write_body(const struct bus_frame *f, struct prac_wr *w)
{
  switch (f->type) {
  case BUS_HELLO:
    prac_wr_u8(w, BUS_PROTOCOL);
    write_text(w, f->name);
    break;
  case BUS_FORGET:
    write_text(w, f->name);
    break;
  case BUS_PUB:
  case BUS_MSG:
    prac_wr_u64le(w, f->n);
    write_text(w, f->name);
    if (f->type == BUS_PUB) write_text(w, f->id);
    prac_wr_bytes(w, f->data, f->len);
    break;
  case BUS_SUB:
    prac_wr_u8(w, f->durable ? 1 : 0);
    prac_wr_u64le(w, f->n);
    prac_wr_u16le(w, (uint16_t)f->n_prefixes);
    for (size_t i = 0; i < f->n_prefixes; i++) write_text(w, f->prefixes[i]);
    break;
  case BUS_CREDIT:
    prac_wr_u64le(w, f->n);
    prac_wr_u64le(w, f->bytes);
    break;
  case BUS_WELCOME:
    prac_wr_u8(w, BUS_PROTOCOL);
    break;
  case BUS_ACK:
  case BUS_PUBACK:
  case BUS_SUBOK:
    prac_wr_u64le(w, f->n);
    break;
  case BUS_FAIL:
    prac_wr_u8(w, f->rc);
    write_text(w, f->name);
    break;
  }
}

prac_rc bus_frame_write(const struct bus_frame *f, struct prac_wr *w)
{
  if (!fits(f)) return PRAC_RANGE;
  if ((size_t)(w->end - w->p) < 5) return PRAC_NOSPACE;
  struct prac_wr len = prac_wr_of(w->p, 4);
  prac_wr_zero(w, 4);
  const uint8_t *start = w->p;
  prac_wr_u8(w, (uint8_t)f->type);
  write_body(f, w);
  if (w->bad) return PRAC_NOSPACE;
  prac_wr_u32le(&len, (uint32_t)(w->p - start));
  return PRAC_OK;
}
