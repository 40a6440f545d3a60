/* Headers and transport form of a mail; what it says is made in letter_body.c. */
#include "notify/letter.h"

#include <stdio.h>
#include <string.h>

#include "notify/zone.h"

enum { LINE_BYTES = 57, WORD_BYTES = 39 }; /* 76 characters of base64; 52 in an encoded word */
static const char letters64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void base64(struct note_text *to, const char *s, size_t n)
{
  const uint8_t *p = (const uint8_t *)s;
  for (size_t i = 0; i < n; i += 3) {
    size_t have = n - i < 3 ? n - i : 3;
    uint32_t v = (uint32_t)p[i] << 16 | (have > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
                 (have > 2 ? (uint32_t)p[i + 2] : 0);
    char out[4] = {letters64[v >> 18], letters64[v >> 12 & 63],
                   have > 1 ? letters64[v >> 6 & 63] : '=', have > 2 ? letters64[v & 63] : '='};
    note_text_put(to, out, 4);
  }
}

void note_letter_id(struct note_text *to, const char *id, const char *host)
{
  note_text_put(to, "<", 1);
  for (const char *part[] = {id, host}, **p = part; p < part + 2; p++) {
    if (p > part) note_text_put(to, "@", 1);
    for (const char *c = *p; *c; c++) {
      bool good = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') ||
                  (*c >= 'a' && *c <= 'z') || *c == '.' || *c == '-' || *c == '_';
      note_text_put(to, good ? c : "_", 1);
    }
  }
  note_text_put(to, ">", 1);
}

static bool plain(const char *s, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if ((unsigned char)s[i] < 0x20 || (unsigned char)s[i] > 0x7e) return false;
  return n < 900 && !strstr(s, "=?");
}

/* An unstructured header field, as encoded words of whole characters where needed. */
static void field(struct note_text *to, const char *name, const char *s, const char *eol)
{
  size_t n = strlen(s);
  note_text_add(to, "%s:", name);
  if (plain(s, n)) {
    note_text_add(to, " %s%s", s, eol);
    return;
  }
  for (size_t at = 0; at < n;) {
    size_t len = 0;
    while (at + len < n) {
      size_t c = note_text_char(s + at + len, n - at - len);
      if (c == 0) c = 1;
      if (len + c > WORD_BYTES) break;
      len += c;
    }
    note_text_add(to, "%s =?UTF-8?B?", at ? eol : "");
    base64(to, s + at, len);
    note_text_put(to, "?=", 2);
    at += len;
  }
  note_text_add(to, "%s", eol);
}

static void date(struct note_text *to, const struct note_item *it, const char *eol)
{
  static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  int64_t off = it->tenant->utc_offset_s, minutes = (off < 0 ? -off : off) / 60;
  struct note_date d = note_date_of(it->at, off);
  note_text_add(to, "Date: %s, %d %s %04lld %02d:%02d:%02d %c%02d%02d%s", days[d.weekday], d.day,
                months[d.month - 1], (long long)d.year, d.hour, d.minute, d.second,
                off < 0 ? '-' : '+', (int)(minutes / 60), (int)(minutes % 60), eol);
}

/* Addresses come from the settings; a line end in one would still be a new header. */
static void addresses(struct note_text *to, const struct note_item *it, const char *eol)
{
  const struct note_tenant *t = it->tenant;
  if (t->n_mail_to == 0) note_text_add(to, "To: undisclosed-recipients:;%s", eol);
  for (size_t i = 0; i < t->n_mail_to; i++) {
    note_text_add(to, "%s", i ? "\t" : "To: ");
    note_text_word(to, t->mail_to[i]);
    note_text_add(to, "%s%s", i + 1 < t->n_mail_to ? "," : "", eol);
  }
}

static void head(const struct note_letter *l, const struct note_item *it, const char *eol,
                 struct note_text *to)
{
  struct note_text subject = {.p = NULL};
  note_text_add(to, "From: ");
  note_text_word(to, l->from);
  note_text_add(to, "%s", eol);
  addresses(to, it, eol);
  if (l->tag[0]) note_text_add(&subject, "%s ", l->tag);
  note_letter_subject(it, &subject);
  to->bad |= subject.bad;
  if (!subject.bad) field(to, "Subject", subject.p, eol);
  note_text_done(&subject);
  date(to, it, eol);
  note_text_add(to, "Message-ID: ");
  note_letter_id(to, it->id, l->host);
  note_text_add(to, "%s", eol);
  if (strcmp(it->thread, it->id) != 0) {
    note_text_add(to, "In-Reply-To: ");
    note_letter_id(to, it->thread, l->host);
    note_text_add(to, "%sReferences: ", eol);
    note_letter_id(to, it->thread, l->host);
    note_text_add(to, "%s", eol);
  }
  note_text_add(to, "Auto-Submitted: auto-generated%sPrecedence: bulk%s", eol, eol);
  note_text_add(to,
                "MIME-Version: 1.0%sContent-Type: text/plain; charset=UTF-8%s"
                "Content-Transfer-Encoding: %s%s%s",
                eol, eol, l->readable ? "8bit" : "base64", eol, eol);
}

prac_rc note_letter_write(const struct note_letter *l, const struct note_item *it,
                          struct note_text *to)
{
  struct note_text body = {.p = NULL};
  const char *eol = l->readable ? "\n" : "\r\n";
  head(l, it, eol, to);
  note_letter_body(it, &body);
  to->bad |= body.bad;
  if (!body.bad && l->readable) note_text_put(to, body.p, body.n);
  for (size_t at = 0; !body.bad && !l->readable && at < body.n; at += LINE_BYTES) {
    base64(to, body.p + at, body.n - at < LINE_BYTES ? body.n - at : LINE_BYTES);
    note_text_put(to, "\r\n", 2);
  }
  note_text_done(&body);
  return to->bad ? PRAC_NOMEM : PRAC_OK;
}
