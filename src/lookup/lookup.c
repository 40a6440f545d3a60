/* All sources are merged at load into one table: an address is searched once and everything known
 * about it is one small record. The AS table is kept beside it for the prefix around an address. */
#include "lookup/lookup.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "lookup/files.h"

static const struct prac_log_event ev_none = {
    "lookup_without_data", PRAC_LOG_WARN,
    "name a country-mmdb and an asn-csv under lookup: in the settings"};
static const struct prac_log_event ev_missing = {
    "lookup_file_missing", PRAC_LOG_WARN, "put the file there, or take it out of the settings"};
static const struct prac_log_event ev_old = {"lookup_list_old", PRAC_LOG_WARN,
                                             "fetch the list again: addresses change hands"};
static const struct prac_log_event ev_lines = {"lookup_lines_refused", PRAC_LOG_WARN,
                                               "look at the line; the others are used"};
static const struct prac_log_event ev_loaded = {"lookup_loaded", PRAC_LOG_INFO, ""};

enum { COUNTRY, ASN, SURVEY, BOGON, PARTS };
enum { LABEL = 160 };

struct lookup {
  _Atomic uint32_t refs;
  struct prac_lpm *part[PARTS]; /* only ASN outlives the load */
  struct prac_lpm *all;         /* -> index into answers */
  struct lookup_answer *answers;
  uint32_t n_answers;
  struct lookup_names names;
  const char **lists;
  uint32_t n_lists;
  struct prac_arena *a;
  char label[LABEL];
};

/* ---- one record for each combination ---- */

struct merge {
  struct lookup *l;
  struct prac_lpm_cut *cuts;
  size_t n_cuts, cap_answers, n_slots;
  uint32_t *slots; /* open addressing; 0: free, else 1 + index of an answer */
};

static bool same(const struct lookup_answer *a, const struct lookup_answer *b)
{
  return a->country == b->country && a->asn == b->asn && a->survey == b->survey &&
         a->bogon == b->bogon;
}

static size_t slot_of(const struct merge *m, const struct lookup_answer *a)
{
  size_t i =
      prac_hash2(0, a->asn, (uint64_t)a->country << 32 | (uint64_t)a->survey << 8 | a->bogon);
  for (i &= m->n_slots - 1; m->slots[i]; i = (i + 1) & (m->n_slots - 1))
    if (same(&m->l->answers[m->slots[i] - 1], a)) break;
  return i;
}

static prac_rc grow(struct merge *m)
{
  size_t n = m->cap_answers ? 2 * m->cap_answers : 1024;
  struct lookup_answer *v = realloc(m->l->answers, n * sizeof *v);
  if (!v) return PRAC_NOMEM;
  m->l->answers = v;
  m->cap_answers = n;
  uint32_t *slots = calloc(4 * n, sizeof *slots);
  if (!slots) return PRAC_NOMEM;
  free(m->slots);
  m->slots = slots;
  m->n_slots = 4 * n;
  for (uint32_t i = 0; i < m->l->n_answers; i++) m->slots[slot_of(m, &v[i])] = i + 1;
  return PRAC_OK;
}

static prac_rc answer_index(struct merge *m, const struct lookup_answer *a, uint32_t *ret)
{
  if (m->l->n_answers == m->cap_answers) PRAC_TRY(grow(m));
  size_t i = slot_of(m, a);
  if (!m->slots[i]) {
    m->l->answers[m->l->n_answers++] = *a;
    m->slots[i] = m->l->n_answers;
  }
  *ret = m->slots[i] - 1;
  return PRAC_OK;
}

/* Walks the cuts of all parts side by side, always to the nearest. */
static prac_rc merge_cuts(struct merge *m)
{
  size_t at[PARTS] = {0};
  struct prac_ip here = {{0}};
  for (;;) {
    uint32_t v[PARTS], index;
    struct prac_ip next = {{0}};
    bool more = false;
    for (size_t p = 0; p < PARTS; p++) {
      v[p] = prac_lpm_cut_at(m->l->part[p], at[p]).value;
      if (at[p] + 1 >= prac_lpm_n_cuts(m->l->part[p])) continue;
      struct prac_ip one = prac_lpm_cut_at(m->l->part[p], at[p] + 1).first;
      if (!more || memcmp(&one, &next, sizeof one) < 0) next = one;
      more = true;
    }
    struct lookup_answer a = {.country = (uint16_t)v[COUNTRY],
                              .asn = v[ASN],
                              .survey = (uint16_t)v[SURVEY],
                              .bogon = v[BOGON] != 0};
    PRAC_TRY(answer_index(m, &a, &index));
    m->cuts[m->n_cuts++] = (struct prac_lpm_cut){here, index};
    if (!more) return PRAC_OK;
    here = next;
    for (size_t p = 0; p < PARTS; p++) {
      if (at[p] + 1 >= prac_lpm_n_cuts(m->l->part[p])) continue;
      struct prac_ip one = prac_lpm_cut_at(m->l->part[p], at[p] + 1).first;
      if (memcmp(&one, &here, sizeof one) == 0) at[p]++;
    }
  }
}

