/* One frame decoded and marked. Input: link type, wire length, then the frame. */
#include <stdlib.h>
#include <string.h>

#include "capture/marks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const uint32_t links[] = {1, 113, 276, 101, 12, 14, 228, 229, 0, 108, 9, 50, 104};
  struct wire_packet p;
  struct prac_ip victim;
  if (size < 2 || size > 65536) return 0;
  uint32_t n = (uint32_t)size - 2, link = links[data[0] % (sizeof links / sizeof links[0])];
  uint8_t *exact = malloc(n ? n : 1); /* so that one byte too far is seen */
  if (!exact) return 0;
  memcpy(exact, data + 2, n);
  enum wire_class c = wire_packet_read(link, exact, n, n + data[1], &p);
  if (c >= WIRE_CLASS_COUNT_) __builtin_trap();
  if (c == WIRE_IP4 || c == WIRE_IP6) {
    if (p.payload_captured > p.payload_len) __builtin_trap();
    if (p.payload_captured && (p.payload < exact || p.payload + p.payload_captured > exact + n))
      __builtin_trap();
    uint32_t m = cap_marks(&p, c == WIRE_IP6, &victim);
    if ((m & FLOW_QUOTED) && !(m & FLOW_BACKSCATTER)) __builtin_trap();
    if (c == WIRE_IP6 && (m & (FLOW_MIRAI | FLOW_MASSCAN | FLOW_ZMAP_OLD))) __builtin_trap();
  }
  free(exact);
  return 0;
}
