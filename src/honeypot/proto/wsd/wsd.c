/* WS-Discovery (OASIS 1.1, and the draft of 2005 that devices speak): a camera that matches every
 * Probe, and complains about XML that is none. */
#include "honeypot/believe.h"
#include "wire/text.h"

enum { PORT = 3702, MALFORMED_MAX = 64, ID_MAX = 128 };

static const char draft[] = "http://schemas.xmlsoap.org/ws/2005/04/discovery";
static const char oasis[] = "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01";
static const char addressing_draft[] = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
static const char addressing_w3c[] = "http://www.w3.org/2005/08/addressing";

/* What the message is, by the local names that only discovery has. */
enum kind { OTHER, PROBE, RESOLVE, SAID };
static enum kind kind_of(struct wire_text xml)
{
  enum kind k = OTHER;
  static const char *const said[] = {"ProbeMatch",    "ResolveMatch", "discovery/Hello",
                                     "discovery/Bye", "/fault",       "Fault>",
                                     ":Hello>",       ":Bye>"};
  for (size_t i = 0; i < PRAC_ARRAY_LEN(said); i++)
    if (wire_text_find(xml, said[i]) < xml.n) return SAID;
  if (wire_text_find(xml, "/Resolve<") < xml.n || wire_text_find(xml, ":Resolve>") < xml.n)
    k = RESOLVE;
  if (wire_text_find(xml, "/Probe<") < xml.n || wire_text_find(xml, ":Probe") < xml.n ||
      wire_text_find(xml, "<Probe") < xml.n)
    k = PROBE;
  return k;
}

/* The text of the first MessageID element; empty where there is none worth repeating. */
static struct wire_text message_id(struct wire_text xml)
{
  size_t at = wire_text_find(xml, "MessageID");
  struct wire_text rest = {xml.p + at, xml.n - at};
  size_t open = wire_text_find(rest, ">");
  if (at == xml.n || open == rest.n) return (struct wire_text){0};
  rest = (struct wire_text){rest.p + open + 1, rest.n - open - 1};
  struct wire_text id = wire_text_trim((struct wire_text){rest.p, wire_text_find(rest, "<")});
  if (id.n > ID_MAX || !wire_text_printable(id) || wire_text_find(id, "&") < id.n ||
      wire_text_find(id, ">") < id.n)
    return (struct wire_text){0};
  return id;
}

static void put_head(struct prac_wr *w, const char *discovery, const char *addressing)
{
  wire_text_put(w, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:Envelope "
                   "xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" ");
  wire_text_putf(w, "xmlns:a=\"%s\"", addressing);
  if (discovery)
    wire_text_putf(w, " xmlns:d=\"%s\" xmlns:dn=\"http://www.onvif.org/ver10/network/wsdl\"",
                   discovery);
  wire_text_put(w, "><s:Header>");
}

static enum hp_verdict put_match(const struct hp_self *self, struct wire_text xml,
                                 struct prac_wr *w)
{
  char device[HP_UUID_TEXT], message[HP_UUID_TEXT], own[PRAC_IP_TEXT];
  const bool is_oasis = wire_text_find(xml, oasis) < xml.n, six = !prac_ip_is4(&self->own);
  const char *discovery = is_oasis ? oasis : draft;
  struct wire_text id = message_id(xml);
  hp_believe_uuid(self, "device", device);
  hp_believe_uuid(self, "message", message);
  put_head(w, discovery, is_oasis ? addressing_w3c : addressing_draft);
  wire_text_putf(w, "<a:MessageID>urn:uuid:%s</a:MessageID>", message);
  if (id.n) {
    wire_text_put(w, "<a:RelatesTo>");
    wire_text_copy(w, id);
    wire_text_put(w, "</a:RelatesTo>");
  }
  wire_text_putf(w, "<a:Action>%s/ProbeMatches</a:Action></s:Header><s:Body>", discovery);
  wire_text_putf(w,
                 "<d:ProbeMatches><d:ProbeMatch><a:EndpointReference><a:Address>urn:uuid:%s"
                 "</a:Address></a:EndpointReference>",
                 device);
  wire_text_putf(w,
                 "<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>"
                 "onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/%.40s"
                 "</d:Scopes>",
                 self->host);
  wire_text_putf(w,
                 "<d:XAddrs>http://%s%s%s/onvif/device_service</d:XAddrs>"
                 "<d:MetadataVersion>1</d:MetadataVersion>",
                 six ? "[" : "", prac_ip_text(own, &self->own), six ? "]" : "");
  wire_text_put(w, "</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>");
  return hp_written(w);
}

static enum hp_verdict put_fault(struct prac_wr *w)
{
  put_head(w, NULL, addressing_draft);
  wire_text_putf(w, "<a:Action>%s/fault</a:Action></s:Header><s:Body><s:Fault>", addressing_draft);
  wire_text_put(w, "<s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text "
                   "xml:lang=\"en\">Validation constraint violation: data does not begin with an "
                   "element of SOAP 1.2 'Envelope'</s:Text></s:Reason></s:Fault></s:Body>"
                   "</s:Envelope>");
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct wire_text xml = wire_text_trim(wire_text_of(req->bytes));
  (void)note;
  if (!wire_text_begins(xml, "<")) return HP_IGNORE;
  if (wire_text_find(xml, "Envelope") == xml.n)
    return xml.n <= MALFORMED_MAX ? put_fault(reply) : HP_IGNORE;
  switch (kind_of(xml)) {
  case SAID:
    return HP_LOOP;
  case PROBE:
    return put_match(self, xml, reply);
  case RESOLVE:
    return HP_OBSERVE; /* of an address that is not ours */
  case OTHER:
    break;
  }
  return HP_IGNORE;
}

const struct hp_proto hp_wsd = {
    .name = "wsd",
    .title = "WSD",
    .about =
        "WS-Discovery Probe, OASIS WS-Discovery 1.1; malformed XML as seen in attacks since 2019",
    .ports = {PORT},
    .max_reply = HP_REPLY_MAX,
    .answer = answer,
};
