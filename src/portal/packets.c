/* Packets behind a number: as records, and as a capture file for whoever says why. Whose they are
 * and what of them may be seen, the gate has said (access/gate.h). */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "model/packet.h"
#include "portal/job.h"
#include "portal/packets.h"
#include "portal/who.h"

void portal_packets(struct portal *p, struct sys_http_req *r, const char *word)
{
  (void)word;
  portal_ask(p, r, STORE_RECORDS, &model_packet, NULL, NULL);
}

/* ---- as a capture file ---- */

#define PCAP_FIELDS(F)                                                                             \
  F(STR, q, "", "words of the query language: src=192.0.2.7 port=23/tcp from=2026-11-26")          \
  F(STR, reason, "", "what they are needed for, 1 to 500 bytes; stands in the audit")
struct pcap {
  PCAP_FIELDS(MODEL_FIELD)
};
#define DESC_PCAP(...) MODEL_DESC(pcap, __VA_ARGS__)
static const struct model_field pcap_fields[] = {PCAP_FIELDS(DESC_PCAP)};
const struct model_kind portal_pcap_kind = {.name = "pcap",
                                            .about = "which packets, and why",
                                            .size = sizeof(struct pcap),
                                            .fields = pcap_fields,
                                            .n_fields = PRAC_ARRAY_LEN(pcap_fields)};

/* Spaces, also no-break and ideographic ones; what else does not show is refused anyhow. */
#define BLANKS " \u00a0\u3000"
enum {
  PCAP_HEAD = 24,
  RECORD_HEAD = 16,
  IP4_HEAD = 20,
  IP6_HEAD = 40,
  UDP_HEAD = 8,
  ROOM = RECORD_HEAD + IP6_HEAD + UDP_HEAD + PACKET_BYTES_MAX,
  LINKTYPE_RAW = 101,
  REASON_MAX = 500
};
/* The file is in order of time, whichever end of it was asked for: the newest are written from
 * behind, each before the one that came after it. */
struct ask {
  struct store_query q;
  uint8_t *begin, *end; /* what has been written; before it there is room for the file's head */
  uint32_t left;
  bool truncated;
};

static void pcap_head(struct prac_wr *w)
{
  prac_wr_u32le(w, 0xa1b23c4d); /* times in nanoseconds */
  prac_wr_u16le(w, 2);
  prac_wr_u16le(w, 4);
  prac_wr_zero(w, 8);
  prac_wr_u32le(w, IP6_HEAD + UDP_HEAD + PACKET_BYTES_MAX);
  prac_wr_u32le(w, LINKTYPE_RAW);
}

static void record_head(struct prac_wr *w, const struct packet *p, uint32_t more)
{
  prac_wr_u32le(w, (uint32_t)(p->at / PRAC_SEC));
  prac_wr_u32le(w, (uint32_t)(p->at % PRAC_SEC));
  prac_wr_u32le(w, p->bytes.n + more);
  prac_wr_u32le(w, p->len + more);
}

/* What a socket did not give is made from the record: no options, no checksums. */
static void made_heads(struct prac_wr *w, const struct packet *p, bool four)
{
  uint16_t udp = (uint16_t)(UDP_HEAD + p->len);
  if (four) {
    prac_wr_u16(w, 0x4500);
    prac_wr_u16(w, (uint16_t)(IP4_HEAD + udp));
    prac_wr_zero(w, 4);
    prac_wr_u8(w, (uint8_t)p->ttl);
    prac_wr_u8(w, (uint8_t)p->proto);
    prac_wr_zero(w, 2);
    prac_wr_bytes(w, p->src.b + 12, 4);
    prac_wr_bytes(w, p->dst.b + 12, 4);
  } else {
    prac_wr_u32(w, 6u << 28);
    prac_wr_u16(w, udp);
    prac_wr_u8(w, (uint8_t)p->proto);
    prac_wr_u8(w, (uint8_t)p->ttl);
    prac_wr_bytes(w, p->src.b, 16);
    prac_wr_bytes(w, p->dst.b, 16);
  }
  prac_wr_u16(w, (uint16_t)p->sport);
  prac_wr_u16(w, (uint16_t)p->dport);
  prac_wr_u16(w, udp);
  prac_wr_zero(w, 2);
}

