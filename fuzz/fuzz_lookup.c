/* Address lists and range CSVs: first byte chooses; whatever is taken is a range that a table
 * takes. */
#include <stdint.h>
#include <string.h>

#include "lookup/files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct lookup_ranges r = {.v = NULL};
  struct lookup_names names = {.v = NULL};
  struct lookup_read got;
  struct prac_lpm *l = NULL;
  if (size == 0) return 0;
  const char *text = (const char *)data + 1;
  prac_rc rc = data[0] == 'c' ? lookup_csv_parse(text, size - 1, &r, &names, &got)
                              : lookup_list_parse(text, size - 1, 1, &r, &got);
  PRAC_INSIST(rc == PRAC_OK && got.taken == r.n && (got.refused > 0) == (got.first_bad > 0));
  PRAC_INSIST(prac_lpm_new(r.v, r.n, &l) == PRAC_OK);
  for (size_t i = 0; i < r.n && data[0] != 'c'; i++) PRAC_INSIST(prac_lpm_find(l, &r.v[i].last));
  lookup_names_sort(&names);
  for (size_t i = 0; i < names.n; i++) {
    PRAC_INSIST(lookup_names_find(&names, names.v[i].asn) == names.v[i].name);
    for (const char *p = names.v[i].name; *p; p++)
      PRAC_INSIST((unsigned char)*p >= 0x20 && *p != 0x7f);
  }
  prac_lpm_free(&l);
  lookup_names_done(&names);
  lookup_ranges_done(&r);
  return 0;
}
