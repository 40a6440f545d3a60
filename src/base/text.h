/* base/text.h — UTF-8, and characters that do not show as what they are.
 *
 * hidden    controls (C0, DEL, C1), marks and overrides of the direction of writing, characters
 *           without a width, line and paragraph separators, tags (Unicode TR 36, 2.5 and TR 39);
 *           and bytes that are no UTF-8
 * for       names and comments, where they are refused; terminals and logs, where they are shown as
 *           escapes: what one person wrote must not change what another reads
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* How many bytes of UTF-8 stand at s (RFC 3629); 0: none, or cut off at n. */
size_t prac_utf8_len(const char *s, size_t n);
/* The bytes of the hidden character, or of what is no UTF-8, that s starts with; 0: it shows. */
size_t prac_text_hidden(const char *s, size_t n);
bool prac_text_plain(const char *s); /* nothing in it is hidden */
/* Copies s, "\u009b" or "\x9b" for what is hidden; cut between characters at cap. Returns to. */
char *prac_text_shown(const char *s, char *to, size_t cap);
