/* The alert desk as a process: findings in, alerts out, on the records' own time. There are two
 * clocks: the telescopes' (a day of captures may be played while we look, and engines lag behind
 * anyhow) and the honeypots', which are asked by real senders. So there are two desks, and neither
 * makes the other's alerts run out. Restarts as the engine role does: state with position, repeats
 * known by their ids. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/alert.h"
#include "app/role_sender.h"
#include "app/roles.h"
#include "sys/rights.h"
#include "sys/wall.h"

enum { SAVE_NS = 1000000000 };
enum { TELESCOPES, HONEYPOTS, DESKS };
static const struct prac_log_event ev_unread = {"alert_unreadable", PRAC_LOG_WARN,
                                                "an engine of another version?"};
static const struct prac_log_event ev_anew = {"alert_state_lost", PRAC_LOG_WARN,
                                              "alerts that were open begin again as new ones"};

struct alert_role {
  struct bus bus;
  struct alert_desk *desk[DESKS];
  struct prac_arena *arena;
  struct prac_json line;
  const struct role_env *e;
  uint64_t seq, saved;
  struct role_refused refused;
  int64_t next_save;
  struct prac_err *err;
};

static void print(struct alert_role *s, const struct alert *a)
{
  char at[PRAC_TIME_TEXT];
  if (s->e->json) {
    prac_json_reset(&s->line);
    prac_json_open(&s->line, '{');
    prac_json_key(&s->line, "alert");
    model_to_json(&model_alert, a, &s->line);
    prac_json_close(&s->line, '}');
    if (!s->line.bad) printf("%s\n", s->line.buf);
  } else {
    bool closed = strcmp(a->state, "close") == 0;
    printf("ALERT %-6s %-8s %s  %s  [%s]\n", a->state, a->severity,
           prac_time_text(at, prac_time_floor(a->at, PRAC_SEC)), closed ? a->title : a->text,
           a->id);
  }
  (void)fflush(stdout);
}

static prac_rc on_alert(void *arg, const struct alert *a)
{
  struct alert_role *s = arg;
  char id[128];
  (void)snprintf(id, sizeof id, "%s.%u", a->id, a->revision);
  print(s, a);
  return role_publish_record(&s->bus, &model_alert, a, "alert.main", id, s->err);
}

static prac_rc new_desks(struct role_env *e, struct alert_role *s, struct prac_err *reterr)
{
  const struct alert_conf *c = prac_conf_get(e->settings, "alert", 0);
  for (int i = 0; i < DESKS; i++) {
    struct alert_conf mine = *c;
    if (i == HONEYPOTS) mine.quiet_ns = 0; /* the collector has spaced its updates already */
    alert_desk_free(&s->desk[i]);
    prac_rc rc = alert_desk_new(&mine, on_alert, s, &s->desk[i]);
    if (rc == PRAC_RANGE)
      return PRAC_FAIL(reterr, rc, "alert.tlp \"%s\" is no TLP 2.0 label", c->tlp);
    if (rc != PRAC_OK) return PRAC_FAIL(reterr, rc, "alerts: %s", prac_rc_text(rc));
  }
  return PRAC_OK;
}

/* Each desk's state with its length before it. */
static prac_rc load_desks(struct alert_role *s, const uint8_t *data, size_t n)
{
  struct prac_rd r = prac_rd_of(data, n);
  for (int i = 0; i < DESKS; i++) {
    uint64_t len = prac_rd_u64le(&r);
    if (r.bad || len > prac_rd_left(&r)) return PRAC_DAMAGED;
    PRAC_TRY(alert_desk_load(s->desk[i], prac_rd_bytes(&r, (size_t)len), (size_t)len));
  }
  return prac_rd_left(&r) ? PRAC_DAMAGED : PRAC_OK;
}

static prac_rc make_desks(struct role_env *e, struct alert_role *s, struct prac_err *reterr)
{
  uint8_t *data = NULL;
  size_t n = 0;
  struct prac_err err = {0};
  s->e = e;
  s->line = prac_json_of(0);
  s->arena = prac_arena_new(1 << 14);
  if (!s->arena) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the alerts");
  PRAC_TRY(new_desks(e, s, reterr));
  prac_rc rc = role_state_load(e, &s->seq, &data, &n, &err);
  if (rc == PRAC_UNKNOWN) return PRAC_OK;
  if (rc == PRAC_OK) rc = load_desks(s, data, n);
  free(data);
  s->saved = s->seq;
  if (rc == PRAC_OK) return PRAC_OK;
  prac_log(&e->log, &ev_anew, "the alerts begin anew: %s",
           err.text[0] ? err.text : prac_rc_text(rc));
  s->seq = s->saved = 0;
  return new_desks(e, s, reterr);
}

