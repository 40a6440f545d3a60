/* A MaxMind DB is walked once, at load, into our own table: lookups are then several times faster
 * than libmaxminddb's, need no file, and country, AS and lists are one search instead of four. */
#include <maxminddb.h>
#include <stdlib.h>
#include <string.h>

#include "lookup/files.h"

typedef __uint128_t u128;

enum { CACHE = 1 << 12, DEPTH = 128 };
struct visit {
  uint64_t node;
  u128 at;
  unsigned depth; /* bits of `at` that are fixed */
};
struct walk {
  MMDB_s db;
  enum lookup_mmdb_want want;
  struct lookup_ranges ranges;
  struct lookup_names *names;
  struct visit stack[DEPTH + 2];
  size_t n;
  uint64_t left;    /* nodes we are still willing to look at */
  uint64_t v4_node; /* where ::/96 begins; other ways into it are aliases */
  struct {
    uint32_t offset, value;
  } cache[CACHE]; /* of decoded records: a database has few different countries */
};

static bool text_at(MMDB_entry_s *e, const char *const *path, MMDB_entry_data_s *d)
{
  return MMDB_aget_value(e, d, path) == MMDB_SUCCESS && d->has_data &&
         d->type == MMDB_DATA_TYPE_UTF8_STRING;
}

static uint32_t country_of(MMDB_entry_s *e)
{
  static const char *const paths[][3] = {
      {"country", "iso_code", NULL},
      {"country_code", NULL, NULL},
      {"country", NULL, NULL},
      {"registered_country", "iso_code", NULL},
  };
  for (size_t i = 0; i < PRAC_ARRAY_LEN(paths); i++) {
    MMDB_entry_data_s d;
    if (!text_at(e, paths[i], &d) || d.data_size != 2) continue;
    unsigned a = (unsigned char)d.utf8_string[0], b = (unsigned char)d.utf8_string[1];
    if (a >= 'A' && a <= 'Z' && b >= 'A' && b <= 'Z') return a << 8 | b;
  }
  return 0;
}

static uint32_t digits_of(const char *s, size_t n)
{
  uint64_t v = 0;
  if (n > 2 && memcmp(s, "AS", 2) == 0) s += 2, n -= 2;
  if (n == 0 || n > 10) return 0;
  for (size_t i = 0; i < n; i++) {
    if (s[i] < '0' || s[i] > '9') return 0;
    v = v * 10 + (unsigned)(s[i] - '0');
  }
  return v > UINT32_MAX ? 0 : (uint32_t)v;
}

static prac_rc asn_of(struct walk *w, MMDB_entry_s *e, uint32_t *ret)
{
  static const char *const number[] = {"autonomous_system_number", NULL},
                           *const word[] = {"asn", NULL},
                           *const org[] = {"autonomous_system_organization", NULL},
                           *const name[] = {"name", NULL};
  MMDB_entry_data_s d;
  *ret = 0;
  if (MMDB_aget_value(e, &d, number) == MMDB_SUCCESS && d.has_data) {
    if (d.type == MMDB_DATA_TYPE_UINT32) *ret = d.uint32;
    if (d.type == MMDB_DATA_TYPE_UINT16) *ret = d.uint16;
  } else if (text_at(e, word, &d))
    *ret = digits_of(d.utf8_string, d.data_size);
  if (w->names && *ret && (text_at(e, org, &d) || text_at(e, name, &d)))
    return lookup_names_add(w->names, *ret, d.utf8_string, d.data_size);
  return PRAC_OK;
}

static prac_rc value_of(struct walk *w, MMDB_entry_s *e, uint32_t *ret)
{
  size_t slot = e->offset % CACHE;
  if (w->cache[slot].offset != e->offset + 1) {
    if (w->want == LOOKUP_MMDB_COUNTRY)
      *ret = country_of(e);
    else
      PRAC_TRY(asn_of(w, e, ret));
    w->cache[slot].offset = e->offset + 1;
    w->cache[slot].value = *ret;
  }
  *ret = w->cache[slot].value;
  return PRAC_OK;
}

static struct prac_ip ip_of(u128 v)
{
  return prac_ip_of((uint64_t)(v >> 64), (uint64_t)v);
}

static const uint64_t v4_base = UINT64_C(0xffff00000000);

