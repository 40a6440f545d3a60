/* TODO why this source exists. As made, it reads one observation a line. */
#include <stdlib.h>
#include <string.h>

#include "capture/input.h"

enum { LINE_MAX_BYTES = 1000 };
static const char magic[] = "#@name@";

struct conf {
  bool strict;
};
static const struct prac_conf_item conf_items[] = {
    {.key = "strict",
     .type = PRAC_CONF_BOOL,
     .offset = offsetof(struct conf, strict),
     .help = "stop at the first line that cannot be read"},
};
static const struct prac_conf_section conf_section = {
    .path = "capture.@name@",
    .about = "TODO what it reads, in a few words",
    .items = conf_items,
    .n_items = PRAC_ARRAY_LEN(conf_items),
    .size = sizeof(struct conf),
};

struct state {
  struct cap_input in;
  uint64_t line, seen, malformed;
  bool strict, ended;
};

static int claims(const char *what, const uint8_t *head, size_t n)
{
  (void)what;
  uint8_t first[sizeof magic - 1];
  size_t got = cap_input_peek(head, n, first, sizeof first);
  return got == sizeof first && memcmp(first, magic, sizeof first) == 0 ? 10 : 0;
}

static prac_rc open_@name@(void *st, const struct cap_open *o, struct prac_err *reterr)
{
  struct state *s = st;
  const struct conf *c = o->conf;
  s->strict = c && c->strict;
  return cap_input_open(&s->in, o, reterr);
}

struct word {
  const char *s;
  size_t n;
};
static struct word next_word(const char **at, const char *end)
{
  while (*at < end && (**at == ' ' || **at == '\t' || **at == '\r')) ++*at;
  struct word w = {*at, 0};
  while (*at < end && **at != ' ' && **at != '\t' && **at != '\r') ++*at;
  w.n = (size_t)(*at - w.s);
  return w;
}

static prac_rc parse_count(struct word w, uint32_t *ret)
{
  uint64_t v = 0;
  if (w.n > 9) return PRAC_RANGE;
  for (size_t i = 0; i < w.n; i++) {
    if (w.s[i] < '0' || w.s[i] > '9') return PRAC_MALFORMED;
    v = v * 10 + (uint64_t)(w.s[i] - '0');
  }
  *ret = w.n ? (uint32_t)v : 1;
  return PRAC_OK;
}

static prac_rc parse_line(const char *at, const char *end, struct cap_seen *ret)
{
  struct word when = next_word(&at, end), src = next_word(&at, end), dst = next_word(&at, end),
              port = next_word(&at, end), packets = next_word(&at, end), rest = next_word(&at, end);
  struct model_port p = {.port = 0};
  *ret = (struct cap_seen){.at = PRAC_TIME_NONE};
  if (rest.n) return PRAC_MALFORMED;
  PRAC_TRY(prac_time_parse(when.s, when.n, &ret->at));
  PRAC_TRY(prac_ip_parse(src.s, src.n, &ret->row.src));
  PRAC_TRY(prac_ip_parse(dst.s, dst.n, &ret->row.dst));
  PRAC_TRY(model_port_parse(port.s, port.n, &p));
  PRAC_TRY(parse_count(packets, &ret->row.packets));
  ret->row.proto = p.proto;
  ret->row.dport = p.port;
  return PRAC_OK;
}

/* The next line in place, without its end; PRAC_END: no more. */
static prac_rc get_line(struct state *s, const char **ret, const char **ret_end,
                        struct prac_err *reterr)
{
  struct cap_input *in = &s->in;
  PRAC_TRY(cap_input_fill(in, LINE_MAX_BYTES + 1, reterr));
  const uint8_t *from = in->buf + in->at;
  size_t n = in->end - in->at;
  if (n == 0) return PRAC_END;
  const uint8_t *nl = memchr(from, '\n', n < LINE_MAX_BYTES + 1 ? n : LINE_MAX_BYTES + 1);
  if (!nl && n > LINE_MAX_BYTES)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s:%llu: a line of more than %d bytes", in->what,
                     (unsigned long long)s->line + 1, LINE_MAX_BYTES);
  size_t len = nl ? (size_t)(nl - from) : n;
  *ret = (const char *)from;
  *ret_end = *ret + len;
  in->at += len + (nl ? 1 : 0);
  s->line++;
  return PRAC_OK;
}

static prac_rc next(void *st, struct cap_frame *frames, struct cap_seen *seen, size_t max,
                    int64_t timeout_ns, size_t *ret_n, struct prac_err *reterr)
{
  struct state *s = st;
  const char *line = NULL, *end = NULL;
  (void)frames;
  (void)timeout_ns;
  *ret_n = 0;
  while (!s->ended && *ret_n < max) {
    prac_rc rc = get_line(s, &line, &end, reterr);
    if (rc == PRAC_OK && (line == end || *line == '#')) continue;
    if (rc == PRAC_OK && parse_line(line, end, &seen[*ret_n]) == PRAC_OK) {
      s->seen++;
      ++*ret_n;
      continue;
    }
    s->malformed += rc == PRAC_OK || rc == PRAC_MALFORMED;
    if (rc == PRAC_OK && !s->strict) continue;
    s->ended = true;
    if (rc == PRAC_OK)
      rc = PRAC_FAIL(reterr, PRAC_MALFORMED,
                     "%s:%llu: wants TIME SOURCE TARGET PORT/PROTOCOL [PACKETS]", s->in.what,
                     (unsigned long long)s->line);
    if (rc != PRAC_END) return rc;
  }
  return *ret_n ? PRAC_OK : PRAC_END;
}

static void stats(void *st, struct cap_stats *ret)
{
  const struct state *s = st;
  *ret = (struct cap_stats){.received = s->seen,
                            .bytes_done = s->in.raw_done,
                            .bytes_total = s->in.raw_total,
                            .malformed = s->malformed};
}

static void close_@name@(void *st)
{
  struct state *s = st;
  cap_input_close(&s->in);
}

const struct cap_source cap_source_@name@ = {
    .name = "@name@",
    .about = "TODO what it reads, in one sentence",
    .form = CAP_SEEN,
    .state_size = sizeof(struct state),
    .conf = &conf_section,
    .claims = claims,
    .open = open_@name@,
    .next = next,
    .stats = stats,
    .close = close_@name@,
};
