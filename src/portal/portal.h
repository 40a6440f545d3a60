/* portal/portal.h — the HTTP API over the store, live events, and the page that uses both.
 *
 * live      numbers of the last day come from the bus (portal_take), not from the store: they are
 *           there at once and do not wait for a query
 * history   from the store's roll-ups, by one query language (store_query_parse) everywhere
 * scope     every question, list, export and event goes through the gate of whoever asks
 *           (access/gate.h): what is outside, and our own addresses (dst), never leave
 * threads   open, take, tick and close belong to the caller's thread. Requests arrive on the
 *           server's; questions to the store run on threads of the portal's own, one for each
 *           handle, or inside tick (`query_in_tick`) when the handle belongs to the caller
 * bounds    256 sensors, a day of minutes each, 512 alerts, 64 waiting questions a thread, rings of
 * events that share 16 MiB (audience.h), 1024 notes and 16 sign-ins: what falls out is counted,
 *           never waited for
 * access    without accounts it listens on loopback unless told otherwise, answers only to names it
 *           knows when it does, and whoever asks is an operator of the whole world. With them
 *           everything but the page's files takes a session or an API key, and a role (route.c)
 */
#pragma once
#include "base/clock.h"
#include "base/conf.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/log.h"
#include "bus/bus.h"
#include "lookup/lookup.h"
#include "store/store.h"

struct portal_conf {
  const char *listen; /* "127.0.0.1:8640", "[::1]:8640" */
  const char *title, *title_ja;
  struct prac_conf_strings hosts;
  struct prac_conf_prefixes proxies;
  int64_t max_connections, max_per_address, max_streams;
  int64_t rate, burst;
  int64_t ring; /* events kept for listeners that come back */
  bool accounts;
  int64_t session_idle_ns, session_life_ns, sessions_each, audit_keep_ns;
};
extern const struct prac_conf_section portal_conf_section; /* "portal" */

/* Of portal.oidc and its rules, checked: conf, rules and n_rules of *ret. *ret_rules: malloc'ed,
 * caller's, as long as *ret is used. PRAC_UNKNOWN: nobody signs in so; PRAC_MALFORMED names the
 * key.
 */
struct oidc_env; /* oidc/oidc.h */
struct oidc_rule;
PRAC_NODISCARD prac_rc portal_oidc_settings(const struct prac_conf *all, struct oidc_env *ret,
                                            struct oidc_rule **ret_rules, struct prac_err *reterr);
/* What no table can say of the portal's settings. */
PRAC_NODISCARD prac_rc portal_conf_check(const struct prac_conf *all, struct prac_err *reterr);

/* Can other machines reach it, with nobody in front who checks them or talks TLS? What there is to
 * say then, behind the address; NULL: no. */
const char *portal_open_text(const struct portal_conf *c);

/* Says a record on the bus and returns when it is safe. PRAC_AGAIN: the bus is away. Called within
 * portal_tick. */
typedef prac_rc portal_say(void *arg, const struct model_kind *k, const void *rec,
                           const char *subject, const char *id, struct prac_err *reterr);
/* Questions by how long they may take: those of a kind wait for each other, not for longer ones.
 */
enum portal_lane {
  PORTAL_SUMS,  /* records and roll-ups: milliseconds */
  PORTAL_FLOWS, /* one look at the flows themselves, packets, hits: up to seconds */
  PORTAL_STUDY, /* many looks: up to minutes */
  PORTAL_LANES
};
struct portal_env {
  const struct store *store; /* read-only handle; NULL: live numbers only */
  /* further handles of the same store, by lane; NULL: those questions go the lane's way before */
  const struct store *lanes[PORTAL_LANES];
  const char *fed_as; /* as whom the store keeps how far it has the bus's messages, all of which
                         come here, too; NULL: there is no bus */
  bool query_in_tick; /* the store's handle belongs to the caller's thread: it has no lanes */
  portal_say *say;    /* NULL: nobody can decide anything here */
  void *say_arg;
  int listen_fd;                  /* >= 0: already listening, taken; -1: open conf's `listen` */
  const struct lookup *geo;       /* where addresses are; NULL: only scopes of prefixes see any */
  const struct prac_clock *clock; /* the wall, for "now" beside event time; NULL: not shown */
  const struct oidc_env *oidc;    /* who else says who somebody is; NULL: nobody. wall: not used */
  const char *accounts;           /* the file of conf.accounts (access/access.h) */
  const char *version;
  const char *disk; /* a directory on the device that the data are on; NULL: not told */
  const struct prac_counters *counters; /* others' counters for /metrics; borrowed */
  size_t n_counters;
  const struct prac_log *log;
};

struct portal;
/* Asks the store for the last day, then listens. conf and env's pointers are borrowed until close.
 */
PRAC_NODISCARD prac_rc portal_open(const struct portal_conf *c, const struct portal_env *env,
                                   struct portal **ret, struct prac_err *reterr);
void portal_close(struct portal **pp);
uint16_t portal_port(const struct portal *p);
/* Whatever the bus has: flow batches, health, findings, alerts; other subjects are ignored. What
 * cannot be read is counted and skipped. */
void portal_take(struct portal *p, const struct bus_msg *m);
void portal_take_batch(struct portal *p, const struct flow_batch *b);
void portal_take_record(struct portal *p, const struct model_kind *k, const void *rec);
/* Tells listeners what is new; a few times a second. event_time: how far the records have come
 * (PRAC_TIME_NONE: what the messages say). */
void portal_tick(struct portal *p, prac_time event_time);
struct prac_counters portal_counters(const struct portal *p);
