/* wire/pcap.h — the two capture file formats, from bytes that somebody else has read.
 *
 * source   pcap: draft-ietf-opsawg-pcap; magic a1b2c3d4 (us), a1b23c4d (ns), a1b2cd34 (24-byte
 *          record heads), each in both byte orders.
 *          pcapng: draft-ietf-opsawg-pcapng; section, interface, enhanced, simple and the old
 *          packet block; if_tsresol and if_tsoffset; several sections in both byte orders;
 *          every other block is stepped over.
 * reader   holds any part of the file that begins at a record; it moves past what was read.
 * returns  PRAC_OK: a frame. PRAC_AGAIN: a record without a frame was read. PRAC_END: no bytes
 *          left. PRAC_TRUNCATED: the record is longer than what the reader holds; the reader has
 *          not moved and `need` says how many bytes the record takes (as far as is known).
 *          PRAC_MALFORMED: the rest cannot be read; `why` is one sentence.
 * limits   frames of WIRE_FRAME_MAX bytes, WIRE_NG_IFS interfaces a section; times are clamped to
 *          the years 1697..2242
 */
#pragma once
#include "base/buf.h"
#include "base/time.h"

enum { WIRE_PCAP_HEAD = 24, WIRE_FRAME_MAX = 262144, WIRE_NG_IFS = 1024 };

struct wire_frame {
  prac_time at;
  const uint8_t *data; /* borrowed from the reader's bytes */
  uint32_t caplen, len;
  uint32_t link; /* LINKTYPE_ number */
};
struct wire_pcap {
  bool big, nano;
  bool swapped_lengths; /* files of version 2.2 and before: len stands before caplen */
  uint32_t link, snaplen, record_head;
  size_t need;
  const char *why;
};
struct wire_ng_if {
  uint32_t link, snaplen;
  uint64_t units; /* ticks in a second */
  int64_t offset_s;
};
struct wire_ng {
  bool big, open; /* open: a section header has been read */
  bool skippable; /* after PRAC_TRUNCATED: the record may be stepped over unread, `need` bytes */
  uint32_t n_if;
  prac_time last; /* simple packet blocks carry no time: they take the last one seen */
  size_t need;
  const char *why;
  struct wire_ng_if ifs[WIRE_NG_IFS];
};
enum wire_file { WIRE_FILE_UNKNOWN, WIRE_FILE_PCAP, WIRE_FILE_NG };

/* By the first bytes; 4 are enough. */
enum wire_file wire_file_kind(const uint8_t *head, size_t n);
PRAC_NODISCARD prac_rc wire_pcap_open(struct prac_rd *r, struct wire_pcap *ret);
PRAC_NODISCARD prac_rc wire_pcap_next(struct wire_pcap *p, struct prac_rd *r,
                                      struct wire_frame *ret);
void wire_ng_init(struct wire_ng *s);
PRAC_NODISCARD prac_rc wire_ng_next(struct wire_ng *s, struct prac_rd *r, struct wire_frame *ret);
