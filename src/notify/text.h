/* notify/text.h — a growing text with printf, and words of strangers made harmless in it.
 *
 * errors    sticky: `bad` after a failed allocation or past NOTE_TEXT_MAX; test once at the end
 * strangers names in the DNS and of networks are chosen by whoever owns them: in a letter they may
 *           neither begin a line nor end one
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

enum { NOTE_TEXT_MAX = 4 << 20, NOTE_WORD_MAX = 256 };
struct note_text {
  char *p; /* NUL-terminated when n > 0; owned, see note_text_done */
  size_t n, cap;
  bool bad;
};
void note_text_done(struct note_text *t);
void note_text_put(struct note_text *t, const void *p, size_t n);
void note_text_add(struct note_text *t, const char *fmt, ...) PRAC_PRINTF(2, 3);
/* At most NOTE_WORD_MAX bytes of s, cut between characters: control characters (C1 and the Unicode
 * line ends too) and what is no UTF-8 become "?". */
void note_text_word(struct note_text *t, const char *s);
/* Bytes of the UTF-8 character at s (n left), 0: none, or one that a letter does not carry. */
size_t note_text_char(const char *s, size_t n);
