/* One cache line a source. The sets are small on purpose: whoever sends from addresses that fall
 * into one set can only push out that set's other sources. */
#include "capture/tools.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "capture/marks.h"

enum {
  WAYS = 4,
  HALVE_AT = 1024,
  LABEL_KEEPS_S = 3600,
  MATCH_KEEPS_S = 300,
  CONF_MAX = 200,
  HUGE_PAGE = 1 << 21
};

struct source {
  struct prac_ip ip;
  uint32_t seen_s;
  uint32_t last_seq, last_where;
  uint32_t unicorn_key, nmap_seq[2];  /* nmap's second try has a number of its own */
  uint16_t total;                     /* 0: an empty entry */
  uint16_t matches[FLOW_TOOL_COUNT_]; /* [FLOW_TOOL_NONE] unused */
  uint8_t unicorn_conf, nmap_conf[2]; /* how sure we are of the constants above */
  uint8_t tool;
} PRAC_ALIGNED(64);
_Static_assert(sizeof(struct source) == 64, "one cache line");

static const uint32_t tool_marks[FLOW_TOOL_COUNT_] = {
    [FLOW_TOOL_ZMAP] = FLOW_ZMAP_OLD | FLOW_ZMAP,
    [FLOW_TOOL_MASSCAN] = FLOW_MASSCAN | FLOW_MASSCAN_OLD,
    [FLOW_TOOL_MIRAI] = FLOW_MIRAI,
    [FLOW_TOOL_UNICORNSCAN] = FLOW_UNICORNSCAN,
    [FLOW_TOOL_NMAP] = FLOW_NMAP,
};

struct cap_tools {
  void *block;      /* owned */
  struct source *s; /* in it, aligned */
  uint64_t mask;
  unsigned label_packets;
  uint64_t evicted, labelled;
};

prac_rc cap_tools_new(uint64_t max_sources, unsigned label_packets, struct cap_tools **ret)
{
  uint64_t n = WAYS;
  while (n * 2 <= max_sources && n < UINT64_C(1) << 26) n *= 2;
  struct cap_tools *t = calloc(1, sizeof *t);
  if (!t) return PRAC_NOMEM;
  /* fresh pages are zero and cost nothing until used; huge ones, because each access is to another
   */
  size_t bytes = n * sizeof *t->s;
  t->block = calloc(1, bytes + HUGE_PAGE);
  if (!t->block) {
    free(t);
    return PRAC_NOMEM;
  }
  size_t off = (HUGE_PAGE - (uintptr_t)t->block % HUGE_PAGE) % HUGE_PAGE;
  if (bytes < HUGE_PAGE) off = (64 - (uintptr_t)t->block % 64) % 64;
  t->s = (struct source *)(void *)((char *)t->block + off);
  if (bytes >= HUGE_PAGE) (void)madvise(t->s, bytes, MADV_HUGEPAGE);
  t->mask = n - 1;
  t->label_packets = label_packets > 0 ? label_packets : 1;
  *ret = t;
  return PRAC_OK;
}

void cap_tools_free(struct cap_tools **tp)
{
  if (!*tp) return;
  free((*tp)->block);
  free(*tp);
  *tp = NULL;
}

uint64_t cap_tools_hash(const struct prac_ip *src)
{
  uint64_t hi, lo;
  memcpy(&hi, src->b, 8);
  memcpy(&lo, src->b + 8, 8);
  return prac_hash2(0, hi, lo);
}

void cap_tools_prefetch(const struct cap_tools *t, uint64_t hash)
{
  __builtin_prefetch(&t->s[hash & t->mask], 1);
}

/* What makes an entry worth keeping, in seconds. */
static int64_t worth(const struct source *s)
{
  uint32_t matched = 0;
  for (int i = 1; i < FLOW_TOOL_COUNT_; i++) matched |= s->matches[i];
  return (int64_t)s->seen_s + (s->tool ? LABEL_KEEPS_S : matched ? MATCH_KEEPS_S : 0);
}

static struct source *find(struct cap_tools *t, uint64_t hash, const struct prac_ip *ip)
{
  uint64_t home = hash & t->mask;
  struct source *empty = NULL, *worst = NULL;
  for (uint64_t i = 0; i < WAYS; i++) {
    struct source *s = &t->s[home ^ i];
    if (s->total == 0) {
      if (!empty) empty = s;
    } else if (prac_ip_eq(&s->ip, ip)) {
      return s;
    } else if (!worst || worth(s) < worth(worst)) {
      worst = s;
    }
  }
  if (!empty) {
    t->evicted++;
    empty = worst;
  }
  *empty = (struct source){.ip = *ip};
  return empty;
}

