/* The way to routers: episodes into the book, the book onto disk, then, and only then, to ExaBGP.
 * Withdrawals do not wait for the disk: they are always the safe side. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "notify/bgp/bgp.h"
#include "notify/way.h"
#include "sys/durable.h"

enum { IN_FLIGHT_MAX = 200, GRACE_S = 60 };
static const char magic[8] = "PRACBGP1";

static const struct prac_log_event ev_rule = {"bgp_rule", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_relay = {"bgp_relay", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_away = {"bgp_relay_gone", PRAC_LOG_WARN,
                                              "is ExaBGP running, and `practice exabgp` in its "
                                              "configuration?"};
static const struct prac_log_event ev_peers = {"bgp_sessions", PRAC_LOG_WARN,
                                               "a router without a session has no rules of ours"};
static const struct prac_log_event ev_refused = {"bgp_refused", PRAC_LOG_WARN,
                                                 "look at ExaBGP's log: is a neighbour configured "
                                                 "for this family?"};
static const struct prac_log_event ev_lost = {"bgp_book_lost", PRAC_LOG_ERROR,
                                              "rules of before end by their time to live; look at "
                                              "the routers"};
static const struct prac_log_event ev_disk = {"bgp_not_saved", PRAC_LOG_ERROR,
                                              "nothing new is announced until the book can be "
                                              "saved"};

#define COUNTERS(X)                                                                                \
  X(rules, GAUGE, "rules", "announced, or not yet surely withdrawn")                               \
  X(waiting, GAUGE, "rules", "that ExaBGP has not confirmed; stays up while it is away")           \
  X(relay, GAUGE, "1", "ExaBGP is connected")                                                      \
  X(peers, GAUGE, "routers", "with a session, where ExaBGP tells it (neighbor-changes)")           \
  X(peers_down, GAUGE, "routers", "without one: they have no rules of ours")                       \
  X(proposed, COUNTER, "rules", "proposed to a person")                                            \
  X(announced, COUNTER, "rules", "announced")                                                      \
  X(withdrawn, COUNTER, "rules", "withdrawn")                                                      \
  X(approved, COUNTER, "rules", "approved by a person")                                            \
  X(refused, COUNTER, "rules", "withdrawn or refused by a person")                                 \
  X(lapsed, COUNTER, "rules", "proposals whose attack ended first")                                \
  X(spent, COUNTER, "rules", "ended by max-life")                                                  \
  X(capped, COUNTER, "rules", "not announced: max_rules or max_tenant; raise them or look why")    \
  X(outside, COUNTER, "episodes", "no rule: outside the tenant's prefixes or `allow`")             \
  X(never, COUNTER, "episodes", "no rule: in `never`, or no address for a rule")                   \
  X(stale, COUNTER, "episodes", "no rule: told later than a rule would have lived")                \
  X(evicted, COUNTER, "rules", "proposals dropped because the table was full")                     \
  X(full, COUNTER, "episodes", "no rule: the table was full of granted ones")                      \
  X(done, COUNTER, "1", "commands that ExaBGP confirmed")                                          \
  X(errors, COUNTER, "1", "commands that ExaBGP refused; they are tried again")                    \
  X(connects, COUNTER, "1", "times ExaBGP's relay connected; each time all rules are told anew")   \
  X(denied, COUNTER, "1", "connections from a uid that may not")                                   \
  X(bad_lines, COUNTER, "lines", "that made no sense; of another version?")                        \
  X(save_failed, COUNTER, "1", "times the book, or a line of rules.jsonl, could not be saved")
enum {
#define X(name, kind, unit, help) N_##name,
  COUNTERS(X)
#undef X
      N_COUNT_
};
static const struct prac_counter_def counters[] = {
#define X(name, kind, unit, help) {#name, unit, help, PRAC_##kind},
    COUNTERS(X)
#undef X
};

struct bgp_way {
  struct bgp_book *book;
  struct bgp_link link;
  bool open;
  const struct note_env *env;
  prac_time now; /* PRAC_TIME_NONE before the first call */
  uint64_t seq;
  uint8_t *save;
  uint64_t peers, peers_known;
  uint64_t done, errors, connects, bad_lines, save_failed;
  char journal[512], paper[512];
};

