/* The same table that drives the parser explains itself here, so that help cannot go stale. */
#include "base/conf_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"

/* The shortest of the two usual precisions that reads back as the same number. */
static void real_text(char out[32], double v)
{
  if (fabs(v) < 1e15 && rint(v) - v == 0)
    (void)snprintf(out, 32, "%.0f", v);
  else {
    (void)snprintf(out, 32, "%.15g", v);
    if (strtod(out, NULL) - v != 0) (void)snprintf(out, 32, "%.17g", v);
  }
}

/* One unit only, the largest that divides: what prac_duration_parse takes. */
static void duration_text(char out[32], double seconds)
{
  static const struct {
    const char *unit;
    int64_t ns;
  } units[] = {{"d", PRAC_DAY}, {"h", PRAC_HOUR}, {"m", PRAC_MIN}, {"s", PRAC_SEC},
               {"ms", PRAC_MS}, {"us", PRAC_US},  {"ns", 1}};
  if (seconds > 9e9) { /* beyond what nanoseconds hold: 285 years */
    (void)snprintf(out, 32, "%.0fd", seconds / 86400);
    return;
  }
  int64_t ns = llround(seconds * (double)PRAC_SEC);
  size_t i = 0;
  while (i + 1 < PRAC_ARRAY_LEN(units) && (ns % units[i].ns != 0 || ns == 0)) i++;
  if (ns == 0)
    (void)snprintf(out, 32, "0s");
  else
    (void)snprintf(out, 32, "%lld%s", (long long)(ns / units[i].ns), units[i].unit);
}

static void size_text(char out[32], double bytes)
{
  static const char *const units[] = {"", " KiB", " MiB", " GiB", " TiB", " PiB"};
  int64_t v = llround(bytes);
  size_t i = 0;
  while (i + 1 < PRAC_ARRAY_LEN(units) && v != 0 && v % 1024 == 0) {
    v /= 1024;
    i++;
  }
  (void)snprintf(out, 32, "%lld%s", (long long)v, units[i]);
}

static void number_text(char out[32], const struct prac_conf_item *it, double v)
{
  if (it->type == PRAC_CONF_DURATION)
    duration_text(out, v);
  else if (it->type == PRAC_CONF_SIZE)
    size_text(out, v);
  else
    real_text(out, v);
}

static const char *range_text(char out[PRAC_CONF_TEXT], const struct prac_conf_item *it,
                              const char *what)
{
  char lo[32], hi[32];
  if (it->lo >= it->hi) {
    (void)snprintf(out, PRAC_CONF_TEXT, "%s", what);
    return out;
  }
  number_text(lo, it, it->lo);
  number_text(hi, it, it->hi);
  if (it->type == PRAC_CONF_INT || it->type == PRAC_CONF_REAL)
    (void)snprintf(out, PRAC_CONF_TEXT, "%s between %s and %s", what, lo, hi);
  else
    (void)snprintf(out, PRAC_CONF_TEXT, "%s, between %s and %s", what, lo, hi);
  return out;
}

static const char *words_text(char out[PRAC_CONF_TEXT], const struct prac_conf_item *it)
{
  size_t n = (size_t)snprintf(out, PRAC_CONF_TEXT, "one of");
  for (size_t i = 0; it->words && it->words[i]; i++) {
    size_t left = PRAC_CONF_TEXT - n, need = strlen(it->words[i]) + 2;
    if (need + 6 > left) {
      (void)snprintf(out + n, left, ", ...");
      break;
    }
    n += (size_t)snprintf(out + n, left, "%s%s", i ? ", " : " ", it->words[i]);
  }
  return out;
}

const char *prac_conf_allowed_text(char out[PRAC_CONF_TEXT], const struct prac_conf_item *it)
{
  const char *text = "a value";
  switch (it->type) {
  case PRAC_CONF_BOOL:
    text = "yes or no";
    break;
  case PRAC_CONF_INT:
    return range_text(out, it, "a whole number");
  case PRAC_CONF_REAL:
    return range_text(out, it, "a number");
  case PRAC_CONF_DURATION:
    return range_text(out, it, "a duration such as 90s, 5m, 28d");
  case PRAC_CONF_SIZE:
    return range_text(out, it, "a size such as 512 KiB, 2G");
  case PRAC_CONF_ENUM:
    return words_text(out, it);
  case PRAC_CONF_STRING:
    if (it->words) return words_text(out, it);
    text = it->form ? it->form->what : "a text";
    break;
  case PRAC_CONF_STRINGS:
    text = it->form ? it->form->what : "a list of texts";
    break;
  case PRAC_CONF_PREFIXES:
    text = "a list of prefixes such as 192.0.2.0/24, 2001:db8::/32";
    break;
  }
  (void)snprintf(out, PRAC_CONF_TEXT, "%s", text);
  return out;
}

const char *prac_conf_default_text(char out[PRAC_CONF_TEXT], const struct prac_conf_item *it)
{
  char number[32];
  const char *text = it->sdflt ? it->sdflt : "";
  if (it->type == PRAC_CONF_BOOL)
    text = it->dflt > 0 ? "yes" : "no";
  else if (it->type == PRAC_CONF_ENUM)
    text = it->words[(size_t)it->dflt];
  else if (it->type < PRAC_CONF_STRING) {
    number_text(number, it, it->dflt);
    text = number;
  }
  (void)snprintf(out, PRAC_CONF_TEXT, "%s", text);
  return out;
}

bool prac_conf_must_be_given(const struct prac_conf_item *it)
{
  return !it->sdflt && (it->type == PRAC_CONF_STRING || it->type == PRAC_CONF_STRINGS ||
                        it->type == PRAC_CONF_PREFIXES);
}

enum { NEAR_MAX = 32 };

/* Letters to add, drop, change or swap with a neighbour (optimal string alignment). */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
  size_t d[NEAR_MAX + 1][NEAR_MAX + 1];
  for (size_t i = 0; i <= na; i++) d[i][0] = i;
  for (size_t j = 0; j <= nb; j++) d[0][j] = j;
  for (size_t i = 1; i <= na; i++)
    for (size_t j = 1; j <= nb; j++) {
      size_t best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
      if (d[i - 1][j] + 1 < best) best = d[i - 1][j] + 1;
      if (d[i][j - 1] + 1 < best) best = d[i][j - 1] + 1;
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
          d[i - 2][j - 2] + 1 < best)
        best = d[i - 2][j - 2] + 1;
      d[i][j] = best;
    }
  return d[na][nb];
}

const char *prac_conf_nearest(const char *s, const char *const *words)
{
  const char *best = NULL;
  size_t n = strlen(s), least = SIZE_MAX;
  if (n > NEAR_MAX) return NULL;
  for (; words && *words; words++) {
    size_t m = strlen(*words), longer = n > m ? n : m, near;
    if (m > NEAR_MAX || m == 0) continue;
    near = distance(s, n, *words, m);
    if (near <= longer / 3 && near < least) best = *words, least = near;
  }
  return best;
}
