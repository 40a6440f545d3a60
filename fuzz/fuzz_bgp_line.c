/* Lines of the relay and of `practice mitigate` at the notifier's socket, and of the notifier at
 * the relay: whatever they are, what is accepted is what line.h says, and nothing that could be
 * another command reaches ExaBGP. */
#include <string.h>

#include "base/buf.h"
#include "notify/bgp/line.h"

static void line(const char *s, size_t n)
{
  struct bgp_line l;
  struct bgp_order_line o;
  struct prac_ip peer;
  if (bgp_event_read(s, n, &peer) > BGP_EVENT_DOWN) __builtin_trap();
  if (bgp_line_read(s, n, &l) == PRAC_OK && l.kind > BGP_LINE_WITHDRAW) __builtin_trap();
  if (bgp_order_read(s, n, &o) != PRAC_OK) return;
  if (o.n > n || o.body + o.n != s + n) __builtin_trap();
  for (size_t i = 0; i < o.n; i++)
    if (o.body[i] < ' ' || o.body[i] > '~' || o.body[i] == '"' || o.body[i] == '#')
      __builtin_trap();
  if (memcmp(o.body, "route ", 6) != 0 && memcmp(o.body, "flow route {", 12) != 0) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct bgp_lines in;
  const char *s = (const char *)data;
  in = (struct bgp_lines){.n = 0};
  line(s, size);
  for (size_t at = 0, used; at < size; at += used) {
    /* in pieces as a socket gives them */
    size_t piece = size - at < 7 ? size - at : 7;
    bool whole = bgp_lines_feed(&in, s + at, piece, &used);
    if (used == 0 || used > piece || in.n > sizeof in.buf) __builtin_trap();
    if (!whole) continue;
    line(in.buf, in.n);
    in.n = 0;
  }
  return 0;
}