/* ---- telling ExaBGP ---- */

static void order(struct bgp_way *w, struct bgp_slot *s, enum bgp_order o)
{
  static const char *const renew = "renew";
  const struct bgp_conf *c = w->env->conf;
  struct bgp_route route;
  char text[BGP_TEXT], line[BGP_TEXT + 64];
  if (bgp_policy_route(c, s->tenant, &route, NULL) != PRAC_OK ||
      bgp_rule_text(&s->rule, &route, o != BGP_SAY_WITHDRAW, text) != PRAC_OK)
    return;
  int64_t ttl_s = o == BGP_SAY_WITHDRAW ? 0 : (s->until - w->now) / PRAC_SEC + GRACE_S;
  const char *body = strchr(text, ' ');
  int n = snprintf(line, sizeof line, "%" PRIu64 " %" PRId64 " %.*s%s\n", ++w->seq,
                   ttl_s > 0 ? ttl_s : 0, o == BGP_SAY_RENEW ? 5 : (int)(body - text),
                   o == BGP_SAY_RENEW ? renew : text, body);
  if (n > 0 && (size_t)n < sizeof line && bgp_link_say(&w->link, w->link.relay, line, (size_t)n))
    bgp_book_sent(w->book, s, o, w->seq, w->now);
}

static void pump(struct bgp_way *w, bool withdrawals)
{
  size_t flying = 0;
  for (size_t i = 0; i < BGP_RULES; i++) flying += w->book->slots[i].seq != 0;
  for (size_t i = 0; i < BGP_RULES && w->link.relay >= 0 && flying < IN_FLIGHT_MAX; i++) {
    struct bgp_slot *s = &w->book->slots[i];
    enum bgp_order o = bgp_book_due(w->book, s, w->now);
    if (o == BGP_SAY_NOTHING || (o == BGP_SAY_WITHDRAW) != withdrawals) continue;
    order(w, s, o);
    flying++;
  }
}

/* ---- the disk ---- */

static prac_rc save(struct bgp_way *w, struct prac_err *reterr)
{
  if (!w->book->dirty) return PRAC_OK;
  struct prac_wr out = prac_wr_of(w->save, BGP_SAVE_MAX);
  struct prac_err err = {0};
  prac_rc rc = bgp_book_save(w->book, &out);
  if (rc == PRAC_OK) rc = sys_seal_file(w->journal, magic, w->save, prac_wr_len(&out), &err);
  if (rc == PRAC_OK) {
    w->book->dirty = w->book->later = false;
    return PRAC_OK;
  }
  w->save_failed++;
  prac_log(w->env->log, &ev_disk, "the book of rules is not saved: %s",
           err.text[0] ? err.text : prac_rc_text(rc));
  return PRAC_FAIL(reterr, PRAC_AGAIN, "book of rules: %s",
                   err.text[0] ? err.text : prac_rc_text(rc));
}

static prac_rc load(struct bgp_way *w, struct prac_err *reterr)
{
  uint8_t *data = NULL;
  size_t n = 0;
  struct prac_err err = {0};
  prac_rc rc = sys_unseal_file(w->journal, magic, BGP_SAVE_MAX, &data, &n, &err);
  if (rc == PRAC_UNKNOWN) return PRAC_OK;
  if (rc == PRAC_OK) rc = bgp_book_load(w->book, prac_rd_of(data, n));
  free(data);
  if (rc == PRAC_OK || rc == PRAC_NOMEM)
    return rc == PRAC_OK ? rc : PRAC_FAIL(reterr, rc, "no memory for %s", w->journal);
  if (rc == PRAC_IO || rc == PRAC_DENIED) return PRAC_FAIL(reterr, rc, "%s", err.text);
  char aside[sizeof w->journal + 16];
  (void)snprintf(aside, sizeof aside, "%s.damaged", w->journal);
  (void)rename(w->journal, aside);
  prac_log(w->env->log, &ev_lost, "the book of rules is damaged and begins anew (kept as %s): %s",
           aside, err.text[0] ? err.text : prac_rc_text(rc));
  return PRAC_OK;
}

