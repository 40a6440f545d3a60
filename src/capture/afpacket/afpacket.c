/* A live interface through a ring of blocks shared with the kernel (TPACKET_V3): no copy, no call
 * per packet, and the kernel says exactly how many packets found no room. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/afpacket/filter.h"
#include "capture/source.h"

enum { BLOCK = 1 << 20, FRAME = 2048, LINK_ETHERNET = 1, LINK_RAW = 101 };

struct afpacket_conf {
  int64_t ring_bytes, retire_ns, snaplen;
  bool promiscuous;
};
static const struct prac_conf_item items[] = {
    {"ring", PRAC_CONF_SIZE, offsetof(struct afpacket_conf, ring_bytes), 2097152, 4294967296.0,
     67108864,
     .help = "memory that the kernel fills with packets; a larger ring outlasts longer bursts"},
    {"block-timeout", PRAC_CONF_DURATION, offsetof(struct afpacket_conf, retire_ns), 0.001, 10, 0.1,
     .help = "a block that is not full is handed over after this time"},
    {"snaplen", PRAC_CONF_INT, offsetof(struct afpacket_conf, snaplen), 128, 65535, 512,
     .help = "bytes kept of a frame; headers, a quoted packet and 64 bytes of payload need 256"},
    {"promiscuous", PRAC_CONF_BOOL, offsetof(struct afpacket_conf, promiscuous), .dflt = 0,
     .help = "take frames that are addressed to other machines too"},
};
static const struct prac_conf_section conf_section = {"capture.afpacket",
                                                      "How to capture from a live interface.",
                                                      items,
                                                      PRAC_ARRAY_LEN(items),
                                                      sizeof(struct afpacket_conf),
                                                      false};

static const struct prac_log_event event_all = {
    "capture_filter_wide", PRAC_LOG_WARN,
    "nothing, unless the interface carries much traffic to other addresses: then name the sensor's "
    "prefixes, 256 at most"};

struct state {
  const char *what;
  int fd;
  bool own_fd, held; /* held: the block at `block` is ours until the next call */
  uint8_t *ring;     /* owned mapping */
  size_t ring_bytes;
  uint32_t n_blocks, block, left; /* left: packets of the block not given yet */
  const uint8_t *at;
  uint32_t link;
  int missed_fd; /* the card's own counter of lost frames; -1: it has none */
  uint64_t missed_before, received, dropped, dropped_iface;
};

static int claims(const char *what, const uint8_t *head, size_t n)
{
  (void)head;
  return n == 0 && if_nametoindex(what) != 0 ? 5 : 0;
}

static prac_rc failed(const struct state *s, const char *doing, struct prac_err *reterr)
{
  bool rights = errno == EPERM || errno == EACCES;
  return PRAC_FAIL(reterr, rights ? PRAC_DENIED : PRAC_IO, "%s: %s: %s%s", s->what, doing,
                   strerrordesc_np(errno), rights ? " (capturing needs CAP_NET_RAW)" : "");
}

static prac_rc option(const struct state *s, int name, const void *v, socklen_t n,
                      struct prac_err *reterr)
{
  if (setsockopt(s->fd, SOL_PACKET, name, v, n) == 0) return PRAC_OK;
  return failed(s, "packet socket", reterr);
}

/* Which link layer SOCK_RAW will show. */
static prac_rc link_of(struct state *s, struct prac_err *reterr)
{
  struct ifreq r;
  memset(&r, 0, sizeof r);
  memcpy(r.ifr_name, s->what, strnlen(s->what, sizeof r.ifr_name - 1));
  if (ioctl(s->fd, SIOCGIFHWADDR, &r) != 0) return failed(s, "interface", reterr);
  int type = r.ifr_hwaddr.sa_family;
  if (type == ARPHRD_ETHER || type == ARPHRD_LOOPBACK)
    s->link = LINK_ETHERNET;
  else if (type == ARPHRD_NONE || type == ARPHRD_PPP || type == ARPHRD_TUNNEL ||
           type == ARPHRD_TUNNEL6)
    s->link = LINK_RAW;
  else
    return PRAC_FAIL(reterr, PRAC_UNSUPPORTED, "%s: interfaces of kind %d are not read", s->what,
                     type);
  return PRAC_OK;
}

