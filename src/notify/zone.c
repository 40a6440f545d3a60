/* libc's own reader is steered by TZ and keeps its state for the whole process, so the files are
 * read here. */
#include "notify/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sys/durable.h"

enum { DAY_S = 86400 };

struct head {
  uint32_t isut, isstd, leap, times, types, chars;
  uint8_t version;
};

static bool head_read(struct prac_rd *r, struct head *h)
{
  const uint8_t *magic = prac_rd_bytes(r, 4);
  if (!magic || memcmp(magic, "TZif", 4) != 0) return false;
  h->version = prac_rd_u8(r);
  prac_rd_skip(r, 15);
  h->isut = prac_rd_u32(r);
  h->isstd = prac_rd_u32(r);
  h->leap = prac_rd_u32(r);
  h->times = prac_rd_u32(r);
  h->types = prac_rd_u32(r);
  h->chars = prac_rd_u32(r);
  return !r->bad && h->times < 1u << 16 && h->types < 1u << 8 && h->chars < 1u << 16 &&
         h->leap < 1u << 16 && h->isut < 1u << 16 && h->isstd < 1u << 16;
}

static bool offset_ok(int64_t s)
{
  return s > -26 * 3600 && s < 26 * 3600;
}

/* Only the last NOTE_ZONE_TIMES transitions are kept: alerts are of today. */
static prac_rc body_read(struct prac_rd *r, const struct head *h, struct note_zone *z)
{
  if (h->types == 0 || h->types > NOTE_ZONE_TYPES) return PRAC_RANGE;
  struct prac_rd times = prac_rd_sub(r, (size_t)h->times * 8);
  struct prac_rd index = prac_rd_sub(r, h->times);
  int32_t offset[NOTE_ZONE_TYPES];
  for (uint32_t i = 0; i < h->types; i++) {
    offset[i] = (int32_t)prac_rd_u32(r);
    prac_rd_skip(r, 2);
    if (!r->bad && !offset_ok(offset[i])) return PRAC_RANGE;
  }
  prac_rd_skip(r, h->chars + (size_t)h->leap * 12 + h->isstd + h->isut);
  if (r->bad) return PRAC_TRUNCATED;
  z->before = offset[0];
  uint32_t skip = h->times > NOTE_ZONE_TIMES ? h->times - NOTE_ZONE_TIMES : 0;
  for (uint32_t i = 0; i < h->times; i++) {
    int64_t at = (int64_t)prac_rd_u64(&times);
    uint8_t k = prac_rd_u8(&index);
    if (k >= h->types) return PRAC_RANGE;
    if (i < skip) {
      z->before = offset[k];
      continue;
    }
    if (z->n && at <= z->at[z->n - 1]) return PRAC_DAMAGED;
    z->at[z->n] = at;
    z->offset[z->n++] = offset[k];
  }
  return PRAC_OK;
}

/* ---- the footer: "JST-9", "EST5EDT,M3.2.0,M11.1.0/1" ---- */

