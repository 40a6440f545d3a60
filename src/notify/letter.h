/* notify/letter.h — one item as a mail message (RFC 5322), for the ways `mail` and `mbox`.
 *
 * form      the two mails of the first system, start and end, section by section and digit by
 *           digit, in Japanese and English; update, resume, digest and alert are made likewise
 * source    RFC 5322, RFC 2047 (subject), RFC 2045 (base64), RFC 3834 (Auto-Submitted)
 * repeats   the same item, sender and host give the same bytes: Date is the item's own time
 * strangers names in DNS and of networks stand in the body only, on one line, without control
 *           characters; header fields are encoded unless they are plain ASCII
 */
#pragma once
#include "notify/text.h"
#include "notify/way.h"

struct note_letter {
  const char *from; /* address, or "Name <address>" */
  const char *host; /* right side of Message-ID */
  const char *tag;  /* before the subject, "[PRACTICE]"; "": none */
  bool readable;    /* 8bit and bare newlines (a local mailbox); else base64 and CRLF (SMTP) */
};
/* PRAC_NOMEM. */
PRAC_NODISCARD prac_rc note_letter_write(const struct note_letter *l, const struct note_item *it,
                                         struct note_text *to);
/* The subject and the body alone, UTF-8. */
void note_letter_subject(const struct note_item *it, struct note_text *to);
void note_letter_body(const struct note_item *it, struct note_text *to);
void note_letter_digest(const struct note_item *it, struct note_text *to);
void note_letter_alert(const struct note_item *it, struct note_text *to);
void note_letter_errand(const struct note_item *it, struct note_text *to);
/* id as the left side of a Message-ID: [A-Za-z0-9._-], others as "_". */
void note_letter_id(struct note_text *to, const char *id, const char *host);
/* "NTP" of "ntp_monlist", "UDP" of "port-1234". */
const char *note_vector_title(const char *vector, char out[32]);
bool note_in_japanese(const struct note_item *it);
/* "203.0.113.9", or a carpet's "203.0.113.0/24". */
const char *note_target_text(const struct episode *e, char out[PRAC_IP_TEXT]);
/* start, update, resume or end: a story's first item is a start, whatever it was for others. */
const char *note_state(const struct note_item *it);
