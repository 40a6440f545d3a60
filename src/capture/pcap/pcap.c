/* Capture files, packed or not. The formats are read by wire/pcap; here are only bytes, offsets
 * and the words that an operator sees. */
#include <stdlib.h>
#include <string.h>

#include "capture/input.h"
#include "wire/pcap.h"

struct state {
  struct cap_input in;
  enum wire_file kind;
  struct wire_pcap classic;
  struct wire_ng *ng; /* owned; 24 KiB of interfaces */
  uint64_t frames, malformed;
  bool ended;
};

static int claims(const char *what, const uint8_t *head, size_t n)
{
  (void)what;
  uint8_t first[4];
  return wire_file_kind(first, cap_input_peek(head, n, first, sizeof first)) == WIRE_FILE_UNKNOWN
             ? 0
             : 10;
}

static prac_rc refuse(const struct cap_input *in, const char *why, struct prac_err *reterr)
{
  return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: %s, at byte %llu", in->what, why,
                   (unsigned long long)cap_input_offset(in));
}

static struct prac_rd unread(const struct cap_input *in)
{
  return prac_rd_of(in->buf + in->at, in->end - in->at);
}

static void move_to(struct cap_input *in, const struct prac_rd *r)
{
  in->at = (size_t)(r->p - in->buf);
}

static prac_rc open_classic(struct state *s, struct prac_err *reterr)
{
  PRAC_TRY(cap_input_fill(&s->in, WIRE_PCAP_HEAD, reterr));
  struct prac_rd r = unread(&s->in);
  prac_rc rc = wire_pcap_open(&r, &s->classic);
  if (rc == PRAC_TRUNCATED) return refuse(&s->in, "the file ends inside its own head", reterr);
  if (rc != PRAC_OK) return refuse(&s->in, s->classic.why, reterr);
  move_to(&s->in, &r);
  return PRAC_OK;
}

static prac_rc open_pcap(void *st, const struct cap_open *o, struct prac_err *reterr)
{
  struct state *s = st;
  PRAC_TRY(cap_input_open(&s->in, o, reterr));
  PRAC_TRY(cap_input_fill(&s->in, 4, reterr));
  if (s->in.end == s->in.at) return refuse(&s->in, "the file is empty", reterr);
  s->kind = wire_file_kind(s->in.buf + s->in.at, s->in.end - s->in.at);
  if (s->kind == WIRE_FILE_UNKNOWN)
    return refuse(&s->in, "neither pcap nor pcapng (nor a gzip of one)", reterr);
  if (s->kind == WIRE_FILE_PCAP) return open_classic(s, reterr);
  s->ng = malloc(sizeof *s->ng);
  if (!s->ng) return PRAC_FAIL(reterr, PRAC_NOMEM, "%s: out of memory", o->what);
  wire_ng_init(s->ng);
  return PRAC_OK;
}

static inline prac_rc record(struct state *s, struct prac_rd *r, struct wire_frame *f)
{
  return s->kind == WIRE_FILE_PCAP ? wire_pcap_next(&s->classic, r, f) : wire_ng_next(s->ng, r, f);
}

/* Frames that lie whole in the buffer. What comes back says why there are no more of them. */
static prac_rc from_buffer(struct state *s, struct cap_frame *frames, size_t max, size_t *ret_n)
{
  struct prac_rd r = unread(&s->in);
  prac_rc rc = PRAC_OK;
  size_t n = 0;
  while (n < max) {
    struct wire_frame f;
    rc = record(s, &r, &f);
    if (rc == PRAC_AGAIN) continue;
    if (rc != PRAC_OK) break;
    frames[n++] = (struct cap_frame){f.at, f.data, f.caplen, f.len, f.link};
  }
  move_to(&s->in, &r);
  *ret_n = n;
  return rc;
}

/* Steps over a block that is longer than any buffer and says nothing to us. */
static prac_rc step_over(struct cap_input *in, uint64_t n, struct prac_err *reterr)
{
  while (n > 0) {
    PRAC_TRY(cap_input_fill(in, 1, reterr));
    size_t have = in->end - in->at;
    if (have == 0) return refuse(in, "the file ends inside a block", reterr);
    size_t step = have < n ? have : (size_t)n;
    in->at += step;
    n -= step;
  }
  return PRAC_OK;
}

/* The buffer holds no whole record: get one there. */
static prac_rc get_more(struct state *s, struct prac_err *reterr)
{
  size_t need = s->kind == WIRE_FILE_PCAP ? s->classic.need : s->ng->need;
  if (need > CAP_INPUT_MAX && s->kind == WIRE_FILE_NG && s->ng->skippable)
    return step_over(&s->in, need, reterr);
  PRAC_TRY(cap_input_fill(&s->in, need, reterr));
  size_t have = s->in.end - s->in.at;
  if (have >= need) return PRAC_OK;
  if (have == 0) return PRAC_END;
  return refuse(&s->in, "the file ends in the middle of a record", reterr);
}

static prac_rc next(void *st, struct cap_frame *frames, struct cap_seen *seen, size_t max,
                    int64_t timeout_ns, size_t *ret_n, struct prac_err *reterr)
{
  struct state *s = st;
  (void)seen;
  (void)timeout_ns;
  *ret_n = 0;
  while (!s->ended && max > 0) {
    prac_rc rc = from_buffer(s, frames, max, ret_n);
    s->frames += *ret_n;
    if (*ret_n > 0) return PRAC_OK; /* any trouble is met again, alone, at the next call */
    if (rc == PRAC_TRUNCATED || rc == PRAC_END) {
      rc = rc == PRAC_END ? cap_input_fill(&s->in, 1, reterr) : get_more(s, reterr);
      if (rc == PRAC_OK && s->in.end > s->in.at) continue;
      if (rc == PRAC_OK) rc = PRAC_END;
    } else {
      rc = refuse(&s->in, s->kind == WIRE_FILE_PCAP ? s->classic.why : s->ng->why, reterr);
    }
    s->ended = true;
    if (rc == PRAC_MALFORMED) s->malformed++;
    return rc;
  }
  return PRAC_END;
}

static void stats(void *st, struct cap_stats *ret)
{
  const struct state *s = st;
  *ret = (struct cap_stats){.received = s->frames,
                            .bytes_done = s->in.raw_done,
                            .bytes_total = s->in.raw_total,
                            .malformed = s->malformed};
}

static void close_pcap(void *st)
{
  struct state *s = st;
  cap_input_close(&s->in);
  free(s->ng);
  s->ng = NULL;
}

const struct cap_source cap_source_pcap = {
    .name = "pcap",
    .about = "capture files: pcap and pcapng, also packed with gzip; \"-\" is standard input",
    .form = CAP_FRAMES,
    .state_size = sizeof(struct state),
    .claims = claims,
    .open = open_pcap,
    .next = next,
    .stats = stats,
    .close = close_pcap,
};
