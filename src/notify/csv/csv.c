/* Shadowserver's columns of "event4_honeypot_ddos_amp", for the tools that load such reports. One
 * file a day (UTC), each with its header. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "notify/form.h"
#include "notify/letter.h"
#include "notify/zone.h"

struct conf {
  const char *prefix, *source;
};
#define CONF(f) offsetof(struct conf, f)
static const struct prac_conf_item items[] = {
    {.key = "prefix",
     .type = PRAC_CONF_STRING,
     .offset = CONF(prefix),
     .sdflt = "event4_honeypot_ddos_amp",
     .help = "Files in DATA/notify/csv are called YYYY-MM-DD-PREFIX.csv."},
    {.key = "public-source",
     .type = PRAC_CONF_STRING,
     .offset = CONF(source),
     .sdflt = "PRACTICE",
     .help = "What stands in the column public_source."},
};
static const struct prac_conf_section section = {
    .path = "notify.csv",
    .about = "Attacks as Shadowserver-style CSV, a file a day.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct conf),
};
enum { ROWS, SKIPPED, COUNTERS };
static const struct prac_counter_def counters[COUNTERS] = {
    [ROWS] = {"rows", "rows", "Rows written.", PRAC_COUNTER},
    [SKIPPED] = {"skipped", "messages", "Alerts and updates: the report has no rows for them.",
                 PRAC_COUNTER},
};
struct state {
  struct note_append file;
  char name[112];
};

/* As IntelMQ's test has it; the order counts. */
static const char header[] =
    "\"timestamp\",\"protocol\",\"src_ip\",\"src_port\",\"src_asn\",\"src_geo\","
    "\"src_region\",\"src_city\",\"src_hostname\",\"src_naics\",\"src_sector\",\"device_vendor\","
    "\"device_type\",\"device_model\",\"dst_ip\",\"dst_port\",\"dst_asn\",\"dst_geo\","
    "\"dst_region\",\"dst_city\",\"dst_hostname\",\"dst_naics\",\"dst_sector\",\"public_source\","
    "\"infection\",\"family\",\"tag\",\"application\",\"version\",\"event_id\",\"request\","
    "\"count\",\"bytes\",\"end_time\"\n";

/* Quoted; quotes doubled; a leading sign that a spreadsheet would take for a formula is shifted. */
static void cell(struct note_text *to, const char *s)
{
  struct note_text w = {.p = NULL};
  note_text_word(&w, s);
  to->bad |= w.bad;
  note_text_put(to, "\"", 1);
  if (w.n && strchr("=+-@", w.p[0])) note_text_put(to, "'", 1);
  for (size_t i = 0; i < w.n; i++)
    note_text_put(to, w.p[i] == '"' ? "\"\"" : w.p + i, w.p[i] == '"' ? 2 : 1);
  note_text_put(to, "\",", 2);
  note_text_done(&w);
}
static void empty(struct note_text *to, int n)
{
  for (int i = 0; i < n; i++) note_text_put(to, "\"\",", 3);
}

static void row(struct note_text *to, const struct note_item *it, const struct conf *c)
{
  const struct episode *e = it->episode;
  char ip[PRAC_IP_TEXT], title[32], from[PRAC_TIME_TEXT], till[PRAC_TIME_TEXT];
  const char *name = e->names.n ? e->names.v[0] : "", *blank = strchr(name, ' ');
  bool end = strcmp(e->state, "end") == 0;
  note_vector_title(e->vectors.n ? e->vectors.v[0] : "", title);
  for (char *p = title; *p; p++)
    if (*p >= 'A' && *p <= 'Z') *p = (char)(*p - 'A' + 'a');
  note_text_add(to, "\"%s\",\"udp\",\"%s\",\"\",\"%u\",", note_zone_text(from, e->from, 0),
                note_target_text(e, ip), e->asn);
  cell(to, e->country);
  empty(to, 2);
  cell(to, e->rdns);
  empty(to, 6);
  note_text_add(to, "\"%u\",", e->port);
  empty(to, 7);
  cell(to, c->source);
  note_text_add(to, "\"ddos-amplification\",\"\",\"%s\",\"%s\",\"\",", title, title);
  cell(to, it->thread);
  cell(to, blank ? blank + 1 : name);
  note_text_add(to, "\"%" PRIu64 "\",\"%" PRIu64 "\",\"%s\"\n", e->packets, e->bytes,
                end ? note_zone_text(till, e->to, 0) : "");
}

static prac_rc open_csv(void *st, const struct note_env *env, struct prac_err *reterr)
{
  struct state *s = st;
  const struct conf *c = env->conf;
  s->file.fd = -1;
  if (!note_file_name_ok(c->prefix) || strlen(c->prefix) > 80)
    return PRAC_FAIL(reterr, PRAC_RANGE, "prefix \"%.100s\": a plain name without /", c->prefix);
  return PRAC_OK;
}

/* The file of the day on which the attack began: start and end of one attack stand together. */
static prac_rc file_of(struct state *s, const struct note_item *it, const struct note_env *env,
                       struct prac_err *reterr)
{
  const struct conf *c = env->conf;
  struct note_date d = note_date_of(it->began, 0);
  char name[112];
  (void)snprintf(name, sizeof name, "%04d-%02d-%02d-%.80s.csv", (int)(d.year % 10000), d.month,
                 d.day, c->prefix);
  if (s->file.fd >= 0 && strcmp(name, s->name) == 0) return PRAC_OK;
  note_append_close(&s->file);
  s->name[0] = '\0';
  PRAC_TRY(note_append_open(&s->file, env->dir, name, reterr));
  memcpy(s->name, name, sizeof name);
  return s->file.size ? PRAC_OK : note_append_put(&s->file, header, sizeof header - 1, reterr);
}

static prac_rc send_csv(void *st, const struct note_item *it, const struct note_env *env,
                        struct prac_err *reterr)
{
  struct state *s = st;
  struct note_text t = {.p = NULL};
  if (!it->episode || strcmp(note_state(it), "update") == 0) {
    prac_count(&env->counters[SKIPPED], 1);
    return PRAC_OK;
  }
  row(&t, it, env->conf);
  prac_rc rc = t.bad ? PRAC_NOMEM : file_of(s, it, env, reterr);
  if (rc == PRAC_OK) rc = note_append_put(&s->file, t.p, t.n, reterr);
  note_text_done(&t);
  if (rc != PRAC_OK) return PRAC_AGAIN;
  prac_count(&env->counters[ROWS], 1);
  return PRAC_OK;
}

static void close_csv(void *st)
{
  struct state *s = st;
  note_append_close(&s->file);
}

extern const struct note_way note_csv;
const struct note_way note_csv = {
    .name = "csv",
    .about = "Shadowserver-style CSV, a file a day",
    .state_size = sizeof(struct state),
    .conf = &section,
    .counters = counters,
    .n_counters = COUNTERS,
    .open = open_csv,
    .send = send_csv,
    .close = close_csv,
};
