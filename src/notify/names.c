/* c-ares does the asking; here is only what must be remembered, and for how long. */
#include "notify/names.h"

#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

enum { WAY = 8, SETS = NAMES_KEPT / WAY, ASK_MS = 2000, ASK_TRIES = 3 };
#define KEEP_NAME_NS (3600 * PRAC_SEC)
#define KEEP_NONE_NS (600 * PRAC_SEC)
#define KEEP_FAILED_NS (60 * PRAC_SEC)

enum { ASKED, FOUND, NONE, FAILED, EVICTED, BUSY, COUNTERS };
static const struct prac_counter_def defs[COUNTERS] = {
    [ASKED] = {"names_asked", "queries", "Names of victims asked for in the DNS.", PRAC_COUNTER},
    [FOUND] = {"names_found", "answers", "Of these, with a name.", PRAC_COUNTER},
    [NONE] = {"names_none", "answers", "Of these, without one.", PRAC_COUNTER},
    [FAILED] = {"names_failed", "queries", "No answer; a steady rise: look at dns-servers.",
                PRAC_COUNTER},
    [EVICTED] = {"names_evicted", "answers", "Forgotten early for newer ones.", PRAC_COUNTER},
    [BUSY] = {"names_busy", "queries", "Not asked for, too many are being asked for.",
              PRAC_COUNTER},
};
struct entry {
  struct prac_ip ip;
  int64_t used, until; /* until: of the answer; 0: empty */
  bool asking;
  char name[NAMES_LEN];
};
struct note_names {
  ares_channel channel;
  bool open;
  int asking;
  int64_t now;
  uint64_t seed;
  struct entry *v; /* SETS sets of WAY */
  _Atomic uint64_t counters[COUNTERS];
};
struct ask { /* an entry may be gone when the answer comes: found again by its address */
  struct note_names *n;
  struct prac_ip ip;
};

static struct entry *set_of(struct note_names *n, const struct prac_ip *ip)
{
  return n->v + prac_hash2(n->seed, prac_ip_hi(ip), prac_ip_lo(ip)) % SETS * WAY;
}

static struct entry *find(struct note_names *n, const struct prac_ip *ip)
{
  struct entry *set = set_of(n, ip);
  for (int i = 0; i < WAY; i++)
    if (set[i].used && prac_ip_eq(&set[i].ip, ip)) return &set[i];
  return NULL;
}

static bool name_ok(const char *s)
{
  static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";
  size_t n = strlen(s);
  return n > 0 && n < NAMES_LEN && strspn(s, good) == n;
}

static void answered(void *arg, int status, int timeouts, struct hostent *h)
{
  struct ask *a = arg;
  struct note_names *n = a->n;
  struct entry *e = n->v ? find(n, &a->ip) : NULL;
  (void)timeouts;
  n->asking--;
  bool found = status == ARES_SUCCESS && h && h->h_name && name_ok(h->h_name);
  bool none = status == ARES_ENOTFOUND || status == ARES_ENODATA || status == ARES_SUCCESS;
  if (e) {
    e->asking = false;
    e->name[0] = '\0';
    if (found) memcpy(e->name, h->h_name, strlen(h->h_name) + 1);
    e->until = n->now + (found ? KEEP_NAME_NS : none ? KEEP_NONE_NS : KEEP_FAILED_NS);
  }
  prac_count(&n->counters[found ? FOUND : none ? NONE : FAILED], 1);
  free(a);
}

static void ask(struct note_names *n, struct entry *e)
{
  struct ask *a = n->asking < NAMES_ASKING ? malloc(sizeof *a) : NULL;
  if (!a) {
    prac_count(&n->counters[BUSY], 1);
    return;
  }
  *a = (struct ask){n, e->ip};
  e->asking = true;
  n->asking++;
  prac_count(&n->counters[ASKED], 1);
  bool four = prac_ip_is4(&e->ip);
  ares_gethostbyaddr(n->channel, e->ip.b + (four ? 12 : 0), four ? 4 : 16,
                     four ? AF_INET : AF_INET6, answered, a);
}

