/* Records on their way out. */
#include "portal/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void text(struct prac_json *j, const char *key, const char *s)
{
  prac_json_key_str(j, key, s ? s : "");
}

enum { BRIEF_PORTS = 8 };
void record_alert_brief(const struct alert *a, struct prac_json *j)
{
  char t[MODEL_PORT_TEXT];
  prac_json_open(j, '{');
  text(j, "id", a->id);
  text(j, "key", a->key);
  text(j, "kind", a->kind);
  text(j, "state", a->state);
  prac_json_key_f64(j, "revision", a->revision);
  prac_json_key_time(j, "at", a->at);
  prac_json_key_time(j, "opened", a->opened);
  prac_json_key_time(j, "from", a->from);
  prac_json_key_time(j, "to", a->to);
  prac_json_key_time(j, "closed", a->closed);
  text(j, "severity", a->severity);
  text(j, "tlp", a->tlp);
  text(j, "title", a->title);
  text(j, "text", a->text);
  prac_json_key_f64(j, "score", a->score);
  prac_json_key_f64(j, "value", a->value);
  prac_json_key_f64(j, "baseline", a->baseline);
  text(j, "unit", a->unit);
  text(j, "country", a->country);
  prac_json_key_f64(j, "asn", a->asn);
  prac_json_key(j, "sensors");
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < a->sensors.n; i++) prac_json_str(j, a->sensors.v[i]);
  prac_json_close(j, ']');
  prac_json_key(j, "ports");
  prac_json_open(j, '[');
  for (uint32_t i = 0; i < a->ports.n && i < BRIEF_PORTS; i++)
    prac_json_str(j, model_port_text(t, a->ports.v[i]));
  prac_json_close(j, ']');
  prac_json_key_f64(j, "host_count", (double)a->host_count);
  prac_json_key_f64(j, "packets", (double)a->packets);
  prac_json_close(j, '}');
}

/* Plain characters into a JSON buffer: a raw value with the comma bit cleared first. */
static void put(struct prac_json *to, const char *s)
{
  to->comma = 0;
  prac_json_raw(to, s, strlen(s));
}

static void put_list(const struct model_field *f, const void *p, struct prac_json *to)
{
  char t[PRAC_IP_TEXT + MODEL_PORT_TEXT];
  const struct model_strs *s = p;
  const struct model_ips *ips = p;
  const struct model_ports *ports = p;
  uint32_t n = f->type == MODEL_STRS ? s->n : f->type == MODEL_IPS ? ips->n : ports->n;
  for (uint32_t i = 0; i < n; i++) {
    if (i > 0) put(to, " ");
    put(to, f->type == MODEL_STRS  ? s->v[i]
            : f->type == MODEL_IPS ? prac_ip_text(t, &ips->v[i])
                                   : model_port_text(t, ports->v[i]));
  }
}

static void put_bytes(const struct model_bytes *b, struct prac_json *to)
{
  char t[3];
  for (uint32_t i = 0; i < b->n; i++) {
    (void)snprintf(t, sizeof t, "%02x", b->v[i]);
    put(to, t);
  }
}

void record_field_text(const struct model_field *f, const void *rec, struct prac_json *to)
{
  const void *p = (const char *)rec + f->offset;
  char t[PRAC_TIME_TEXT + PRAC_IP_TEXT] = "";
  const char *s = t;
  switch (f->type) {
  case MODEL_BOOL:
    s = *(const bool *)p ? "true" : "false";
    break;
  case MODEL_U32:
    (void)snprintf(t, sizeof t, "%" PRIu32, *(const uint32_t *)p);
    break;
  case MODEL_U64:
    (void)snprintf(t, sizeof t, "%" PRIu64, *(const uint64_t *)p);
    break;
  case MODEL_HEX:
    (void)snprintf(t, sizeof t, "%016" PRIx64, *(const uint64_t *)p);
    break;
  case MODEL_I64:
    (void)snprintf(t, sizeof t, "%" PRId64, *(const int64_t *)p);
    break;
  case MODEL_F64:
    (void)snprintf(t, sizeof t, "%.6g", *(const double *)p);
    break;
  case MODEL_TIME:
    if (*(const prac_time *)p != PRAC_TIME_NONE) s = prac_time_text(t, *(const prac_time *)p);
    break;
  case MODEL_IP:
    s = prac_ip_text(t, p);
    break;
  case MODEL_STR:
    s = *(const char *const *)p ? *(const char *const *)p : "";
    break;
  case MODEL_STRS:
  case MODEL_IPS:
  case MODEL_PORTS:
    put_list(f, p, to);
    return;
  case MODEL_BYTES:
    put_bytes(p, to);
    return;
  case MODEL_TYPE_COUNT_:
    return;
  }
  put(to, s);
}
