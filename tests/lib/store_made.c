#include "lib/store_made.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "model/packet.h"

const char *const made_sensors[3] = {"tokyo", "osaka-dc-2-with-a-long-name", "paris"};

static struct prac_ip address(struct choice *c, uint32_t net)
{
  uint8_t kind = choice_u8(c);
  if (kind < 20) return prac_ip_of(0x20010db800000000u | choice_u8(c) % 4, choice_u8(c) % 8);
  return prac_ip4(net | (uint32_t)(kind & 3) << 8 | choice_u8(c) % 32);
}

/* In what tells rows apart last, or in nothing. */
static void differ(struct choice *c, struct flow_row *r)
{
  uint8_t v = choice_u8(c);
  switch (choice_u8(c) % 12) {
  case 0:
    r->victim = prac_ip4(v);
    break;
  case 1:
    r->tcp_flags = v;
    break;
  case 2:
    r->ttl = v;
    break;
  case 3:
    r->window = v;
    break;
  case 4:
    r->country = 'J' << 8 | ('A' + v % 26);
    break;
  case 5:
    r->asn = v;
    break;
  case 6:
    r->marks ^= v & 7;
    break;
  case 7:
    r->tool = v % FLOW_TOOL_COUNT_;
    break;
  case 8:
    r->survey = v % 3;
    break;
  case 9:
    r->payload = v;
    break;
  default:
    break;
  }
}

struct flow_batch *made_batch(struct choice *c, const char *sensor, prac_time minute, uint32_t part,
                              uint32_t max)
{
  static const uint8_t protos[] = {6, 6, 6, 17, 1, 58, 47};
  static const uint16_t ports[] = {23, 443, 1433, 53, 80, 771};
  static const uint16_t countries[] = {0, 'M' << 8 | 'M', 'C' << 8 | 'N', 'J' << 8 | 'P'};
  static const char *const lists[] = {"acknowledged 2025-03-02", "second"};
  static struct flow_row rows[4096];
  uint32_t n = choice_below(c, (max > 4096 ? 4096 : max) + 1);
  struct flow_batch *b = NULL;
  for (uint32_t i = 0; i < n; i++) {
    struct flow_row *r = &rows[i];
    if (i > 0 && choice_u8(c) < 50) {
      *r = rows[i - 1];
      differ(c, r);
      continue;
    }
    *r = (struct flow_row){.src = address(c, 0xc0000200), .dst = address(c, 0xc6336400)};
    r->first_ms = (uint16_t)choice_below(c, 60000);
    if (choice_u8(c) & 1) r->first_ms = (uint16_t)(r->first_ms / 20000 * 20000); /* many at once */
    r->span_ms = (uint16_t)choice_below(c, 9000);
    r->proto = protos[choice_u8(c) % sizeof protos];
    r->sport = r->proto == 1 ? choice_u8(c) % 12 : (uint16_t)choice_below(c, 65536);
    r->dport = ports[choice_u8(c) % 6];
    if (r->proto == 1) r->dport = choice_u8(c) % 4;
    r->country = countries[choice_u8(c) % 4];
    r->asn = choice_u8(c) % 5 * 1000u;
    r->marks = choice_u8(c) % 4 == 0 ? 1u << choice_u8(c) % 18 : 0;
    if (choice_u8(c) < 40) r->marks |= FLOW_BACKSCATTER, r->victim = r->src;
    r->tool = choice_u8(c) % FLOW_TOOL_COUNT_;
    r->survey = choice_u8(c) % 3;
    r->packets = 1 + choice_u8(c) % 5;
    r->bytes = r->packets * 40u;
    r->ttl = choice_u8(c);
    r->payload = choice_u8(c) & 1 ? UINT64_MAX - i : 0;
  }
  if (flow_batch_new(sensor, minute, rows, n, &b) != PRAC_OK) abort();
  b->part = part;
  if (flow_batch_describe(b, "demo geography of 2026-06-17", (struct model_strs){lists, 2}) !=
      PRAC_OK)
    abort();
  return b;
}

void made_finding(struct choice *c, unsigned n, struct finding *ret)
{
  static char id[8][24];
  static const struct model_port ports[] = {{443, 6}, {53, 17}};
  static struct prac_ip host[1];
  static const char *const sensors[] = {"tokyo", "paris"};
  char *mine = id[n % 8];
  (void)snprintf(mine, sizeof id[0], "f%u", n);
  host[0] = prac_ip4(0xc0000200 | choice_u8(c) % 8);
  *ret =
      (struct finding){.id = mine, .engine = "surge", .kind = "surge-port", .text = "it's \"up\""};
  ret->key = choice_u8(c) & 1 ? "port:443/tcp" : "country:MM";
  ret->state = choice_u8(c) & 1 ? "on" : "off";
  ret->at = MADE_DAY + choice_below(c, 86400) * PRAC_SEC;
  ret->country = choice_u8(c) & 1 ? "MM" : "";
  ret->asn = choice_u8(c) % 3 * 1000u;
  ret->sensors = (struct model_strs){sensors, choice_u8(c) % 3};
  ret->ports = (struct model_ports){ports, choice_u8(c) % 3};
  ret->hosts = (struct model_ips){host, choice_u8(c) & 1};
  ret->score = choice_u8(c) / 7.0;
}

