/* The bus sees to it that nobody uses another's subject; here the record is held against it. */
#include "app/role_sender.h"

#include <inttypes.h>
#include <string.h>

#include "bus/origin.h"
#include "model/packet.h"
#include "model/records.h"
#include "sys/wall.h"

#define SAY_NS (10 * PRAC_SEC)

static prac_rc same(const char *name, const char *sensor, struct prac_err *reterr)
{
  if (!name || strcmp(name, sensor) == 0) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_MALFORMED, "the record says it is of \"%.48s\"", sensor);
}

prac_rc role_check_batch(const struct bus_msg *m, const struct flow_batch *b,
                         struct prac_err *reterr)
{
  return same(bus_origin_name(m->subject), b->sensor, reterr);
}

/* What readers and capture files take for granted. */
static prac_rc packet_fits(const struct packet *p, struct prac_err *reterr)
{
  size_t n = strlen(p->sensor);
  bool ip = strcmp(p->layer, "ip") == 0, payload = strcmp(p->layer, "payload") == 0;
  if (!ip && !payload)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "a packet of layer \"%.48s\"", p->layer);
  if (p->bytes.n > PACKET_BYTES_MAX || p->head > p->bytes.n ||
      p->len > (ip ? PACKET_LEN_MAX : PACKET_UDP_MAX))
    return PRAC_FAIL(reterr, PRAC_MALFORMED,
                     "a packet of %" PRIu32 " bytes, %" PRIu32 " of them here, %" PRIu32
                     " of these headers",
                     p->len, p->bytes.n, p->head);
  if (strncmp(p->id, p->sensor, n) != 0 || p->id[n] != '.')
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "its id \"%.48s\" is not of its sensor", p->id);
  return PRAC_OK;
}

prac_rc role_check_record(const struct bus_msg *m, const struct model_kind *k, const void *rec,
                          struct prac_err *reterr)
{
  const char *name = bus_origin_name(m->subject);
  if (k == &model_hit) return same(name, ((const struct hit *)rec)->sensor, reterr);
  if (k == &model_packet) {
    PRAC_TRY(same(name, ((const struct packet *)rec)->sensor, reterr));
    return packet_fits(rec, reterr);
  }
  if (k == &model_health) return same(name, ((const struct health *)rec)->sensor, reterr);
  if (k != &model_finding || !name) return PRAC_OK;
  const struct finding *f = rec;
  if (strcmp(f->engine, "honeypot") != 0 || f->sensors.n != 1)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "the record says it is of engine \"%.48s\"",
                     f->engine);
  return same(name, f->sensors.v[0], reterr);
}

bool role_ahead(const struct role_env *e, prac_time at, int64_t ahead_ns)
{
  return at > prac_now(&e->clock) + ahead_ns;
}

prac_rc role_check_time(const struct role_env *e, prac_time at, int64_t ahead_ns,
                        struct prac_err *reterr)
{
  char text[PRAC_TIME_TEXT];
  if (at < 0 || at / PRAC_SEC > UINT32_MAX)
    return PRAC_FAIL(reterr, PRAC_RANGE, "it is dated %s", prac_time_text(text, at));
  if (e->run->bus == RUN_BUS_LOCAL || !role_ahead(e, at, ahead_ns)) return PRAC_OK;
  return PRAC_FAIL(reterr, PRAC_RANGE, "it is dated %s, which is in the future",
                   prac_time_text(text, at));
}

void role_refuse(const struct role_env *e, struct role_refused *r, const struct prac_log_event *ev,
                 const struct bus_msg *m, const char *why)
{
  int64_t now = sys_mono_ns();
  r->n++;
  if (r->next && now < r->next) return;
  r->next = now + SAY_NS;
  prac_log(&e->log, ev, "%s: %s (%" PRIu64 " refused so far)", m->subject, why, r->n);
}