/* A leaf. In an IPv6 database IPv4 lives at ::/96; we keep it at ::ffff:0:0/96. */
static prac_rc leaf(struct walk *w, MMDB_entry_s *e, u128 at, unsigned depth)
{
  struct prac_lpm_range r = {.value = 0};
  PRAC_TRY(value_of(w, e, &r.value));
  u128 rest = depth >= 128 ? 0 : ((u128)1 << (128 - depth)) - 1;
  if (depth > 96 && at >> 32 == 0) at |= v4_base;
  r.first = ip_of(at);
  r.last = ip_of(at | rest);
  if (r.value) PRAC_TRY(lookup_ranges_add(&w->ranges, r));
  if (depth > 96 || at != 0 || !r.value) return PRAC_OK;
  r.first = prac_ip4(0); /* one leaf over all of ::/96 */
  r.last = prac_ip4(UINT32_MAX);
  return lookup_ranges_add(&w->ranges, r);
}

static prac_rc child(struct walk *w, struct visit v, bool right, uint64_t record, uint8_t type,
                     MMDB_entry_s *e)
{
  if (right) v.at |= (u128)1 << (127 - v.depth);
  v.depth++;
  if (type == MMDB_RECORD_TYPE_EMPTY) return PRAC_OK;
  if (type == MMDB_RECORD_TYPE_DATA) return leaf(w, e, v.at, v.depth);
  if (type != MMDB_RECORD_TYPE_SEARCH_NODE || v.depth >= 128) return PRAC_DAMAGED;
  if (record == w->v4_node && v.at != 0) return PRAC_OK; /* 2002::/16 and other aliases */
  v.node = record;
  w->stack[w->n++] = v;
  return PRAC_OK;
}

static prac_rc walk(struct walk *w)
{
  while (w->n > 0) {
    struct visit v = w->stack[--w->n];
    MMDB_search_node_s s;
    if (w->left-- == 0) return PRAC_DAMAGED;
    if (MMDB_read_node(&w->db, (uint32_t)v.node, &s) != MMDB_SUCCESS) return PRAC_DAMAGED;
    PRAC_TRY(child(w, v, true, s.right_record, s.right_record_type, &s.right_record_entry));
    PRAC_TRY(child(w, v, false, s.left_record, s.left_record_type, &s.left_record_entry));
  }
  return PRAC_OK;
}

static void find_v4(struct walk *w)
{
  uint64_t node = 0;
  w->v4_node = UINT64_MAX;
  for (unsigned i = 0; i < 96; i++) {
    MMDB_search_node_s s;
    if (MMDB_read_node(&w->db, (uint32_t)node, &s) != MMDB_SUCCESS ||
        s.left_record_type != MMDB_RECORD_TYPE_SEARCH_NODE)
      return;
    node = s.left_record;
  }
  w->v4_node = node;
}

static prac_rc load(struct walk *w, struct prac_lpm **ret)
{
  w->left = 4 * (uint64_t)w->db.metadata.node_count + 1024;
  if (w->db.metadata.ip_version == 4)
    w->stack[w->n++] = (struct visit){0, v4_base, 96};
  else {
    find_v4(w);
    w->stack[w->n++] = (struct visit){0, 0, 0};
  }
  if (w->db.metadata.node_count > 0) PRAC_TRY(walk(w));
  return prac_lpm_new(w->ranges.v, w->ranges.n, ret);
}

prac_rc lookup_mmdb_load(const char *path, enum lookup_mmdb_want want, struct prac_lpm **ret,
                         struct lookup_names *names, prac_time *ret_date, struct prac_err *reterr)
{
  struct walk *w = calloc(1, sizeof *w);
  if (!w) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory to read %s", path);
  int status = MMDB_open(path, MMDB_MODE_MMAP, &w->db);
  if (status != MMDB_SUCCESS) {
    free(w);
    return PRAC_FAIL(reterr, status == MMDB_FILE_OPEN_ERROR ? PRAC_IO : PRAC_MALFORMED, "%s: %s",
                     path, MMDB_strerror(status));
  }
  w->want = want;
  w->names = names;
  uint64_t built = w->db.metadata.build_epoch;
  *ret_date = built > 0 && built < UINT32_MAX ? (prac_time)built * PRAC_SEC : PRAC_TIME_NONE;
  prac_rc rc = load(w, ret);
  MMDB_close(&w->db);
  lookup_ranges_done(&w->ranges);
  free(w);
  if (rc == PRAC_OK) return rc;
  return PRAC_FAIL(reterr, rc, "%s: %s", path,
                   rc == PRAC_DAMAGED ? "the search tree is damaged" : prac_rc_text(rc));
}
