/* honeypot/believe.h — what vectors share: the made-up box behind hp_self, and notes.
 *
 * The same self and the same `what` give the same value for ever, so a scanner that comes back
 * meets the same serial number. Nothing here is a secret. */
#pragma once
#include "honeypot/proto.h"

uint64_t hp_believe_u64(const struct hp_self *self, const char *what);
uint32_t hp_believe_below(const struct hp_self *self, const char *what, uint32_t n); /* 0..n-1 */
void hp_believe_bytes(const struct hp_self *self, const char *what, uint8_t *to, size_t n);
void hp_believe_mac(const struct hp_self *self, uint8_t mac[6]);
enum { HP_UUID_TEXT = 37 };
void hp_believe_uuid(const struct hp_self *self, const char *what, char out[HP_UUID_TEXT]);
/* The host's NetBIOS name: at most 15 characters, in capitals. */
enum { HP_NETBIOS_TEXT = 16 };
void hp_believe_netbios(const struct hp_self *self, char out[HP_NETBIOS_TEXT]);
/* An address of the made-up local network behind the box: 192.168.x.n, host order. */
uint32_t hp_believe_lan(const struct hp_self *self, uint8_t n);
/* The address the request came to where it is IPv4; one of the made-up network otherwise. */
uint32_t hp_believe_own4(const struct hp_self *self);

/* A note is filled from the left and cut at its end. Foreign bytes that are not printable, blanks,
 * quotes and backslashes become \DDD. */
void hp_note_text(struct hp_note *note, const char *ours);
void hp_note_bytes(struct hp_note *note, const void *theirs, size_t n);

/* What a vector returns after writing: an answer that did not fit is none. */
static inline enum hp_verdict hp_written(const struct prac_wr *reply)
{
  return reply->bad ? HP_OBSERVE : HP_ANSWER;
}
