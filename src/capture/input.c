/* Reading beats mapping here: a megabyte that was just copied is in the cache when it is decoded,
 * and the process does not grow with the file. */
#include "capture/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PACKED_MAX = 1 << 17, GZIP_BITS = 15 + 16 };

static bool is_gzip(const uint8_t *p, size_t n)
{
  return n >= 2 && p[0] == 0x1f && p[1] == 0x8b;
}

static prac_rc io_failed(const struct cap_input *in, struct prac_err *reterr)
{
  return PRAC_FAIL(reterr, PRAC_IO, "%s: %s", in->what, strerrordesc_np(errno));
}

static prac_rc read_some(struct cap_input *in, uint8_t *to, size_t room, size_t *ret_n,
                         struct prac_err *reterr)
{
  for (;;) {
    ssize_t n = read(in->fd, to, room);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_failed(in, reterr);
    in->raw_done += (uint64_t)n;
    *ret_n = (size_t)n;
    return PRAC_OK;
  }
}

/* Enough to see whether it is packed; a pipe may give one byte at a time. */
static prac_rc first_bytes(struct cap_input *in, const struct cap_open *o, struct prac_err *reterr)
{
  if (o->n_head > 0) memcpy(in->packed, o->head, o->n_head);
  in->packed_end = in->raw_done = o->n_head;
  while (in->packed_end < 2) {
    size_t n = 0;
    PRAC_TRY(read_some(in, in->packed + in->packed_end, PACKED_MAX - in->packed_end, &n, reterr));
    if (n == 0) break;
    in->packed_end += n;
  }
  return PRAC_OK;
}

prac_rc cap_input_open(struct cap_input *in, const struct cap_open *o, struct prac_err *reterr)
{
  *in = (struct cap_input){.what = o->what, .fd = o->fd};
  if (in->fd < 0 && strcmp(o->what, "-") == 0) {
    in->fd = STDIN_FILENO;
  } else if (in->fd < 0) {
    in->fd = open(o->what, O_RDONLY | O_CLOEXEC);
    if (in->fd < 0) return io_failed(in, reterr);
    in->own_fd = true;
  }
  struct stat st;
  if (fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode)) in->raw_total = (uint64_t)st.st_size;
  if (fstat(in->fd, &st) == 0 && S_ISDIR(st.st_mode))
    return PRAC_FAIL(reterr, PRAC_IO, "%s: is a folder", o->what);
  in->buf = malloc(CAP_INPUT_MAX);
  in->packed = malloc(PACKED_MAX);
  if (!in->buf || !in->packed) return PRAC_FAIL(reterr, PRAC_NOMEM, "%s: out of memory", o->what);
  PRAC_TRY(first_bytes(in, o, reterr));
  in->gz = is_gzip(in->packed, in->packed_end);
  if (!in->gz) return PRAC_OK;
  in->gz_open = inflateInit2(&in->z, GZIP_BITS) == Z_OK;
  return in->gz_open ? PRAC_OK : PRAC_FAIL(reterr, PRAC_NOMEM, "%s: out of memory", o->what);
}

static prac_rc damaged(struct cap_input *in, const char *why, struct prac_err *reterr)
{
  return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: gzip: %s, after %llu unpacked bytes", in->what, why,
                   (unsigned long long)(in->offset + in->end));
}

/* One member has ended: another one may follow; anything else behind it is left alone, as gzip
 * does. */
static void member_ended(struct cap_input *in)
{
  if (is_gzip(in->z.next_in, in->z.avail_in) || in->z.avail_in == 1)
    (void)inflateReset(&in->z);
  else if (in->z.avail_in > 0)
    in->eof = true;
}

static prac_rc unpack_some(struct cap_input *in, struct prac_err *reterr)
{
  bool input_ended = false;
  if (in->packed_at == in->packed_end) {
    size_t n = 0;
    PRAC_TRY(read_some(in, in->packed, PACKED_MAX, &n, reterr));
    in->packed_at = 0;
    in->packed_end = n;
    input_ended = n == 0;
  }
  if (input_ended) {
    in->eof = true;
    return in->z.total_in == 0 ? PRAC_OK : damaged(in, "ends too early", reterr);
  }
  in->z.next_in = in->packed + in->packed_at;
  in->z.avail_in = (uInt)(in->packed_end - in->packed_at);
  in->z.next_out = in->buf + in->end;
  in->z.avail_out = (uInt)(CAP_INPUT_MAX - in->end);
  int rc = inflate(&in->z, Z_NO_FLUSH);
  in->end = CAP_INPUT_MAX - in->z.avail_out;
  if (rc == Z_STREAM_END) {
    if (in->z.avail_in > 0)
      member_ended(in);
    else
      (void)inflateReset(&in->z);
  }
  in->packed_at = in->packed_end - in->z.avail_in;
  if (rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR) return PRAC_OK;
  return damaged(in, in->z.msg ? in->z.msg : "damaged", reterr);
}

static prac_rc more(struct cap_input *in, struct prac_err *reterr)
{
  if (in->gz) return unpack_some(in, reterr);
  size_t n = in->packed_end - in->packed_at;
  if (n > 0) { /* what was read to see whether it is packed */
    if (n > CAP_INPUT_MAX - in->end) n = CAP_INPUT_MAX - in->end;
    memcpy(in->buf + in->end, in->packed + in->packed_at, n);
    in->packed_at += n;
  } else {
    PRAC_TRY(read_some(in, in->buf + in->end, CAP_INPUT_MAX - in->end, &n, reterr));
    in->eof = n == 0;
  }
  in->end += n;
  return PRAC_OK;
}

prac_rc cap_input_fill(struct cap_input *in, size_t want, struct prac_err *reterr)
{
  if (want > CAP_INPUT_MAX)
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "%s: a record of %zu bytes", in->what, want);
  if (in->end - in->at >= want) return PRAC_OK;
  memmove(in->buf, in->buf + in->at, in->end - in->at);
  in->offset += in->at;
  in->end -= in->at;
  in->at = 0;
  while (in->end < want && !in->eof) { /* what was unpacked before a damage is still delivered */
    prac_rc rc = in->failed.rc == PRAC_OK ? more(in, &in->failed) : in->failed.rc;
    if (rc == PRAC_OK || in->end >= want) continue;
    if (reterr) *reterr = in->failed;
    return rc;
  }
  return PRAC_OK;
}

void cap_input_close(struct cap_input *in)
{
  if (in->gz_open) (void)inflateEnd(&in->z);
  free(in->buf);
  free(in->packed);
  if (in->own_fd && in->fd >= 0) (void)close(in->fd);
  *in = (struct cap_input){.fd = -1};
}

size_t cap_input_peek(const uint8_t *head, size_t n, uint8_t *out, size_t room)
{
  if (!is_gzip(head, n)) {
    size_t take = n < room ? n : room;
    if (take > 0) memcpy(out, head, take);
    return take;
  }
  z_stream z = {.avail_in = (uInt)n, .next_out = out, .avail_out = (uInt)room};
  if (inflateInit2(&z, GZIP_BITS) != Z_OK) return 0;
  uint8_t copy[512];
  z.avail_in = (uInt)(n < sizeof copy ? n : sizeof copy);
  memcpy(copy, head, z.avail_in);
  z.next_in = copy;
  (void)inflate(&z, Z_SYNC_FLUSH);
  size_t got = room - z.avail_out;
  (void)inflateEnd(&z);
  return got;
}
