/* notify/bgp/bgp.h — what the parts of the way share: rules in words and in JSON. */
#pragma once
#include "base/json.h"
#include "notify/bgp/book.h"
#include "notify/bgp/link.h"

enum { BGP_SENTENCE = 1536 };
/* "Rule 12 is proposed for isp-a: UDP from port 123 to ...; practice mitigate approve 12" */
const char *bgp_say_sentence(const struct bgp_saying *y, char out[BGP_SENTENCE]);
/* One JSON line at the end of the file; at 16 MiB it becomes FILE.1. */
PRAC_NODISCARD prac_rc bgp_say_write(const char *file, const struct bgp_conf *c,
                                     const struct bgp_saying *y, prac_time now);
/* Every rule, one JSON object a line, oldest first. */
void bgp_say_list(const struct bgp_book *b, const struct bgp_conf *c, struct prac_json *j);
