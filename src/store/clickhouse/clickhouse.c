/* The backend's table: settings, opening, closing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/clickhouse/clickhouse.h"

#define CH(f) offsetof(struct ch_conf, f)
static const char default_url[] = "http://127.0.0.1:8123";
static const struct prac_conf_item items[] = {
    {"urls", PRAC_CONF_STRINGS, CH(urls), .sdflt = default_url,
     .help = "HTTP addresses of the ClickHouse nodes, http:// or https://; the first that answers "
             "is used"},
    {"database", PRAC_CONF_STRING, CH(database), .sdflt = "practice",
     .help = "database of the store; made when it is not there"},
    {"user", PRAC_CONF_STRING, CH(user), .sdflt = "default",
     .help = "who asks; readers need no more than readonly=1"},
    {"password-file", PRAC_CONF_STRING, CH(password_file), .sdflt = "",
     .help = "file with the password in its first line; empty: no password"},
    {"ca", PRAC_CONF_STRING, CH(ca_file), .sdflt = "",
     .help =
         "PEM file of the authority that signed the servers' certificates; empty: the system's"},
    {"cert", PRAC_CONF_STRING, CH(cert_file), .sdflt = "",
     .help = "PEM file of our own certificate; empty: none"},
    {"key", PRAC_CONF_STRING, CH(key_file), .sdflt = "",
     .help = "PEM file of its key; empty: none"},
    {"cluster", PRAC_CONF_STRING, CH(cluster), .sdflt = "",
     .help = "the cluster's name in the servers' remote_servers, to spread rows over its shards; "
             "empty: one shard"},
    {"replicated", PRAC_CONF_BOOL, CH(replicated), .hi = 1, .dflt = 0,
     .help = "whether tables are replicated: needs ZooKeeper or Keeper, and the macros shard (in a "
             "cluster) and replica"},
    {"quorum", PRAC_CONF_INT, CH(quorum), .lo = 0, .hi = 16, .dflt = 0,
     .help = "replicas that must have a row before it counts; 0 or 1: one, and the writer opens "
             "only while every node answers"},
    {"connect-timeout", PRAC_CONF_DURATION, CH(connect_ns), .lo = 1, .hi = 600, .dflt = 5,
     .help = "longest wait for a node to take a connection"},
    {"timeout", PRAC_CONF_DURATION, CH(timeout_ns), .lo = 1, .hi = 86400, .dflt = 300,
     .help = "longest time of one statement"},
    {"retry", PRAC_CONF_DURATION, CH(retry_ns), .lo = 0, .hi = 86400, .dflt = 30,
     .help = "how long nodes that do not answer are tried again, with growing pauses"},
    {"count-at-once", PRAC_CONF_INT, CH(count_at_once), .lo = 100, .hi = 1e9, .dflt = 5000000,
     .help = "flows whose senders are counted exactly at once, questions of more in parts; fewer "
             "where a node's max_memory_usage is below 2 GB"},
    {"retention", PRAC_CONF_DURATION, CH(retention_ns), .lo = 86400, .hi = 3153600000.0,
     .dflt = 34560000,
     .help =
         "whole days of flows, minute and hour roll-ups and health older than this are removed"},
    {"rollup-retention", PRAC_CONF_DURATION, CH(rollup_retention_ns), .lo = 86400,
     .hi = 31536000000.0, .dflt = 315360000,
     .help = "whole months of day roll-ups older than this are removed; findings and alerts stay"},
    {"packet-retention", PRAC_CONF_DURATION, CH(packet_retention_ns), .lo = 86400,
     .hi = 3153600000.0, .dflt = 2592000,
     .help = "whole days of packets that were kept as they came, older than this, are removed"},
    {"packet-max-rows", PRAC_CONF_INT, CH(packet_max_rows), .lo = 1000, .hi = 1e15,
     .dflt = 100000000,
     .help = "most packets that are kept as they came: beyond it the oldest days go, not the "
             "newest"},
    {"delivery-retention", PRAC_CONF_DURATION, CH(delivery_retention_ns), .lo = 86400,
     .hi = 31536000000.0, .dflt = 31536000,
     .help = "whole days of what was told to whom, older than this, are removed"},
};
const struct prac_conf_section ch_conf_section = {
    .path = "store.clickhouse",
    .about = "the store on ClickHouse nodes, for more than one box holds",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct ch_conf),
};

/* Names go into statements as they are. */
static prac_rc take_name(const char *what, const char *name, bool may_be_empty,
                         char to[CH_DATABASE], struct prac_err *reterr)
{
  size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
  if (name[n] != 0 || n >= CH_DATABASE || (n == 0 && !may_be_empty))
    return PRAC_FAIL(reterr, PRAC_RANGE,
                     "store.clickhouse.%s: letters, digits and _ only: \"%.80s\"", what, name);
  memcpy(to, name, n + 1);
  return PRAC_OK;
}

