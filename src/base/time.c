#include "base/time.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

prac_time prac_time_floor(prac_time t, int64_t slot_ns)
{
  int64_t rest = t % slot_ns;
  return t - (rest < 0 ? rest + slot_ns : rest);
}

/* Howard Hinnant's civil-from-days: years start in March, 400 years are one era. */
int64_t prac_days_from_date(int64_t year, int month, int day)
{
  int64_t y = month <= 2 ? year - 1 : year;
  int64_t era = (y >= 0 ? y : y - 399) / 400;
  int64_t yoe = y - era * 400;
  int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static void date_from_days(int64_t days, int64_t *year, int *month, int *day)
{
  int64_t z = days + 719468;
  int64_t era = (z >= 0 ? z : z - 146096) / 146097;
  int64_t doe = z - era * 146097;
  int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  int64_t mp = (5 * doy + 2) / 153;
  *day = (int)(doy - (153 * mp + 2) / 5 + 1);
  *month = (int)(mp < 10 ? mp + 3 : mp - 9);
  *year = yoe + era * 400 + (*month <= 2);
}

const char *prac_time_text(char out[PRAC_TIME_TEXT], prac_time t)
{
  if (t == PRAC_TIME_NONE) return memcpy(out, "-", 2);
  prac_time day_start = prac_time_floor(t, PRAC_DAY);
  int64_t rest = t - day_start, frac = rest % PRAC_SEC, s = rest / PRAC_SEC, year;
  int month, day, n;
  date_from_days(day_start / PRAC_DAY, &year, &month, &day);
  n = snprintf(out, PRAC_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", (int)year, month, day,
               (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
  size_t left = PRAC_TIME_TEXT - (size_t)n;
  if (frac == 0)
    (void)snprintf(out + n, left, "Z");
  else if (frac % PRAC_MS == 0)
    (void)snprintf(out + n, left, ".%03dZ", (int)(frac / PRAC_MS));
  else if (frac % PRAC_US == 0)
    (void)snprintf(out + n, left, ".%06dZ", (int)(frac / PRAC_US));
  else
    (void)snprintf(out + n, left, ".%09dZ", (int)frac);
  return out;
}

static const struct unit {
  const char *word; /* as written */
  const char *key;  /* as read */
  int64_t ns;
} units[] = {
    {"d", "d", PRAC_DAY},  {"h", "h", PRAC_HOUR}, {"min", "m", PRAC_MIN},   {"s", "s", PRAC_SEC},
    {"ms", "ms", PRAC_MS}, {"us", "us", PRAC_US}, {"ns", "ns", INT64_C(1)},
};

const char *prac_duration_text(char out[PRAC_TIME_TEXT], int64_t ns)
{
  bool minus = ns < 0;
  uint64_t left = minus ? 0 - (uint64_t)ns : (uint64_t)ns;
  size_t len = 0, parts = 0;
  (void)snprintf(out, PRAC_TIME_TEXT, "0 s");
  for (size_t i = 0; i < PRAC_ARRAY_LEN(units) && parts < 2; i++) {
    uint64_t unit = (uint64_t)units[i].ns, n = left / unit;
    if (n == 0 && parts == 0) continue;
    if (n == 0) break; /* "1 d", not "1 d 0 h" */
    len += (size_t)snprintf(out + len, PRAC_TIME_TEXT - len, "%s%llu %s",
                            parts ? " " : (minus ? "-" : ""), (unsigned long long)n, units[i].word);
    left -= n * unit;
    parts++;
  }
  return out;
}

struct scan {
  const char *p, *end;
};

/* Reads exactly `digits` digits (or 1..-digits when negative) into *v. */
static bool scan_num(struct scan *s, int digits, int64_t *v)
{
  int min = digits < 0 ? 1 : digits, max = digits < 0 ? -digits : digits, n = 0;
  *v = 0;
  for (; n < max && s->p < s->end && *s->p >= '0' && *s->p <= '9'; n++, s->p++)
    *v = *v * 10 + (*s->p - '0');
  return n >= min;
}

static bool scan_char(struct scan *s, const char *any)
{
  if (s->p == s->end || !*s->p || !strchr(any, *s->p)) return false;
  s->p++;
  return true;
}

/* ".123456789" and longer; digits after the ninth are read and dropped. */
static bool scan_fraction(struct scan *s, int64_t *ns)
{
  *ns = 0;
  if (!scan_char(s, ".,")) return true;
  int64_t unit = PRAC_SEC;
  const char *first = s->p;
  for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
    unit /= 10;
    *ns += unit * (*s->p - '0');
  }
  return s->p > first;
}

static bool scan_zone(struct scan *s, int64_t *offset_ns)
{
  int64_t h, m = 0;
  *offset_ns = 0;
  if (s->p == s->end || scan_char(s, "Zz")) return true;
  bool minus = *s->p == '-';
  if (!scan_char(s, "+-") || !scan_num(s, 2, &h)) return false;
  (void)scan_char(s, ":");
  if (s->p < s->end && !scan_num(s, 2, &m)) return false;
  if (h > 14 || m > 59) return false;
  *offset_ns = (h * 60 + m) * PRAC_MIN * (minus ? -1 : 1);
  return true;
}

static bool scan_epoch(struct scan *s, prac_time *ret)
{
  int64_t sec, ns;
  if (!scan_num(s, -10, &sec) || !scan_fraction(s, &ns) || s->p != s->end) return false;
  if (sec > INT64_MAX / PRAC_SEC - 1) return false;
  *ret = sec * PRAC_SEC + ns;
  return true;
}

static bool scan_clock(struct scan *s, int64_t *ns)
{
  int64_t h = 0, m = 0, sec = 0, frac = 0;
  *ns = 0;
  if (s->p == s->end) return true;
  if (!scan_char(s, "T ") || !scan_num(s, 2, &h) || !scan_char(s, ":") || !scan_num(s, 2, &m))
    return false;
  if (scan_char(s, ":") && (!scan_num(s, 2, &sec) || !scan_fraction(s, &frac))) return false;
  if (h > 23 || m > 59 || sec > 60) return false;
  *ns = (h * 60 + m) * PRAC_MIN + sec * PRAC_SEC + frac;
  return true;
}

static int days_in(int64_t year, int64_t month)
{
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return days[month - 1] + (month == 2 && leap);
}

/* "2013-08-07"; only years that int64 nanoseconds can hold. */
static bool scan_date(struct scan *s, prac_time *midnight)
{
  int64_t year, month, day;
  if (!scan_num(s, 4, &year) || !scan_char(s, "-") || !scan_num(s, 2, &month) ||
      !scan_char(s, "-") || !scan_num(s, 2, &day))
    return false;
  if (year < 1678 || year > 2261 || month < 1 || month > 12) return false;
  if (day < 1 || day > days_in(year, month)) return false;
  *midnight = prac_days_from_date(year, (int)month, (int)day) * PRAC_DAY;
  return true;
}

prac_rc prac_time_parse(const char *text, size_t n, prac_time *ret)
{
  struct scan s = {text, text + n};
  prac_time midnight;
  int64_t clock_ns, zone_ns;
  if (scan_char(&s, "@")) return scan_epoch(&s, ret) ? PRAC_OK : PRAC_MALFORMED;
  if (!scan_date(&s, &midnight) || !scan_clock(&s, &clock_ns) || !scan_zone(&s, &zone_ns) ||
      s.p != s.end)
    return PRAC_MALFORMED;
  *ret = midnight + clock_ns - zone_ns;
  return PRAC_OK;
}

static int64_t scan_unit(struct scan *s)
{
  for (size_t i = PRAC_ARRAY_LEN(units); i-- > 0;) { /* "ms" before "m" */
    size_t n = strlen(units[i].key);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, units[i].key, n) != 0) continue;
    if (n == 1 && s->end - s->p > 1 && units[i].ns == PRAC_MIN && s->p[1] == 's') continue;
    s->p += n;
    return units[i].ns;
  }
  return 0;
}

prac_rc prac_duration_parse(const char *text, size_t n, int64_t *ret_ns)
{
  struct scan s = {text, text + n};
  int64_t total = 0, v;
  if (n == 0) return PRAC_MALFORMED;
  while (s.p < s.end) {
    if (!scan_num(&s, -12, &v)) return PRAC_MALFORMED;
    int64_t unit = s.p == s.end && total == 0 ? PRAC_SEC : scan_unit(&s), part;
    if (unit == 0) return PRAC_MALFORMED;
    if (__builtin_mul_overflow(v, unit, &part) || __builtin_add_overflow(total, part, &total))
      return PRAC_RANGE;
    while (s.p < s.end && *s.p == ' ') s.p++;
  }
  *ret_ns = total;
  return PRAC_OK;
}
