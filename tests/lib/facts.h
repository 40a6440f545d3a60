/* tests/lib/facts.h — nothing is said in prose alone: every number, time, address and length in a
 * finding's sentence stands in one of its other fields, as exactly as it is said. */
#pragma once
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "model/records.h"

static inline bool facts_near(const char *json, double v, double most)
{
  for (const char *p = json; *p;) {
    char *end;
    double n = isdigit((unsigned char)*p) ? strtod(p, &end) : 0;
    if (!isdigit((unsigned char)*p)) {
      p++;
      continue;
    }
    if (fabs(n - v) <= most) return true;
    p = end;
  }
  return false;
}

/* Is there a number in the text that rounds to v, which was written with so many decimals? */
static inline bool facts_number(const char *json, double v, int decimals)
{
  return facts_near(json, v, 0.5000001 * pow(10, -decimals));
}

/* Times are said to the second, or of the minute in which they lie. */
static inline bool facts_time(const char *json, prac_time t)
{
  for (const char *p = json; (p = strstr(p, "\"2")); p++) {
    prac_time o;
    const char *end = strchr(p + 1, '"');
    if (end && prac_time_parse(p + 1, (size_t)(end - p - 1), &o) == PRAC_OK &&
        llabs(o - t) <= PRAC_MIN)
      return true;
  }
  return false;
}

/* "4 min 55 s", from its first digit; 0: no length. *ret_least: the last unit. */
static inline double facts_length(const char *p, size_t *ret_n, double *ret_least)
{
  static const struct {
    const char *unit;
    double s;
  } units[] = {{" d", 86400}, {" h", 3600}, {" min", 60}, {" s", 1}};
  double sum = 0;
  *ret_n = 0;
  for (const char *at = p; isdigit((unsigned char)*at);) {
    char *end;
    double n = strtod(at, &end), s = 0;
    size_t k = 0;
    for (size_t i = 0; i < 4; i++) {
      size_t len = strlen(units[i].unit);
      if (strncmp(end, units[i].unit, len) == 0 && !isalpha((unsigned char)end[len]))
        k = len, s = units[i].s;
    }
    if (!k) break;
    sum += n * s;
    *ret_least = s;
    *ret_n = (size_t)(end - p) + k;
    at = end + k + (end[k] == ' ');
  }
  return sum;
}

static inline bool facts_has(const char *json, const char *token, size_t n, const char *behind)
{
  char text[128];
  prac_time t;
  char *end;
  if (n >= sizeof text) return false;
  (void)snprintf(text, sizeof text, "%.*s", (int)n, token);
  if (strstr(json, text)) return true;
  if (prac_time_parse(text, n, &t) == PRAC_OK) return facts_time(json, t);
  double v = strtod(text, &end);
  const char *point = strchr(text, '.');
  int decimals = point ? (int)strspn(point + 1, "0123456789") : 0;
  if (strncmp(behind, " thousand", 9) == 0) v *= 1e3, decimals -= 3;
  if (strncmp(behind, " million", 8) == 0) v *= 1e6, decimals -= 6;
  return (*end == '\0' || *end == '/') && facts_number(json, v, decimals);
}

/* From a digit; *ret_next: where it goes on. */
static inline bool facts_token(const char *json, const char *p, const char **ret_next)
{
  size_t length, n = strspn(p, "0123456789abcdefghijklmnopqrstuvwxyzTZ.:/-");
  double least = 1, s = facts_length(p, &length, &least);
  *ret_next = p + (length ? length : n);
  if (strncmp(p, "1 in 10^", 8) == 0) { /* how the exponent is said */
    *ret_next = p + 8;
    return true;
  }
  while (n && strchr(".:/-", p[n - 1])) n--;
  bool ok = length ? facts_near(json, s, least) : facts_has(json, p, n, p + n);
  if (!ok) fprintf(stderr, "\"%.*s\" is in no field but the text:\n", (int)n, p);
  return ok;
}

/* Else it is said on stderr what is missing. Of engines of ours, which name the evidence. */
static inline bool facts_hold(const struct finding *f)
{
  struct finding fields = *f;
  struct prac_json j = prac_json_of(0);
  bool ok = true;
  fields.text = fields.flows = "";
  model_to_json(&model_finding, &fields, &j);
  for (const char *p = f->flows && *f->flows ? f->text : ""; *p && ok;)
    if (isdigit((unsigned char)*p))
      ok = facts_token(j.buf, p, &p);
    else
      p++;
  if (!ok) fprintf(stderr, "%s\n%s\n", f->text, j.buf);
  prac_json_done(&j);
  return ok;
}