void made_health(struct choice *c, const char *sensor, unsigned n, struct health *ret)
{
  static char id[8][48];
  char *mine = id[n % 8];
  (void)snprintf(mine, sizeof id[0], "%s-%u", sensor, n);
  *ret = (struct health){.id = mine, .sensor = sensor, .site_country = "JP", .source = "made"};
  ret->at = MADE_DAY + n * PRAC_MIN;
  ret->packets = choice_u8(c);
  ret->version = "0";
}

void made_alert(struct choice *c, unsigned n, struct alert *ret)
{
  static char id[32][24];
  static const char *const states[] = {"open", "update", "resume", "close"};
  char *mine = id[n % 32];
  (void)snprintf(mine, sizeof id[0], "a%u", n);
  *ret = (struct alert){.id = mine, .kind = "surge-port", .revision = 1, .closed = PRAC_TIME_NONE};
  ret->key = choice_u8(c) & 1 ? "port:443/tcp" : "country:MM";
  ret->state = states[choice_u8(c) % 4];
  ret->at = MADE_DAY + choice_below(c, 86400) * PRAC_SEC;
  ret->opened = ret->at - choice_below(c, 1u << choice_u8(c) % 17) * PRAC_SEC;
  ret->from = choice_u8(c) & 1 ? ret->opened - choice_below(c, 600) * PRAC_SEC : PRAC_TIME_NONE;
  ret->to = ret->at;
  if (ret->state == states[3]) ret->closed = ret->at;
  ret->country = choice_u8(c) & 1 ? "MM" : "";
}

void made_episode(struct choice *c, unsigned n, struct episode *ret)
{
  static char id[32][24];
  static const char *const states[] = {"start", "end", "update", "end"};
  char *mine = id[n % 32];
  (void)snprintf(mine, sizeof id[0], "e%u", n);
  *ret = (struct episode){.id = mine, .kind = "single", .profile = "isp", .prefix_bits = 128};
  ret->parent = ret->as_name = ret->rdns = ret->geo = ret->country = "";
  ret->state = states[choice_u8(c) % 4];
  ret->victim = prac_ip4(0xc0000200 | choice_u8(c) % 8);
  ret->at = MADE_DAY + choice_below(c, 86400) * PRAC_SEC;
  ret->from = ret->at - choice_below(c, 1u << choice_u8(c) % 17) * PRAC_SEC;
  ret->to = ret->started = ret->at;
  if (choice_u8(c) % 4) return;
  static struct prac_ip attacked[32][2];
  ret->kind = "carpet";
  ret->prefix_bits = 120;
  ret->victim = prac_ip4(0xc0000300);
  attacked[n % 32][0] = prac_ip4(0xc0000300 | choice_u8(c) % 8);
  attacked[n % 32][1] = prac_ip4(0xc0000200 | choice_u8(c) % 8);
  ret->hosts = (struct model_ips){attacked[n % 32], 1 + choice_u8(c) % 2};
}

void made_hit(struct choice *c, unsigned n, struct hit *ret)
{
  static char id[64][24];
  char *mine = id[n % 64];
  (void)snprintf(mine, sizeof id[0], "h%u", n);
  *ret = (struct hit){.id = mine, .sensor = made_sensors[choice_u8(c) % 3], .site_country = "JP"};
  ret->victim = address(c, 0xc0000200);
  ret->vector = "dns";
  ret->port = choice_u8(c) & 1 ? 53 : 443;
  ret->at = MADE_DAY + choice_below(c, 86400) * PRAC_SEC;
  ret->from = ret->to = ret->at;
  ret->packets = choice_u8(c);
}

void made_packet(struct choice *c, unsigned n, struct packet *ret)
{
  static char id[64][24];
  static const uint8_t protos[] = {6, 6, 17, 1, 58, 47};
  static const uint16_t ports[] = {23, 443, 1433, 53, 0, 771};
  static const char *const countries[] = {"", "MM", "CN", "JP"};
  static const uint8_t bytes[] = {1, 2, 3};
  char *mine = id[n % 64];
  (void)snprintf(mine, sizeof id[0], "p%u", n);
  *ret = (struct packet){.id = mine, .sensor = made_sensors[choice_u8(c) % 3], .layer = "payload"};
  ret->at = MADE_DAY + choice_below(c, 86400) * PRAC_SEC;
  ret->src = address(c, 0xc0000200);
  ret->proto = protos[choice_u8(c) % sizeof protos];
  ret->sport = choice_u8(c) % 12;
  ret->dport = ports[choice_u8(c) % 6];
  ret->country = countries[choice_u8(c) % 4];
  ret->asn = choice_u8(c) % 5 * 1000u;
  ret->len = sizeof bytes;
  ret->bytes = (struct model_bytes){bytes, sizeof bytes};
  ret->seen = 1;
}

