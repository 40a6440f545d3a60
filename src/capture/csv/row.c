/* A row is refused rather than guessed: what is empty may be empty, what is there must be right. */
#include "capture/csv/row.h"

#include <string.h>

static const struct csv_field *at(const struct csv_layout *l, const struct csv_field *f,
                                  enum csv_column c)
{
  static const struct csv_field none;
  return l->at[c] < 0 ? &none : &f[l->at[c]];
}

static bool number(const struct csv_field *f, uint64_t max, uint64_t *ret)
{
  uint64_t v = 0;
  if (f->n == 0 || f->n > 10) return false;
  for (size_t i = 0; i < f->n; i++) {
    if (f->p[i] < '0' || f->p[i] > '9') return false;
    v = v * 10 + (uint64_t)(f->p[i] - '0');
  }
  *ret = v;
  return v <= max;
}

static int two(const char *p)
{
  unsigned a = (unsigned char)p[0] - '0', b = (unsigned char)p[1] - '0';
  return a < 10 && b < 10 ? (int)(a * 10 + b) : -1;
}

/* "2013-08-07 12:34:56", which is what nearly every file has; days after the 28th, other centuries
 * and anything odd are left to the slow way. */
static bool plain_time(const char *p, size_t n, prac_time *ret)
{
  static const struct {
    uint8_t at, lo, hi;
  } parts[] = {{0, 19, 21}, {2, 0, 99},  {5, 1, 12}, {8, 1, 28},
               {11, 0, 23}, {14, 0, 59}, {17, 0, 59}};
  int v[PRAC_ARRAY_LEN(parts)];
  if (n != 19 || p[4] != '-' || p[7] != '-' || p[13] != ':' || p[16] != ':') return false;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(parts); i++) {
    v[i] = two(p + parts[i].at);
    if (v[i] < parts[i].lo || v[i] > parts[i].hi) return false;
  }
  int64_t days = prac_days_from_date(v[0] * 100 + v[1], v[2], v[3]);
  *ret = days * PRAC_DAY + v[4] * PRAC_HOUR + v[5] * PRAC_MIN + v[6] * PRAC_SEC;
  return true;
}

/* "1375876800" or "1375876800.25" */
static bool seconds(const char *p, size_t n, prac_time *ret)
{
  int64_t sec = 0, ns = 0, unit = PRAC_SEC;
  size_t i = 0;
  for (; i < n && p[i] >= '0' && p[i] <= '9' && i < 11; i++) sec = sec * 10 + (p[i] - '0');
  if (i < 5 || i > 10) return false;
  if (i < n && p[i] == '.')
    for (i++; i < n && p[i] >= '0' && p[i] <= '9'; i++) ns += (p[i] - '0') * (unit /= 10);
  *ret = sec * PRAC_SEC + ns;
  return i == n && sec < INT64_C(4294967296);
}

static bool moment(const struct csv_field *f, prac_time *ret)
{
  if (plain_time(f->p, f->n, ret) || seconds(f->p, f->n, ret)) return true;
  return prac_time_parse(f->p, f->n, ret) == PRAC_OK && *ret <= PRAC_TIME_FAR &&
         *ret >= -PRAC_TIME_FAR;
}

static bool protocol(const struct csv_field *f, uint8_t *ret)
{
  static const struct {
    const char *name;
    uint8_t proto;
  } names[] = {{"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"icmp6", 58}, {"ipv6-icmp", 58}};
  uint64_t v;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(names); i++)
    if (f->n == strlen(names[i].name) && strncasecmp(f->p, names[i].name, f->n) == 0) {
      *ret = names[i].proto;
      return true;
    }
  if (!number(f, 255, &v)) return false;
  *ret = (uint8_t)v;
  return true;
}

/* Empty: 0. */
static bool small(const struct csv_field *f, uint64_t max, uint16_t *ret)
{
  uint64_t v = 0;
  if (f->n > 0 && !number(f, max, &v)) return false;
  *ret = (uint16_t)v;
  return true;
}

static bool ports(const struct csv_layout *l, const struct csv_field *f, struct flow_row *r)
{
  bool icmp = r->proto == 1 || r->proto == 58;
  uint64_t max = icmp ? 255 : 65535;
  return small(at(l, f, icmp ? CSV_icmp_type : CSV_sport), max, &r->sport) &&
         small(at(l, f, icmp ? CSV_icmp_code : CSV_dport), max, &r->dport);
}

static uint16_t country(const struct csv_field *f)
{
  if (f->n != 2) return 0;
  unsigned a = (unsigned char)f->p[0] & ~0x20u, b = (unsigned char)f->p[1] & ~0x20u;
  bool letters = a >= 'A' && a <= 'Z' && b >= 'A' && b <= 'Z';
  return letters ? (uint16_t)(a << 8 | b) : 0;
}

static bool address(const struct csv_field *f, struct prac_ip *ret)
{
  return f->n > 0 && prac_ip_parse(f->p, f->n, ret) == PRAC_OK;
}

enum csv_reason csv_row_read(const struct csv_layout *l, const struct csv_field *f, size_t n,
                             struct cap_seen *ret)
{
  uint64_t packets = 1;
  memset(ret, 0, sizeof *ret);
  if (n < (size_t)l->needed) return CSV_NO_COLUMNS;
  if (!moment(at(l, f, CSV_time), &ret->at)) return CSV_NO_TIME;
  if (!address(at(l, f, CSV_src), &ret->row.src)) return CSV_NO_ADDRESS;
  const struct csv_field *dst = at(l, f, CSV_dst);
  if (dst->n > 0 && !address(dst, &ret->row.dst)) return CSV_NO_ADDRESS;
  if (!protocol(at(l, f, CSV_proto), &ret->row.proto)) return CSV_NO_PROTO;
  if (!ports(l, f, &ret->row)) return CSV_NO_PORT;
  const struct csv_field *count = at(l, f, CSV_packets);
  if (count->n > 0 && !number(count, UINT32_MAX, &packets)) return CSV_NO_PACKETS;
  ret->row.packets = (uint32_t)packets;
  ret->row.country = country(at(l, f, CSV_country));
  return CSV_GOOD;
}
