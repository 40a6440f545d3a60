/* `practice gen`: a scenario as files. The room makes packets; here they become captures, one for
 * each sensor, with the truth and the list of survey scanners beside them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/cmd.h"
#include "base/buf.h"
#include "gen/gen.h"

struct opts {
  const char *scenario, *out;
  uint64_t seed, sensors;
  double hours, rate;
  prac_time start;
  bool list, nanoseconds;
};
static const struct cmd_option options[] = {
    {"[SCENARIO]", NULL, "which made telescope", CMD_TEXT, offsetof(struct opts, scenario),
     .dflt = "demo"},
    {"--out", "DIR", "folder for the files, made when it is not there", CMD_TEXT,
     offsetof(struct opts, out)},
    {"--seed", "N", "another seed, other packets", CMD_U64, offsetof(struct opts, seed),
     .dflt = "1"},
    {"--sensors", "N", "how many sensors; 0: the scenario's own", CMD_U64,
     offsetof(struct opts, sensors), .dflt = "0", .hi = GEN_SENSORS_MAX},
    {"--hours", "H", "how long; 0: the scenario's own; what happens is moved with it", CMD_REAL,
     offsetof(struct opts, hours), .dflt = "0", .hi = 8784},
    {"--rate", "PPS", "packets a second of the background; 0: the scenario's own", CMD_REAL,
     offsetof(struct opts, rate), .dflt = "0", .hi = 1e7},
    {"--start", "TIME", "first moment; default 2026-06-18", CMD_TIME, offsetof(struct opts, start)},
    {"--nanoseconds", NULL, "captures with nanoseconds", CMD_FLAG,
     offsetof(struct opts, nanoseconds)},
    {"--list", NULL, "list the scenarios", CMD_FLAG, offsetof(struct opts, list)},
};
extern const struct cmd cmd_gen;

struct out {
  const char *dir;
  FILE *f[GEN_SENSORS_MAX];
  bool ns;
  uint64_t packets;
  struct prac_err err;
};
enum { PATH_BYTES = 4096, BUFFER = 1 << 18 };

static prac_rc open_in(struct out *o, const char *name, FILE **ret)
{
  char path[PATH_BYTES];
  int n = snprintf(path, sizeof path, "%s/%s", o->dir, name);
  if (n < 0 || (size_t)n >= sizeof path)
    return PRAC_FAIL(&o->err, PRAC_RANGE, "%s: a name too long", o->dir);
  *ret = fopen(path, "wbe");
  if (!*ret) return PRAC_FAIL(&o->err, PRAC_IO, "%s: %s", path, strerrordesc_np(errno));
  (void)setvbuf(*ret, NULL, _IOFBF, BUFFER);
  return PRAC_OK;
}

static prac_rc put(struct out *o, FILE *f, const void *p, size_t n)
{
  if (fwrite(p, 1, n, f) == n) return PRAC_OK;
  return PRAC_FAIL(&o->err, errno == ENOSPC ? PRAC_FULL : PRAC_IO, "%s: %s", o->dir,
                   strerrordesc_np(errno));
}

/* The file head of libpcap's format: LINKTYPE_ETHERNET, little-endian whatever the machine. */
static prac_rc pcap_head(struct out *o, FILE *f)
{
  uint8_t head[24];
  struct prac_wr w = prac_wr_of(head, sizeof head);
  prac_wr_u32le(&w, o->ns ? 0xa1b23c4d : 0xa1b2c3d4);
  prac_wr_u16le(&w, 2);
  prac_wr_u16le(&w, 4);
  prac_wr_u64le(&w, 0);
  prac_wr_u32le(&w, 65535);
  prac_wr_u32le(&w, 1);
  return put(o, f, head, sizeof head);
}

static prac_rc pcap_packet(struct out *o, const struct gen_frame *p)
{
  uint8_t rec[16 + GEN_FRAME_MAX];
  struct prac_wr w = prac_wr_of(rec, sizeof rec);
  int64_t rest = p->at % PRAC_SEC;
  prac_wr_u32le(&w, (uint32_t)(p->at / PRAC_SEC));
  prac_wr_u32le(&w, (uint32_t)(o->ns ? rest : rest / PRAC_US));
  prac_wr_u32le(&w, p->caplen);
  prac_wr_u32le(&w, p->len);
  prac_wr_bytes(&w, p->data, p->caplen);
  o->packets++;
  return put(o, o->f[p->sensor], rec, prac_wr_len(&w));
}

static prac_rc open_all(struct out *o, const struct gen *g)
{
  if (mkdir(o->dir, 0777) != 0 && errno != EEXIST)
    return PRAC_FAIL(&o->err, PRAC_IO, "%s: %s", o->dir, strerrordesc_np(errno));
  for (size_t i = 0; i < gen_sensor_count(g); i++) {
    char name[64];
    (void)snprintf(name, sizeof name, "%s.pcap", gen_sensor_at(g, i)->name);
    PRAC_TRY(open_in(o, name, &o->f[i]));
    PRAC_TRY(pcap_head(o, o->f[i]));
  }
  return PRAC_OK;
}