static prac_rc make_ring(struct state *s, const struct afpacket_conf *c, struct prac_err *reterr)
{
  int version = TPACKET_V3, one = 1;
  s->n_blocks = (uint32_t)(c->ring_bytes / BLOCK);
  if (s->n_blocks < 2) s->n_blocks = 2;
  struct tpacket_req3 req = {.tp_block_size = BLOCK,
                             .tp_block_nr = s->n_blocks,
                             .tp_frame_size = FRAME,
                             .tp_frame_nr = s->n_blocks * (BLOCK / FRAME),
                             .tp_retire_blk_tov = (unsigned)(c->retire_ns / PRAC_MS)};
  PRAC_TRY(option(s, PACKET_VERSION, &version, sizeof version, reterr));
  PRAC_TRY(option(s, PACKET_RX_RING, &req, sizeof req, reterr));
  /* kernels before 4.20 lack it: what we send is then skipped below */
  (void)setsockopt(s->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof one);
  s->ring_bytes = (size_t)s->n_blocks * BLOCK;
  void *at = mmap(NULL, s->ring_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
  if (at == MAP_FAILED) return failed(s, "packet ring", reterr);
  s->ring = at;
  return PRAC_OK;
}

static uint64_t missed(const struct state *s)
{
  char text[24] = "";
  if (s->missed_fd < 0 || pread(s->missed_fd, text, sizeof text - 1, 0) <= 0) return 0;
  uint64_t v = 0;
  for (const char *p = text; *p >= '0' && *p <= '9'; p++) v = v * 10 + (uint64_t)(*p - '0');
  return v;
}

static void watch_card(struct state *s)
{
  char path[sizeof "/sys/class/net//statistics/rx_missed_errors" + IFNAMSIZ] = "/sys/class/net/";
  char *end = path + strlen(path);
  size_t n = strnlen(s->what, IFNAMSIZ);
  memcpy(end, s->what, n);
  memcpy(end + n, "/statistics/rx_missed_errors", sizeof "/statistics/rx_missed_errors");
  s->missed_fd = memchr(s->what, '/', n) ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  s->missed_before = missed(s);
}

static prac_rc start(struct state *s, const struct afpacket_conf *c, int index,
                     struct prac_err *reterr)
{
  struct tpacket_stats_v3 old;
  socklen_t n = sizeof old;
  struct sockaddr_ll to = {
      .sll_family = AF_PACKET, .sll_protocol = __builtin_bswap16(ETH_P_ALL), .sll_ifindex = index};
  if (c->promiscuous) {
    struct packet_mreq m = {.mr_ifindex = index, .mr_type = PACKET_MR_PROMISC};
    PRAC_TRY(option(s, PACKET_ADD_MEMBERSHIP, &m, sizeof m, reterr));
  }
  if (getsockopt(s->fd, SOL_PACKET, PACKET_STATISTICS, &old, &n) != 0) /* from here on */
    return failed(s, "packet counters", reterr);
  if (bind(s->fd, (struct sockaddr *)&to, sizeof to) != 0) return failed(s, "bind", reterr);
  watch_card(s);
  return PRAC_OK;
}

static prac_rc open_live(void *st, const struct cap_open *o, struct prac_err *reterr)
{
  struct state *s = st;
  struct afpacket_conf c;
  prac_conf_defaults(&conf_section, &c);
  if (o->conf) memcpy(&c, o->conf, sizeof c);
  *s = (struct state){.what = o->what, .fd = o->fd, .missed_fd = -1};
  unsigned index = if_nametoindex(o->what);
  if (index == 0) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "%s: there is no such interface", o->what);
  if (s->fd < 0) { /* protocol 0: nothing arrives before the filter is there */
    s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (s->fd < 0) return failed(s, "packet socket", reterr);
    s->own_fd = true;
  }
  bool all = false;
  PRAC_TRY(link_of(s, reterr));
  PRAC_TRY(make_ring(s, &c, reterr));
  PRAC_TRY(cap_filter_set(s->fd, s->link, (uint32_t)c.snaplen, &o->prefixes, &all, reterr));
  if (all && o->prefixes.n > 0)
    prac_log(o->log, &event_all, "%s: %zu prefixes are too many for a kernel filter", o->what,
             o->prefixes.n);
  return start(s, &c, (int)index, reterr);
}

static struct tpacket_block_desc *block_at(const struct state *s)
{
  return (struct tpacket_block_desc *)(void *)(s->ring + (size_t)s->block * BLOCK);
}

