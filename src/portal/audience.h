/* portal/audience.h — readers who may see the same: one scope (packets or none with it), one ring
 * of events, one list of alerts as that scope may see them. Of the whole world there is one for all
 * organisations.
 *
 * made      at the first request of a scope, filled from what the portal keeps; numbers go to all
 *           rings, an alert goes through the gate once for each
 * bounds    PORTAL_AUDIENCES; the one unused for longest goes first, one that is being read never.
 *           They share PORTAL_RING_BYTES of events, each has at least PORTAL_RING_LEAST
 * findings  more than people can follow are left out and counted: PORTAL_FINDINGS at once, then one
 *           a second; the least ones (notice) have half of that room
 * threads   any; p->lock guards the list, the counts of users and the alerts. Who holds a reference
 *           may use scope and feed without it
 */
#pragma once
#include "access/access.h"
#include "portal/alerts.h"
#include "sys/http_feed.h"

enum {
  PORTAL_AUDIENCES = 256,
  PORTAL_RING_BYTES = 16 << 20,
  PORTAL_RING_LEAST = 256 << 10,
  PORTAL_FINDINGS = 40,
};
struct portal;
struct sys_http_req;
struct portal_audience {
  struct access_scope scope;
  bool setup;    /* is shown how sensors' machines are set up */
  bool findings; /* hears what engines claim: analysts do */
  struct sys_http_feed *feed;
  struct portal_alerts alerts; /* briefly */
  /* the list's own */
  struct prac_arena *arena;
  const char *words;
  unsigned refs;
  uint64_t used;
  double room;     /* findings that may still be told now; the caller's thread, as room_at */
  int64_t room_at; /* monotonic ns; 0: none was told yet */
};
struct portal_audiences {
  struct portal_audience *v[PORTAL_AUDIENCES];
  size_t n;
  uint64_t uses;
};

/* Of whoever asks. NULL: no memory, or too many kinds of readers at once. The caller unrefs. */
struct portal_audience *portal_audience_of(struct portal *p, const struct access_who *who);
/* The same of a request; NULL: answered already. */
struct portal_audience *portal_audience_at(struct portal *p, struct sys_http_req *r);
/* Made now, for whoever comes later: its ring has all from now on. */
PRAC_NODISCARD prac_rc portal_audience_keep(struct portal *p, const struct access_who *who,
                                            struct prac_err *reterr);
void portal_audience_unref(struct portal *p, struct portal_audience **ap);
void portal_audiences_done(struct portal *p);
/* The same to everybody. */
void portal_tell(struct portal *p, const char *event, const struct prac_json *j);
/* To each what `make` writes for it, with p->lock held. */
typedef void portal_make_fn(struct portal *p, const struct portal_audience *a, struct prac_json *j);
void portal_tell_each(struct portal *p, const char *event, portal_make_fn *make);
/* A revision of an alert as each may see it; tell: and as an event. The caller's thread. */
void portal_keep_alert(struct portal *p, const struct alert *a, bool tell);
/* A record as each may see it, as an event; nothing of a list. The caller's thread. */
void portal_tell_record(struct portal *p, const char *event, const struct model_kind *k,
                        const void *rec);
/* The alert `id` as the audience may see it; false: not at all. p->lock held. */
bool portal_alert_json(struct portal *p, const struct portal_audience *a, const char *id,
                       struct prac_json *j);
