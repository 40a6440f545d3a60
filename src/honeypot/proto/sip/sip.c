/* SIP (RFC 3261): a server that answers OPTIONS, and what it cannot read with 400. Everything that
 * would begin something (REGISTER, INVITE, ...) is only watched. */
#include "honeypot/believe.h"
#include "wire/text.h"

enum { VIAS_MAX = 8, LINES_MAX = 64, AGENTS = 3 };

static const char *const methods[] = {"OPTIONS", "REGISTER", "INVITE",    "ACK",    "CANCEL",
                                      "BYE",     "PRACK",    "SUBSCRIBE", "NOTIFY", "PUBLISH",
                                      "INFO",    "REFER",    "MESSAGE",   "UPDATE"};

struct message {
  struct wire_text via[VIAS_MAX], from, to, call, cseq;
  unsigned n_via;
};

static bool named(struct wire_text name, const char *whole, const char *compact)
{
  return wire_text_is(name, whole) || wire_text_is(name, compact);
}

static void header_read(struct message *m, struct wire_text name, struct wire_text value)
{
  if (named(name, "Via", "v")) {
    if (m->n_via < VIAS_MAX) m->via[m->n_via++] = value;
  } else if (named(name, "From", "f")) {
    m->from = value;
  } else if (named(name, "To", "t")) {
    m->to = value;
  } else if (named(name, "Call-ID", "i")) {
    m->call = value;
  } else if (wire_text_is(name, "CSeq")) {
    m->cseq = value;
  }
}

static void headers_read(struct prac_rd r, struct message *m)
{
  struct wire_text line, name, value;
  for (unsigned i = 0; i < LINES_MAX && wire_text_line(&r, &line) && line.n; i++)
    if (wire_text_field(line, &name, &value) && wire_text_printable(value))
      header_read(m, name, value);
}

static void put_field(struct prac_wr *w, const char *name, struct wire_text value)
{
  if (!value.n) return;
  wire_text_putf(w, "%s: ", name);
  wire_text_copy(w, value);
  wire_text_put(w, "\r\n");
}

/* RFC 3261 18.2.1 and RFC 3581: the topmost Via learns where it really came from. */
static void put_vias(const struct hp_request *req, const struct message *m, struct prac_wr *w)
{
  char ip[PRAC_IP_TEXT];
  for (unsigned i = 0; i < m->n_via; i++) {
    struct wire_text v = m->via[i];
    size_t rport = i == 0 ? wire_text_find(v, ";rport") : v.n;
    const bool ask = rport < v.n && (rport + 6 == v.n || v.p[rport + 6] == ';');
    wire_text_put(w, "Via: ");
    if (ask) {
      wire_text_copy(w, (struct wire_text){v.p, rport});
      wire_text_putf(w, ";rport=%u", req->sport);
      wire_text_copy(w, (struct wire_text){v.p + rport + 6, v.n - rport - 6});
    } else {
      wire_text_copy(w, v);
    }
    if (i == 0) wire_text_putf(w, ";received=%s", prac_ip_text(ip, &req->src));
    wire_text_put(w, "\r\n");
  }
}

static enum hp_verdict put_reply(const struct hp_self *self, const struct hp_request *req,
                                 const struct message *m, struct prac_wr *w)
{
  static const char *const agents[AGENTS] = {"FPBX-2.11.0(11.25.3)", "Asterisk PBX 13.38.3",
                                             "FreeSWITCH-mod_sofia/1.6.20"};
  const bool good = m->n_via && m->from.n && m->to.n && m->call.n && m->cseq.n;
  wire_text_put(w, good ? "SIP/2.0 200 OK\r\n" : "SIP/2.0 400 Bad Request\r\n");
  put_vias(req, m, w);
  put_field(w, "From", m->from);
  if (m->to.n) {
    wire_text_put(w, "To: ");
    wire_text_copy(w, m->to);
    if (wire_text_find(m->to, ";tag=") == m->to.n)
      wire_text_putf(w, ";tag=as%08x", hp_believe_below(self, "tag", UINT32_MAX));
    wire_text_put(w, "\r\n");
  }
  put_field(w, "Call-ID", m->call);
  put_field(w, "CSeq", m->cseq);
  wire_text_putf(w, "Server: %s\r\n", agents[hp_believe_below(self, "agent", AGENTS)]);
  wire_text_put(w, "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, "
                   "PUBLISH, MESSAGE\r\nSupported: replaces, timer\r\n");
  if (good) {
    char own[PRAC_IP_TEXT];
    const bool six = !prac_ip_is4(&self->own);
    wire_text_putf(w, "Contact: <sip:%s%s%s:%u>\r\n", six ? "[" : "", prac_ip_text(own, &self->own),
                   six ? "]" : "", req->dport);
    wire_text_put(w, "Accept: application/sdp\r\n");
  }
  wire_text_put(w, "Content-Length: 0\r\n\r\n");
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  struct wire_text line;
  struct message m = {0};
  bool known = false;
  if (!wire_text_line(&r, &line)) return HP_IGNORE;
  struct wire_text method = wire_text_word(&line), uri = wire_text_word(&line);
  struct wire_text version = wire_text_word(&line);
  if (wire_text_begins(method, "SIP/2.0")) return HP_LOOP;
  for (size_t i = 0; i < PRAC_ARRAY_LEN(methods); i++) known |= wire_text_is(method, methods[i]);
  const bool bare = uri.n == 0 && prac_rd_left(&r) == 0; /* scanners send the one word OPTIONS */
  if (!known || (!bare && !wire_text_is(version, "SIP/2.0"))) return HP_IGNORE;
  hp_note_bytes(note, method.p, method.n);
  if (!wire_text_is(method, "OPTIONS")) return HP_OBSERVE;
  headers_read(r, &m);
  return put_reply(self, req, &m, reply);
}

const struct hp_proto hp_sip = {
    .name = "sip",
    .title = "SIP",
    .about = "session initiation protocol, OPTIONS, RFC 3261",
    .ports = {5060, 5061},
    .max_reply = HP_REPLY_MAX,
    .answer = answer,
};