/* "http://HOST:PORT/DATABASE" in place of what the settings say. */
static prac_rc take_place(struct ch *c, const char *place, struct prac_err *reterr)
{
  if (!place || !place[0]) return PRAC_OK;
  const char *host = strstr(place, "://"), *slash = host ? strchr(host + 3, '/') : NULL;
  size_t n = slash ? (size_t)(slash - place) : strlen(place);
  if (!host || n >= sizeof c->place)
    return PRAC_FAIL(reterr, PRAC_MALFORMED,
                     "\"%.200s\": a store on ClickHouse is http://HOST:PORT/DATABASE", place);
  memcpy(c->place, place, n);
  c->urls[0] = c->place;
  c->conf.urls = (struct prac_conf_strings){c->urls, 1};
  if (slash && slash[1]) c->conf.database = slash + 1;
  return PRAC_OK;
}

static prac_rc ch_open(void *st, const void *conf, const struct store_env *env,
                       struct prac_err *reterr)
{
  static const char *const here[] = {default_url};
  struct ch *c = st;
  if (conf)
    c->conf = *(const struct ch_conf *)conf;
  else
    prac_conf_defaults(&ch_conf_section, &c->conf);
  if (c->conf.urls.n == 0) c->conf.urls = (struct prac_conf_strings){here, 1};
  c->read_only = env->read_only;
  c->log = env->log;
  PRAC_TRY(take_place(c, env->dir, reterr));
  PRAC_TRY(take_name("database", c->conf.database, false, c->database, reterr));
  PRAC_TRY(take_name("cluster", c->conf.cluster, true, c->cluster, reterr));
  const struct ch_http_conf http = {.urls = c->conf.urls.v,
                                    .n_urls = c->conf.urls.n,
                                    .database = c->database,
                                    .user = c->conf.user,
                                    .password_file = c->conf.password_file,
                                    .ca_file = c->conf.ca_file,
                                    .cert_file = c->conf.cert_file,
                                    .key_file = c->conf.key_file,
                                    .connect_ns = c->conf.connect_ns,
                                    .timeout_ns = c->conf.timeout_ns,
                                    .retry_ns = c->conf.retry_ns,
                                    .log = c->log};
  PRAC_TRY(ch_http_open(&c->http, &http, reterr));
  PRAC_TRY(ch_schema(c, reterr));
  return c->read_only ? PRAC_OK : ch_epoch_begin(c, reterr);
}

static void ch_close(void *st)
{
  struct ch *c = st;
  ch_http_close(&c->http);
  ch_view_done(&c->view);
  free(c->consumer);
  c->consumer = NULL;
}

static prac_rc ch_query(void *st, const struct store_query *asked, store_row *each, void *arg,
                        struct prac_err *reterr)
{
  struct ch *c = st;
  struct store_query q = store_query_open(asked);
  struct store_plan plan;
  PRAC_TRY(store_query_check(&q, reterr));
  PRAC_TRY(ch_view_read(c, reterr));
  switch (q.what) {
  case STORE_FLOWS:
    return ch_flows_query(c, &q, each, arg, reterr);
  case STORE_RECORDS:
    return ch_records_query(c, &q, each, arg, reterr);
  case STORE_HOST:
    return ch_host_query(c, &q, each, arg, reterr);
  case STORE_SENSORS:
    return ch_sensors_query(c, &q, each, arg, reterr);
  case STORE_CELLS:
    return ch_cells_query(c, &q, each, arg, reterr);
  case STORE_KEPT:
    return ch_kept_query(c, each, arg, reterr);
  case STORE_SERIES:
  case STORE_TOP:
  case STORE_TOP_SCAN:
    break;
  }
  if (store_plan(&q, &plan)) return ch_rolls_query(c, &q, &plan, each, arg, reterr);
  return ch_groups_query(c, &q, each, arg, reterr);
}

const struct store_ops store_clickhouse = {
    .name = "clickhouse",
    .about = "on ClickHouse nodes, over HTTP: for more than one box holds",
    .state_size = sizeof(struct ch),
    .conf = &ch_conf_section,
    .open = ch_open,
    .append = ch_append,
    .position = ch_position,
    .query = ch_query,
    .batches = ch_batches,
    .maintain = ch_maintain,
    .close = ch_close,
};
