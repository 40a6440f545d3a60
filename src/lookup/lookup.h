/* lookup/lookup.h — address -> country, AS, prefix owner, survey list, bogon.
 *
 * An immutable snapshot, shared by reference; a reload makes a new one. Answers come with the date
 * of their data, which goes into every batch: history does not move when a database does.
 * sources   any MMDB (libmaxminddb) for country and AS; range CSVs (start,end,asn,name) such as
 *           @ip-location-db/asn; scanner lists (ipset lines, plain CIDR or address lines).
 * without   any source: everything is unknown, one warning, nothing fails.
 */
#pragma once
#include "base/conf.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/log.h"
#include "base/time.h"

struct lookup_conf {
  const char *country_mmdb, *asn_mmdb, *asn_csv; /* "" : none */
  const char
      *label; /* shown beside maps: "demo geography of DATE"; "": made from the files' dates */
  struct prac_conf_strings lists; /* "name=path", "name@date=path" of survey-scanner lists */
  int64_t list_expiry_ns;         /* a list older than this is warned about; default 90 d */
  bool missing_ok;                /* a file that is not there is a warning, not an error */
};
extern const struct prac_conf_section lookup_conf_section; /* "lookup" */

struct lookup;
struct lookup_answer {
  uint16_t country; /* letters, 0 unknown */
  uint32_t asn;     /* 0 unknown */
  uint16_t survey;  /* 1 + list index, 0 none */
  bool bogon;       /* RFC 6890 and friends, 100.64/10 included */
};
/* now: for the age of lists; PRAC_TIME_NONE: not looked at. PRAC_IO: a file cannot be read;
 * PRAC_MALFORMED, PRAC_DAMAGED: it is not what it should be. Owner of *ret: caller. */
PRAC_NODISCARD prac_rc lookup_new(const struct lookup_conf *c, prac_time now,
                                  const struct prac_log *log, struct lookup **ret,
                                  struct prac_err *reterr);
struct lookup *lookup_ref(struct lookup *l);
void lookup_unref(struct lookup **lp);
/* l may be NULL: only bogon is known. */
struct lookup_answer lookup_ip(const struct lookup *l, const struct prac_ip *ip);
const char *lookup_geo_text(const struct lookup *l); /* for flow_batch.geo; "" without data */
/* Survey lists as "name date", in index order. */
const char *const *lookup_lists(const struct lookup *l, uint32_t *ret_n);
/* The AS's name, "" when unknown; borrowed from l. */
const char *lookup_as_name(const struct lookup *l, uint32_t asn);
/* The routed prefix around ip where the data has one; bits 0: unknown. */
struct prac_prefix lookup_prefix(const struct lookup *l, const struct prac_ip *ip);
/* The last address of the stretch from ip on about which all is known alike; l may not be NULL. */
struct prac_ip lookup_piece_end(const struct lookup *l, const struct prac_ip *ip);