static struct entry *make(struct note_names *n, const struct prac_ip *ip)
{
  struct entry *set = set_of(n, ip), *old = NULL;
  for (int i = 0; i < WAY; i++)
    if (!set[i].asking && (!old || set[i].used < old->used)) old = &set[i];
  if (!old) return NULL; /* all of the set are being asked for */
  if (old->used) prac_count(&n->counters[EVICTED], 1);
  *old = (struct entry){.ip = *ip};
  return old;
}

const char *note_names_get(struct note_names *n, const struct prac_ip *ip, int64_t mono_ns)
{
  n->now = mono_ns;
  struct entry *e = find(n, ip);
  if (!e) e = make(n, ip);
  if (!e) return "";
  e->used = mono_ns + 1;
  if (!e->asking && e->until <= mono_ns) ask(n, e);
  return e->name; /* an old one is better than none while it is asked for again */
}

void note_names_step(struct note_names *n, int64_t mono_ns)
{
  ares_socket_t s[ARES_GETSOCK_MAXNUM];
  struct pollfd p[ARES_GETSOCK_MAXNUM];
  nfds_t k = 0;
  n->now = mono_ns;
  if (n->asking == 0) return;
  unsigned bits = (unsigned)ares_getsock(n->channel, s, ARES_GETSOCK_MAXNUM);
  for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
    bool rd = bits >> i & 1, wr = bits >> (i + ARES_GETSOCK_MAXNUM) & 1;
    if (!rd && !wr) continue;
    p[k++] = (struct pollfd){.fd = s[i], .events = (short)((rd ? POLLIN : 0) | (wr ? POLLOUT : 0))};
  }
  (void)poll(p, k, 0);
  for (nfds_t i = 0; i < k; i++)
    ares_process_fd(n->channel,
                    p[i].revents & (POLLIN | POLLERR | POLLHUP) ? p[i].fd : ARES_SOCKET_BAD,
                    p[i].revents & POLLOUT ? p[i].fd : ARES_SOCKET_BAD);
  ares_process_fd(n->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* what is too late */
}

bool note_names_asking(const struct note_names *n)
{
  return n->asking > 0;
}

prac_rc note_names_open(const char *servers, struct note_names **ret, struct prac_err *reterr)
{
  char lookups[] = "b"; /* the DNS only, no hosts file */
  struct ares_options o = {.timeout = ASK_MS, .tries = ASK_TRIES, .lookups = lookups};
  if (!servers[0]) return PRAC_FAIL(reterr, PRAC_UNKNOWN, "no DNS server is known");
  struct note_names *n = calloc(1, sizeof *n);
  if (n) n->v = calloc(NAMES_KEPT, sizeof *n->v);
  if (!n || !n->v) {
    note_names_close(&n);
    return PRAC_FAIL(reterr, PRAC_NOMEM, "no memory for names");
  }
  n->seed = 0x6e616d6573;
  int st = ares_library_init(ARES_LIB_INIT_ALL);
  if (st == ARES_SUCCESS)
    st = ares_init_options(&n->channel, &o, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
  n->open = st == ARES_SUCCESS;
  if (n->open) st = ares_set_servers_ports_csv(n->channel, servers);
  if (st != ARES_SUCCESS) {
    note_names_close(&n);
    return PRAC_FAIL(reterr, PRAC_MALFORMED, "DNS servers \"%.100s\": %s", servers,
                     ares_strerror(st));
  }
  *ret = n;
  return PRAC_OK;
}

void note_names_close(struct note_names **np)
{
  struct note_names *n = *np;
  *np = NULL;
  if (!n) return;
  if (n->open) ares_destroy(n->channel); /* answers what is being asked with "destroyed" */
  free(n->v);
  free(n);
}

struct prac_counters note_names_counters(const struct note_names *n)
{
  return (struct prac_counters){
      .room = "notify", .defs = defs, .values = n->counters, .n = COUNTERS};
}
