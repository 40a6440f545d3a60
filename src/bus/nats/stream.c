/* The stream: one for all kinds of records, made by whoever comes first and may. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "bus/nats/link.h"

enum { NO_STREAM = 10059, NAME_IN_USE = 10058 };
#define DUPLICATES_NS (60 * PRAC_MIN)
static const struct prac_log_event ev_made = {"bus_nats_stream_made", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_differs = {
    "bus_nats_stream_differs", PRAC_LOG_WARN,
    "change the stream on the server, or the settings of section nats"};
static const struct prac_log_event ev_hidden = {"bus_nats_stream_hidden", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_anew = {
    "bus_nats_stream_anew", PRAC_LOG_ERROR,
    "put the stream back, or remove what this role has kept of its place"};

static const struct prac_log_event ev_wider = {"bus_nats_stream_wider", PRAC_LOG_INFO, ""};
static const struct prac_log_event ev_narrow = {
    "bus_nats_stream_narrow", PRAC_LOG_WARN,
    "add the subjects to the stream on the server, at a site by practice hub apply at the hub, or "
    "let one role do it (right STREAM.UPDATE); docs/operations/upgrade.md has the commands"};

/* "packet.>" */
static const char *const subjects[BUS_KIND_COUNT] = {
#define X(word, optional) #word ".>",
    BUS_KINDS(X)
#undef X
};

void bus_nats_stream_config(const struct bus_nats_conf *c, struct prac_json *j)
{
  int64_t dup = DUPLICATES_NS;
  if (c->max_age_ns > 0 && c->max_age_ns < dup) dup = c->max_age_ns;
  prac_json_open(j, '{');
  prac_json_key(j, "name");
  prac_json_str(j, c->stream);
  prac_json_key(j, "subjects");
  prac_json_open(j, '[');
  for (size_t i = 0; i < BUS_KIND_COUNT; i++) prac_json_str(j, subjects[i]);
  prac_json_close(j, ']');
  prac_json_key(j, "retention");
  prac_json_str(j, "limits");
  prac_json_key(j, "storage");
  prac_json_str(j, "file");
  prac_json_key(j, "discard");
  prac_json_str(j, "old");
  prac_json_key(j, "num_replicas");
  prac_json_i64(j, c->replicas);
  prac_json_key(j, "max_age");
  prac_json_i64(j, c->max_age_ns);
  prac_json_key(j, "max_bytes");
  prac_json_i64(j, c->max_bytes > 0 ? c->max_bytes : -1);
  prac_json_key(j, "max_msgs");
  prac_json_i64(j, -1);
  prac_json_key(j, "max_consumers");
  prac_json_i64(j, -1);
  prac_json_key(j, "duplicate_window");
  prac_json_i64(j, dup);
  prac_json_close(j, '}');
}

static prac_rc ask(struct nats_link *l, const char *verb, const char *body,
                   struct nats_stream_info *ret, struct prac_err *reterr)
{
  char what[96];
  natsMsg *m = NULL;
  (void)snprintf(what, sizeof what, "STREAM.%s.%s", verb, l->conf.stream);
  PRAC_TRY(nats_link_ask(l, what, body, &m, reterr));
  prac_rc rc = nats_stream_read(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), ret);
  natsMsg_Destroy(m);
  if (rc != PRAC_OK) return PRAC_FAIL(reterr, PRAC_AGAIN, "%s: the answer is not understood", what);
  return PRAC_OK;
}

static prac_rc make(struct nats_link *l, struct nats_stream_info *s, struct prac_err *reterr)
{
  struct prac_json j = prac_json_of(8192);
  bus_nats_stream_config(&l->conf, &j);
  prac_rc rc = j.bad ? PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a stream's settings")
                     : ask(l, "CREATE", j.buf, s, reterr);
  prac_json_done(&j);
  PRAC_TRY(rc);
  if (s->error.err_code == NAME_IN_USE) return ask(l, "INFO", "", s, reterr); /* just now */
  if (s->error.code)
    return PRAC_FAIL(reterr, PRAC_AGAIN, "stream %s cannot be made: %s", l->conf.stream,
                     s->error.text);
  prac_log(l->log, &ev_made, "made the stream %s, %" PRIi64 " cop%s", l->conf.stream,
           l->conf.replicas, l->conf.replicas == 1 ? "y" : "ies");
  return PRAC_OK;
}

/* The kinds of which the stream takes nothing; "packet.tokyo" and "*.>" are an operator's choice.
 */
static uint32_t missing_kinds(const struct nats_stream_info *s)
{
  uint32_t missing = s->n_subjects ? (1U << BUS_KIND_COUNT) - 1 : 0;
  for (size_t i = 0; i < s->n_subjects; i++) {
    int kind = bus_kind_of(s->subjects[i]);
    if (s->subjects[i][0] == '>' || s->subjects[i][0] == '*') return 0;
    if (kind >= 0) missing &= ~(1U << kind);
  }
  return missing;
}

static char *wider(const char *info, size_t len, uint32_t missing)
{
  const char *more[BUS_KIND_COUNT];
  size_t n = 0;
  for (size_t i = 0; i < BUS_KIND_COUNT; i++)
    if (missing >> i & 1) more[n++] = subjects[i];
  return n ? nats_stream_widened(info, len, more, n) : NULL;
}

char *bus_nats_stream_wider(const char *info, size_t len)
{
  struct nats_stream_info *s = calloc(1, sizeof *s);
  bool ok = s && nats_stream_read(info, len, s) == PRAC_OK && !s->error.code;
  char *body = ok ? wider(info, len, missing_kinds(s)) : NULL;
  free(s);
  return body;
}