static prac_rc merge_parts(struct lookup *l)
{
  struct merge m = {.l = l};
  size_t most = 1;
  for (size_t p = 0; p < PARTS; p++) most += prac_lpm_n_cuts(l->part[p]);
  m.cuts = malloc(most * sizeof *m.cuts);
  prac_rc rc = m.cuts ? merge_cuts(&m) : PRAC_NOMEM;
  if (rc == PRAC_OK) rc = prac_lpm_from_cuts(m.cuts, m.n_cuts, &l->all);
  free(m.cuts);
  free(m.slots);
  for (size_t p = 0; p < PARTS; p++)
    if (p != ASN) prac_lpm_free(&l->part[p]);
  return rc;
}

/* ---- the sources ---- */

struct load {
  const struct lookup_conf *c;
  const struct prac_log *log;
  struct lookup *l;
  prac_time now, country_date, asn_date;
  struct prac_err *err;
};

static prac_rc no_memory(struct load *ld, prac_rc rc)
{
  return rc == PRAC_OK ? rc : PRAC_FAIL(ld->err, rc, "lookup: %s", prac_rc_text(rc));
}

/* Is a source named, and there? A name that leads nowhere is an error unless missing-ok. */
static bool wanted(struct load *ld, const char *path)
{
  if (!path || !*path) return false;
  if (!ld->c->missing_ok || access(path, F_OK) == 0) return true;
  prac_log(ld->log, &ev_missing, "%s is not there; what it would tell stays unknown", path);
  return false;
}

static void say_refused(struct load *ld, const char *path, const struct lookup_read *r)
{
  if (r->refused)
    prac_log(ld->log, &ev_lines, "%s: %llu lines refused, the first is line %llu", path,
             (unsigned long long)r->refused, (unsigned long long)r->first_bad);
}

static prac_rc load_asn_csv(struct load *ld, const char *path)
{
  struct lookup_ranges ranges = {.v = NULL};
  struct lookup_read got;
  char *text = NULL;
  size_t n = 0;
  PRAC_TRY(lookup_file_read(path, &text, &n, &ld->asn_date, ld->err));
  prac_rc rc = no_memory(ld, lookup_csv_parse(text, n, &ranges, &ld->l->names, &got));
  free(text);
  if (rc == PRAC_OK && got.taken == 0 && n > 0)
    rc = PRAC_FAIL(ld->err, PRAC_MALFORMED, "%s: no line reads as start,end,AS number,name", path);
  if (rc == PRAC_OK) {
    say_refused(ld, path, &got);
    rc = no_memory(ld, prac_lpm_new(ranges.v, ranges.n, &ld->l->part[ASN]));
  }
  lookup_ranges_done(&ranges);
  return rc;
}

static prac_rc load_geography(struct load *ld)
{
  const struct lookup_conf *c = ld->c;
  if (wanted(ld, c->country_mmdb))
    PRAC_TRY(lookup_mmdb_load(c->country_mmdb, LOOKUP_MMDB_COUNTRY, &ld->l->part[COUNTRY], NULL,
                              &ld->country_date, ld->err));
  if (wanted(ld, c->asn_csv))
    PRAC_TRY(load_asn_csv(ld, c->asn_csv));
  else if (wanted(ld, c->asn_mmdb))
    PRAC_TRY(lookup_mmdb_load(c->asn_mmdb, LOOKUP_MMDB_ASN, &ld->l->part[ASN], &ld->l->names,
                              &ld->asn_date, ld->err));
  lookup_names_sort(&ld->l->names);
  return PRAC_OK;
}