/* What has become of an attack's rule: to whoever reads of the attack. */
static void report(struct bgp_way *w, struct note_said *s, const struct bgp_rule *r,
                   const char *tenant, const char *episode)
{
  if (!w->env->said || !episode[0]) return;
  (void)snprintf(s->tenant, sizeof s->tenant, "%s", tenant);
  (void)snprintf(s->episode, sizeof s->episode, "%s", episode);
  (void)prac_prefix_text(s->rule, &r->dst);
  s->dst = r->dst;
  w->env->said(w->env->said_arg, s);
}

/* The same deed each time it is said: after a kill, once more. */
static void report_word(struct bgp_way *w, struct bgp_word *y)
{
  static const char *const words[BGP_SAID_COUNT_] = {
      [BGP_SAID_PROPOSED] = "proposed", [BGP_SAID_LAPSED] = "lapsed", [BGP_SAID_SPENT] = "spent"};
  struct note_said s = {.at = y->at};
  (void)snprintf(s.outcome, sizeof s.outcome, "%s", words[y->kind]);
  (void)snprintf(s.deed, sizeof s.deed, "bgp.%" PRIu32 ".%" PRId64, y->id, y->at);
  char text[BGP_TEXT];
  (void)snprintf(s.detail, sizeof s.detail, "%.200s%s%.50s", bgp_rule_words(&y->rule, text),
                 y->why[0] ? "; " : "", y->why);
  report(w, &s, &y->rule, y->tenant, y->episode);
  y->saying = true;
}

/* The book with them is on disk. */
static void report_words(struct bgp_way *w)
{
  for (size_t i = 0; i < w->book->n_words; i++)
    if (!w->book->words[i].saying) report_word(w, &w->book->words[i]);
}

/* The same deed each time it is confirmed: ExaBGP may have been away meanwhile, or we. */
static void report_done(struct bgp_way *w, struct bgp_slot *r)
{
  unsigned due = r->unsaid & ~r->saying;
  struct bgp_route route;
  char text[BGP_TEXT] = "";
  struct note_said s = {.at = r->done};
  (void)snprintf(s.outcome, sizeof s.outcome, "%s", r->want ? "announced" : "withdrawn");
  (void)snprintf(s.deed, sizeof s.deed, "bgp.%" PRIu32 ".%" PRId64, r->id, r->since);
  if (bgp_policy_route(w->env->conf, r->tenant, &route, NULL) == PRAC_OK &&
      bgp_rule_text(&r->rule, &route, r->want, text) == PRAC_OK)
    (void)snprintf(s.detail, sizeof s.detail, "%.250s", text);
  for (size_t i = 0; i < r->n_served; i++)
    if (due >> i & 1) report(w, &s, &r->rule, r->tenant, r->served[i]);
  r->saying = r->unsaid;
}

static void report_all(struct bgp_way *w)
{
  const struct note_env *e = w->env;
  if (!e->said_safe || e->said_safe(e->said_arg)) bgp_book_said(w->book);
  for (size_t i = 0; i < BGP_RULES; i++) {
    struct bgp_slot *s = &w->book->slots[i];
    if (s->used && s->unsaid != s->saying) report_done(w, s);
  }
}

static void tell_people(struct bgp_way *w)
{
  for (size_t i = 0; i < w->book->n_sayings; i++) {
    struct bgp_saying *y = &w->book->sayings[i];
    char text[BGP_SENTENCE];
    prac_log(w->env->log, &ev_rule, "%s", bgp_say_sentence(y, text));
    if (bgp_say_write(w->paper, w->env->conf, y, w->now) != PRAC_OK) w->save_failed++;
  }
  w->book->n_sayings = 0;
}

