/* SQL Server Resolution Protocol (MC-SQLR): the browser service tells instances and their ports. */
#include "honeypot/believe.h"
#include "wire/text.h"

enum {
  BCAST_EX = 2,
  UCAST_EX = 3,
  UCAST_INST = 4,
  SVR_RESP = 5,
  UCAST_DAC = 15,
  INSTANCE_MAX = 32
};
enum { PADDING_MAX = 16 };

static const struct instance {
  const char *name, *version, *tcp;
} instances[] = {
    {"MSSQLSERVER", "11.0.2100.60", "1433"},
    {"SQLEXPRESS", "12.0.2000.8", "49731"},
};

static void put_instance(const struct hp_self *self, const struct instance *i, struct prac_wr *w)
{
  char host[HP_NETBIOS_TEXT];
  hp_believe_netbios(self, host);
  wire_text_putf(w, "ServerName;%s;InstanceName;%s;IsClustered;No;Version;%s;tcp;%s;np;", host,
                 i->name, i->version, i->tcp);
  if (i == instances)
    wire_text_putf(w, "\\\\%s\\pipe\\sql\\query;;", host);
  else
    wire_text_putf(w, "\\\\%s\\pipe\\MSSQL$%s\\sql\\query;;", host, i->name);
}

static enum hp_verdict put_reply(const struct hp_self *self, const struct instance *only,
                                 struct prac_wr *w)
{
  prac_wr_u8(w, SVR_RESP);
  struct prac_wr size = *w;
  prac_wr_u16le(w, 0);
  size_t from = prac_wr_len(w);
  for (const struct instance *i = instances; i < instances + PRAC_ARRAY_LEN(instances); i++)
    if (!only || only == i) put_instance(self, i, w);
  prac_wr_u16le(&size, (uint16_t)(prac_wr_len(w) - from));
  return hp_written(w);
}

static bool only_zeroes(struct prac_rd r)
{
  if (prac_rd_left(&r) > PADDING_MAX) return false;
  while (prac_rd_left(&r))
    if (prac_rd_u8(&r) != 0) return false;
  return true;
}

static enum hp_verdict one_instance(const struct hp_self *self, struct prac_rd r,
                                    struct hp_note *note, struct prac_wr *w)
{
  struct wire_text name;
  if (!wire_text_cstring(&r, &name) || name.n == 0) return HP_IGNORE;
  if (name.n > INSTANCE_MAX) return HP_OBSERVE; /* the overflow of MS02-039: worms, exploits */
  hp_note_bytes(note, name.p, name.n);
  for (const struct instance *i = instances; i < instances + PRAC_ARRAY_LEN(instances); i++)
    if (wire_text_is(name, i->name)) return put_reply(self, i, w);
  return HP_OBSERVE;
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  struct wire_text name;
  switch (prac_rd_u8(&r)) {
  case SVR_RESP:
    return HP_LOOP;
  case BCAST_EX:
  case UCAST_EX:
    return only_zeroes(r) ? put_reply(self, NULL, reply) : HP_IGNORE;
  case UCAST_INST:
    return one_instance(self, r, note, reply);
  case UCAST_DAC: /* the port for administrators: version 1, instance */
    if (prac_rd_u8(&r) != 1 || !wire_text_cstring(&r, &name)) return HP_IGNORE;
    return name.n <= INSTANCE_MAX ? HP_OBSERVE : HP_IGNORE;
  default:
    return HP_IGNORE;
  }
}

const struct hp_proto hp_mssql = {
    .name = "mssql",
    .title = "MSSQL",
    .about = "SQL Server browser, MC-SQLR",
    .ports = {1434},
    .max_reply = 512,
    .answer = answer,
};
