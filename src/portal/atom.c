/* A feed as Atom (RFC 4287, XML 1.0). */
#include "portal/atom.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Bytes into the buffer, without what JSON would put between values. */
static void raw(struct prac_json *to, const char *s, size_t n)
{
  to->comma = 0;
  prac_json_raw(to, s, n);
}

static void put(struct prac_json *to, const char *s)
{
  raw(to, s, strlen(s));
}

static const char *escape(char c)
{
  switch (c) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  case '\n': /* in an attribute it would become a blank */
    return "&#10;";
  case '\t':
    return "&#9;";
  default:
    return NULL;
  }
}

/* U+FFFE and U+FFFF are in no XML. */
static bool never(const char *s, size_t n)
{
  return n == 3 && memcmp(s, "\xef\xbf", 2) == 0 && (unsigned char)s[2] >= 0xbe;
}

static void text(struct prac_json *to, const char *s)
{
  size_t left = strlen(s ? s : "");
  while (left > 0) {
    const char *e = escape(*s);
    size_t hidden = e ? 0 : prac_text_hidden(s, left), n = e ? 1 : prac_utf8_len(s, left);
    if (hidden || n == 0 || never(s, n)) {
      n = hidden ? hidden : n ? n : 1;
      put(to, "\xef\xbf\xbd");
    } else if (e) {
      put(to, e);
    } else {
      raw(to, s, n);
    }
    s += n;
    left -= n;
  }
}

static void element(struct prac_json *to, const char *open, const char *s, const char *close)
{
  put(to, open);
  text(to, s);
  put(to, close);
}

static void time_of(struct prac_json *to, const char *name, prac_time t)
{
  char at[PRAC_TIME_TEXT], line[PRAC_TIME_TEXT + 64];
  (void)snprintf(line, sizeof line, "<%s>%s</%s>\n", name,
                 prac_time_text(at, t == PRAC_TIME_NONE ? 0 : t), name);
  put(to, line);
}

void atom_path(const char *s, char *to, size_t cap)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  size_t n = 0;
  for (; *s && n + 4 <= cap; s++) {
    if (strchr(plain, *s))
      to[n++] = *s;
    else
      n += (size_t)snprintf(to + n, cap - n, "%%%02X", (unsigned char)*s);
  }
  if (cap) to[n] = '\0';
}

static void urn(struct prac_json *to, const char *kind, const char *id)
{
  char part[400];
  atom_path(id, part, sizeof part);
  put(to, "<id>urn:practice:");
  put(to, kind);
  put(to, ":");
  put(to, part);
  put(to, "</id>\n");
}

void atom_open(struct prac_json *to, const struct atom_feed *f)
{
  put(to, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
          "<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"");
  text(to, f->language);
  put(to, "\">\n");
  urn(to, "subscription", f->id);
  element(to, "<title>", f->title, "</title>\n");
  time_of(to, "updated", f->updated);
  put(to, "<author><name>PRACTICE</name></author>\n");
  element(to, "<link rel=\"self\" type=\"application/atom+xml\" href=\"", f->self, "\"/>\n");
  element(to, "<link rel=\"alternate\" type=\"text/html\" href=\"", f->home, "\"/>\n");
}

void atom_put(struct prac_json *to, const struct atom_entry *e)
{
  put(to, "<entry>\n");
  urn(to, e->kind, e->id);
  element(to, "<title>", e->title, "</title>\n");
  time_of(to, "updated", e->updated);
  time_of(to, "published", e->published);
  element(to, "<link rel=\"alternate\" type=\"text/html\" href=\"", e->url, "\"/>\n");
  element(to, "<category term=\"", e->kind, "\"/>\n");
  element(to, "<category term=\"", e->state, "\"/>\n");
  element(to, "<summary type=\"text\">", e->text, "</summary>\n</entry>\n");
}

void atom_close(struct prac_json *to)
{
  put(to, "</feed>\n");
}
