/* Vectors that share a port, compiled or in data/vectors.yaml: whatever comes, at most one of them
 * takes it for its own, so that what a datagram is called never depends on who is asked first. */
#include "lib/t.h"

#include "base/rng.h"
#include "lib/hp.h"
#include "lib/hp_requests.h"

enum { ROUNDS = 400000, LONG = 1250 };
static struct hp_stanzas *stanzas;

static bool at_port(const uint16_t *ports, uint16_t port)
{
  for (int i = 0; i < HP_PORTS_MAX && ports[i]; i++)
    if (ports[i] == port) return true;
  return false;
}

static unsigned n_at(uint16_t port)
{
  unsigned n = 0;
  for (const struct hp_proto *const *p = hp_protos; *p; p++) n += at_port((*p)->ports, port);
  for (size_t i = 0; i < hp_stanzas_count(stanzas); i++)
    n += at_port(hp_stanzas_at(stanzas, i)->ports, port);
  return n;
}

static void ask_all(uint16_t port, const uint8_t *b, size_t n)
{
  const struct hp_self self = hp_self_made();
  const char *first = NULL;
  for (const struct hp_proto *const *p = hp_protos; *p; p++) {
    if (!at_port((*p)->ports, port) || hp_ask_as(*p, &self, b, n, HP_SPORT).verdict == HP_IGNORE)
      continue;
    if (first) fail_msg("port %u: %s and %s claim %zu bytes", port, first, (*p)->name, n);
    first = (*p)->name;
  }
  for (size_t i = 0; i < hp_stanzas_count(stanzas); i++) {
    const struct hp_stanza *z = hp_stanzas_at(stanzas, i);
    uint8_t out[HP_REPLY_MAX];
    struct prac_wr w = prac_wr_of(out, 0);
    const struct hp_request r = {
        .bytes = prac_rd_of(b, n), .src = prac_ip4(1), .sport = HP_SPORT, .dport = port};
    if (!at_port(z->ports, port) || hp_stanza_answer(z, &self, &r, &w) == HP_IGNORE) continue;
    if (first)
      fail_msg("port %u: %s and %s claim %zu bytes %02x %02x %02x %02x", port, first, z->name, n,
               b[0], b[1], b[2], b[3]);
    first = z->name;
  }
}

/* A request of anybody, longer, shorter, with a few other bytes; or none. */
static size_t change(struct prac_rng *r, uint8_t b[1500])
{
  static const char *const ntp[] = {"1700032a", "16020001", "e30004fa", "97000002", "d6820001"};
  size_t n = prac_rng_below(r, PRAC_ARRAY_LEN(hp_requests) + PRAC_ARRAY_LEN(ntp));
  memset(b, 0, 1500);
  n = n < PRAC_ARRAY_LEN(ntp) ? hp_unhex(ntp[n], b)
                              : hp_unhex(hp_requests[n - PRAC_ARRAY_LEN(ntp)].hex, b);
  if (prac_rng_below(r, 3) == 0) n = prac_rng_below(r, 2) ? prac_rng_below(r, LONG) : LONG;
  for (uint64_t k = prac_rng_below(r, 4); k && n; k--)
    b[prac_rng_below(r, n < 40 ? n : 40)] = (uint8_t)prac_rng_u64(r);
  return n;
}

static void at_most_one(void **st)
{
  (void)st;
  struct prac_rng r = prac_rng_of(23);
  uint16_t shared[64];
  size_t n_shared = 0;
  for (uint32_t p = 1; p < 65536 && n_shared < PRAC_ARRAY_LEN(shared); p++)
    if (n_at((uint16_t)p) > 1) shared[n_shared++] = (uint16_t)p;
  assert_true(n_shared >= 8); /* 80 123 443 500 623 3784 30718 47808 */
  for (int i = 0; i < ROUNDS; i++) {
    uint8_t b[1500];
    size_t n = change(&r, b);
    ask_all(shared[(size_t)i % n_shared], b, n);
  }
}

int main(void)
{
  const struct CMUnitTest t[] = {cmocka_unit_test(at_most_one)};
  stanzas = hp_shipped();
  int st = cmocka_run_group_tests_name("hp_sharers", t, NULL, NULL);
  hp_stanzas_free(&stanzas);
  return st;
}
