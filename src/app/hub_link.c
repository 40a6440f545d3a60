/* libnats 3.4 cannot name the domain of a source, so the API's own JSON is used throughout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/hub_link_int.h"
#include "base/json.h"
#include "bus/nats_client.h"

enum { ANSWER_MS = 5000, SITE_ANSWER_MS = 2000 };

static prac_rc nats_failed(natsStatus st, struct prac_err *reterr, const char *doing)
{
  prac_rc rc = st == NATS_NO_MEMORY ? PRAC_NOMEM : st == NATS_TIMEOUT ? PRAC_AGAIN : PRAC_IO;
  return PRAC_FAIL(reterr, rc, "%s: %s", doing, natsStatus_GetText(st));
}

static natsStatus connect_with(natsOptions *o, const struct site_hub *h, natsConnection **ret)
{
  char urls[SITE_HUBS_MAX][SITE_ADDRESS + 8], a[SITE_ADDRESS], ca[320], cert[320], key[320];
  const char *servers[SITE_HUBS_MAX];
  for (size_t i = 0; i < h->n_nodes; i++) {
    const char *host = h->n_nodes > 1 ? h->nodes[i] : "127.0.0.1";
    (void)snprintf(urls[i], sizeof urls[i], "tls://%s", site_address(a, host, h->client_port));
    servers[i] = urls[i];
  }
  (void)snprintf(ca, sizeof ca, "%s/ca.crt", h->dir);
  (void)snprintf(cert, sizeof cert, "%s/" SITE_HUB_USER ".crt", h->dir);
  (void)snprintf(key, sizeof key, "%s/" SITE_HUB_USER ".key", h->dir);
  natsStatus st = natsOptions_SetServers(o, servers, (int)h->n_nodes);
  if (st == NATS_OK) st = natsOptions_SetSecure(o, true);
  if (st == NATS_OK) st = natsOptions_LoadCATrustedCertificates(o, ca);
  if (st == NATS_OK) st = natsOptions_LoadCertificatesChain(o, cert, key);
  if (st == NATS_OK) st = natsOptions_SetName(o, "practice hub");
  if (st == NATS_OK) st = natsOptions_SetAllowReconnect(o, false);
  if (st == NATS_OK) st = natsConnection_Connect(ret, o);
  return st;
}

prac_rc hub_link_open(const struct site_hub *h, struct hub_link **ret, struct prac_err *reterr)
{
  natsOptions *o = NULL;
  struct hub_link *l = calloc(1, sizeof *l);
  if (!l) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory");
  natsStatus st = natsOptions_Create(&o);
  if (st == NATS_OK) st = connect_with(o, h, &l->nc);
  natsOptions_Destroy(o);
  if (st == NATS_OK) {
    *ret = l;
    return PRAC_OK;
  }
  hub_link_close(&l);
  return nats_failed(st, reterr, "connect to the hub's nats-server");
}

void hub_link_close(struct hub_link **lp)
{
  struct hub_link *l = *lp;
  if (!l) return;
  natsConnection_Destroy(l->nc);
  free(l);
  *lp = NULL;
}

prac_rc hub_link_parse(natsMsg *m, json_t **ret, struct prac_err *reterr)
{
  json_t *j = json_loadb(natsMsg_GetData(m), (size_t)natsMsg_GetDataLength(m), 0, NULL);
  natsMsg_Destroy(m);
  if (!json_is_object(j)) {
    json_decref(j);
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "the hub's nats-server answers nonsense");
  }
  *ret = j;
  return PRAC_OK;
}

prac_rc hub_link_ask(struct hub_link *l, const char *subject, const char *body, json_t **ret,
                     struct prac_err *reterr)
{
  natsMsg *m = NULL;
  natsStatus st = natsConnection_RequestString(&m, l->nc, subject, body, ANSWER_MS);
  if (st != NATS_OK) return nats_failed(st, reterr, subject);
  return hub_link_parse(m, ret, reterr);
}

json_int_t hub_link_error(const json_t *answer)
{
  return json_integer_value(json_object_get(json_object_get(answer, "error"), "err_code"));
}

static prac_rc refused(const json_t *answer, struct prac_err *reterr, const char *doing)
{
  const char *why =
      json_string_value(json_object_get(json_object_get(answer, "error"), "description"));
  return PRAC_FAIL(reterr, PRAC_DENIED, "%s: %s", doing, why ? why : "refused");
}

json_t *hub_link_ask_site(struct hub_link *l, const struct site_row *r, const char *verb,
                          const char *body)
{
  char domain[SITE_DOMAIN], subject[HUB_SUBJECT], reply[HUB_SUBJECT], *id = NULL;
  natsInbox *inbox = NULL;
  natsSubscription *sub = NULL;
  natsMsg *m = NULL;
  json_t *answer = NULL;
  (void)site_domain(domain, r->site, r->key_id);
  (void)snprintf(subject, sizeof subject, "$JS.%s.API.STREAM.%s." SITE_STREAM "-%s", domain, verb,
                 r->site);
  if (natsInbox_Create(&inbox) != NATS_OK) return NULL;
  id = strrchr(inbox, '.');
  (void)snprintf(reply, sizeof reply, "deliver.%s.info.%s", domain, id ? id + 1 : inbox);
  natsInbox_Destroy(inbox);
  natsStatus st = natsConnection_SubscribeSync(&sub, l->nc, reply);
  if (st == NATS_OK) st = natsConnection_PublishRequestString(l->nc, subject, reply, body);
  if (st == NATS_OK) st = natsSubscription_NextMsg(&m, sub, SITE_ANSWER_MS);
  if (st == NATS_OK && hub_link_parse(m, &answer, NULL) != PRAC_OK) answer = NULL;
  natsSubscription_Destroy(sub);
  return answer;
}

prac_rc hub_link_widen(struct hub_link *l, const struct site_row *r, bool *ret,
                       struct prac_err *reterr)
{
  prac_rc rc = PRAC_OK;
  json_t *info = hub_link_ask_site(l, r, "INFO", ""), *answer = NULL;
  *ret = false;
  if (!info) return PRAC_FAIL(reterr, PRAC_AGAIN, "its server does not answer");
  char *text = json_dumps(info, JSON_COMPACT);
  char *body = text ? bus_nats_stream_wider(text, strlen(text)) : NULL;
  if (body) answer = hub_link_ask_site(l, r, "UPDATE", body);
  if (body && !answer) rc = PRAC_FAIL(reterr, PRAC_AGAIN, "its server does not answer");
  if (answer && hub_link_error(answer)) rc = refused(answer, reterr, "change its stream");
  *ret = body && rc == PRAC_OK;
  free(body);
  free(text);
  json_decref(answer);
  json_decref(info);
  return rc;
}

static json_t *source(const struct site_row *r)
{
  char name[64], api[64], deliver[64], domain[SITE_DOMAIN];
  (void)snprintf(name, sizeof name, SITE_STREAM "-%s", r->site);
  (void)snprintf(api, sizeof api, "$JS.%s.API", site_domain(domain, r->site, r->key_id));
  (void)snprintf(deliver, sizeof deliver, "deliver.%s", domain);
  return json_pack("{s:s, s:{s:s, s:s}}", "name", name, "external", "api", api, "deliver", deliver);
}

static json_t *sources(const struct site_row *rows, size_t n)
{
  json_t *a = json_array();
  for (size_t i = 0; a && i < n; i++)
    if (!rows[i].revoked && json_array_append_new(a, source(&rows[i])) != 0) {
      json_decref(a);
      return NULL;
    }
  return a;
}

/* As the bus makes it, since either may be first. */
static json_t *new_stream(const struct site_hub *h)
{
  struct bus_nats_conf c;
  struct prac_json j = prac_json_of(0);
  prac_conf_defaults(&bus_nats_section, &c);
  c.stream = SITE_STREAM;
  c.replicas = h->n_nodes >= 3 ? 3 : 1;
  bus_nats_stream_config(&c, &j);
  json_t *out = j.bad ? NULL : json_loads(j.buf, 0, NULL);
  prac_json_done(&j);
  return out;
}

