/* SSDP (UPnP Device Architecture 1.1, 1.3): a gateway that answers M-SEARCH for what it is. */
#include "honeypot/believe.h"
#include "wire/text.h"

static const char *const targets[] = {
    /* the first is what ssdp:all is answered with */
    "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
    "upnp:rootdevice",
    "urn:schemas-upnp-org:service:WANIPConnection:1",
    "urn:schemas-upnp-org:service:WANPPPConnection:1",
    "urn:schemas-upnp-org:service:Layer3Forwarding:1",
    "urn:schemas-upnp-org:device:WANDevice:1",
    "urn:schemas-upnp-org:device:WANConnectionDevice:1",
};

static const char *target(struct wire_text st)
{
  if (wire_text_is(st, "ssdp:all")) return targets[0];
  for (size_t i = 0; i < PRAC_ARRAY_LEN(targets); i++)
    if (wire_text_is(st, targets[i])) return targets[i];
  return NULL;
}

static enum hp_verdict put_reply(const struct hp_self *self, const char *st, struct prac_wr *w)
{
  char uuid[HP_UUID_TEXT], own[PRAC_IP_TEXT];
  const bool six = !prac_ip_is4(&self->own);
  hp_believe_uuid(self, "device", uuid);
  wire_text_put(w, "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\n");
  wire_text_putf(w, "ST: %s\r\nUSN: uuid:%s::%s\r\nEXT:\r\n", st, uuid, st);
  wire_text_put(w, "SERVER: Linux/2.6.36 UPnP/1.1 MiniUPnPd/1.9\r\n");
  wire_text_putf(w, "LOCATION: http://%s%s%s:%u/rootDesc.xml\r\n", six ? "[" : "",
                 prac_ip_text(own, &self->own), six ? "]" : "",
                 49152 + hp_believe_below(self, "port", 1000));
  wire_text_put(w, "OPT: \"http://schemas.upnp.org/upnp/1/0/\"; ns=01\r\n");
  wire_text_putf(w, "01-NLS: %u\r\nBOOTID.UPNP.ORG: %u\r\nCONFIGID.UPNP.ORG: 1337\r\n\r\n",
                 hp_believe_below(self, "boot", 1000000), hp_believe_below(self, "boot", 1000000));
  return hp_written(w);
}

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  struct wire_text line, name, value, st = {0};
  if (!wire_text_line(&r, &line)) return HP_IGNORE;
  struct wire_text method = wire_text_word(&line);
  if (wire_text_begins(method, "HTTP/") || wire_text_is(method, "NOTIFY")) return HP_LOOP;
  if (!wire_text_is(method, "M-SEARCH")) return HP_IGNORE;
  while (wire_text_line(&r, &line) && line.n)
    if (wire_text_field(line, &name, &value) && wire_text_is(name, "ST")) st = value;
  hp_note_bytes(note, st.p, st.n);
  const char *have = target(st);
  return have ? put_reply(self, have, reply) : HP_OBSERVE; /* no device of ours */
}

const struct hp_proto hp_ssdp = {
    .name = "ssdp",
    .title = "SSDP",
    .about = "UPnP discovery, UPnP Device Architecture 1.1 (TA14-017A)",
    .ports = {1900},
    .max_reply = 512,
    .answer = answer,
};