/* "name=path" or "name@2026-01-31=path" */
struct list_spec {
  const char *name, *path;
  size_t name_n;
  prac_time date; /* NONE: the file's */
};

static prac_rc list_spec_parse(struct load *ld, const char *s, struct list_spec *ret)
{
  const char *eq = strchr(s, '='), *at = memchr(s, '@', strcspn(s, "="));
  *ret = (struct list_spec){s, eq ? eq + 1 : "", strcspn(s, "@="), PRAC_TIME_NONE};
  if (!eq || !ret->name_n || !*ret->path || ret->name_n > 60)
    return PRAC_FAIL(ld->err, PRAC_MALFORMED,
                     "lookup.lists: \"%s\" is not name=file or name@2026-01-31=file", s);
  if (at && prac_time_parse(at + 1, (size_t)(eq - at - 1), &ret->date) != PRAC_OK)
    return PRAC_FAIL(ld->err, PRAC_MALFORMED, "lookup.lists: \"%s\": no date between @ and =", s);
  return PRAC_OK;
}

static void say_old(struct load *ld, const struct list_spec *s)
{
  char age[PRAC_TIME_TEXT];
  if (ld->now == PRAC_TIME_NONE || s->date == PRAC_TIME_NONE || s->date > ld->now) return;
  if (ld->now - s->date > ld->c->list_expiry_ns)
    prac_log(ld->log, &ev_old, "list %.*s is %s old", (int)s->name_n, s->name,
             prac_duration_text(age, (ld->now - s->date) / PRAC_DAY * PRAC_DAY));
}

static prac_rc load_list(struct load *ld, const char *spec, struct lookup_ranges *to)
{
  struct list_spec s;
  struct lookup_read got;
  char *text = NULL, day[PRAC_TIME_TEXT], named[128];
  size_t n = 0;
  prac_time mtime = PRAC_TIME_NONE;
  PRAC_TRY(list_spec_parse(ld, spec, &s));
  if (!wanted(ld, s.path)) return PRAC_OK;
  PRAC_TRY(lookup_file_read(s.path, &text, &n, &mtime, ld->err));
  prac_rc rc = no_memory(ld, lookup_list_parse(text, n, ld->l->n_lists + 1, to, &got));
  free(text);
  if (rc != PRAC_OK) return rc;
  if (got.taken == 0 && got.refused > 0)
    return PRAC_FAIL(ld->err, PRAC_MALFORMED, "%s: no line reads as an address or a prefix",
                     s.path);
  say_refused(ld, s.path, &got);
  if (s.date == PRAC_TIME_NONE) s.date = mtime;
  say_old(ld, &s);
  (void)snprintf(named, sizeof named, "%.*s %.10s", (int)s.name_n, s.name,
                 prac_time_text(day, s.date));
  const char *kept = prac_arena_strndup(ld->l->a, named, strlen(named));
  if (!kept) return no_memory(ld, PRAC_NOMEM);
  ld->l->lists[ld->l->n_lists++] = kept;
  return PRAC_OK;
}

static prac_rc load_lists(struct load *ld)
{
  struct lookup_ranges ranges = {.v = NULL};
  prac_rc rc = PRAC_OK;
  ld->l->lists = prac_arena_alloc(ld->l->a, (ld->c->lists.n + 1) * sizeof *ld->l->lists);
  if (!ld->l->lists) return no_memory(ld, PRAC_NOMEM);
  for (size_t i = 0; rc == PRAC_OK && i < ld->c->lists.n; i++)
    rc = load_list(ld, ld->c->lists.v[i], &ranges);
  for (size_t i = 0, k = ranges.n; k > 0 && i < --k; i++) { /* of equal ranges the last wins: */
    struct prac_lpm_range t = ranges.v[i];                  /* let it be the first list's */
    ranges.v[i] = ranges.v[k];
    ranges.v[k] = t;
  }
  if (rc == PRAC_OK) rc = no_memory(ld, prac_lpm_new(ranges.v, ranges.n, &ld->l->part[SURVEY]));
  lookup_ranges_done(&ranges);
  return rc;
}

static prac_rc load_bogons(struct load *ld)
{
  struct lookup_ranges ranges = {.v = NULL};
  prac_rc rc = lookup_bogon_ranges(&ranges);
  if (rc == PRAC_OK) rc = prac_lpm_new(ranges.v, ranges.n, &ld->l->part[BOGON]);
  lookup_ranges_done(&ranges);
  return no_memory(ld, rc);
}

