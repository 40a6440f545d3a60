/* Unknown is shown as "-", never as a number. */
#include "app/hub_list.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"

static const char *state_of(const struct site_row *r, const struct hub_site_state *st,
                            prac_time now)
{
  if (r->revoked) return "revoked";
  if (now > r->until) return "expired";
  if (!st) return "unknown";
  if (st->connected) return "connected";
  return st->heard == PRAC_TIME_NONE ? "new" : "away";
}

void hub_list_head(void)
{
  printf("%-20s  %-9s  %-20s  %12s  %10s  %9s  %s\n", "SITE", "STATE", "LAST HEARD", "LAG MESSAGES",
         "BEHIND", "CLOCK", "CERTIFICATE UNTIL");
}

static void print_row(const struct site_row *r, const struct hub_site_state *st, prac_time now)
{
  char heard[PRAC_TIME_TEXT] = "-", lag[24] = "-", behind[PRAC_TIME_TEXT] = "-", clock[24] = "-";
  char until[PRAC_TIME_TEXT];
  int64_t left = r->until - now;
  if (st && st->heard != PRAC_TIME_NONE)
    prac_time_text(heard, prac_time_floor(st->heard, PRAC_SEC));
  if (st && st->lag_known) (void)snprintf(lag, sizeof lag, "%" PRIu64, st->lag);
  if (st && st->lag_known) prac_duration_text(behind, prac_time_floor(st->behind_ns, PRAC_SEC));
  if (st && st->clock_known)
    (void)snprintf(clock, sizeof clock, "%+.1f s", (double)st->clock_ns / 1e9);
  printf("%-20s  %-9s  %-20s  %12s  %10s  %9s  %s%s\n", r->site, state_of(r, st, now), heard, lag,
         behind, clock, prac_time_text(until, r->until),
         r->revoked || left > 30 * PRAC_DAY ? "" : " (renew it)");
}

static void number(struct prac_json *j, const char *key, bool known, double v)
{
  prac_json_key(j, key);
  if (known)
    prac_json_f64(j, v);
  else
    prac_json_null(j);
}

static prac_rc json_row(const struct site_row *r, const struct hub_site_state *st, prac_time now,
                        struct prac_err *reterr)
{
  struct prac_json j = prac_json_of(0);
  bool lag = st && st->lag_known;
  prac_json_open(&j, '{');
  prac_json_key(&j, "site");
  prac_json_str(&j, r->site);
  prac_json_key(&j, "state");
  prac_json_str(&j, state_of(r, st, now));
  prac_json_key(&j, "last_heard");
  prac_json_time(&j, st ? st->heard : PRAC_TIME_NONE);
  number(&j, "lag_messages", lag, lag ? (double)st->lag : 0);
  number(&j, "lag_bytes", lag, lag ? (double)st->lag_bytes : 0);
  number(&j, "lag_seconds", lag, lag ? (double)st->behind_ns / 1e9 : 0);
  number(&j, "clock_seconds", st && st->clock_known, st ? (double)st->clock_ns / 1e9 : 0);
  prac_json_key(&j, "added");
  prac_json_time(&j, r->added);
  prac_json_key(&j, "certificate_until");
  prac_json_time(&j, r->until);
  prac_json_key(&j, "certificate");
  prac_json_str(&j, r->fingerprint);
  prac_json_key(&j, "key");
  prac_json_str(&j, r->key_id);
  prac_json_key(&j, "revoked");
  prac_json_time(&j, r->revoked_at);
  prac_json_close(&j, '}');
  prac_rc rc = j.bad ? PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for a line") : PRAC_OK;
  if (rc == PRAC_OK) printf("%s\n", j.buf);
  prac_json_done(&j);
  return rc;
}

prac_rc hub_list_row(const struct site_row *r, const struct hub_site_state *st, prac_time now,
                     bool json, struct prac_err *reterr)
{
  if (json) return json_row(r, st, now, reterr);
  print_row(r, st, now);
  return PRAC_OK;
}