static prac_rc put_packet(void *arg, const void *rec, bool *keep)
{
  struct ask *a = arg;
  const struct packet *p = rec;
  bool made = strcmp(p->layer, "payload") == 0, four = prac_ip_is4(&p->src);
  (void)keep;
  if (a->left-- == 0) {
    a->truncated = true;
    return PRAC_STOPPED;
  }
  uint32_t more = made ? (four ? IP4_HEAD : IP6_HEAD) + UDP_HEAD : 0u;
  size_t len = RECORD_HEAD + more + p->bytes.n;
  if (len > ROOM) return PRAC_DAMAGED;
  struct prac_wr to = prac_wr_of(a->q.oldest_first ? a->end : a->begin - len, len);
  if (a->q.oldest_first)
    a->end += len;
  else
    a->begin -= len;
  record_head(&to, p, more);
  if (made) made_heads(&to, p, four);
  prac_wr_bytes(&to, p->bytes.v, p->bytes.n);
  return to.bad ? PRAC_NOMEM : PRAC_OK;
}

static prac_rc write_pcap(struct portal_job *j, struct store *s, struct prac_err *reterr)
{
  struct ask *a = j->ask;
  size_t room = PCAP_HEAD + (size_t)a->q.limit * ROOM;
  uint8_t *bytes = prac_arena_alloc(j->arena, room);
  if (!bytes) return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for so many packets");
  a->begin = a->end = a->q.oldest_first ? bytes + PCAP_HEAD : bytes + room;
  a->left = a->q.limit++; /* one more: whether there are more */
  prac_rc rc = portal_records(j, s, &a->q, put_packet, a, reterr);
  struct prac_wr head = prac_wr_of(a->begin -= PCAP_HEAD, PCAP_HEAD);
  pcap_head(&head);
  return rc;
}

static void send_pcap(struct portal_job *j)
{
  const struct ask *a = j->ask;
  struct sys_http_resp resp = {
      .status = 200,
      .type = PORTAL_PCAP_TYPE,
      .body = a->begin,
      .len = (size_t)(a->end - a->begin),
      .extra = {"Content-Disposition", "attachment; filename=\"practice.pcap\""}};
  if (a->truncated) {
    resp.extra[2] = "X-Truncated";
    resp.extra[3] = "1";
  }
  sys_http_respond(j->req, &resp);
}

static prac_rc check(const struct pcap *b, struct prac_err *err)
{
  size_t n = b && b->reason ? strlen(b->reason) : 0;
  if (n == 0 || n > REASON_MAX || strspn(b->reason, BLANKS) == n)
    return PRAC_FAIL(err, PRAC_RANGE, "reason: what they are needed for, in words of 1 to %d bytes",
                     REASON_MAX);
  if (!prac_text_plain(b->reason) || !prac_text_plain(b->q))
    return PRAC_FAIL(err, PRAC_MALFORMED, "the text holds characters that do not show");
  return PRAC_OK;
}

void portal_packets_pcap(struct portal *p, struct sys_http_req *r, const char *word)
{
  struct prac_err err = {0};
  const struct pcap *b = portal_body(r);
  struct portal_job *j = portal_job_new(p, r, write_pcap, sizeof(struct ask));
  (void)word;
  if (!j) return;
  struct ask *a = j->ask;
  a->q = (struct store_query){.what = STORE_RECORDS, .kind = &model_packet};
  j->send = send_pcap;
  j->lane = PORTAL_FLOWS; /* as packets are */
  prac_rc rc = check(b, &err);
  if (rc == PRAC_OK) rc = portal_read_question(j, b->q, &a->q, &err);
  if (rc == PRAC_OK && !portal_note_as(p, r, "pcap", b->q, b->reason)) {
    portal_job_drop(&j);
    return;
  }
  portal_job_put(j, rc, &err);
}
