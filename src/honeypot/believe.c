/* Values of the made-up box, derived and never stored. */
#include "honeypot/believe.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"

uint64_t hp_believe_u64(const struct hp_self *self, const char *what)
{
  return prac_hash_bytes(self->seed, what, strlen(what));
}

uint32_t hp_believe_below(const struct hp_self *self, const char *what, uint32_t n)
{
  return n ? (uint32_t)(hp_believe_u64(self, what) % n) : 0;
}

void hp_believe_bytes(const struct hp_self *self, const char *what, uint8_t *to, size_t n)
{
  uint64_t at = hp_believe_u64(self, what), v = 0;
  for (size_t i = 0; i < n; i++, v >>= 8) {
    if (i % 8 == 0) v = prac_mix64(at += 0x9e3779b97f4a7c15u);
    to[i] = (uint8_t)v;
  }
}

void hp_believe_mac(const struct hp_self *self, uint8_t mac[6])
{
  static const uint8_t makers[][3] = {{0x00, 0x25, 0x90}, {0x00, 0x1b, 0x21}, {0xd4, 0xae, 0x52},
                                      {0x00, 0x1e, 0x67}, {0x3c, 0xd9, 0x2b}, {0x00, 0x26, 0xb9}};
  hp_believe_bytes(self, "mac", mac, 6);
  memcpy(mac, makers[mac[0] % PRAC_ARRAY_LEN(makers)], 3);
}

void hp_believe_uuid(const struct hp_self *self, const char *what, char out[HP_UUID_TEXT])
{
  uint8_t b[16];
  size_t o = 0;
  hp_believe_bytes(self, what, b, sizeof b);
  b[6] = (uint8_t)(0x40 | (b[6] & 15)); /* RFC 4122: version 4 */
  b[8] = (uint8_t)(0x80 | (b[8] & 63));
  for (unsigned i = 0; i < sizeof b; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out[o++] = '-';
    out[o++] = "0123456789abcdef"[b[i] >> 4];
    out[o++] = "0123456789abcdef"[b[i] & 15];
  }
  out[o] = '\0';
}

void hp_believe_netbios(const struct hp_self *self, char out[HP_NETBIOS_TEXT])
{
  static const char capitals[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  size_t n = 0;
  for (; n < HP_NETBIOS_TEXT - 1 && self->host[n]; n++) {
    out[n] = self->host[n];
    if (out[n] >= 'a' && out[n] <= 'z') out[n] = capitals[out[n] - 'a'];
  }
  out[n] = '\0';
}

uint32_t hp_believe_lan(const struct hp_self *self, uint8_t n)
{
  return 0xc0a80000u | hp_believe_below(self, "lan", 200) << 8 | n;
}

uint32_t hp_believe_own4(const struct hp_self *self)
{
  return prac_ip_is4(&self->own) ? prac_ip_to4(&self->own)
                                 : hp_believe_lan(self, (uint8_t)(2 + self->seed % 200));
}

static void add(struct hp_note *note, const char *s, size_t n)
{
  size_t at = strnlen(note->name, HP_NAME_MAX - 1);
  if (at + n > HP_NAME_MAX - 1) return;
  memcpy(note->name + at, s, n);
  note->name[at + n] = '\0';
}

void hp_note_text(struct hp_note *note, const char *ours)
{
  for (; *ours; ours++) add(note, ours, 1);
}

void hp_note_bytes(struct hp_note *note, const void *theirs, size_t n)
{
  const uint8_t *p = theirs;
  for (size_t i = 0; i < n; i++) {
    char c[5] = {(char)p[i], 0};
    if (p[i] <= ' ' || p[i] > '~' || p[i] == '"' || p[i] == '\\')
      snprintf(c, sizeof c, "\\%03u", p[i]);
    add(note, c, strlen(c));
  }
}