static void show_counters(struct bgp_way *w)
{
  const struct bgp_tally *t = &w->book->tally;
  uint64_t waiting = 0;
  for (size_t i = 0; i < BGP_RULES; i++) {
    const struct bgp_slot *s = &w->book->slots[i];
    waiting += s->used && !s->acked && (s->want || s->told);
  }
  const uint64_t v[N_COUNT_] = {
      [N_rules] = bgp_book_count(w->book, NULL),
      [N_waiting] = waiting,
      [N_relay] = w->link.relay >= 0,
      [N_peers] = w->peers,
      [N_peers_down] = w->peers_known - w->peers,
      [N_proposed] = t->proposed,
      [N_announced] = t->announced,
      [N_withdrawn] = t->withdrawn,
      [N_approved] = t->approved,
      [N_refused] = t->refused,
      [N_lapsed] = t->lapsed,
      [N_spent] = t->spent,
      [N_capped] = t->capped,
      [N_outside] = t->outside,
      [N_never] = t->never,
      [N_stale] = t->stale,
      [N_evicted] = t->evicted,
      [N_full] = t->full,
      [N_done] = w->done,
      [N_errors] = w->errors,
      [N_connects] = w->connects,
      [N_denied] = w->link.denied,
      [N_bad_lines] = w->bad_lines,
      [N_save_failed] = w->save_failed,
  };
  if (!w->env->counters) return;
  for (size_t i = 0; i < N_COUNT_; i++) prac_gauge(&w->env->counters[i], v[i]);
}

/* ---- who calls at the socket ---- */

static void greet(struct bgp_way *w, int conn)
{
  if (w->link.relay >= 0 && w->link.relay != conn) {
    w->link.conns[conn].end = true; /* one at a time; it comes again */
    return;
  }
  w->link.relay = conn;
  w->connects++;
  bgp_book_forget(w->book);
  prac_log(w->env->log, &ev_relay, "ExaBGP is connected; %zu rules are told",
           bgp_book_count(w->book, NULL));
}

static void hear(struct bgp_way *w, int conn, const struct bgp_line *l)
{
  if (conn != w->link.relay) return;
  if (l->kind == BGP_LINE_DONE) {
    w->done++;
    bgp_book_answer(w->book, l->n, BGP_DONE, w->now);
    report_all(w); /* at once: the next line may make the rule wanted again */
  } else if (l->kind == BGP_LINE_ERROR) {
    w->errors++;
    prac_log(w->env->log, &ev_refused, "ExaBGP refuses a rule; it is tried again");
    bgp_book_answer(w->book, l->n, BGP_ERROR, w->now);
  } else {
    bgp_book_answer(w->book, l->n, BGP_UNKNOWN, w->now);
  }
}

static void sessions(struct bgp_way *w, int conn, const struct bgp_line *l)
{
  if (conn != w->link.relay || l->n > l->m) return;
  w->peers = l->n;
  w->peers_known = l->m;
  prac_log(w->env->log, l->n < l->m ? &ev_peers : &ev_relay,
           "%" PRIu64 " of %" PRIu64 " routers have a session with ExaBGP", l->n, l->m);
}

static void control(struct bgp_way *w, int conn, const struct bgp_line *l)
{
  struct prac_err err = {0};
  struct prac_json j = prac_json_of(BGP_OUT_MAX / 2);
  prac_rc rc = PRAC_OK;
  if (l->kind == BGP_LINE_LIST)
    bgp_say_list(w->book, w->env->conf, &j);
  else if (l->n > UINT32_MAX)
    rc = PRAC_FAIL(&err, PRAC_UNKNOWN, "no rule has this number");
  else if (l->kind == BGP_LINE_APPROVE)
    rc = bgp_book_approve(w->book, (uint32_t)l->n, w->now, &err);
  else
    rc = bgp_book_withdraw(w->book, (uint32_t)l->n, w->now, &err);
  char last[sizeof err.text + 8];
  int n = rc == PRAC_OK ? snprintf(last, sizeof last, "ok\n")
                        : snprintf(last, sizeof last, "no %s\n", err.text);
  if (j.len && !j.bad) (void)bgp_link_say(&w->link, conn, j.buf, j.len);
  if (n > 0) (void)bgp_link_say(&w->link, conn, last, (size_t)n);
  w->link.conns[conn].end = true;
  prac_json_done(&j);
}