static bool rule_name(const char **p)
{
  const char *s = *p;
  if (*s == '<') {
    s += strcspn(s, ">");
    if (*s++ != '>') return false;
  } else {
    while ((*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z')) s++;
    if (s - *p < 3) return false;
  }
  *p = s;
  return true;
}

static bool number(const char **p, int most, int *ret)
{
  int v = 0, n = 0;
  for (; **p >= '0' && **p <= '9' && n < 4; n++) v = v * 10 + (*(*p)++ - '0');
  *ret = v;
  return n > 0 && v <= most;
}

/* [+-]hh[:mm[:ss]] */
static bool hours(const char **p, int64_t *ret_s)
{
  bool minus = **p == '-';
  int h = 0, m = 0, s = 0;
  if (**p == '-' || **p == '+') ++*p;
  if (!number(p, 167, &h)) return false;
  if (**p == ':' && (++*p, !number(p, 59, &m))) return false;
  if (**p == ':' && (++*p, !number(p, 59, &s))) return false;
  *ret_s = (minus ? -1 : 1) * ((int64_t)h * 3600 + m * 60 + s);
  return true;
}

static bool rule_day(const char **p, struct note_zone_day *d)
{
  d->at_s = 7200;
  if (*(*p)++ != ',' || *(*p)++ != 'M' || !number(p, 12, &d->month) || d->month < 1) return false;
  if (*(*p)++ != '.' || !number(p, 5, &d->week) || d->week < 1) return false;
  if (*(*p)++ != '.' || !number(p, 6, &d->day)) return false;
  return **p != '/' || (++*p, hours(p, &d->at_s));
}

static bool rule_read(const char *s, struct note_zone *z)
{
  int64_t west = 0;
  if (!rule_name(&s) || !hours(&s, &west) || !offset_ok(west)) return false;
  z->std_offset = (int32_t)-west;
  z->rule = true;
  if (!*s) return true;
  z->summer = true;
  if (!rule_name(&s)) return false;
  west -= 3600;
  if (*s && *s != ',' && !hours(&s, &west)) return false;
  if (!offset_ok(west)) return false;
  z->dst_offset = (int32_t)-west;
  return rule_day(&s, &z->from) && rule_day(&s, &z->till) && !*s;
}

static prac_rc footer_read(struct prac_rd *r, struct note_zone *z)
{
  char text[128];
  size_t n = prac_rd_left(r);
  if (n < 2 || n > sizeof text || prac_rd_u8(r) != '\n') return PRAC_DAMAGED;
  prac_rd_copy(r, text, n - 1);
  if (text[n - 2] != '\n') return PRAC_DAMAGED;
  text[n - 2] = '\0';
  if (!text[0]) return PRAC_OK;
  return rule_read(text, z) ? PRAC_OK : PRAC_MALFORMED;
}

prac_rc note_zone_parse(const void *data, size_t n, struct note_zone *ret)
{
  struct prac_rd r = prac_rd_of(data, n);
  struct head h = {0};
  struct note_zone z = {.n = 0};
  if (!head_read(&r, &h) || h.version < '2') return PRAC_DAMAGED;
  prac_rd_skip(&r, (size_t)h.times * 5 + (size_t)h.types * 6 + h.chars + (size_t)h.leap * 8 +
                       h.isstd + h.isut);
  if (!head_read(&r, &h)) return PRAC_DAMAGED;
  PRAC_TRY(body_read(&r, &h, &z));
  PRAC_TRY(footer_read(&r, &z));
  *ret = z;
  return PRAC_OK;
}

/* ---- names ---- */

static bool fixed(const char *name, struct note_zone *z)
{
  int h = 0, m = 0;
  const char *p = name + 1;
  if (strcmp(name, "UTC") == 0 || strcmp(name, "Z") == 0) return true;
  if (name[0] != '+' && name[0] != '-') return false;
  if (strlen(p) == 5 && p[2] == ':')
    h = (p[0] - '0') * 10 + p[1] - '0', m = (p[3] - '0') * 10 + p[4] - '0';
  else if (strlen(p) == 4)
    h = (p[0] - '0') * 10 + p[1] - '0', m = (p[2] - '0') * 10 + p[3] - '0';
  else
    return false;
  if (strspn(p, "0123456789:") != strlen(p) || h > 14 || h < 0 || m > 59 || m < 0) return false;
  z->before = (name[0] == '-' ? -1 : 1) * (h * 3600 + m * 60);
  return true;
}

prac_rc note_zone_open(const char *name, const char *dir, struct note_zone *ret,
                       struct prac_err *reterr)
{
  char path[512];
  uint8_t *data = NULL;
  size_t n = 0;
  struct note_zone z = {.n = 0};
  if (fixed(name, &z)) {
    *ret = z;
    return PRAC_OK;
  }
  bool plain = name[0] && name[0] != '/' && !strstr(name, "..") && strlen(name) < 64;
  if (!plain)
    return PRAC_FAIL(reterr, PRAC_UNKNOWN,
                     "time zone \"%.64s\": UTC, +hh:mm or a name like Asia/Tokyo", name);
  (void)snprintf(path, sizeof path, "%.400s/%s", dir ? dir : "/usr/share/zoneinfo", name);
  prac_rc rc = sys_read_file(path, NOTE_ZONE_MAX_BYTES, &data, &n, reterr);
  if (rc != PRAC_OK)
    return PRAC_FAIL(reterr, PRAC_UNKNOWN,
                     "time zone \"%s\": there is no %s (package tzdata); UTC and +hh:mm need none",
                     name, path);
  rc = note_zone_parse(data, n, ret);
  free(data);
  return rc == PRAC_OK ? rc : PRAC_FAIL(reterr, PRAC_DAMAGED, "%s is no time zone file", path);
}

/* ---- moments ---- */

static int64_t floor_div(int64_t a, int64_t b)
{
  return a / b - (a % b < 0);
}

struct note_date note_date_of(prac_time t, int64_t offset_s)
{
  int64_t s = floor_div(t, PRAC_SEC) + offset_s, days = floor_div(s, DAY_S), in = s - days * DAY_S;
  /* days to a date: Howard Hinnant, chrono-Compatible Low-Level Date Algorithms */
  int64_t z = days + 719468, era = floor_div(z, 146097), doe = z - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  int month = (int)(mp < 10 ? mp + 3 : mp - 9);
  return (struct note_date){.year = yoe + era * 400 + (month <= 2),
                            .month = month,
                            .day = (int)(doy - (153 * mp + 2) / 5 + 1),
                            .hour = (int)(in / 3600),
                            .minute = (int)(in / 60 % 60),
                            .second = (int)(in % 60),
                            .weekday = (int)(((days + 4) % 7 + 7) % 7)};
}

const char *note_zone_text(char out[PRAC_TIME_TEXT], prac_time t, int64_t offset_s)
{
  if (t == PRAC_TIME_NONE) {
    (void)snprintf(out, PRAC_TIME_TEXT, "-");
    return out;
  }
  struct note_date d = note_date_of(t, offset_s);
  (void)snprintf(out, PRAC_TIME_TEXT, "%04lld-%02d-%02d %02d:%02d:%02d", (long long)d.year, d.month,
                 d.day, d.hour, d.minute, d.second);
  return out;
}

/* The moment of a rule's day in a year, seconds since 1970 by the clock that is given up. */
static int64_t rule_moment(const struct note_zone_day *d, int64_t year, int64_t offset_s)
{
  int64_t first = prac_days_from_date(year, d->month, 1);
  int64_t next = d->month == 12 ? prac_days_from_date(year + 1, 1, 1)
                                : prac_days_from_date(year, d->month + 1, 1);
  int64_t wd = ((first + 4) % 7 + 7) % 7;
  int64_t day = first + (d->day - wd + 7) % 7 + (int64_t)(d->week - 1) * 7;
  while (day >= next) day -= 7;
  return day * DAY_S + d->at_s - offset_s;
}

static int64_t rule_offset(const struct note_zone *z, int64_t s)
{
  if (!z->summer) return z->std_offset;
  int64_t year = note_date_of(s * PRAC_SEC, z->std_offset).year;
  int64_t from = rule_moment(&z->from, year, z->std_offset);
  int64_t till = rule_moment(&z->till, year, z->dst_offset);
  bool on = from < till ? s >= from && s < till : s >= from || s < till;
  return on ? z->dst_offset : z->std_offset;
}

int64_t note_zone_offset_s(const struct note_zone *z, prac_time t)
{
  int64_t s = floor_div(t, PRAC_SEC);
  if (z->rule && (z->n == 0 || s >= z->at[z->n - 1])) return rule_offset(z, s);
  int64_t offset = z->before;
  for (size_t i = 0; i < z->n && z->at[i] <= s; i++) offset = z->offset[i];
  return offset;
}