static void make_label(struct load *ld)
{
  struct lookup *l = ld->l;
  char a[PRAC_TIME_TEXT], b[PRAC_TIME_TEXT];
  bool country = l->part[COUNTRY] != NULL, asn = l->part[ASN] != NULL;
  if (!country && !asn) {
    prac_log(ld->log, &ev_none, "no geography: countries and networks stay unknown");
    return;
  }
  if (*ld->c->label)
    (void)snprintf(l->label, sizeof l->label, "%s", ld->c->label);
  else if (country && asn)
    (void)snprintf(l->label, sizeof l->label, "countries of %.10s, networks of %.10s",
                   prac_time_text(a, ld->country_date), prac_time_text(b, ld->asn_date));
  else
    (void)snprintf(l->label, sizeof l->label, "%s of %.10s", country ? "countries" : "networks",
                   prac_time_text(a, country ? ld->country_date : ld->asn_date));
}

static prac_rc load_all(struct load *ld)
{
  PRAC_TRY(load_geography(ld));
  PRAC_TRY(load_lists(ld));
  PRAC_TRY(load_bogons(ld));
  make_label(ld);
  PRAC_TRY(no_memory(ld, merge_parts(ld->l)));
  if (*ld->l->label || ld->l->n_lists)
    prac_log(
        ld->log, &ev_loaded,
        "where addresses belong: %s (%zu ranges, names of %zu networks), %u list%s of scanners",
        *ld->l->label ? ld->l->label : "no geography", prac_lpm_n_cuts(ld->l->all), ld->l->names.n,
        ld->l->n_lists, ld->l->n_lists == 1 ? "" : "s");
  return PRAC_OK;
}

prac_rc lookup_new(const struct lookup_conf *c, prac_time now, const struct prac_log *log,
                   struct lookup **ret, struct prac_err *reterr)
{
  struct lookup *l = calloc(1, sizeof *l);
  if (!l) return PRAC_FAIL(reterr, PRAC_NOMEM, "lookup: out of memory");
  atomic_init(&l->refs, 1);
  struct load ld = {c, log, l, now, PRAC_TIME_NONE, PRAC_TIME_NONE, reterr};
  l->a = prac_arena_new(4096);
  prac_rc rc = l->a ? load_all(&ld) : no_memory(&ld, PRAC_NOMEM);
  if (rc == PRAC_OK)
    *ret = l;
  else
    lookup_unref(&l);
  return rc;
}

struct lookup *lookup_ref(struct lookup *l)
{
  if (l) atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
  return l;
}

void lookup_unref(struct lookup **lp)
{
  struct lookup *l = lp ? *lp : NULL;
  if (!l) return;
  *lp = NULL;
  if (atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1) return;
  for (size_t p = 0; p < PARTS; p++) prac_lpm_free(&l->part[p]);
  prac_lpm_free(&l->all);
  lookup_names_done(&l->names);
  prac_arena_free(&l->a);
  free(l->answers);
  free(l);
}

/* ---- asking ---- */

struct lookup_answer lookup_ip(const struct lookup *l, const struct prac_ip *ip)
{
  if (!l) return (struct lookup_answer){.bogon = lookup_bogon(ip)};
  return l->answers[prac_lpm_find(l->all, ip)];
}

const char *lookup_geo_text(const struct lookup *l)
{
  return l ? l->label : "";
}

const char *const *lookup_lists(const struct lookup *l, uint32_t *ret_n)
{
  *ret_n = l ? l->n_lists : 0;
  return l ? l->lists : NULL;
}

const char *lookup_as_name(const struct lookup *l, uint32_t asn)
{
  return l ? lookup_names_find(&l->names, asn) : "";
}

struct prac_prefix lookup_prefix(const struct lookup *l, const struct prac_ip *ip)
{
  struct prac_ip first, last;
  if (!l || !prac_lpm_piece(l->part[ASN], ip, &first, &last))
    return (struct prac_prefix){.bits = 0};
  return prac_lpm_prefix_in(ip, &first, &last);
}

struct prac_ip lookup_piece_end(const struct lookup *l, const struct prac_ip *ip)
{
  struct prac_ip first, last;
  (void)prac_lpm_piece(l->all, ip, &first, &last);
  return last;
}