struct lines {
  char *v;
  size_t n, cap;
};

static void put(struct lines *l, const char *s)
{
  size_t n = strlen(s);
  if (l->n + n + 1 > l->cap) {
    l->cap = (l->n + n + 1) * 2;
    l->v = realloc(l->v, l->cap);
    if (!l->v) abort();
  }
  memcpy(l->v + l->n, s, n + 1);
  l->n += n;
}

static prac_rc each(void *arg, const struct store_col *cols, size_t n, const struct store_value *v)
{
  for (size_t i = 0; i < n; i++) {
    char text[96] = "";
    put(arg, cols[i].name);
    put(arg, "=");
    switch (cols[i].type) {
    case STORE_U64:
      (void)snprintf(text, sizeof text, "%llu", (unsigned long long)v[i].u);
      break;
    case STORE_I64:
      (void)snprintf(text, sizeof text, "%lld", (long long)v[i].i);
      break;
    case STORE_F64:
      (void)snprintf(text, sizeof text, "%.17g", v[i].f);
      break;
    case STORE_TIME:
      prac_time_text(text, v[i].t);
      break;
    case STORE_IP:
      prac_ip_text(text, &v[i].ip);
      break;
    case STORE_TEXT:
      put(arg, v[i].s);
      break;
    }
    put(arg, text);
    put(arg, i + 1 < n ? " " : "\n");
  }
  return PRAC_OK;
}

char *answer_text(struct store *s, const struct store_query *q, prac_rc *ret_rc)
{
  struct lines l = {0};
  struct prac_err err = {0};
  put(&l, "");
  *ret_rc = s->ops->query(s->st, q, each, &l, &err);
  if (*ret_rc != PRAC_OK) {
    put(&l, "error: ");
    put(&l, err.text);
  }
  return l.v;
}

struct pages {
  struct lines lines;
  struct store_query q;
  uint32_t n; /* rows of this page */
  prac_time at;
  uint32_t given; /* flows of that time */
  char id[128];
};

static prac_rc each_of_page(void *arg, const struct store_col *cols, size_t n,
                            const struct store_value *v)
{
  struct pages *p = arg;
  p->n++;
  if (p->q.what == STORE_FLOWS) {
    p->given = v[0].t == p->at ? p->given + 1 : 1;
    p->at = v[0].t;
  } else {
    struct prac_arena *a = prac_arena_new(1024);
    void *rec = prac_arena_alloc(a, p->q.kind->size);
    if (!rec || model_from_json(p->q.kind, v[0].s, strlen(v[0].s), a, rec, NULL) != PRAC_OK)
      abort();
    p->at = store_record_at(p->q.kind, rec);
    (void)snprintf(p->id, sizeof p->id, "%s", store_record_key(p->q.kind, rec));
    prac_arena_free(&a);
  }
  return each(&p->lines, cols, n, v);
}

char *pages_text(struct store *s, const struct store_query *q, prac_rc *ret_rc)
{
  struct pages p = {.q = *q, .at = PRAC_TIME_NONE};
  struct prac_err err = {0};
  put(&p.lines, "");
  do {
    p.n = 0;
    *ret_rc = s->ops->query(s->st, &p.q, each_of_page, &p, &err);
    p.q.after_at = p.at;
    p.q.after = p.q.what == STORE_FLOWS ? NULL : p.id;
    p.q.passed = p.given;
  } while (*ret_rc == PRAC_OK && p.n > 0 && p.n == q->limit);
  if (*ret_rc != PRAC_OK) put(&p.lines, err.text);
  return p.lines.v;
}

void batch_text(const struct flow_batch *b, char **text)
{
  struct lines l = {.v = *text, .n = *text ? strlen(*text) : 0};
  char line[512];
  (void)snprintf(line, sizeof line, "%lld %s part %u last %d rows %u geo %s\n",
                 (long long)(b->minute / PRAC_MIN), b->sensor, b->part, b->last, b->n, b->geo);
  l.cap = l.n + (l.n != 0);
  put(&l, line);
  for (uint32_t i = 0; i < b->n; i++) {
    struct flow_row r = flow_batch_row(b, i);
    const char *list = r.survey ? b->lists.v[r.survey - 1] : "";
    char src[PRAC_IP_TEXT];
    r.survey = 0;
    (void)snprintf(line, sizeof line, "  %s %016llx %s\n", prac_ip_text(src, &r.src),
                   (unsigned long long)prac_hash_bytes(7, &r, sizeof r), list);
    put(&l, line);
  }
  *text = l.v;
}

