/* The settings of a honeypot. What is here by default is what does no harm: it says nothing. */
#include "honeypot/sensor.h"

#include "base/conf_form.h"

#define HP(f) offsetof(struct hp_conf, f)
static const struct prac_conf_item items[] = {
    {"name", PRAC_CONF_STRING, HP(name), .form = &prac_form_name, .help = "Name of the honeypot."},
    {"country", PRAC_CONF_STRING, HP(country), .sdflt = "", .form = &prac_form_country,
     .help = "Where it stands, ISO 3166."},
    {"listen", PRAC_CONF_STRINGS, HP(listen), .sdflt = "0.0.0.0, ::", .form = &prac_form_addresses,
     .help = "Addresses to listen at."},
    {"port-offset", PRAC_CONF_INT, HP(port_offset), 0, 60000, 0,
     .help = "Added to every port, to try it without being root; records show the vectors' ports."},
    {"vectors", PRAC_CONF_STRINGS, HP(vectors), .sdflt = "",
     .help = "Names of the vectors to serve; none: all."},
    {"without", PRAC_CONF_STRINGS, HP(without), .sdflt = "",
     .help = "Names of vectors that stay out."},
    {"stanzas", PRAC_CONF_STRING, HP(stanzas), .sdflt = "",
     .help = "A file of more vectors, such as data/vectors.yaml."},
    {"reply", PRAC_CONF_BOOL, HP(reply), .dflt = 0,
     .help = "Whether to answer at all. Attackers use only what answers them; before you say yes, "
             "read the room's README about what bounds it."},
    {"per-address", PRAC_CONF_INT, HP(per_address), 1, 200, 4,
     .help = "Replies to one address within the window, all vectors together."},
    {"burst", PRAC_CONF_INT, HP(burst), 1, 200, 3,
     .help = "Of those, how many within an eighth to a quarter of the window."},
    {"per-network", PRAC_CONF_INT, HP(per_network), 1, 200, 16,
     .help = "Replies to one /24, or IPv6 /48, within the window."},
    {"window", PRAC_CONF_DURATION, HP(window_ns), 10, 86400, 600,
     .help = "The window of the two limits above."},
    {"replies-per-second", PRAC_CONF_INT, HP(replies_per_s), 1, 10000, 100,
     .help = "Replies of the whole honeypot."},
    {"bits-per-second", PRAC_CONF_INT, HP(bits_per_s), 10000, 1e9, 512000,
     .help = "Payload of its replies."},
    {"settle", PRAC_CONF_DURATION, HP(settle_ns), 0, 3600, 360,
     .help = "No reply for so long after a start: what was sent before, and whose attacks are "
             "going on, "
             "is not known yet."},
    {"own", PRAC_CONF_PREFIXES, HP(own), .sdflt = "",
     .help = "Prefixes of yours that are never answered; this machine's addresses always are."},
    {"opt-out", PRAC_CONF_STRING, HP(opt_out), .sdflt = "",
     .help = "File of addresses and prefixes that do not want to hear from us."},
    {"infrastructure", PRAC_CONF_STRING, HP(infra), .sdflt = "",
     .help = "File of root and TLD servers and public resolvers, which are never answered."},
    {"no-reply-research", PRAC_CONF_BOOL, HP(skip_research), .dflt = 0,
     .help = "Do not answer survey scanners (lookup.lists), who would report an open amplifier."},
    {"answer-bogons", PRAC_CONF_BOOL, HP(answer_bogons), .dflt = 0,
     .help = "Answer also addresses that no router should carry: for a closed laboratory."},
    {"answer-share", PRAC_CONF_REAL, HP(answer_share), 0, 1, 1,
     .help = "Part of all senders that this honeypot answers: who uses which honeypots later tells "
             "which scanner found them."},
    {"share-key", PRAC_CONF_STRING, HP(share_key), .sdflt = "",
     .help = "Secret that decides who belongs to that part."},
    {"workers", PRAC_CONF_INT, HP(workers), 1, 16, 1,
     .help = "Threads; each has the senders of its own networks."},
    {"flows", PRAC_CONF_INT, HP(flows), 1024, 1 << 28, 1 << 20,
     .help = "Pairs of victim and vector remembered, at 91 bytes each; never more."},
    {"receive-buffer", PRAC_CONF_SIZE, HP(rcvbuf), 65536, 1 << 30, 16777216,
     .help = "Kernel memory of each socket; what does not fit is counted as lost."},
    {"samples-per-minute", PRAC_CONF_INT, HP(samples), 0, MODEL_SAMPLES_MOST, 60,
     .help = "Requests of a minute that are kept as they came (their first 256 bytes), rare ones "
             "first; of several workers each has its part; 0: none."},
    {"hits-per-second", PRAC_CONF_INT, HP(hits_per_s), 100, 1e6, 20000,
     .help = "Hits told in a second when there are more pairs; beyond it they are told later."},
    {"observe", PRAC_CONF_STRING, HP(observe), .sdflt = "",
     .help = "An interface whose UDP to other ports is counted, to find new reflection ports."},
};
const struct prac_conf_section hp_conf_section = {
    .path = "honeypots",
    .about = "UDP services that record amplification attacks and never amplify them.",
    .items = items,
    .n_items = PRAC_ARRAY_LEN(items),
    .size = sizeof(struct hp_conf),
    .many = true,
};