static prac_rc save_desks(struct role_env *e, struct alert_role *s, struct prac_err *reterr)
{
  uint8_t *part[DESKS] = {NULL}, *all = NULL;
  size_t len[DESKS] = {0}, n = 0;
  prac_rc rc = PRAC_OK;
  for (int i = 0; i < DESKS && rc == PRAC_OK; i++) {
    rc = alert_desk_save(s->desk[i], &part[i], &len[i]);
    n += 8 + len[i];
  }
  if (rc == PRAC_OK && !(all = malloc(n))) rc = PRAC_NOMEM;
  if (rc == PRAC_OK) {
    struct prac_wr w = prac_wr_of(all, n);
    for (int i = 0; i < DESKS; i++) {
      prac_wr_u64le(&w, len[i]);
      prac_wr_bytes(&w, part[i], len[i]);
    }
    rc = role_state_save(e, s->seq, all, n, reterr);
  } else {
    rc = PRAC_FAIL(reterr, rc, "state of the alerts: %s", prac_rc_text(rc));
  }
  for (int i = 0; i < DESKS; i++) free(part[i]);
  free(all);
  return rc;
}

static prac_rc save(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct alert_role *s = st;
  s->next_save = sys_mono_ns() + SAVE_NS;
  if (s->seq == s->saved) return PRAC_OK;
  PRAC_TRY(role_flush(&s->bus, reterr));
  prac_rc rc = save_desks(e, s, reterr);
  if (rc == PRAC_FULL) return PRAC_OK;
  PRAC_TRY(rc);
  s->saved = s->seq;
  return s->bus.ops->ack(s->bus.st, s->seq, reterr);
}

/* Whose clock a finding goes by. */
static int desk_of(const char *subject)
{
  bool pots =
      strcmp(subject, "finding.drdos") == 0 || strncmp(subject, "finding.honeypot.", 17) == 0;
  return pots ? HONEYPOTS : TELESCOPES;
}

static prac_rc take(struct role_env *e, void *st, const struct bus_msg *m, struct prac_err *reterr)
{
  struct alert_role *s = st;
  struct prac_err err = {0};
  bool mark = strncmp(m->subject, "mark.", 5) == 0;
  union {
    struct finding f;
    struct health h;
  } u;
  s->seq = m->seq;
  s->err = reterr;
  prac_arena_reset(s->arena);
  prac_rc rc =
      model_from_json(mark ? &model_health : &model_finding, m->data, m->len, s->arena, &u, &err);
  if (rc == PRAC_OK && !mark) rc = role_check_record(m, &model_finding, &u.f, &err);
  if (rc != PRAC_OK)
    role_refuse(e, &s->refused, &ev_unread, m, err.text);
  else
    rc = mark ? alert_desk_advance(s->desk[TELESCOPES], u.h.at)
              : alert_desk_take(s->desk[desk_of(m->subject)], &u.f);
  if (rc == PRAC_NOMEM || rc == PRAC_STOPPED || rc == PRAC_DENIED || rc == PRAC_IO)
    return reterr->rc == rc ? rc : PRAC_FAIL(reterr, rc, "alerts: %s", prac_rc_text(rc));
  return sys_mono_ns() > s->next_save ? save(e, s, reterr) : PRAC_OK;
}

static prac_rc run(struct role_env *e, void *st, struct prac_err *reterr)
{
  struct alert_role *s = st;
  static const char *const what[] = {"finding.", "mark."};
  PRAC_TRY(make_desks(e, s, reterr));
  PRAC_TRY(role_bus_open(e, &s->bus, reterr));
  PRAC_TRY(s->bus.ops->subscribe(s->bus.st, what, 2, true, reterr));
  return role_consume(e, &(struct role_feed){&s->bus, &s->seq, s, take, save}, reterr);
}

static void done(void *st)
{
  struct alert_role *s = st;
  bus_close(&s->bus);
  for (int i = 0; i < DESKS; i++) alert_desk_free(&s->desk[i]);
  prac_arena_free(&s->arena);
  prac_json_done(&s->line);
}

const struct role role_alert = {
    .name = "alert",
    .about = "makes of findings what people follow: opened, updated, closed",
    .state_size = sizeof(struct alert_role),
    .may = SYS_MAY_FILES | SYS_MAY_CONNECT,
    .drain = 3,
    .dirs = "alert",
    .mode = 0700,
    .run = run,
    .done = done,
};
