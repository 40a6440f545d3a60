/* base/country.h — ISO 3166 letters in records, names where people read.
 * A country is letters in a number: first << 8 | second; 0 is unknown. */
#pragma once
#include <stdint.h>

/* English short name; NULL: no such letters (the caller shows the letters). */
const char *prac_country_name(uint16_t letters);
