/* One POST of JSON for each item: signed, and known again when it comes twice. */
#include "notify/push.h"

struct conf {
  const char *url, *secret;
  int64_t timeout_ns;
  bool check;
};
#define CONF(f) offsetof(struct conf, f)
static const struct prac_conf_item items[] = {
    {.key = "url",
     .type = PRAC_CONF_STRING,
     .offset = CONF(url),
     .sdflt = "",
     .help = "Where to: https://host/path, or http:// to an address on the same box."},
    {.key = "secret",
     .type = PRAC_CONF_STRING,
     .offset = CONF(secret),
     .sdflt = "",
     .help = "Key of the signature (HMAC-SHA-256); empty: not signed."},
    {.key = "timeout",
     .type = PRAC_CONF_DURATION,
     .offset = CONF(timeout_ns),
     .lo = 0.1,
     .hi = 600,
     .dflt = 10,
     .help = "Longest wait for an answer."},
    {.key = "check-certificate",
     .type = PRAC_CONF_BOOL,
     .offset = CONF(check),
     .hi = 1,
     .dflt = 1,
     .help = "Whether the server's certificate must be good."},
};
static const struct prac_conf_section section = {
    .path = "notify.webhook",
    .about = "Alerts as HTTP POST of JSON.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct conf),
};
enum { TAKEN, LATER, REFUSED, COUNTERS };
static const struct prac_counter_def counters[COUNTERS] = {
    [TAKEN] = {"taken", "messages", "Answered with 2xx.", PRAC_COUNTER},
    [LATER] = {"later", "messages", "No answer, 5xx or 429: tried again.", PRAC_COUNTER},
    [REFUSED] = {"refused", "messages", "Any other answer: look at url and secret.", PRAC_COUNTER},
};
struct state {
  struct note_push push;
};

static prac_rc open_webhook(void *st, const struct note_env *env, struct prac_err *reterr)
{
  struct state *s = st;
  const struct conf *c = env->conf;
  if (!c->url[0]) return PRAC_FAIL(reterr, PRAC_RANGE, "url must be given");
  struct note_push_to to = {.url = c->url,
                            .schemes = "http,https",
                            .timeout_ms = (int)(c->timeout_ns / PRAC_MS),
                            .check = c->check};
  return note_push_open(&s->push, env->net, &to, reterr);
}

static prac_rc send_webhook(void *st, const struct note_item *it, const struct note_env *env,
                            struct prac_err *reterr)
{
  struct state *s = st;
  const struct conf *c = env->conf;
  prac_rc rc = note_push_send(&s->push, env->net, it, c->secret, reterr);
  prac_count(&env->counters[rc == PRAC_OK ? TAKEN : rc == PRAC_AGAIN ? LATER : REFUSED], 1);
  return rc;
}

static void close_webhook(void *st)
{
  struct state *s = st;
  note_push_close(&s->push);
}

extern const struct note_way note_webhook;
const struct note_way note_webhook = {
    .name = "webhook",
    .about = "HTTP POST of signed JSON",
    .state_size = sizeof(struct state),
    .conf = &section,
    .counters = counters,
    .n_counters = COUNTERS,
    .open = open_webhook,
    .send = send_webhook,
    .close = close_webhook,
};
