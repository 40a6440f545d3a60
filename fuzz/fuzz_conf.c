/* Settings text against tables of every type: no crash, no leak, and what was accepted is in range.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct all {
  bool b;
  int64_t i, d, s;
  double r;
  const char *t;
  int e;
  struct prac_conf_strings l;
  struct prac_conf_prefixes p;
};
static const char *const words[] = {"one", "two", NULL};
static const struct prac_conf_item items[] = {
    {"b", PRAC_CONF_BOOL, offsetof(struct all, b), .help = "x"},
    {"i", PRAC_CONF_INT, offsetof(struct all, i), -9, 9, .help = "x"},
    {"r", PRAC_CONF_REAL, offsetof(struct all, r), 0, 1, .help = "x"},
    {"d", PRAC_CONF_DURATION, offsetof(struct all, d), 0, 3600, .help = "x"},
    {"s", PRAC_CONF_SIZE, offsetof(struct all, s), 0, 1 << 20, .help = "x"},
    {"t", PRAC_CONF_STRING, offsetof(struct all, t), .sdflt = "", .help = "x"},
    {"e", PRAC_CONF_ENUM, offsetof(struct all, e), .words = words, .help = "x"},
    {"l", PRAC_CONF_STRINGS, offsetof(struct all, l), .sdflt = "", .help = "x"},
    {"p", PRAC_CONF_PREFIXES, offsetof(struct all, p), .sdflt = "", .help = "x"},
};
#define TABLE(path, many)                                                                          \
  {                                                                                                \
    path, "x", items, PRAC_ARRAY_LEN(items), sizeof(struct all), many                              \
  }
static const struct prac_conf_section one = TABLE("one", false), two = TABLE("one.two", false),
                                      many = TABLE("many", true);
static const struct prac_conf_section *const sections[] = {&one, &two, &many, NULL};

static void check(const struct all *a)
{
  PRAC_INSIST(a->i >= -9 && a->i <= 9 && a->r >= 0 && a->r <= 1 && (a->e == 0 || a->e == 1));
  PRAC_INSIST(a->d >= 0 && a->d <= INT64_C(3600000000000) && a->s >= 0 && a->s <= 1 << 20 && a->t);
  for (size_t i = 0; i < a->l.n; i++) PRAC_INSIST(strlen(a->l.v[i]) <= 4096);
  for (size_t i = 0; i < a->p.n; i++) PRAC_INSIST(a->p.v[i].bits <= 128);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct prac_conf *c = NULL;
  struct prac_err e = {0};
  prac_rc rc = prac_conf_parse((const char *)data, size, "f", sections, &c, &e);
  PRAC_INSIST((rc == PRAC_OK) == (c != NULL));
  if (rc != PRAC_OK) {
    PRAC_INSIST(e.rc == rc && e.text[0] == 'f');
    return 0;
  }
  check(prac_conf_get(c, "one", 0));
  check(prac_conf_get(c, "one.two", 0));
  for (size_t i = 0; i < prac_conf_count(c, "many"); i++) check(prac_conf_get(c, "many", i));
  (void)prac_conf_hash(c, "many");
  prac_conf_free(&c);
  return 0;
}
