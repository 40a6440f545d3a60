/* capture/tools.h — which tool does this source use? Remembered over many packets.
 *
 * A single packet never labels a source: a masscan or old ZMap match happens by chance in one of
 * 65,536 packets. A label holds while at least `label_packets` probes of the source agree and they
 * are more than half of all its probes seen (counts halve at 1,024, so a source may change).
 *
 * remembers  per source: matches of each tool, and the constants of Unicornscan (sequence ^ source
 *            ^ ports) and nmap (a sequence number for each of two tries); they agree only when the
 *            probe is not a retransmission of the one before
 * bounded    max_sources entries of 64 bytes in sets of four; a full set gives up the entry with
 *            the fewest matches and the oldest packet, counted. A labelled source outlives others
 *            for an hour of silence
 * repeats    the same packets give the same labels, whatever the memory addresses
 */
#pragma once
#include "base/err.h"
#include "model/flow.h"
#include "wire/packet.h"

struct cap_tools;
PRAC_NODISCARD prac_rc cap_tools_new(uint64_t max_sources, unsigned label_packets,
                                     struct cap_tools **ret);
void cap_tools_free(struct cap_tools **tp);
uint64_t cap_tools_hash(const struct prac_ip *src);
void cap_tools_prefetch(const struct cap_tools *t, uint64_t hash);
/* One probe (cap_is_probe) of p->src at second `sec`; *marks holds what the packet says by itself
 * and gets the bits that need memory. Gives the source's label after this packet. */
enum flow_tool cap_tools_see(struct cap_tools *t, uint64_t hash, const struct wire_packet *p,
                             uint32_t sec, uint32_t *marks);
/* The label of a source now; NONE also when it is not known (any more). */
enum flow_tool cap_tools_label(const struct cap_tools *t, const struct prac_ip *src);
/* The marks that stand behind a label. */
uint32_t cap_tools_marks(enum flow_tool tool);
uint64_t cap_tools_evicted(const struct cap_tools *t);
uint64_t cap_tools_labelled(const struct cap_tools *t); /* sources that got a label, each time */
