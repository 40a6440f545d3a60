/* portal/impl.h — what the portal's own files share; for them only. */
#pragma once
#include <pthread.h>

#include "access/access.h"
#include "model/delivery.h"
#include "portal/audience.h"
#include "portal/live.h"
#include "portal/portal.h"
#include "portal/rows.h"
#include "portal/warm.h"
#include "sys/http.h"

/* name, unit, sentence: all are written with p->lock held. */
#define PORTAL_COUNTERS(X)                                                                         \
  X(MESSAGES, "messages", "1", "messages taken from the bus")                                      \
  X(UNREADABLE, "unreadable", "1",                                                                 \
    "messages that could not be read; a rise means a mixed or "                                    \
    "damaged installation")                                                                        \
  X(EVENTS, "events", "1", "events put into the live ring")                                        \
  X(EVENTS_LOST, "events_lost", "1", "events that found no room or memory")                        \
  X(FINDINGS_LEFT, "findings_left_out", "1",                                                       \
    "findings that were not told live: more than people can follow")                               \
  X(QUERIES, "queries", "1", "questions put to the store")                                         \
  X(QUERIES_REFUSED, "queries_refused", "1", "questions refused because too many were waiting")    \
  X(QUERIES_FAILED, "queries_failed", "1", "questions that the store could not answer")            \
  X(SHARE_REFUSED, "share_refused", "1",                                                           \
    "requests refused because their reader has a quarter of all that may wait already")            \
  X(OIDC_REFUSED, "oidc_refused", "1",                                                             \
    "sign-ins by OpenID Connect that came to nothing, whatever the reason")
enum {
#define X(id, name, unit, help) PORTAL_C_##id,
  PORTAL_COUNTERS(X)
#undef X
      PORTAL_C_COUNT_
};

struct portal_job;
struct portal_door;
struct portal_oidc;
struct portal_subs;
/* One thread, its handle, and the questions that wait for it (job.c). */
struct portal_queue {
  struct portal *p;
  const struct store *store;
  struct portal_job *jobs, **end;
  size_t n; /* with those that stepped aside */
  pthread_cond_t more;
  pthread_t thread;
  bool have_thread;
};
struct portal {
  struct portal_conf conf;
  struct portal_env env;
  struct sys_http *http;
  const char *hosts[24];
  size_t n_hosts;
  pthread_mutex_t lock; /* guards live, alerts, audiences, dirty flags and counters. Taken before a
                         * feed's own; never held while calling the HTTP server or the store */
  struct live *live;
  struct portal_alerts alerts; /* all of them, in full: nobody is shown these */
  struct portal_audiences audiences;
  uint64_t told; /* events so far: no ring has a higher id */
  bool tops_dirty, status_dirty;
  struct portal_warming warming;
  _Atomic uint64_t first_heard; /* the bus's number of the first message; 0: none yet */
  struct portal_door *door;     /* accounts (who.c); NULL: none */
  _Atomic bool rights_moved;    /* somebody's: streams have to be asked whether they may go on */
  uint64_t seed;                /* of hashes of what readers send */
  struct portal_oidc *oidc;     /* another's word for who somebody is (oidc.c); NULL: none */
  struct portal_subs *subs;     /* subs_say.c; NULL: no accounts, or no bus */
  _Atomic uint64_t counters[PORTAL_C_COUNT_];
  int64_t minutes_at, tops_at, status_at; /* monotonic ns of the last such event */
  struct prac_arena *scratch;             /* the caller's thread */
  /* questions to the store (job.c) */
  pthread_mutex_t jobs_lock;                /* guards the queues; taken alone */
  struct portal_queue queues[PORTAL_LANES]; /* store NULL: its questions go to the one before */
  struct portal_job *aside;
  bool stopping;
};

/* An endpoint, its parameters and its sentence: dispatch and /openapi.json are made from these. */
struct portal_param {
  const char *name, *type, *help; /* type: JSON schema's, or "a|b|c" */
};
/* REDIRECT: a step of a browser's way, whose parameters are others' words: unknown ones do not
 * matter. */
enum portal_shape {
  PORTAL_OBJECT,
  PORTAL_ROWS,
  PORTAL_EVENTS,
  PORTAL_TEXT,
  PORTAL_PCAP,
  PORTAL_ATOM,
  PORTAL_REDIRECT
};
/* Who may ask: the role that it takes, or a session of whatever role. */
enum portal_need { PORTAL_ANYONE, PORTAL_VIEWER, PORTAL_ANALYST, PORTAL_OPERATOR, PORTAL_ADMIN };
#define PORTAL_ATOM_TYPE "application/atom+xml"
struct portal_route {
  const char *path;            /* after /api/v1; one part may be "{id}", see route.c */
  enum sys_http_method method; /* GET answers HEAD too */
  enum portal_need need;
  const char *name, *about;
  enum portal_shape shape;
  void (*run)(struct portal *p, struct sys_http_req *r, const char *word);
  const struct portal_param *params; /* NULL name ends */
  const struct model_kind *body;     /* POST: what its JSON says, see portal_body; NULL: nothing */
  bool own_line; /* what it changes writes its line of the audit: it needs no note besides */
  bool by_path;  /* who asks is said by a token that stands in the path alone */
  bool told;     /* what events tell this reader anyway: asking for it is not noted */
};
extern const struct portal_route portal_routes[]; /* NULL path ends */
extern const struct portal_param portal_filters[];

