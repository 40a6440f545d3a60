/* A mailbox without a mail server: the same letters, appended to a file that any mail reader
 * opens. */
#include <stdlib.h>
#include <string.h>

#include "notify/form.h"
#include "notify/letter.h"
#include "notify/zone.h"

static const struct prac_log_event ev_letter = {"letter_written", PRAC_LOG_INFO, ""};

struct conf {
  const char *file, *from;
  int64_t max_bytes, keep;
};
#define CONF(f) offsetof(struct conf, f)
static const struct prac_conf_item items[] = {
    {.key = "file",
     .type = PRAC_CONF_STRING,
     .offset = CONF(file),
     .sdflt = "alerts.mbox",
     .help = "Name of the mailbox in DATA/notify/mbox."},
    {.key = "from",
     .type = PRAC_CONF_STRING,
     .offset = CONF(from),
     .sdflt = "practice@localhost",
     .help = "Sender of the letters."},
    {.key = "max-size",
     .type = PRAC_CONF_SIZE,
     .offset = CONF(max_bytes),
     .lo = 0,
     .hi = 1e15,
     .dflt = 67108864,
     .help = "The mailbox begins anew at this size; 0: never."},
    {.key = "keep",
     .type = PRAC_CONF_INT,
     .offset = CONF(keep),
     .lo = 1,
     .hi = 1000,
     .dflt = 8,
     .help = "Older mailboxes that are kept: NAME.1 is the latest."},
};
static const struct prac_conf_section section = {
    .path = "notify.mbox",
    .about = "Alerts as letters in a local mailbox file.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct conf),
};
enum { LETTERS, COUNTERS };
static const struct prac_counter_def counters[COUNTERS] = {
    [LETTERS] = {
        .name = "letters", .unit = "messages", .help = "Letters written.", .kind = PRAC_COUNTER}};
struct state {
  struct note_append file;
};

static prac_rc open_mbox(void *st, const struct note_env *env, struct prac_err *reterr)
{
  struct state *s = st;
  const struct conf *c = env->conf;
  if (!note_file_name_ok(c->file))
    return PRAC_FAIL(reterr, PRAC_RANGE, "file \"%.100s\": a plain name without /", c->file);
  PRAC_TRY(note_append_open(&s->file, env->dir, c->file, reterr));
  s->file.max_bytes = c->max_bytes;
  s->file.keep = (int)c->keep;
  return PRAC_OK;
}

/* mboxrd: a line of the body that looks like a separator gets a ">". */
static void quoted(const struct note_text *letter, struct note_text *to)
{
  for (size_t at = 0; at < letter->n;) {
    const char *p = letter->p + at, *end = memchr(p, '\n', letter->n - at);
    size_t n = end ? (size_t)(end - p) + 1 : letter->n - at;
    size_t marks = 0;
    while (marks < n && p[marks] == '>') marks++;
    if (n - marks >= 5 && memcmp(p + marks, "From ", 5) == 0) note_text_put(to, ">", 1);
    note_text_put(to, p, n);
    at += n;
  }
  note_text_put(to, "\n", 1);
}

/* For who watches the terminal: what was written, to whom, where. */
static void say_letter(const struct note_item *it, const struct note_env *env, const char *file)
{
  const char *what = it->episode ? it->episode->state : it->alert ? it->alert->state : "digest";
  const char *about = it->alert ? it->alert->key : "";
  char ip[PRAC_IP_TEXT];
  if (it->episode) {
    struct prac_prefix p = {it->episode->victim, (uint8_t)it->episode->prefix_bits};
    bool carpet = p.bits > 0 && p.bits < 128;
    about = carpet ? prac_prefix_text(ip, &p) : prac_ip_text(ip, &p.ip);
  }
  prac_log(env->log, &ev_letter, "A letter (%s%s%s) to %s was written to notify/mbox/%s", what,
           about[0] ? ": " : "", about, it->tenant->name, file);
}

static prac_rc send_mbox(void *st, const struct note_item *it, const struct note_env *env,
                         struct prac_err *reterr)
{
  static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  struct state *s = st;
  const struct conf *c = env->conf;
  struct note_letter l = {.from = c->from, .host = env->host, .tag = "", .readable = true};
  struct note_text letter = {.p = NULL}, all = {.p = NULL};
  struct note_date d = note_date_of(it->at, 0);
  note_text_add(&all, "From practice %s %s %2d %02d:%02d:%02d %04lld\n", days[d.weekday],
                months[d.month - 1], d.day, d.hour, d.minute, d.second, (long long)d.year);
  prac_rc rc = note_letter_write(&l, it, &letter);
  if (rc == PRAC_OK) quoted(&letter, &all);
  if (rc != PRAC_OK || all.bad)
    rc = PRAC_FAIL(reterr, PRAC_AGAIN, "no memory for a letter");
  else if (note_append_put(&s->file, all.p, all.n, reterr) != PRAC_OK)
    rc = PRAC_AGAIN;
  if (rc == PRAC_OK) {
    prac_count(&env->counters[LETTERS], 1);
    say_letter(it, env, c->file);
  }
  note_text_done(&letter);
  note_text_done(&all);
  return rc;
}

static void close_mbox(void *st)
{
  struct state *s = st;
  note_append_close(&s->file);
}

extern const struct note_way note_mbox;
const struct note_way note_mbox = {
    .name = "mbox",
    .about = "letters in a local mailbox file",
    .state_size = sizeof(struct state),
    .conf = &section,
    .counters = counters,
    .n_counters = COUNTERS,
    .open = open_mbox,
    .send = send_mbox,
    .close = close_mbox,
    .people = true,
};
