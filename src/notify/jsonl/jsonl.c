/* One JSON object a line: what scripts and log shippers read. */
#include "notify/form.h"

struct conf {
  const char *file;
  int64_t max_bytes, keep;
};
#define CONF(f) offsetof(struct conf, f)
static const struct prac_conf_item items[] = {
    {.key = "file",
     .type = PRAC_CONF_STRING,
     .offset = CONF(file),
     .sdflt = "alerts.jsonl",
     .help = "Name of the file in DATA/notify/jsonl."},
    {.key = "max-size",
     .type = PRAC_CONF_SIZE,
     .offset = CONF(max_bytes),
     .lo = 0,
     .hi = 1e15,
     .dflt = 67108864,
     .help = "The file begins anew at this size; 0: never."},
    {.key = "keep",
     .type = PRAC_CONF_INT,
     .offset = CONF(keep),
     .lo = 1,
     .hi = 1000,
     .dflt = 8,
     .help = "Older files that are kept: NAME.1 is the latest."},
};
static const struct prac_conf_section section = {
    .path = "notify.jsonl",
    .about = "Alerts as JSON lines in a file.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct conf),
};
enum { LINES, COUNTERS };
static const struct prac_counter_def counters[COUNTERS] = {
    [LINES] = {.name = "lines", .unit = "lines", .help = "Lines written.", .kind = PRAC_COUNTER}};

struct state {
  struct note_append file;
  struct prac_json j;
};

static prac_rc open_jsonl(void *st, const struct note_env *env, struct prac_err *reterr)
{
  struct state *s = st;
  const struct conf *c = env->conf;
  s->j = prac_json_of(0);
  if (!note_file_name_ok(c->file))
    return PRAC_FAIL(reterr, PRAC_RANGE, "file \"%.100s\": a plain name without /", c->file);
  PRAC_TRY(note_append_open(&s->file, env->dir, c->file, reterr));
  s->file.max_bytes = c->max_bytes;
  s->file.keep = (int)c->keep;
  return PRAC_OK;
}

static prac_rc send_jsonl(void *st, const struct note_item *it, const struct note_env *env,
                          struct prac_err *reterr)
{
  struct state *s = st;
  prac_json_reset(&s->j);
  note_form_json(it, &s->j);
  prac_json_newline(&s->j);
  if (s->j.bad) return PRAC_FAIL(reterr, PRAC_AGAIN, "no memory for a line");
  if (note_append_put(&s->file, s->j.buf, s->j.len, reterr) != PRAC_OK) return PRAC_AGAIN;
  prac_count(&env->counters[LINES], 1);
  return PRAC_OK;
}

static void close_jsonl(void *st)
{
  struct state *s = st;
  note_append_close(&s->file);
  prac_json_done(&s->j);
}

extern const struct note_way note_jsonl;
const struct note_way note_jsonl = {
    .name = "jsonl",
    .about = "JSON lines in a file",
    .state_size = sizeof(struct state),
    .conf = &section,
    .counters = counters,
    .n_counters = COUNTERS,
    .open = open_jsonl,
    .send = send_jsonl,
    .close = close_jsonl,
};
