/* notify/tenant.h — who is told, and of what: the rows of the settings' `tenants`, and people's
 * subscriptions, made ready.
 *
 * operator  the tenant of that name hears everything; when the settings have none, it is made from
 *           the section `notify`
 * whose     a row of the settings says what is its own; a subscription has the scope of its owner,
 *           and everything it is told goes through the gate (access/gate.h) with that scope
 * limits    NOTE_TENANTS_MAX tenants and as many subscriptions, of NOTE_WAYS_MAX ways
 * fails     PRAC_RANGE, PRAC_UNKNOWN, PRAC_EXISTS, naming the tenant, the key and what is allowed
 */
#pragma once
#include "access/scope.h"
#include "base/conf.h"
#include "model/subscription.h"
#include "notify/way.h"
#include "notify/zones.h"

enum { NOTE_TENANTS_MAX = 1000, NOTE_WAYS_MAX = 16 };

struct note_tenant_conf {
  const char *name, *network, *zone, *profile;
  int language, severity;
  struct prac_conf_prefixes prefixes;
  struct prac_conf_strings asns, ways, mail_to, vectors, kinds;
  bool everything, updates, rollup, attacks, alerts;
  int64_t min_packets, min_sensors, hold_ns, max_per_hour, digest_ns;
  double min_pps_max;
};
extern const struct prac_conf_section note_tenants_section; /* "tenants", many */

struct note_tenant_row {
  struct note_tenant_conf c;
  struct note_tenant t; /* utc_offset_s is set anew for each item */
  struct note_zone zone;
  struct model_want want;
  const uint32_t *asns;
  size_t n_asns;
  uint32_t ways;                    /* bit i: ways[i] of the set's list */
  const struct access_scope *scope; /* of a subscription; NULL: prefixes and asns say */
  const char *user, *sealed;        /* of a subscription: whose it is; its webhook's secret */
  bool opens;                       /* the secret does, with the keys of that round */
  uint64_t round;                   /* of the keys; 0: not tried yet */
  uint64_t owner;                   /* of a subscription: its organisation, hashed; else 0 */
  uint64_t turn;            /* of its owner, with what has failed before: rises; 0: none yet */
  struct prac_arena *arena; /* of a subscription: everything the row points to */
};
struct note_tenants {
  struct note_tenant_row **v;
  size_t n, n_settings;           /* those of the settings come first */
  const struct note_zones *zones; /* that subscriptions may name; NULL: the system's files */
  struct prac_arena *arena;
};
struct note_conf;
/* ways: NULL-terminated, bits of `ways` count in it. Strings of conf are borrowed. */
PRAC_NODISCARD prac_rc note_tenants_init(struct note_tenants *s, const struct prac_conf *conf,
                                         const struct note_way *const *ways,
                                         struct prac_err *reterr);
void note_tenants_done(struct note_tenants *s);
const struct note_tenant_row *note_tenants_find(const struct note_tenants *s, const char *name);
/* The row of a subscription, in the place of the one it had; PRAC_OK also when it is off, or has
 * nowhere to go: then it has no ways. allowed: bits of the ways that subscriptions may use. */
PRAC_NODISCARD prac_rc note_tenants_put(struct note_tenants *s, const struct subscription *sub,
                                        const struct note_way *const *ways, uint32_t allowed,
                                        struct prac_err *reterr);
void note_tenants_drop(struct note_tenants *s, const char *name); /* of a subscription */

/* Whether the victim is this tenant's own. A carpet must lie in one of its prefixes as a whole, or
 * belong to one of its ASNs: a tenant does not hear of its neighbours. */
bool note_tenant_owns(const struct note_tenant_row *r, const struct episode *e);
/* Whether it is large enough, of the right vector and profile: asked until a story has begun. */
bool note_tenant_cares(const struct note_tenant_row *r, const struct episode *e);
/* All hosts of the alert are the tenant's own, or the gate has let it through; and it is wanted. */
bool note_tenant_alert(const struct note_tenant_row *r, const struct alert *a);