static prac_rc close_one(struct out *o, FILE **f)
{
  if (!*f) return PRAC_OK;
  int bad = fclose(*f);
  *f = NULL;
  return bad ? PRAC_FAIL(&o->err, errno == ENOSPC ? PRAC_FULL : PRAC_IO, "%s: %s", o->dir,
                         strerrordesc_np(errno))
             : PRAC_OK;
}

static prac_rc write_truth(struct out *o, const struct gen *g)
{
  FILE *f = NULL;
  struct prac_json j = prac_json_of(0);
  gen_truth(g, &j);
  prac_rc rc = j.bad ? PRAC_FAIL(&o->err, PRAC_NOMEM, "out of memory") : PRAC_OK;
  if (rc == PRAC_OK) rc = open_in(o, "truth.json", &f);
  if (rc == PRAC_OK) rc = put(o, f, j.buf, j.len);
  if (rc == PRAC_OK) rc = put(o, f, "\n", 1);
  prac_rc closed = close_one(o, &f);
  prac_json_done(&j);
  return rc == PRAC_OK ? closed : rc;
}

static prac_rc write_survey(struct out *o, const struct gen *g)
{
  FILE *f = NULL;
  struct prac_ip ip;
  char text[PRAC_IP_TEXT];
  PRAC_TRY(open_in(o, "survey-scanners.txt", &f));
  fputs("# made survey scanners of this made telescope: real addresses, invented behaviour\n", f);
  for (size_t i = 0; gen_survey_at(g, i, &ip); i++) fprintf(f, "%s\n", prac_ip_text(text, &ip));
  return close_one(o, &f);
}

static prac_rc write_all(struct out *o, struct gen *g)
{
  struct gen_frame p;
  prac_rc rc;
  PRAC_TRY(open_all(o, g));
  while ((rc = gen_next(g, &p)) == PRAC_OK) PRAC_TRY(pcap_packet(o, &p));
  if (rc != PRAC_END) return PRAC_FAIL(&o->err, rc, "%s", prac_rc_text(rc));
  for (size_t i = 0; i < gen_sensor_count(g); i++) PRAC_TRY(close_one(o, &o->f[i]));
  PRAC_TRY(write_truth(o, g));
  return write_survey(o, g);
}

static void say(const struct out *o, const struct gen *g)
{
  for (size_t i = 0; i < gen_sensor_count(g); i++) {
    const struct gen_sensor_about *s = gen_sensor_at(g, i);
    char text[PRAC_IP_TEXT];
    printf("%s/%s.pcap: %llu packets to %s (%s)\n", o->dir, s->name, (unsigned long long)s->packets,
           prac_prefix_text(text, &s->v4), s->country);
  }
  printf("%s/truth.json: what is in them\n", o->dir);
}

static int list(void)
{
  for (size_t i = 0; i < gen_scenario_count(); i++) {
    struct gen_scenario_about s = gen_scenario_at(i);
    printf("%-8s %s\n", s.name, s.about);
  }
  return CMD_OK;
}

static int run(int argc, char **argv)
{
  struct opts o;
  struct out out = {.err = {.text = ""}};
  struct gen *g = NULL;
  int st = cmd_parse(&cmd_gen, argc, argv, &o, sizeof o);
  if (st != CMD_GO) return st;
  if (o.list) return list();
  if (!o.out) return cmd_usage(&cmd_gen, "needs --out DIR");
  struct gen_conf c = {.scenario = o.scenario,
                       .seed = o.seed,
                       .sensors = (uint32_t)o.sensors,
                       .length_ns = (int64_t)(o.hours * 3600) * PRAC_SEC,
                       .mpps = (uint64_t)(o.rate * 1000),
                       .start = o.start};
  prac_rc rc = gen_new(&c, &g, &out.err);
  if (rc == PRAC_UNKNOWN) return cmd_usage(&cmd_gen, "%s; --list names them", out.err.text);
  out.dir = o.out;
  out.ns = o.nanoseconds;
  if (rc == PRAC_OK) rc = write_all(&out, g);
  for (size_t i = 0; i < GEN_SENSORS_MAX; i++) (void)!close_one(&out, &out.f[i]);
  if (rc == PRAC_OK) say(&out, g);
  gen_free(&g);
  return rc == PRAC_OK ? CMD_OK : cmd_fail(&out.err);
}

const struct cmd cmd_gen = {
    .name = "gen",
    .about = "make a telescope: captures with a truth file",
    .group = "make and check",
    .text = "Writes one capture for each sensor, truth.json with everything that was planted, and "
            "survey-scanners.txt for lookup.lists. The same arguments give the same bytes on "
            "every machine. Nothing in these files was ever sent: sources are addresses of real "
            "networks, chosen so that maps look plausible; destinations are never routed.",
    .examples = "practice gen --out demo\ta day of three sensors with floods and surges\n"
                "practice gen storm --out s --rate 20000\tbackscatter of six million senders\n"
                "practice gen --list\twhat there is",
    .options = options,
    .n_options = PRAC_ARRAY_LEN(options),
    .run = run,
};
