/* Sites say how they are in their health records; what is not here yet, only their own server
 * knows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/hub_link_int.h"
#include "bus/origin.h"

enum { RECORD_MAX = 64 << 10 };
struct hub_survey {
  struct hub_link *link;
  json_t *info; /* of the stream, with the subjects of health records */
};

prac_rc hub_survey_new(struct hub_link *l, struct hub_survey **ret, struct prac_err *reterr)
{
  struct hub_survey *s = calloc(1, sizeof *s);
  if (!s) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory");
  s->link = l;
  prac_rc rc = hub_link_ask(l, "$JS.API.STREAM.INFO." SITE_STREAM,
                            "{\"subjects_filter\":\"health.*\"}", &s->info, reterr);
  if (rc == PRAC_OK && hub_link_error(s->info))
    rc = PRAC_FAIL(reterr, PRAC_UNKNOWN, "the hub has no stream yet (practice hub apply)");
  if (rc == PRAC_OK)
    *ret = s;
  else
    hub_survey_free(&s);
  return rc;
}

void hub_survey_free(struct hub_survey **sp)
{
  struct hub_survey *s = *sp;
  if (!s) return;
  json_decref(s->info);
  free(s);
  *sp = NULL;
}

static prac_time time_of(const json_t *o, const char *key)
{
  prac_time t;
  const char *text = json_string_value(json_object_get(o, key));
  return text && prac_time_parse(text, strlen(text), &t) == PRAC_OK ? t : PRAC_TIME_NONE;
}

/* Base64, as the API gives a message's bytes; NULL: not that. */
static char *decoded(const char *text)
{
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  size_t len = strlen(text), n = 0;
  char *out = len <= RECORD_MAX ? malloc(len + 1) : NULL;
  uint32_t bits = 0;
  unsigned have = 0;
  for (size_t i = 0; out && i < len && text[i] != '='; i++) {
    const char *d = strchr(digits, text[i]);
    if (!d) {
      free(out);
      return NULL;
    }
    bits = bits << 6 | (uint32_t)(d - digits);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out[n++] = (char)(bits >> have & 0xff);
  }
  if (out) out[n] = '\0';
  return out;
}

/* The newest health record of one subject, when it is newer than what is known. */
static void take_health(struct hub_survey *s, const char *subject, struct hub_site_state *st)
{
  char body[HUB_SUBJECT];
  json_t *answer = NULL;
  (void)snprintf(body, sizeof body, "{\"last_by_subj\":\"%.100s\"}", subject);
  if (hub_link_ask(s->link, "$JS.API.STREAM.MSG.GET." SITE_STREAM, body, &answer, NULL) != PRAC_OK)
    return;
  const json_t *m = json_object_get(answer, "message");
  const char *data = json_string_value(json_object_get(m, "data"));
  char *text = data ? decoded(data) : NULL;
  json_t *record = text ? json_loads(text, 0, NULL) : NULL;
  prac_time heard = time_of(m, "time"), at = time_of(record, "at");
  if (at != PRAC_TIME_NONE && heard != PRAC_TIME_NONE &&
      (st->heard == PRAC_TIME_NONE || heard > st->heard)) {
    const char *source = json_string_value(json_object_get(record, "source"));
    size_t n = source ? strlen(source) : 0;
    st->heard = heard;
    st->at = at;
    st->live = n < 5 || strcmp(source + n - 5, " file") != 0;
  }
  json_decref(record);
  free(text);
  json_decref(answer);
}

static const json_t *source_of(const struct hub_survey *s, const struct site_row *r)
{
  char name[64];
  size_t i;
  json_t *v;
  (void)snprintf(name, sizeof name, SITE_STREAM "-%s", r->site);
  json_array_foreach(json_object_get(s->info, "sources"), i, v)
  {
    const char *n = json_string_value(json_object_get(v, "name"));
    if (n && strcmp(n, name) == 0) return v;
  }
  return NULL;
}

static void take_lag(const json_t *answer, const json_t *source, struct hub_site_state *st)
{
  const json_t *state = json_object_get(answer, "state");
  json_int_t n = json_integer_value(json_object_get(state, "messages"));
  json_int_t bytes = json_integer_value(json_object_get(state, "bytes"));
  json_int_t lag = json_integer_value(json_object_get(source, "lag"));
  /* active < 0: nothing has come from there since this server leads the stream. */
  bool taking = source && json_integer_value(json_object_get(source, "active")) >= 0;
  if (!json_is_object(state) || lag < 0) return;
  st->lag_known = taking || n == 0;
  st->lag = taking ? (uint64_t)lag : 0;
  if (n > 0 && bytes > 0) st->lag_bytes = (uint64_t)((double)st->lag * (double)bytes / (double)n);
  prac_time last = time_of(state, "last_ts");
  if (st->lag > 0 && last != PRAC_TIME_NONE && st->at != PRAC_TIME_NONE && last > st->at)
    st->behind_ns = last - st->at;
}

prac_rc hub_survey_site(struct hub_survey *s, const struct site_row *r, struct hub_site_state *ret,
                        struct prac_err *reterr)
{
  const char *subject;
  json_t *count;
  struct hub_site_state st = {.heard = PRAC_TIME_NONE, .at = PRAC_TIME_NONE};
  json_t *subjects = json_object_get(json_object_get(s->info, "state"), "subjects");
  json_object_foreach(subjects, subject, count)
  {
    if (bus_origin_name(subject) && bus_origin_owns(r->site, bus_origin_name(subject)))
      take_health(s, subject, &st);
  }
  json_t *answer = r->revoked ? NULL : hub_link_ask_site(s->link, r, "INFO", "");
  st.connected = answer != NULL;
  if (answer) take_lag(answer, source_of(s, r), &st);
  json_decref(answer);
  st.clock_known = st.lag_known && st.lag == 0 && st.live && st.heard != PRAC_TIME_NONE;
  if (st.clock_known) st.clock_ns = st.at - st.heard;
  if (natsConnection_IsClosed(s->link->nc))
    return PRAC_FAIL(reterr, PRAC_IO, "the hub's nats-server hung up");
  *ret = st;
  return PRAC_OK;
}
