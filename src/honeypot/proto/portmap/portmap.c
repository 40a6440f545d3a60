/* Portmapper and rpcbind (RFC 1833): DUMP lists what is registered. */
#include <stdio.h>

#include "honeypot/believe.h"
#include "wire/rpc.h"
#include "wire/text.h"

enum { PROGRAM = 100000, OLDEST = 2, NEWEST = 4, TCP = 6, UDP = 17 };
enum { PROC_NULL = 0, PROC_SET = 1, PROC_UNSET = 2, PROC_GET = 3, PROC_DUMP = 4 };
enum { LAST_PROC = 12 };

static const struct service {
  uint32_t program;
  uint16_t version, port; /* 0: one that is chosen at the start */
  uint8_t protocol;
} services[] = {
    {100000, 4, 111, TCP},   {100000, 3, 111, TCP},   {100000, 2, 111, TCP},
    {100000, 4, 111, UDP},   {100000, 3, 111, UDP},   {100000, 2, 111, UDP},
    {100024, 1, 0, UDP},     {100024, 1, 0, TCP},     {100005, 1, 20048, UDP},
    {100005, 1, 20048, TCP}, {100005, 3, 20048, UDP}, {100005, 3, 20048, TCP},
    {100003, 3, 2049, TCP},  {100003, 4, 2049, TCP},  {100003, 3, 2049, UDP},
    {100227, 3, 2049, TCP},  {100021, 1, 0, UDP},     {100021, 3, 0, UDP},
    {100021, 4, 0, UDP},     {100021, 1, 0, TCP},     {100021, 3, 0, TCP},
    {100021, 4, 0, TCP},
};

static uint32_t port_of(const struct hp_self *self, const struct service *s)
{
  char what[32];
  if (s->port) return s->port;
  snprintf(what, sizeof what, "rpc %u %u", s->program, s->protocol);
  return 32768 + hp_believe_below(self, what, 28000);
}

static void dump_2(const struct hp_self *self, struct prac_wr *w)
{
  for (const struct service *s = services; s < services + PRAC_ARRAY_LEN(services); s++) {
    prac_wr_u32(w, 1);
    prac_wr_u32(w, s->program);
    prac_wr_u32(w, s->version);
    prac_wr_u32(w, s->protocol);
    prac_wr_u32(w, port_of(self, s));
  }
  prac_wr_u32(w, 0);
}

static void put_universal(const struct hp_self *self, const struct service *s, struct prac_wr *w)
{
  char address[32];
  uint32_t port = port_of(self, s);
  snprintf(address, sizeof address, "0.0.0.0.%u.%u", port >> 8, port & 255);
  wire_rpc_put_string(w, address);
}

/* Versions 3 and 4: strings instead of numbers; as many as fit, the list ends well formed. */
static void dump_3(const struct hp_self *self, struct prac_wr *w)
{
  for (const struct service *s = services; s < services + PRAC_ARRAY_LEN(services); s++) {
    struct prac_wr before = *w;
    prac_wr_u32(w, 1);
    prac_wr_u32(w, s->program);
    prac_wr_u32(w, s->version);
    wire_rpc_put_string(w, s->protocol == UDP ? "udp" : "tcp");
    put_universal(self, s, w);
    wire_rpc_put_string(w, s->program == 100024 ? "29" : "superuser");
    if (w->bad || w->end - w->p < 4) {
      *w = before;
      break;
    }
  }
  prac_wr_u32(w, 0);
}

static void get_port(const struct hp_self *self, struct prac_rd r, struct prac_wr *w)
{
  uint32_t program = prac_rd_u32(&r), version = prac_rd_u32(&r), protocol = prac_rd_u32(&r);
  uint32_t port = 0;
  for (const struct service *s = services; s < services + PRAC_ARRAY_LEN(services); s++)
    if (!r.bad && s->program == program && s->protocol == protocol &&
        (port == 0 || s->version == version))
      port = port_of(self, s);
  prac_wr_u32(w, port);
}

static enum hp_verdict put_reply(const struct hp_self *self, const struct wire_rpc_call *c,
                                 struct prac_rd arguments, struct prac_wr *w)
{
  if (c->vers < OLDEST || c->vers > NEWEST) {
    wire_rpc_accept(w, c->xid, WIRE_RPC_PROG_MISMATCH);
    prac_wr_u32(w, OLDEST);
    prac_wr_u32(w, NEWEST);
    return hp_written(w);
  }
  if (c->proc == PROC_NULL || c->proc == PROC_DUMP || (c->proc == PROC_GET && c->vers == 2)) {
    wire_rpc_accept(w, c->xid, WIRE_RPC_SUCCESS);
    if (c->proc == PROC_GET) get_port(self, arguments, w);
    if (c->proc == PROC_DUMP && c->vers == 2) dump_2(self, w);
    if (c->proc == PROC_DUMP && c->vers > 2) dump_3(self, w);
    return hp_written(w);
  }
  if (c->proc <= LAST_PROC) return HP_OBSERVE; /* SET, UNSET, CALLIT: never */
  wire_rpc_accept(w, c->xid, WIRE_RPC_PROC_UNAVAIL);
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  struct wire_rpc_call call;
  (void)note;
  switch (wire_rpc_read(&r, &call)) {
  case WIRE_RPC_REPLY:
    return HP_LOOP;
  case WIRE_RPC_NONE:
    return HP_IGNORE;
  case WIRE_RPC_CALL:
    break;
  }
  if (call.prog != PROGRAM) return HP_IGNORE;
  return put_reply(self, &call, r, reply);
}

const struct hp_proto hp_portmap = {
    .name = "portmap",
    .title = "Portmap",
    .about = "portmapper and rpcbind DUMP, RFC 1833 (TA14-017A)",
    .ports = {111},
    .max_reply = HP_REPLY_MAX,
    .answer = answer,
};
