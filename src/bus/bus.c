/* What every backend shares: opening by name, and how records become messages. */
#include "bus/bus.h"

#include <stdio.h>
#include <stdlib.h>

enum { BATCH_LEVEL = 1 }; /* zstd: links to sites are thin, and it is cheaper than the disk */

prac_rc bus_open(const char *name, const void *conf, const struct bus_env *env, struct bus *ret,
                 struct prac_err *reterr)
{
  const struct bus_ops *ops = bus_find(name);
  if (!ops) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "no bus called \"%s\"", name);
  struct bus b = {.ops = ops, .st = calloc(1, ops->state_size)};
  if (!b.st) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the bus");
  prac_rc rc = ops->open(b.st, conf, env, reterr);
  if (rc != PRAC_OK) {
    bus_close(&b);
    return rc;
  }
  *ret = b;
  return PRAC_OK;
}

void bus_close(struct bus *b)
{
  if (!b || !b->st) return;
  b->ops->close(b->st);
  free(b->st);
  *b = (struct bus){0};
}

struct bus_queue bus_queue(const struct bus *b)
{
  struct bus_queue q = {0};
  if (b->st && b->ops->queue) b->ops->queue(b->st, &q);
  return q;
}

prac_rc bus_publish_batch(struct bus *b, struct flow_batch *batch, struct prac_err *reterr)
{
  char subject[64], id[128];
  uint8_t *bytes = NULL;
  size_t len = 0;
  prac_rc rc = flow_batch_encode(batch, BATCH_LEVEL, &bytes, &len);
  if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "flow batch: %s", prac_rc_text(rc));
  (void)snprintf(subject, sizeof subject, "flow.%s", batch->sensor);
  (void)snprintf(id, sizeof id, "flow.%s.%lld.%u", batch->sensor, (long long)batch->minute,
                 batch->part);
  rc = b->ops->publish(b->st, subject, id, bytes, len, reterr);
  free(bytes);
  return rc;
}

prac_rc bus_publish_record(struct bus *b, const struct model_kind *k, const void *rec,
                           const char *topic, const char *id, struct prac_err *reterr)
{
  char subject[128];
  struct prac_json j = prac_json_of(0);
  (void)snprintf(subject, sizeof subject, "%s.%s", k->name, topic);
  model_to_json(k, rec, &j);
  prac_rc rc = j.bad ? PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a record")
                     : b->ops->publish(b->st, subject, id, j.buf, j.len, reterr);
  prac_json_done(&j);
  return rc;
}
