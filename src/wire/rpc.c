/* The portmapper, and whoever else is called by ONC RPC. */
#include "wire/rpc.h"

#include <string.h>

enum { CALL = 0, REPLY = 1, RPC_VERSION = 2, AUTH_MAX = 400 };

static void skip_auth(struct prac_rd *r)
{
  prac_rd_u32(r); /* flavor */
  uint32_t n = prac_rd_u32(r);
  if (n > AUTH_MAX) r->bad = true;
  prac_rd_skip(r, (n + 3) & ~3u);
}

enum wire_rpc wire_rpc_read(struct prac_rd *r, struct wire_rpc_call *ret)
{
  struct wire_rpc_call c = {.xid = prac_rd_u32(r)};
  uint32_t type = prac_rd_u32(r), third = prac_rd_u32(r);
  if (r->bad) return WIRE_RPC_NONE;
  if (type == REPLY) return third <= 1 ? WIRE_RPC_REPLY : WIRE_RPC_NONE; /* accepted, denied */
  if (type != CALL || third != RPC_VERSION) return WIRE_RPC_NONE;
  c.prog = prac_rd_u32(r);
  c.vers = prac_rd_u32(r);
  c.proc = prac_rd_u32(r);
  skip_auth(r);
  skip_auth(r);
  if (r->bad) return WIRE_RPC_NONE;
  *ret = c;
  return WIRE_RPC_CALL;
}

void wire_rpc_accept(struct prac_wr *w, uint32_t xid, uint32_t accept_stat)
{
  prac_wr_u32(w, xid);
  prac_wr_u32(w, REPLY);
  prac_wr_u32(w, 0);  /* MSG_ACCEPTED */
  prac_wr_zero(w, 8); /* AUTH_NONE, nothing */
  prac_wr_u32(w, accept_stat);
}

void wire_rpc_put_string(struct prac_wr *w, const char *s)
{
  size_t n = strlen(s);
  prac_wr_u32(w, (uint32_t)n);
  prac_wr_bytes(w, s, n);
  prac_wr_zero(w, (4 - n % 4) % 4);
}