static prac_rc put_sources(struct hub_link *l, const char *verb, json_t *config, json_t *list,
                           struct prac_err *reterr)
{
  json_t *answer = NULL;
  char subject[HUB_SUBJECT];
  (void)snprintf(subject, sizeof subject, "$JS.API.STREAM.%s." SITE_STREAM, verb);
  /* nats-server (2.9) does not hold a site's link to max_payload. */
  bool set = json_object_set(config, "sources", list) == 0 &&
             json_object_set_new(config, "max_msg_size", json_integer(SITE_MESSAGE_MAX)) == 0;
  char *body = set ? json_dumps(config, 0) : NULL;
  if (!body) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the stream");
  prac_rc rc = hub_link_ask(l, subject, body, &answer, reterr);
  free(body);
  if (rc == PRAC_OK && hub_link_error(answer))
    rc = refused(answer, reterr, "change the hub's stream");
  json_decref(answer);
  return rc;
}

prac_rc hub_link_sources(struct hub_link *l, const struct site_hub *h, const struct site_row *rows,
                         size_t n, struct prac_err *reterr)
{
  enum { NO_STREAM = 10059 };
  json_t *info = NULL;
  PRAC_TRY(hub_link_ask(l, "$JS.API.STREAM.INFO." SITE_STREAM, "", &info, reterr));
  json_int_t e = hub_link_error(info);
  json_t *config = e == NO_STREAM ? new_stream(h) : json_incref(json_object_get(info, "config"));
  json_t *list = sources(rows, n);
  prac_rc rc = PRAC_OK;
  if (e && e != NO_STREAM) rc = refused(info, reterr, "read the hub's stream");
  if (rc == PRAC_OK && (!config || !list))
    rc = PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for the stream");
  if (rc == PRAC_OK) rc = put_sources(l, e ? "CREATE" : "UPDATE", config, list, reterr);
  json_decref(list);
  json_decref(config);
  json_decref(info);
  return rc;
}
