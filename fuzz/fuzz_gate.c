/* Texts on their way to a reader: whatever stands in them (honeypots are sent names, engines write
 * sentences), what comes out names nothing outside, what names nothing outside comes out as it is,
 * and a scope that was read has one form. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "access/gate_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* By itself: not as a part of an address that may be inside. */
static bool stands(const char *text, const char *address)
{
  static const char of_addresses[] = "0123456789abcdefABCDEF.:";
  for (const char *s = text; (s = strstr(s, address)); s++) {
    char before = s == text ? ' ' : s[-1], after = s[strlen(address)];
    if (!strchr(of_addresses, before) && (!after || !strchr(of_addresses, after))) return true;
  }
  return false;
}

static void text(const struct gate_who *w, const char *in, struct prac_arena *a)
{
  const char *out = in, *words = in;
  bool fine = gate_text_ok(w, in);
  if (gate_text(w, &out, a) != PRAC_OK || gate_words(w, &words, a) != PRAC_OK) abort();
  if (fine != (strcmp(in, out) == 0)) abort();
  if (!gate_text_ok(w, out) || !gate_text_ok(w, words)) abort();
  if (strstr(words, "dst=")) abort();
  /* outside, as the seeds have it */
  if (stands(out, "8.8.8.8") || stands(out, "2600:1::1")) abort();
}

static void scope(const char *in, struct prac_arena *a)
{
  struct access_scope s, again;
  struct prac_err err = {0};
  if (access_scope_parse(in, ACCESS_AMBER, a, &s, &err) != PRAC_OK) {
    if (err.text[0] == 0) abort();
    return;
  }
  const char *words = access_scope_words(&s, a);
  if (!words || access_scope_parse(words, ACCESS_AMBER, a, &again, NULL) != PRAC_OK) abort();
  if (strcmp(words, access_scope_words(&again, a)) != 0) abort();
}

/* Between blanks. */
static bool stands_alone(const uint8_t *b, size_t n, const char *word)
{
  size_t len = strlen(word);
  for (size_t i = 0; i + len <= n; i++)
    if (memcmp(b + i, word, len) == 0 && (i == 0 || b[i - 1] <= ' ') &&
        (i + len == n || b[i + len] <= ' '))
      return true;
  return false;
}

/* The bytes of a packet: its protocol, how much is headers, then all as it came. */
static void packet(const struct gate_who *w, const uint8_t *data, size_t size, struct prac_arena *a)
{
  static const struct prac_ip own[4] = {{{[10] = 0xff, 0xff, 198, 18, 7, 1}},
                                        {{0xfd, 0, 0x19, 0x80, [15] = 1}},
                                        {{[10] = 0xff, 0xff}}, /* nobody's */
                                        {{0}}};
  if (size < 3) return;
  struct packet p = {.dst = own[(data[0] & 1) | (data[0] >> 6 & 2)],
                     .layer = data[0] & 2 ? "payload" : "ip",
                     .proto = data[1],
                     .sport = data[0] >> 2 & 31,
                     .head = data[2],
                     .bytes = {data + 3, (uint32_t)(size - 3)}};
  struct packet out = p;
  if (gate_packet(w, &out, a) != PRAC_OK) abort();
  if (p.bytes.n > PACKET_BYTES_MAX) p.bytes.n = PACKET_BYTES_MAX;
  /* in the IP header's own fields it can only be by chance */
  uint32_t from = data[0] & 2 || p.bytes.n == 0 ? 0 : p.bytes.v[0] >> 4 == 4 ? 20 : 40;
  char text[PRAC_IP_TEXT];
  size_t n = data[0] & 1 ? 16 : 4;
  if (out.bytes.n != p.bytes.n || !prac_ip_is_zero(&out.dst) || !out.masked) abort();
  if (from > out.bytes.n) from = out.bytes.n;
  if (data[0] >> 7) return; /* zeros are everywhere */
  if (memmem(out.bytes.v + from, out.bytes.n - from, p.dst.b + 16 - n, n)) abort();
  prac_ip_text(text, &p.dst);
  if (from < out.bytes.n && stands_alone(out.bytes.v + from, out.bytes.n - from, text)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char own[] = "133.1.0.0/16 198.51.100.0/24 2400:1::/32";
  struct access_scope s;
  if (size == 0 || size > 1 << 14) return 0;
  char *in = malloc(size + 1);
  struct prac_arena *a = prac_arena_new(1024);
  if (!in || !a || access_scope_parse(own, ACCESS_AMBER, a, &s, NULL) != PRAC_OK) abort();
  memcpy(in, data, size);
  in[size] = 0;
  const struct prac_ip named[] = {prac_ip4(0x08080808), {{0x26, 0x00, 0x00, 0x01, [15] = 1}}};
  text(&(struct gate_who){&s, NULL}, in, a);
  text(&(struct gate_who){&s, NULL, named, 2}, in, a);
  packet(&(struct gate_who){&s, NULL}, data, size, a);
  scope(in, a);
  prac_arena_free(&a);
  free(in);
  return 0;
}