/* A constant seen again makes us surer, another value less sure; at none the new value is taken. */
static bool constant(uint32_t *kept, uint8_t *conf, uint32_t now)
{
  if (*conf > 0 && *kept == now) {
    if (*conf < CONF_MAX) ++*conf;
    return true;
  }
  if (*conf > 0 && --*conf > 0) return false;
  *kept = now;
  *conf = 1;
  return false;
}

static uint32_t low4(const struct prac_ip *ip)
{
  uint32_t v;
  memcpy(&v, ip->b + 12, 4);
  return __builtin_bswap32(v);
}

static bool nmap_shape(const struct wire_packet *p)
{
  bool window = p->window == 1024 || p->window == 2048 || p->window == 3072 || p->window == 4096;
  return window && p->options_len == 4 && p->mss == 1460;
}

static bool nmap_number(struct source *s, uint32_t seq)
{
  if (s->nmap_conf[0] > 0 && s->nmap_seq[0] == seq)
    return constant(&s->nmap_seq[0], &s->nmap_conf[0], seq);
  if (s->nmap_conf[1] > 0 && s->nmap_seq[1] == seq)
    return constant(&s->nmap_seq[1], &s->nmap_conf[1], seq);
  int weaker = s->nmap_conf[1] < s->nmap_conf[0];
  return constant(&s->nmap_seq[weaker], &s->nmap_conf[weaker], seq);
}

static uint32_t constants(struct source *s, const struct wire_packet *p)
{
  uint32_t m = 0, both = (uint32_t)p->sport << 16 | p->dport;
  uint32_t where = (low4(&p->dst) * 0x9e3779b1u) ^ both;
  /* the same sequence number again is a retransmission, or a tool with a constant of its own */
  if (s->total == 0 || p->seq != s->last_seq) {
    uint32_t key = p->seq ^ low4(&p->src) ^ (((uint32_t)p->sport << 16) + p->dport);
    if (constant(&s->unicorn_key, &s->unicorn_conf, key)) m |= FLOW_UNICORNSCAN;
  }
  if (nmap_shape(p) && (s->total == 0 || where != s->last_where) && nmap_number(s, p->seq))
    m |= FLOW_NMAP;
  s->last_seq = p->seq;
  s->last_where = where;
  return m;
}

static void halve(struct source *s)
{
  s->total /= 2;
  for (int i = 0; i < FLOW_TOOL_COUNT_; i++) s->matches[i] /= 2;
}

static enum flow_tool judge(const struct source *s, unsigned label_packets)
{
  unsigned best = FLOW_TOOL_NONE, most = 0;
  for (unsigned i = 1; i < FLOW_TOOL_COUNT_; i++)
    if (s->matches[i] > most) most = s->matches[best = i];
  return most >= label_packets && 2 * most > s->total ? (enum flow_tool)best : FLOW_TOOL_NONE;
}

uint32_t cap_tools_marks(enum flow_tool tool)
{
  return tool_marks[tool];
}

enum flow_tool cap_tools_see(struct cap_tools *t, uint64_t hash, const struct wire_packet *p,
                             uint32_t sec, uint32_t *marks)
{
  struct source *s = find(t, hash, &p->src);
  *marks |= constants(s, p);
  s->seen_s = sec;
  if (++s->total >= HALVE_AT) halve(s);
  if (PRAC_LIKELY(!(*marks & CAP_MARKS_TOOL) && !s->tool)) return FLOW_TOOL_NONE;
  for (unsigned i = 1; i < FLOW_TOOL_COUNT_; i++)
    if (*marks & tool_marks[i]) s->matches[i]++;
  enum flow_tool now = judge(s, t->label_packets);
  if (now != FLOW_TOOL_NONE && s->tool == FLOW_TOOL_NONE) t->labelled++;
  s->tool = (uint8_t)now;
  return now;
}

enum flow_tool cap_tools_label(const struct cap_tools *t, const struct prac_ip *src)
{
  uint64_t home = cap_tools_hash(src) & t->mask;
  for (uint64_t i = 0; i < WAYS; i++) {
    const struct source *s = &t->s[home ^ i];
    if (s->total > 0 && prac_ip_eq(&s->ip, src)) return (enum flow_tool)s->tool;
  }
  return FLOW_TOOL_NONE;
}

uint64_t cap_tools_evicted(const struct cap_tools *t)
{
  return t->evicted;
}

uint64_t cap_tools_labelled(const struct cap_tools *t)
{
  return t->labelled;
}
