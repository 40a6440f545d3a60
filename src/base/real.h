/* base/real.h — a quotient of two whole numbers as people have always been sent it.
 *
 * form      all digits when there are at most 17 of them ("58.96875"), else 17 significant ones,
 *           rounded towards the double num / den: "2.1833333333333333" (131 / 60),
 *           "71.683333333333334" (4301 / 60). Neither %.17g nor the shortest text that reads back
 *           gives both of these, which alerts of the first system carried: their readers compare
 * promise   the text reads back as exactly the double num / den
 * not for   JSON: prac_json_f64 writes the shortest text
 */
#pragma once
#include <stdint.h>

enum { PRAC_RATIO_TEXT = 48 };
/* den 0: "0". Returns out. */
const char *prac_ratio_text(char out[PRAC_RATIO_TEXT], uint64_t num, uint64_t den);