void portal_route_request(void *arg, struct sys_http_req *r); /* a sys_http_route */
/* Who asks; lives as long as the request. Without accounts access_local. */
const struct access_who *portal_who(const struct sys_http_req *r);
/* For a part of an answer that takes more than its route does. False: answered. */
bool portal_may(struct sys_http_req *r, enum portal_need need);
/* What the body said, by the table of the route; lives as long as the request. */
const void *portal_body(const struct sys_http_req *r);
void portal_send_error(struct sys_http_req *r, int status, const char *code, const char *fmt, ...)
    PRAC_PRINTF(4, 5);
/* extra: a header's name and value; NULL: none. */
void portal_send_error_with(struct sys_http_req *r, int status, const char *code,
                            const char *const extra[2], const char *text);
bool portal_is_view(const char *path); /* is it answered with the page? */
/* Sends j as JSON (or an error when it went bad) and frees it. */
void portal_send_json(struct sys_http_req *r, struct prac_json *j);
/* The same of bytes that are something else. */
void portal_send_as(struct sys_http_req *r, struct prac_json *j, const char *type);
void portal_send_rows(struct sys_http_req *r, struct rows *rows);
void portal_count(struct portal *p, int which);
int64_t portal_mono_ns(void);
/* "decision.<org>": subject of what somebody of that organisation says; without accounts "local".
 */
void portal_subject(const char *kind, const char *org, char to[96]);

void portal_status(struct portal *p, struct sys_http_req *r, const char *word);
void portal_series(struct portal *p, struct sys_http_req *r, const char *word);
void portal_top(struct portal *p, struct sys_http_req *r, const char *word);
void portal_alerts(struct portal *p, struct sys_http_req *r, const char *word);
void portal_alerts_scan(struct portal *p, struct sys_http_req *r); /* by kind and severity, too */
void portal_alert(struct portal *p, struct sys_http_req *r, const char *word);
void portal_flows(struct portal *p, struct sys_http_req *r, const char *word);
void portal_findings(struct portal *p, struct sys_http_req *r, const char *word);
void portal_findings_latest(struct portal *p, struct sys_http_req *r, const char *word);
/* Findings of these kinds (how they begin; so do the engines' names) are not told: an attack is
 * told by itself, and a label of senders is for the flows. */
enum { PORTAL_UNTOLD = 2 };
extern const char *const portal_untold[PORTAL_UNTOLD];
bool portal_is_untold(const char *kind);
void portal_host(struct portal *p, struct sys_http_req *r, const char *word);
void portal_attacks(struct portal *p, struct sys_http_req *r, const char *word);
void portal_hits(struct portal *p, struct sys_http_req *r, const char *word);
void portal_attack(struct portal *p, struct sys_http_req *r, const char *word);
void portal_about(struct portal *p, struct sys_http_req *r, const char *word);
void portal_compare(struct portal *p, struct sys_http_req *r, const char *word);
void portal_groups(struct portal *p, struct sys_http_req *r, const char *word);
void portal_ports_heat(struct portal *p, struct sys_http_req *r, const char *word);
void portal_ports_risk(struct portal *p, struct sys_http_req *r, const char *word);
void portal_mine(struct portal *p, struct sys_http_req *r, const char *word);
void portal_system(struct portal *p, struct sys_http_req *r, const char *word);
void portal_deliveries(struct portal *p, struct sys_http_req *r, const char *word);
/* As whoever is no operator sees it, in place; false: not at all. */
bool portal_delivery_brief(struct delivery *d);
void portal_decisions(struct portal *p, struct sys_http_req *r, const char *word);
void portal_alert_decisions(struct portal *p, struct sys_http_req *r, const char *word);
void portal_decide(struct portal *p, struct sys_http_req *r, const char *word);
extern const struct model_kind portal_decide_kind; /* the body of portal_decide */
void portal_query(struct portal *p, struct sys_http_req *r, const char *word);
void portal_events(struct portal *p, struct sys_http_req *r, const char *word);
void portal_metrics(struct portal *p, struct sys_http_req *r, const char *word);
void portal_openapi(struct portal *p, struct sys_http_req *r, const char *word);

/* Parts shared by answers and events; p->lock held. */
void portal_sensors_json(const struct portal *p, const struct portal_audience *a,
                         struct prac_json *j);
void portal_alert_counts_json(const struct portal_alerts *l, struct prac_json *j);
void portal_tops_json(const struct portal *p, enum live_dim dim, size_t n, struct prac_json *j);

/* The threads of questions (job.h). init and done always; start once, stop any number of times. */
void portal_jobs_init(struct portal *p);
void portal_jobs_done(struct portal *p);
prac_rc portal_jobs_start(struct portal *p, struct prac_err *reterr);
void portal_jobs_stop(struct portal *p);
void portal_jobs_run(struct portal *p);     /* all that wait, on this thread */
void portal_jobs_outside(struct portal *p); /* those that stepped aside go on */
bool portal_jobs_stopping(struct portal *p);
