/* capture/input.h — the bytes of a file, of standard input or of a passed descriptor, in one
 * bounded buffer; gzip (also several members in a row) is unpacked on the way.
 *
 * use       fill(want), then read in [buf + at, buf + end) and move `at`
 * limits    one fill can ask for at most CAP_INPUT_MAX bytes
 * fails     PRAC_IO: the system; PRAC_MALFORMED: the gzip stream is damaged (what came before it
 *           is delivered first). Every message names the file.
 */
#pragma once
#include <zlib.h>

#include "base/err.h"
#include "capture/source.h"

enum { CAP_INPUT_MAX = 1 << 20 };

struct cap_input {
  const char *what;
  int fd;
  bool own_fd, gz, gz_open, eof; /* eof: nothing more will come into buf */
  uint8_t *buf, *packed;         /* owned */
  size_t at, end;                /* unread part of buf */
  size_t packed_at, packed_end;
  uint64_t offset;              /* of buf[0] in the unpacked stream */
  uint64_t raw_done, raw_total; /* bytes of the file itself; total 0: not known */
  z_stream z;
  struct prac_err failed; /* met while unpacking; told when the good bytes are used up */
};
/* o->fd if >= 0 (stays the caller's; o->head is what was read of it), "-": standard input, else the
 * file. */
PRAC_NODISCARD prac_rc cap_input_open(struct cap_input *in, const struct cap_open *o,
                                      struct prac_err *reterr);
/* At least `want` unread bytes, or all that there are (then eof is set). */
PRAC_NODISCARD prac_rc cap_input_fill(struct cap_input *in, size_t want, struct prac_err *reterr);
void cap_input_close(struct cap_input *in); /* accepts zeroed and half-opened */
static inline uint64_t cap_input_offset(const struct cap_input *in)
{
  return in->offset + in->at;
}
/* The first bytes of a file that may be packed, from its first n: up to room into out. */
size_t cap_input_peek(const uint8_t *head, size_t n, uint8_t *out, size_t room);
