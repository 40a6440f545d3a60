/* One host's history: rows are collected, sorted and swept, so that targets and ports are counted
 * exactly. One host has few rows; a limit keeps a prefix that is too wide from eating the memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/answer.h"

enum { HOST_ROWS_MAX = 1 << 23, HOST_SENSORS_MAX = 4096, TOP_PORTS = 5 };
struct act { /* one row, as far as the history needs it */
  prac_time hour, first, last;
  struct prac_ip dst;
  uint32_t sensor, port, packets, marks;
  uint64_t bytes;
};
struct store_host {
  struct act *v;
  size_t n, cap;
  char (*sensor)[STORE_SENSOR_MAX + 1];
  uint32_t n_sensors;
};

struct store_host *store_host_new(void)
{
  return calloc(1, sizeof(struct store_host));
}

void store_host_free(struct store_host **hp)
{
  if (!hp || !*hp) return;
  free((*hp)->v);
  free((*hp)->sensor);
  free(*hp);
  *hp = NULL;
}

static prac_rc sensor_at(struct store_host *h, const char *name, uint32_t *ret)
{
  for (*ret = 0; *ret < h->n_sensors; (*ret)++)
    if (strcmp(h->sensor[*ret], name) == 0) return PRAC_OK;
  if (h->n_sensors == HOST_SENSORS_MAX) return PRAC_FULL;
  void *p = realloc(h->sensor, (h->n_sensors + 1u) * sizeof *h->sensor);
  if (!p) return PRAC_NOMEM;
  h->sensor = p;
  (void)snprintf(h->sensor[h->n_sensors++], sizeof *h->sensor, "%s", name);
  return PRAC_OK;
}

prac_rc store_host_add(struct store_host *h, const struct store_flow *f)
{
  const struct flow_row *r = &f->row;
  if (h->n == HOST_ROWS_MAX) return PRAC_FULL;
  if (h->n == h->cap) {
    size_t cap = h->cap ? h->cap * 2 : 256;
    struct act *v = realloc(h->v, cap * sizeof *v);
    if (!v) return PRAC_NOMEM;
    h->v = v;
    h->cap = cap;
  }
  struct act *a = &h->v[h->n];
  struct model_port p = store_flow_port(r->proto, r->sport, r->dport);
  PRAC_TRY(sensor_at(h, f->sensor, &a->sensor));
  a->hour = prac_time_floor(f->minute, PRAC_HOUR);
  a->first = store_flow_first(f);
  a->last = a->first + r->span_ms * PRAC_MS;
  a->dst = r->dst;
  a->port = (uint32_t)p.proto << 16 | p.port;
  a->packets = r->packets;
  a->marks = r->marks;
  a->bytes = r->bytes;
  h->n++;
  return PRAC_OK;
}

static int by_group(const struct act *a, const struct act *b, char (*sensor)[STORE_SENSOR_MAX + 1])
{
  if (a->hour != b->hour) return a->hour < b->hour ? -1 : 1;
  return a->sensor == b->sensor ? 0 : strcmp(sensor[a->sensor], sensor[b->sensor]);
}

static int by_dst(const void *pa, const void *pb, void *arg)
{
  const struct act *a = pa, *b = pb;
  int c = by_group(a, b, arg);
  return c ? c : memcmp(&a->dst, &b->dst, sizeof a->dst);
}

static int by_port(const void *pa, const void *pb)
{
  const struct act *a = pa, *b = pb;
  return a->port < b->port ? -1 : a->port > b->port;
}

struct tally {
  uint32_t port;
  uint64_t packets;
};

/* Rows of one group, sorted by port: how many, and the biggest few as text. */
static uint64_t ports_of(const struct act *v, size_t n, char *text, size_t cap)
{
  struct tally top[TOP_PORTS + 1] = {0};
  size_t n_top = 0, at = 0;
  uint64_t different = 0;
  for (size_t i = 0; i < n; different++) {
    struct tally t = {.port = v[i].port};
    for (; i < n && v[i].port == t.port; i++) t.packets += v[i].packets;
    size_t k = n_top;
    for (; k > 0 && top[k - 1].packets < t.packets; k--) top[k] = top[k - 1];
    top[k] = t;
    if (n_top < TOP_PORTS) n_top++;
  }
  for (size_t k = 0; k < n_top; k++) {
    char one[MODEL_PORT_TEXT];
    struct model_port p = {.port = (uint16_t)top[k].port, .proto = (uint8_t)(top[k].port >> 16)};
    int w = snprintf(text + at, cap - at, "%s%s", k ? "," : "", model_port_text(one, p));
    if (w < 0 || (size_t)w >= cap - at) break;
    at += (size_t)w;
  }
  return different;
}

static prac_rc emit_group(const struct store_host *h, struct act *v, size_t n, store_row *each,
                          void *arg)
{
  static const struct store_col cols[] = {
      {"at", "", STORE_TIME},
      {"sensor", "", STORE_TEXT},
      {"packets", "packets", STORE_U64},
      {"flows", "flows", STORE_U64},
      {"bytes", "bytes", STORE_U64},
      {"targets", "hosts", STORE_U64},
      {"ports", "ports", STORE_U64},
      {"top_ports", "", STORE_TEXT},
      {"first", "", STORE_TIME},
      {"last", "", STORE_TIME},
      {"marks", "", STORE_TEXT},
  };
  uint64_t packets = 0, bytes = 0, targets = 0;
  uint32_t marks = 0;
  prac_time first = v->first, last = v->last;
  for (size_t i = 0; i < n; i++) {
    packets += v[i].packets;
    bytes += v[i].bytes;
    marks |= v[i].marks;
    if (i == 0 || !prac_ip_eq(&v[i].dst, &v[i - 1].dst)) targets++;
    if (v[i].first < first) first = v[i].first;
    if (v[i].last > last) last = v[i].last;
  }
  char text[MODEL_PORT_TEXT * TOP_PORTS] = "", words[STORE_MARKS_TEXT];
  qsort(v, n, sizeof *v, by_port);
  uint64_t ports = ports_of(v, n, text, sizeof text);
  const struct store_value row[] = {
      {.t = v->hour},
      {.s = h->sensor[v->sensor]},
      {.u = packets},
      {.u = n},
      {.u = bytes},
      {.u = targets},
      {.u = ports},
      {.s = text},
      {.t = first},
      {.t = last},
      {.s = store_marks_text(words, marks)},
  };
  _Static_assert(PRAC_ARRAY_LEN(row) == PRAC_ARRAY_LEN(cols), "a value for every column");
  return each(arg, cols, PRAC_ARRAY_LEN(row), row);
}

prac_rc store_host_emit(struct store_host *h, const struct store_query *q, store_row *each,
                        void *arg)
{
  uint32_t left = store_limit(q);
  if (h->n > 1) qsort_r(h->v, h->n, sizeof *h->v, by_dst, h->sensor);
  for (size_t i = 0, k; i < h->n && left > 0; i = k, left--) {
    for (k = i + 1; k < h->n && by_group(&h->v[i], &h->v[k], h->sensor) == 0; k++) continue;
    PRAC_TRY(emit_group(h, h->v + i, k - i, each, arg));
  }
  return PRAC_OK;
}
