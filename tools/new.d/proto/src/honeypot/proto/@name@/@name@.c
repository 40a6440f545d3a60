/* TODO the protocol and its source (RFC, advisory). As made: "@NAME@?" is answered "@NAME@! host". */
#include "honeypot/believe.h"
#include "wire/text.h"

static const char question[] = "@NAME@?", reply_begins[] = "@NAME@!";

static enum hp_verdict answer(const struct hp_self *self, const struct hp_request *req,
                              struct hp_note *note, struct prac_wr *reply)
{
  struct prac_rd r = req->bytes;
  struct wire_text line;
  (void)note; /* TODO a name worth counting: hp_note_bytes */
  if (!wire_text_line(&r, &line)) return HP_IGNORE;
  /* Somebody else's answer is a loop: it must never be answered. */
  if (wire_text_begins(line, reply_begins)) return HP_LOOP;
  /* TODO recognise strictly: whatever is not surely ours is left to others on this port. */
  if (!wire_text_is(line, question)) return HP_IGNORE;
  /* TODO HP_OBSERVE for requests that are dangerous to answer (writes, registrations). */
  wire_text_putf(reply, "%s %.40s uptime %lld\r\n", reply_begins, self->host,
                 (long long)self->uptime_s);
  return hp_written(reply);
}

const struct hp_proto hp_@name@ = {
    .name = "@name@",
    .title = "@NAME@", /* TODO as an alert's mail writes it */
    .about = "TODO one sentence, with the source",
    .ports = {7}, /* TODO; echo's port, which nobody answers */
    .max_reply = 128,
    .answer = answer,
};