static prac_rc each_batch(void *arg, struct flow_batch *b)
{
  batch_text(b, arg);
  return PRAC_OK;
}

char *batches_text(struct store *s, const struct store_batch_query *q, prac_rc *ret_rc)
{
  struct lines l = {0};
  struct prac_err err = {0};
  put(&l, "");
  *ret_rc = s->ops->batches(s->st, q, each_batch, &l.v, &err);
  if (*ret_rc != PRAC_OK) fprintf(stderr, "# %s\n", err.text);
  return l.v;
}

static void made_filters(struct choice *c, struct store_query *q)
{
  uint32_t pick = choice_below(c, 0xffff);
  if (pick & 1) q->sensor = made_sensors[choice_u8(c) % 3];
  if ((pick & 0x18006) == 0x6) {
    static const struct prac_prefix any[] = {{{{0x20, 1, 0xd, 0xb8}}, 32},
                                             {{{[10] = 0xff, 0xff, 0xc0, 0, 2, 3}}, 128},
                                             {{{[10] = 0xff, 0xff, 0xc0, 0, 2, 5}}, 128},
                                             {{{[10] = 0xff, 0xff, 0xc0, 0, 2, 0}}, 127}};
    q->srcs = any + choice_u8(c) % 2;
    q->n_srcs = 1 + choice_u8(c) % 3;
  } else if ((pick & 6) == 6)
    q->src = (struct prac_prefix){prac_ip4(0xc0000200), 120};
  if ((pick & 0x18) == 0x18) q->dst = (struct prac_prefix){prac_ip_of(0x20010db800000000u, 0), 32};
  if ((pick & 0x60) == 0x60) q->country = choice_u8(c) & 1 ? "MM" : "CN";
  if ((pick & 0x180) == 0x180) q->asn = 1000u * (choice_u8(c) % 4);
  if ((pick & 0x600) == 0x600) q->marks = 1u << choice_u8(c) % 18;
  if ((pick & 0x1800) == 0x1800) {
    static const struct model_port ports[] = {{443, 6}, {53, 17}, {771, 1},
                                              {0, 47},  {80, 0},  {513, 1}};
    q->port = ports[choice_u8(c) % 6];
    q->has_port = choice_u8(c) & 1 || q->port.proto == 0;
  }
  if ((pick & 0x9000) == 0x9000) q->only = choice_u8(c) & 1 ? "surge-port" : "single";
  if ((pick & 0x6000) == 0x6000) q->victim = (struct prac_prefix){prac_ip4(0xc0000200), 122};
}

void made_query(struct choice *c, struct store_query *q)
{
  static const int64_t steps[] = {PRAC_MIN, PRAC_HOUR, PRAC_DAY};
  static const struct model_kind *const kinds[] = {&model_finding, &model_health, &model_alert,
                                                   &model_episode};
  *q = (struct store_query){.span = {PRAC_TIME_NONE, PRAC_TIME_NONE}};
  q->what = (enum store_what)(choice_u8(c) % (STORE_KEPT + 1));
  q->kind = kinds[choice_u8(c) % 4];
  if (choice_u8(c) & 1) q->span.from = MADE_DAY + choice_below(c, 3 * 3600) * PRAC_SEC;
  if (choice_u8(c) & 1) q->span.to = MADE_DAY + (3 * 3600 + choice_below(c, 36 * 3600)) * PRAC_SEC;
  q->step_ns = steps[choice_u8(c) % 3];
  q->by = (enum store_dim)(choice_u8(c) % (STORE_BY_SRC + 1));
  q->keys = choice_below(c, 1u << STORE_KEY_COUNT_);
  made_filters(c, q);
  if (q->what == STORE_HOST && !q->src.bits)
    q->src = (struct prac_prefix){prac_ip4(0xc0000200 | choice_u8(c) % 8), 128};
  if (choice_u8(c) & 1) q->limit = 1 + choice_u8(c) % 20;
  q->oldest_first = choice_u8(c) & 1;
}

const char *made_dir(char out[256])
{
  (void)snprintf(out, 256, "/tmp/practice-test-XXXXXX");
  if (!mkdtemp(out)) abort();
  return out;
}

static int drop(const char *path, const struct stat *st, int flag, struct FTW *f)
{
  (void)st;
  (void)flag;
  (void)f;
  return remove(path);
}

void made_dir_remove(const char *dir)
{
  (void)nftw(dir, drop, 16, FTW_DEPTH | FTW_PHYS);
}
