/* Webhooks of subscribers: each tenant has a URL of its own, chosen by somebody who is not the
 * operator. So it leads nowhere but to the public Internet, and who does not answer is tried again
 * alone, in a thread of its organisation. */
#include <string.h>

#include "notify/push.h"

struct conf {
  struct prac_conf_prefixes allow;
  bool plain;
  int64_t timeout_ns, connections;
};
#define CONF(f) offsetof(struct conf, f)
static const struct prac_conf_item items[] = {
    {.key = "allow",
     .type = PRAC_CONF_PREFIXES,
     .offset = CONF(allow),
     .sdflt = "",
     .help = "Prefixes that are gone to although they are not of the public Internet; none."},
    {.key = "allow-http",
     .type = PRAC_CONF_BOOL,
     .offset = CONF(plain),
     .hi = 1,
     .help = "Whether http:// is gone to; else https:// only."},
    {.key = "timeout",
     .type = PRAC_CONF_DURATION,
     .offset = CONF(timeout_ns),
     .lo = 0.1,
     .hi = 60,
     .dflt = 10,
     .help = "Longest wait for an answer."},
    {.key = "connections",
     .type = PRAC_CONF_INT,
     .offset = CONF(connections),
     .lo = 1,
     .hi = NOTE_LANES_MAX,
     .dflt = 8,
     .help = "Subscribers that are told at the same time, beyond one of each organisation; one "
             "organisation has half of it at most."},
};
static const struct prac_conf_section section = {
    .path = "notify.hook",
    .about = "Webhooks of people who subscribe in the portal.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct conf),
};
enum { TAKEN, LATER, REFUSED, COUNTERS };
static const struct prac_counter_def counters[COUNTERS] = {
    [TAKEN] = {"taken", "messages", "Answered with 2xx.", PRAC_COUNTER},
    [LATER] = {"later", "messages", "No answer, 5xx or 429: tried again.", PRAC_COUNTER},
    [REFUSED] = {"refused", "messages", "Any other answer, or an address that is not gone to.",
                 PRAC_COUNTER},
};

static prac_rc open_hook(void *st, const struct note_env *env, struct prac_err *reterr)
{
  (void)st, (void)env, (void)reterr;
  return PRAC_OK;
}

/* No connection is kept: the next message is most likely somebody else's. */
static prac_rc push(const struct note_item *it, const struct note_env *env, struct prac_err *reterr)
{
  const struct conf *c = env->conf;
  const struct note_tenant *t = it->tenant;
  struct note_guard guard = {.allow = &c->allow};
  struct note_push p = {.timeout_ms = 0};
  struct note_push_to to = {.url = t->url,
                            .schemes = c->plain ? "http,https" : "https",
                            .timeout_ms = (int)(c->timeout_ns / PRAC_MS),
                            .check = true,
                            .guard = &guard};
  if (!t->url || !t->url[0]) return PRAC_FAIL(reterr, PRAC_RANGE, "%s has no url", t->name);
  if (!c->plain && strncmp(t->url, "https://", 8) != 0)
    return PRAC_FAIL(reterr, PRAC_DENIED, "only https:// is gone to from here");
  prac_rc rc = note_push_open(&p, env->net, &to, reterr);
  if (rc == PRAC_OK) rc = note_push_send(&p, env->net, it, t->secret ? t->secret : "", reterr);
  note_push_close(&p);
  return rc;
}

static prac_rc send_hook(void *st, const struct note_item *it, const struct note_env *env,
                         struct prac_err *reterr)
{
  (void)st;
  prac_rc rc = push(it, env, reterr);
  prac_count(&env->counters[rc == PRAC_OK ? TAKEN : rc == PRAC_AGAIN ? LATER : REFUSED], 1);
  return rc;
}

static size_t lanes(const void *conf)
{
  const struct conf *c = conf;
  return (size_t)c->connections;
}

static void close_hook(void *st)
{
  (void)st;
}

extern const struct note_way note_hook;
const struct note_way note_hook = {
    .name = "hook",
    .about = "subscribers' webhooks",
    .state_size = 1,
    .conf = &section,
    .counters = counters,
    .n_counters = COUNTERS,
    .open = open_hook,
    .send = send_hook,
    .close = close_hook,
    .lanes = lanes,
    .people = true,
    .each = true,
};