/* Adds subjects to the stream's own configuration. Two roles at once say the same. PRAC_DENIED:
 * the server has said no. */
static prac_rc widen(struct nats_link *l, uint32_t missing, struct nats_stream_info *s,
                     struct prac_err *reterr)
{
  char what[96];
  natsMsg *m = NULL;
  (void)snprintf(what, sizeof what, "STREAM.INFO.%s", l->conf.stream);
  PRAC_TRY(nats_link_ask(l, what, "", &m, reterr));
  char *body = wider(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), missing);
  natsMsg_Destroy(m);
  if (!body) return PRAC_FAIL(reterr, PRAC_AGAIN, "%s: the answer is not understood", what);
  prac_rc rc = ask(l, "UPDATE", body, s, reterr);
  free(body);
  if (rc != PRAC_OK && atomic_load(&l->news->refused))
    return PRAC_FAIL(reterr, PRAC_DENIED, "%s may not change it", l->client);
  PRAC_TRY(rc);
  if (s->error.code) return PRAC_FAIL(reterr, PRAC_DENIED, "%s", s->error.text);
  return PRAC_OK;
}

/* What the stream does not take is added where that is allowed; else it is said, and what is
 * optional of it left out. */
static void see_kinds(struct nats_link *l, const struct nats_stream_info *s)
{
  char names[NATS_KINDS_TEXT];
  uint32_t missing = missing_kinds(s), before = l->missing, lacked = missing | before;
  struct prac_err why = {.text = "the server has refused"};
  struct nats_stream_info *now = missing && !l->asked_wider ? calloc(1, sizeof *now) : NULL;
  if (now) {
    prac_rc rc = widen(l, missing, now, &why);
    l->asked_wider = rc == PRAC_OK || rc == PRAC_DENIED;
    if (rc == PRAC_OK) missing = missing_kinds(now);
    free(now);
  }
  if (lacked & ~missing)
    prac_log(l->log, &ev_wider, "the stream %s takes %s from now on", l->conf.stream,
             nats_kinds_text(lacked & ~missing, names));
  if (missing && missing != before)
    prac_log(l->log, &ev_narrow, "the stream %s does not take %s, and it cannot be added: %s",
             l->conf.stream, nats_kinds_text(missing, names), why.text);
  l->missing = missing;
}

/* What would lose records is final; what merely differs is said. */
static prac_rc check(struct nats_link *l, const struct nats_stream_info *s, struct prac_err *reterr)
{
  const char *wrong = NULL;
  if (strcmp(s->retention, "limits") != 0) wrong = "its retention is not \"limits\"";
  if (strcmp(s->storage, "file") != 0) wrong = "it is not kept in files";
  if (s->no_ack) wrong = "it acknowledges nothing";
  if (s->sealed || s->mirror) wrong = "it takes no messages";
  if (wrong)
    return PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "the stream %s is there already and %s",
                     l->conf.stream, wrong);
  if (s->replicas < (uint64_t)l->conf.replicas)
    prac_log(l->log, &ev_differs, "the stream %s has %" PRIu64 " copies, not %" PRIi64,
             l->conf.stream, s->replicas, l->conf.replicas);
  if (s->duplicates_ns < 2 * PRAC_MIN)
    prac_log(l->log, &ev_differs, "the stream %s forgets message ids after %" PRIi64 " s",
             l->conf.stream, s->duplicates_ns / PRAC_SEC);
  return PRAC_OK;
}

static prac_rc stands_behind(struct nats_link *l, const struct nats_stream_info *s,
                             struct prac_err *reterr)
{
  uint64_t seen = l->fetched > l->acked ? l->fetched : l->acked;
  if (seen <= s->last) return PRAC_OK;
  prac_log(l->log, &ev_anew, "the stream %s ends at %" PRIu64 ", %s has read up to %" PRIu64,
           l->conf.stream, s->last, l->client, seen);
  return PRAC_FAIL(reterr, PRAC_AGAIN, "the stream %s ends before what %s has read", l->conf.stream,
                   l->client);
}

static prac_rc see(struct nats_link *l, struct nats_stream_info *s, struct prac_err *reterr)
{
  if (s->error.err_code == NO_STREAM) PRAC_TRY(make(l, s, reterr));
  if (s->error.code)
    return PRAC_FAIL(reterr, PRAC_AGAIN, "stream %s: %s", l->conf.stream, s->error.text);
  if (!l->stream_seen) PRAC_TRY(check(l, s, reterr));
  PRAC_TRY(stands_behind(l, s, reterr));
  l->stream_first = s->first;
  see_kinds(l, s);
  return PRAC_OK;
}

prac_rc nats_stream_ensure(struct nats_link *l, struct prac_err *reterr)
{
  struct nats_stream_info *s = calloc(1, sizeof *s);
  struct prac_err err = {.text = ""};
  if (!s) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a stream's settings");
  l->leader[0] = '\0';
  prac_rc rc = ask(l, "INFO", "", s, &err);
  if (rc == PRAC_AGAIN && atomic_load(&l->news->refused) && !l->filter_n) {
    if (!l->stream_seen)
      prac_log(l->log, &ev_hidden, "%s may not look at the stream %s", l->client, l->conf.stream);
    rc = PRAC_OK;
  } else if (rc != PRAC_OK) {
    rc = prac_err_set(reterr, rc, err.where, "%s", err.text);
  } else {
    rc = see(l, s, reterr);
    (void)snprintf(l->leader, sizeof l->leader, "%s", s->leader);
  }
  if (rc == PRAC_OK) {
    l->stream_seen = true;
    l->left_out = 0;
    nats_pub_leave_out(l, l->missing, NULL);
    nats_pub_leave_out(l, l->denied, NULL);
  }
  free(s);
  return rc;
}
