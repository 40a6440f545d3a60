/* notify/tenant.h — who is told, and of what: the rows of the settings' `tenants`, made ready.
 *
 * operator  the tenant of that name hears everything; when the settings have none, it is made from
 *           the section `notify`
 * limits    NOTE_TENANTS_MAX tenants of NOTE_WAYS_MAX ways; prefixes and ASNs as the settings allow
 * fails     PRAC_RANGE, PRAC_UNKNOWN, PRAC_EXISTS, naming the tenant, the key and what is allowed
 */
#pragma once
#include "base/conf.h"
#include "notify/way.h"
#include "notify/zone.h"

enum { NOTE_TENANTS_MAX = 1000, NOTE_WAYS_MAX = 16 };

struct note_tenant_conf {
  const char *name, *network, *zone, *profile;
  int language, severity;
  struct prac_conf_prefixes prefixes;
  struct prac_conf_strings asns, ways, mail_to, vectors;
  bool everything, updates, rollup;
  int64_t min_packets, min_sensors, hold_ns, max_per_hour, digest_ns;
  double min_pps_max;
};
extern const struct prac_conf_section note_tenants_section; /* "tenants", many */

struct note_tenant_row {
  struct note_tenant_conf c;
  struct note_tenant t; /* utc_offset_s is set anew for each item */
  struct note_zone zone;
  const uint32_t *asns;
  size_t n_asns;
  uint32_t ways; /* bit i: ways[i] of the set's list */
};
struct note_tenants {
  struct note_tenant_row *v;
  size_t n;
  struct prac_arena *arena;
  const char *operator_ways[NOTE_WAYS_MAX];
};
struct note_conf;
/* ways: NULL-terminated, bits of `ways` count in it. Strings of conf are borrowed. */
PRAC_NODISCARD prac_rc note_tenants_init(struct note_tenants *s, const struct prac_conf *conf,
                                         const struct note_way *const *ways,
                                         struct prac_err *reterr);
void note_tenants_done(struct note_tenants *s);
const struct note_tenant_row *note_tenants_find(const struct note_tenants *s, const char *name);

/* Whether the victim is this tenant's own. A carpet must lie in one of its prefixes as a whole, or
 * belong to one of its ASNs: a tenant does not hear of its neighbours. */
bool note_tenant_owns(const struct note_tenant_row *r, const struct episode *e);
/* Whether it is large enough, of the right vector and profile: asked until a story has begun. */
bool note_tenant_cares(const struct note_tenant_row *r, const struct episode *e);
/* All hosts of the alert are the tenant's own, and it is severe enough. */
bool note_tenant_alert(const struct note_tenant_row *r, const struct alert *a);
