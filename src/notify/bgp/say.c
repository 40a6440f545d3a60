/* Rules for people and for programs that people wrote: proposals and what became of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "notify/bgp/bgp.h"
#include "sys/durable.h"

enum { PAPER_MAX = 16 << 20 };

static const char *const words[] = {"proposed", "announced", "withdrawn", "lapsed", "spent"};

const char *bgp_say_sentence(const struct bgp_saying *y, char out[BGP_SENTENCE])
{
  char rule[BGP_TEXT], seen[160] = "";
  if (y->vector[0])
    (void)snprintf(seen, sizeof seen, "; %s, %.3g requests/s in the busiest minute at %u honeypots",
                   y->vector, y->pps, y->sensors);
  int n = snprintf(out, BGP_SENTENCE, "Rule %u is %s for %s: %s%s%s%s", y->id,
                   y->kind < BGP_SAID_COUNT_ ? words[y->kind] : "?", y->tenant,
                   bgp_rule_words(&y->rule, rule), seen, y->why && y->why[0] ? "; " : "",
                   y->why ? y->why : "");
  if (y->kind == BGP_SAID_PROPOSED && n > 0 && (size_t)n < BGP_SENTENCE)
    (void)snprintf(out + n, BGP_SENTENCE - (size_t)n,
                   "; to announce it: practice mitigate "
                   "approve %u",
                   y->id);
  return out;
}

static void rule_json(struct prac_json *j, const struct bgp_conf *c, const struct bgp_rule *r,
                      const char *tenant)
{
  char dst[PRAC_IP_TEXT], text[BGP_TEXT];
  struct bgp_route route;
  prac_json_key_str(j, "tenant", tenant);
  prac_json_key_str(j, "kind", bgp_kind_name(r->kind));
  prac_json_key_str(j, "destination", prac_prefix_text(dst, &r->dst));
  prac_json_key_u64(j, "port", r->port);
  prac_json_key_u64(j, "longer", r->longer);
  prac_json_key_u64(j, "rate", r->rate);
  prac_json_key_str(j, "words", bgp_rule_words(r, text));
  bool ok = bgp_policy_route(c, tenant, &route, NULL) == PRAC_OK &&
            bgp_rule_text(r, &route, true, text) == PRAC_OK;
  prac_json_key_str(j, "exabgp", ok ? text : NULL);
}

prac_rc bgp_say_write(const char *file, const struct bgp_conf *c, const struct bgp_saying *y,
                      prac_time now)
{
  char sentence[BGP_SENTENCE], old[600];
  struct stat sb;
  struct prac_json j = prac_json_of(1 << 16);
  prac_json_open(&j, '{');
  prac_json_key(&j, "at");
  prac_json_time(&j, now);
  prac_json_key_str(&j, "what", y->kind < BGP_SAID_COUNT_ ? words[y->kind] : "?");
  prac_json_key_u64(&j, "id", y->id);
  rule_json(&j, c, &y->rule, y->tenant);
  prac_json_key_str(&j, "episode", y->episode);
  prac_json_key_str(&j, "vector", y->vector);
  prac_json_key(&j, "pps_max");
  prac_json_f64(&j, y->pps);
  prac_json_key_u64(&j, "sensors", y->sensors);
  prac_json_key_str(&j, "why", y->why);
  prac_json_key_str(&j, "text", bgp_say_sentence(y, sentence));
  prac_json_close(&j, '}');
  prac_json_newline(&j);
  prac_rc rc = j.bad ? PRAC_NOMEM : PRAC_OK;
  (void)snprintf(old, sizeof old, "%s.1", file);
  if (rc == PRAC_OK && stat(file, &sb) == 0 && sb.st_size > PAPER_MAX) (void)rename(file, old);
  int fd = rc == PRAC_OK ? open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640) : -1;
  if (rc == PRAC_OK && fd < 0) rc = PRAC_IO;
  if (rc == PRAC_OK) rc = sys_write_all(fd, j.buf, j.len, -1, file, NULL);
  if (fd >= 0) (void)close(fd);
  prac_json_done(&j);
  return rc;
}

static void slot_json(const struct bgp_book *b, const struct bgp_conf *c, size_t at,
                      struct prac_json *j)
{
  const struct bgp_slot *s = &b->slots[at];
  double pps = 0;
  const char *vector = "";
  prac_json_open(j, '{');
  prac_json_key_u64(j, "id", s->id);
  prac_json_key_str(j, "state", bgp_book_state(b, s));
  rule_json(j, c, &s->rule, s->tenant);
  prac_json_key(j, "since");
  prac_json_time(j, s->since);
  prac_json_key(j, "until");
  prac_json_time(j, s->want ? s->until : PRAC_TIME_NONE);
  prac_json_key(j, "episodes");
  prac_json_open(j, '[');
  for (size_t i = 0; i < BGP_CLAIMS; i++) {
    const struct bgp_claim *k = &b->claims[i];
    if (!k->used || (k->rule != at && k->fragments != at)) continue;
    prac_json_str(j, k->episode);
    if (k->pps >= pps) {
      pps = k->pps;
      vector = k->vector;
    }
  }
  prac_json_close(j, ']');
  prac_json_key_str(j, "vector", vector);
  prac_json_key(j, "pps_max");
  prac_json_f64(j, pps);
  prac_json_close(j, '}');
  prac_json_newline(j);
}

void bgp_say_list(const struct bgp_book *b, const struct bgp_conf *c, struct prac_json *j)
{
  uint32_t after = 0;
  for (;;) { /* by number: slots are used again */
    size_t next = BGP_RULES;
    for (size_t i = 0; i < BGP_RULES; i++)
      if (b->slots[i].used && b->slots[i].id > after &&
          (next == BGP_RULES || b->slots[i].id < b->slots[next].id))
        next = i;
    if (next == BGP_RULES || j->bad) return;
    slot_json(b, c, next, j);
    after = b->slots[next].id;
  }
}
