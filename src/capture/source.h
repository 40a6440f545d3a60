/* capture/source.h — what one way of getting packets must supply: pcap files, a live interface,
 * CSV.
 *
 * A source yields packets in arrival order. It does not know flows, marks or the bus; the core
 * (capture/core.h) decodes, marks, keys and batches.
 */
#pragma once
#include "base/conf.h"
#include "base/counter.h"
#include "base/err.h"
#include "base/log.h"
#include "model/flow.h"

/* One captured frame; bytes borrowed until the next call of `next`. */
struct cap_frame {
  prac_time at;
  const uint8_t *data;
  uint32_t caplen, len;
  uint32_t link; /* LINKTYPE_ number (tcpdump.org/linktypes.html) */
};
/* What a source may give instead of a frame: an observation that was decoded elsewhere (CSV). */
struct cap_seen {
  prac_time at;
  const char *sensor; /* the row's own sensor, or NULL */
  struct flow_row row;
};
enum cap_form { CAP_FRAMES, CAP_SEEN };

struct cap_reason {
  const char *why; /* "no time" */
  uint64_t n;
};
struct cap_stats {
  uint64_t received, dropped_kernel, dropped_iface; /* since open; live sources */
  uint64_t bytes_done, bytes_total;                 /* files: progress; total 0: unknown */
  uint64_t malformed;                               /* records refused with a counted reason */
  const struct cap_reason *reasons; /* the sum is `malformed`; borrowed from the source, or NULL */
  size_t n_reasons;
};
enum { CAP_HEAD_MAX = 4096 };
struct cap_open {
  const char *what;                   /* file name, "-", interface name, as given by the user */
  int fd;                             /* already open (stays the caller's), or -1 */
  const uint8_t *head;                /* its first bytes, when they were read from fd already */
  size_t n_head;                      /* CAP_HEAD_MAX at most; n_head 0: nothing was */
  const void *conf;                   /* the source's settings struct */
  struct prac_conf_prefixes prefixes; /* the sensor's own; live filter */
  const struct prac_log *log;
};
struct cap_source {
  const char *name; /* "pcap", "afpacket", "csv" */
  const char *about;
  enum cap_form form;
  size_t state_size;
  const struct prac_conf_section *conf; /* "capture.csv"; NULL: no settings */
  /* Would this source read it? Looks at the first bytes (n may be 0). Higher wins; 0: no. */
  int (*claims)(const char *what, const uint8_t *head, size_t n);
  prac_rc (*open)(void *st, const struct cap_open *o, struct prac_err *reterr);
  /* Up to max items into frames (or seen). PRAC_END: no more; PRAC_AGAIN: nothing within
   * timeout_ns; PRAC_MALFORMED with reterr: the rest cannot be read, what came before counts. */
  prac_rc (*next)(void *st, struct cap_frame *frames, struct cap_seen *seen, size_t max,
                  int64_t timeout_ns, size_t *ret_n, struct prac_err *reterr);
  void (*stats)(void *st, struct cap_stats *ret);
  void (*close)(void *st); /* accepts a half-opened state */
};
extern const struct cap_source *const cap_sources[]; /* NULL-terminated; capture/registry.c */
const struct cap_source *cap_source_find(const char *name);
