/* wire/text.h — the pieces of text protocols: lines, words, "Name: value" heads.
 *
 * reads    from a prac_rd; what is given out is borrowed from it and not NUL-terminated
 * lines    end with LF or CRLF; the last one may lack its end
 * writes   through a prac_wr; what does not fit makes it bad, as everywhere
 * limits   one wire_text_putf makes at most 511 bytes
 */
#pragma once
#include "base/buf.h"

struct wire_text {
  const char *p;
  size_t n;
};
struct wire_text wire_text_of(struct prac_rd r);               /* all that is left */
bool wire_text_line(struct prac_rd *r, struct wire_text *ret); /* false: no bytes left */
struct wire_text wire_text_word(struct wire_text *t);          /* takes the next; n == 0: none */
struct wire_text wire_text_trim(struct wire_text t);           /* blanks at both ends */
bool wire_text_same(struct wire_text t, const char *word);     /* case counts */
bool wire_text_is(struct wire_text t, const char *word);       /* case of ASCII is ignored */
bool wire_text_begins(struct wire_text t, const char *head);   /* the same */
size_t wire_text_find(struct wire_text t, const char *needle); /* case counts; t.n: not there */
bool wire_text_printable(struct wire_text t);                  /* nothing but 0x20..0x7e */
/* "Name: value" split at the first colon, both trimmed; false: no colon, or no name. */
bool wire_text_field(struct wire_text line, struct wire_text *ret_name,
                     struct wire_text *ret_value);
/* Up to the next NUL, which is taken too; false: there is none. */
bool wire_text_cstring(struct prac_rd *r, struct wire_text *ret);

void wire_text_put(struct prac_wr *w, const char *s);
void wire_text_copy(struct prac_wr *w, struct wire_text t);
void wire_text_putf(struct prac_wr *w, const char *fmt, ...) PRAC_PRINTF(2, 3);