static void on_line(void *arg, int conn, const char *s, size_t n)
{
  struct bgp_way *w = arg;
  struct bgp_line l;
  if (bgp_line_read(s, n, &l) != PRAC_OK) {
    w->bad_lines++;
    return;
  }
  switch (l.kind) {
  case BGP_LINE_HELLO:
    greet(w, conn);
    break;
  case BGP_LINE_DONE:
  case BGP_LINE_ERROR:
  case BGP_LINE_UNKNOWN:
    hear(w, conn, &l);
    break;
  case BGP_LINE_PEERS:
    sessions(w, conn, &l);
    break;
  case BGP_LINE_LIST:
  case BGP_LINE_APPROVE:
  case BGP_LINE_WITHDRAW:
    control(w, conn, &l);
    break;
  }
}

static void on_gone(void *arg)
{
  struct bgp_way *w = arg;
  w->peers = w->peers_known = 0;
  bgp_book_forget(w->book);
  prac_log(w->env->log, &ev_away, "ExaBGP is gone; rules are told again when it is back");
}

/* ---- the way ---- */

/* After every change: withdrawals, disk, people, announcements. */
static prac_rc go(struct bgp_way *w, struct prac_err *reterr)
{
  const struct bgp_link_calls calls = {w, on_line, on_gone};
  bgp_link_run(&w->link, &calls);
  pump(w, true);
  prac_rc rc = save(w, reterr);
  if (rc == PRAC_OK) {
    tell_people(w);
    report_all(w);
    report_words(w);
    pump(w, false);
  }
  bgp_link_run(&w->link, &calls);
  show_counters(w);
  return rc;
}

static prac_rc way_open(void *st, const struct note_env *env, struct prac_err *reterr)
{
  struct bgp_way *w = st;
  const struct bgp_conf *c = env->conf;
  char path[512];
  w->env = env;
  w->now = PRAC_TIME_NONE;
  w->link.fd = w->link.relay = -1;
  for (size_t i = 0; i < BGP_CONNS; i++) w->link.conns[i].fd = -1;
  w->open = true;
  PRAC_TRY(bgp_policy_check(c, reterr));
  (void)snprintf(w->journal, sizeof w->journal, "%s/rules.book", env->dir);
  (void)snprintf(w->paper, sizeof w->paper, "%s/rules.jsonl", env->dir);
  (void)snprintf(path, sizeof path, "%s/mitigate.sock", env->dir);
  w->book = bgp_book_new(c);
  w->save = malloc(BGP_SAVE_MAX);
  if (!w->book || !w->save) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the rules");
  PRAC_TRY(load(w, reterr));
  return bgp_link_open(&w->link, c->socket[0] ? c->socket : path, c->relay_uid, reterr);
}

static prac_rc way_send(void *st, const struct note_item *item, const struct note_env *env,
                        struct prac_err *reterr)
{
  struct bgp_way *w = st;
  w->env = env;
  if (w->now == PRAC_TIME_NONE) w->now = item->at;
  if (!item->tenant) return PRAC_OK;
  struct bgp_who who = {.name = item->tenant->name, .prefixes = item->tenant->prefixes};
  if (item->episode) bgp_book_take(w->book, &who, item->episode, w->now);
  if (item->digest) /* held back from people, not from routers */
    for (uint32_t i = 0; i < item->digest->n; i++)
      bgp_book_take(w->book, &who, item->digest->episodes[i], w->now);
  return go(w, reterr);
}

static prac_rc way_tick(void *st, prac_time now, const struct note_env *env,
                        struct prac_err *reterr)
{
  struct bgp_way *w = st;
  w->env = env;
  if (w->now == PRAC_TIME_NONE || now > w->now) w->now = now;
  bgp_book_tick(w->book, w->now);
  return go(w, reterr);
}

/* Rules stay: the notifier may be restarted in mid-attack. What nobody renews ends by itself. */
static void way_close(void *st)
{
  struct bgp_way *w = st;
  if (!w->open) return;
  bgp_link_close(&w->link);
  bgp_book_free(&w->book);
  free(w->save);
  w->save = NULL;
}

const struct note_way note_bgp = {
    .name = "bgp",
    .about = "proposes or announces rules for routers (RTBH, Flowspec) through ExaBGP",
    .state_size = sizeof(struct bgp_way),
    .conf = &bgp_conf_section,
    .counters = counters,
    .n_counters = PRAC_ARRAY_LEN(counters),
    .open = way_open,
    .send = way_send,
    .tick = way_tick,
    .close = way_close,
    .says = true,
};