static bool block_ready(const struct state *s)
{
  return __atomic_load_n(&block_at(s)->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER;
}

static void block_done(struct state *s)
{
  __atomic_store_n(&block_at(s)->hdr.bh1.block_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
  s->block = (s->block + 1) % s->n_blocks;
  s->held = false;
}

static void block_take(struct state *s)
{
  const struct tpacket_block_desc *b = block_at(s);
  s->held = true;
  s->left = b->hdr.bh1.num_pkts;
  s->at = (const uint8_t *)b + b->hdr.bh1.offset_to_first_pkt;
}

static prac_rc wait_block(struct state *s, int64_t timeout_ns, struct prac_err *reterr)
{
  if (block_ready(s)) return PRAC_OK;
  struct pollfd p = {s->fd, POLLIN | POLLERR, 0};
  int n = poll(&p, 1, timeout_ns < 0 ? -1 : (int)((timeout_ns + PRAC_MS - 1) / PRAC_MS));
  if (n < 0 && errno != EINTR) return failed(s, "poll", reterr);
  if (n > 0 && (p.revents & POLLERR)) { /* reading the error clears it */
    int why = 0;
    socklen_t len = sizeof why;
    (void)getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &why, &len);
    errno = why;
    if (why != 0 && why != ENETDOWN) return failed(s, "capturing", reterr);
  }
  return block_ready(s) ? PRAC_OK : PRAC_AGAIN;
}

static size_t from_block(struct state *s, struct cap_frame *frames, size_t max)
{
  size_t n = 0;
  for (; s->left > 0 && n < max; s->left--) {
    const struct tpacket3_hdr *h = (const struct tpacket3_hdr *)(const void *)s->at;
    const struct sockaddr_ll *from =
        (const struct sockaddr_ll *)(const void *)(s->at + ((sizeof *h + TPACKET_ALIGNMENT - 1) &
                                                            ~(size_t)(TPACKET_ALIGNMENT - 1)));
    if (from->sll_pkttype != PACKET_OUTGOING)
      frames[n++] = (struct cap_frame){(prac_time)h->tp_sec * PRAC_SEC + h->tp_nsec,
                                       s->at + h->tp_mac, h->tp_snaplen, h->tp_len, s->link};
    s->at += h->tp_next_offset;
  }
  return n;
}

static prac_rc next(void *st, struct cap_frame *frames, struct cap_seen *seen, size_t max,
                    int64_t timeout_ns, size_t *ret_n, struct prac_err *reterr)
{
  struct state *s = st;
  (void)seen;
  *ret_n = 0;
  if (s->held && s->left == 0) block_done(s);
  if (!s->held) {
    PRAC_TRY(wait_block(s, timeout_ns, reterr));
    block_take(s);
  }
  *ret_n = from_block(s, frames, max);
  s->received += *ret_n;
  return *ret_n > 0 ? PRAC_OK : PRAC_AGAIN;
}

static void stats(void *st, struct cap_stats *ret)
{
  struct state *s = st;
  struct tpacket_stats_v3 k;
  socklen_t n = sizeof k;
  if (s->fd >= 0 && getsockopt(s->fd, SOL_PACKET, PACKET_STATISTICS, &k, &n) == 0)
    s->dropped += k.tp_drops; /* reading sets the kernel's count to zero */
  uint64_t lost = missed(s);
  s->dropped_iface = lost > s->missed_before ? lost - s->missed_before : 0;
  *ret = (struct cap_stats){
      .received = s->received, .dropped_kernel = s->dropped, .dropped_iface = s->dropped_iface};
}

static void close_live(void *st)
{
  struct state *s = st;
  if (s->ring) (void)munmap(s->ring, s->ring_bytes);
  if (s->own_fd && s->fd >= 0) (void)close(s->fd);
  if (s->what && s->missed_fd >= 0) (void)close(s->missed_fd);
  *s = (struct state){.fd = -1, .missed_fd = -1};
}

const struct cap_source cap_source_afpacket = {
    .name = "afpacket",
    .about = "a live interface, through a ring shared with the kernel",
    .form = CAP_FRAMES,
    .state_size = sizeof(struct state),
    .conf = &conf_section,
    .claims = claims,
    .open = open_live,
    .next = next,
    .stats = stats,
    .close = close_live,
};
